/* SPDX-License-Identifier: MIT */
/*
 * findings_report.c - one report's text as a finding.
 *
 * Strict: every line has to be the one that the grammar of docs/REPORTS.md has in that place. A report with something else in it, or
 * without its end, is none.
 */
#include <string.h>

#include "findings_record.h"
#include "findings_text.h"
#include "../symbolize/log.h"

struct parser {
	struct arena *arena;
	const char *at, *end;
	const char *line; /* the current one, without its newline */
	size_t n;
	int number;
	struct finding *f;
};

#define THREADS 64

/* ---- lines and words ---------------------------------------------------------------------------------------------- */

static int peek(struct parser *p)
{
	if (p->at == p->end)
		return 0;
	p->line = p->at;
	p->n = log_line(p->at, p->end);
	if (p->line[p->n - 1] == '\n')
		p->n--;
	return 1;
}

static void next(struct parser *p)
{
	p->at += log_line(p->at, p->end);
	p->number++;
}

static int begins(const struct parser *p, const char *with)
{
	return log_begins(p->line, p->n, with);
}

static int is_line(struct parser *p, const char *text)
{
	return peek(p) && p->n == strlen(text) && !memcmp(p->line, text, p->n);
}

struct words {
	const char *at, *end;
};

static struct words behind(const struct parser *p, const char *head)
{
	struct words w = { p->line + strlen(head), p->line + p->n };

	return w;
}

static int skip(struct words *w, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(w->end - w->at) < n || memcmp(w->at, text, n))
		return 0;
	w->at += n;
	return 1;
}

static int number(struct words *w, int64_t *out)
{
	const char *start = w->at;
	int64_t value = 0;

	while (w->at < w->end && *w->at >= '0' && *w->at <= '9' && w->at - start < 18)
		value = value * 10 + (*w->at++ - '0');
	*out = value;
	return w->at > start;
}

/* "0x55d0": the text of it. */
static const char *address(struct parser *p, struct words *w)
{
	const char *start = w->at;
	uint64_t value;

	if (!skip(w, "0x"))
		return NULL;
	while (w->at < w->end && ((*w->at >= '0' && *w->at <= '9') || (*w->at >= 'a' && *w->at <= 'f')))
		w->at++;
	return log_address(start, (size_t)(w->at - start), &value) && w->at - start > 2 ? arena_copy(p->arena, start, (size_t)(w->at - start))
											 : NULL;
}

