/* SPDX-License-Identifier: MIT */
/*
 * tell.c - the phrases that all formats for people share, and the text they are built in.
 *
 * Invariant nothing from a record is written but by pen_put().
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tell.h"
#include "../util/room.h"

FILE *text_begin(struct text *t)
{
	*t = (struct text){ NULL, 0, NULL };
	t->to = open_memstream(&t->at, &t->n);
	if (!t->to)
		room_none();
	return t->to;
}

char *text_end(struct text *t)
{
	if (fclose(t->to) || !t->at)
		room_none();
	return t->at;
}

/* ---- marks without a shape ------------------------------------------------------------------------------------------ */

static const struct { uint32_t from, to; } shapeless[] = {
	{ 0x00, 0x08 }, { 0x0b, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
};

/* One character of valid UTF-8; of anything else one byte, as U+FFFD. */
static size_t character(const unsigned char *s, uint32_t *c)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	*c = n == 1 ? s[0] : s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			*c = 0xfffd;
			return 1;
		}
		*c = *c << 6 | (s[i] & 0x3f);
	}
	if (s[0] >= 0xf5 || *c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000)) {
		*c = 0xfffd;
		return 1;
	}
	return n;
}

static int has_shape(uint32_t c)
{
	for (size_t i = 0; i < sizeof(shapeless) / sizeof(shapeless[0]); i++) {
		if (c >= shapeless[i].from && c <= shapeless[i].to)
			return 0;
	}
	return 1;
}

char *tell_shown(const char *s)
{
	struct text t;
	FILE *to = text_begin(&t);
	uint32_t c;
	size_t n;

	for (; *s; s += n) {
		n = character((const unsigned char *)s, &c);
		if (c == 0xfffd)
			fputs("\xef\xbf\xbd", to);
		else if (has_shape(c))
			fwrite(s, 1, n, to);
		else
			fprintf(to, "<U+%04" PRIX32 ">", c);
	}
	return text_end(&t);
}

/* ---- pens ----------------------------------------------------------------------------------------------------------- */

static void plain(FILE *to, const char *text, size_t n)
{
	fwrite(text, 1, n, to);
}

struct pen pen_plain(FILE *to)
{
	return (struct pen){ to, plain, NULL };
}

/* A line end in a foreign text would leave a table or a line of a list. */
static void one_line(char *s)
{
	for (; *s; s++) {
		if (*s == '\n' || *s == '\t')
			*s = ' ';
	}
}

void pen_put(struct pen *p, const char *format, ...)
{
	va_list ap;
	char *raw, *shown;

	va_start(ap, format);
	if (vasprintf(&raw, format, ap) < 0)
		room_none();
	va_end(ap);
	shown = tell_shown(raw);
	one_line(shown);
	if (shown[0])
		p->foreign(p->to, shown, strlen(shown));
	free(shown);
	free(raw);
}

void pen_say(struct pen *p, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vfprintf(p->to, format, ap);
	va_end(ap);
}

/* ---- phrases -------------------------------------------------------------------------------------------------------- */

void tell_thread(struct pen *p, const struct finding_thread *t)
{
	if (!t || t->number < 0)
		pen_say(p, "unknown thread");
	else if (t->number == 0)
		pen_say(p, "main thread");
	else
		pen_say(p, "thread %d", t->number);
	if (t && t->number > 0 && t->name) {
		pen_say(p, " ");
		pen_put(p, "\"%s\"", t->name);
	}
}

void tell_thread_of(struct pen *p, const struct finding *f, const struct finding_access *a)
{
	tell_thread(p, finding_thread_of(f, a));
}

void tell_place(struct pen *p, const struct finding_frame *fr)
{
	if (fr->file && fr->line > 0)
		pen_put(p, "%s:%d", p->options ? format_path(p->options, fr->file) : fr->file, fr->line);
	else if (fr->file)
		pen_put(p, "%s", p->options ? format_path(p->options, fr->file) : fr->file);
	else if (fr->module && fr->offset >= 0)
		pen_put(p, "%s +0x%" PRIx64, fr->module, fr->offset);
	else if (fr->module)
		pen_put(p, "%s", fr->module);
	else
		pen_say(p, "unknown place");
}

