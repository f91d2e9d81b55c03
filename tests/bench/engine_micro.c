/* SPDX-License-Identifier: MIT */
/*
 * engine_micro.c - ns per step of the engine alone, without hooks, stacks or real calls.
 *
 * Each figure is the best of several runs of one thread; N slots means that N logical threads exist and have met at the
 * same lock, so that clocks are N wide.
 */
#include "preload/engine/engine.h"
#include "preload/sys/os.h"

#include <stdio.h>
#include <string.h>

static const struct race_kind kind = { "Bench", CONTRACT_UNSAFE, NULL, 0, 0, NULL };
static const struct race_op op_read = { "read", &kind, NULL, ROLE_LOOKUP, ACCESS_READ, KEY_NONE, 0 };
static const struct race_op op_write = { "write", &kind, NULL, ROLE_INSERT, ACCESS_WRITE, KEY_NONE, 0 };
static unsigned found, watched;

__attribute__((noinline)) uint32_t engine_capture(struct race_thread *t, const struct race_op *op, const uintptr_t *fp)
{
	return op == &op_read ? 1 : 2;
}

const struct race_op *engine_stack_op(uint32_t stack)
{
	return stack == 1 ? &op_read : &op_write;
}

int engine_stack_begins(uint32_t stack, const struct race_op *op, uintptr_t return_address)
{
	return engine_stack_op(stack) == op;
}

uint32_t engine_found(struct race_thread *t, const struct race_finding *f)
{
	found++;
	return 0;
}

int engine_hold(struct race_thread *t)
{
	(void)t;
	return 0;
}

uint32_t engine_first(struct race_thread *t, uint32_t stack)
{
	(void)t;
	(void)stack;
	return 0;
}

static struct race_thread threads[64];

#define MAP 0x20000
#define LOCK_AT 0x10000

static __attribute__((noinline)) void touch(struct race_thread *t, const struct race_op *op, uintptr_t map)
{
	struct race_touch touch = { op, map, 0, RACE_NO_BUCKET, __builtin_frame_address(0) };
	struct race_op_open open;

	op_enter(t, &touch, &open);
	__asm__ volatile("" ::: "memory");
	op_exit(t, &open);
}

static void same_epoch_read_step(struct race_thread *t, unsigned i)
{
	touch(t, &op_read, MAP);
}

static void same_epoch_write_step(struct race_thread *t, unsigned i)
{
	touch(t, &op_write, MAP + 64);
}

static void many_maps_step(struct race_thread *t, unsigned i)
{
	touch(t, &op_read, MAP + 256 * (i & 4095));
}

static void lock_step(struct race_thread *t, unsigned i)
{
	sync_acquire(t, LOCK_AT);
	sync_release(t, LOCK_AT);
}

static void lock_read_step(struct race_thread *t, unsigned i)
{
	sync_acquire(t, LOCK_AT);
	touch(t, &op_read, MAP);
	sync_release(t, LOCK_AT);
}

static void lock_write_step(struct race_thread *t, unsigned i)
{
	sync_acquire(t, LOCK_AT);
	touch(t, &op_write, MAP);
	sync_release(t, LOCK_AT);
}

static uint32_t nthreads;

static void handover_step(struct race_thread *t, unsigned i)
{
	lock_write_step(&threads[i % nthreads], i);
}

static void free_unwatched_step(struct race_thread *t, unsigned i)
{
	uintptr_t at = 0x700000000 + 64 * (i & 4095);

	__asm__ volatile("" : "+r"(at));
	if (memory_is_watched(at, 48))
		watched++;
}

static void free_neighbour_step(struct race_thread *t, unsigned i)
{
	uintptr_t at = MAP + 2048 + 128;

	__asm__ volatile("" : "+r"(at));
	if (memory_is_watched(at, 48))
		watched++;
}

static double measure(void (*step)(struct race_thread *, unsigned))
{
	enum { STEPS = 200000, RUNS = 9 };
	double best = 1e9;

	for (int run = 0; run < RUNS; run++) {
		uint64_t from = os_monotonic_ns();
		double ns;

		for (unsigned i = 0; i < STEPS; i++)
			step(&threads[0], i);
		ns = (double)(os_monotonic_ns() - from) / STEPS;
		best = ns < best ? ns : best;
	}
	return best;
}

int main(void)
{
	static const struct {
		const char *name;
		void (*step)(struct race_thread *, unsigned);
	} rows[] = {
		{ "read, same epoch", same_epoch_read_step },
		{ "write, same epoch", same_epoch_write_step },
		{ "read, same epoch, 4096 maps in turn", many_maps_step },
		{ "lock + unlock, nothing in between", lock_step },
		{ "lock + first read of the epoch + unlock", lock_read_step },
		{ "lock + first write of the epoch + unlock", lock_write_step },
		{ "the same, another thread each time", handover_step },
		{ "free of a block in an unwatched page", free_unwatched_step },
		{ "free of a block in a watched page", free_neighbour_step },
	};
	static const uint32_t slots[] = { 1, 4, 64 };

	printf("%-44s", "ns per step, at slots:");
	for (unsigned s = 0; s < 3; s++)
		printf("%8u", slots[s]);
	printf("\n");
	for (unsigned r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		printf("%-44s", rows[r].name);
		for (unsigned s = 0; s < 3; s++) {
			if (engine_init(0))
				return 1;
			nthreads = slots[s];
			memset(threads, 0, sizeof(threads));
			thread_start(&threads[0], NULL, 0);
			for (uint32_t i = 1; i < nthreads; i++)
				thread_start(&threads[i], thread_publish(&threads[0], 0), 0);
			if (nthreads == 1)
				race_multi = 1;
			for (uint32_t i = 0; i < nthreads; i++) {
				threads[i].stack_lo = 1;
				threads[i].stack_hi = ~(uintptr_t)0;
				lock_write_step(&threads[i], i);
			}
			printf("%8.1f", measure(rows[r].step));
		}
		printf("\n");
	}
	return 0;
}
