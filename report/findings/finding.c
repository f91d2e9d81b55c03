/* SPDX-License-Identifier: MIT */
/*
 * finding.c - what every renderer asks of a finding.
 */
#include "finding.h"

#include <stdio.h>
#include <string.h>

#include "../../preload/sys/fmt.h"

const char *finding_kind_name(enum finding_kind kind)
{
	static const char *const names[] = { "DATA RACE", "USE OF DEAD MAP", "STALE ITERATOR", "CHECK THEN ACT" };

	return names[(unsigned)kind <= FINDING_CHECK_THEN_ACT ? kind : FINDING_RACE];
}

const char *finding_class_name(enum finding_class class)
{
	static const char *const names[] = { "", "possible", "likely", "certain" };

	return names[(unsigned)class <= CLASS_CERTAIN ? class : CLASS_NONE];
}

const struct finding_frame *finding_user_frame(const struct finding_stack *s)
{
	for (int i = 0; i < s->n; i++) {
		if (s->frames[i].user)
			return &s->frames[i];
	}
	for (int i = 0; i < s->n; i++) {
		if (!s->frames[i].system)
			return &s->frames[i];
	}
	return s->n > 0 ? &s->frames[0] : NULL;
}

const struct finding_thread *finding_thread_of(const struct finding *f, const struct finding_access *a)
{
	return a->thread >= 0 && a->thread < f->nthreads ? &f->threads[a->thread] : NULL;
}

/* "cache_put()", "prog+0x11d9" */
static void put_place(struct buf *b, const struct finding_stack *s)
{
	const struct finding_frame *f = finding_user_frame(s);

	if (!f)
		buf_str(b, "an unknown place");
	else if (f->function)
		buf_fmt(b, "%s()", f->function);
	else if (f->module)
		buf_fmt(b, "%s+0x%lx", f->module, (unsigned long)(f->address >= 0 ? f->address : f->offset));
	else
		buf_str(b, "an unknown function");
}

static void put_map(struct buf *b, const struct finding *f)
{
	buf_str(b, f->map_kind ? f->map_kind : "a map");
	if (f->map_label)
		buf_fmt(b, " \"%s\"", f->map_label);
}

void finding_headline(const struct finding *f, char *to, size_t cap)
{
	struct buf b = buf_on(to, cap);

	switch (f->kind) {
	case FINDING_DEAD_MAP:
		buf_str(&b, "Use of destroyed ");
		put_map(&b, f);
		buf_str(&b, " in ");
		put_place(&b, &f->now.stack);
		if (f->has_before) {
			buf_str(&b, ", destroyed in ");
			put_place(&b, &f->before.stack);
		}
		return;
	case FINDING_STALE_ITERATOR:
		buf_str(&b, "Stale iterator of ");
		put_map(&b, f);
		buf_str(&b, " in ");
		put_place(&b, &f->now.stack);
		if (f->has_before) {
			buf_str(&b, " after a change in ");
			put_place(&b, &f->before.stack);
		}
		return;
	case FINDING_CHECK_THEN_ACT:
		buf_str(&b, "Check, then act on ");
		put_map(&b, f);
		buf_str(&b, " in ");
		put_place(&b, &f->now.stack);
		if (f->has_before) {
			buf_str(&b, " is torn by ");
			put_place(&b, &f->before.stack);
		}
		return;
	case FINDING_RACE:
		break;
	}
	buf_str(&b, f->now.write ? "Write to " : "Read of ");
	put_map(&b, f);
	buf_str(&b, " in ");
	put_place(&b, &f->now.stack);
	if (f->has_before) {
		buf_fmt(&b, " races with %s in ", f->before.write ? "write" : "read");
		put_place(&b, &f->before.stack);
	}
}
