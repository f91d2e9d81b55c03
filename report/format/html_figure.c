/* SPDX-License-Identifier: MIT */
/*
 * html_figure.c - two drawings: the two accesses on an axis of time, and the threads with the map below them.
 *
 * True      the time axis shows the two moments and the exact distance, with marks at round times, and no more: how long a call
 *           took is not recorded, and a moment may be that of its beginning or of its end, so a call is no bar, also where both
 *           are known to have been inside the map at once.
 * Sizes     x is in percent, y in pixels: the drawing is as wide as there is room, and its letters keep their size.
 */
#include <inttypes.h>
#include <string.h>

#include "html.h"

#define NAME_ROOM 300

/* ---- time ------------------------------------------------------------------------------------------------------------- */

#define LEFT 6.0  /* percent: the earlier access; the later one lies as far from the other end */
#define RIGHT 94.0

/* The largest of 1, 2, 5, 10, ... ns of which at least two fit, at most six. */
static int64_t tick_step(int64_t gap)
{
	static const int factors[] = { 2, 5, 10 };
	int64_t base = 1;

	for (;; base *= 10) {
		if (base > gap / 6)
			return base;
		for (int i = 0; i < 2; i++) {
			if (base * factors[i] > gap / 6)
				return base * factors[i];
		}
		if (base > INT64_MAX / 20)
			return base;
	}
}

static void put_tick_label(FILE *to, int64_t ns)
{
	static const struct { int64_t ns; const char *name; } units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "µs" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (ns % units[i].ns == 0 && ns >= units[i].ns) {
			html_number(to, ns / units[i].ns);
			fprintf(to, " %s", units[i].name);
			return;
		}
	}
	if (ns >= 1000 && ns % 100 == 0) {
		fprintf(to, "%" PRId64 ".%" PRId64 " µs", ns / 1000, ns % 1000 / 100);
		return;
	}
	html_number(to, ns);
	fputs(" ns", to);
}

static void put_lane(FILE *to, const struct finding *f, const struct finding_access *a, int later, double x, int y)
{
	char name[NAME_ROOM];
	const char *kind = a->write ? "w" : "r";

	fprintf(to, "<line class=\"lane\" x1=\"0%%\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/>", y, y);
	fprintf(to, "<text class=\"%s%s\" x=\"%g%%\"%s y=\"%d\">%s%s, ", later ? "end " : "", kind, later ? x : 0.0, later ? " dx=\"-12\"" : "", y - 14,
		later ? "later: " : "earlier: ", a->write ? "write" : "read");
	html_short(to, html_thread_of(f, a, name, sizeof(name)), 26);
	fputs("</text>", to);
}

static void put_mark(FILE *to, const struct finding_access *a, double x, int y)
{
	fprintf(to, "<circle class=\"%s\" cx=\"%g%%\" cy=\"%d\" r=\"6\"/>", a->write ? "w" : "r", x, y);
}

