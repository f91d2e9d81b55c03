/* SPDX-License-Identifier: MIT */
/*
 * whatis.c - `race whatis`: the arguments, and what earlier reports say about a map at the address.
 */
#include "whatis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../preload/sys/fmt.h"
#include "../symbolize/log.h"

#define VERB "whatis"
#define LOGS 256

/* Text of a log, which may hold anything. */
static void put(const char *s, size_t n)
{
	char text[4096];
	struct buf b = buf_on(text, sizeof(text));
	char *copy = strndup(s, n);

	if (!copy)
		return;
	buf_clean(&b, copy);
	fputs(text, stdout);
	free(copy);
}

/* "Map: GHashTable 0x55d0c0a4f2a0, 214 entries, "session cache"": the address is the last word of the part before the first comma
 * that is one; kinds have spaces in them. */
static int map_line(const char *at, size_t n, uint64_t address, size_t *kind, const char **rest)
{
	uint64_t found;

	if (!log_begins(at, n, "Map: ") || at[n - 1] != '\n')
		return 0;
	for (size_t i = 5; i + 3 < n; i++) {
		size_t digits;

		if (memcmp(at + i, " 0x", 3))
			continue;
		for (digits = i + 1; digits < n - 1 && at[digits] != ',' && at[digits] != ' '; digits++)
			;
		if (!log_address(at + i + 1, digits - i - 1, &found) || (at[digits] != ',' && digits != n - 1))
			continue;
		if (found != address)
			return 0;
		*kind = i;
		*rest = at + digits;
		return 1;
	}
	return 0;
}

/* Of the last report about the map: what it was, where it was made and where it lay. 1 when there is one. */
static int from_log(const char *name, uint64_t address)
{
	struct log_text log;
	const char *last = NULL, *rest = NULL, *end;
	size_t kind = 0, reports = 0, more = 0;

	if (log_read(&log, VERB, name) != 0)
		return -1;
	end = log.at + log.bytes;
	for (const char *at = log.at; at < end;) {
		size_t n = log_line(at, end), k;
		const char *r;

		if (map_line(at, n, address, &k, &r)) {
			last = at;
			kind = k;
			rest = r;
			reports++;
		}
		at += n;
	}
	if (last) {
		const char *at = last + log_line(last, end);

		fputs("map ", stdout);
		put(last + 5, kind - 5);
		put(rest, (size_t)(at - 1 - rest));
		printf("; %zu report%s in ", reports, reports == 1 ? "" : "s");
		put(name, strlen(name));
		putchar('\n');
		for (size_t n; at < end && (n = log_line(at, end)) > 1 && *at != '='; at += n) {
			struct log_frame f;

			if (log_begins(at, n, "Verdict:"))
				break;
			more = log_begins(at, n, "Created by ") || (more && log_frame(&f, at, end));
			if (more && *at == ' ')
				n = log_frame(&f, at, end);
			if (!more && !log_begins(at, n, "Location: "))
				continue;
			for (const char *line = at; line < at + n;) {
				size_t bytes = log_line(line, at + n);

				fputs("  ", stdout);
				put(line, bytes - (line[bytes - 1] == '\n'));
				putchar('\n');
				line += bytes;
			}
		}
	}
	free(log.at);
	return last != NULL;
}

static int usage(void)
{
	fputs("usage: race whatis [--pid PID] [--log FILE]... ADDR\n", stderr);
	return 2;
}

int whatis_main(int argc, char **argv)
{
	const char *logs[LOGS], *what = NULL;
	uint64_t pid = 0, address;
	size_t nlogs = 0;
	int known = 0, found;

	for (int i = 0; i < argc; i++) {
		const char *value = strchr(argv[i], '=');
		int is_pid = !strncmp(argv[i], "--pid", 5) && (!argv[i][5] || argv[i][5] == '='),
		    is_log = !strncmp(argv[i], "--log", 5) && (!argv[i][5] || argv[i][5] == '=');

		if (!is_pid && !is_log) {
			if (what || argv[i][0] == '-')
				return usage();
			what = argv[i];
			continue;
		}
		value = argv[i][5] ? value + 1 : i + 1 < argc ? argv[++i] : NULL;
		if (!value || (is_pid && !parse_u64(value, strlen(value), 1, 1u << 30, &pid)) || nlogs == LOGS)
			return usage();
		if (is_log)
			logs[nlogs++] = value;
	}
	if (!what || (!pid && !nlogs) || !log_address(what, strlen(what), &address))
		return usage();
	unsetenv("DEBUGINFOD_URLS");
	if (pid) {
		found = whatis_process(VERB, (unsigned)pid, address);
		if (found < 0)
			return 2;
		known |= found;
	}
	for (size_t i = 0; i < nlogs; i++) {
		found = from_log(logs[i], address);
		if (found < 0)
			return 2;
		known |= found;
	}
	if (!known)
		fprintf(stderr, "race " VERB ": nothing is known of 0x%llx\n", (unsigned long long)address);
	return !known;
}
