/* SPDX-License-Identifier: MIT */
/*
 * trace_flame.c - `race flame`: folded stacks, outermost frame first: `main;worker;cache_put;g_hash_table_insert 120`.
 *
 * Weights    calls: operations; time: ns inside them, without operations inside them and without librace's own pauses; wait: ns in calls
 *            that waited for a lock. The sums are those of `race profile`.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace_parts.h"
#include "trace_show.h"
#include "../verbs.h"
#include "../util/room.h"

struct line {
	char *text;
	uint64_t n;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->text, ((const struct line *)b)->text);
}

static void put_frame(FILE *to, const char *name)
{
	for (; *name; name++)
		putc(*name == ';' ? ':' : *name, to);
}

static char *fold(struct trace *t, uint32_t stack, const char *leaf)
{
	struct trace_frame f[64];
	unsigned n = stack == NOT_KNOWN ? 0 : trace_frames(t, stack, f, 64);
	char *text = NULL;
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);

	if (!to)
		return NULL;
	if (!n)
		fputs("[unknown]", to);
	for (unsigned i = n; i-- > 0;) {
		put_frame(to, f[i].name);
		if (i)
			putc(';', to);
	}
	if (leaf) {
		putc(';', to);
		put_frame(to, leaf);
	}
	fclose(to);
	return text;
}

static uint64_t weight_of(const struct trace *t, const struct trace_slice *s, enum flame_weight weight)
{
	const struct trace_callee *c;

	if (weight != FLAME_WAIT)
		return s->kind != SLICE_OP || s->created ? 0 : weight == FLAME_CALLS ? 1 : (uint64_t)s->own;
	c = s->kind == SLICE_CALL ? &t->calls[s->id] : NULL;
	return c && s->waited && s->ok && !s->again && (c->role == CALL_TAKE || c->role == CALL_TAKE_SHARED) ? (uint64_t)(s->end - s->begin)
													     : 0;
}

void trace_flame(FILE *to, struct trace *traces, int n, const struct trace_filter *f, enum flame_weight weight)
{
	struct line *lines = NULL;
	uint32_t nlines = 0;

	for (int i = 0; i < n; i++) {
		struct trace *t = &traces[i];
		struct table seen = {0};

		for (uint32_t k = 0; k < t->nslices; k++) {
			const struct trace_slice *s = &t->slices[k];
			uint64_t w = weight_of(t, s, weight), key = (uint64_t)s->stack << 20 | (uint64_t)s->kind << 16 | s->id;
			/* an operation stands in its stack already */
			const char *leaf =
				s->kind == SLICE_OP && s->stack != NOT_KNOWN && t->stacks[s->stack].op == s->id ? NULL : slice_name(t, s);
			uint32_t at;

			if (!w || !filter_slice(f, t, s))
				continue;
			at = table_get(&seen, key);
			if (at == NOT_KNOWN) {
				lines = room_grow(lines, nlines, sizeof(*lines));
				lines[nlines] = (struct line){fold(t, s->stack, leaf), 0};
				if (!lines[nlines].text)
					continue;
				table_set(&seen, key, nlines);
				at = nlines++;
			}
			lines[at].n += w;
		}
		free(seen.keys);
		free(seen.values);
	}
	if (nlines)
		qsort(lines, nlines, sizeof(*lines), by_text);
	for (uint32_t i = 0; i < nlines; i++) {
		while (i + 1 < nlines && !strcmp(lines[i].text, lines[i + 1].text)) {
			lines[i + 1].n += lines[i].n;
			free(lines[i++].text);
		}
		fprintf(to, "%s %" PRIu64 "\n", lines[i].text, lines[i].n);
		free(lines[i].text);
	}
	free(lines);
}

int flame_main(int argc, char **argv)
{
	static const char *const words[] = {"calls", "time", "wait"};
	struct trace_filter f = FILTER_NONE;
	char **rest = room((size_t)argc + 1, sizeof(*rest));
	int n = 0, status = 0, weight = FLAME_CALLS;

	for (int i = 0; i < argc && !status; i++) {
		int taken = filter_option(&f, "flame", argc, argv, &i);
		const char *value;

		if (taken < 0) {
			status = 2;
		} else if (taken) {
			continue;
		} else if ((value = option_value("flame", "--weight", argc, argv, &i))) {
			for (weight = 0; weight < 3 && strcmp(value, words[weight]); weight++)
				;
			if (weight == 3) {
				if (i < argc)
					fputs("race flame: --weight is one of calls, time, wait\n", stderr);
				status = 2;
			}
		} else if (argv[i][0] == '-' && argv[i][1]) {
			status = trace_bad_option("flame", argv[i]);
		} else {
			rest[n++] = argv[i];
		}
	}
	if (!status && !n)
		status = trace_no_file("flame");
	if (!status) {
		struct trace *traces = room((size_t)n, sizeof(*traces));

		status = traces_load(traces, n, rest, "flame", &f);
		if (!status)
			trace_flame(stdout, traces, n, &f, (enum flame_weight)weight);
		traces_free(traces, n);
	}
	free(rest);
	return status;
}