void tell_where(struct pen *p, const struct finding_stack *s)
{
	const struct finding_frame *fr = finding_user_frame(s);

	if (!fr) {
		pen_say(p, "a place that is not known");
		return;
	}
	if (fr->function) {
		pen_put(p, "%s()", fr->function);
		pen_say(p, " at ");
	}
	tell_place(p, fr);
}

static int same_place(const struct finding_frame *a, const struct finding_frame *b)
{
	const char *x = a && a->function ? a->function : "", *y = b && b->function ? b->function : "";
	const char *v = a && a->file ? a->file : "", *w = b && b->file ? b->file : "";

	return a && b && !strcmp(x, y) && !strcmp(v, w) && a->line == b->line && (a->file || a->offset == b->offset);
}

void tell_sides(struct pen *p, const struct finding *f, int now, int before)
{
	if (now && before && same_place(finding_user_frame(&f->now.stack), finding_user_frame(&f->before.stack)))
		before = 0;
	if (now)
		tell_where(p, &f->now.stack);
	if (before) {
		pen_say(p, now ? " and " : "");
		tell_where(p, &f->before.stack);
	}
}

void tell_lock(struct pen *p, const struct finding_lock *l)
{
	pen_put(p, "%s%s%s", l->type ? l->type : "lock", l->address ? " " : "", l->address ? l->address : "");
	if (l->shared)
		pen_say(p, " (read)");
}

void tell_locks(struct pen *p, const struct finding_access *a)
{
	if (a->nlocks == 0) {
		pen_say(p, a->held == 0 ? "no lock" : a->held > 0 ? "%d locks" : "locks not known", a->held);
		return;
	}
	for (int i = 0; i < a->nlocks; i++) {
		pen_say(p, i ? " and " : "");
		tell_lock(p, &a->locks[i]);
	}
	if (a->held > a->nlocks)
		pen_say(p, " and %d more", a->held - a->nlocks);
}

void tell_map(struct pen *p, const struct finding *f)
{
	if (f->map_kind)
		pen_put(p, "%s", f->map_kind);
	else
		pen_say(p, "a map");
	if (f->map_label) {
		pen_say(p, " ");
		pen_put(p, "\"%s\"", f->map_label);
	}
}

void tell_key(struct pen *p, const struct finding_access *a)
{
	if (!a->key)
		return;
	if (!a->key_type || !strcmp(a->key_type, "string"))
		pen_put(p, "\"%s\"", a->key);
	else
		pen_put(p, "%s", a->key);
}

void tell_time(struct pen *p, int64_t ns)
{
	if (ns < 1000)
		pen_say(p, "%" PRId64 " ns", ns);
	else if (ns < 1000000)
		pen_say(p, "%" PRId64 ".%" PRId64 " us", ns / 1000, ns / 100 % 10);
	else if (ns < 1000000000)
		pen_say(p, "%" PRId64 ".%" PRId64 " ms", ns / 1000000, ns / 100000 % 10);
	else
		pen_say(p, "%" PRId64 ".%" PRId64 " s", ns / 1000000000, ns / 100000000 % 10);
}

void tell_apart(struct pen *p, const struct finding *f)
{
	int inside = f->kind == FINDING_RACE && f->class == CLASS_CERTAIN;

	if (f->gap_ns > 0) {
		tell_time(p, f->gap_ns);
		pen_say(p, inside ? " later, " : " later");
	} else if (!inside) {
		pen_say(p, f->gap_ns < 0 ? "at a time that is not known" : "in the same nanosecond, as far as the clock can tell");
	}
	if (inside)
		pen_say(p, "while the other call was still inside the map");
}

