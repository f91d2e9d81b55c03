/* SPDX-License-Identifier: MIT */
/*
 * fake.c - stacks that are damaged: random words, random pointers into the stack and true return addresses in any order,
 * with unmapped memory right above. Whatever is captured, nothing may fault and every list must begin with the caller.
 *
 * UNWIND_SEED=N repeats a run.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"
#include "touch.h"

#define BYTES 65536
#define ROUNDS 30000

static uint64_t state;
static sigjmp_buf out;
static size_t at; /* the frame pointer's place, in words */
static uintptr_t known[512];
static unsigned nknown;
/* Pieces of true stacks, from the frame of a hook upwards. */
#define COPY_WORDS 400
static uintptr_t copies[64][COPY_WORDS];
static unsigned ncopies;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 11;
}

static void fault(int sig)
{
	siglongjmp(out, 1);
}

__attribute__((no_sanitize("address"))) static NOINLINE void collect(void)
{
	uintptr_t pcs[STACK_FRAMES];
	unsigned n = stack_frames(stack_capture(NULL, NULL, FRAME), pcs, STACK_FRAMES);

	for (unsigned i = 0; i < n && nknown < 512; i++)
		known[nknown++] = pcs[i];
	if (ncopies < 64)
		for (unsigned i = 0; i < COPY_WORDS; i++)
			copies[ncopies][i] = ((const volatile uintptr_t *)FRAME)[i];
	ncopies += ncopies < 64;
}

static int compare(const void *a, const void *b)
{
	collect();
	return *(const int *)a - *(const int *)b;
}

static NOINLINE void with_alloca(int n)
{
	char *p = __builtin_alloca((size_t)n * 16);

	KEEP(p);
	p[0] = 1;
	collect();
	KEEP(p);
}

static NOINLINE void realigned(int n)
{
	_Alignas(128) volatile char v[128];

	v[0] = (char)n;
	with_alloca(n);
	collect();
	v[1] = v[0];
}

static uintptr_t word(uintptr_t lo)
{
	switch (rnd() % 8) {
	case 0:
		return rnd();
	case 1:
		return 0;
	case 2:
		return lo + rnd() % (BYTES + 8192); /* anywhere, unaligned, also above the end */
	case 3:
	case 4:
		return lo + rnd() % BYTES / 8 * 8;
	default:
		return known[rnd() % nknown];
	}
}

int main(void)
{
	const char *given = getenv("UNWIND_SEED");
	char *map = mmap(NULL, BYTES + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003u + (uint64_t)getpid();
	struct stack_cache *cache;
	struct sigaction action = { .sa_handler = fault };
	volatile unsigned faults = 0, bad = 0, deep = 0;
	int v[5] = { 3, 1, 2, 5, 4 };

	state = seed ? seed : 1;
	printf("# seed %llu\n", (unsigned long long)state);
	if (map == MAP_FAILED || mprotect(map + BYTES, 4096, PROT_NONE) || unwind_init()) {
		tap(0, "fake", "no memory");
		return 1;
	}
	unwind_load_library();
	qsort(v, 5, sizeof(*v), compare);
	for (int i = 1; i < 9; i++)
		realigned(i);
	cache = stack_cache_new();
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);

	for (unsigned i = 0; i < ROUNDS; i++) {
		uintptr_t *words = (uintptr_t *)map, pcs[STACK_FRAMES];
		const uintptr_t *copy = copies[rnd() % ncopies];
		unsigned n;

		/* Near the unmapped end more often than not. */
		at = rnd() % 3 ? BYTES / 8 - 4 - rnd() % 200 : rnd() % (BYTES / 8 - 4);
		if (rnd() % 2) {
			for (size_t k = at; k < BYTES / 8 && k < at + 600; k++)
				words[k] = word((uintptr_t)map);
			words[at + 1] = known[rnd() % nknown];
		} else {
			/* A true stack, cut off by the end, with a few words changed. */
			for (size_t k = at; k < BYTES / 8; k++)
				words[k] = k - at < COPY_WORDS ? copy[k - at] : word((uintptr_t)map);
			for (unsigned k = rnd() % 8; k > 0; k--)
				words[at + 2 + rnd() % (BYTES / 8 - at - 2)] = word((uintptr_t)map);
		}
		if (sigsetjmp(out, 1)) {
			if (!faults++)
				printf("# first fault in round %u\n", i);
			continue;
		}
		for (int again = 0; again < 2; again++) {
			n = stack_frames(stack_capture(rnd() % 8 ? cache : NULL, &touch_ops[0], &words[at]), pcs,
					 STACK_FRAMES);
			bad += n < 1 || n > STACK_FRAMES || pcs[0] != words[at + 1];
			deep += n > 3;
		}
	}
	tap(faults == 0, "damaged_stacks_do_not_fault", "%u faults", faults);
	tap(bad == 0, "a_damaged_stack_begins_with_the_caller", "%u do not", bad);
	tap(deep > ROUNDS / 20, "damaged_stacks_are_walked_at_all", "%u lists of more than three frames", deep);
	return tap_failed;
}
