/* SPDX-License-Identifier: MIT */
/*
 * storm.c - signals that unwind, all the time, wherever they hit: in patched functions, in what runs before and after them,
 * in thunks and trampolines. Nothing may crash, and every result is right.
 */
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <unwind.h>

#define CALLED __attribute__((noinline))
#define KEEP() __asm__ volatile("" ::: "memory")

static volatile sig_atomic_t ticks;
static volatile unsigned long frames;

static _Unwind_Reason_Code one(struct _Unwind_Context *c, void *n)
{
	frames += _Unwind_GetIP(c) != 0;
	return ++*(int *)n < 100 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

CALLED long ptl_in_handler(long a)
{
	KEEP();
	return a + 1;
}

static void tick(int number)
{
	int n = 0;

	_Unwind_Backtrace(one, &n);
	if (ptl_in_handler(number) != number + 1)
		abort();
	ticks++;
}

CALLED double pt_mixed(long a, double b, long c, double d, long e, long f, long g, long h, long i)
{
	KEEP();
	return (double)(a + c + e + f + g + h + i) + b + d;
}

CALLED long pt_sum(int n, ...)
{
	long sum = 0;
	va_list list;

	va_start(list, n);
	while (n-- > 0)
		sum += (long)va_arg(list, double);
	va_end(list);
	return sum;
}

CALLED long ptl_fibonacci(long n)
{
	return n < 2 ? n : ptl_fibonacci(n - 1) + ptl_fibonacci(n - 2);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *work(void *unused)
{
	double end = now() + 1;

	(void)unused;
	do {
		for (int i = 0; i < 100; i++) {
			if (pt_mixed(1, 2, 3, 4, 5, 6, 7, 8, i) != 36 + i || pt_sum(10, 1., 2., 3., 4., 5., 6., 7., 8., 9., 10.) != 55 ||
			    ptl_fibonacci(7) != 13)
				return (void *)1L;
		}
	} while (now() < end || ticks < 50);
	return NULL;
}

int main(void)
{
	struct sigaction act = { .sa_handler = tick, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	struct itimerspec oftener = { { 0, 300000 }, { 0, 300000 } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	timer_t timer;
	pthread_t t[2];
	void *bad = NULL, *result;
	int n = 0;

	_Unwind_Backtrace(one, &n); /* loads what it needs outside of the handler */
	sigaction(SIGPROF, &act, NULL);
	sigaction(SIGRTMIN, &act, NULL);
	setitimer(ITIMER_PROF, &often, NULL);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
		timer_settime(timer, 0, &oftener, NULL);
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, work, NULL);
	bad = work(NULL);
	for (int i = 0; i < 2; i++) {
		pthread_join(t[i], &result);
		if (result)
			bad = result;
	}
	printf("results %s, signals %s\n", bad ? "wrong" : "right", ticks >= 50 ? "came" : "did not come");
	return 0;
}
