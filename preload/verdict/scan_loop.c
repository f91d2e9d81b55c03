/* SPDX-License-Identifier: MIT */
/*
 * scan_loop.c - whether a loop only waits.
 *
 * Owns      nothing; pure functions over the code given.
 * Idea      a loop that carries nothing from one round to the next does the same in each round, unless memory has changed. So
 *           if it stores nowhere but in its own frame, makes no system call, and reads no register, flag or frame slot
 *           that an earlier round has written, then it ends when another thread writes, or never. Walking a list, counting
 *           and copying all carry something.
 * Round     from the head, or from the one call that is allowed, which compilers put anywhere in the circle.
 * Counts    only what can come round again: what stands behind the exit of the loop but before its last jump does not matter.
 * Refuses   what it does not know; then the loop does not count as one that waits.
 * Must not  allocate or call; below 2 KiB of stack.
 */
#include "scan_loop.h"

#include <stddef.h>

#include "scan.h"

/* Steps of the loop, and what each uses. Targets are offsets until targets_find(). 0: not understood. */
static int steps_read(struct loop *l, const uint8_t *end, const uint8_t *call_return, uint8_t *offsets)
{
	const uint8_t *after_errno = NULL;

	for (const uint8_t *p = l->head; p < end;) {
		struct step *s = &l->step[l->n];
		struct insn in;

		if (l->n == INSNS || insn_decode(p, end, &in) == INSN_REFUSED)
			return 0;
		*s = (struct step){ .at = (uint8_t)(p - l->head), .target = NOWHERE, .falls = 1, .place = NOWHERE };
		offsets[l->n] = NOWHERE;
		l->n++;
		switch (in.kind) {
		case INSN_JUMP:
		case INSN_JUMP_IF: {
			const uint8_t *to = p + in.length + in.relative;

			s->falls = in.kind == INSN_JUMP_IF;
			s->jumps_if = s->falls;
			s->reads = s->falls ? FLAGS : 0;
			if (to >= l->head && to < end)
				offsets[l->n - 1] = (uint8_t)(to - l->head);
			break;
		}
		case INSN_RETURN:
			s->falls = 0;
			break;
		case INSN_CALL:
		case INSN_CALL_INDIRECT:
			if (!loop_call_uses(s, p, &in, end, call_return))
				return 0;
			if (p + in.length != call_return)
				after_errno = p + in.length;
			else
				l->entry = (uint8_t)(l->n - 1);
			break;
		case INSN_PAD:
			if (*p == 0xcc)
				return 0;
			break;
		case INSN_PLAIN:
		case INSN_RIP:
			if (p == after_errno)
				loop_errno_uses(s, p, end);
			else
				s->strange = !loop_insn_uses(l, s, p, &in);
			if (s->strange && !call_return)
				return 0; /* most loops end here, and there are many */
			break;
		default:
			return 0;
		}
		p += in.length;
		if (p > end)
			return 0;
	}
	return 1;
}

static int targets_find(struct loop *l, const uint8_t *offsets)
{
	for (unsigned i = 0; i < l->n; i++) {
		if (offsets[i] == NOWHERE)
			continue;
		for (unsigned k = 0; k < l->n && l->step[i].target == NOWHERE; k++) {
			if (l->step[k].at == offsets[i])
				l->step[i].target = (uint8_t)k;
		}
		if (l->step[i].target == NOWHERE)
			return 0; /* into an instruction: that is no code */
	}
	return 1;
}

/* Marks what can lead to another round. */
static void live_find(struct loop *l)
{
	int changed = 1;

	while (changed) {
		changed = 0;
		for (unsigned i = l->n; i-- > 0;) {
			struct step *s = &l->step[i];

			if (s->live)
				continue;
			if (s->target == 0 || (s->target != NOWHERE && l->step[s->target].live) ||
			    (s->falls && i + 1 < l->n && l->step[i + 1].live))
				s->live = 1, changed = 1;
		}
	}
}

static int narrow(struct step *to, uint64_t known)
{
	if (!(to->known & ~known))
		return 0;
	to->known &= known;
	return 1;
}

/* What each step can rely on to be of this round. */
static void known_find(struct loop *l)
{
	int changed = 1;

	for (unsigned i = 0; i < l->n; i++)
		l->step[i].known = i == l->entry ? 0 : ~0ull;
	while (changed) {
		changed = 0;
		for (unsigned i = 0; i < l->n; i++) {
			const struct step *s = &l->step[i];
			uint64_t after = s->known | s->writes;

			if (s->falls && i + 1 < l->n)
				changed |= narrow(&l->step[i + 1], after);
			if (s->target != NOWHERE)
				changed |= narrow(&l->step[s->target], after);
		}
	}
}

static int overlap(const struct slot *a, const struct slot *b)
{
	return a->base == b->base && a->disp < b->disp + b->bytes && b->disp < a->disp + a->bytes;
}

#define SLOTS_ALL (((1ull << SLOTS) - 1) << 33)

/* Bits of both halves of a register for each bit of either. */
static uint64_t whole(uint64_t bits)
{
	uint64_t r = (bits | bits >> 16) & 0xffff;

	return (bits & ~0xffffffffull) | r | r << 16;
}

