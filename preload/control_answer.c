/* SPDX-License-Identifier: MIT */
/*
 * control_answer.c - requests and their answers, but the dump.
 *
 * Request   librace/1 VERB [key=value ...], one line; a value may have %XX for a byte. Answer: one JSON object, one line.
 * Trust     the request comes from the same user, and is any bytes all the same.
 */
#include <string.h>

#include "control.h"
#include "core.h"
#include "emit.h"
#include "exit.h"
#include "helper_host.h"
#include "json.h"
#include "metrics.h"
#include "module.h"
#include "options.h"
#include "patch/patch.h"
#include "sys/os.h"
#include "told.h"
#include "verdict/pairs.h"
#include "trace.h"

#define RELOAD_TRIES 200
#define VALUE_BYTES 1100

/* ---- requests ----------------------------------------------------------------------------------------------------------- */

struct request {
	const char *at, *end; /* what follows the verb */
};

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The value of a key, unescaped; 1, 0 when it is not there, -1 when it is bad. */
static int value_of(const struct request *r, const char *key, char to[VALUE_BYTES])
{
	size_t length = strlen(key), n = 0;
	const char *at = r->at;

	for (;;) {
		while (at < r->end && *at == ' ')
			at++;
		if (at == r->end)
			return 0;
		if ((size_t)(r->end - at) > length && !memcmp(at, key, length) && at[length] == '=')
			break;
		while (at < r->end && *at != ' ')
			at++;
	}
	for (at += length + 1; at < r->end && *at != ' '; at++) {
		int high = *at == '%' && r->end - at > 2 ? hex_digit(at[1]) : -1, low = high >= 0 ? hex_digit(at[2]) : -1;
		char c = *at;

		if (*at == '%') {
			if (low < 0)
				return -1;
			c = (char)(high << 4 | low);
			at += 2;
		}
		if (!c || n == VALUE_BYTES - 1)
			return -1;
		to[n++] = c;
	}
	to[n] = 0;
	return 1;
}

/* A number: 1, 0 not there, -1 bad. */
static int number_of(const struct request *r, const char *key, uint64_t min, uint64_t max, uint64_t *out)
{
	char text[VALUE_BYTES];
	int there = value_of(r, key, text);

	if (there != 1)
		return there;
	return parse_u64(text, strlen(text), min, max, out) ? 1 : -1;
}

void control_error(struct buf *b, const char *what)
{
	add_relaxed(&race_control.counts.errors, 1);
	buf_fmt(b, "{\"librace\":%d,\"ok\":false,\"error\":", CONTROL_VERSION);
	json_string(b, what);
	buf_str(b, "}\n");
}

static void begin(struct buf *b, const char *verb)
{
	buf_fmt(b, "{\"librace\":%d,\"ok\":true,\"request\":\"%s\",\"version\":\"" RACE_VERSION "\",\"pid\":%d,\"program\":",
		CONTROL_VERSION, verb, race_process);
	json_string(b, path_base(module_program()));
	buf_fmt(b, ",\"time_ns\":%lu", (unsigned long)os_wall_ns());
}

static void end(struct buf *b)
{
	buf_str(b, "}\n");
}

/* ---- stats -------------------------------------------------------------------------------------------------------------- */

static struct metrics metrics; /* the control thread's */

static void answer_stats(const struct request *r, struct buf *b)
{
	static char text[256 << 10];
	char format[VALUE_BYTES] = "json";

	if (value_of(r, "format", format) < 0 || (strcmp(format, "json") && strcmp(format, "prometheus"))) {
		control_error(b, "stats: format is json or prometheus");
		return;
	}
	metrics_take(&metrics);
	begin(b, "stats");
	if (format[0] == 'p') {
		struct buf p = buf_on(text, sizeof(text));

		metrics_prometheus(&metrics, &p);
		buf_str(b, ",\"text\":");
		json_string(b, text);
	} else {
		buf_char(b, ',');
		metrics_json(&metrics, b);
	}
	end(b);
}

/* ---- dump --------------------------------------------------------------------------------------------------------------- */

