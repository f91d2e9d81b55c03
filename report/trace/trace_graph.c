/* SPDX-License-Identifier: MIT */
/*
 * trace_graph.c - `race graph`: threads and maps of traces, or of findings alone, as DOT.
 *
 * From a trace come all threads and all maps that they touched; from records those that findings tell of.
 */
#include "trace_graph.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../findings/findings.h"
#include "trace_parts.h"
#include "trace_show.h"
#include "../verbs.h"
#include "../util/room.h"

/* How often each thread read and wrote each map. */
static void add_touches(struct graph *g, struct trace *t, const struct trace_filter *f, const char *process, const uint32_t *index)
{
	struct touch {
		uint32_t lane, map;
		uint64_t reads, writes;
	} *touches = NULL;
	struct table at = {0};
	uint32_t n = 0;

	for (uint32_t k = 0; k < t->nslices; k++) {
		const struct trace_slice *s = &t->slices[k];
		uint64_t key = (uint64_t)s->lane << 32 | s->map;
		uint32_t i;

		if (s->kind != SLICE_OP || s->created || !index[s->map] || !filter_slice(f, t, s))
			continue;
		i = table_get(&at, key);
		if (i == NOT_KNOWN) {
			touches = room_grow(touches, n, sizeof(*touches));
			touches[n] = (struct touch){s->lane, s->map, 0, 0};
			table_set(&at, key, n);
			i = n++;
		}
		touches[i].writes += s->write;
		touches[i].reads += !s->write;
	}
	for (uint32_t i = 0; i < n; i++)
		graph_touch(g, process, t->lanes[touches[i].lane].number, index[touches[i].map] - 1, touches[i].reads, touches[i].writes);
	free(touches);
	free(at.keys);
	free(at.values);
}

static void from_trace(struct graph *g, struct trace *t, const struct trace_filter *f)
{
	uint32_t *index = room((size_t)t->nmaps + 1, sizeof(*index));
	char process[80];

	snprintf(process, sizeof(process), "%.60s (%u)", trace_program(t), t->header.pid);
	for (uint32_t i = 0; i < t->nlanes; i++) {
		const struct trace_lane *l = &t->lanes[i];
		char name[60], *quote;

		if ((!l->seen && !l->known) || !filter_lane(f, t, i))
			continue;
		lane_name(t, i, name, sizeof(name));
		quote = strchr(name, '"');
		if (quote)
			quote[strlen(quote) - 1] = 0;
		graph_thread(g, process, l->number, quote ? quote + 1 : NULL,
			     l->number && l->parent != NOT_KNOWN ? (int64_t)l->parent : -1);
	}
	for (uint32_t m = 0; m < t->nmaps; m++) {
		char address[24];

		if (!t->maps[m].ops || !filter_map(f, t, m))
			continue;
		snprintf(address, sizeof(address), "0x%" PRIx64, t->maps[m].address);
		index[m] = 1 + graph_map(g, process, address, t->maps[m].gen, t->maps[m].kind, t->maps[m].label);
	}
	add_touches(g, t, f, process, index);
	for (uint32_t i = 0; i < t->nconflicts; i++) {
		const struct trace_conflict *c = &t->conflicts[i];

		if (!filter_conflict(f, t, c))
			continue;
		if (!index[c->map]) {
			char address[24];

			snprintf(address, sizeof(address), "0x%" PRIx64, t->maps[c->map].address);
			index[c->map] =
				1 + graph_map(g, process, address, t->maps[c->map].gen, t->maps[c->map].kind, t->maps[c->map].label);
		}
		if (c->now_lane != NOT_KNOWN)
			graph_race(g, process, t->lanes[c->now_lane].number, index[c->map] - 1, c->now_write);
		if (c->before_lane != NOT_KNOWN)
			graph_race(g, process, t->lanes[c->before_lane].number, index[c->map] - 1, c->before_write);
	}
	free(index);
}

static void from_finding(struct graph *g, const struct finding *f)
{
	const struct finding_access *const accesses[] = {&f->now, f->has_before ? &f->before : NULL};
	char process[80];
	uint32_t map;

	snprintf(process, sizeof(process), "%.60s (%" PRId64 ")", f->program ? f->program : "process", f->pid);
	map = graph_map(g, process, f->map_address ? f->map_address : "?", 0, f->map_kind, f->map_label);
	for (int i = 0; i < f->nthreads; i++)
		graph_thread(g, process, (uint32_t)f->threads[i].number, f->threads[i].name, f->threads[i].parent);
	for (int i = 0; i < 2; i++) {
		const struct finding_thread *t = accesses[i] ? finding_thread_of(f, accesses[i]) : NULL;

		if (t)
			graph_race(g, process, (uint32_t)t->number, map, accesses[i]->write);
	}
}

static int from_findings(struct graph *g, int n, char **names)
{
	struct findings set;
	int status = findings_load(&set, "graph", n, names);

	if (status)
		return status;
	for (size_t i = 0; i < set.ngroups; i++) {
		const struct finding *f = findings_get(&set, &set.groups[i]);

		if (f)
			from_finding(g, f);
		findings_release(&set);
	}
	findings_free(&set);
	return 0;
}

void trace_graph(FILE *to, struct trace *traces, int n, const struct trace_filter *f)
{
	struct graph *g = graph_new();

	for (int i = 0; g && i < n; i++)
		from_trace(g, &traces[i], f);
	if (g) {
		graph_write(to, g);
		graph_free(g);
	}
}

int graph_main(int argc, char **argv)
{
	struct trace_filter f = FILTER_NONE;
	char **rest = room((size_t)argc + 1, sizeof(*rest)), **others = room((size_t)argc + 1, sizeof(*others));
	struct trace *traces = NULL;
	int n = 0, nothers = 0, status = 0;

	for (int i = 0; i < argc && !status; i++) {
		int taken = filter_option(&f, "graph", argc, argv, &i);

		if (taken < 0)
			status = 2;
		else if (taken)
			continue;
		else if (argv[i][0] == '-' && argv[i][1])
			status = trace_bad_option("graph", argv[i]);
		else if (trace_is_one(argv[i]))
			rest[n++] = argv[i];
		else
			others[nothers++] = argv[i];
	}
	if (!status && nothers && !filter_is_all(&f)) {
		fputs("race graph: options that choose are for traces; records are drawn whole\n", stderr);
		status = 2;
	}
	if (!status) {
		struct graph *g = graph_new();

		traces = room((size_t)n + 1, sizeof(*traces));
		status = traces_load(traces, n, rest, "graph", &f);
		for (int i = 0; g && !status && i < n; i++)
			from_trace(g, &traces[i], &f);
		if (g && !status && (nothers || !n))
			status = from_findings(g, nothers, others);
		if (g && !status)
			graph_write(stdout, g);
		if (g)
			graph_free(g);
		traces_free(traces, n);
	}
	free(rest);
	free(others);
	return status;
}
