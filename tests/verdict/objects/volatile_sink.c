/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=0 volatiles=0 */
static volatile long sink;

void work(int n)
{
	long sum = 0;

	for (int i = 0; i < n; i++)
		sum += i;
	sink = sum;
	sink += n;
}
