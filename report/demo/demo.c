/* SPDX-License-Identifier: MIT */
/*
 * demo.c - `race demo`: a real race, found while you look, and what to do next.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../util/console.h"
#include "demo.h"
#include "../util/library.h"
#include "../verbs.h"

static const char story[] =
	"A phone book in a tree of tsearch(), and two threads. One looks a number up, under the lock:\n"
	"\n"
	"    pthread_mutex_lock(&book_lock);\n"
	"    found = tfind(&asked, &book, by_name);\n"
	"    pthread_mutex_unlock(&book_lock);\n"
	"\n"
	"The other adds one, and %s:\n"
	"\n"
	"%s"
	"    tsearch(person, &book, by_name);\n"
	"%s"
	"\n"
	"The program knows nothing of librace. It runs now with\n"
	"\n"
	"    LD_PRELOAD=%s\n"
	"\n";

static const char kept[] =
	"What it found is in %s. Next:\n"
	"    race report %s                                  the report\n"
	"    race report --format=html %s > race.html        the same as a page\n"
	"    race run -- YOUR TEST                           your own program, its children too, and a verdict\n";

static const char after[] =
	"\n"
	"How to read it: the two frames marked <-- are the calls that met. \"Locks held\" says who forgot the lock, \"Verdict\" how\n"
	"sure this is, and the last part where the thread came from.\n"
	"\n"
	"Next:\n"
	"    race demo --fixed                        the same program with the lock: librace is silent\n"
	"    race run -- YOUR TEST                    your own program, its children too, and a verdict\n"
	"    race report --format=html > race.html    what that found, as a page\n"
	"    race check PROGRAM                       what librace can see of a program, and what not\n";

static const char silent[] =
	"Nothing was reported, and the status is 0: the lock orders the two calls.\n"
	"\n"
	"Next:\n"
	"    race run -- YOUR TEST                    your own program, its children too, and a verdict\n";

static int run_demo(int fixed, const char *dir)
{
	const char *library = library_path();
	char options[PATH_MAX + 40] = "", *full = NULL;
	struct demo_run run;
	int status = 1;

	if (!library)
		return library_missing("demo");
	if (dir) {
		if (mkdir(dir, 0777) != 0 && errno != EEXIST)
			return console_complain("demo", "%s: %s; name a folder that can be made", dir, strerror(errno));
		full = realpath(dir, NULL);
		if (!full || strchr(full, '\'') || (size_t)snprintf(options, sizeof(options), "record_dir='%s'", full) >= sizeof(options)) {
			free(full);
			return console_complain("demo", "%s cannot be used; name a folder without a quote in its path", dir);
		}
		free(full);
	}
	printf(story, fixed ? "takes the lock as well" : "forgets it", fixed ? "    pthread_mutex_lock(&book_lock);\n" : "",
	       fixed ? "    pthread_mutex_unlock(&book_lock);\n" : "", library);
	fflush(stdout);
	if (demo_run(library, fixed, options, &run) != 0)
		return console_complain("demo", "no process can be started: %s", strerror(errno));
	fputs(run.text, stdout);
	if (fixed && run.status == 0 && run.bytes == 0) {
		fputs(silent, stdout);
		status = 0;
	} else if (!fixed && dir && run.status == 66 && run.bytes == 0) {
		printf(kept, dir, dir, dir);
		status = 0;
	} else if (!fixed && run.status == 66 && strstr(run.text, "WARNING: DATA RACE\n")) {
		fputs(after, stdout);
		status = 0;
	} else {
		fflush(stdout);
		fprintf(stderr, "race demo: expected %s, got status %d; `race selftest` tells what does not work here\n",
			fixed ? "silence" : "a report and status 66", run.status);
	}
	demo_free(&run);
	return status;
}

int demo_main(int argc, char **argv)
{
	static const struct option table[] = { { "fixed", no_argument, NULL, 'f' }, { "output", required_argument, NULL, 'o' },
					       { "program", required_argument, NULL, 'p' }, { NULL, 0, NULL, 0 } };
	struct console_options o = { .verb = "demo", .table = table };
	const char *dir = NULL;
	int fixed = 0, c;

	console_options_begin(&o, argc, argv);
	while ((c = console_option(&o)) >= 0) {
		switch (c) {
		case 'f':
			fixed = 1;
			break;
		case 'o':
			dir = optarg;
			break;
		case 'p': /* how this command starts itself */
			return demo_program(!strcmp(optarg, "fixed"));
		}
	}
	if (c != CONSOLE_END)
		return console_options_status(c);
	if (o.argc > 0)
		return console_complain("demo", "%s is one word too many; it takes --fixed and -o DIR", o.argv[0]);
	return run_demo(fixed, dir);
}
