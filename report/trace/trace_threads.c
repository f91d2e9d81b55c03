/* SPDX-License-Identifier: MIT */
/*
 * trace_threads.c - the threads of a process at the end of its trace: who made them, what they hold, which operations they are inside, and
 * what they did last.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "trace_show.h"
#include "../util/room.h"

static int by_number(const void *a, const void *b)
{
	const struct trace_lane *x = *(const struct trace_lane *const *)a, *y = *(const struct trace_lane *const *)b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static void put_stack(FILE *to, struct trace *t, uint32_t stack, const char *indent)
{
	struct trace_frame f[32];
	unsigned n = stack == NOT_KNOWN ? 0 : trace_frames(t, stack, f, 32);

	for (unsigned i = 0; i < n; i++)
		fprintf(to, "%s%s (%s)\n", indent, f[i].name, f[i].module);
}

static void put_lane(FILE *to, struct trace *t, uint32_t lane)
{
	const struct trace_lane *l = &t->lanes[lane];
	const struct trace_slice *last = NULL;
	char name[80], a[32];

	lane_name(t, lane, name, sizeof(name));
	fprintf(to, "\n%s, kernel's number %u: %s", name, l->kernel, l->gone ? "ended" : "running");
	if (l->context[0])
		fprintf(to, ", context \"%s\"", l->context);
	fputs("\n", to);
	if (l->number && l->parent != NOT_KNOWN) {
		fprintf(to, "  created by thread %u at:\n", l->parent);
		put_stack(to, t, l->stack, "    ");
	}
	for (uint32_t i = 0; i < l->nheld; i++)
		fprintf(to, "  holds 0x%" PRIx64 "%s for %s\n", l->held[i].lock, l->held[i].shared ? " (shared)" : "",
			time_text(t->end - l->held[i].since, a, sizeof(a)));
	for (uint32_t i = 0; i < t->nslices; i++) {
		const struct trace_slice *s = &t->slices[i];
		char map[160];

		if (s->lane != lane)
			continue;
		last = s;
		if (!s->unfinished)
			continue;
		map_name(t, s->map, map, sizeof(map));
		fprintf(to, "  inside %s on %s for %s:\n", slice_name(t, s), map, time_text(s->end - s->begin, a, sizeof(a)));
		put_stack(to, t, s->stack, "    ");
	}
	if (last && !last->unfinished && !l->gone)
		fprintf(to, "  last call %s, %s before the end of the trace\n", slice_name(t, last), time_text(t->end - last->end, a, sizeof(a)));
}

void trace_threads(FILE *to, struct trace *traces, int n)
{
	for (int i = 0; i < n; i++) {
		struct trace *t = &traces[i];
		const struct trace_lane **order = room((size_t)t->nlanes + 1, sizeof(*order));
		char program[300];
		struct buf b = buf_on(program, sizeof(program));

		buf_clean(&b, t->header.program);
		fprintf(to, "%sprocess %u, %s\n", i ? "\n" : "", t->header.pid, program);
		for (uint32_t k = 0; k < t->nlanes; k++)
			order[k] = &t->lanes[k];
		qsort(order, t->nlanes, sizeof(*order), by_number);
		for (uint32_t k = 0; k < t->nlanes; k++) {
			if (order[k]->seen)
				put_lane(to, t, (uint32_t)(order[k] - t->lanes));
		}
		free(order);
	}
}
