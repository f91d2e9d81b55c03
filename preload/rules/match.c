/* SPDX-License-Identifier: MIT */
/*
 * match.c - which functions of a module get which rule.
 *
 * Order     an exact name is looked for among the exported names, by their hash table; what is not there, and every pattern, in one
 *           walk over the symbol table of the file, or of its separate debug file where the file is stripped. An
 *           exported name wins over others of the same name. Exact names get their functions before patterns do,
 *           and the first line before later ones.
 * Refuses   names that stand for several functions, unless file= tells; clones, whose arguments the compiler changed; functions
 *           that return twice. A pattern passes by all of these in silence.
 * Runs      from rules_attach: before main, or under the loader's lock; always under patch.c's lock, which guards all
 *           static data here.
 * Must not  allocate but by mapping, or keep a pointer into a symbol table: it is unmapped afterwards.
 */
#include <string.h>

#include "../patch/attach.h"
#include "../sys/os.h"
#include "match.h"

enum { CANDIDATES = 32768, NAME_HEADS = 2 * CANDIDATES, EXACT_HEADS = 2048, SYMBOL_MAX = 1024 };

struct match race_match;

static uint16_t exact_heads[EXACT_HEADS]; /* index in wants + 1 */
static uint64_t patterns[256][RULES / 64]; /* wants with a pattern that a name with this first byte may fit */
static uint32_t *name_heads;              /* of candidates; mapped as they are */
static int candidates_lost;
static int any_exact; /* the walk has exact names to look for */

/* ---- names -------------------------------------------------------------------------------------------------------- */

const char *match_clone_suffix(const char *name, size_t n)
{
	static const char *const suffixes[] = { ".isra.", ".constprop.", ".part.", ".cold" };
	const char *dot = memchr(name, '.', n);

	for (; dot; dot = memchr(dot + 1, '.', n - (size_t)(dot + 1 - name))) {
		for (unsigned i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
			size_t length = strlen(suffixes[i]);

			if (length <= n - (size_t)(dot - name) && !memcmp(dot, suffixes[i], length))
				return dot;
		}
	}
	return NULL;
}

/* Their callers' frames are used after they have returned, or they have none: no wrapper can stand between. */
static int is_taboo(const char *name, size_t n)
{
	static const char *const names[] = { "vfork",	    "__vfork",	  "setjmp",	 "_setjmp", "__setjmp",
					     "sigsetjmp",   "__sigsetjmp", "getcontext", "__getcontext", "swapcontext",
					     "__swapcontext", "_start",	  "_init",	 "_fini" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == n && !memcmp(names[i], name, n))
			return 1;
	}
	return 0;
}

static int glob_is(struct rule_text pattern, const char *s, size_t n)
{
	return glob_match(pattern.s, pattern.n, s, n);
}

static int rule_is_for(const struct rule *r, const struct elf_module *m)
{
	size_t n = strlen(m->name);

	if (r->module_glob)
		return glob_is(r->module, m->name, n) || (m->soname && glob_is(r->module, m->soname, strlen(m->soname))) ||
		       (m->called && glob_is(r->module, m->called, strlen(m->called)));
	return rule_text_is(r->module, m->name, n) || (m->soname && rule_text_is(r->module, m->soname, strlen(m->soname))) ||
	       (m->called && rule_text_is(r->module, m->called, strlen(m->called)));
}

/* ---- candidates --------------------------------------------------------------------------------------------------- */

static void candidate_add(struct want *w, const struct elf_symbol *s, size_t bytes, int exported)
{
	struct candidate *c;
	uint32_t *head;
	int twice = 0;

	if (race_match.ncandidates == CANDIDATES) {
		candidates_lost = 1;
		return;
	}
	head = &name_heads[rules_hash(s->name, bytes) % NAME_HEADS];
	for (uint32_t i = *head; i; i = race_match.candidates[i - 1].same) {
		struct candidate *o = &race_match.candidates[i - 1];

		if (o->bytes != bytes || memcmp(o->s.name, s->name, bytes) || o->want != (uint32_t)(w - race_match.wants))
			continue;
		if (o->s.address == s->address || (o->exported && !w->r->source.n))
			return; /* the same once more, or one that the exported name hides */
		o->twice = twice = 1;
	}
	c = &race_match.candidates[race_match.ncandidates++];
	c->s = *s;
	c->bytes = (uint32_t)bytes;
	c->want = (uint32_t)(w - race_match.wants);
	c->exported = (uint8_t)exported;
	c->twice = (uint8_t)twice;
	c->same = *head;
	*head = race_match.ncandidates;
	c->next = w->first;
	w->first = race_match.ncandidates;
	w->n++;
}

