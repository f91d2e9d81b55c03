/* SPDX-License-Identifier: MIT */
/*
 * wrap.c - `race wrap`: what stands in front of each test of a suite. `race run` with a folder of reports for each test.
 *
 * Owns      ROOT/FOLDER.test, held by a lock for as long as the test runs, so that tests may run side by side. The folder itself
 *           is `race run`'s, and so is everything that happens to the command.
 * Rule      a test with a name of its own has one folder, and a new run of it replaces the old one. Tests that are known by their
 *           command only may share it, so an earlier one of the same suite keeps its folder and the next gets FOLDER.2.
 */
#include "tests.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../verbs.h"
#include "../util/room.h"

#define SAME_NAME_MAX 10000
#define RACES_FOUND 66
#define TAG_MAX 200

struct wrap {
	const char *root, *given;
	char **options;      /* handed on to `race run` */
	int noptions;
	char **command;
	struct test_name name;
	char folder[TEST_FOLDER_MAX];
	char absolute[PATH_MAX]; /* root */
	char reports[PATH_MAX + TEST_FOLDER_MAX];
	char started[32];
	int lock;            /* the .test file */
};

/* Options of `race run` that take the next word along; all others that begin with - stand alone. */
static const char *const with_value[] = { "--threshold", "--baseline", "--branch", "--config", "--tag", "--format", "--repeat" };

static int takes_value(const char *option)
{
	for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++) {
		if (!strcmp(option, with_value[i]))
			return 1;
	}
	return 0;
}

static int wrong(const char *what, const char *more)
{
	fprintf(stderr, "race wrap: %s%s; usage: race wrap [-o ROOT] [--name NAME] [OPTION OF race run]... [--] COMMAND ...\n", what, more);
	return 2;
}

static int parse(struct wrap *w, int argc, char **argv)
{
	int i;

	w->options = room((size_t)argc + 1, sizeof(*w->options));
	for (i = 0; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--"); i++) {
		const char **into = !strcmp(argv[i], "-o") || !strcmp(argv[i], "--output") ? &w->root : !strcmp(argv[i], "--name") ? &w->given : NULL;

		if (into) {
			if (i + 1 == argc || !argv[i + 1][0])
				return wrong(argv[i], " needs a value");
			*into = argv[++i];
		} else if (!strncmp(argv[i], "--name=", 7) && argv[i][7]) {
			w->given = argv[i] + 7;
		} else {
			w->options[w->noptions++] = argv[i];
			if (takes_value(argv[i]) && i + 1 < argc)
				w->options[w->noptions++] = argv[++i];
		}
	}
	if (i < argc && !strcmp(argv[i], "--"))
		i++;
	if (i == argc)
		return wrong("no command is given", "");
	w->command = argv + i;
	if (!w->root)
		w->root = getenv(TESTS_ROOT_VARIABLE);
	if (!w->root || !*w->root)
		w->root = TESTS_ROOT;
	return 0;
}

/* With all folders above it. The test may change its directory, so the name becomes absolute. */
static int make_root(struct wrap *w)
{
	char *path = room_copy(w->root);

	for (char *s = path + 1; *s; s++) {
		if (*s != '/')
			continue;
		*s = 0;
		mkdir(path, 0777);
		*s = '/';
	}
	mkdir(path, 0777);
	free(path);
	if (!realpath(w->root, w->absolute) || access(w->absolute, W_OK) != 0) {
		fprintf(stderr, "race wrap: %s cannot be made or written: %s; -o or " TESTS_ROOT_VARIABLE " names another folder\n", w->root, strerror(errno));
		return 2;
	}
	return 0;
}

/* ---- which folder --------------------------------------------------------------------------------------------------- */

struct process_stat {
	char name[32];
	long parent;
	double started; /* seconds since the epoch, rounded down to a tick */
};

