/* SPDX-License-Identifier: MIT */
/*
 * metrics.c - counters and gauges: taken from whoever counts, and written as lines, JSON or Prometheus text.
 *
 * Owns      the table of metrics.def and the time the process began.
 * Runs      at exit, and on the control thread at any moment: what is counted meanwhile is counted or not.
 */
#include "metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/syscall.h>

#include "control.h"
#include "core.h"
#include "emit.h"
#include "engine/view.h"
#include "exit.h"
#include "helper_host.h"
#include "host.h"
#include "json.h"
#include "module.h"
#include "options.h"
#include "patch/patch.h"
#include "patch/tell.h"
#include "rules/start.h"
#include "sys/mapped.h"
#include "sys/os.h"
#include "unwind/unwind.h"
#include "verdict/pairs.h"

#define NEVER UINT64_MAX
#define FILE_BYTES (256 << 10)
#define PATH_ROOM (OPTION_TEXT + 4200)

static const struct metric {
	const char *name, *label, *words, *help;
	uint64_t trouble;
	uint8_t type, at_exit;
} table[METRICS] = {
#define METRIC(tag, type, at_exit, name, label, trouble, words, help) { name, label, words, help, trouble, type, at_exit },
#include "metrics.def"
#undef METRIC
};

static uint64_t started_ns; /* wall time */
static char file_path[PATH_ROOM]; /* metrics=FILE, absolute: the program may change its directory; "": none */

/* ---- taking ----------------------------------------------------------------------------------------------------------- */

/* The part of this library's file that is written to, and so is the process's own. */
static uint64_t own_data(void)
{
	static const char here;
	struct dl_find_object o;
	const ElfW(Ehdr) *e;
	uint64_t bytes = 0;

	if (_dl_find_object((void *)&here, &o) != 0)
		return 0;
	e = o.dlfo_map_start;
	for (unsigned i = 0; i < e->e_phnum; i++) {
		const ElfW(Phdr) *ph = (const ElfW(Phdr) *)((const char *)e + e->e_phoff) + i;
		uintptr_t lo = o.dlfo_link_map->l_addr + ph->p_vaddr;
		uint64_t more;

		if (ph->p_type != PT_LOAD || !(ph->p_flags & PF_W))
			continue;
		more = mapped_resident_range(lo, lo + ph->p_memsz);
		bytes += more == UINT64_MAX ? 0 : more;
	}
	return bytes;
}

void metrics_start(void)
{
	started_ns = os_wall_ns();
	if (race_options.metrics[0] && !file_path[0] && !emit_absolute(race_options.metrics, file_path, sizeof(file_path)))
		file_path[0] = 0;
}

static uint64_t threads_live(void)
{
	struct thread_view none;

	return thread_views(&none, 0);
}

static const char *family_name(const struct race_family_count *f)
{
	return f->kind ? f->kind->name : "others";
}

/* The engine's order is that of addresses, which is another one in each run. */
static void sort_families(struct metrics *m)
{
	for (uint32_t i = 1; i < m->nfamilies; i++) {
		struct race_family_count one = m->family[i];
		uint32_t k = i;

		for (; k > 0 && strcmp(family_name(&m->family[k - 1]), family_name(&one)) > 0; k--)
			m->family[k] = m->family[k - 1];
		m->family[k] = one;
	}
}

