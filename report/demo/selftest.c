/* SPDX-License-Identifier: MIT */
/*
 * selftest.c - `race selftest`: does librace work on this machine? One line for each thing that has to.
 *
 * Status    0 when all that must work does; 1 else. What only makes reports poorer (no libunwind, no debug information) is said
 *           and does not fail.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../util/console.h"
#include "demo.h"
#include "../util/library.h"
#include "../verbs.h"

#define SLOW_NS 2000000000ll /* of a processor: how long that takes is not librace's matter */

static int failed;

static void say(const char *mark, const char *what, const char *format, va_list list)
{
	printf("%-5s %-22s ", mark, what);
	vprintf(format, list);
	putchar('\n');
	fflush(stdout);
}

#define SAY(name, mark, then)                                                                                      \
	static void __attribute__((format(printf, 2, 3))) name(const char *what, const char *format, ...)         \
	{                                                                                                          \
		va_list list;                                                                                      \
                                                                                                                   \
		va_start(list, format);                                                                            \
		say(mark, what, format, list);                                                                     \
		va_end(list);                                                                                      \
		then;                                                                                              \
	}
SAY(works, "ok", (void)0)
SAY(fails, "FAIL", failed = 1)
SAY(notes, "note", (void)0)

/* The line behind the first line that begins with `head`, to the end of it. */
static const char *line_after(const char *text, const char *head, char *line, size_t cap)
{
	const char *at = strstr(text, head), *end;

	at = at ? strchr(at, '\n') : NULL;
	if (!at)
		return NULL;
	at += 1 + strspn(at + 1, " ");
	end = strchrnul(at, '\n');
	snprintf(line, cap, "%.*s", (int)(end - at), at);
	return line;
}

static void check_race(const char *library, const struct demo_run *run)
{
	const char *report = strstr(run->text, "WARNING: DATA RACE\n");

	if (!report)
		fails("race", "not found; status %d, %zu bytes of output; is %s the one that was built with this command?", run->status, run->bytes, library);
	else if (run->status != 66)
		fails("race", "found, but the status is %d and not 66", run->status);
	else if (run->cpu_ns > SLOW_NS)
		fails("race", "found, but it took %.1f s of a processor", (double)run->cpu_ns / 1e9);
	else
		works("race", "found in %.2f s, exit status 66", (double)run->ns / 1e9);
}

static void check_sides(const char *text)
{
	const char *previous = strstr(text, "\nPrevious "), *write = strstr(text, "tsearch()"), *read = strstr(text, "tfind()");

	/* Either side may be the one that is noticed. */
	if (previous && write && read && (write < previous) != (read < previous) && !strstr(text, "failed to restore the stack"))
		works("stacks", "of both sides");
	else
		fails("stacks", "%s", previous ? "one of the two is not there" : "the report has no previous access");
}

/* Functions have names in any build; lines need debug information of this command. */
static void check_names(const char *text)
{
	char line[400];

	if (!strstr(text, "phonebook_add() <--"))
		fails("names", "the user's frame has no name: does the helper (this command) start?");
	else if (!line_after(text, "phonebook_add() <--", line, sizeof(line)) || !strstr(line, "demo_program.c:"))
		notes("names", "functions only: this command has no debug information; programs built with -g get lines");
	else
		works("names", "functions and lines: %s", line);
}

static void check_twin(const char *library)
{
	struct demo_run run;

	if (demo_run(library, 1, "", &run) != 0) {
		fails("silence", "the repaired twin could not be started");
		return;
	}
	if (run.status == 0 && run.bytes == 0)
		works("silence", "the repaired twin reports nothing");
	else
		fails("silence", "the repaired twin ended with %d and printed %zu bytes", run.status, run.bytes);
	demo_free(&run);
}

static void check_unwinder(void)
{
	void *handle = dlopen("libunwind.so.8", RTLD_LAZY | RTLD_LOCAL);

	if (handle)
		works("libunwind", "libunwind.so.8 is there");
	else
		notes("libunwind", "libunwind.so.8 is not installed: a few stacks will be shorter");
	if (handle)
		dlclose(handle);
}

/* Reads and removes what the process left in `dir`: how many records of findings, or -1 when there is no file at all. */
static int take_records(const char *dir, char *name, size_t cap)
{
	static char line[1 << 16];
	DIR *d = opendir(dir);
	int findings = -1;

	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
		char path[PATH_MAX];
		FILE *f;

		if (e->d_name[0] == '.' || (size_t)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) >= sizeof(path))
			continue;
		f = strstr(e->d_name, ".jsonl") ? fopen(path, "r") : NULL;
		if (f) {
			findings = findings < 0 ? 0 : findings;
			snprintf(name, cap, "%s", e->d_name);
			while (fgets(line, sizeof(line), f))
				findings += !!strstr(line, "\"type\":\"finding\"");
			fclose(f);
		}
		unlink(path);
	}
	if (d)
		closedir(d);
	rmdir(dir);
	return findings;
}

static void check_records(const char *library)
{
	const char *tmp = getenv("TMPDIR");
	char dir[PATH_MAX], options[PATH_MAX + 40], name[300] = "";
	struct demo_run run;
	int n;

	snprintf(dir, sizeof(dir), "%s/race-selftest.XXXXXX", tmp && tmp[0] == '/' && !strchr(tmp, '\'') ? tmp : "/tmp");
	if (!mkdtemp(dir)) {
		fails("records", "%s cannot be made", dir);
		return;
	}
	snprintf(options, sizeof(options), "record_dir='%s'", dir);
	if (demo_run(library, 0, options, &run) == 0)
		demo_free(&run);
	n = take_records(dir, name, sizeof(name));
	if (n > 0)
		works("records", "%s with %d finding", name, n);
	else
		fails("records", "%s", n < 0 ? "none was written" : "the record holds no finding");
}

int selftest_main(int argc, char **argv)
{
	static const struct option table[] = { { NULL, 0, NULL, 0 } };
	struct console_options o = { .verb = "selftest", .table = table };
	const char *library = library_path();
	struct demo_run run;
	int c;

	console_options_begin(&o, argc, argv);
	c = console_option(&o);
	if (c != CONSOLE_END)
		return console_options_status(c);
	if (o.argc > 0)
		return console_complain("selftest", "%s is one word too many; it takes none", o.argv[0]);
	if (!library) {
		fails("librace.so", "not found beside this command, in ../lib, or in " RACE_PREFIX "/lib; `make install` puts it there");
		return 1;
	}
	works("librace.so", "%s", library);
	if (demo_run(library, 0, "", &run) != 0) {
		fails("race", "no process can be started");
		return 1;
	}
	check_race(library, &run);
	check_sides(run.text);
	check_names(run.text);
	demo_free(&run);
	check_twin(library);
	check_records(library);
	check_unwinder();
	if (failed)
		puts("librace does not work here as it should; `race demo` shows the report as it comes.");
	else
		puts("librace works here. Next: race run -- YOUR TEST");
	return failed;
}
