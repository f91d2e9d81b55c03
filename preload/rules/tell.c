/* SPDX-License-Identifier: MIT */
/*
 * tell.c - what the user named in a rules file and cannot have.
 *
 * Each line has the place in the rules file, what is wrong, and what would be right. A library that comes again and again is
 * told about once.
 */
#include <string.h>

#include "../emit.h"
#include "../options.h"
#include "match.h"

enum { LINE = 1800, TOLD = 1024 };

enum what { CLONE = 1, MISSING, TWICE, NO_SOURCE, NAME, GLOBAL, BESIDE, LEFT_OUT, TOO_MANY, REFUSED };

static uint32_t told[TOLD]; /* hashes of module, line and what */

static const char *module_name(void)
{
	const char *name = race_match.m->elf.name;

	return name[0] ? name : "the program";
}

static int told_before(const struct rule *r, unsigned what)
{
	const char *name = module_name();
	uint32_t h = (rules_hash(name, strlen(name)) ^ r->line * 2654435761u ^ what * 40503u) | 1;

	for (uint32_t i = 0; i < TOLD; i++) {
		uint32_t *t = &told[(h + i) % TOLD];

		if (*t == h)
			return 1;
		if (!*t) {
			*t = h;
			return 0;
		}
	}
	return 1; /* a thousand mistakes were told */
}

static char message_text[LINE];
static struct buf message;

/* at: the part of the rule that is meant. */
static struct buf *say(const struct rule *r, const char *at)
{
	message = buf_on(message_text, sizeof(message_text));
	rules_place(&message, race_rules.path, r->line, r->column + (uint32_t)(at - r->symbol.s));
	return &message;
}

static void said(const struct rule *r, unsigned what)
{
	if (!told_before(r, what))
		emit_line(message_text);
}

static struct buf *say_symbol(const struct rule *r)
{
	struct buf *b = say(r, r->symbol.s);

	rules_quote(b, r->symbol.s, r->symbol.n);
	return b;
}

int tell_is_due(const struct rule *r)
{
	return !r->module_glob || race_options.verbosity;
}

/* ---- what is not there ---------------------------------------------------------------------------------------------- */

static int visit_near(const struct elf_symbol *s, void *unused)
{
	size_t bytes = match_bytes(s->name);

	(void)unused;
	if (match_clone_suffix(s->name, bytes))
		return 0;
	for (unsigned i = 0; i < race_match.nwants; i++) {
		struct want *w = &race_match.wants[i];
		size_t wanted = w->r->symbol.n, more = bytes > wanted ? bytes - wanted : wanted - bytes;
		unsigned d;

		if (w->r->symbol_glob || w->n || more > wanted / 3 || more >= w->near_distance)
			continue;
		d = edit_distance(w->r->symbol.s, wanted, s->name, bytes);
		if (d < w->near_distance) {
			w->near_distance = d;
			w->near = s->name;
		}
	}
	return 0;
}

/* Names to put right a slip of the finger. Only when something is missing: it is the slow part. */
void tell_find_near(void)
{
	struct elf_file *f = race_match.has_symbols ? race_match.m->file(race_match.m) : NULL;
	int missing = 0;

	for (unsigned i = 0; i < race_match.nwants; i++) {
		struct want *w = &race_match.wants[i];

		w->near_distance = 1 + (w->r->symbol.n < 32 ? w->r->symbol.n : 32) / 3;
		missing |= !w->r->symbol_glob && !w->n && !w->clone && tell_is_due(w->r);
	}
	if (!missing)
		return;
	elf_export_each(&race_match.m->elf, visit_near, NULL);
	if (!f || !f->symtab)
		f = race_match.has_symbols ? race_match.m->debug(race_match.m) : NULL;
	if (f && f->symtab)
		elf_file_each(f, 0, visit_near, NULL);
}

static void tell_clone(const struct want *w)
{
	struct buf *b = say_symbol(w->r);

	buf_fmt(b, " is in %s only as the clone ", module_name());
	rules_quote(b, w->clone, match_bytes(w->clone));
	buf_str(b, strstr(w->clone, ".part.") ? ", the rest being inlined in its callers" : ", whose arguments the compiler changed");
	buf_str(b, "; allowed: a function that was kept whole, as one of its callers");
	said(w->r, CLONE);
}

