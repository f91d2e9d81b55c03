/* SPDX-License-Identifier: MIT */
/*
 * trace_filter.c - which slices of a trace are shown.
 */
#include "trace_filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../preload/sys/fmt.h"

static void complain(const char *verb, const char *what, const char *value, const char *allowed)
{
	char line[400];
	struct buf b = buf_on(line, sizeof(line));

	buf_fmt(&b, "race %s: %s ", verb, what);
	buf_quoted(&b, value, strnlen(value, 80));
	buf_fmt(&b, "; %s; `race help %s` tells more\n", allowed, verb);
	fputs(line, stderr);
}

int parse_duration(const char *s, int64_t *ns)
{
	static const struct {
		const char *unit;
		int64_t ns;
	} units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 }, { "m", 60000000000 }, { "", 1 } };
	int64_t whole = 0, part = 0, digits = 1;

	if (*s < '0' || *s > '9')
		return 0;
	for (; *s >= '0' && *s <= '9'; s++) {
		if (whole > 1000000000000)
			return 0;
		whole = whole * 10 + (*s - '0');
	}
	if (*s == '.') {
		for (s++; *s >= '0' && *s <= '9'; s++) {
			if (digits < 1000000000) {
				part = part * 10 + (*s - '0');
				digits *= 10;
			}
		}
	}
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(s, units[i].unit))
			continue;
		if (whole > INT64_MAX / 4 / units[i].ns)
			return 0;
		*ns = whole * units[i].ns + (int64_t)((__int128)part * units[i].ns / digits);
		return 1;
	}
	return 0;
}

const char *option_value(const char *verb, const char *name, int argc, char **argv, int *i)
{
	size_t n = strlen(name);

	if (strncmp(argv[*i], name, n))
		return NULL;
	if (argv[*i][n] == '=')
		return argv[*i] + n + 1;
	if (argv[*i][n])
		return NULL;
	if (*i + 1 < argc)
		return argv[++*i];
	fprintf(stderr, "race %s: %s needs a value; `race help %s` tells which\n", verb, name, verb);
	*i = argc;
	return "";
}

int filter_option(struct trace_filter *f, const char *verb, int argc, char **argv, int *i)
{
	const struct {
		const char *name;
		const char **text;
		int64_t *ns;
	} options[] = {
		{ "--map", &f->map, NULL },       { "--op", &f->op, NULL },     { "--tid", &f->tid, NULL }, { "--lib", &f->lib, NULL },
		{ "--window", NULL, &f->window }, { "--from", NULL, &f->from }, { "--to", NULL, &f->to },
	};

	for (unsigned k = 0; k < sizeof(options) / sizeof(options[0]); k++) {
		const char *value = option_value(verb, options[k].name, argc, argv, i);

		if (!value)
			continue;
		if (*i >= argc)
			return -1;
		if (!*value || (options[k].ns && !parse_duration(value, options[k].ns))) {
			char what[40];

			snprintf(what, sizeof(what), "%s cannot be", options[k].name);
			complain(verb, what, value, options[k].ns ? "a time such as 250ns, 10us, 5ms or 1.5s" : "a name or a pattern with * and ?");
			return -1;
		}
		if (options[k].text)
			*options[k].text = value;
		return 1;
	}
	return 0;
}

int filter_is_all(const struct trace_filter *f)
{
	return !f->map && !f->op && !f->tid && !f->lib && f->window < 0 && f->from < 0 && f->to < 0;
}

static int matches(const char *pattern, const char *s)
{
	return glob_match(pattern, strlen(pattern), s, strlen(s));
}

int filter_map(const struct trace_filter *f, const struct trace *t, uint32_t map)
{
	char address[24];

	if (!f->map)
		return 1;
	if (map == NOT_KNOWN)
		return 0;
	snprintf(address, sizeof(address), "0x%lx", (unsigned long)t->maps[map].address);
	return matches(f->map, address) || matches(f->map, address + 2) || matches(f->map, t->maps[map].kind) ||
	       (t->maps[map].label[0] && matches(f->map, t->maps[map].label));
}

int filter_lane(const struct trace_filter *f, const struct trace *t, uint32_t lane)
{
	const struct trace_lane *l;
	char number[16];

	if (!f->tid)
		return 1;
	if (lane == NOT_KNOWN)
		return 0;
	l = &t->lanes[lane];
	snprintf(number, sizeof(number), "%u", l->number);
	if (f->tid[0] >= '0' && f->tid[0] <= '9')
		return !strcmp(f->tid, number);
	return (l->number == 0 && !strcmp(f->tid, "main")) || (l->name[0] && matches(f->tid, l->name));
}

int filter_time(const struct trace_filter *f, int64_t begin, int64_t end)
{
	return (f->from < 0 || end >= f->from) && (f->to < 0 || begin <= f->to);
}

static int has_lib(const struct trace_filter *f, struct trace *t, uint32_t stack)
{
	struct trace_frame frames[64];
	unsigned n = trace_frames(t, stack, frames, 64);

	for (unsigned i = 0; i < n; i++) {
		if (frames[i].module && matches(f->lib, frames[i].module))
			return 1;
	}
	return 0;
}

static int op_matches(const struct trace_filter *f, const struct trace *t, const struct trace_slice *s)
{
	return matches(f->op, slice_name(t, s)) || (s->kind == SLICE_OP && !strcmp(f->op, role_name(t->ops[s->id].role)));
}

int filter_slice(const struct trace_filter *f, struct trace *t, const struct trace_slice *s)
{
	if (!filter_time(f, s->begin, s->end) || !filter_lane(f, t, s->lane) || !filter_map(f, t, s->map))
		return 0;
	if (f->op && !op_matches(f, t, s))
		return 0;
	if (f->window >= 0 && !s->near_conflict)
		return 0;
	return !f->lib || (s->stack != NOT_KNOWN && has_lib(f, t, s->stack));
}

int filter_conflict(const struct trace_filter *f, struct trace *t, const struct trace_conflict *c)
{
	int64_t at = c->now_at >= 0 ? c->now_at : c->before_at;

	if (!filter_map(f, t, c->map) || (at >= 0 && !filter_time(f, at, at)))
		return 0;
	if (f->tid && !filter_lane(f, t, c->now_lane) && !filter_lane(f, t, c->before_lane))
		return 0;
	if (f->op && !(c->now_slice != NOT_KNOWN && op_matches(f, t, &t->slices[c->now_slice])) &&
	    !(c->before_slice != NOT_KNOWN && op_matches(f, t, &t->slices[c->before_slice])))
		return 0;
	return !f->lib || (c->now_stack != NOT_KNOWN && has_lib(f, t, c->now_stack)) ||
	       (c->before_stack != NOT_KNOWN && has_lib(f, t, c->before_stack));
}

/* Slices are in the order of their begins; a long one may begin far before the window. */
static void mark(struct trace *t, int64_t from, int64_t to)
{
	for (uint32_t i = 0; i < t->nslices && t->slices[i].begin <= to; i++) {
		if (t->slices[i].end >= from)
			t->slices[i].near_conflict = 1;
	}
}

void filter_prepare(const struct trace_filter *f, struct trace *t)
{
	if (f->window < 0)
		return;
	for (uint32_t i = 0; i < t->nconflicts; i++) {
		const struct trace_conflict *c = &t->conflicts[i];
		const uint32_t slices[] = { c->now_slice, c->before_slice };

		for (int k = 0; k < 2; k++) {
			if (slices[k] != NOT_KNOWN)
				mark(t, t->slices[slices[k]].begin - f->window, t->slices[slices[k]].end + f->window);
		}
	}
}
