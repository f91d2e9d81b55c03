/* SPDX-License-Identifier: MIT */
/*
 * trace_dot.c - collects threads and maps, and writes them as DOT.
 *
 * Order      processes, threads by number, maps by the order in which they were met. Addresses stand in tooltips only, so that two runs of a
 *            program give the same picture.
 * Bounds     at most MAPS_SHOWN maps and THREADS_SHOWN threads are drawn, those that race first; the rest is a number.
 */
#include "trace_graph.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace_read.h"
#include "../util/room.h"

#define MAPS_SHOWN 60
#define THREADS_SHOWN 80

struct node {
	char process[80], name[40];
	uint32_t number, id; /* id: in the picture */
	int64_t parent;
	uint8_t races, used, shown;
};
struct map {
	char process[80], address[24], kind[40], label[56];
	uint32_t life;
	uint64_t touched;
	uint8_t races, shown;
};
struct edge {
	uint32_t thread, map, order;
	uint64_t reads, writes;
	uint8_t races, writes_in_race;
};

struct graph {
	struct node *threads;
	struct map *maps;
	struct edge *edges;
	uint32_t nthreads, nmaps, nedges;
};

struct graph *graph_new(void)
{
	return room(1, sizeof(struct graph));
}

void graph_free(struct graph *g)
{
	free(g->threads);
	free(g->maps);
	free(g->edges);
	free(g);
}

static void copy(char *to, size_t cap, const char *from)
{
	snprintf(to, cap, "%s", from ? from : "");
}

static uint32_t thread_of(struct graph *g, const char *process, uint32_t number)
{
	struct node *n;

	for (uint32_t i = g->nthreads; i-- > 0;) {
		if (g->threads[i].number == number && !strcmp(g->threads[i].process, process))
			return i;
	}
	g->threads = room_grow(g->threads, g->nthreads, sizeof(*g->threads));
	n = &g->threads[g->nthreads];
	memset(n, 0, sizeof(*n));
	copy(n->process, sizeof(n->process), process);
	n->number = number;
	n->parent = -1;
	return g->nthreads++;
}

void graph_thread(struct graph *g, const char *process, uint32_t number, const char *name, int64_t parent)
{
	uint32_t i = thread_of(g, process, number);

	if (name && *name)
		copy(g->threads[i].name, sizeof(g->threads[i].name), name);
	if (parent >= 0 && number) {
		g->threads[i].parent = parent;
		thread_of(g, process, (uint32_t)parent);
	}
}

uint32_t graph_map(struct graph *g, const char *process, const char *address, uint32_t life, const char *kind, const char *label)
{
	struct map *m;
	uint32_t i;

	for (i = g->nmaps; i-- > 0;) {
		if (g->maps[i].life == life && !strcmp(g->maps[i].address, address) && !strcmp(g->maps[i].process, process))
			break;
	}
	if (i == UINT32_MAX) {
		g->maps = room_grow(g->maps, g->nmaps, sizeof(*g->maps));
		i = g->nmaps++;
		memset(&g->maps[i], 0, sizeof(g->maps[i]));
		copy(g->maps[i].process, sizeof(g->maps[i].process), process);
		copy(g->maps[i].address, sizeof(g->maps[i].address), address);
		g->maps[i].life = life;
	}
	m = &g->maps[i];
	if (kind && *kind)
		copy(m->kind, sizeof(m->kind), kind);
	if (label && *label)
		copy(m->label, sizeof(m->label), label);
	return i;
}

static struct edge *edge_of(struct graph *g, const char *process, uint32_t number, uint32_t map)
{
	uint32_t thread = thread_of(g, process, number);

	g->threads[thread].used = 1;
	for (uint32_t i = 0; i < g->nedges; i++) {
		if (g->edges[i].thread == thread && g->edges[i].map == map)
			return &g->edges[i];
	}
	g->edges = room_grow(g->edges, g->nedges, sizeof(*g->edges));
	memset(&g->edges[g->nedges], 0, sizeof(*g->edges));
	g->edges[g->nedges].thread = thread;
	g->edges[g->nedges].map = map;
	return &g->edges[g->nedges++];
}

