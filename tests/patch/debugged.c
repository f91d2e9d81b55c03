/* SPDX-License-Identifier: MIT */
/*
 * debugged.c - patched functions under a debugger that sets its own traps in them.
 */
#include <stdio.h>

#define CALLED __attribute__((noinline))
#define KEEP() __asm__ volatile("" ::: "memory")

CALLED long ptl_inner(long a, long b)
{
	long sum = a + b;

	KEEP();
	return sum;
}

CALLED long ptl_outer(long a, long b)
{
	long product = a * ptl_inner(a, b);

	KEEP();
	return product + 1;
}

CALLED double pt_double(double v, long n)
{
	double r = v * (double)n;

	KEEP();
	return r;
}

CALLED void started(void)
{
	KEEP();
}

int main(void)
{
	long sum = 0;

	started();
	for (long i = 0; i < 20; i++)
		sum += ptl_outer(i, 2) + (long)pt_double(1.5, i);
	printf("sum %ld\n", sum);
	return 0;
}