void metrics_take(struct metrics *m)
{
	static const struct {
		uint32_t counter, metric;
	} plain[] = {
		{ COUNT_OPS_RECORDED, METRIC_operations }, { COUNT_CELL_NO_ROOM, METRIC_drop_maps },
		{ COUNT_SYNC_NO_ROOM, METRIC_drop_syncs }, { COUNT_CLOCK_NO_ROOM, METRIC_drop_clocks },
		{ COUNT_READERS_NO_ROOM, METRIC_drop_readers }, { COUNT_SLOT_NO_ROOM, METRIC_drop_slots },
		{ COUNT_SLOT_REUSED_EARLY, METRIC_drop_early }, { COUNT_KEY_NO_ROOM, METRIC_drop_keys },
		{ COUNT_RACES, METRIC_races }, { COUNT_OVERLAPS, METRIC_overlaps }, { COUNT_HIDDEN_BY_ONCE, METRIC_by_once },
		{ COUNT_DEAD_EVICTED, METRIC_evicted },
	};
	_Static_assert(sizeof(plain) / sizeof(plain[0]) == COUNTERS, "every counter of the engine is told");
	struct finding_counts found;
	struct unwind_stats unwind;
	struct pairs_stats pairs;
	struct patch_counts patch;
	struct control_counts control;
	struct maps_count maps;
	uint64_t *v = m->value;

	engine_counters_fold();
	for (unsigned i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		v[plain[i].metric] = load_relaxed(&race_counters[plain[i].counter]);
	finding_counts(&found);
	v[METRIC_found_certain] = found.race[RECORD_CERTAIN];
	v[METRIC_found_likely] = found.race[RECORD_LIKELY];
	v[METRIC_found_possible] = found.race[RECORD_POSSIBLE];
	v[METRIC_found_dead] = found.dead_maps;
	v[METRIC_found_stale] = found.stale_iterators;
	v[METRIC_found_torn] = found.torn;
	v[METRIC_printed] = found.printed;
	v[METRIC_suppressed] = found.suppressed;
	v[METRIC_below] = found.below_level;
	v[METRIC_over] = found.over_limit;
	v[METRIC_repeated] = found.repeated;
	v[METRIC_drop_pairs] = found.no_room;
	unwind_stats(&unwind);
	v[METRIC_stacks] = unwind.stacks;
	v[METRIC_stack_bytes] = unwind.depot_bytes;
	v[METRIC_unwound_short] = unwind.refused;
	v[METRIC_drop_stacks] = unwind.lost;
	pairs_stats(&pairs);
	v[METRIC_doubted] = pairs.doubted;
	v[METRIC_ordered] = pairs.ordered;
	v[METRIC_holds] = pairs.holds;
	v[METRIC_held] = pairs.held_ns;
	v[METRIC_budget] = pairs.budget_ns;
	patch_count(&patch);
	v[METRIC_patched] = patch.patched;
	v[METRIC_refused] = patch.refused;
	v[METRIC_drop_modules] = patch.no_room;
	maps_count(&maps);
	v[METRIC_maps_live] = maps.live;
	v[METRIC_maps_dead] = maps.dead;
	v[METRIC_threads] = threads_live();
	v[METRIC_threads_seen] = threads_seen();
	v[METRIC_memory] = mapped_resident();
	if (v[METRIC_memory] != METRIC_UNKNOWN)
		v[METRIC_memory] += own_data();
	v[METRIC_mapped] = mapped_bytes();
	v[METRIC_helper_failures] = helper_failed_starts();
	control_count(&control);
	v[METRIC_control_errors] = control.errors;
	v[METRIC_requests] = control.requests;
	v[METRIC_started] = started_ns;
	m->nfamilies = engine_families(m->family);
	sort_families(m);
}

/* ---- lines at exit ---------------------------------------------------------------------------------------------------- */

void metrics_tell(void)
{
	static struct metrics m; /* once, at the end */
	const uint64_t *v = m.value;
	char line[200];
	struct buf b;

	metrics_take(&m);
	for (int i = 0; i < METRICS; i++) {
		if (!table[i].at_exit)
			continue;
		b = buf_on(line, sizeof(line));
		buf_fmt(&b, "librace: stats: %s: %lu", table[i].words, (unsigned long)v[i]);
		emit_line(line);
	}
	b = buf_on(line, sizeof(line));
	buf_fmt(&b, "librace: stats: stacks: %lu in %lu bytes, %lu refused, %lu lost", (unsigned long)v[METRIC_stacks],
		(unsigned long)v[METRIC_stack_bytes], (unsigned long)v[METRIC_unwound_short], (unsigned long)v[METRIC_drop_stacks]);
	emit_line(line);
	b = buf_on(line, sizeof(line));
	buf_fmt(&b, "librace: stats: reports: %lu printed, %lu suppressed, %lu repeated, %lu below report level, %lu over max_reports",
		(unsigned long)v[METRIC_printed], (unsigned long)v[METRIC_suppressed], (unsigned long)v[METRIC_repeated],
		(unsigned long)v[METRIC_below], (unsigned long)v[METRIC_over]);
	emit_line(line);
	b = buf_on(line, sizeof(line));
	buf_fmt(&b, "librace: stats: possible: %lu pairs in doubt, %lu of them ordered by what nobody sees; %lu calls held for %lu ms",
		(unsigned long)v[METRIC_doubted], (unsigned long)v[METRIC_ordered], (unsigned long)v[METRIC_holds],
		(unsigned long)(v[METRIC_held] / 1000000));
	emit_line(line);
	tell_maps();
	patch_tell(race_options.stats >= 2);
	rules_tell();
}

/* ---- Prometheus ------------------------------------------------------------------------------------------------------- */

/* A label's value: `\`, `"` and newlines escaped, other control characters and what is no text replaced. */
static void label_value(struct buf *b, const char *s)
{
	char text[512];
	struct buf clean = buf_on(text, sizeof(text));

	buf_clean(&clean, s);
	for (const char *at = text; *at; at++) {
		if (*at == '"' || *at == '\\')
			buf_char(b, '\\');
		buf_char(b, *at);
	}
}

/* Which process: files of many lie in one directory. */
static void sample(struct buf *b, const char *name, const char *label, const char *kind)
{
	buf_fmt(b, "%s{program=\"", name);
	label_value(b, path_base(module_program()));
	buf_fmt(b, "\",pid=\"%d\"", race_process);
	if (label[0])
		buf_fmt(b, ",%s", label);
	if (kind) {
		buf_str(b, ",kind=\"");
		label_value(b, kind);
		buf_char(b, '"');
	}
	buf_str(b, "} ");
}

static void put_value(struct buf *b, int type, uint64_t value)
{
	if (type == SECONDS || type == MOMENT)
		json_seconds(b, value);
	else
		buf_fmt(b, "%lu", (unsigned long)value);
}

static void family_head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_fmt(b, "# HELP %s %s.\n# TYPE %s %s\n", name, help, name, type);
}

