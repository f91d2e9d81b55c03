/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=2 volatiles=0 */
static _Atomic int ready;
int get(void)
{
	static _Atomic(long) calls;

	calls++;
	return ready;
}
