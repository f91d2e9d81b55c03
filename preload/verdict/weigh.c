/* SPDX-License-Identifier: MIT */
/*
 * weigh.c - the ledger: what speaks against a race that happens-before has found, and what for it.
 *
 * Happens-before knows the orders that go through functions. An order made by inlined atomics goes through none, so before a
 * race is believed it is asked whether there may be such an order. Against it speaks code that holds the marks of atomics,
 * debug information that knows atomic objects, a thread that slept and woke until something changed, and a delay of one side
 * that held the other back. For it speaks a lock that the map's users have a habit of holding, and that one side did without
 * between accesses of others that held it. Without any of them there is nothing to doubt.
 *
 * Confidence  one number a report, for scripts that sort: the class gives the range, the ledger the place in it.
 */
#include "weigh.h"

#include <string.h>

#include "../module.h"
#include "../options.h"
#include "modules.h"

#define POLLS_ENOUGH 2
#define HOLDS_ENOUGH 6

static struct record_evidence *entry(struct record *r, enum record_evidence_kind kind, int supports)
{
	struct record_evidence *e;

	if (r->nevidence == RECORD_EVIDENCE)
		return NULL;
	e = &r->evidence[r->nevidence++];
	memset(e, 0, sizeof(*e));
	e->kind = (uint32_t)kind;
	e->supports = (uint32_t)supports;
	e->module = RECORD_NO_MODULE;
	return e;
}

/* The later thread gave way again and again at one place since its last access and until after the earlier one; or once, in a
 * loop that does nothing but wait, or before it asks memory whether to go on. */
static int has_polled(const struct race_finding *f)
{
	return f->polls >= POLLS_ENOUGH || (f->polls && module_call_waits(f->poll_site));
}

static void add_polls(struct record *r, const struct race_finding *f)
{
	struct record_evidence *e = has_polled(f) ? entry(r, EVIDENCE_POLLED, 0) : NULL;

	if (!e)
		return;
	e->count = f->polls;
	e->module = module_of(r, f->poll_site);
	e->at = f->poll_site - (e->module != RECORD_NO_MODULE ? r->modules[e->module].base : 0);
}

static void add_order(struct record *r, const struct pair *p)
{
	struct record_evidence *e = p->state == PAIR_ORDERED || p->held_back ? entry(r, p->learned ? EVIDENCE_LEARNED : EVIDENCE_HELD_BACK, 0)
									    : NULL;

	if (e)
		e->count = p->held_back;
}

/* Readers that need no lock, because writers wait for them by other means, look the same at first: the delay test tells. */
static int habit_speaks(const struct race_finding *f, const struct pair *p)
{
	return f->usual_lock && f->usual_lacks && f->usual_broken && p->state == PAIR_DOUBTED && p->holds >= HOLDS_ENOUGH &&
	       !p->held_back && !p->waits;
}

/* Somebody in the process waits by looking at memory. */
static int somebody_waits(const struct record *r)
{
	for (uint32_t i = 0; i < r->nevidence; i++) {
		uint32_t kind = r->evidence[i].kind;

		if (kind == EVIDENCE_PAUSES || kind == EVIDENCE_WAITS || kind == EVIDENCE_FENCES || kind == EVIDENCE_POLLED ||
		    kind == EVIDENCE_HELD_BACK || kind == EVIDENCE_LEARNED)
			return 1;
	}
	return 0;
}

int weigh_is_more(const struct race_finding *f, const struct pair *p)
{
	return habit_speaks(f, p);
}

/* ---- the numbers ---------------------------------------------------------------------------------------------------------- */

/* Creating and destroying are changes of structure like others. */
static int is_structural(const struct race_op *op, int write)
{
	return write && (!op || op->role != ROLE_UPDATE);
}

static enum record_severity severity_of(const struct race_finding *f)
{
	const struct race_op *before = engine_stack_op(word_stack(f->before.word));

	if (is_structural(f->op, f->now.write) && is_structural(before, f->before.write))
		return SEVERITY_HIGH;
	return f->resize_to || f->op->role == ROLE_RESIZE || (before && before->role == ROLE_RESIZE) ? SEVERITY_MEDIUM : SEVERITY_LOW;
}

static uint32_t confidence_of(const struct record *r)
{
	static const uint8_t against[] = {
		[EVIDENCE_ATOMICS] = 20, [EVIDENCE_FENCES] = 10, [EVIDENCE_PAUSES] = 10, [EVIDENCE_WAITS] = 15, [EVIDENCE_ATOMIC_OBJECT] = 20,
		[EVIDENCE_VOLATILE_OBJECT] = 10, [EVIDENCE_UNKNOWN_CODE] = 20, [EVIDENCE_POLLED] = 15, [EVIDENCE_HELD_BACK] = 25,
		[EVIDENCE_LEARNED] = 35, [EVIDENCE_USUAL_LOCK] = 0, [EVIDENCE_MET] = 0,
	};
	uint32_t doubt = 0;

	if (r->verdict == RECORD_CERTAIN)
		return 99;
	for (uint32_t i = 0; i < r->nevidence; i++)
		doubt += r->evidence[i].supports ? 0 : against[r->evidence[i].kind];
	if (r->verdict == RECORD_LIKELY)
		return doubt ? 80 : 95;
	return doubt < 55 ? 60 - doubt : 5;
}

void weigh(struct record *r, const struct race_finding *f, struct pair *p)
{
	struct record_evidence *e;

	r->severity = (uint32_t)severity_of(f);
	r->verdict = (uint32_t)f->verdict;
	if (f->kind != FOUND_RACE) {
		r->confidence = 99;
		return;
	}
	if (f->usual_lacks) {
		r->usual_lock = f->usual_lock;
		r->usual_lacks = f->usual_lacks;
		r->usual_held = f->usual_held;
		r->usual_of = f->usual_of;
	}
	if (f->verdict != VERDICT_CERTAIN) {
		modules_weigh(r);
		add_polls(r, f);
		add_order(r, p);
		r->verdict = r->nevidence ? RECORD_POSSIBLE : RECORD_LIKELY;
		p->waits |= (uint8_t)somebody_waits(r);
		if (habit_speaks(f, p)) {
			r->verdict = RECORD_LIKELY;
			e = entry(r, EVIDENCE_USUAL_LOCK, 1);
			if (e)
				e->at = f->usual_lock;
		}
	} else if (p->holds) {
		e = entry(r, EVIDENCE_MET, 1);
		if (e)
			e->count = p->holds;
	}
	r->confidence = confidence_of(r);
}