void graph_touch(struct graph *g, const char *process, uint32_t thread, uint32_t map, uint64_t reads, uint64_t writes)
{
	struct edge *e = edge_of(g, process, thread, map);

	e->reads += reads;
	e->writes += writes;
	g->maps[map].touched += reads + writes;
}

void graph_race(struct graph *g, const char *process, uint32_t thread, uint32_t map, int write)
{
	struct edge *e = edge_of(g, process, thread, map);

	e->races = 1;
	e->writes_in_race |= write != 0;
	g->maps[map].races = 1;
	g->threads[e->thread].races = 1;
}

/* ---- writing ------------------------------------------------------------------------------------------------------------------------------- */

static void quoted(FILE *to, const char *s)
{
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			putc('\\', to);
		putc(*s, to);
	}
}

static int map_rank(const struct map *a, const struct map *b)
{
	if (a->races != b->races)
		return a->races ? -1 : 1;
	return a->touched != b->touched ? (a->touched > b->touched ? -1 : 1) : 0;
}

/* The ones that race, then those that are used most. */
static uint32_t choose_maps(struct graph *g)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < g->nmaps; i++) {
		uint32_t better = 0;

		for (uint32_t k = 0; k < g->nmaps && better < MAPS_SHOWN; k++) {
			int rank = map_rank(&g->maps[k], &g->maps[i]);

			better += rank < 0 || (rank == 0 && k < i);
		}
		g->maps[i].shown = better < MAPS_SHOWN;
		left += !g->maps[i].shown;
	}
	return left;
}

static void show_with_parents(struct graph *g, uint32_t i, uint32_t *room)
{
	while (!g->threads[i].shown && *room) {
		g->threads[i].shown = 1;
		--*room;
		if (g->threads[i].parent < 0)
			return;
		i = thread_of(g, g->threads[i].process, (uint32_t)g->threads[i].parent);
	}
}

static uint32_t choose_threads(struct graph *g)
{
	uint32_t room = THREADS_SHOWN, left = 0;

	for (int pass = 0; pass < 3; pass++) {
		for (uint32_t i = 0; i < g->nthreads; i++) {
			if (pass == 2 || (pass == 1 && g->threads[i].used) || g->threads[i].races)
				show_with_parents(g, i, &room);
		}
	}
	for (uint32_t i = 0; i < g->nthreads; i++)
		left += !g->threads[i].shown;
	return left;
}

static int by_number(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a, *y = *(const struct node *const *)b;
	int c = strcmp(x->process, y->process);

	return c ? c : x->number < y->number ? -1 : x->number > y->number;
}

static void put_thread(FILE *to, const struct node *n)
{
	fprintf(to, "\t\tt%u [label=\"", n->id);
	if (n->number == 0)
		fputs("main thread", to);
	else
		fprintf(to, "thread %u", n->number);
	if (n->number && n->name[0]) {
		fputs("\\n", to);
		quoted(to, n->name);
	}
	fprintf(to, "\"%s];\n", n->races ? ", color=\"#c00000\", penwidth=2" : "");
}

