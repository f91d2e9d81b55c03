/* SPDX-License-Identifier: MIT */
/*
 * trace_json.c - `race trace`: a trace as the JSON that Chrome, Perfetto and speedscope read.
 *
 * A process is a process, a thread a track. Slices ("X") are operations, calls and librace's own pauses; instants ("i") resizes, contexts,
 * and births of maps; a flow ("s" to "f") leads from the earlier to the later access of a finding. Times are microseconds since the
 * first process of the given files started, with three digits of ns.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace_filter.h"
#include "trace_show.h"
#include "../verbs.h"
#include "../util/room.h"

#define LONG_HOLD_NS 100000 /* shorter holds of locks would hide the long ones */

static FILE *out;
static int comma;
static int64_t shift; /* ns, from the process's start to that of the first one */

void trace_text(FILE *to, const char *s)
{
	putc('"', to);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			fprintf(to, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(to, "\\u%04x", c);
		else
			putc(c, to);
	}
	putc('"', to);
}

static void begin_event(const struct trace *t, const char *type, uint32_t lane)
{
	fputs(comma ? ",\n" : "\n", out);
	comma = 1;
	fprintf(out, "{\"ph\":\"%s\",\"pid\":%u,\"tid\":%u", type, t->header.pid, lane == NOT_KNOWN ? 0 : t->lanes[lane].number);
}

static void put_time(const char *key, int64_t ns)
{
	fprintf(out, ",\"%s\":%" PRId64 ".%03d", key, ns / 1000, (int)(ns % 1000));
}

static void put_string(const char *key, const char *text)
{
	fprintf(out, ",\"%s\":", key);
	trace_text(out, text);
}

static void put_map(const struct trace *t, uint32_t map)
{
	const struct trace_map *m = &t->maps[map];

	fprintf(out, "\"map\":\"0x%" PRIx64 "\"", m->address);
	put_string("kind", m->kind[0] ? m->kind : "map");
	if (m->label[0])
		put_string("label", m->label);
}

static void put_metadata(const struct trace *t, const char *name, uint32_t lane, const char *value)
{
	begin_event(t, "M", lane);
	put_string("name", name);
	fputs(",\"args\":{\"name\":", out);
	trace_text(out, value);
	fputs("}}", out);
}

static void put_slice(struct trace *t, const struct trace_slice *s)
{
	uint32_t category = slice_category(t, s);

	begin_event(t, s->created ? "i" : "X", s->lane);
	put_string("name", slice_name(t, s));
	put_string("cat", category_name(category));
	put_time("ts", s->begin + shift);
	if (s->created)
		fputs(",\"s\":\"t\"", out);
	else
		put_time("dur", s->end - s->begin);
	fputs(",\"args\":{", out);
	if (s->kind == SLICE_OP) {
		put_map(t, s->map);
		put_string("role", role_name(t->ops[s->id].role));
		put_string("access", s->write ? "write" : "read");
		put_string("mark", s->waited ? "waited" : s->held ? "lock held" : "lock free");
		fprintf(out, ",\"locks held\":%u", s->held);
		if (s->entries != TRACE_UNKNOWN)
			fprintf(out, ",\"entries\":%u", s->entries);
		if (s->buckets)
			fprintf(out, ",\"buckets\":%u", s->buckets);
		if (s->unfinished)
			fputs(",\"unfinished\":true", out);
	} else if (s->kind == SLICE_CALL) {
		const struct trace_callee *c = &t->calls[s->id];

		if (c->category == CATEGORY_THREAD)
			fprintf(out, "\"thread\":%" PRId64, c->role == CALL_JOIN ? (int64_t)(uint32_t)s->object : -1);
		else if (c->category == CATEGORY_IO)
			fprintf(out, "\"fd\":%d", (int)s->object);
		else
			fprintf(out, "\"lock\":\"0x%" PRIx64 "\"", s->object);
		fprintf(out, ",\"got\":%s,\"waited\":%s", s->ok ? "true" : "false", s->waited ? "true" : "false");
		if (s->again)
			fputs(",\"outer\":true", out);
	} else {
		fputs("\"why\":", out);
		trace_text(out, s->ok ? "a report was made" : "the call was held to see who else comes");
	}
	if (s->stack != NOT_KNOWN) {
		struct trace_frame f[24];
		unsigned n = trace_frames(t, s->stack, f, 24);

		fputs(",\"stack\":[", out);
		for (unsigned i = 0; i < n; i++) {
			if (i)
				putc(',', out);
			trace_text(out, f[i].name);
		}
		putc(']', out);
	}
	fputs("}}", out);
}

