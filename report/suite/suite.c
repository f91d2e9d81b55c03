/* SPDX-License-Identifier: MIT */
/*
 * suite.c - `race tests`: the tests below a folder that `race wrap` filled, and what was found in each.
 *
 * Owns      the list of tests. Findings are loaded a test at a time and given back before the next: a suite may have thousands.
 * Trust     none: a .test file is text that somebody may have written.
 */
#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../preload/sys/fmt.h"
#include "tests.h"
#include "../verbs.h"
#include "../util/room.h"

#define TEST_FILE_MAX (1 << 20)

static char *clean(const char *s)
{
	char text[4096];
	struct buf b = buf_on(text, sizeof(text));

	buf_clean(&b, s);
	return room_copy(text);
}

/* 1 when it is one of ours; else a line says what is wrong, unless it is no test at all. */
static int read_test(struct suite_test *t, const char *root, const char *folder)
{
	char file[PATH_MAX];
	struct stat st;
	json_t *o;
	const char *name;
	json_error_t why;
	int fd;

	memset(t, 0, sizeof(*t));
	snprintf(file, sizeof(file), "%s/%s" TESTS_SUFFIX, root, folder);
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > TEST_FILE_MAX) {
		close(fd);
		return 0;
	}
	/* the lock is the test's as long as it runs */
	t->running = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	o = json_loadfd(fd, 0, &why);
	close(fd);
	name = json_string_value(json_object_get(o, "name"));
	if (!name || json_integer_value(json_object_get(o, "schema")) != TESTS_SCHEMA) {
		char *shown = clean(file);

		fprintf(stderr, "race tests: %s: not written by this version of race wrap; passed over\n", shown ? shown : "");
		free(shown);
		json_decref(o);
		return 0;
	}
	t->name = clean(name);
	t->folder = room_copy(folder);
	if (asprintf(&t->reports, "%s/%s", root, folder) < 0)
		t->reports = NULL;
	t->status = json_is_integer(json_object_get(o, "status")) ? (int)json_integer_value(json_object_get(o, "status")) : -1;
	json_decref(o);
	return t->name && t->folder && t->reports;
}

static int by_name(const void *a, const void *b)
{
	const struct suite_test *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->folder, y->folder);
}

int suite_load(struct suite *suite, const char *root)
{
	DIR *dir = opendir(root);
	struct dirent *entry;
	char *shown;

	memset(suite, 0, sizeof(*suite));
	while (dir && (entry = readdir(dir)) != NULL) {
		size_t n = strlen(entry->d_name), suffix = strlen(TESTS_SUFFIX);
		char folder[NAME_MAX + 1];

		if (n <= suffix || strcmp(entry->d_name + n - suffix, TESTS_SUFFIX))
			continue;
		snprintf(folder, sizeof(folder), "%.*s", (int)(n - suffix), entry->d_name);
		suite->tests = room_grow(suite->tests, suite->n, sizeof(*suite->tests));
		suite->n += (size_t)read_test(&suite->tests[suite->n], root, folder);
	}
	if (dir)
		closedir(dir);
	if (suite->n > 0) {
		qsort(suite->tests, suite->n, sizeof(*suite->tests), by_name);
		return 0;
	}
	shown = clean(root);
	fprintf(stderr, "race tests: no test in %s; `race wrap -o %s COMMAND` in front of each test leaves them there\n", shown ? shown : "",
		shown ? shown : "");
	free(shown);
	return 2;
}

int suite_findings(const struct suite_test *t, struct findings *set)
{
	char *name = t->reports;

	memset(set, 0, sizeof(*set));
	return access(name, R_OK) == 0 ? findings_load(set, "tests", 1, &name) : 1;
}

void suite_free(struct suite *suite)
{
	for (size_t i = 0; i < suite->n; i++) {
		free(suite->tests[i].name);
		free(suite->tests[i].folder);
		free(suite->tests[i].reports);
	}
	free(suite->tests);
}

static const struct suite_format {
	const char *name;
	int (*print)(struct suite *suite, int all, FILE *to);
} formats[] = {
	{ "text", suite_text },
	{ "json", suite_json },
	{ "junit", suite_junit },
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static int wrong(const char *what)
{
	fputs("race tests: ", stderr);
	for (const char *s = what; *s; s++)
		fputc(*s >= ' ' && *s < 127 ? *s : '?', stderr);
	fputs(" is not understood; usage: race tests [--format=text|json|junit] [--all] [ROOT]\n", stderr);
	return 2;
}

int tests_main(int argc, char **argv)
{
	const struct suite_format *format = &formats[0];
	const char *root = NULL;
	struct suite suite;
	static char *self[] = { (char *)"tests" };
	int all = 0, status;

	if (argc == 1 && (!strcmp(argv[0], "--help") || !strcmp(argv[0], "-h")))
		return help_main(1, self);
	for (int i = 0; i < argc; i++) {
		size_t f = 0;

		if (!strcmp(argv[i], "--all")) {
			all = 1;
		} else if (!strncmp(argv[i], "--format=", 9)) {
			while (f < FORMATS && strcmp(argv[i] + 9, formats[f].name))
				f++;
			if (f == FORMATS)
				return wrong(argv[i]);
			format = &formats[f];
		} else if (argv[i][0] == '-' || root) {
			return wrong(argv[i]);
		} else {
			root = argv[i];
		}
	}
	if (!root)
		root = getenv(TESTS_ROOT_VARIABLE);
	if (!root || !*root)
		root = TESTS_ROOT;
	status = suite_load(&suite, root);
	if (status == 0)
		status = format->print(&suite, all, stdout);
	suite_free(&suite);
	return status;
}
