/* SPDX-License-Identifier: MIT */
/*
 * trace_profile_text.c - the profile of a trace as text and as JSON, and the verb.
 *
 * Colour     on a terminal that wants it: what stands out is bold (a map or lock on which more than a tenth of the calls waited, losses).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace_profile.h"
#include "../verbs.h"
#include "../util/room.h"

#define SHOWN 20
#define HINTS 16

static int colour;

static const char *loud(int yes)
{
	return colour && yes ? "\033[1;31m" : "";
}

static const char *plain(int yes)
{
	return colour && yes ? "\033[0m" : "";
}

static int is_much(uint64_t part, uint64_t of)
{
	return part >= 10 && part * 10 > of;
}

/* Entries a second, while the trace saw it change; 0 when it did not grow. */
static double rate(const struct profile *p, const struct map_row *m)
{
	const struct trace_map *k = &p->t->maps[m->map];
	double seconds = (double)(k->last_at - k->first_at) / 1e9;

	return m->calls && m->growth > 0 && seconds > 0 ? (double)m->growth / seconds : 0;
}

/* ---- text --------------------------------------------------------------------------------------------------------------------------------- */

static void put_maps(FILE *to, const struct profile *p)
{
	char name[160], a[32], b[32];
	uint32_t shown = 0, left = 0;

	fputs("\nMaps, the one that grew most first\n", to);
	for (uint32_t i = 0; i < p->nmaps; i++) {
		const struct map_row *m = &p->maps[i];
		const struct trace_map *k = &p->t->maps[m->map];

		if (!m->calls)
			continue;
		if (shown++ >= SHOWN) {
			left++;
			continue;
		}
		map_name(p->t, m->map, name, sizeof(name));
		fprintf(to, "  %s%s\n", name, k->findings ? " (in a finding)" : "");
		fprintf(to, "    %" PRIu64 " calls, %s", m->calls, time_text(m->ns, a, sizeof(a)));
		if (k->most_entries >= 0) {
			fprintf(to, "; entries %" PRId64 " to %" PRId64 ", at most %" PRId64, k->first_entries, k->last_entries,
				k->most_entries);
			if (rate(p, m) > 0)
				fprintf(to, ", %+.0f a second", rate(p, m));
		}
		if (k->buckets)
			fprintf(to, "; buckets %u to %u", k->first_buckets, k->buckets);
		if (k->resizes)
			fprintf(to, ", resized %u times in %s", k->resizes, time_text(k->resize_ns, b, sizeof(b)));
		fputs("\n", to);
		for (uint32_t o = 0; o < m->nops; o++) {
			const struct op_row *r = &m->ops[o];

			fprintf(to, "      %-40s %10" PRIu64 " %12s, longest %s\n",
				p->t->ops[r->op].known ? p->t->ops[r->op].name : "operation", r->calls, time_text(r->ns, a, sizeof(a)),
				time_text(r->longest, b, sizeof(b)));
		}
		fprintf(to, "      %swaited for a lock before %" PRIu64 " of them:%s", loud(is_much(m->waited, m->calls)), m->waited,
			plain(is_much(m->waited, m->calls)));
		for (int w = 0; w < WAITS; w++)
			fprintf(to, " %s %" PRIu64 "%s", wait_words[w], m->wait[w], w + 1 < WAITS ? "," : "\n");
	}
	if (!shown)
		fputs("  none\n", to);
	if (left)
		fprintf(to, "  and %u more; --map shows one of them\n", left);
}