static void put_kinds(const struct metrics *m, struct buf *b, const char *name, int maps, const char *help)
{
	family_head(b, name, "counter", help);
	for (uint32_t i = 0; i < m->nfamilies; i++) {
		sample(b, name, "", family_name(&m->family[i]));
		buf_fmt(b, "%lu\n", (unsigned long)(maps ? m->family[i].maps : m->family[i].recorded));
	}
}

void metrics_prometheus(const struct metrics *m, struct buf *b)
{
	const char *last = "";

	family_head(b, "librace_info", "gauge", "The build of librace in this process");
	sample(b, "librace_info", "version=\"" RACE_VERSION "\"", NULL);
	buf_str(b, "1\n");
	for (int i = 0; i < METRICS; i++) {
		const struct metric *t = &table[i];

		if (m->value[i] == METRIC_UNKNOWN)
			continue;
		if (strcmp(t->name, last))
			family_head(b, t->name, t->type == GAUGE || t->type == MOMENT ? "gauge" : "counter", t->help);
		last = t->name;
		sample(b, t->name, t->label, NULL);
		put_value(b, t->type, m->value[i]);
		buf_char(b, '\n');
	}
	if (!m->nfamilies)
		return;
	put_kinds(m, b, "librace_maps_seen_total", 1, "Lives of maps that began, by kind");
	put_kinds(m, b, "librace_map_operations_recorded_total", 0, "Accesses that were recorded, by kind of map");
}

/* ---- JSON ------------------------------------------------------------------------------------------------------------- */

void metrics_json(const struct metrics *m, struct buf *b)
{
	static const char *const types[] = { "counter", "gauge", "counter", "gauge" };
	const char *separator = "";

	buf_str(b, "\"metrics\":[");
	for (int i = 0; i < METRICS; i++) {
		const struct metric *t = &table[i];
		const char *equals = strchr(t->label, '=');

		if (m->value[i] == METRIC_UNKNOWN)
			continue;
		buf_fmt(b, "%s{\"name\":\"%s\",\"type\":\"%s\",\"labels\":{", separator, t->name, types[t->type]);
		if (equals)
			buf_fmt(b, "\"%.*s\":%s", (int)(equals - t->label), t->label, equals + 1);
		buf_fmt(b, "},\"words\":\"%s\",\"value\":", t->words);
		put_value(b, t->type, m->value[i]);
		if (t->trouble != NEVER)
			buf_fmt(b, ",\"at_most\":%lu", (unsigned long)t->trouble);
		buf_char(b, '}');
		separator = ",";
	}
	buf_str(b, "],\"kinds\":[");
	for (uint32_t i = 0; i < m->nfamilies; i++) {
		buf_str(b, i ? ",{\"kind\":" : "{\"kind\":");
		json_string(b, family_name(&m->family[i]));
		buf_fmt(b, ",\"maps_seen\":%lu,\"operations_recorded\":%lu}", (unsigned long)m->family[i].maps,
			(unsigned long)m->family[i].recorded);
	}
	buf_char(b, ']');
}

/* ---- the file --------------------------------------------------------------------------------------------------------- */

/* Written beside its place and moved there: whoever reads it finds all of it or none. */
static long write_file(const struct buf *text)
{
	static char path[PATH_ROOM + 32], beside[PATH_ROOM + 40];
	struct buf p = buf_on(path, sizeof(path)), n = buf_on(beside, sizeof(beside));
	long error;
	int fd;

	buf_fmt(&p, "%s.%d.prom", file_path, race_process);
	buf_fmt(&n, "%s.new", path);
	fd = os_open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return fd;
	error = os_write_all(fd, text->text, text->len);
	os_close(fd);
	if (!error)
		error = os_syscall(SYS_renameat, AT_FDCWD, (long)beside, AT_FDCWD, (long)path, 0, 0);
	if (error)
		os_syscall(SYS_unlinkat, AT_FDCWD, (long)beside, 0, 0, 0, 0);
	return error;
}

void metrics_write(void)
{
	static struct metrics m; /* once, at the end */
	char *text;
	struct buf b;
	long error;

	if (!file_path[0] || emit_is_sandboxed()) /* a filter may kill for opening a file */
		return;
	text = os_map(FILE_BYTES);
	if (!text)
		return;
	metrics_take(&m);
	b = buf_on(text, FILE_BYTES);
	metrics_prometheus(&m, &b);
	error = b.cut ? -EFBIG : write_file(&b);
	if (error < 0)
		emit_complain("metrics", file_path, error);
	os_unmap(text, FILE_BYTES);
}