void tell_missing(const struct want *w)
{
	struct buf *b;

	if (!tell_is_due(w->r))
		return;
	if (w->clone && !w->r->symbol_glob) {
		tell_clone(w);
		return;
	}
	b = say_symbol(w->r);
	if (!race_match.has_symbols)
		buf_fmt(b, " is not exported by %s, which is stripped: name an exported function, or install its debug symbols",
			module_name());
	else if (w->r->symbol_glob)
		buf_fmt(b, " matches no function of %s%s", module_name(), w->clone ? " but clones, which are not attached" : "");
	else
		buf_fmt(b, " is no function of %s: inlined everywhere, or misspelt", module_name());
	if (w->near) {
		buf_str(b, "; did you mean ");
		rules_quote(b, w->near, match_bytes(w->near));
		buf_char(b, '?');
	}
	said(w->r, MISSING);
}

/* Several functions have that name. */
void tell_twice(const struct want *w)
{
	struct buf *b = say_symbol(w->r);

	buf_fmt(b, " is %u functions of %s (", w->n, module_name());
	for (uint32_t i = w->first, shown = 0; i; i = race_match.candidates[i - 1].next, shown++) {
		const struct elf_symbol *s = &race_match.candidates[i - 1].s;

		if (shown == 4) {
			buf_str(b, " ...");
			break;
		}
		if (shown)
			buf_char(b, ' ');
		if (s->file)
			buf_clean(b, s->file);
		else
			buf_str(b, s->global ? "a global one" : "unknown file");
	}
	buf_str(b, "); file=NAME.c tells which");
	said(w->r, TWICE);
}

void tell_no_source(const struct want *w)
{
	struct buf *b = say(w->r, w->r->source.s);
	const struct candidate *c = &race_match.candidates[w->first - 1];

	buf_str(b, "file=");
	rules_quote(b, w->r->source.s, w->r->source.n);
	buf_str(b, " has no ");
	rules_quote(b, w->r->symbol.s, w->r->symbol.n);
	if (c->s.file) {
		buf_str(b, "; did you mean ");
		rules_quote(b, c->s.file, strlen(c->s.file));
		buf_char(b, '?');
	}
	said(w->r, NO_SOURCE);
}

void tell_name(const struct rule *r, const char *why)
{
	buf_str(say_symbol(r), why);
	said(r, NAME);
}

void tell_global(const struct rule *r, unsigned found, int stripped)
{
	struct rule_text name = r->place.global;
	struct buf *b;

	if (!tell_is_due(r))
		return;
	b = say(r, name.s);
	rules_quote(b, name.s, name.n);
	if (found)
		buf_fmt(b, " is %u variables of %s; allowed: a name that is there once", found, module_name());
	else
		buf_fmt(b, " is no global variable of %s%s", module_name(),
			stripped ? ", which is stripped: an exported one is needed, or its debug symbols" : "");
	said(r, GLOBAL);
}

void tell_refused(const struct rule *r, const struct candidate *c, enum patch_result result, enum patch_refusal why)
{
	struct buf *b;

	/* A process that forbids it is no mistake of the file. */
	if (!race_options.verbosity && (r->symbol_glob || r->module_glob || result == PATCH_DENIED))
		return;
	b = say(r, r->symbol.s);
	rules_quote(b, c->s.name, c->bytes);
	buf_fmt(b, " of %s cannot be attached: %s", module_name(), patch_result_text(result, why));
	said(r, REFUSED + rules_hash(c->s.name, c->bytes) % 1000);
}

void tell_clone_beside(const struct want *w)
{
	struct buf *b;

	if (!race_options.verbosity || strstr(w->clone, ".cold"))
		return;
	b = say_symbol(w->r);
	buf_fmt(b, " of %s has a clone ", module_name());
	rules_quote(b, w->clone, match_bytes(w->clone));
	buf_str(b, ", whose calls are not seen");
	said(w->r, BESIDE);
}

void tell_left_out(const struct want *w)
{
	struct buf *b;

	if (!tell_is_due(w->r))
		return;
	b = say_symbol(w->r);
	buf_fmt(b, " matches %u functions of %s whose names are not unique, as ", w->twice, module_name());
	rules_quote(b, w->twice_name, w->twice_bytes);
	buf_str(b, ": left out; file=NAME.c tells which");
	said(w->r, LEFT_OUT);
}

void tell_too_many(unsigned limit)
{
	const struct rule *r = race_match.wants[0].r;

	if (!race_options.verbosity)
		return;
	buf_fmt(say(r, r->symbol.s), "more than %u functions of %s match: the rest is left out", limit, module_name());
	said(r, TOO_MANY);
}
