/* SPDX-License-Identifier: MIT */
/*
 * findings_record.c - from JSON to findings.
 *
 * Trust     none: what has the wrong type is missing, what is missing and needed makes the line bad. Texts are cleaned, so that no
 *           renderer can be made to write what a terminal obeys. The fingerprint is made anew from the stacks.
 */
#include "findings_record.h"

#include <stdio.h>
#include <string.h>

#include "../../preload/sys/fmt.h"
#include "../fingerprint.h"

/* ---- texts ------------------------------------------------------------------------------------------------------- */

static int is_clean(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((s[i] < 0x20 && s[i] != '\n') || s[i] == 0x7f)
			return 0; /* also all that is not ASCII */
	}
	return 1;
}

/* A NUL and what a terminal would obey as \xNN; lines stay lines if they may. */
static char *cleaned(struct arena *a, const char *s, size_t n, int lines)
{
	size_t cap = 4 * n + 1;
	struct buf b = buf_on(arena_take(a, cap), cap);
	const char *end = s + n;

	while (s < end) {
		size_t k = strlen(s); /* texts are terminated */

		if (lines) {
			const char *newline = memchr(s, '\n', k);

			if (newline) {
				*(char *)newline = 0;
				buf_clean(&b, s);
				buf_char(&b, '\n');
				s = newline + 1;
				continue;
			}
		}
		buf_clean(&b, s);
		s += k;
		if (s < end) {
			buf_str(&b, "\\x00");
			s++;
		}
	}
	return b.text;
}

const char *record_text(struct arena *a, const struct jr_value *v)
{
	if (!v || v->type != JR_TEXT || !v->n)
		return NULL;
	return v->plain ? v->text : cleaned(a, v->text, v->n, 0);
}

static const char *whole_text(struct arena *a, const struct jr_value *v)
{
	if (!v || v->type != JR_TEXT || !v->n)
		return NULL;
	return is_clean(v->text, v->n) ? v->text : cleaned(a, v->text, v->n, 1);
}

const char *record_time(const struct jr_value *v)
{
	static const char form[] = "0000-00-00T00:00:00";
	size_t i;

	if (!v || v->type != JR_TEXT || v->n < sizeof(form) || v->n > 30 || v->text[v->n - 1] != 'Z')
		return NULL;
	for (i = 0; i < sizeof(form) - 1; i++) {
		if (form[i] == '0' ? v->text[i] < '0' || v->text[i] > '9' : v->text[i] != form[i])
			return NULL;
	}
	if (i == v->n - 1)
		return v->text;
	if (v->text[i++] != '.' || i == v->n - 1)
		return NULL;
	for (; i < v->n - 1; i++) {
		if (v->text[i] < '0' || v->text[i] > '9')
			return NULL;
	}
	return v->text;
}

const char *const *record_tags(struct arena *a, const struct jr_value *v)
{
	const char **tags;
	size_t n = 0;

	if (!v || v->type != JR_OBJECT)
		return NULL;
	for (const struct jr_value *t = v->first; t; t = t->next)
		n++;
	tags = arena_take(a, (n + 1) * sizeof(*tags));
	n = 0;
	for (const struct jr_value *t = v->first; t; t = t->next) {
		struct jr_value key = { .type = JR_TEXT, .text = t->key, .n = t->nkey };
		const char *k = record_text(a, &key), *value = record_text(a, t);
		char *tag;

		if (!k || t->type != JR_TEXT)
			continue;
		tag = arena_take(a, strlen(k) + (value ? strlen(value) : 0) + 2);
		sprintf(tag, "%s=%s", k, value ? value : "");
		tags[n++] = tag;
	}
	return n ? tags : NULL;
}