/* Holds of locks need not nest: they stand on tracks of their own. */
static void put_hold(const struct trace *t, uint32_t i)
{
	const struct trace_hold *h = &t->holds[i];

	for (int end = 0; end < 2; end++) {
		begin_event(t, end ? "e" : "b", h->lane);
		fprintf(out, ",\"cat\":\"hold\",\"id\":\"%u.h%u\",\"name\":\"holds 0x%" PRIx64 "\"", t->header.pid, i,
			t->locks[h->lock].address);
		put_time("ts", (end ? h->end : h->begin) + shift);
		fprintf(out, ",\"args\":{\"thread\":%u}}", t->lanes[h->lane].number);
	}
}

static void put_finding_args(const struct trace *t, const struct trace_conflict *c)
{
	fputs(",\"args\":{", out);
	put_map(t, c->map);
	fprintf(out, ",\"finding\":%u", c->sequence);
	put_string("verdict", verdict_name(c->verdict));
	put_string("now", c->now_write ? "write" : "read");
	put_string("before", c->before_write ? "write" : "read");
	if (c->now_slice != NOT_KNOWN && c->before_slice != NOT_KNOWN)
		fprintf(out, ",\"%s\":%" PRId64, c->overlap >= 0 ? "overlap_ns" : "gap_ns", c->overlap >= 0 ? c->overlap : -c->overlap);
	fputs("}}", out);
}

/* A flow begins and ends inside slices of its threads. */
static void put_conflict(struct trace *t, const struct trace_conflict *c)
{
	int64_t now = c->now_slice != NOT_KNOWN ? t->slices[c->now_slice].begin : c->now_at;
	int64_t before = c->before_slice != NOT_KNOWN ? t->slices[c->before_slice].begin : c->before_at;

	if (c->now_lane == NOT_KNOWN || now < 0)
		return;
	begin_event(t, "i", c->now_lane);
	put_string("name", finding_name(c->kind));
	fputs(",\"cat\":\"finding\",\"s\":\"t\"", out);
	put_time("ts", now + shift);
	put_finding_args(t, c);
	if (c->before_lane == NOT_KNOWN || before < 0)
		return;
	begin_event(t, "s", c->before_lane);
	fprintf(out, ",\"name\":\"race\",\"cat\":\"finding\",\"id\":\"%u.%u\"", t->header.pid, c->sequence);
	put_time("ts", before + shift);
	put_finding_args(t, c);
	begin_event(t, "f", c->now_lane);
	fprintf(out, ",\"bp\":\"e\",\"name\":\"race\",\"cat\":\"finding\",\"id\":\"%u.%u\"", t->header.pid, c->sequence);
	put_time("ts", (now > before ? now : before) + shift);
	put_finding_args(t, c);
}

