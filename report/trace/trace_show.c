/* SPDX-License-Identifier: MIT */
/*
 * trace_show.c - what the verbs that show traces share: loading, words, complaints.
 */
#include "trace_show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../../preload/engine/record.h"

int trace_bad_option(const char *verb, const char *option)
{
	char line[300];
	struct buf b = buf_on(line, sizeof(line));

	buf_fmt(&b, "race %s: unknown option ", verb);
	buf_quoted(&b, option, strnlen(option, 60));
	buf_fmt(&b, "; `race help %s` lists them\n", verb);
	fputs(line, stderr);
	return 2;
}

int trace_no_file(const char *verb)
{
	fprintf(stderr, "race %s: no FILE; record one with RACE_OPTIONS=trace=FILE, which leaves FILE.PID\n", verb);
	return 2;
}

int traces_load(struct trace *traces, int n, char **files, const char *verb, const struct trace_filter *f)
{
	for (int i = 0; i < n; i++) {
		if (trace_load(&traces[i], verb, files[i]))
			return 2;
		filter_prepare(f, &traces[i]);
	}
	return 0;
}

void traces_free(struct trace *traces, int n)
{
	for (int i = 0; i < n; i++)
		trace_free(&traces[i]);
	free(traces);
	trace_names_free();
}

const char *trace_program(const struct trace *t)
{
	static char text[300];
	struct buf b = buf_on(text, sizeof(text));

	buf_clean(&b, path_base(t->header.program));
	return text;
}

const char *verdict_name(uint32_t verdict)
{
	return verdict == RECORD_CERTAIN ? "certain" : verdict == RECORD_LIKELY ? "likely" : "possible";
}

const char *finding_name(uint32_t kind)
{
	static const char *const names[] = { "DATA RACE", "USE OF DEAD MAP", "STALE ITERATOR", "CHECK THEN ACT" };

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "FINDING";
}

const char *time_text(int64_t ns, char *to, size_t cap)
{
	if (ns < 1000)
		snprintf(to, cap, "%" PRId64 " ns", ns);
	else if (ns < 1000000)
		snprintf(to, cap, "%.1f us", (double)ns / 1e3);
	else if (ns < 1000000000)
		snprintf(to, cap, "%.1f ms", (double)ns / 1e6);
	else
		snprintf(to, cap, "%.2f s", (double)ns / 1e9);
	return to;
}
