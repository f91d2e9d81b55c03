/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=0 volatiles=1 word */
int get(volatile int *word)
{
	return *word;
}