/* 1 when the pattern takes it. file=: functions of that source file only. */
static int offer_to_pattern(struct want *w, const struct elf_symbol *s, size_t bytes)
{
	if (bytes < w->prefix || memcmp(s->name, w->r->symbol.s, w->prefix) || !glob_is(w->r->symbol, s->name, bytes) ||
	    (w->r->source.n && (!s->file || !rule_text_is(w->r->source, s->file, strlen(s->file)))))
		return 0;
	if (match_clone_suffix(s->name, bytes)) {
		if (!w->clone)
			w->clone = s->name;
		return 0;
	}
	if (is_taboo(s->name, bytes))
		return 0;
	w->matched = 1;
	return 1;
}

/* The first pattern that fits gets it; later ones learn that they are not in vain. */
static void offer_to_patterns(const struct elf_symbol *s, size_t bytes, int exported)
{
	const uint64_t *may = patterns[(unsigned char)s->name[0]];
	int taken = 0;

	for (unsigned k = 0; k * 64 < race_match.nwants; k++) {
		for (uint64_t left = may[k]; left; left &= left - 1) {
			struct want *w = &race_match.wants[k * 64 + (unsigned)__builtin_ctzll(left)];

			if ((taken && w->matched) || !offer_to_pattern(w, s, bytes))
				continue;
			if (!taken)
				candidate_add(w, s, bytes, exported);
			taken = 1;
		}
	}
}

/* A pattern that begins with a letter fits names that do; any other may fit all. */
static void pattern_enter(unsigned i)
{
	unsigned first = race_match.wants[i].prefix ? (unsigned char)race_match.wants[i].r->symbol.s[0] : 0;
	unsigned last = race_match.wants[i].prefix ? first : 255;

	for (unsigned c = first; c <= last; c++)
		patterns[c][i / 64] |= (uint64_t)1 << i % 64;
}

static int visit_exported(const struct elf_symbol *s, void *unused)
{
	(void)unused;
	offer_to_patterns(s, match_bytes(s->name), 1);
	return 0;
}

static void offer_to_exact(const struct elf_symbol *s, size_t bytes)
{
	const char *suffix = memchr(s->name, '.', bytes) ? match_clone_suffix(s->name, bytes) : NULL;
	size_t whole = suffix ? (size_t)(suffix - s->name) : bytes;

	for (uint32_t i = exact_heads[rules_hash(s->name, bytes) % EXACT_HEADS]; i; i = race_match.wants[i - 1].next) {
		if (rule_text_is(race_match.wants[i - 1].r->symbol, s->name, bytes))
			candidate_add(&race_match.wants[i - 1], s, bytes, 0);
	}
	if (!suffix)
		return;
	for (uint32_t i = exact_heads[rules_hash(s->name, whole) % EXACT_HEADS]; i; i = race_match.wants[i - 1].next) {
		struct want *w = &race_match.wants[i - 1];

		/* ".cold" is the unlikely end of a function that is there or in another clone: it tells least. */
		if (rule_text_is(w->r->symbol, s->name, whole) && (!w->clone || strstr(w->clone, ".cold")))
			w->clone = s->name;
	}
}

static int visit_symbol(const struct elf_symbol *s, void *unused)
{
	size_t bytes = match_bytes(s->name);

	(void)unused;
	if (any_exact)
		offer_to_exact(s, bytes);
	offer_to_patterns(s, bytes, 0);
	return 0;
}

/* ---- looking -------------------------------------------------------------------------------------------------------- */

static void want_exported(struct want *w)
{
	const struct rule *r = w->r;
	char name[SYMBOL_MAX];
	struct elf_symbol s;

	if (r->symbol.n >= sizeof(name))
		return;
	memcpy(name, r->symbol.s, r->symbol.n);
	name[r->symbol.n] = 0;
	if (!elf_export_find(&race_match.m->elf, name, elf_gnu_hash(name), &s))
		return;
	candidate_add(w, &s, r->symbol.n, 1);
	w->exported = 1;
}