/*
 * What the rounds change: all that is written. In a loop with a call, where an address made once serves a loop within, not what only
 * one instruction writes, and that one the same value each time: it reads no memory, and no register that is written.
 */
static uint64_t changing(const struct loop *l)
{
	uint64_t written = 0, twice = 0, fixed = 0;

	for (unsigned i = 0; i < l->n; i++) {
		uint64_t writes = l->step[i].live ? whole(l->step[i].writes) : 0;

		twice |= written & writes;
		written |= writes;
	}
	for (unsigned i = 0; l->calls && i < l->n; i++) {
		const struct step *s = &l->step[i];

		if (s->live && !(whole(s->reads) & written) && !(s->reads & SLOTS_ALL) && s->place == NOWHERE)
			fixed |= whole(s->writes);
	}
	return written & ~(fixed & ~twice);
}

/* Something of an earlier round is read, or something is written that is not the frame's. */
static int carries(const struct loop *l)
{
	uint64_t old = 0, written = changing(l), read = 0;

	for (unsigned i = 0; i < l->n; i++) {
		const struct step *s = &l->step[i];

		if (!s->live)
			continue;
		if (s->strange)
			return 1;
		old |= s->reads & ~s->known;
		read |= s->reads;
	}
	if (whole(old) & written)
		return 1;
	for (unsigned i = 0; i < l->nslots; i++) {
		for (unsigned k = 0; (written & SLOT(i)) && k < l->nslots; k++) {
			if (k != i && (read & SLOT(k)) && overlap(&l->slot[i], &l->slot[k]))
				return 1;
		}
	}
	return 0;
}

/*
 * One place in memory is read: always the same operand, or one behind a pointer that was read just before. A round of a longer loop
 * that happens to change nothing looks at several. Without any, variables of the frame that others know may be it: their bits.
 */
static int reads_one_place(const struct loop *l, uint64_t *place)
{
	const struct step *last = NULL;
	uint64_t read = 0, written = 0;

	*place = 0;
	for (unsigned i = 0; i < l->n; i++) {
		const struct step *s = &l->step[i];

		if (!s->live)
			continue;
		read |= s->reads;
		written |= s->writes;
		if (s->place == NOWHERE || (last && last->place == s->place))
			continue;
		if (last && (l->place[s->place].base == NO_REG || !(last->writes & WHOLE_OF(l->place[s->place].base))))
			return 0;
		last = s;
	}
	if (!last)
		*place = read & ~written & SLOTS_ALL;
	return last || *place;
}

/*
 * Every jump that may lead to another round depends on that place, or on what the call gave. A test of something else would be
 * the same in every round: no wait, but a path of a longer loop that the program never takes twice. Twice around, for what one
 * round leaves to the next; `place`: slots that are it.
 */
static int asks_the_place(const struct loop *l, uint64_t place)
{
	uint64_t from_there = 0;
	int asked = 0;

	for (unsigned i = 0; i < 2u * l->n; i++) {
		const struct step *s = &l->step[i % l->n];

		if (!s->live)
			continue;
		if (s->place != NOWHERE || (s->reads & place) || (whole(s->reads) & whole(from_there)))
			from_there |= s->writes;
		else
			from_there &= ~whole(s->writes);
		if (s->writes == CALL_WRITES)
			from_there |= BOTH_OF(RAX);
		if (i < l->n || !s->jumps_if)
			continue;
		if (!(from_there & FLAGS))
			return 0;
		asked = 1;
	}
	return asked;
}

int loop_waits(const uint8_t *head, const uint8_t *end, const uint8_t *call_return)
{
	uint8_t offsets[INSNS];
	uint64_t place;
	struct loop l;

	if (end <= head || end - head > LOOP_BYTES)
		return 0;
	l.head = head;
	l.calls = call_return != NULL;
	l.n = l.nslots = l.nplaces = l.entry = 0;
	if (!steps_read(&l, end, call_return, offsets) || !targets_find(&l, offsets))
		return 0;
	live_find(&l);
	if (!l.step[0].live)
		return 0;
	known_find(&l);
	return !carries(&l) && reads_one_place(&l, &place) && asks_the_place(&l, place);
}

int scan_call_waits(const uint8_t *return_address, const uint8_t *lo, const uint8_t *hi)
{
	const uint8_t *at = return_address, *last;

	if (at <= lo || at > hi)
		return 0;
	last = hi - at > LOOP_BYTES ? at + LOOP_BYTES : hi;
	/* The jumps back over the call, from the innermost loop outwards: of one that repeats the call when a signal came, too. */
	while (at < last) {
		struct insn in;
		const uint8_t *to;

		if (insn_decode(at, last, &in) == INSN_REFUSED)
			return 0;
		at += in.length;
		to = at + in.relative;
		if ((in.kind != INSN_JUMP && in.kind != INSN_JUMP_IF) || to >= return_address || to < lo)
			continue;
		if (loop_waits(to, at, return_address))
			return 1;
	}
	return 0;
}
