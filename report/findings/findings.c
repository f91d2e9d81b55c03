/* SPDX-License-Identifier: MIT */
/*
 * findings.c - many logs as one set of groups.
 *
 * Owns      the groups while they are gathered: by fingerprint, with the place of the first finding of each.
 * Memory    of a report nothing stays but its group (some 200 bytes); texts are read again when they are asked for.
 */
#include "findings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../preload/sys/fmt.h"
#include "findings_load.h"
#include "findings_record.h"
#include "findings_text.h"
#include "../util/room.h"

/* ---- groups ------------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(const char *fingerprint)
{
	uint64_t a, b;

	memcpy(&a, fingerprint, 8);
	memcpy(&b, fingerprint + 8, 8);
	return (a * 0x9e3779b97f4a7c15u ^ b) * 0xff51afd7ed558ccdu;
}

static uint32_t *slot_of(struct loader *l, const char *fingerprint)
{
	for (size_t i = hash_of(fingerprint) >> 20;; i++) {
		uint32_t *slot = &l->slot[i & (l->nslots - 1)];

		if (!*slot || !memcmp(l->set->groups[*slot - 1].fingerprint, fingerprint, FINGERPRINT_DIGITS))
			return slot;
	}
}

static struct group *group_of(struct loader *l, const struct finding *f)
{
	struct findings *set = l->set;
	struct group *g;
	uint32_t *slot;

	if (set->ngroups * 2 >= l->nslots) {
		l->nslots = l->nslots ? l->nslots * 2 : 1024;
		free(l->slot);
		l->slot = room(l->nslots, sizeof(*l->slot));
		for (size_t i = 0; i < set->ngroups; i++)
			*slot_of(l, set->groups[i].fingerprint) = (uint32_t)i + 1;
	}
	slot = slot_of(l, f->fingerprint);
	if (*slot)
		return &set->groups[*slot - 1];
	set->groups = room_grow(set->groups, set->ngroups, sizeof(*set->groups));
	g = &set->groups[set->ngroups++];
	*slot = (uint32_t)set->ngroups;
	memset(g, 0, sizeof(*g));
	memcpy(g->fingerprint, f->fingerprint, sizeof(g->fingerprint));
	return g;
}

/* Whether the group had not been seen in this process. */
static int new_pair(struct loader *l, uint64_t group, uint64_t process)
{
	uint64_t key = (group << 32 | process) + 1;

	if (l->npairs * 2 >= l->pairs_cap) {
		uint64_t *old = l->pair;
		size_t n = l->pairs_cap;

		l->pairs_cap = n ? n * 2 : 1024;
		l->pair = room(l->pairs_cap, sizeof(*l->pair));
		for (size_t k = 0; k < n; k++) {
			size_t i = old[k] * 0x9e3779b97f4a7c15u >> 20;

			if (!old[k])
				continue;
			while (l->pair[i & (l->pairs_cap - 1)])
				i++;
			l->pair[i & (l->pairs_cap - 1)] = old[k];
		}
		free(old);
	}
	for (size_t i = key * 0x9e3779b97f4a7c15u >> 20;; i++) {
		uint64_t *at = &l->pair[i & (l->pairs_cap - 1)];

		if (*at == key)
			return 0;
		if (!*at) {
			*at = key;
			l->npairs++;
			return 1;
		}
	}
}

#define TIME_BYTES 32

/* Times of one form, so that the order of the texts is that of time. */
static void widen(struct loader *l, struct group *g, const char *time)
{
	char **at[2] = { (char **)&g->first, (char **)&g->last };

	for (int i = 0; time && i < 2; i++) {
		int order = *at[i] ? strcmp(time, *at[i]) : 0;

		if (!*at[i])
			*at[i] = arena_take(&l->keep, TIME_BYTES);
		else if (i == 0 ? order >= 0 : order <= 0)
			continue;
		snprintf(*at[i], TIME_BYTES, "%s", time);
	}
}

static const char *kept(struct loader *l, const char *text)
{
	return text ? arena_copy(&l->keep, text, strlen(text)) : NULL;
}

static struct group *add_finding(struct loader *l, uint32_t source, uint32_t process, const struct finding *f, int64_t at, int64_t bytes, int64_t line)
{
	struct findings *set = l->set;
	struct group *g = group_of(l, f);
	struct process *p = &set->processes[process];