static void put_trace(struct trace *t, const struct trace_filter *f)
{
	char name[160];

	put_metadata(t, "process_name", NOT_KNOWN, trace_program(t));
	for (uint32_t i = 0; i < t->nlanes; i++) {
		if (!t->lanes[i].seen || !filter_lane(f, t, i))
			continue;
		lane_name(t, i, name, sizeof(name));
		put_metadata(t, "thread_name", i, name);
		if (filter_is_all(f) && t->lanes[i].begin >= 0) {
			begin_event(t, "i", i);
			put_string("name", t->lanes[i].born ? "thread begins" : "first seen");
			fputs(",\"cat\":\"thread\",\"s\":\"t\"", out);
			put_time("ts", t->lanes[i].begin + shift);
			fprintf(out, ",\"args\":{\"parent\":%d}}", t->lanes[i].parent == NOT_KNOWN ? -1 : (int)t->lanes[i].parent);
			if (t->lanes[i].gone) {
				begin_event(t, "i", i);
				fputs(",\"name\":\"thread ends\",\"cat\":\"thread\",\"s\":\"t\"", out);
				put_time("ts", t->lanes[i].end + shift);
				fputs(",\"args\":{}}", out);
			}
		}
	}
	for (uint32_t i = 0; i < t->nslices; i++) {
		if (filter_slice(f, t, &t->slices[i]))
			put_slice(t, &t->slices[i]);
	}
	for (uint32_t i = 0; i < t->nholds; i++) {
		if (t->holds[i].end - t->holds[i].begin >= LONG_HOLD_NS && !f->map && !f->op && !f->lib && f->window < 0 &&
		    filter_lane(f, t, t->holds[i].lane) && filter_time(f, t->holds[i].begin, t->holds[i].end))
			put_hold(t, i);
	}
	for (uint32_t i = 0; i < t->nresizes; i++) {
		const struct trace_resize *r = &t->resizes[i];

		if (!filter_slice(f, t, &t->slices[r->slice]))
			continue;
		begin_event(t, "i", t->slices[r->slice].lane);
		fputs(",\"name\":\"resize\",\"cat\":\"map\",\"s\":\"t\"", out);
		put_time("ts", r->at + shift);
		fputs(",\"args\":{", out);
		put_map(t, r->map);
		fprintf(out, ",\"from\":%u,\"to\":%u}}", r->from, r->to);
	}
	for (uint32_t i = 0; i < t->ncontexts; i++) {
		const struct trace_context *c = &t->contexts[i];

		if (f->map || f->op || f->lib || f->window >= 0 || !filter_lane(f, t, c->lane) || !filter_time(f, c->at, c->at))
			continue;
		begin_event(t, "i", c->lane);
		put_string("name", c->text[0] ? c->text : "no context");
		fputs(",\"cat\":\"context\",\"s\":\"t\"", out);
		put_time("ts", c->at + shift);
		fputs(",\"args\":{}}", out);
	}
	for (uint32_t i = 0; i < t->nconflicts; i++) {
		if (filter_conflict(f, t, &t->conflicts[i]))
			put_conflict(t, &t->conflicts[i]);
	}
}

void trace_json(FILE *to, struct trace *traces, int n, const struct trace_filter *f)
{
	uint64_t first = UINT64_MAX;

	out = to;
	comma = 0;
	for (int i = 0; i < n; i++) {
		if (traces[i].header.ns0 < first)
			first = traces[i].header.ns0;
	}
	fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"tool\":\"librace " RACE_VERSION "\",\"processes\":[", out);
	for (int i = 0; i < n; i++) {
		const struct trace *t = &traces[i];

		fprintf(out, "%s{\"pid\":%u,\"program\":", i ? "," : "", t->header.pid);
		trace_text(out, trace_program(t));
		fprintf(out,
			",\"events\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"overwritten_chunks\":%" PRIu64 ",\"unpaired\":%" PRIu64
			",\"broken\":%" PRIu64 ",\"start_wall_ns\":%" PRIu64 "}",
			t->events, t->header.lost, t->header.overwritten, t->unpaired, t->broken, t->header.wall_ns);
	}
	fputs("]},\"traceEvents\":[", out);
	for (int i = 0; i < n; i++) {
		uint64_t d = traces[i].header.ns0 - first;

		shift = d < INT64_MAX / 4 ? (int64_t)d : 0;
		put_trace(&traces[i], f);
	}
	fputs("\n]}\n", out);
}

int trace_main(int argc, char **argv)
{
	struct trace_filter f = FILTER_NONE;
	int summary = 0, json = 0, n = 0;
	char **rest = room((size_t)argc + 1, sizeof(*rest));
	int status = 0;

	for (int i = 0; i < argc && !status; i++) {
		int taken = filter_option(&f, "trace", argc, argv, &i);

		if (taken < 0)
			status = 2;
		else if (taken)
			continue;
		else if (!strcmp(argv[i], "--summary"))
			summary = 1;
		else if (!strcmp(argv[i], "--json"))
			json = 1;
		else if (argv[i][0] == '-' && argv[i][1])
			status = trace_bad_option("trace", argv[i]);
		else
			rest[n++] = argv[i];
	}
	if (!status && json && !summary)
		status = trace_bad_option("trace", "--json");
	if (!status && n == 0)
		status = trace_no_file("trace");
	if (!status) {
		struct trace *traces = room((size_t)n, sizeof(*traces));

		status = traces_load(traces, n, rest, "trace", &f);
		if (!status && summary) {
			struct profile_options o = {.json = json, .slow = -1, .growth = -1};

			trace_profile(stdout, traces, n, &f, &o);
		} else if (!status) {
			trace_json(stdout, traces, n, &f);
		}
		traces_free(traces, n);
	}
	free(rest);
	return status;
}