void html_timeline(FILE *to, const struct finding *f)
{
	int both = f->kind == FINDING_RACE && f->class == CLASS_CERTAIN, y1 = 34, y2 = 96, axis = 122;
	double now = f->gap_ns > 0 ? RIGHT : 50.0, before = f->gap_ns > 0 ? LEFT : 50.0;

	if (!f->has_before || f->gap_ns < 0)
		return;
	fprintf(to, "<figure class=\"card fig\"><h4>Time</h4><svg height=\"%d\" role=\"img\" aria-label=\"The two accesses on an axis of time, ", axis + 26);
	html_number(to, f->gap_ns);
	fputs(" nanoseconds apart\">", to);
	if (f->gap_ns > 0) {
		int64_t step = tick_step(f->gap_ns);

		for (int64_t t = 0; t <= f->gap_ns && t >= 0; t += step) {
			double x = LEFT + (RIGHT - LEFT) * (double)t / (double)f->gap_ns;

			fprintf(to, "<line class=\"tick\" x1=\"%.3f%%\" x2=\"%.3f%%\" y1=\"22\" y2=\"%d\"/><text class=\"mid\" x=\"%.3f%%\" y=\"%d\">", x, x, axis - 8, x,
				axis + 10);
			put_tick_label(to, t);
			fputs("</text>", to);
		}
	}
	put_lane(to, f, &f->before, 0, before, y1);
	put_lane(to, f, &f->now, 1, RIGHT, y2);
	fprintf(to, "<line class=\"gap\" x1=\"%g%%\" x2=\"%g%%\" y1=\"%d\" y2=\"%d\"/>", before, now, (y1 + y2) / 2 - 6, (y1 + y2) / 2 - 6);
	for (int i = 0; i < 2; i++)
		fprintf(to, "<line class=\"gap\" x1=\"%g%%\" x2=\"%g%%\" y1=\"%d\" y2=\"%d\"/>", i ? now : before, i ? now : before, i ? (y1 + y2) / 2 - 11 : y1,
			i ? y2 : (y1 + y2) / 2 - 1);
	put_mark(to, &f->before, before, y1);
	put_mark(to, &f->now, now, y2);
	fputs("</svg><figcaption><b>", to);
	html_number(to, f->gap_ns);
	fputs(" ns</b> ", to);
	if (f->gap_ns >= 1000) {
		fputs("(", to);
		html_span(to, f->gap_ns);
		fputs(") ", to);
	}
	fputs(both ? "between the two moments that were noted; both calls were inside the map at the same time." : "from the earlier access to the later one.", to);
	if (f->before.time_ns >= 0 && f->now.time_ns >= 0) {
		fputs(" <small>Monotonic clock: ", to);
		html_number(to, f->before.time_ns);
		fputs(" and ", to);
		html_number(to, f->now.time_ns);
		fputs(" ns</small>", to);
	}
	fputs("</figcaption></figure>", to);
}

/* ---- lineage ---------------------------------------------------------------------------------------------------------- */

#define NODES 24

struct node {
	const struct finding_thread *thread; /* NULL: known by its number alone */
	int number, parent, row, column;     /* parent: index, -1 */
	int reads, writes, drawn;
};

struct lineage {
	struct node nodes[NODES];
	int n, columns, rows;
};

static int node_of(struct lineage *l, const struct finding *f, int number)
{
	struct node *node;

	for (int i = 0; i < l->n; i++) {
		if (l->nodes[i].number == number)
			return i;
	}
	if (l->n == NODES)
		return -1;
	node = &l->nodes[l->n];
	*node = (struct node){ .number = number, .parent = -1 };
	for (int i = 0; i < f->nthreads; i++) {
		if (f->threads[i].number == number)
			node->thread = &f->threads[i];
	}
	return l->n++;
}

static void touch(struct lineage *l, const struct finding *f, const struct finding_access *a)
{
	const struct finding_thread *t = finding_thread_of(f, a);
	int at = t ? node_of(l, f, t->number) : -1;

	if (at < 0)
		return;
	if (a->write)
		l->nodes[at].writes++;
	else
		l->nodes[at].reads++;
}

/* A node that touches the map gets a column of its own, so that its line to the map crosses nothing; one that does not stands
 * above its first child. */
static void place(struct lineage *l, int at, int row)
{
	struct node *node = &l->nodes[at];
	int first = -1;

	node->drawn = 1;
	node->row = row;
	if (row >= l->rows)
		l->rows = row + 1;
	node->column = node->reads || node->writes ? l->columns++ : -1;
	for (int i = 0; i < l->n; i++) {
		if (l->nodes[i].parent != at || l->nodes[i].drawn)
			continue;
		place(l, i, row + 1);
		if (first < 0)
			first = l->nodes[i].column;
	}
	if (node->column < 0)
		node->column = first >= 0 ? first : l->columns++;
}

static void grow(struct lineage *l, const struct finding *f)
{
	if (f->has_before)
		touch(l, f, &f->before);
	touch(l, f, &f->now);
	/* Each node brings its parent, main at the last; the list grows while it is walked. */
	for (int i = 0; i < l->n; i++) {
		const struct finding_thread *t = l->nodes[i].thread;

		if (t && t->number != 0 && t->parent >= 0 && t->parent != t->number)
			l->nodes[i].parent = node_of(l, f, t->parent);
	}
	for (int i = 0; i < l->n; i++) {
		if (l->nodes[i].number == 0 && !l->nodes[i].drawn)
			place(l, i, 0);
	}
	for (int i = 0; i < l->n; i++) {
		if (l->nodes[i].parent < 0 && !l->nodes[i].drawn)
			place(l, i, 0);
	}
	/* Threads that are each other's parents, in a record that lies. */
	for (int i = 0; i < l->n; i++) {
		if (!l->nodes[i].drawn)
			place(l, i, 0);
	}
}

