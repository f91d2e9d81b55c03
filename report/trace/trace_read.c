/* SPDX-License-Identifier: MIT */
/*
 * trace_read.c - reads a trace file: header, dictionary, events; pairs begins with ends.
 *
 * Reads      the file whole (it may still be written to, or be cut shorter meanwhile: no mapping). Chunks are put in the order of their
 *            serial numbers; entries of the dictionary come first, so that events find their words.
 * Pairs      an operation's end belongs to the innermost begin of its thread with the same frame and map. Begins whose frames lie deeper
 *            were left by a jump: they end there. What is open at the last event is unfinished.
 * Bounds     everything is bounded by the size of the file; searches for a begin go 64 deep.
 */
#include "trace_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../preload/sys/fmt.h"
#include "trace_parts.h"
#include "../util/room.h"

/* ---- tables ------------------------------------------------------------------------------------------------------------------------- */

static uint32_t *table_at(struct table *t, uint64_t key)
{
	uint32_t i = (uint32_t)((key + 1) * 0x9E3779B97F4A7C15ull >> 32) & t->mask;

	while (t->values[i] && t->keys[i] != key)
		i = (i + 1) & t->mask;
	t->keys[i] = key;
	return &t->values[i];
}

uint32_t table_get(const struct table *t, uint64_t key)
{
	uint32_t i;

	if (!t->values)
		return NOT_KNOWN;
	i = (uint32_t)((key + 1) * 0x9E3779B97F4A7C15ull >> 32) & t->mask;
	while (t->values[i]) {
		if (t->keys[i] == key)
			return t->values[i] - 1;
		i = (i + 1) & t->mask;
	}
	return NOT_KNOWN;
}

void table_set(struct table *t, uint64_t key, uint32_t value)
{
	uint32_t *at;

	if (!t->values || t->used * 2 > t->mask) {
		struct table more = { .mask = t->values ? t->mask * 2 + 1 : 63 };

		more.keys = room((size_t)more.mask + 1, sizeof(*more.keys));
		more.values = room((size_t)more.mask + 1, sizeof(*more.values));
		for (uint32_t i = 0; t->values && i <= t->mask; i++) {
			if (t->values[i])
				*table_at(&more, t->keys[i]) = t->values[i];
		}
		more.used = t->used;
		free(t->keys);
		free(t->values);
		*t = more;
	}
	at = table_at(t, key);
	t->used += !*at;
	*at = value + 1;
}

/* ---- small things ------------------------------------------------------------------------------------------------------------------- */

int64_t trace_ns(const struct trace *t, uint64_t ticks)
{
	uint64_t span = t->header.ticks1 - t->header.ticks0, ns = t->header.ns1 - t->header.ns0;
	__int128 at = (__int128)(int64_t)(ticks - t->header.ticks0);

	if (!span || span > INT64_MAX || !ns || ns > INT64_MAX)
		span = ns = 1;
	at = at * ns / span;
	return at < 0 ? 0 : at > INT64_MAX / 4 ? INT64_MAX / 4 : (int64_t)at;
}

/* Text of the file, made safe. */
static void take_text(char *to, size_t cap, const char *from, size_t bytes)
{
	char text[320];
	struct buf b = buf_on(to, cap);
	size_t n = strnlen(from, bytes < sizeof(text) - 1 ? bytes : sizeof(text) - 1);

	memcpy(text, from, n);
	text[n] = 0;
	buf_clean(&b, text);
}

uint32_t lane_get(struct trace *t, uint32_t number)
{
	uint32_t i = table_get(&t->lane_of, number);
	struct trace_lane *l;

	if (i != NOT_KNOWN)
		return i;
	t->lanes = room_grow(t->lanes, t->nlanes, sizeof(*t->lanes));
	l = &t->lanes[t->nlanes];
	memset(l, 0, sizeof(*l));
	l->number = number;
	l->parent = l->stack = NOT_KNOWN;
	l->begin = -1;
	table_set(&t->lane_of, number, t->nlanes);
	return t->nlanes++;
}

/* Never by index in one expression: finding one may move them all. */
static struct trace_lane *lane_at(struct trace *t, uint32_t number)
{
	uint32_t i = lane_get(t, number);

	return &t->lanes[i];
}

static uint64_t map_key(uint64_t address, uint32_t gen)
{
	return (address ^ (uint64_t)(gen & 0xffffff) << 40) * 0x9E3779B97F4A7C15ull ^ gen;
}