static void put_locks(FILE *to, const struct profile *p)
{
	char a[32], b[32], c[32], d[32];
	uint32_t shown = 0, left = 0;

	fputs("\nLocks, the one that was waited for longest first\n", to);
	for (uint32_t i = 0; i < p->nlocks; i++) {
		const struct lock_row *l = &p->locks[i];

		if (!l->takes && !l->failed)
			continue;
		if (shown++ >= SHOWN) {
			left++;
			continue;
		}
		fprintf(to,
			"  0x%" PRIx64 " by %s: taken %" PRIu64 " times, %swaited %" PRIu64
			" times for %s%s, longest %s; held for %s, longest %s",
			p->t->locks[l->lock].address, l->call ? l->call : "?", l->takes, loud(is_much(l->waits, l->takes)), l->waits,
			time_text(l->wait_ns, a, sizeof(a)), plain(is_much(l->waits, l->takes)), time_text(l->longest_wait, b, sizeof(b)),
			time_text(l->hold_ns, c, sizeof(c)), time_text(l->longest_hold, d, sizeof(d)));
		if (l->failed)
			fprintf(to, "; %" PRIu64 " tries failed", l->failed);
		fputs("\n", to);
	}
	if (!shown)
		fputs("  none\n", to);
	if (left)
		fprintf(to, "  and %u more\n", left);
}

static void slow_text(const struct profile *p, const struct slow_row *s, char *to, size_t cap)
{
	struct buf b = buf_on(to, cap);
	char name[160];

	if (s->hold != NOT_KNOWN) {
		buf_fmt(&b, "0x%lx", (unsigned long)p->t->locks[p->t->holds[s->hold].lock].address);
		return;
	}
	buf_str(&b, slice_name(p->t, &p->t->slices[s->slice]));
	if (p->t->slices[s->slice].map != NOT_KNOWN) {
		map_name(p->t, p->t->slices[s->slice].map, name, sizeof(name));
		buf_fmt(&b, " on %s", name);
	} else {
		buf_fmt(&b, " of 0x%lx", (unsigned long)p->t->slices[s->slice].object);
	}
	if (s->resize != NOT_KNOWN)
		buf_fmt(&b, ", buckets %u to %u", p->t->resizes[s->resize].from, p->t->resizes[s->resize].to);
}

static uint32_t slow_lane(const struct profile *p, const struct slow_row *s)
{
	return s->hold != NOT_KNOWN ? p->t->holds[s->hold].lane : p->t->slices[s->slice].lane;
}

static int64_t slow_at(const struct profile *p, const struct slow_row *s)
{
	return s->hold != NOT_KNOWN ? p->t->holds[s->hold].begin : p->t->slices[s->slice].begin;
}

static void put_slow(FILE *to, struct profile *p, int64_t limit)
{
	char name[60], a[32], b[32], what[300];
	uint32_t n = p->nslow < 5 * SHOWN ? p->nslow : 5 * SHOWN;

	fprintf(to, "\n%s or longer: %u\n", time_text(limit, a, sizeof(a)), p->nslow);
	for (uint32_t i = 0; i < n; i++) {
		const struct slow_row *s = &p->slow[i];

		lane_name(p->t, slow_lane(p, s), name, sizeof(name));
		slow_text(p, s, what, sizeof(what));
		fprintf(to, "  %s%-9s %10s%s  at %s by %s: %s", loud(1), s->what, time_text(s->ns, a, sizeof(a)), plain(1),
			time_text(slow_at(p, s), b, sizeof(b)), name, what);
		if (s->slice != NOT_KNOWN && p->t->slices[s->slice].stack != NOT_KNOWN) {
			struct trace_frame f[8];
			unsigned frames = trace_frames(p->t, p->t->slices[s->slice].stack, f, 8);

			for (unsigned k = p->t->slices[s->slice].kind == SLICE_OP; k < frames && k < 4; k++)
				fprintf(to, " < %s", f[k].name);
		}
		fputs("\n", to);
	}
	if (n < p->nslow)
		fprintf(to, "  and %u more\n", p->nslow - n);
}

static void put_growth(FILE *to, const struct profile *p, int64_t limit)
{
	char name[160];
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->nmaps; i++)
		n += rate(p, &p->maps[i]) >= (double)limit;
	fprintf(to, "\nGrows by %" PRId64 " entries a second or more: %u\n", limit, n);
	for (uint32_t i = 0; i < p->nmaps; i++) {
		if (rate(p, &p->maps[i]) < (double)limit)
			continue;
		map_name(p->t, p->maps[i].map, name, sizeof(name));
		fprintf(to, "  %s%+.0f%s  %s\n", loud(1), rate(p, &p->maps[i]), plain(1), name);
	}
}