static int process_stat(long pid, struct process_stat *p)
{
	char file[64], text[1024], *open, *close;
	struct timespec boot, now;
	unsigned long long ticks = 0;
	FILE *stat;

	snprintf(file, sizeof(file), "/proc/%ld/stat", pid);
	stat = fopen(file, "re");
	if (!stat)
		return 0;
	close = fgets(text, sizeof(text), stat) ? strrchr(text, ')') : NULL;
	open = close ? strchr(text, '(') : NULL;
	fclose(stat);
	/* the 4th and the 22nd field; ')' ends the second */
	if (!open || sscanf(close + 1, " %*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &p->parent, &ticks) != 2)
		return 0;
	snprintf(p->name, sizeof(p->name), "%.*s", (int)(close - open - 1), open + 1);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &now);
	p->started = (double)now.tv_sec + now.tv_nsec / 1e9 - ((double)boot.tv_sec + boot.tv_nsec / 1e9 - (double)ticks / (double)sysconf(_SC_CLK_TCK));
	return 1;
}

static int is_one_of(const char *name, const char *const *names)
{
	while (*names && strcmp(name, *names))
		names++;
	return *names != NULL;
}

/*
 * When the suite began: at the start of the nearest process above us that runs suites (of several that call one another by a shell,
 * as make does, the outermost), else of the leader of our process group, which is the script or the shell's job that this is part
 * of. What is younger was left by an earlier test of this suite. 0: not known.
 */
static double suite_began(void)
{
	static const char *const harnesses[] = { "make", "gmake", "prove", "ninja", "meson", "ctest", NULL };
	static const char *const shells[] = { "sh", "bash", "dash", "ksh", "zsh", NULL };
	struct process_stat p;
	double began = 0;
	long pid = getppid();

	for (int depth = 0; pid > 1 && depth < 100 && process_stat(pid, &p); depth++, pid = p.parent) {
		if (is_one_of(p.name, harnesses))
			began = p.started;
		else if (began > 0 && !is_one_of(p.name, shells))
			break;
	}
	if (began <= 0 && getpgrp() != getpid() && process_stat(getpgrp(), &p))
		began = p.started;
	return began;
}

/* Takes ROOT/FOLDER.test, or with `number` ROOT/FOLDER.N.test: 1 when it is ours now, 0 when another test has it, -1 on errors. */
static int take(struct wrap *w, int number, double began)
{
	char folder[TEST_FOLDER_MAX], file[PATH_MAX + TEST_FOLDER_MAX + 8];
	struct stat st;
	size_t n;

	test_name_folder(&w->name, folder);
	n = strlen(folder);
	if (number > 1)
		snprintf(folder + n, sizeof(folder) - n, ".%d", number);
	snprintf(file, sizeof(file), "%s/%s" TESTS_SUFFIX, w->absolute, folder);
	w->lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (w->lock < 0) {
		fprintf(stderr, "race wrap: %s cannot be written: %s; -o names another folder\n", file, strerror(errno));
		return -1;
	}
	/* an empty file is new */
	if (flock(w->lock, LOCK_EX | LOCK_NB) != 0 || fstat(w->lock, &st) != 0 ||
	    (!w->name.exact && st.st_size > 0 && began > 0 && (double)st.st_mtim.tv_sec + st.st_mtim.tv_nsec / 1e9 > began)) {
		close(w->lock);
		return 0;
	}
	memcpy(w->folder, folder, sizeof(folder));
	snprintf(w->reports, sizeof(w->reports), "%s/%s", w->absolute, folder);
	return 1;
}

static int choose_folder(struct wrap *w)
{
	double began = suite_began();

	for (int number = 1; number < SAME_NAME_MAX; number++) {
		int taken = take(w, number, began);

		if (taken != 0)
			return taken < 0 ? 2 : 0;
	}
	fprintf(stderr, "race wrap: %s holds %d tests with the name of this one; remove it, or give each a --name\n", w->absolute, SAME_NAME_MAX);
	return 2;
}

/* ---- the .test file ------------------------------------------------------------------------------------------------- */

static void now_text(char to[32])
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(to, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* status < 0: it runs. What cannot be written is missing in the table only. */
static void note(struct wrap *w, int status)
{
	json_t *o = json_object(), *command = json_array();
	char ended[32], *text;

	json_object_set_new(o, "schema", json_integer(TESTS_SCHEMA));
	json_object_set_new(o, "type", json_string("test"));
	json_object_set_new(o, "name", json_string(w->name.text));
	json_object_set_new(o, "reports", json_string(w->folder));
	for (char **word = w->command; *word; word++) {
		json_t *s = json_string(*word);

		json_array_append_new(command, s ? s : json_string("?")); /* no UTF-8 */
	}
	json_object_set_new(o, "command", command);
	json_object_set_new(o, "started", json_string(w->started));
	if (status >= 0) {
		now_text(ended);
		json_object_set_new(o, "ended", json_string(ended));
		json_object_set_new(o, "status", json_integer(status));
	}
	text = json_dumps(o, JSON_COMPACT);
	if (text && ftruncate(w->lock, 0) == 0)
		dprintf(w->lock, "%s\n", text);
	lseek(w->lock, 0, SEEK_SET);
	free(text);
	json_decref(o);
}

/* ---- */

/* The name goes into every record, as far as a tag can hold it. */
static void tag_of(const struct wrap *w, char to[TAG_MAX])
{
	size_t n = (size_t)snprintf(to, TAG_MAX, "test=%s", w->name.text);

	for (char *s = to + 5; *s; s++) {
		if (strchr(",\"'\\", *s))
			*s = '_';
	}
	if (n >= TAG_MAX) {
		/* no half character at the end */
		char *end = to + TAG_MAX - 1;

		while ((end[-1] & 0xc0) == 0x80)
			end--;
		end[(end[-1] & 0x80) ? -1 : 0] = 0;
	}
}

static int run(struct wrap *w)
{
	size_t words = 0;
	char tag[TAG_MAX], **argv;
	int argc = 0, status;

	while (w->command[words])
		words++;
	argv = room((size_t)w->noptions + words + 8, sizeof(*argv));
	tag_of(w, tag);
	argv[argc++] = (char *)"-o";
	argv[argc++] = w->reports;
	argv[argc++] = (char *)"--quiet=pass";
	argv[argc++] = (char *)"--tag";
	argv[argc++] = tag;
	for (int i = 0; i < w->noptions; i++)
		argv[argc++] = w->options[i];
	argv[argc++] = (char *)"--";
	for (size_t i = 0; i < words; i++)
		argv[argc++] = w->command[i];
	status = run_main(argc, argv);
	free(argv);
	return status;
}

/* The command may end with 66 by itself. */
static int by_itself(const struct wrap *w)
{
	char file[sizeof(w->reports) + 16];
	json_t *o;
	int own;

	snprintf(file, sizeof(file), "%s/run.json", w->reports);
	o = json_load_file(file, 0, NULL);
	own = json_integer_value(json_object_get(o, "status")) != 0;
	json_decref(o);
	return own;
}

int wrap_main(int argc, char **argv)
{
	static char *self[] = { (char *)"wrap" };
	struct wrap w = { .lock = -1 };
	int status;

	if (argc == 1 && (!strcmp(argv[0], "--help") || !strcmp(argv[0], "-h")))
		return help_main(1, self);
	status = parse(&w, argc, argv);

	if (status == 0) {
		test_name_find(&w.name, w.given, w.command);
		status = make_root(&w);
	}
	if (status == 0)
		status = choose_folder(&w);
	if (status == 0) {
		now_text(w.started);
		note(&w, -1);
		status = run(&w);
		note(&w, status);
		/* one line of its own, which ctest looks for where it does not look at statuses */
		if (status == RACES_FOUND && !by_itself(&w))
			fprintf(stderr, "race wrap: test \"%s\" has findings; race report %s\n", w.name.text, w.reports);
		close(w.lock);
	}
	free(w.options);
	return status;
}