static uint32_t map_add(struct trace *t, uint64_t address, uint32_t gen)
{
	struct trace_map *m;

	t->maps = room_grow(t->maps, t->nmaps, sizeof(*t->maps));
	m = &t->maps[t->nmaps];
	memset(m, 0, sizeof(*m));
	m->address = address;
	m->gen = gen & 0xffffff;
	m->created_stack = m->created_thread = NOT_KNOWN;
	m->first_entries = m->last_entries = m->most_entries = -1;
	table_set(&t->map_of, map_key(address, m->gen), t->nmaps);
	if (table_get(&t->map_of, address) == NOT_KNOWN)
		table_set(&t->map_of, address, t->nmaps); /* the first life at that address */
	return t->nmaps++;
}

/* An operation on a map that librace met just then knows no incarnation: it is the first that was told of. */
uint32_t map_get(struct trace *t, uint64_t address, uint32_t gen)
{
	uint32_t i = gen ? NOT_KNOWN : table_get(&t->map_of, address);

	if (i == NOT_KNOWN || t->maps[i].address != address)
		i = table_get(&t->map_of, map_key(address, gen & 0xffffff));
	if (i != NOT_KNOWN && t->maps[i].address == address)
		return i;
	return map_add(t, address, gen);
}

uint32_t lock_get(struct trace *t, uint64_t address)
{
	uint32_t i = table_get(&t->lock_of, address);

	if (i != NOT_KNOWN)
		return i;
	t->locks = room_grow(t->locks, t->nlocks, sizeof(*t->locks));
	memset(&t->locks[t->nlocks], 0, sizeof(*t->locks));
	t->locks[t->nlocks].address = address;
	table_set(&t->lock_of, address, t->nlocks);
	return t->nlocks++;
}

/* ---- the dictionary ------------------------------------------------------------------------------------------------------------------ */

