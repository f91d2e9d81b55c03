/* SPDX-License-Identifier: MIT */
/*
 * depot.c - the table of stacks: what goes in comes out, equal stacks are one, full is not fatal.
 *
 * The depot can be set up once per process, so the parts that need another size run in forked children.
 */
#include "../../preload/unwind/depot.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../preload/engine/word.h"
#include "tap.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define STACKS 20000
#define MOST 64

static const struct race_op ops[4] = { { .name = "a" }, { .name = "b" }, { .name = "c" }, { .name = "d" } };

struct stack {
	const struct race_op *op;
	unsigned n;
	uintptr_t pc[MOST];
};

/* Stack number i, always the same: few different addresses, so that many stacks share beginnings and ends. */
static struct stack make(unsigned i)
{
	struct stack s = { 0 };
	uint64_t x = i * 0x9e3779b97f4a7c15ull + 1;

	s.op = i % 5 == 4 ? NULL : &ops[i % 5];
	s.n = 1 + i % MOST;
	for (unsigned k = 0; k < s.n; k++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		s.pc[k] = 0x555500000000 + (x >> 20 & 63);
	}
	s.pc[0] = 0x7f0000000000 + i / 3; /* three in a row begin alike, with different ops or lengths */
	return s;
}

static int same_as(uint32_t id, const struct stack *s)
{
	uintptr_t out[MOST];

	return depot_frames(id, out, MOST) == s->n && !memcmp(out, s->pc, s->n * sizeof(*out)) && depot_op(id) == s->op;
}

static uint32_t ids[STACKS];

static void round_trip(void)
{
	unsigned wrong = 0, doubled = 0, moved = 0, zero = 0;
	static unsigned char seen[RACE_STACKS];
	uint64_t stacks, bytes, lost;
	uintptr_t two[2] = { 1, 2 };
	uint32_t id;

	for (unsigned i = 0; i < STACKS; i++) {
		struct stack s = make(i);

		ids[i] = depot_intern(s.op, s.pc, s.n);
		zero += !ids[i] || ids[i] >= RACE_STACKS;
		doubled += seen[ids[i] & (RACE_STACKS - 1)]++;
	}
	for (unsigned i = 0; i < STACKS; i++) {
		struct stack s = make(i);

		wrong += !same_as(ids[i], &s);
		moved += depot_intern(s.op, s.pc, s.n) != ids[i];
	}
	tap(!zero && !wrong, "depot_gives_back_what_was_put_in", "%u without id, %u wrong", zero, wrong);
	tap(!doubled, "different_stacks_have_different_ids", "%u share one", doubled);
	tap(!moved, "equal_stacks_have_equal_ids", "%u changed", moved);
	depot_stats(&stacks, &bytes, &lost);
	tap(stacks == STACKS && !lost, "depot_counts_its_stacks", "%lu stacks, %lu lost", (unsigned long)stacks,
	    (unsigned long)lost);

	id = depot_intern(&ops[0], two, 2);
	two[1] = 77;
	tap(depot_frames(id, two, 1) == 2 && two[0] == 1 && two[1] == 77, "no_more_is_copied_than_asked_for",
	    "%lu %lu", (unsigned long)two[0], (unsigned long)two[1]);
	tap(depot_frames(0, two, 2) == 0 && depot_frames(RACE_STACKS - 1, two, 2) == 0 && !depot_op(0) &&
		    depot_frames(0xffffffff, two, 2) == 0,
	    "unknown_ids_are_empty", "something was found");
}

/* ---- threads with the same new stacks at the same time ------------------------------------------------------------- */

#define RACERS 4
static pthread_barrier_t gate;
static uint32_t racer_ids[RACERS][4000];

static void *racer(void *p)
{
	uint32_t *mine = p;

	pthread_barrier_wait(&gate);
	for (unsigned i = 0; i < 4000; i++) {
		struct stack s = make(STACKS + i);

		mine[i] = depot_intern(s.op, s.pc, s.n);
		if (!same_as(mine[i], &s))
			mine[i] = 0;
	}
	return NULL;
}

static void threads(void)
{
	pthread_t t[RACERS];
	unsigned differ = 0;

	pthread_barrier_init(&gate, NULL, RACERS);
	for (int i = 0; i < RACERS; i++)
		pthread_create(&t[i], NULL, racer, racer_ids[i]);
	for (int i = 0; i < RACERS; i++)
		pthread_join(t[i], NULL);
	for (int i = 1; i < RACERS; i++)
		for (unsigned k = 0; k < 4000; k++)
			differ += !racer_ids[0][k] || racer_ids[i][k] != racer_ids[0][k];
	tap(!differ, "threads_that_race_for_a_stack_get_one_id", "%u ids differ", differ);
}

/* ---- sizes of their own ------------------------------------------------------------------------------------------------ */

/* Fills until nothing new fits. Known stacks must keep their ids. 0, or what went wrong. */
static int fill(uint32_t limit, size_t room)
{
	uint64_t stacks, bytes, lost;
	unsigned kept = 0;

	if (depot_init(limit, room))
		return 1;
	for (unsigned i = 0; i < 3000; i++) {
		struct stack s = make(i);

		ids[i] = depot_intern(s.op, s.pc, s.n);
		if (ids[i] >= limit)
			return 2;
		kept += ids[i] != 0;
	}
	depot_stats(&stacks, &bytes, &lost);
	if (!kept || kept == 3000 || lost != 3000 - kept || bytes > room)
		return 3;
	for (unsigned i = 0; i < 3000; i++) {
		struct stack s = make(i);

		if (depot_intern(s.op, s.pc, s.n) != ids[i])
			return 4;
		if (ids[i] && !same_as(ids[i], &s))
			return 5;
	}
	return 0;
}

static int few_ids(void)
{
	return fill(8, 1 << 20) ? 1 : depot_init(16, 1 << 20); /* set up once: a second time changes nothing */
}

static int little_room(void)
{
	return fill(4096, 1 << 16);
}

static int tight_address_space(void)
{
	struct rlimit limit = { 64 << 20, 64 << 20 };
	struct stack s = make(1);

	if (setrlimit(RLIMIT_AS, &limit) || depot_init(RACE_STACKS, (size_t)128 << 20))
		return 1;
	return !same_as(depot_intern(s.op, s.pc, s.n), &s);
}

static int not_set_up(void)
{
	uint64_t stacks, bytes, lost;
	struct stack s = make(1);
	uint32_t id = depot_intern(s.op, s.pc, s.n);

	depot_stats(&stacks, &bytes, &lost);
	return id != 0 || depot_frames(1, s.pc, 1) != 0 || stacks || lost != 1;
}

static void in_child(const char *name, int (*body)(void))
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(body());
	waitpid(child, &status, 0);
	tap(WIFEXITED(status) && WEXITSTATUS(status) == 0, name, "status %#x", (unsigned)status);
}

int main(void)
{
	in_child("depot_that_was_never_set_up_loses_stacks", not_set_up);
	in_child("depot_full_of_ids_keeps_what_it_has", few_ids);
	in_child("depot_out_of_room_keeps_what_it_has", little_room);
	/* The sanitizers' own address space is no tight one. */
	if (SANITIZED)
		tap_not_run("depot_fits_into_a_tight_address_space", "built with a sanitizer");
	else
		in_child("depot_fits_into_a_tight_address_space", tight_address_space);
	if (depot_init(RACE_STACKS, (size_t)128 << 20)) {
		tap(0, "depot", "no memory");
		return 1;
	}
	round_trip();
	threads();
	return tap_failed;
}
