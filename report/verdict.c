/* SPDX-License-Identifier: MIT */
/*
 * verdict.c - the line that says how sure a report is, and why (docs/REPORTS.md, "Verdict").
 *
 * Owns      the words of the ledger. Severity and confidence stand at the end, so that scripts find them.
 * Runs      as text.c does: in the helper and in the host, no allocation, no stdio.
 */
#include <string.h>

#include "words.h"

static const char *module_name(const struct record *r, const struct record_evidence *e)
{
	return e->module < r->nmodules && e->module < RECORD_MODULES ? path_base(r->modules[e->module].path) : "code that lies in no file";
}

static void put_marks(struct buf *out, const struct record *r, const struct record_evidence *e, const char *what)
{
	buf_clean(out, module_name(r, e));
	buf_fmt(out, " holds %s (the first at +0x%lx)", what, (unsigned long)e->at);
}

static void put_object(struct buf *out, const struct record *r, const struct record_evidence *e, const char *what)
{
	buf_clean(out, module_name(r, e));
	buf_fmt(out, " has the %s object ", what);
	buf_clean(out, e->text);
}

/* Both accesses of a race have a thread; of the two, the later one polled. */
static void put_evidence(struct buf *out, const struct record *r, const struct resolver *names, const struct record_evidence *e)
{
	switch ((enum record_evidence_kind)e->kind) {
	case EVIDENCE_ATOMICS:
		put_marks(out, r, e, "atomic instructions");
		break;
	case EVIDENCE_FENCES:
		put_marks(out, r, e, "memory fences");
		break;
	case EVIDENCE_PAUSES:
		put_marks(out, r, e, "spin-wait pauses");
		break;
	case EVIDENCE_WAITS:
		put_marks(out, r, e, "loops that wait for memory to change");
		break;
	case EVIDENCE_ATOMIC_OBJECT:
		put_object(out, r, e, "atomic");
		break;
	case EVIDENCE_VOLATILE_OBJECT:
		put_object(out, r, e, "volatile");
		break;
	case EVIDENCE_UNKNOWN_CODE:
		buf_clean(out, module_name(r, e));
		buf_str(out, " could not be looked at");
		break;
	case EVIDENCE_POLLED:
		text_thread(out, r, r->now.thread);
		buf_fmt(out, " slept or gave way %u %s at ", e->count, e->count == 1 ? "time" : "times");
		buf_clean(out, module_name(r, e));
		buf_fmt(out, "+0x%lx just before", (unsigned long)e->at);
		break;
	case EVIDENCE_HELD_BACK:
		buf_fmt(out, "one side was held inside its call, and the other came just after, %u %s", e->count,
			e->count == 1 ? "time" : "times");
		break;
	case EVIDENCE_LEARNED:
		buf_str(out, "an earlier run found the two calls ordered");
		break;
	case EVIDENCE_USUAL_LOCK:
		text_user_name(out, r, names, &r->now.stack);
		buf_str(out, " and ");
		text_user_name(out, r, names, &r->before.stack);
		buf_str(out, " follow each other both ways, and one of them lacks the usual lock");
		break;
	case EVIDENCE_MET:
		buf_str(out, "one of them had been held there to see who comes");
		break;
	}
}

/* Names the side that broke the habit; only when the habit is shown. */
static void put_habit(struct buf *out, const struct record *r, const struct resolver *names)
{
	const struct record_access *odd = NULL;

	if (!r->usual_lock || !r->usual_lacks)
		return;
	odd = r->usual_lacks & 1 ? &r->now : &r->before;
	buf_str(out, "; ");
	text_user_name(out, r, names, &odd->stack);
	buf_str(out, " of ");
	text_thread(out, r, odd->thread);
	buf_str(out, " lacks the usual lock");
}

static const char *because(const struct record *r, uint32_t verdict)
{
	static const char *const why[] = {
		"no edge orders the two accesses, but an order that cannot be seen may exist",
		"no happens-before edge orders the two accesses",
		"both calls were inside the map at the same time",
	};
	static const char *const torn[] = {
		"another thread wrote this key between the look-up and the insertion",
		"another thread wrote this key between the look-up and the removal",
		"another thread wrote this key between the look-up and the change",
		"another thread freed the value after it was looked up and before it was used",
	};

	switch ((enum record_kind)r->kind) {
	case RECORD_DEAD_MAP:
		return text_has_before(r) ? "the map was destroyed before this call" : "no such map was ever created";
	case RECORD_STALE_ITERATOR:
		return "the map changed behind the iterator's back";
	case RECORD_CHECK_THEN_ACT:
		return torn[r->compound <= COMPOUND_VALUE_FREED ? r->compound : COMPOUND_UPDATE];
	case RECORD_RACE:
		break;
	}
	return why[verdict];
}

const char *words_class(const struct record *r)
{
	static const char *const words[] = { "possible", "likely", "certain" };

	return words[r->verdict <= RECORD_CERTAIN ? r->verdict : RECORD_POSSIBLE];
}

const char *words_severity(const struct record *r)
{
	static const char *const severities[] = { "high", "medium", "low" };

	return severities[r->severity <= SEVERITY_LOW ? r->severity : SEVERITY_LOW];
}

uint32_t words_confidence(const struct record *r)
{
	return r->confidence <= 100 ? r->confidence : 100;
}

void words_verdict(struct buf *out, const struct record *r, const struct resolver *names)
{
	uint32_t verdict = r->verdict <= RECORD_CERTAIN ? r->verdict : RECORD_POSSIBLE;

	buf_fmt(out, "%s: %s", words_class(r), because(r, verdict));
	if (r->resize_from && r->resize_to)
		buf_fmt(out, ", %s resize %u to %u", r->kind == RECORD_RACE && verdict == RECORD_CERTAIN ? "during" : "after",
			r->resize_from, r->resize_to);
	for (uint32_t i = 0; i < r->nevidence && i < RECORD_EVIDENCE; i++) {
		buf_str(out, "; ");
		put_evidence(out, r, names, &r->evidence[i]);
	}
	if (r->kind == RECORD_RACE) {
		put_habit(out, r, names);
		buf_fmt(out, "; severity %s, confidence %u", words_severity(r), words_confidence(r));
	}
}

void verdict_render(const struct record *r, const struct resolver *names, struct buf *out)
{
	buf_str(out, "Verdict: ");
	words_verdict(out, r, names);
	buf_char(out, '\n');
}
