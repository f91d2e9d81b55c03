/* SPDX-License-Identifier: MIT */
/*
 * cause.c - what usually makes such a race: a label from a closed list, decided by what both sides did and held.
 *
 * The order of the questions is the point: what was done (destroy, iterate, publish) says more than which locks were missing,
 * but a lock that one side took and the other forgot says most.
 */
#include "cause.h"

static uint32_t locks_known(const struct record_access *a)
{
	return a->nlocks < RECORD_LOCKS ? a->nlocks : RECORD_LOCKS;
}

/* A lock both sides held. 0 none, 1 held for writing by whoever writes, 2 only read mode protects a write. */
static int common_lock(const struct record_access *a, const struct record_access *b)
{
	int found = 0;

	for (uint32_t i = 0; i < locks_known(a); i++) {
		for (uint32_t j = 0; j < locks_known(b); j++) {
			if (lock_word_address(a->locks[i]) != lock_word_address(b->locks[j]))
				continue;
			if ((a->write && (a->locks[i] & LOCK_READ_MODE)) || (b->write && (b->locks[j] & LOCK_READ_MODE)))
				found = found ? found : 2;
			else
				found = 1;
		}
	}
	return found;
}

static int has_role(const struct race_op *op, enum race_role role)
{
	return op && op->role == role;
}

enum record_cause cause_of(const struct race_finding *f, const struct record *r)
{
	const struct record_access *a = &r->now, *b = &r->before;
	const struct race_op *before = engine_stack_op(word_stack(f->before.word));
	int locks_seen = b->have_note;

	if (f->kind == FOUND_CHECK_THEN_ACT)
		return CAUSE_UNSYNCHRONISED;
	if (f->kind == FOUND_DEAD_MAP || has_role(f->op, ROLE_DESTROY) || has_role(before, ROLE_DESTROY))
		return CAUSE_USE_AFTER_DESTROY;
	if (locks_seen && common_lock(a, b) == 2)
		return CAUSE_READ_LOCK_WRITE;
	if (locks_seen && (a->nlocks == 0) != (b->nlocks == 0))
		return CAUSE_FORGOTTEN_LOCK;
	if (has_role(f->op, ROLE_ITERATE) || has_role(before, ROLE_ITERATE))
		return CAUSE_ITERATE_WRITE;
	if (locks_seen && a->nlocks && b->nlocks && !common_lock(a, b))
		return CAUSE_DIFFERENT_LOCKS;
	if (has_role(before, ROLE_CREATE))
		return CAUSE_PUBLICATION;
	if (a->write && b->write && f->map_ops <= 1)
		return CAUSE_FIRST_USE;
	return CAUSE_UNSYNCHRONISED;
}