	set->reports++;
	l->source[source].findings++;
	p->findings++;
	if (!g->seen++) {
		g->kind = f->kind;
		g->source = source;
		g->process = process;
		g->at = at;
		g->bytes = bytes;
		g->line = line;
		/* one program has many findings: its name is kept once, if it is the process's own */
		g->program = !f->program || (p->program && !strcmp(p->program, f->program)) ? p->program : kept(l, f->program);
	}
	if (f->class > g->class)
		g->class = f->class;
	g->counts |= f->counts;
	g->processes += new_pair(l, (uint64_t)(g - set->groups), process);
	widen(l, g, f->time);
	return g;
}

/* ---- records ------------------------------------------------------------------------------------------------------ */

static uint32_t add_process(struct loader *l, uint32_t source, const struct process *from)
{
	struct findings *set = l->set;
	struct process *p;

	set->processes = room_grow(set->processes, set->nprocesses, sizeof(*set->processes));
	p = &set->processes[set->nprocesses++];
	*p = *from;
	p->program = kept(l, p->program);
	p->path = kept(l, p->path);
	p->start = kept(l, p->start);
	p->end = kept(l, p->end);
	p->host = kept(l, p->host);
	p->version = kept(l, p->version);
	p->source = l->source[source].path;
	p->findings = 0;
	if (p->tags) {
		const char **tags;
		size_t n = 0;

		while (p->tags[n])
			n++;
		tags = arena_take(&l->keep, (n + 1) * sizeof(*tags));
		for (size_t i = 0; i < n; i++)
			tags[i] = kept(l, from->tags[i]);
		p->tags = tags;
	}
	return (uint32_t)set->nprocesses - 1;
}

/* Records may have been written into one file one after another: the process of that id, the latest of this source. */
static int64_t process_by_pid(const struct loader *l, uint32_t source, int64_t pid)
{
	const struct findings *set = l->set;

	for (size_t i = set->nprocesses; i-- > 0 && set->processes[i].source == l->source[source].path;) {
		if (set->processes[i].pid == pid)
			return (int64_t)i;
	}
	return -1;
}

static int64_t process_of(struct loader *l, uint32_t source, const struct finding *f, int64_t current)
{
	const struct process *p = current >= 0 ? &l->set->processes[current] : NULL;
	int64_t other;

	if (p && p->source == l->source[source].path && (f->pid < 0 || f->pid == p->pid))
		return current;
	other = process_by_pid(l, source, f->pid);
	if (other < 0) {
		/* its first line is lost */
		struct process unknown = { .program = f->program, .pid = f->pid, .ppid = -1, .below_level = -1, .suppressed = -1 };

		other = add_process(l, source, &unknown);
	}
	return other;
}

/* line: where the process tells of its end */
static void process_ended(struct loader *l, uint32_t source, const struct process *end, int64_t line)
{
	int64_t i = process_by_pid(l, source, end->pid), lost;
	struct process *p;
	char what[160];

	if (i < 0)
		return;
	p = &l->set->processes[i];
	p->end = kept(l, end->end);
	p->suppressed = end->suppressed;
	p->below_level = end->below_level;
	lost = end->findings - p->findings;
	/* what could not be read has been told; a fingerprint that differs is told, too, but read */
	if (lost <= 0 || l->source[source].bad > (l->source[source].differs != 0))
		return;
	l->set->lost += lost;
	snprintf(what, sizeof(what), "the process wrote %ld report%s more than are here: was the disk full?", (long)lost, lost == 1 ? "" : "s");
	source_told(l, source, line, what);
}

/* One line; 0 when the rest of the file is not to be read. */
static int take_record(struct loader *l, uint32_t source, const struct line *line, int64_t *process)
{
	struct record_line r;

	record_line_read(&l->scratch, line->text, line->n, &r);
	switch (r.type) {
	case RECORD_LINE_BAD:
		source_told(l, source, line->number, line->whole ? r.why : "the record ends in the middle of a line");
		break;
	case RECORD_LINE_NEWER:
		source_told(l, source, line->number, r.why);
		return 0;
	case RECORD_LINE_PROCESS:
		*process = add_process(l, source, &r.process);
		break;
	case RECORD_LINE_FINDING:
		*process = process_of(l, source, &r.finding, *process);
		add_finding(l, source, (uint32_t)*process, &r.finding, line->offset, line->bytes, line->number);
		if (r.differs && !l->source[source].differs++)
			source_remark(l, source, line->number, "its fingerprint is not that of its stacks, which is taken instead");
		break;
	case RECORD_LINE_END:
		process_ended(l, source, &r.process, line->number);
		break;
	case RECORD_LINE_OTHER:
		break;
	}
	return 1;
}

/* ---- text logs ---------------------------------------------------------------------------------------------------- */