static void put_hints(FILE *to, const struct profile *p)
{
	struct hint hints[HINTS];
	uint32_t n = profile_hints(p, hints, HINTS);
	char name[160], a[32];

	if (n)
		fputs("\nHints\n", to);
	for (uint32_t i = 0; i < n; i++) {
		const struct hint *h = &hints[i];

		map_name(p->t, h->map, name, sizeof(name));
		if (!strcmp(h->what, "reserve"))
			fprintf(to,
				"  reserve: %s grew %u times on its way to %" PRId64
				" entries, %s in those calls; make it that large at once, where its library can\n",
				name, h->times, h->entries, time_text(h->ns, a, sizeof(a)));
		else if (!strcmp(h->what, "shard"))
			fprintf(to,
				"  shard: %u of %" PRId64 " calls on %s had waited for a lock; split the map, or hold the lock for less\n",
				h->times, h->entries, name);
		else
			fprintf(to,
				"  reuse: %u maps such as %s were made at one place and ended again; empty one instead, or keep a few\n",
				h->times, name);
	}
}

static void put_text(FILE *to, struct profile *p, const struct profile_options *o)
{
	const struct trace *t = p->t;
	char a[32], b[32], c[32];

	fprintf(to, "%s, process %u: %s recorded, %" PRIu64 " events", trace_program(t), t->header.pid, time_text(t->end, a, sizeof(a)),
		t->events);
	if (t->header.lost || t->header.overwritten || t->broken || t->header.lost_words)
		fprintf(to, "; %s%" PRIu64 " events lost, %" PRIu64 " chunks overwritten, %" PRIu64 " places unreadable%s", loud(1),
			t->header.lost + t->header.lost_words, t->header.overwritten, t->broken, plain(1));
	fprintf(to,
		"\n%" PRIu64 " operations on maps in %s; %" PRIu64 " lock, %" PRIu64 " thread, %" PRIu64 " io calls; %" PRIu64
		" waits for locks in %s",
		p->calls, time_text(p->ns, a, sizeof(a)), p->category_calls[CATEGORY_LOCK], p->category_calls[CATEGORY_THREAD],
		p->category_calls[CATEGORY_IO], p->waits, time_text(p->wait_ns, b, sizeof(b)));
	if (p->paused_ns)
		fprintf(to, "; librace's own pauses %s", time_text(p->paused_ns, c, sizeof(c)));
	fputs("\n", to);
	for (uint32_t i = 0; i < t->nconflicts; i++) {
		const struct trace_conflict *k = &t->conflicts[i];
		char name[160];

		map_name(t, k->map, name, sizeof(name));
		fprintf(to, "%s%s%s %u on %s: %s", loud(1), finding_name(k->kind), plain(1), k->sequence, name, verdict_name(k->verdict));
		if (k->now_slice != NOT_KNOWN && k->before_slice != NOT_KNOWN)
			fprintf(to, "; the calls %s %" PRId64 " ns", k->overlap >= 0 ? "overlapped for" : "lay apart by",
				k->overlap >= 0 ? k->overlap : -k->overlap);
		fputs("\n", to);
	}
	put_maps(to, p);
	put_locks(to, p);
	if (o->slow >= 0)
		put_slow(to, p, o->slow);
	if (o->growth >= 0)
		put_growth(to, p, o->growth);
	put_hints(to, p);
}

/* ---- JSON --------------------------------------------------------------------------------------------------------------------------------- */

