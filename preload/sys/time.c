/* SPDX-License-Identifier: MIT */
/*
 * time.c - clocks, and the scale of the time stamp counter.
 *
 * Owns      the scale: ns per tick as a 32.32 fixed-point number, one word, stored whole.
 * Invariant 0 means not measured yet; ticks_to_ns measures then. Later calls refine it over a longer span.
 * Must not  use libc's clock_gettime: hosts interpose it (faked time) and theirs may call back into us.
 */
#include "os.h"

#include <sys/syscall.h>
#include <time.h>

#include "atomic.h"

#define SPAN_MIN_NS 100000 /* shorter spans are waited out: below it the cost of the clock call itself shows */
#define TRIES 3

static uint64_t first_ticks, first_ns; /* written by the first calibration, at start-up, before other threads exist */
static uint64_t scale;

static uint64_t clock_ns(int clock)
{
	struct timespec now = { 0, 0 };

	os_syscall(SYS_clock_gettime, clock, (long)&now, 0, 0, 0, 0);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t os_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t os_wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

void ticks_now(uint64_t *ticks, uint64_t *ns)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = os_ticks(), clock = os_monotonic_ns(), took = os_ticks() - before;

		if (took < least) {
			least = took;
			*ticks = before + took / 2;
			*ns = clock;
		}
	}
}

void ticks_calibrate(void)
{
	uint64_t ticks, ns, span;

	if (load_relaxed(&first_ns) == 0) {
		ticks_now(&ticks, &ns);
		store_relaxed(&first_ticks, ticks);
		store_relaxed(&first_ns, ns);
		return;
	}
	do {
		ticks_now(&ticks, &ns);
		ticks -= load_relaxed(&first_ticks);
		ns -= load_relaxed(&first_ns);
	} while (ns < SPAN_MIN_NS);
	span = ticks ? ticks : 1;
	store_relaxed(&scale, (uint64_t)(((unsigned __int128)ns << 32) / span));
}

void ticks_first(uint64_t *ticks, uint64_t *ns)
{
	if (load_relaxed(&first_ns) == 0)
		ticks_calibrate();
	*ticks = load_relaxed(&first_ticks);
	*ns = load_relaxed(&first_ns);
}

uint64_t ticks_to_ns(uint64_t ticks)
{
	while (load_relaxed(&scale) == 0)
		ticks_calibrate();
	return (uint64_t)(((unsigned __int128)ticks * load_relaxed(&scale)) >> 32);
}