struct text_source {
	struct loader *l;
	uint32_t source;
	const char **prefix; /* of each process: lines of different jobs come from different ones */
	uint32_t *process;
	size_t n;
};

static uint32_t text_process(struct text_source *t, const char *prefix)
{
	struct process p = { .ppid = -1, .below_level = -1, .suppressed = -1 };
	size_t cap = t->n;

	for (size_t i = 0; i < t->n; i++) {
		if (!strcmp(t->prefix[i], prefix))
			return t->process[i];
	}
	source_facts(&t->l->keep, t->l->source[t->source].path, &p.program, &p.pid);
	t->prefix = room_grow(t->prefix, cap, sizeof(*t->prefix));
	t->process = room_grow(t->process, cap, sizeof(*t->process));
	t->prefix[t->n] = arena_copy(&t->l->keep, prefix, strlen(prefix));
	t->process[t->n] = add_process(t->l, t->source, &p);
	return t->process[t->n++];
}

/* Read again alone, the report would take the lines of another one that began before it and has the longer prefix. */
static void keep_lines(struct loader *l, struct group *g, const struct text_report *r)
{
	uint32_t *lines;

	if (r->numbers[r->nlines - 1] - r->line > UINT32_MAX)
		return;
	lines = arena_take(&l->keep, r->nlines * sizeof(*lines));
	for (size_t i = 0; i < r->nlines; i++)
		lines[i] = (uint32_t)(r->numbers[i] - r->line);
	g->lines = lines;
	g->nlines = (uint32_t)r->nlines;
}

static void text_found(void *state, const struct text_report *r, struct finding *f)
{
	struct text_source *t = state;

	struct group *g = add_finding(t->l, t->source, text_process(t, r->prefix), f, r->at, r->bytes, r->line);

	if (g->seen == 1 && r->numbers[r->nlines - 1] - r->line >= (int64_t)r->nlines)
		keep_lines(t->l, g, r);
}

static void text_told(void *state, int64_t line, const char *why)
{
	struct text_source *t = state;

	source_told(t->l, t->source, line, why);
}

/* ---- sources ------------------------------------------------------------------------------------------------------ */

static int ends(const char *s, const char *with)
{
	size_t n = strlen(s), k = strlen(with);

	return n > k && !strcmp(s + n - k, with);
}

/* The first line that is not empty decides: an object with a type is a record's. */
static int is_record(struct loader *l, const struct source *s, const struct line *line)
{
	const struct jr_value *v;
	const char *why;
	size_t at;
	char *copy;

	if (ends(s->path, ".jsonl"))
		return 1;
	if (!line->n || line->text[0] != '{')
		return 0;
	copy = arena_copy(&l->scratch, line->text, line->n);
	v = jr_read(&l->scratch, copy, line->n, &why, &at);
	/* a cut record is one, too */
	return v ? jr_get(v, "type") && jr_get(v, "schema") : !strncmp(line->text, "{\"type\":\"", 9);
}

static void read_source(struct loader *l, uint32_t source)
{
	struct text_source text = { .l = l, .source = source };
	const struct text_scan_calls calls = { text_found, text_told, &text };
	struct source *s = &l->source[source];
	struct text_scan *scan = NULL;
	int known = 0, records = 0, got;
	int64_t process = -1;
	struct lines lines;
	struct line line;
	const char *why;
	char what[200];

	if (source_open(l, source, &lines, &why) != 0) {
		snprintf(what, sizeof(what), "cannot be read: %s", why);
		source_told(l, source, 0, what);
		return;
	}
	while ((got = lines_next(&lines, &line)) > 0) {
		arena_reset(&l->scratch);
		if (line.too_long) {
			source_told(l, source, line.number, "a line of more than 16 MiB is passed over");
			continue;
		}
		if (!known && line.n) {
			known = 1;
			records = is_record(l, s, &line);
			s->is_text = !records;
			/* a log may hold any JSON, but does not begin with the first line of a document spread over many */
			if (!records && line.n == 1 && line.text[0] == '{')
				source_told(l, source, line.number, "this is a JSON document, not a record or a log; name the run's directory");
			if (!records)
				scan = text_scan_new(&calls);
		}
		if (records && line.n && !take_record(l, source, &line, &process))
			break;
		if (scan)
			text_scan_line(scan, &line);
	}
	if (got < 0) {
		snprintf(what, sizeof(what), "cannot be read any further: %m");
		source_told(l, source, line.number, what);
	}
	if (scan)
		text_scan_end(scan);
	free(text.prefix);
	free(text.process);
	lines_close(&lines);
}