/* The entry is of that size at least; texts in it need no NUL. */
static void take_word(struct trace *t, const struct trace_word *w)
{
	switch (w->type) {
	case WORD_OP: {
		const struct trace_word_op *o = (const void *)w;
		struct trace_op *to = w->id < 65536 && w->bytes >= sizeof(*o) ? &t->ops[w->id] : NULL;

		if (!to)
			break;
		take_text(to->name, sizeof(to->name), o->name, sizeof(o->name));
		take_text(to->kind, sizeof(to->kind), o->kind, sizeof(o->kind));
		to->role = o->role;
		to->access = o->access;
		to->known = 1;
		return;
	}
	case WORD_CALL: {
		const struct trace_word_call *c = (const void *)w;
		struct trace_callee *to = w->id < 65536 && w->bytes >= sizeof(*c) ? &t->calls[w->id] : NULL;

		if (!to || c->category >= CATEGORIES || c->role >= CALL_ROLES)
			break;
		take_text(to->name, sizeof(to->name), c->name, sizeof(c->name));
		to->category = c->category;
		to->role = c->role;
		to->known = 1;
		return;
	}
	case WORD_MODULE: {
		const struct trace_word_module *m = (const void *)w;
		struct trace_module *to;

		if (w->bytes < sizeof(*m) || m->lo >= m->hi)
			break;
		t->modules = room_grow(t->modules, t->nmodules, sizeof(*t->modules));
		to = &t->modules[t->nmodules++];
		memset(to, 0, sizeof(*to));
		to->lo = m->lo;
		to->hi = m->hi;
		to->base = m->base;
		to->build_id_bytes = m->build_id_bytes <= 20 ? (uint32_t)m->build_id_bytes : 0;
		memcpy(to->build_id, m->build_id, sizeof(m->build_id));
		memcpy(to->path, m->path, sizeof(m->path)); /* opened, never printed as it is */
		return;
	}
	case WORD_STACK: {
		const struct trace_word_stack *s = (const void *)w;
		struct trace_stack *to;

		if (w->bytes < sizeof(*s) || s->n > (w->bytes - sizeof(*s)) / sizeof(s->pc[0]))
			break;
		t->stacks = room_grow(t->stacks, t->nstacks, sizeof(*t->stacks));
		to = &t->stacks[t->nstacks];
		to->id = w->id;
		to->op = s->op && s->op <= 65536 ? s->op - 1 : NOT_KNOWN;
		to->n = s->n;
		to->pc = s->pc;
		to->modules = t->nmodules;
		table_set(&t->stack_of, w->id, t->nstacks++);
		return;
	}
	case WORD_THREAD: {
		const struct trace_word_thread *h = (const void *)w;
		struct trace_lane *l;

		if (w->bytes < sizeof(*h))
			break;
		l = lane_at(t, w->id);
		l->known = 1;
		l->parent = w->id ? h->parent : NOT_KNOWN;
		l->stack = h->stack ? h->stack : NOT_KNOWN; /* an id, until all are known */
		if (h->kernel)
			l->kernel = h->kernel;
		return;
	}
	case WORD_NAME: {
		const struct trace_word_name *n = (const void *)w;
		struct trace_lane *l;

		if (w->bytes < sizeof(*n))
			break;
		l = lane_at(t, w->id);
		take_text(l->name, sizeof(l->name), n->name, sizeof(n->name));
		return;
	}
	case WORD_MAP: {
		const struct trace_word_map *m = (const void *)w;
		struct trace_map *to;
		uint32_t i;

		if (w->bytes < sizeof(*m))
			break;
		i = table_get(&t->map_of, map_key(m->map, w->id & 0xffffff));
		if (i == NOT_KNOWN || t->maps[i].address != m->map)
			i = map_add(t, m->map, w->id);
		to = &t->maps[i];
		to->created_stack = m->created_stack ? m->created_stack : NOT_KNOWN;
		to->created_thread = m->created_stack ? m->created_thread : NOT_KNOWN;
		take_text(to->kind, sizeof(to->kind), m->kind, sizeof(m->kind));
		take_text(to->label, sizeof(to->label), m->label, sizeof(m->label));
		return;
	}
	case WORD_FINDING: {
		const struct trace_word_finding *f = (const void *)w;
		struct trace_conflict *c;

		if (w->bytes < sizeof(*f))
			break;
		t->conflicts = room_grow(t->conflicts, t->nconflicts, sizeof(*t->conflicts));
		c = &t->conflicts[t->nconflicts++];
		memset(c, 0, sizeof(*c));
		c->sequence = w->id;
		c->kind = f->kind;
		c->verdict = f->verdict;
		c->cause = f->cause;
		c->map = NOT_KNOWN;
		c->now_at = f->now_ticks ? trace_ns(t, f->now_ticks) : -1;
		c->before_at = f->before_ticks ? trace_ns(t, f->before_ticks) : -1;
		c->now_lane = f->now_thread == NOT_KNOWN ? NOT_KNOWN : lane_get(t, f->now_thread);
		c->before_lane = f->before_thread == NOT_KNOWN ? NOT_KNOWN : lane_get(t, f->before_thread);
		c->now_stack = f->now_stack;
		c->before_stack = f->before_stack;
		c->now_write = f->now_write != 0;
		c->before_write = f->before_write != 0;
		c->overlap = (int64_t)f->map; /* the address, until the maps are known */
		c->now_slice = c->before_slice = NOT_KNOWN;
		return;
	}
	}
	t->broken++;
}

static void read_words(struct trace *t, const struct trace_chunk *c)
{
	const uint8_t *at = (const uint8_t *)(c + 1), *end = at + c->used;

	while (end - at >= (ptrdiff_t)sizeof(struct trace_word)) {
		const struct trace_word *w = (const void *)at;

		if (w->bytes < sizeof(*w) || w->bytes % 8 || w->bytes > end - at) {
			t->broken++;
			return;
		}
		take_word(t, w);
		at += w->bytes;
	}
}

/* ---- the file ------------------------------------------------------------------------------------------------------------------------- */

static int bad(const char *verb, const char *file, const char *what)
{
	char line[400];
	struct buf b = buf_on(line, sizeof(line));

	buf_fmt(&b, "race %s: ", verb);
	buf_clean(&b, file);
	buf_fmt(&b, ": %s\n", what);
	fputs(line, stderr);
	return 2;
}

static uint8_t *read_whole(const char *file, size_t *size)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a fifo is refused, not waited for */
	uint8_t *bytes = NULL;
	struct stat st;
	size_t n = 0;
	ssize_t got = 1;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		bytes = room(1, (size_t)st.st_size + TRACE_CHUNK); /* the rest of a chunk that is cut */
		while (n < (size_t)st.st_size && (got = read(fd, bytes + n, (size_t)st.st_size - n)) > 0)
			n += (size_t)got;
	} else if (fd >= 0) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	}
	if (fd >= 0) {
		int error = errno;

		close(fd);
		errno = error;
	}
	*size = n;
	return bytes;
}