static void answer_dump(const struct request *r, struct buf *b)
{
	uint64_t map = 0, limit = 1000;

	if (number_of(r, "map", 1, UINT64_MAX, &map) < 0) {
		control_error(b, "dump: map is an address, as 0x55d0c0a4f2a0");
		return;
	}
	if (number_of(r, "limit", 0, 100000, &limit) < 0) {
		control_error(b, "dump: limit is a number of maps, 0..100000");
		return;
	}
	begin(b, "dump");
	control_dump(b, map, (uint32_t)limit);
	end(b);
}

/* ---- reload ------------------------------------------------------------------------------------------------------------- */

static struct buf *complaints;
static unsigned ncomplaints;

static void complain(const char *line)
{
	if (ncomplaints++)
		buf_char(complaints, ',');
	json_string(complaints, line);
}

static void answer_reload(struct buf *b)
{
	static char text[64 << 10];
	struct buf bad = buf_on(text, sizeof(text));
	uint32_t rules = 0;
	int taken = 0;
	long error;

	if (!race_options.suppressions[0]) {
		control_error(b, "reload: there is no file to read: the process was started without suppressions=FILE");
		return;
	}
	for (int i = 0; i < RELOAD_TRIES && !taken; i++) {
		taken = finding_try_lock();
		if (!taken)
			os_sleep_ns(10000000);
	}
	if (!taken) {
		control_error(b, "reload: a report is being written; try again");
		return;
	}
	complaints = &bad;
	ncomplaints = 0;
	error = emit_reload(complain, &rules);
	if (!error)
		helper_outdated();
	finding_unlock();
	if (error) {
		control_error(b, "reload: the suppressions file cannot be read; those of before stay");
		return;
	}
	begin(b, "reload");
	buf_str(b, ",\"file\":");
	json_string(b, race_options.suppressions);
	buf_fmt(b, ",\"suppressions\":%u,\"complaints\":[%s]", rules, text);
	end(b);
}

/* ---- health ------------------------------------------------------------------------------------------------------------- */

static void check(struct buf *b, unsigned *n, unsigned *bad, const char *name, int ok, const char *words)
{
	buf_fmt(b, "%s{\"check\":\"%s\",\"ok\":%s,\"words\":", (*n)++ ? "," : "", name, ok ? "true" : "false");
	json_string(b, words);
	buf_char(b, '}');
	*bad += !ok;
}

static void answer_health(struct buf *b)
{
	static const int drops[] = { METRIC_drop_maps, METRIC_drop_syncs, METRIC_drop_clocks, METRIC_drop_readers, METRIC_drop_slots,
				     METRIC_drop_early, METRIC_drop_keys, METRIC_drop_stacks, METRIC_drop_modules, METRIC_drop_pairs };
	const uint64_t *v = metrics.value;
	struct patch_counts patch;
	uint64_t dropped = 0;
	unsigned n = 0, bad = 0;
	char words[300];
	struct buf w = buf_on(words, sizeof(words));

	metrics_take(&metrics);
	patch_count(&patch);
	for (unsigned i = 0; i < sizeof(drops) / sizeof(drops[0]); i++)
		dropped += v[drops[i]];
	begin(b, "health");
	buf_str(b, ",\"checks\":[");
	buf_fmt(&w, "%lu things found no room in a table%s", (unsigned long)dropped,
		dropped ? ": accesses may be unchecked (stats tells which)" : "");
	check(b, &n, &bad, "room", !dropped, words);
	w = buf_on(words, sizeof(words));
	buf_fmt(&w, "%lu starts of the helper (race) came to nothing%s", (unsigned long)v[METRIC_helper_failures],
		v[METRIC_helper_failures] ? ": reports may lack files and lines" : "");
	check(b, &n, &bad, "helper", !v[METRIC_helper_failures], words);
	w = buf_on(words, sizeof(words));
	buf_fmt(&w, "%lu of %lu ms for holding calls are used%s", (unsigned long)(v[METRIC_held] / 1000000),
		(unsigned long)(v[METRIC_budget] / 1000000),
		!race_options.delay_ms ? " (delay_ms=0: no call is held)" :
		v[METRIC_held] + 2000000 > v[METRIC_budget] ? ": doubts are not tested until it has grown again" : "");
	check(b, &n, &bad, "delay_budget", !race_options.delay_ms || v[METRIC_held] + 2000000 <= v[METRIC_budget], words);
	w = buf_on(words, sizeof(words));
	buf_fmt(&w, "%s; %u functions patched, %u could not be", patch.mode, patch.patched, patch.refused);
	check(b, &n, &bad, "attach", race_options.attach == 1 || patch.patched > 0, words);
	w = buf_on(words, sizeof(words));
	buf_fmt(&w, "%lu MiB of memory in use, %lu mapped", (unsigned long)(v[METRIC_memory] == METRIC_UNKNOWN ? 0 : v[METRIC_memory] >> 20),
		(unsigned long)(v[METRIC_mapped] >> 20));
	check(b, &n, &bad, "memory", 1, words);
	w = buf_on(words, sizeof(words));
	buf_fmt(&w, "%u findings told", told_count());
	check(b, &n, &bad, "findings", 1, words);
	buf_fmt(b, "],\"status\":\"%s\",\"clients\":%u,\"requests\":%u,\"errors\":%u,\"uptime_ns\":%lu", bad ? "degraded" : "ok",
		race_control.counts.clients, race_control.counts.requests, race_control.counts.errors,
		(unsigned long)(os_wall_ns() - v[METRIC_started]));
	end(b);
}