const char *tell_access(const struct finding_access *a)
{
	return a->write ? "write" : "read";
}

static const char *kind_words(enum finding_kind kind)
{
	static const char *const words[] = { "data race", "use of a dead map", "stale iterator", "check, then act" };

	return words[kind];
}

const char *tell_rule(enum finding_kind kind)
{
	static const char *const rules[] = { "data-race", "use-of-dead-map", "stale-iterator", "check-then-act" };

	return rules[kind];
}

void tell_class(struct pen *p, const struct finding *f)
{
	pen_say(p, "%s", kind_words(f->kind));
	if (f->class != CLASS_NONE && f->kind == FINDING_RACE)
		pen_say(p, ", %s", finding_class_name(f->class));
	if (f->severity) {
		pen_say(p, ", severity ");
		pen_put(p, "%s", f->severity);
	}
	if (f->confidence >= 0)
		pen_say(p, ", confidence %d of 100", f->confidence);
	if (!f->counts)
		pen_say(p, ", not counted");
}

static void in_function(struct pen *p, const char *joint, const struct finding_stack *s)
{
	const struct finding_frame *fr = finding_user_frame(s);

	pen_say(p, "%s in ", joint);
	if (fr && fr->function)
		pen_put(p, "%s()", fr->function);
	else if (fr && fr->module)
		pen_put(p, "%s+0x%" PRIx64, fr->module, fr->address >= 0 ? fr->address : fr->offset);
	else
		pen_say(p, fr ? "an unknown function" : "an unknown place");
}

/* The same words as finding_headline(), with quoting for the pen's format. */
void tell_headline(struct pen *p, const struct finding *f)
{
	static const char *const begin[] = { NULL, "Use of destroyed ", "Stale iterator of ", "Check, then act on " };
	static const char *const joint[] = { NULL, ", destroyed", " after a change", " is torn by" };

	pen_say(p, "%s", f->kind != FINDING_RACE ? begin[f->kind] : f->now.write ? "Write to " : "Read of ");
	tell_map(p, f);
	in_function(p, "", &f->now.stack);
	if (!f->has_before)
		return;
	if (f->kind == FINDING_RACE)
		pen_say(p, " races with %s", tell_access(&f->before));
	in_function(p, f->kind == FINDING_RACE ? "" : joint[f->kind], &f->before.stack);
}

const struct finding_stack *tell_created(const struct finding_thread *t)
{
	return t && t->number > 0 && t->created.n > 0 ? &t->created : NULL;
}

static const struct finding_frame *with_file(const struct finding_stack *s)
{
	const struct finding_frame *fr = finding_user_frame(s);

	if (fr && fr->file)
		return fr;
	for (int i = 0; i < s->n; i++) {
		if (s->frames[i].file && !s->frames[i].system)
			return &s->frames[i];
	}
	return NULL;
}

const struct finding_frame *tell_source(const struct finding *f)
{
	const struct finding_frame *fr = with_file(&f->now.stack);

	return fr || !f->has_before ? fr : with_file(&f->before.stack);
}

const struct group *tell_next(const struct findings *set, int all, size_t *at)
{
	while (*at < set->ngroups) {
		const struct group *g = &set->groups[(*at)++];

		if (all || g->counts)
			return g;
	}
	return NULL;
}

int tell_options(int argc, char **argv, struct format_options *o, const char *verb)
{
	int left = 0;

	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "--source-root=", 14)) {
			o->source_root = argv[i] + 14;
		} else if (!strcmp(argv[i], "--source-root") && i + 1 < argc) {
			o->source_root = argv[++i];
		} else if (argv[i][0] == '-' && argv[i][1]) {
			char *shown = tell_shown(argv[i]);

			fprintf(stderr, "race %s: unknown option %.60s; `race help %s` lists what there is\n", verb, shown, verb);
			free(shown);
			return -1;
		} else {
			argv[left++] = argv[i];
		}
	}
	return left;
}