/* The wants of this module; 0: none. */
static unsigned wants_make(void)
{
	race_match.nwants = 0;
	any_exact = 0;
	for (uint32_t i = 0; i < race_rules.n; i++) {
		const struct rule *r = &race_rules.rule[i];
		struct want *w = &race_match.wants[race_match.nwants];

		if (!rule_is_for(r, &race_match.m->elf))
			continue;
		race_rule_facts[i].modules++;
		memset(w, 0, sizeof(*w));
		w->r = r;
		while (w->prefix < r->symbol.n && r->symbol.s[w->prefix] != '*' && r->symbol.s[w->prefix] != '?')
			w->prefix++;
		race_match.nwants++;
	}
	return race_match.nwants;
}

/* Every want's candidates. */
static void candidates_find(void)
{
	int any_glob = 0;
	struct elf_file *f;

	memset(exact_heads, 0, sizeof(exact_heads));
	memset(patterns, 0, sizeof(patterns));
	race_match.has_symbols = 1;
	for (unsigned i = 0; i < race_match.nwants; i++) {
		struct want *w = &race_match.wants[i];

		if (w->r->symbol_glob) {
			pattern_enter(i);
			any_glob = 1;
			continue;
		}
		want_exported(w);
		if (!w->exported || w->r->source.n) {
			uint16_t *head = &exact_heads[rules_hash(w->r->symbol.s, w->r->symbol.n) % EXACT_HEADS];

			w->next = *head;
			*head = (uint16_t)(i + 1);
			any_exact = 1;
		}
	}
	if (any_glob)
		elf_export_each(&race_match.m->elf, visit_exported, NULL);
	if (!any_glob && !any_exact)
		return;
	f = race_match.m->file(race_match.m);
	if (!f || !f->symtab)
		f = race_match.m->debug(race_match.m);
	race_match.has_symbols = f && f->symtab;
	if (race_match.has_symbols)
		elf_file_each(f, 0, visit_symbol, NULL);
}

/* ---- choosing ------------------------------------------------------------------------------------------------------- */

/* The one function of an exact name; NULL when it was told why not. */
static const struct candidate *choose(const struct want *w)
{
	const struct candidate *found = NULL, *global = NULL;
	unsigned n = 0, globals = 0;

	if (!w->r->source.n) {
		if (w->n == 1)
			return &race_match.candidates[w->first - 1];
		tell_twice(w);
		return NULL;
	}
	for (uint32_t i = w->first; i; i = race_match.candidates[i - 1].next) {
		const struct candidate *c = &race_match.candidates[i - 1];

		if (!c->s.file) { /* symbol tables do not say where a global function comes from */
			globals++;
			global = c;
		} else if (rule_text_is(w->r->source, c->s.file, strlen(c->s.file))) {
			n++;
			found = c;
		}
	}
	if (n == 1)
		return found;
	if (n == 0 && globals == 1)
		return global;
	if (n == 0)
		tell_no_source(w);
	else
		tell_twice(w);
	return NULL;
}

/* ---- attaching ------------------------------------------------------------------------------------------------------- */

struct object {
	struct rule_text name;
	uintptr_t address;
	unsigned n;
};

static int visit_object(const struct elf_symbol *s, void *to)
{
	struct object *o = to;
	size_t bytes = match_bytes(s->name);

	if (rule_text_is(o->name, s->name, bytes) && (!o->n || o->address != s->address)) {
		o->address = s->address;
		o->n++;
	}
	return 0;
}

/* The address of global:SYMBOL; 0 when it was told why not. */
static uintptr_t global_find(const struct rule *r)
{
	struct object o = { r->place.global, 0, 0 };
	char name[SYMBOL_MAX];
	struct elf_symbol s;
	struct elf_file *f;

	if (o.name.n < sizeof(name)) {
		memcpy(name, o.name.s, o.name.n);
		name[o.name.n] = 0;
		if (elf_export_object(&race_match.m->elf, name, elf_gnu_hash(name), &s))
			return s.address;
	}
	f = race_match.m->file(race_match.m);
	if (!f || !f->symtab)
		f = race_match.m->debug(race_match.m);
	if (f && f->symtab)
		elf_file_each(f, 1, visit_object, &o);
	if (o.n == 1)
		return o.address;
	tell_global(r, o.n, !f || !f->symtab);
	return 0;
}

