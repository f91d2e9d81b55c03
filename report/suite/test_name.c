/* SPDX-License-Identifier: MIT */
/*
 * test_name.c - which test of its suite a command is.
 *
 * CTest and automake tell a test nothing about itself: the shipped CMake module hands the name over (--name), and elsewhere the
 * command has to do. pytest tells by PYTEST_CURRENT_TEST. Meson writes down all tests with their commands
 * (meson-info/intro-tests.json) in the build folder, which is above the test's program and is where tests start.
 */
#include "tests.h"

#include <ctype.h>
#include <jansson.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../preload/sys/fmt.h"

#define INTRO "/meson-info/intro-tests.json"

/* Names reach terminals and reports: what is not printable does not. */
static void set_name(struct test_name *name, const char *text, size_t n, int exact)
{
	struct buf b = buf_on(name->text, sizeof(name->text));
	char *copy = strndup(text, n);

	if (copy)
		buf_clean(&b, copy);
	free(copy);
	name->exact = exact;
}

/* "tests/test_cache.py::test_evict (call)" */
static int name_of_pytest(struct test_name *name)
{
	const char *now = getenv("PYTEST_CURRENT_TEST"), *phase;

	if (!now || !*now)
		return 0;
	phase = strrchr(now, ' ');
	set_name(name, now, phase && phase[1] == '(' ? (size_t)(phase - now) : strlen(now), 1);
	return 1;
}

/* ---- Meson ---------------------------------------------------------------------------------------------------------- */

static int same_command(const json_t *wanted, char **command)
{
	size_t n = json_array_size(wanted), i;

	for (i = 0; i < n && command[i]; i++) {
		const char *word = json_string_value(json_array_get(wanted, i));

		if (!word || strcmp(word, command[i]))
			return 0;
	}
	return n > 0 && i == n && !command[i];
}

/* Two tests may have one command and differ in what the environment tells it. */
static int same_environment(const json_t *wanted)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)wanted, key, value) {
		const char *mine = getenv(key);

		if (!mine || !json_is_string(value) || strcmp(mine, json_string_value(value)))
			return 0;
	}
	return 1;
}

static int name_in_intro(struct test_name *name, const char *file, char **command)
{
	json_t *all = json_load_file(file, 0, NULL), *test, *best = NULL;
	size_t i;

	json_array_foreach(all, i, test) {
		const json_t *env = json_object_get(test, "env");

		if (!same_command(json_object_get(test, "cmd"), command))
			continue;
		/* the one that says more about the environment is the better match */
		if (same_environment(env) && (!best || json_object_size(env) > json_object_size(json_object_get(best, "env"))))
			best = test;
	}
	if (best) {
		const char *suite = json_string_value(json_array_get(json_object_get(best, "suite"), 0));
		const char *own = json_string_value(json_object_get(best, "name"));
		char text[TEST_NAME_MAX];

		/* as `meson test --list` writes it */
		snprintf(text, sizeof(text), "%s%s%s", suite ? suite : "", suite ? " / " : "", own ? own : "");
		if (own)
			set_name(name, text, strlen(text), 1);
		else
			best = NULL;
	}
	json_decref(all);
	return best != NULL;
}

/* In `folder` and all above it. */
static int name_above(struct test_name *name, char folder[PATH_MAX], char **command)
{
	size_t n = strlen(folder);

	while (n > 1) {
		char file[PATH_MAX + sizeof(INTRO)];

		snprintf(file, sizeof(file), "%.*s" INTRO, (int)n, folder);
		if (access(file, R_OK) == 0 && name_in_intro(name, file, command))
			return 1;
		while (n > 0 && folder[--n] != '/')
			;
	}
	return 0;
}

static int name_of_meson(struct test_name *name, char **command)
{
	char folder[PATH_MAX];

	if (getcwd(folder, sizeof(folder)) && name_above(name, folder, command))
		return 1;
	snprintf(folder, sizeof(folder), "%s", command[0]);
	return folder[0] == '/' && name_above(name, folder, command);
}

/* ---- the command itself --------------------------------------------------------------------------------------------- */

static void name_of_command(struct test_name *name, char **command)
{
	char text[TEST_NAME_MAX * 4];
	struct buf b = buf_on(text, sizeof(text));
	const char *program = command[0];

	while (program[0] == '.' && program[1] == '/')
		program += 2;
	buf_str(&b, program[0] == '/' ? path_base(program) : program);
	for (int i = 1; command[i]; i++) {
		buf_char(&b, ' ');
		buf_str(&b, command[i]);
	}
	set_name(name, text, b.len, 0);
}

void test_name_find(struct test_name *name, const char *given, char **command)
{
	if (given)
		set_name(name, given, strlen(given), 1);
	else if (!name_of_pytest(name) && !name_of_meson(name, command))
		name_of_command(name, command);
}

static uint32_t hash_of(const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h;
}

void test_name_folder(const struct test_name *name, char to[TEST_FOLDER_MAX])
{
	enum { KEPT = TEST_FOLDER_MAX - 32 }; /* room for the hash, and for what the caller appends */
	size_t n = 0;
	int changed = 0;

	for (const char *s = name->text; *s; s++) {
		/* not '.' in front: such files are passed over by who collects the results */
		int plain = isalnum((unsigned char)*s) || strchr("_+=-", *s) || (*s == '.' && n > 0);

		if (n == KEPT) {
			changed = 1;
			break;
		}
		to[n++] = plain ? *s : '_';
		changed |= !plain;
	}
	to[n] = 0;
	/* a name that ends like one of our files would be taken for it */
	changed |= n == 0 || (n >= strlen(TESTS_SUFFIX) && !strcmp(to + n - strlen(TESTS_SUFFIX), TESTS_SUFFIX));
	if (changed)
		snprintf(to + n, TEST_FOLDER_MAX - n, "-%08x", hash_of(name->text));
}