static void json_maps(FILE *to, const struct profile *p)
{
	int any = 0;

	for (uint32_t i = 0; i < p->nmaps; i++) {
		const struct map_row *m = &p->maps[i];
		const struct trace_map *k = &p->t->maps[m->map];

		if (!m->calls)
			continue;
		fprintf(to, "%s\n   {\"address\":\"0x%" PRIx64 "\",\"kind\":", any++ ? "," : "", k->address);
		trace_text(to, k->kind);
		fputs(",\"label\":", to);
		trace_text(to, k->label);
		fprintf(to,
			",\"calls\":%" PRIu64 ",\"time_ns\":%" PRId64 ",\"first_entries\":%" PRId64 ",\"last_entries\":%" PRId64
			",\"most_entries\":%" PRId64 ",\"growth\":%" PRId64
			",\"growth_per_second\":%.1f,\"buckets\":%u,\"resizes\":%u,\"resize_ns\":%" PRId64 ",\"findings\":%u,\"ops\":[",
			m->calls, m->ns, k->first_entries, k->last_entries, k->most_entries, m->growth, rate(p, m), k->buckets, k->resizes,
			k->resize_ns, k->findings);
		for (uint32_t o = 0; o < m->nops; o++) {
			fprintf(to, "%s{\"name\":", o ? "," : "");
			trace_text(to, p->t->ops[m->ops[o].op].name);
			fprintf(to, ",\"role\":\"%s\",\"calls\":%" PRIu64 ",\"time_ns\":%" PRId64 ",\"longest_ns\":%" PRId64 "}",
				role_name(p->t->ops[m->ops[o].op].role), m->ops[o].calls, m->ops[o].ns, m->ops[o].longest);
		}
		fprintf(to, "],\"waited\":%" PRIu64 ",\"wait_histogram\":{", m->waited);
		for (int w = 0; w < WAITS; w++)
			fprintf(to, "%s\"%s\":%" PRIu64, w ? "," : "", wait_words[w], m->wait[w]);
		fputs("}}", to);
	}
}

static void json_locks(FILE *to, const struct profile *p)
{
	int any = 0;

	for (uint32_t i = 0; i < p->nlocks; i++) {
		const struct lock_row *l = &p->locks[i];

		if (!l->takes && !l->failed)
			continue;
		fprintf(to, "%s\n   {\"address\":\"0x%" PRIx64 "\",\"call\":", any++ ? "," : "", p->t->locks[l->lock].address);
		trace_text(to, l->call ? l->call : "");
		fprintf(to,
			",\"takes\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"waits\":%" PRIu64 ",\"wait_ns\":%" PRId64
			",\"longest_wait_ns\":%" PRId64 ",\"hold_ns\":%" PRId64 ",\"longest_hold_ns\":%" PRId64 "}",
			l->takes, l->failed, l->waits, l->wait_ns, l->longest_wait, l->hold_ns, l->longest_hold);
	}
}

static void json_slow(FILE *to, const struct profile *p)
{
	char what[300], name[60];

	for (uint32_t i = 0; i < p->nslow; i++) {
		const struct slow_row *s = &p->slow[i];

		slow_text(p, s, what, sizeof(what));
		lane_name(p->t, slow_lane(p, s), name, sizeof(name));
		fprintf(to, "%s\n   {\"what\":\"%s\",\"ns\":%" PRId64 ",\"at_ns\":%" PRId64 ",\"thread\":", i ? "," : "", s->what, s->ns,
			slow_at(p, s));
		trace_text(to, name);
		fputs(",\"text\":", to);
		trace_text(to, what);
		fputs("}", to);
	}
}