/* "0x1b"; also a plain number. */
static int64_t number_of(const struct jr_value *v)
{
	uint64_t value = 0;

	if (v && v->type == JR_INTEGER && v->integer >= 0)
		return v->integer;
	if (!v || v->type != JR_TEXT || v->n < 3 || v->n > 18 || v->text[0] != '0' || v->text[1] != 'x')
		return -1;
	for (uint32_t i = 2; i < v->n; i++) {
		char c = v->text[i] | 32;

		if (v->text[i] >= '0' && v->text[i] <= '9')
			value = value << 4 | (uint64_t)(v->text[i] - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return -1;
	}
	return value > INT64_MAX ? -1 : (int64_t)value;
}

static int is_true(const struct jr_value *v)
{
	return v && v->type == JR_TRUE;
}

/* A count that cannot be below 0; -1 not known. */
static int64_t count_of(const struct jr_value *v)
{
	int64_t n = jr_integer(v, -1);

	return n >= 0 ? n : -1;
}

static int small_of(const struct jr_value *v)
{
	int64_t n = jr_integer(v, -1);

	return n >= 0 && n <= INT32_MAX ? (int)n : -1;
}

static int members(const struct jr_value *v)
{
	int n = 0;

	for (v = v && v->type == JR_ARRAY ? v->first : NULL; v; v = v->next)
		n++;
	return n;
}

static const struct jr_value *first_of(const struct jr_value *v)
{
	return v && v->type == JR_ARRAY ? v->first : NULL;
}

/* ---- parts of a finding ------------------------------------------------------------------------------------------- */

static const char *build_id_of(struct arena *a, const struct jr_value *modules, const struct jr_value *name)
{
	for (const struct jr_value *m = name && name->type == JR_TEXT ? first_of(modules) : NULL; m; m = m->next) {
		const struct jr_value *its = jr_get(m, "name");

		if (its && its->type == JR_TEXT && its->n == name->n && !memcmp(its->text, name->text, its->n))
			return record_text(a, jr_get(m, "build_id"));
	}
	return NULL;
}

static struct finding_stack read_stack(struct arena *a, const struct jr_value *v, const struct jr_value *modules)
{
	struct finding_stack s = { NULL, members(v) };
	struct finding_frame *f;

	if (!s.n)
		return s;
	f = s.frames = arena_take(a, (size_t)s.n * sizeof(*s.frames));
	for (v = v->first; v; v = v->next, f++) {
		f->line = -1;
		f->offset = f->address = -1;
		if (v->type != JR_OBJECT)
			continue;
		for (const struct jr_value *m = v->first; m; m = m->next) {
			static const char names[][10] = { "function", "file", "line", "module", "build_id", "offset", "address", "user", "system",
							  "inlined" };
			unsigned i = 0;

			while (i < 10 && (strlen(names[i]) != m->nkey || memcmp(names[i], m->key, m->nkey)))
				i++;
			switch (i) {
			case 0: f->function = record_text(a, m); break;
			case 1: f->file = record_text(a, m); break;
			case 2: f->line = small_of(m); break;
			case 3:
				f->module = record_text(a, m);
				if (!f->build_id)
					f->build_id = build_id_of(a, modules, m);
				break;
			case 4: f->build_id = record_text(a, m); break;
			case 5: f->offset = number_of(m); break;
			case 6: f->address = number_of(m); break;
			case 7: f->user = (uint8_t)is_true(m); break;
			case 8: f->system = (uint8_t)is_true(m); break;
			case 9: f->inlined = (uint8_t)is_true(m); break;
			}
		}
	}
	return s;
}

static struct finding_lock read_lock(struct arena *a, const struct jr_value *v)
{
	struct finding_lock l = { record_text(a, jr_get(v, "type")), record_text(a, jr_get(v, "address")), is_true(jr_get(v, "shared")) };

	return l;
}

/* Index of the thread with that number. */
static int thread_index(const struct finding *f, const struct jr_value *number)
{
	int64_t n = jr_integer(number, -1);

	for (int i = 0; n >= 0 && i < f->nthreads; i++) {
		if (f->threads[i].number == n)
			return i;
	}
	return -1;
}

static void read_threads(struct arena *a, struct finding *f, const struct jr_value *v, const struct jr_value *modules)
{
	struct finding_thread *t;

	f->nthreads = members(v);
	if (!f->nthreads)
		return;
	t = f->threads = arena_take(a, (size_t)f->nthreads * sizeof(*f->threads));
	for (v = v->first; v; v = v->next, t++) {
		const struct jr_value *running = jr_get(v, "running");

		t->number = small_of(jr_get(v, "number"));
		t->name = record_text(a, jr_get(v, "name"));
		t->running = running ? is_true(running) : -1;
		t->parent = small_of(jr_get(v, "parent"));
		t->created = read_stack(a, jr_get(v, "created"), modules);
	}
}

static void read_access(struct arena *a, const struct finding *f, struct finding_access *to, const struct jr_value *v,
			const struct jr_value *modules)
{
	const struct jr_value *locks = jr_get(v, "locks"), *key = jr_get(v, "key");

	to->write = jr_is(jr_get(v, "access"), "write");
	to->operation = record_text(a, jr_get(v, "operation"));
	to->thread = thread_index(f, jr_get(v, "thread"));
	to->nlocks = members(locks);
	to->locks = to->nlocks ? arena_take(a, (size_t)to->nlocks * sizeof(*to->locks)) : NULL;
	locks = first_of(locks);
	for (int i = 0; i < to->nlocks; i++, locks = locks->next)
		to->locks[i] = read_lock(a, locks);
	to->held = small_of(jr_get(v, "locks_held"));
	to->key_type = record_text(a, jr_get(key, "type"));
	to->key = record_text(a, jr_get(key, "text"));
	if (!to->key && jr_is(jr_get(key, "text"), ""))
		to->key = "";
	to->key_cut = is_true(jr_get(key, "cut"));
	to->bucket = count_of(jr_get(v, "bucket"));
	to->context = record_text(a, jr_get(v, "context"));
	to->time_ns = count_of(jr_get(v, "time_ns"));
	to->stack = read_stack(a, jr_get(v, "stack"), modules);
}

static void no_access(struct finding_access *a)
{
	memset(a, 0, sizeof(*a));
	a->thread = a->held = -1;
	a->bucket = a->time_ns = -1;
}

static void read_map(struct arena *a, struct finding *f, const struct jr_value *v, const struct jr_value *modules)
{
	f->map_kind = record_text(a, jr_get(v, "kind"));
	f->map_address = record_text(a, jr_get(v, "address"));
	f->map_label = record_text(a, jr_get(v, "label"));
	f->location = record_text(a, jr_get(v, "location"));
	f->entries = count_of(jr_get(v, "entries"));
	f->buckets = count_of(jr_get(v, "buckets"));
	f->resize_from = count_of(jr_get(jr_get(v, "resize"), "from"));
	f->resize_to = count_of(jr_get(jr_get(v, "resize"), "to"));
	f->resize_entries = count_of(jr_get(jr_get(v, "resize"), "entries"));
	f->created_by = thread_index(f, jr_get(v, "created_by"));
	f->created = read_stack(a, jr_get(v, "created"), modules);
}

static void read_evidence(struct arena *a, struct finding *f, const struct jr_value *v)
{
	f->nevidence = members(v);
	f->evidence = f->nevidence ? arena_take(a, (size_t)f->nevidence * sizeof(*f->evidence)) : NULL;
	v = first_of(v);
	for (int i = 0; i < f->nevidence; i++, v = v->next) {
		f->evidence[i].kind = record_text(a, jr_get(v, "kind"));
		f->evidence[i].supports = is_true(jr_get(v, "supports"));
		f->evidence[i].count = count_of(jr_get(v, "count"));
		f->evidence[i].module = record_text(a, jr_get(v, "module"));
		f->evidence[i].text = record_text(a, jr_get(v, "text"));
		f->evidence[i].at = number_of(jr_get(v, "at"));
	}
}

static int read_kind(struct finding *f, const struct jr_value *v)
{
	for (unsigned k = FINDING_RACE; k <= FINDING_CHECK_THEN_ACT; k++) {
		if (v && v->type == JR_TEXT && !strcasecmp(v->text, finding_kind_name((enum finding_kind)k))) {
			f->kind = (enum finding_kind)k;
			return 1;
		}
	}
	return 0;
}

static void read_class(struct finding *f, const struct jr_value *v)
{
	f->class = CLASS_NONE;
	for (unsigned c = CLASS_POSSIBLE; f->kind == FINDING_RACE && c <= CLASS_CERTAIN; c++) {
		if (jr_is(v, finding_class_name((enum finding_class)c)))
			f->class = (enum finding_class)c;
	}
}

static void chain(struct fingerprint *p, const struct finding_stack *s)
{
	for (int i = 0; i < s->n; i++) {
		const struct finding_frame *f = &s->frames[i];

		fingerprint_frame(p, f->function, f->module, f->build_id, f->address);
	}
	fingerprint_chain_end(p);
}

void finding_fingerprint(const struct finding *f, char *digits)
{
	struct fingerprint p;

	fingerprint_begin(&p);
	chain(&p, &f->now.stack);
	if (f->has_before)
		chain(&p, &f->before.stack);
	fingerprint_end(&p, finding_kind_name(f->kind), f->map_kind, digits);
}

/* ---- lines -------------------------------------------------------------------------------------------------------- */

static const char *read_finding(struct arena *a, struct finding *f, const struct jr_value *v)
{
	const struct jr_value *accesses = first_of(jr_get(v, "accesses")), *modules = jr_get(v, "modules"), *counts, *usual;

	if (!read_kind(f, jr_get(v, "kind")))
		return "its kind of finding is not known";
	if (!accesses || accesses->type != JR_OBJECT)
		return "a finding without accesses";
	read_class(f, jr_get(v, "class"));
	counts = jr_get(v, "counts");
	f->counts = counts ? is_true(counts) : f->kind == FINDING_DEAD_MAP || f->class >= CLASS_LIKELY;
	f->severity = record_text(a, jr_get(v, "severity"));
	f->confidence = small_of(jr_get(v, "confidence"));
	f->cause = record_text(a, jr_get(v, "cause"));
	f->cause_text = record_text(a, jr_get(v, "cause_text"));
	f->verdict = record_text(a, jr_get(v, "verdict"));
	f->compound = record_text(a, jr_get(v, "compound"));
	f->text = whole_text(a, jr_get(v, "text"));
	f->program = record_text(a, jr_get(v, "program"));
	f->pid = count_of(jr_get(v, "pid"));
	f->sequence = count_of(jr_get(v, "sequence"));
	f->time = record_time(jr_get(v, "time"));
	f->gap_ns = count_of(jr_get(v, "gap_ns"));
	read_threads(a, f, jr_get(v, "threads"), modules);
	read_map(a, f, jr_get(v, "map"), modules);
	read_access(a, f, &f->now, accesses, modules);
	no_access(&f->before);
	f->has_before = accesses->next && accesses->next->type == JR_OBJECT;
	if (f->has_before)
		read_access(a, f, &f->before, accesses->next, modules);
	f->checked = read_stack(a, jr_get(v, "checked"), modules);
	usual = jr_get(v, "usual_lock");
	f->usual_lock = read_lock(a, usual);
	f->usual_held = count_of(jr_get(usual, "held"));
	f->usual_of = count_of(jr_get(usual, "of"));
	f->usual_lacks = record_text(a, jr_get(usual, "lacks"));
	read_evidence(a, f, jr_get(v, "evidence"));
	f->tags = record_tags(a, jr_get(v, "tags"));
	finding_fingerprint(f, f->fingerprint);
	return NULL;
}

/* Where the line had no room for the stacks, they cannot be asked: then what it says is taken. */
static void take_fingerprint(struct record_line *out, const struct jr_value *said, int cut)
{
	struct finding *f = &out->finding;

	out->differs = said && !jr_is(said, f->fingerprint);
	if (!cut || !said || said->type != JR_TEXT || said->n != FINGERPRINT_DIGITS ||
	    strspn(said->text, "0123456789abcdef") != FINGERPRINT_DIGITS)
		return;
	memcpy(f->fingerprint, said->text, FINGERPRINT_DIGITS);
	out->differs = 0;
}

static void read_process(struct arena *a, struct process *p, const struct jr_value *v)
{
	p->program = record_text(a, jr_get(v, "program"));
	p->path = record_text(a, jr_get(v, "path"));
	p->host = record_text(a, jr_get(v, "host"));
	p->version = record_text(a, jr_get(v, "librace"));
	p->pid = count_of(jr_get(v, "pid"));
	p->ppid = count_of(jr_get(v, "ppid"));
	p->start = record_time(jr_get(v, "time"));
	p->below_level = p->suppressed = -1;
	p->tags = record_tags(a, jr_get(v, "tags"));
}

static void bad(struct record_line *out, const char *what)
{
	out->type = RECORD_LINE_BAD;
	snprintf(out->why, sizeof(out->why), "%s", what);
}

void record_line_read(struct arena *a, char *text, size_t n, struct record_line *out)
{
	const struct jr_value *type, *schema;
	const struct jr_value *v;
	const char *why;
	size_t at;

	memset(out, 0, sizeof(*out));
	v = jr_read(a, text, n, &why, &at);
	if (!v) {
		out->type = RECORD_LINE_BAD;
		snprintf(out->why, sizeof(out->why), "byte %zu of the line: %s", at + 1, why);
		return;
	}
	type = jr_get(v, "type");
	schema = jr_get(v, "schema");
	if (!type || type->type != JR_TEXT)
		return bad(out, "no line of a record: it has no \"type\"");
	if (!schema || schema->type != JR_INTEGER || schema->integer < 1)
		return bad(out, "no line of a record: its \"schema\" is no whole number from 1 on");
	if (schema->integer > RECORD_SCHEMA) {
		out->type = RECORD_LINE_NEWER;
		snprintf(out->why, sizeof(out->why), "schema %lld is newer than this race (%d)", (long long)schema->integer, RECORD_SCHEMA);
		return;
	}
	out->type = RECORD_LINE_OTHER;
	if (jr_is(type, "finding")) {
		why = read_finding(a, &out->finding, v);
		if (why)
			return bad(out, why);
		take_fingerprint(out, jr_get(v, "fingerprint"), is_true(jr_get(v, "cut")));
		out->type = RECORD_LINE_FINDING;
	} else if (jr_is(type, "process")) {
		read_process(a, &out->process, v);
		out->type = RECORD_LINE_PROCESS;
	} else if (jr_is(type, "end")) {
		out->process.pid = count_of(jr_get(v, "pid"));
		out->process.findings = count_of(jr_get(v, "reports"));
		out->process.end = record_time(jr_get(v, "time"));
		out->process.suppressed = count_of(jr_get(v, "suppressed"));
		out->process.below_level = count_of(jr_get(v, "below_level"));
		out->type = RECORD_LINE_END;
	}
}