/* ---- trace -------------------------------------------------------------------------------------------------------------- */

static void answer_trace(const struct request *r, struct buf *b)
{
	char file[VALUE_BYTES], what[VALUE_BYTES] = "start";
	uint64_t seconds = 0;
	int has_file = value_of(r, "file", file), error;

	if (has_file < 0 || value_of(r, "do", what) < 0 || number_of(r, "seconds", 1, 86400, &seconds) < 0 ||
	    (strcmp(what, "start") && strcmp(what, "stop"))) {
		control_error(b, "trace: do=start|stop, seconds=1..86400, file=PATH");
		return;
	}
	if (has_file && file[0] != '/') {
		control_error(b, "trace: file is an absolute path");
		return;
	}
	if (!strcmp(what, "stop")) {
		trace_stop();
	} else {
		error = trace_start(has_file ? file : NULL, (uint32_t)seconds);
		if (error) {
			control_error(b, error == -16 /* EBUSY */ ? "trace: the process is recording already" :
					 error == -2 /* ENOENT */ && !has_file ? "trace: no file: neither here nor in the option trace=FILE" :
					 "trace: the file cannot be written");
			return;
		}
	}
	begin(b, "trace");
	buf_fmt(b, ",\"do\":\"%s\",\"seconds\":%lu,\"lost\":%lu,\"file\":", what, (unsigned long)seconds, (unsigned long)trace_lost());
	json_string(b, has_file ? file : "");
	end(b);
}

/* ---- which ---------------------------------------------------------------------------------------------------------------- */

static int starts(const char **at, const char *end_of_line, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(end_of_line - *at) < n || memcmp(*at, word, n) || (*at + n < end_of_line && (*at)[n] != ' '))
		return 0;
	*at += n;
	while (*at < end_of_line && **at == ' ')
		++*at;
	return 1;
}

void control_answer(const char *line, size_t bytes, struct buf *b)
{
	struct request r = { line, line + bytes };

	if (bytes && line[bytes - 1] == '\r')
		r.end--;
	add_relaxed(&race_control.counts.requests, 1);
	if (!starts(&r.at, r.end, "librace/1")) {
		control_error(b, "no request that this version knows: librace/1 VERB ...");
		return;
	}
	if (starts(&r.at, r.end, "stats"))
		answer_stats(&r, b);
	else if (starts(&r.at, r.end, "dump"))
		answer_dump(&r, b);
	else if (starts(&r.at, r.end, "health"))
		answer_health(b);
	else if (starts(&r.at, r.end, "reload"))
		answer_reload(b);
	else if (starts(&r.at, r.end, "trace"))
		answer_trace(&r, b);
	else
		control_error(b, "unknown request; known: stats dump health reload trace");
}