/* Another name of the function has a rule of the same meaning: it is seen already. */
static int is_alias(const struct want *w, const struct candidate *c)
{
	for (unsigned i = 0; i < race_match.ncandidates; i++) {
		const struct candidate *o = &race_match.candidates[i];

		if (o->s.address == c->s.address && o->want != c->want && race_match.wants[o->want].r->role == w->r->role)
			return 1;
	}
	return 0;
}

static int module_has_readers(void)
{
	for (unsigned i = 0; i < race_match.nwants; i++) {
		if (race_match.wants[i].r->read_mode)
			return 1;
	}
	return 0;
}

static void attach(const struct want *w, const struct candidate *c, uintptr_t global, int readers)
{
	const struct rule *r = w->r;
	struct rule_facts *facts = &race_rule_facts[r - race_rules.rule];
	struct attached *a = attached_get(r, race_match.m->elf.name, c->s.name, c->bytes);
	enum patch_result result = PATCH_NO_ROOM;
	enum patch_refusal why = REFUSED_NOT;

	if (a) {
		a->global = global;
		a->readers = (uint8_t)readers;
		result = attached_patch(a, race_match.m, &c->s, &why);
	}
	if (result == PATCH_DONE) {
		facts->functions++;
		return;
	}
	if (result == PATCH_TAKEN && (r->symbol_glob || is_alias(w, c)))
		return;
	facts->refused++;
	tell_refused(r, c, result, why);
}

static int refuse_by_name(const struct rule *r)
{
	if (match_clone_suffix(r->symbol.s, r->symbol.n))
		tell_name(r, " is a clone, whose arguments the compiler changed; allowed: a function that was kept whole");
	else if (is_taboo(r->symbol.s, r->symbol.n))
		tell_name(r, " returns twice, or has no caller: it cannot be wrapped; allowed: any other function");
	else
		return 0;
	return 1;
}

static void attach_exact(const struct want *w, uintptr_t global, int readers)
{
	const struct candidate *c;

	if (!w->n) {
		tell_missing(w);
		return;
	}
	if (refuse_by_name(w->r))
		return;
	c = choose(w);
	if (!c)
		return;
	attach(w, c, global, readers);
	if (w->clone)
		tell_clone_beside(w);
}

static void attach_pattern(struct want *w, uintptr_t global, int readers)
{
	if (!w->matched) {
		tell_missing(w);
		return;
	}
	for (uint32_t i = w->first; i; i = race_match.candidates[i - 1].next) {
		const struct candidate *c = &race_match.candidates[i - 1];

		if (!c->twice) {
			attach(w, c, global, readers);
			continue;
		}
		w->twice++;
		w->twice_name = c->s.name;
		w->twice_bytes = c->bytes;
	}
	if (w->twice)
		tell_left_out(w);
}

static void attach_wants(int with_patterns, int readers)
{
	for (unsigned i = 0; i < race_match.nwants; i++) {
		struct want *w = &race_match.wants[i];
		uintptr_t global = 0;

		if (w->r->symbol_glob != with_patterns)
			continue;
		if (w->r->place.kind == PLACE_GLOBAL && w->n) {
			global = global_find(w->r);
			if (!global)
				continue;
		}
		if (with_patterns)
			attach_pattern(w, global, readers);
		else
			attach_exact(w, global, readers);
	}
}

void rules_attach(struct patch_module *m)
{
	size_t heads = NAME_HEADS * sizeof(*name_heads), all = CANDIDATES * sizeof(*race_match.candidates);

	if (!race_rules.n)
		return;
	race_match.m = m;
	if (!wants_make())
		return;
	race_match.candidates = os_map(all);
	name_heads = os_map(heads);
	race_match.ncandidates = 0;
	candidates_lost = 0;
	if (race_match.candidates && name_heads) {
		candidates_find();
		tell_find_near();
		attach_wants(0, module_has_readers());
		attach_wants(1, module_has_readers());
		if (candidates_lost)
			tell_too_many(CANDIDATES);
	}
	if (name_heads)
		os_unmap(name_heads, heads);
	if (race_match.candidates)
		os_unmap(race_match.candidates, all);
}
