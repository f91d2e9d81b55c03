/* SPDX-License-Identifier: MIT */
/*
 * check.c - `race check BINARY`: the binary, the libraries it needs in the loader's order, and what is told of them.
 *
 * Status: 0 with the list, whatever it says; 2 when the file is no ELF file or cannot be read, when librace.so is not found,
 * and for wrong usage.
 */
#include "check.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../preload/sys/fmt.h"
#include "../util/room.h"

static struct check_module *module_known(const struct check_result *r, const char *name)
{
	for (size_t i = 0; i < r->nmodules; i++) {
		struct check_module *m = r->module[i];

		if (!strcmp(m->asked, name) || (m->elf.soname && !strcmp(m->elf.soname, name)))
			return m;
	}
	return NULL;
}

static int same_file(const struct check_result *r, const char *path)
{
	char real[PATH_MAX];

	for (size_t i = 0; realpath(path, real) && i < r->nmodules; i++) {
		if (!strcmp(r->module[i]->path, real))
			return 1;
	}
	return 0;
}

/* Breadth first, as the loader does it. */
static void add_needed(struct check_result *r, struct check_module *by)
{
	for (size_t i = 0; i < by->nneeded && r->nmodules < CHECK_MODULES; i++) {
		struct check_module *m;
		char path[PATH_MAX], why[300];

		if (module_known(r, by->needed[i]))
			continue;
		check_find(by->needed[i], by, path, sizeof(path));
		if (path[0] && same_file(r, path))
			continue;
		m = room(1, sizeof(*m));
		snprintf(m->asked, sizeof(m->asked), "%s", by->needed[i]);
		m->parent = by;
		m->role = CHECK_LIBRARY;
		if (!path[0] || check_module_open(m, path, why, sizeof(why)) != 0) {
			m->missing = 1;
			snprintf(m->path, sizeof(m->path), "%s", by->needed[i]);
		}
		m->name = path_base(m->asked); /* what people know it by: the SONAME, not the file behind links */
		r->module[r->nmodules++] = m;
	}
}

/* A name without a slash that is no file here is looked up in PATH, as a shell would. */
static const char *binary_path(const char *name, char *to, size_t cap)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/') || access(name, F_OK) == 0)
		return name;
	while (path && *path) {
		size_t n = strcspn(path, ":");

		if (n && (size_t)snprintf(to, cap, "%.*s/%s", (int)n, path, name) < cap && access(to, X_OK) == 0)
			return to;
		path += n + (path[n] == ':');
	}
	return name;
}

static int usage(void)
{
	fputs("usage: race check BINARY [--json]\n", stderr);
	return 2;
}

int check_main(int argc, char **argv)
{
	static struct check_table table;
	struct check_result r = {.table = &table};
	const char *name = NULL;
	char path[PATH_MAX], why[400], line[PATH_MAX];
	struct buf b = buf_on(line, sizeof(line));
	int json = 0, plain = 0;

	for (int i = 0; i < argc; i++) {
		if (!plain && !strcmp(argv[i], "--"))
			plain = 1;
		else if (!plain && !strcmp(argv[i], "--json"))
			json = 1;
		else if ((!plain && argv[i][0] == '-') || name)
			return usage();
		else
			name = argv[i];
	}
	if (!name || !name[0])
		return usage();
	r.module = room(CHECK_MODULES, sizeof(*r.module));
	r.module[0] = room(1, sizeof(*r.module[0]));
	r.nmodules = 1;
	snprintf(r.module[0]->asked, sizeof(r.module[0]->asked), "%s", path_base(name));
	if (check_module_open(r.module[0], binary_path(name, path, sizeof(path)), why, sizeof(why)) != 0) {
		buf_str(&b, "race: check: ");
		buf_clean(&b, name);
		fprintf(stderr, "%s %s\n", line, why);
		return 2;
	}
	r.module[0]->name = r.module[0]->asked; /* the file behind links may have another name */
	if (check_table_read(&table, "check") != 0)
		return 2;
	for (size_t i = 0; i < r.nmodules; i++)
		add_needed(&r, r.module[i]);
	check_hints(&r);
	if (json)
		return check_json(&r);
	check_text(&r);
	return 0;
}
