/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=0 volatiles=0 */
extern void share(const void *p);
void wait_here(void)
{
	volatile int turn = 0;

	share((const void *)&turn);
	while (!turn)
		;
}