/* "..." with \x22 and \x5c in it, as quoted by reports. */
static int quoted(struct parser *p, struct words *w, const char **out)
{
	const char *close;
	char *to;

	if (!skip(w, "\""))
		return 0;
	close = memchr(w->at, '"', (size_t)(w->end - w->at));
	if (!close)
		return 0;
	*out = to = arena_copy(p->arena, w->at, (size_t)(close - w->at));
	for (const char *s = *out; *s; s++) {
		if (!strncmp(s, "\\x22", 4) || !strncmp(s, "\\x5c", 4)) {
			*to++ = s[2] == '2' ? '"' : '\\';
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = 0;
	w->at = close + 1;
	return 1;
}

static int at_end(const struct words *w)
{
	return w->at == w->end;
}

static const char *rest(struct parser *p, struct words *w)
{
	const char *start = w->at;

	w->at = w->end;
	return start < w->end ? arena_copy(p->arena, start, (size_t)(w->end - start)) : NULL;
}

/* ---- threads and stacks ------------------------------------------------------------------------------------------- */

/* Index of the thread, which is added when it is new; -1 unknown. */
static int thread_number(struct parser *p, int64_t n)
{
	struct finding *f = p->f;

	for (int i = 0; i < f->nthreads; i++) {
		if (f->threads[i].number == n)
			return i;
	}
	if (f->nthreads == THREADS || n > INT32_MAX)
		return -1;
	f->threads[f->nthreads].number = (int)n;
	f->threads[f->nthreads].running = f->threads[f->nthreads].parent = -1;
	return f->nthreads++;
}

/* "main thread", "thread 3", "unknown thread" */
static int thread(struct parser *p, struct words *w, int *index)
{
	int64_t n;

	*index = -1;
	if (skip(w, "main thread")) {
		*index = thread_number(p, 0);
		return 1;
	}
	if (skip(w, "unknown thread"))
		return 1;
	if (!skip(w, "thread ") || !number(w, &n))
		return 0;
	*index = thread_number(p, n);
	return 1;
}

/* the same with ` "name"` where it has one */
static int named_thread(struct parser *p, struct words *w, int *index)
{
	const char *name;

	if (!thread(p, w, index))
		return 0;
	if (w->end - w->at < 2 || memcmp(w->at, " \"", 2))
		return 1;
	w->at++;
	if (!quoted(p, w, &name))
		return 0;
	if (*index >= 0 && *name)
		p->f->threads[*index].name = name;
	return 1;
}

static void frame(struct parser *p, const struct log_frame *from, struct finding_frame *to)
{
	const char *where = arena_copy(p->arena, from->where, from->nwhere);
	char *colon;

	to->function = from->nname == 4 && !memcmp(from->name, "??", 2) ? NULL : arena_copy(p->arena, from->name, from->nname - 2);
	to->line = -1;
	to->offset = from->offset <= INT64_MAX ? (int64_t)from->offset : -1;
	to->address = -1;
	to->user = (uint8_t)from->marked;
	if (from->is_line) {
		int64_t line;
		struct words w;

		colon = strrchr(where, ':');
		w = (struct words){ colon + 1, colon + 1 + strlen(colon + 1) };
		*colon = 0;
		to->file = where;
		to->line = number(&w, &line) && at_end(&w) && line <= INT32_MAX ? (int)line : -1;
	} else if (strchr(where, '/')) {
		to->file = where;
	} else if (strcmp(where, "??")) {
		to->module = where;
		to->address = to->offset; /* offsets into modules are addresses in the file */
	}
}

static int stack(struct parser *p, struct finding_stack *s)
{
	struct log_frame f;
	const char *at = p->at;
	size_t n;

	s->n = 0;
	if (is_line(p, "  [failed to restore the stack]")) {
		next(p);
		return 1;
	}
	while (at < p->end && (n = log_frame(&f, at, p->end)) != 0) {
		at += n;
		s->n++;
	}
	s->frames = s->n ? arena_take(p->arena, (size_t)s->n * sizeof(*s->frames)) : NULL;
	for (int i = 0; i < s->n; i++) {
		log_frame(&f, p->at, p->end);
		frame(p, &f, &s->frames[i]);
		next(p);
		next(p);
	}
	return s->n > 0;
}

static int blank(struct parser *p)
{
	if (!is_line(p, ""))
		return 0;
	next(p);
	return 1;
}

/* ---- the lines of a report ---------------------------------------------------------------------------------------- */

static int kind_line(struct parser *p)
{
	struct words w;
	size_t n;

	if (!peek(p) || !begins(p, "WARNING: "))
		return 0;
	w = behind(p, "WARNING: ");
	n = (size_t)(w.end - w.at);
	for (unsigned k = FINDING_RACE; k <= FINDING_CHECK_THEN_ACT; k++) {
		const char *name = finding_kind_name((enum finding_kind)k);

		if (strlen(name) == n && !memcmp(name, w.at, n)) {
			p->f->kind = (enum finding_kind)k;
			next(p);
			return 1;
		}
	}
	return 0;
}

/* The line, its stack, and the empty line behind it. 1; 0 it is none; -1 it is a bad one. */
static int access_lines(struct parser *p, const char *read, const char *write, struct finding_access *a)
{
	struct words w;
	const char *map;

	if (!peek(p) || !(begins(p, read) || begins(p, write)))
		return 0;
	a->write = begins(p, write);
	w = behind(p, a->write ? write : read);
	map = address(p, &w);
	if (!map || !skip(&w, " by ") || !named_thread(p, &w, &a->thread) || !skip(&w, ":") || !at_end(&w))
		return -1;
	p->f->map_address = map;
	next(p);
	if (!stack(p, &a->stack))
		return -1;
	if (a->stack.n)
		a->operation = a->stack.frames[0].function;
	return blank(p) ? 1 : -1;
}

static int checked_lines(struct parser *p)
{
	struct words w;
	int who;

	if (!peek(p) || !begins(p, "Checked by "))
		return 1;
	w = behind(p, "Checked by ");
	if (!named_thread(p, &w, &who) || !skip(&w, " at:") || !at_end(&w))
		return 0;
	next(p);
	return stack(p, &p->f->checked) && blank(p);
}

/* "Map: GHashTable 0x55d0c0a4f2a0, 214 entries, "session cache"" */
static int map_line(struct parser *p)
{
	struct words w;
	const char *kind, *space, *at = NULL;

	if (!peek(p) || !begins(p, "Map: "))
		return 0;
	w = behind(p, "Map: ");
	kind = w.at;
	for (space = kind; (space = memmem(space, (size_t)(w.end - space), " 0x", 3)) != NULL; space++) {
		w.at = space + 1;
		at = address(p, &w);
		if (at && (at_end(&w) || *w.at == ','))
			break;
		at = NULL;
	}
	if (!at || space == kind)
		return 0;
	p->f->map_kind = arena_copy(p->arena, kind, (size_t)(space - kind));
	if (skip(&w, ", ") && w.at < w.end && *w.at != '"') {
		if (!number(&w, &p->f->entries) || !(skip(&w, " entries") || skip(&w, " entry")))
			return 0;
		if (!at_end(&w) && !skip(&w, ", "))
			return 0;
	}
	if (!at_end(&w) && (!quoted(p, &w, &p->f->map_label) || !at_end(&w)))
		return 0;
	if (p->f->map_label && !*p->f->map_label)
		p->f->map_label = NULL;
	next(p);
	return 1;
}

static int bucket_line(struct parser *p)
{
	struct finding *f = p->f;
	struct words w;

	if (!peek(p) || !begins(p, "Bucket: "))
		return 1;
	w = behind(p, "Bucket: ");
	if (!number(&w, &f->now.bucket) || (skip(&w, " of ") && !number(&w, &f->buckets)))
		return 0;
	if (skip(&w, ", same bucket"))
		f->before.bucket = f->now.bucket;
	else if (!skip(&w, ", different buckets"))
		return 0;
	next(p);
	return at_end(&w);
}

static int key_text(struct parser *p, struct words *w, struct finding_access *a)
{
	const char *start = w->at;
	int64_t value;

	if (w->at < w->end && *w->at == '"') {
		if (!quoted(p, w, &a->key))
			return 0;
		a->key_type = "string";
		a->key_cut = skip(w, "...");
		return 1;
	}
	if ((a->key = address(p, w)) != NULL) {
		a->key_type = "pointer";
		return 1;
	}
	w->at = start;
	skip(w, "-");
	if (!number(w, &value))
		return 0;
	a->key = arena_copy(p->arena, start, (size_t)(w->at - start));
	a->key_type = "int";
	return 1;
}

static int key_line(struct parser *p)
{
	struct words w;
	int previous;

	if (!peek(p) || !begins(p, "Key: "))
		return 1;
	w = behind(p, "Key: ");
	previous = skip(&w, "previous ");
	if (!previous && !key_text(p, &w, &p->f->now))
		return 0;
	if (!previous && !at_end(&w))
		previous = skip(&w, " | previous ") || skip(&w, "; previous ");
	if (previous && !key_text(p, &w, &p->f->before))
		return 0;
	next(p);
	return at_end(&w);
}

static int created_lines(struct parser *p)
{
	struct words w;

	if (!peek(p) || !begins(p, "Created by "))
		return 1;
	w = behind(p, "Created by ");
	if (!named_thread(p, &w, &p->f->created_by) || !skip(&w, " at:") || !at_end(&w))
		return 0;
	next(p);
	return stack(p, &p->f->created);
}

static int lock_words(struct parser *p, struct words *w, struct finding_lock *l)
{
	static const char *const types[] = { "mutex", "rwlock", "spin lock", "lock" };

	for (unsigned i = 0; i < 4; i++) {
		if (!skip(w, types[i]))
			continue;
		l->type = types[i];
		if (!skip(w, " ") || !(l->address = address(p, w)))
			return 0;
		l->shared = skip(w, " (read)");
		return 1;
	}
	return 0;
}

/* "thread 3 none", "main thread mutex 0x10, rwlock 0x20 (read), and 2 more" */
static int locks_of(struct parser *p, struct words *w, struct finding_access *a)
{
	int64_t more;
	int who;

	if (!thread(p, w, &who) || !skip(w, " "))
		return 0;
	a->held = -1;
	if (skip(w, "unknown"))
		return 1;
	a->held = 0;
	if (skip(w, "none"))
		return 1;
	a->locks = arena_take(p->arena, 16 * sizeof(*a->locks));
	do {
		if (a->nlocks && skip(w, "and ")) {
			if (!number(w, &more) || !skip(w, " more") || more > 1 << 20)
				return 0;
			a->held += (int)more;
			return 1;
		}
		if (a->nlocks == 16 || !lock_words(p, w, &a->locks[a->nlocks]))
			return 0;
		a->nlocks++;
		a->held++;
	} while (skip(w, ", "));
	return 1;
}

static int locks_line(struct parser *p)
{
	struct words w;

	if (!peek(p) || !begins(p, "Locks held: "))
		return 0;
	w = behind(p, "Locks held: ");
	if (!locks_of(p, &w, &p->f->now) || (skip(&w, "; ") && !locks_of(p, &w, &p->f->before)))
		return 0;
	next(p);
	return at_end(&w);
}

static int usual_line(struct parser *p)
{
	struct words w;

	if (!peek(p) || !begins(p, "Usual lock: "))
		return 1;
	w = behind(p, "Usual lock: ");
	if (!lock_words(p, &w, &p->f->usual_lock) || !skip(&w, ", held in ") || !number(&w, &p->f->usual_held) || !skip(&w, " of ") ||
	    !number(&w, &p->f->usual_of) || !skip(&w, " accesses"))
		return 0;
	next(p);
	return at_end(&w);
}

static int context_line(struct parser *p)
{
	struct finding *f = p->f;
	struct words w;

	if (!peek(p) || !begins(p, "Context: "))
		return 1;
	w = behind(p, "Context: ");
	do {
		const char *text;
		int who;

		if (!thread(p, &w, &who) || !skip(&w, " ") || !quoted(p, &w, &text))
			return 0;
		if (who == f->now.thread && !f->now.context)
			f->now.context = text;
		else
			f->before.context = text;
	} while (skip(&w, "; "));
	next(p);
	return at_end(&w);
}

/* "likely: because; entries; severity low, confidence 80" */
static int verdict_line(struct parser *p)
{
	static const char *const severities[] = { "high", "medium", "low" };
	struct finding *f = p->f;
	enum finding_class class = CLASS_NONE;
	struct words w;
	const char *tail = NULL;
	int64_t confidence;

	if (!peek(p) || !begins(p, "Verdict: "))
		return 0;
	w = behind(p, "Verdict: ");
	f->verdict = arena_copy(p->arena, w.at, (size_t)(w.end - w.at));
	for (unsigned c = CLASS_POSSIBLE; c <= CLASS_CERTAIN && class == CLASS_NONE; c++) {
		if (skip(&w, finding_class_name((enum finding_class)c)))
			class = (enum finding_class)c;
	}
	if (class == CLASS_NONE || !skip(&w, ": "))
		return 0;
	f->class = f->kind == FINDING_RACE ? class : CLASS_NONE;
	f->counts = class > CLASS_POSSIBLE; /* other kinds are printed only where they count */
	for (const char *s = w.at; (s = memmem(s, (size_t)(w.end - s), "; severity ", 11)) != NULL; s++)
		tail = s + 11;
	next(p);
	if (!tail)
		return 1;
	w.at = tail;
	for (unsigned i = 0; i < 3; i++) {
		if (skip(&w, severities[i]))
			f->severity = severities[i];
	}
	if (skip(&w, ", confidence ") && number(&w, &confidence) && confidence <= 100)
		f->confidence = (int)confidence;
	return 1;
}

static int cause_line(struct parser *p)
{
	struct words w;
	const char *start;

	if (!peek(p) || !begins(p, "Cause: "))
		return 0;
	w = behind(p, "Cause: ");
	start = w.at;
	while (w.at < w.end && ((*w.at >= 'a' && *w.at <= 'z') || *w.at == '-'))
		w.at++;
	p->f->cause = w.at > start ? arena_copy(p->arena, start, (size_t)(w.at - start)) : NULL;
	if (!p->f->cause || !skip(&w, ": "))
		return 0;
	p->f->cause_text = rest(p, &w);
	next(p);
	return 1;
}

static int time_line(struct parser *p)
{
	static const struct {
		const char *unit;
		int64_t ns;
	} units[] = { { " ns apart", 1 }, { " us apart", 1000 }, { " ms apart", 1000000 }, { " s apart", 1000000000 } };
	struct words w;
	int64_t whole, tenth = 0;

	if (!peek(p) || !begins(p, "Time: "))
		return 1;
	w = behind(p, "Time: ");
	if (!number(&w, &whole) || whole > 1000000000 || (skip(&w, ".") && (!number(&w, &tenth) || tenth > 9)))
		return 0;
	for (unsigned i = 0; i < 4; i++) {
		if (!skip(&w, units[i].unit))
			continue;
		p->f->gap_ns = whole * units[i].ns + tenth * (units[i].ns / 10);
		next(p);
		return at_end(&w);
	}
	return 0;
}

/* An empty line, and `Thread 3 "worker-1" (running) created at:` with its stack; as often as there are any. */
static int threads_lines(struct parser *p)
{
	while (is_line(p, "")) {
		struct finding_thread nobody, *t;
		struct words w;
		const char *name = NULL;
		int64_t n;
		int i, running;

		next(p);
		if (!peek(p) || !begins(p, "Thread "))
			return 0;
		w = behind(p, "Thread ");
		if (!number(&w, &n) || !skip(&w, " ") || (w.at < w.end && *w.at == '"' && !(quoted(p, &w, &name) && skip(&w, " "))))
			return 0;
		running = skip(&w, "(running)");
		if ((!running && !skip(&w, "(finished)")) || !skip(&w, " created at:") || !at_end(&w))
			return 0;
		next(p);
		i = thread_number(p, n);
		t = i >= 0 ? &p->f->threads[i] : &nobody;
		if (name && *name)
			t->name = name;
		t->running = running;
		if (!stack(p, &t->created))
			return 0;
	}
	return 1;
}

static int lines(struct parser *p)
{
	struct finding *f = p->f;
	int previous;

	if (!is_line(p, "=================="))
		return 0;
	next(p);
	if (!kind_line(p) || access_lines(p, "Read at ", "Write at ", &f->now) != 1)
		return 0;
	previous = access_lines(p, "Previous read at ", "Previous write at ", &f->before);
	f->has_before = previous == 1;
	if (previous < 0 || !checked_lines(p) || !map_line(p) || !bucket_line(p) || !key_line(p) || !created_lines(p))
		return 0;
	if (peek(p) && begins(p, "Location: ")) {
		struct words w = behind(p, "Location: ");

		f->location = rest(p, &w);
		next(p);
	}
	return locks_line(p) && usual_line(p) && context_line(p) && verdict_line(p) && cause_line(p) && time_line(p) && threads_lines(p);
}

/* The first line of a frame is as good as any; then it is the second that is not. */
static int bad_line(struct parser *p)
{
	return p->number + (peek(p) && p->n > 4 && begins(p, "  ") && p->line[2] != ' ' &&
			    (!memcmp(p->line + p->n - 2, "()", 2) || !memcmp(p->line + p->n - 4, " <--", 4)));
}

int report_parse(struct arena *a, const char *text, size_t n, struct finding *f)
{
	struct parser p = { a, text, text + n, NULL, 0, 1, f };
	int whole;

	memset(f, 0, sizeof(*f));
	f->confidence = -1;
	f->pid = f->sequence = f->gap_ns = f->entries = f->buckets = f->resize_from = f->resize_to = f->resize_entries = -1;
	f->created_by = -1;
	f->usual_held = f->usual_of = -1;
	f->now.thread = f->before.thread = f->now.held = f->before.held = -1;
	f->now.bucket = f->before.bucket = f->now.time_ns = f->before.time_ns = -1;
	f->threads = arena_take(a, THREADS * sizeof(*f->threads));
	whole = lines(&p);
	/* librace itself had no room for the rest */
	if (!whole && f->map_address && is_line(&p, "  [report cut: too long]")) {
		next(&p);
		whole = 1;
	}
	if (!whole || !is_line(&p, "=================="))
		return bad_line(&p);
	next(&p);
	if (p.at != p.end)
		return p.number;
	f->text = arena_copy(a, text, n);
	finding_fingerprint(f, f->fingerprint);
	return 0;
}
