/* SPDX-License-Identifier: MIT */
/*
 * findings_get.c - a group's first finding, read again from where it lies; and groups by what people type.
 *
 * The file may have changed since: what is there now has to have the group's fingerprint, or it is gone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../preload/sys/fmt.h"
#include "findings_load.h"
#include "findings_record.h"
#include "findings_text.h"

static struct lines *opened(struct loader *l, const struct group *g)
{
	const char *why;

	if (l->open_source != g->source + 1) {
		lines_close(&l->open);
		l->open_source = 0;
		if (source_open(l, g->source, &l->open, &why) != 0)
			return NULL;
		l->open_source = g->source + 1;
	}
	return lines_seek(&l->open, g->at, g->line) == 0 ? &l->open : NULL;
}

static struct finding *get_record(struct loader *l, const struct group *g, struct lines *lines)
{
	struct record_line *r;
	char *text = arena_take(&l->got, (size_t)g->bytes + 1);
	ssize_t n = pread(lines->fd, text, (size_t)g->bytes, g->at);

	if (n < g->bytes)
		return NULL;
	n -= n > 0 && text[n - 1] == '\n';
	r = arena_take(&l->got, sizeof(*r));
	record_line_read(&l->got, text, (size_t)n, r);
	return r->type == RECORD_LINE_FINDING ? &r->finding : NULL;
}

/* ---- out of a text log -------------------------------------------------------------------------------------------- */

struct wanted {
	struct loader *l;
	int64_t line;
	struct finding *f;
};

static void text_found(void *state, const struct text_report *r, struct finding *f)
{
	struct wanted *w = state;

	if (w->f || r->line != w->line)
		return;
	w->f = arena_take(&w->l->got, sizeof(*w->f));
	report_parse(&w->l->got, r->text, r->n, w->f); /* the scanner's own lies in memory of the scanner's */
}

static void text_told(void *state, int64_t line, const char *why)
{
}

static struct finding *get_text(struct loader *l, const struct group *g, struct lines *lines)
{
	struct wanted w = { l, g->line, NULL };
	const struct text_scan_calls calls = { text_found, text_told, &w };
	struct text_scan *scan = text_scan_new(&calls);
	struct line line;
	uint32_t own = 0;

	while (lines_next(lines, &line) > 0 && line.offset < g->at + g->bytes) {
		if (g->lines && (own == g->nlines || line.number - g->line != g->lines[own]))
			continue;
		own++;
		if (!line.too_long)
			text_scan_line(scan, &line);
	}
	text_scan_end(scan);
	if (w.f)
		source_facts(&l->got, l->source[g->source].path, &w.f->program, &w.f->pid);
	return w.f;
}

/* ---- what others call ---------------------------------------------------------------------------------------------- */

const struct finding *findings_get(struct findings *set, const struct group *g)
{
	struct loader *l = set->arena;
	struct lines *lines = opened(l, g);
	struct finding *f = NULL;

	if (lines)
		f = l->source[g->source].is_text ? get_text(l, g, lines) : get_record(l, g, lines);
	if (!f || memcmp(f->fingerprint, g->fingerprint, FINGERPRINT_DIGITS)) {
		source_told(l, g->source, g->line, "the finding that was here is gone: the file has changed meanwhile");
		return NULL;
	}
	return f;
}

void findings_release(struct findings *set)
{
	arena_reset(&((struct loader *)set->arena)->got);
}

void findings_free(struct findings *set)
{
	struct loader *l = set->arena;

	if (!l)
		return;
	lines_close(&l->open);
	if (l->input >= 0)
		close(l->input);
	arena_free(&l->keep);
	arena_free(&l->scratch);
	arena_free(&l->got);
	free(l->slot);
	free(l->pair);
	free(l->source);
	free(l);
	free(set->groups);
	free(set->processes);
	memset(set, 0, sizeof(*set));
}

const struct group *findings_find(const struct findings *set, const char *verb, const char *id)
{
	const struct group *found = NULL;
	size_t n = strlen(id), hits = 0;
	char line[600];
	struct buf b = buf_on(line, sizeof(line));
	uint64_t number;

	if (id[0] == '#' && parse_u64(id + 1, n - 1, 1, UINT32_MAX, &number)) {
		if (number <= set->ngroups)
			return &set->groups[number - 1];
		buf_fmt(&b, "race %s: there is no finding %s, but %lu; `race report` lists them\n", verb, id, (unsigned long)set->ngroups);
		fputs(line, stderr);
		return NULL;
	}
	if (n && n <= FINGERPRINT_DIGITS && strspn(id, "0123456789abcdefABCDEF") == n) {
		for (size_t i = 0; i < set->ngroups; i++) {
			if (!strncasecmp(set->groups[i].fingerprint, id, n)) {
				found = &set->groups[i];
				hits++;
			}
		}
	}
	if (hits == 1)
		return found;
	buf_fmt(&b, "race %s: ", verb);
	if (hits) {
		buf_fmt(&b, "%lu findings begin with %s; type more digits", (unsigned long)hits, id);
	} else {
		buf_quoted(&b, id, n < 60 ? n : 60);
		buf_str(&b, " is no finding here; the first digits of a fingerprint are needed, or #1 for the first: `race report` lists them");
	}
	fprintf(stderr, "%s\n", line);
	return NULL;
}