static void put_process(FILE *to, struct graph *g, const struct node **order, uint32_t n, uint32_t from)
{
	const char *process = order[from]->process;

	char label[80];

	/* the number tells processes apart, and one alone is told better without */
	copy(label, sizeof(label), process);
	if (!strcmp(process, order[0]->process) && !strcmp(process, order[n - 1]->process))
		label[strcspn(label, " ")] = 0;
	fprintf(to, "\tsubgraph cluster_%u {\n\t\tlabel=\"", from);
	quoted(to, label);
	fputs("\"; color=\"#999999\";\n", to);
	for (uint32_t i = from; i < n && !strcmp(order[i]->process, process); i++) {
		if (order[i]->shown)
			put_thread(to, order[i]);
	}
	for (uint32_t i = 0; i < g->nmaps; i++) {
		const struct map *m = &g->maps[i];

		if (!m->shown || strcmp(m->process, process))
			continue;
		fprintf(to, "\t\tm%u [shape=ellipse, label=\"", i);
		quoted(to, m->kind[0] ? m->kind : "map");
		if (m->label[0]) {
			fputs("\\n", to);
			quoted(to, m->label);
		}
		fputs("\", tooltip=\"", to);
		quoted(to, m->address);
		fprintf(to, "\"%s];\n", m->races ? ", color=\"#c00000\", style=filled, fillcolor=\"#ffdddd\", penwidth=2" : "");
	}
	for (uint32_t i = from; i < n && !strcmp(order[i]->process, process); i++) {
		uint32_t parent;

		if (!order[i]->shown || order[i]->parent < 0)
			continue;
		parent = thread_of(g, process, (uint32_t)order[i]->parent);
		if (g->threads[parent].shown)
			fprintf(to, "\t\tt%u -> t%u [label=\"creates\", style=dashed];\n", g->threads[parent].id, order[i]->id);
	}
	fputs("\t}\n", to);
}

static int by_ends(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return x->order != y->order ? (x->order < y->order ? -1 : 1) : x->map < y->map ? -1 : x->map > y->map;
}

static void put_edge(FILE *to, const struct graph *g, const struct edge *e)
{
	fprintf(to, "\tt%u -> m%u [label=\"", g->threads[e->thread].id, e->map);
	if (!e->reads && !e->writes)
		fputs(e->writes_in_race ? "writes" : "reads", to);
	if (e->writes)
		fprintf(to, "%" PRIu64 " write%s", e->writes, e->writes == 1 ? "" : "s");
	if (e->reads)
		fprintf(to, "%s%" PRIu64 " read%s", e->writes ? ", " : "", e->reads, e->reads == 1 ? "" : "s");
	fprintf(to, "\"%s];\n", e->races ? ", color=\"#c00000\", fontcolor=\"#c00000\", penwidth=2" : "");
}

void graph_write(FILE *to, struct graph *g)
{
	const struct node **order;
	uint32_t maps_left, threads_left;

	/* a parent that nobody told of gets its node before the order is made */
	for (uint32_t i = 0; i < g->nthreads; i++) {
		if (g->threads[i].parent >= 0)
			thread_of(g, g->threads[i].process, (uint32_t)g->threads[i].parent);
	}
	maps_left = choose_maps(g);
	threads_left = choose_threads(g);
	order = room((size_t)g->nthreads + 1, sizeof(*order));
	for (uint32_t i = 0; i < g->nthreads; i++)
		order[i] = &g->threads[i];
	qsort(order, g->nthreads, sizeof(*order), by_number);
	for (uint32_t i = 0; i < g->nthreads; i++) {
		g->threads[order[i] - g->threads].id = i;
	}
	for (uint32_t i = 0; i < g->nedges; i++)
		g->edges[i].order = g->threads[g->edges[i].thread].id;
	if (g->nedges)
		qsort(g->edges, g->nedges, sizeof(*g->edges), by_ends);
	fputs("digraph librace {\n\trankdir=LR;\n\tnode [shape=box, fontname=\"sans-serif\", fontsize=11];\n"
	      "\tedge [fontname=\"sans-serif\", fontsize=9, color=\"#555555\"];\n",
	      to);
	for (uint32_t i = 0; i < g->nthreads; i++) {
		if (i == 0 || strcmp(order[i]->process, order[i - 1]->process))
			put_process(to, g, order, g->nthreads, i);
	}
	for (uint32_t i = 0; i < g->nedges; i++) {
		if (g->threads[g->edges[i].thread].shown && g->maps[g->edges[i].map].shown)
			put_edge(to, g, &g->edges[i]);
	}
	if (threads_left || maps_left)
		fprintf(to, "\tmore [shape=plaintext, label=\"and %u threads, %u maps more\"];\n", threads_left, maps_left);
	fputs("}\n", to);
	free(order);
}
