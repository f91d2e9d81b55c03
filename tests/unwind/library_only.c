/* SPDX-License-Identifier: MIT */
/*
 * library_only.c - the form for machines without a walker: libunwind alone.
 */
#include <stdio.h>
#include <string.h>

#include "tap.h"
#include "touch.h"

static const struct race_op op = { .name = "op" };
static uint32_t ids[2];

static NOINLINE void hook(int i)
{
	ids[i] = stack_capture(stack_cache_new(), &op, FRAME);
	__asm__ volatile("");
}

static NOINLINE void caller(int i)
{
	hook(i);
	__asm__ volatile("");
}

static NOINLINE void again(void)
{
	caller(0);
	caller(0);
	caller(1);
}

int main(void)
{
	struct unwind_stats before, after;
	uintptr_t pcs[STACK_FRAMES];
	unsigned n;

	if (unwind_init()) {
		tap(0, "library_only", "unwind_init failed");
		return 1;
	}
	caller(0);
	unwind_stats(&before);
	n = stack_frames(ids[0], pcs, STACK_FRAMES);
	tap(n == 1 && pcs[0] - (uintptr_t)caller < 64 && before.refused == 1, "without_a_library_the_caller_is_kept",
	    "%u frames, %lu refused", n, (unsigned long)before.refused);
	unwind_load_library();
	again();
	unwind_stats(&after);
	if (after.refused != before.refused) {
		tap_not_run("library_only", "no libunwind.so.8");
		return tap_failed;
	}
	n = stack_frames(ids[0], pcs, STACK_FRAMES);
	tap(n >= 4 && pcs[0] - (uintptr_t)caller < 64 && pcs[1] - (uintptr_t)again < 64, "libunwind_alone_gives_the_stack",
	    "%u frames", n);
	tap(ids[0] && ids[1] && ids[0] != ids[1], "libunwind_alone_tells_call_sites_apart", "ids %u and %u", ids[0],
	    ids[1]);
	return tap_failed;
}
