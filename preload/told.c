/* SPDX-License-Identifier: MIT */
/*
 * told.c - the ring of told.h.
 *
 * Writers   one at a time, under the report lock. An entry says 0 while it is written; who reads it believes what it copied when the
 *           number was right before and after.
 */
#include "told.h"

#include <string.h>

#include "sys/describe.h"

static struct told ring[TOLD_KEPT];
static uint32_t count;

const char *const told_kind_names[4] = { "data race", "use of dead map", "stale iterator", "check then act" };
const char *const told_verdict_names[3] = { "possible", "likely", "certain" };
const char *const told_cause_names[8] = { "forgotten-lock", "different-locks", "read-lock-write", "iterate-write",
					  "first-use", "use-after-destroy", "publication", "unsynchronised" };

void told_add(const struct race_finding *f, const struct record *r, enum told_how how)
{
	struct told *t = &ring[count % TOLD_KEPT];

	store_relaxed(&t->number, 0);
	__atomic_thread_fence(__ATOMIC_RELEASE); /* partner: told_get */
	t->sequence = r->sequence;
	t->kind = r->kind;
	t->verdict = r->verdict;
	t->cause = r->cause;
	t->how = how;
	t->now_thread = f->now.thread;
	t->before_thread = f->before.thread;
	t->now_write = f->now.write;
	t->before_write = f->before.write;
	t->now_stack = word_stack(f->now.word);
	t->before_stack = word_stack(f->before.word);
	t->created_stack = f->created_stack;
	t->now_nlocks = f->now.nlocks;
	t->before_nlocks = f->before.nlocks;
	memcpy(t->now_locks, f->now.locks, sizeof(t->now_locks));
	memcpy(t->before_locks, f->before.locks, sizeof(t->before_locks));
	t->map = f->map;
	t->wall_ns = r->wall_ns;
	t->gap_ns = r->before.time_ns && r->now.time_ns > r->before.time_ns ? r->now.time_ns - r->before.time_ns : 0;
	t->map_kind = f->map_kind;
	memcpy(t->label, f->label, sizeof(t->label));
	t->label[sizeof(t->label) - 1] = 0;
	store_release(&t->number, count + 1); /* partner: told_get */
	store_relaxed(&count, count + 1);
}

uint32_t told_count(void)
{
	return load_relaxed(&count);
}

int told_get(uint32_t n, struct told *out)
{
	const struct told *t = &ring[(n - 1) % TOLD_KEPT];

	if (!n || load_acquire(&t->number) != n) /* partner: told_add */
		return 0;
	*out = *t;
	__atomic_thread_fence(__ATOMIC_ACQUIRE); /* partner: told_add */
	return load_relaxed(&t->number) == n;
}

void told_forked(void)
{
	if (count)
		memset(ring, 0, sizeof(ring));
	count = 0;
}

DESCRIBE_OBJECT(told_ring, ring)
DESCRIBE_OBJECT(told_count, count)
DESCRIBE_NUMBER(told_kept, TOLD_KEPT)
DESCRIBE_SIZE(told)
DESCRIBE_FIELD(told, number)
DESCRIBE_FIELD(told, sequence)
DESCRIBE_FIELD(told, kind)
DESCRIBE_FIELD(told, verdict)
DESCRIBE_FIELD(told, cause)
DESCRIBE_FIELD(told, how)
DESCRIBE_FIELD(told, now_thread)
DESCRIBE_FIELD(told, before_thread)
DESCRIBE_FIELD(told, now_write)
DESCRIBE_FIELD(told, before_write)
DESCRIBE_FIELD(told, now_stack)
DESCRIBE_FIELD(told, before_stack)
DESCRIBE_FIELD(told, created_stack)
DESCRIBE_FIELD(told, now_nlocks)
DESCRIBE_FIELD(told, before_nlocks)
DESCRIBE_FIELD(told, now_locks)
DESCRIBE_FIELD(told, before_locks)
DESCRIBE_FIELD(told, map)
DESCRIBE_FIELD(told, wall_ns)
DESCRIBE_FIELD(told, gap_ns)
DESCRIBE_FIELD(told, map_kind)
DESCRIBE_FIELD(told, label)
