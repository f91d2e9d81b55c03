/* SPDX-License-Identifier: MIT */
/*
 * micro.c - what a captured stack costs, by depth.
 *
 *   hit        the cache knows the stack
 *   miss       walk, find the stack in the depot, fill the entry: every capture has another operation than the entries
 *   uncached   walk and depot without a cache; asks the kernel for every page of the stack
 *   libunwind  one unw_step a frame
 *
 * Medians of rounds that run in turn, so that a drift of the machine meets all alike. The call of the hook is not subtracted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "touch.h"

#define ROUNDS 15
#define OPS 1024

static struct race_op ops[OPS];
static struct stack_cache *cache;
static unsigned next_op;
static volatile uint32_t sink;
static int have_oracle;

static NOINLINE void hook_empty(void)
{
	const uintptr_t *fp = FRAME;

	__asm__ volatile("" : : "r"(fp) : "memory");
}

static NOINLINE void hook_hit(void)
{
	sink = stack_capture(cache, &ops[0], FRAME);
}

static NOINLINE void hook_miss(void)
{
	sink = stack_capture(cache, &ops[next_op++ % OPS], FRAME);
}

static NOINLINE void hook_uncached(void)
{
	sink = stack_capture(NULL, &ops[0], FRAME);
}

static NOINLINE void hook_library(void)
{
	uintptr_t pcs[STACK_FRAMES];

	sink = have_oracle ? oracle_frames(FRAME, pcs, STACK_FRAMES) : 0;
}

static const struct variant {
	const char *name;
	void (*hook)(void);
	long times;
} variants[] = {
	{ "call", hook_empty, 400000 }, { "hit", hook_hit, 200000 },       { "miss", hook_miss, 30000 },
	{ "uncached", hook_uncached, 5000 }, { "libunwind", hook_library, 400 },
};
#define VARIANTS (sizeof(variants) / sizeof(*variants))

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static NOINLINE void measure(int depth)
{
	static double ns[VARIANTS][ROUNDS];
	uintptr_t pcs[STACK_FRAMES];
	unsigned frames;

	hook_hit();
	frames = stack_frames(sink, pcs, STACK_FRAMES);
	for (int r = -1; r < ROUNDS; r++) {
		for (unsigned v = 0; v < VARIANTS; v++) {
			void (*hook)(void) = variants[v].hook;
			double start = now_ns();

			for (long i = 0; i < variants[v].times; i++)
				hook();
			if (r >= 0)
				ns[v][r] = (now_ns() - start) / (double)variants[v].times;
		}
	}
	printf("%5u", frames);
	for (unsigned v = 0; v < VARIANTS; v++) {
		qsort(ns[v], ROUNDS, sizeof(double), compare);
		printf(" %10.1f", ns[v][ROUNDS / 2]);
	}
	putchar('\n');
}

/* Eight functions in turn, with frames of different sizes. */
static long (*const shapes[8])(int);
#define SHAPE(i)                                                                                                     \
	static NOINLINE long shape##i(int depth)                                                                     \
	{                                                                                                            \
		volatile char pad[16 + (i * 24) % 112];                                                              \
		pad[0] = (char)depth;                                                                                \
		if (depth <= 0)                                                                                      \
			measure(depth);                                                                              \
		else                                                                                                 \
			shapes[depth % 8](depth - 1);                                                                \
		return pad[0];                                                                                       \
	}
SHAPE(0)
SHAPE(1)
SHAPE(2)
SHAPE(3)
SHAPE(4)
SHAPE(5)
SHAPE(6)
SHAPE(7)
static long (*const shapes[8])(int) = { shape0, shape1, shape2, shape3, shape4, shape5, shape6, shape7 };

int main(void)
{
	/* measure, the innermost shape, main, and the three frames of libc's start */
	const int around = 6;
	static const int depths[] = { 5, 10, 20, 40 };

	have_oracle = oracle_load();
	if (unwind_init())
		return 1;
	unwind_load_library();
	cache = stack_cache_new();
	printf("ns a capture\n%5s", "depth");
	for (unsigned v = 0; v < VARIANTS; v++)
		printf(" %10s", variants[v].name);
	putchar('\n');
	for (unsigned i = 0; i < 4; i++)
		shape0(depths[i] > around ? depths[i] - around : 0);
	return 0;
}