/* NAME.txt where NAME.jsonl has told the same already. */
static int has_record(const struct loader *l, uint32_t source)
{
	const char *path = l->source[source].path;
	size_t n = strlen(path);

	if (!ends(path, ".txt"))
		return 0;
	for (uint32_t i = source; i-- > 0 && !strncmp(l->source[i].path, path, n - 4);) {
		if (!strcmp(l->source[i].path + n - 4, ".jsonl"))
			return l->source[i].findings > 0;
	}
	return 0;
}

static int by_weight(const void *x, const void *y)
{
	const struct group *a = x, *b = y;
	int order;

	if (a->counts != b->counts)
		return b->counts - a->counts;
	if (a->class != b->class)
		return a->class > b->class ? -1 : 1;
	order = strcmp(a->program ? a->program : "", b->program ? b->program : "");
	return order ? order : strcmp(a->fingerprint, b->fingerprint);
}

/* ---- processes ---------------------------------------------------------------------------------------------------- */

/* Of the same run on the same machine: a number is given again elsewhere. */
static int by_place(const struct process *a, const struct process *b)
{
	size_t na = (size_t)(path_base(a->source) - a->source), nb = (size_t)(path_base(b->source) - b->source);
	int order;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (na != nb)
		return na < nb ? -1 : 1;
	order = memcmp(a->source, b->source, na);
	return order ? order : strcmp(a->host ? a->host : "", b->host ? b->host : "");
}

static int by_start(const void *x, const void *y)
{
	const struct process *a = *(const struct process *const *)x, *b = *(const struct process *const *)y;
	int order = by_place(a, b);

	if (!order)
		order = strcmp(a->start ? a->start : "", b->start ? b->start : "");
	return order ? order : a < b ? -1 : a > b;
}

/* A program that becomes another one leaves a line without an end, and the next one has a line of its own, in another file when its
 * name is another. Both are one process for who counts them. */
static void count_processes(struct loader *l)
{
	struct findings *set = l->set;
	const struct process **sorted = room(set->nprocesses + 1, sizeof(*sorted));
	uint32_t *first = room(set->nprocesses + 1, sizeof(*first));
	uint64_t *pair = l->pair;
	size_t npairs = l->pairs_cap;

	for (size_t i = 0; i < set->nprocesses; i++)
		sorted[i] = &set->processes[i];
	if (set->nprocesses)
		qsort(sorted, set->nprocesses, sizeof(*sorted), by_start);
	for (size_t i = 0; i < set->nprocesses; i++) {
		const struct process *p = sorted[i], *before = i ? sorted[i - 1] : NULL;
		int again = before && p->start && before->start && !before->end && by_place(before, p) == 0;

		first[p - set->processes] = again ? first[before - set->processes] : (uint32_t)(p - set->processes);
		set->distinct += !again;
	}
	if (set->distinct < (int64_t)set->nprocesses) {
		l->pair = NULL;
		l->npairs = l->pairs_cap = 0;
		for (size_t i = 0; i < set->ngroups; i++)
			set->groups[i].processes = 0;
		for (size_t i = 0; i < npairs; i++) {
			uint64_t key = pair[i] - 1;

			if (pair[i])
				set->groups[key >> 32].processes += new_pair(l, key >> 32, first[(uint32_t)key]);
		}
		free(pair);
	}
	free(sorted);
	free(first);
}

int findings_load(struct findings *set, const char *verb, int n, char **names)
{
	struct loader *l = room(1, sizeof(*l));
	int64_t counted = 0;
	int status;

	memset(set, 0, sizeof(*set));
	set->command_status = -1;
	set->arena = l;
	l->verb = verb;
	l->set = set;
	l->input = -1;
	l->open.fd = -1;
	status = sources_expand(l, n, names);
	if (status) {
		findings_free(set);
		return status;
	}
	set->nsources = l->nsources;
	set->sources = arena_take(&l->keep, (l->nsources + 1) * sizeof(*set->sources));
	for (uint32_t i = 0; i < l->nsources; i++) {
		set->sources[i] = l->source[i].path;
		if (source_is_run(&l->source[i]))
			source_read_run(l, i);
		else if (!has_record(l, i))
			read_source(l, i);
	}
	count_processes(l);
	arena_free(&l->scratch);
	free(l->slot);
	free(l->pair);
	l->slot = NULL;
	l->pair = NULL;
	if (set->ngroups)
		qsort(set->groups, set->ngroups, sizeof(*set->groups), by_weight);
	for (size_t i = 0; i < set->ngroups; i++)
		counted += set->groups[i].counts;
	if (counted != set->gate.fresh + set->gate.known)
		set->gate.result = GATE_UNKNOWN;
	return 0;
}