static void put_json(FILE *to, const struct profile *p)
{
	struct hint hints[HINTS];
	uint32_t n = profile_hints(p, hints, HINTS);
	const struct trace *t = p->t;

	fputs(" {\"program\":", to);
	trace_text(to, trace_program(t));
	fprintf(to,
		",\"pid\":%u,\"recorded_ns\":%" PRId64 ",\"events\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"overwritten_chunks\":%" PRIu64
		",\"calls\":%" PRIu64 ",\"time_ns\":%" PRId64 ",\"lock_waits\":%" PRIu64 ",\"lock_wait_ns\":%" PRId64
		",\"paused_ns\":%" PRId64 ",\"lock_calls\":%" PRIu64 ",\"thread_calls\":%" PRIu64 ",\"io_calls\":%" PRIu64
		",\n  \"findings\":[",
		t->header.pid, t->end, t->events, t->header.lost, t->header.overwritten, p->calls, p->ns, p->waits, p->wait_ns,
		p->paused_ns, p->category_calls[CATEGORY_LOCK], p->category_calls[CATEGORY_THREAD], p->category_calls[CATEGORY_IO]);
	for (uint32_t i = 0; i < t->nconflicts; i++) {
		const struct trace_conflict *k = &t->conflicts[i];

		fprintf(to, "%s{\"sequence\":%u,\"kind\":\"%s\",\"verdict\":\"%s\",\"map\":\"0x%" PRIx64 "\"", i ? "," : "", k->sequence,
			finding_name(k->kind), verdict_name(k->verdict), t->maps[k->map].address);
		if (k->now_slice != NOT_KNOWN && k->before_slice != NOT_KNOWN)
			fprintf(to, ",\"%s\":%" PRId64, k->overlap >= 0 ? "overlap_ns" : "gap_ns",
				k->overlap >= 0 ? k->overlap : -k->overlap);
		fputs("}", to);
	}
	fputs("],\n  \"maps\":[", to);
	json_maps(to, p);
	fputs("],\n  \"locks\":[", to);
	json_locks(to, p);
	fputs("],\n  \"slow\":[", to);
	json_slow(to, p);
	fputs("],\n  \"hints\":[", to);
	for (uint32_t i = 0; i < n; i++)
		fprintf(to, "%s{\"what\":\"%s\",\"map\":\"0x%" PRIx64 "\",\"times\":%u,\"entries\":%" PRId64 "}", i ? "," : "",
			hints[i].what, t->maps[hints[i].map].address, hints[i].times, hints[i].entries);
	fputs("]}", to);
}

void trace_profile(FILE *to, struct trace *traces, int n, const struct trace_filter *f, const struct profile_options *o)
{
	const char *no = getenv("NO_COLOR");

	colour = to == stdout && isatty(STDOUT_FILENO) && !(no && *no);
	if (o->json)
		fputs("{\"processes\":[\n", to);
	for (int i = 0; i < n; i++) {
		struct profile p;

		profile_make(&p, &traces[i], f, o);
		if (i)
			fputs(o->json ? ",\n" : "\n", to);
		if (o->json)
			put_json(to, &p);
		else
			put_text(to, &p, o);
		profile_free(&p);
	}
	if (o->json)
		fputs("\n]}\n", to);
}

int profile_main(int argc, char **argv)
{
	struct trace_filter f = FILTER_NONE;
	struct profile_options o = {.slow = -1, .growth = -1};
	char **rest = room((size_t)argc + 1, sizeof(*rest));
	int n = 0, status = 0;

	for (int i = 0; i < argc && !status; i++) {
		int taken = filter_option(&f, "profile", argc, argv, &i);
		const char *value;

		if (taken < 0) {
			status = 2;
		} else if (taken) {
			continue;
		} else if ((value = option_value("profile", "--slow", argc, argv, &i))) {
			if (i >= argc || !parse_duration(value, &o.slow)) {
				if (i < argc)
					fputs("race profile: --slow is a time such as 250ns, 10us, 5ms or 1.5s\n", stderr);
				status = 2;
			}
		} else if ((value = option_value("profile", "--growth", argc, argv, &i))) {
			uint64_t a_second = 0;

			if (i >= argc || !parse_u64(value, strlen(value), 0, 1ull << 60, &a_second)) {
				if (i < argc)
					fputs("race profile: --growth is a number of entries a second\n", stderr);
				status = 2;
			}
			o.growth = (int64_t)a_second;
		} else if (!strcmp(argv[i], "--json")) {
			o.json = 1;
		} else if (argv[i][0] == '-' && argv[i][1]) {
			status = trace_bad_option("profile", argv[i]);
		} else {
			rest[n++] = argv[i];
		}
	}
	if (!status && !n)
		status = trace_no_file("profile");
	if (!status) {
		struct trace *traces = room((size_t)n, sizeof(*traces));

		status = traces_load(traces, n, rest, "profile", &f);
		if (!status)
			trace_profile(stdout, traces, n, &f, &o);
		traces_free(traces, n);
	}
	free(rest);
	return status;
}