static void put_node_name(FILE *to, const struct node *node, size_t letters)
{
	char name[NAME_ROOM];

	if (node->thread && node->thread->number != 0 && node->thread->name)
		snprintf(name, sizeof(name), "%d \"%s\"", node->number, node->thread->name);
	else if (node->number == 0)
		snprintf(name, sizeof(name), "main thread");
	else
		snprintf(name, sizeof(name), "thread %d", node->number);
	if (letters)
		html_short(to, name, letters);
	else
		html_text(to, name);
}

void html_lineage(FILE *to, const struct finding *f)
{
	struct lineage l = { .n = 0 };
	double wide, inset;
	int map_y, bottom;
	size_t letters;

	grow(&l, f);
	if (l.n == 0 || l.columns == 0)
		return;
	wide = 100.0 / l.columns;
	inset = wide * .06;
	letters = l.columns <= 1 ? 34 : l.columns == 2 ? 18 : (size_t)(38 / l.columns) + 1;
	map_y = 8 + l.rows * 62 + 14;
	bottom = map_y + 44;
	fprintf(to, "<figure class=\"card fig\"><h4>Lineage</h4><svg height=\"%d\" role=\"img\" aria-label=\"Which thread created which, and how each reaches the map\">",
		bottom + 2);
	for (int i = 0; i < l.n; i++) {
		const struct node *node = &l.nodes[i], *up = node->parent >= 0 ? &l.nodes[node->parent] : NULL;
		double x = (node->column + .5) * wide;
		int y = 8 + node->row * 62, both = node->reads && node->writes;

		if (up && up != node && up->row < node->row) {
			int up_y = 8 + up->row * 62;

			if (up->column == node->column) {
				fprintf(to, "<line x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%d\" y2=\"%d\"/>", x, x, up_y + 34, y);
			} else {
				fprintf(to, "<line x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%d\" y2=\"%d\"/>", (up->column + .5) * wide, x, up_y + 17, up_y + 17);
				fprintf(to, "<line x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%d\" y2=\"%d\"/>", x, x, up_y + 17, y);
			}
			fprintf(to, "<text x=\"%.2f%%\" dx=\"6\" y=\"%d\">created</text>", x, y - 8);
		}
		for (int w = 0; w < 2; w++) {
			double at = both ? x + (w ? wide * .12 : -wide * .12) : x;

			if (!(w ? node->writes : node->reads))
				continue;
			fprintf(to, "<line class=\"edge %s\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%d\" y2=\"%d\"/>", w ? "w" : "r", at, at, y + 34, map_y);
			fprintf(to, "<text class=\"%s\" x=\"%.2f%%\" dx=\"6\" y=\"%d\">%s</text>", w ? "w" : "r", at, map_y - 9, w ? "write" : "read");
		}
	}
	for (int i = 0; i < l.n; i++) {
		const struct node *node = &l.nodes[i];
		int y = 8 + node->row * 62;

		fputs("<g><title>", to);
		put_node_name(to, node, 0);
		fprintf(to, "</title><rect class=\"box\" rx=\"7\" x=\"%.2f%%\" y=\"%d\" width=\"%.2f%%\" height=\"34\"/><text class=\"n mid\" x=\"%.2f%%\" y=\"%d\">",
			node->column * wide + inset, y, wide - 2 * inset, (node->column + .5) * wide, y + 22);
		put_node_name(to, node, letters);
		fputs("</text></g>", to);
	}
	fprintf(to, "<rect class=\"map\" rx=\"7\" x=\"%.2f%%\" y=\"%d\" width=\"%.2f%%\" height=\"42\"/><text class=\"n mid\" x=\"50%%\" y=\"%d\">", inset, map_y, 100 - 2 * inset,
		map_y + 26);
	if (f->map_label) {
		char both[NAME_ROOM];

		snprintf(both, sizeof(both), "%s \"%s\"", f->map_kind ? f->map_kind : "map", f->map_label);
		html_short(to, both, 34);
	} else {
		html_short(to, f->map_kind ? f->map_kind : "map", 34);
	}
	fputs("</text></svg></figure>", to);
}