int trace_is_one(const char *file)
{
	uint64_t magic = 0;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int is = fd >= 0 && read(fd, &magic, sizeof(magic)) == (ssize_t)sizeof(magic) && magic == TRACE_MAGIC;

	if (fd >= 0)
		close(fd);
	return is;
}

static int by_serial(const void *a, const void *b)
{
	const struct trace_chunk *x = *(const struct trace_chunk *const *)a, *y = *(const struct trace_chunk *const *)b;

	return x->serial < y->serial ? -1 : x->serial > y->serial;
}

static int take_header(struct trace *t, const char *verb)
{
	struct trace_header *h = &t->header;

	if (t->size < sizeof(*h))
		return bad(verb, t->file, "no trace; expected is a file that the option trace=FILE has left");
	memcpy(h, t->bytes, sizeof(*h));
	h->program[sizeof(h->program) - 1] = h->version_text[sizeof(h->version_text) - 1] = 0;
	if (h->magic != TRACE_MAGIC)
		return bad(verb, t->file, "no trace; expected is a file that the option trace=FILE has left");
	if (h->order != TRACE_ORDER)
		return bad(verb, t->file, "written on a machine with another byte order; read it there");
	if (h->version != TRACE_VERSION || h->header_bytes != TRACE_HEADER || h->chunk_bytes != TRACE_CHUNK)
		return bad(verb, t->file, "written by another version of librace; use the `race` that belongs to it");
	return 0;
}

int trace_load(struct trace *t, const char *verb, const char *file)
{
	const struct trace_chunk **chunks;
	uint32_t n, valid = 0;

	memset(t, 0, sizeof(*t));
	t->file = file;
	errno = 0;
	t->bytes = read_whole(file, &t->size);
	if (!t->bytes)
		return bad(verb, file, errno ? strerror(errno) : "cannot be read");
	if (take_header(t, verb)) {
		trace_free(t);
		return 2;
	}
	t->ops = room(65536, sizeof(*t->ops));
	t->calls = room(65536, sizeof(*t->calls));
	n = t->size > TRACE_HEADER ? (uint32_t)((t->size - TRACE_HEADER + TRACE_CHUNK - 1) / TRACE_CHUNK) : 0;
	if (t->header.chunks < n)
		n = t->header.chunks;
	chunks = room((size_t)n + 1, sizeof(*chunks));
	for (uint32_t i = 0; i < n; i++) {
		struct trace_chunk *c = (void *)(t->bytes + TRACE_HEADER + (size_t)i * TRACE_CHUNK);
		size_t there = t->size - TRACE_HEADER - (size_t)i * TRACE_CHUNK;

		if (there < TRACE_CHUNK && there >= sizeof(*c) && c->used > there - sizeof(*c)) {
			c->used = (uint32_t)(there - sizeof(*c));
			t->broken++;
		}
		if (c->magic == TRACE_CHUNK_MAGIC && c->used <= TRACE_CHUNK - sizeof(*c) && (c->kind == TRACE_EVENTS || c->kind == TRACE_WORDS))
			chunks[valid++] = c;
		else
			t->broken++;
	}
	qsort(chunks, valid, sizeof(*chunks), by_serial);
	for (uint32_t i = 0; i < valid; i++) {
		if (chunks[i]->kind == TRACE_WORDS)
			read_words(t, chunks[i]);
	}
	trace_events_begin(t);
	for (uint32_t i = 0; i < valid; i++) {
		if (chunks[i]->kind == TRACE_EVENTS)
			trace_events_read(t, chunks[i]);
	}
	trace_events_end(t);
	trace_analyse(t);
	free(chunks);
	return 0;
}

void trace_free(struct trace *t)
{
	struct table *const tables[] = { &t->stack_of, &t->lane_of, &t->map_of, &t->lock_of };

	for (uint32_t i = 0; i < t->nlanes; i++)
		free(t->lanes[i].held);
	for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		free(tables[i]->keys);
		free(tables[i]->values);
	}
	free(t->ops);
	free(t->calls);
	free(t->modules);
	free(t->stacks);
	free(t->lanes);
	free(t->maps);
	free(t->locks);
	free(t->slices);
	free(t->holds);
	free(t->resizes);
	free(t->contexts);
	free(t->conflicts);
	free(t->bytes);
	memset(t, 0, sizeof(*t));
}
