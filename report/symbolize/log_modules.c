/* SPDX-License-Identifier: MIT */
/*
 * log_modules.c - from `libfoo.so.1` in a log to a file: one that was named, or the one that the loader or a shell would take.
 *
 * A text log has base names only and no build ids. So a found file is believed only as long as the functions that the log names lie
 * where the file has them. With records (log_builds.c) the build-id decides.
 */
#include "log_modules.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../preload/sys/fmt.h"
#include "../check/check.h"
#include "log_builds.h"
#include "symbolize.h"
#include "../util/room.h"

#define MODULES 4096
#define COMPARED 64 /* frames of a module; names cost a walk through its symbols */

static struct given {
	char *path, *base, *asked, *soname;
} *given;
static size_t ngiven;
static struct log_module module[MODULES];
static size_t nmodules;

/* As the log would show it. */
static char *shown(const char *name)
{
	char text[4 * 256 + 8];
	struct buf b = buf_on(text, sizeof(text));

	buf_clean(&b, name);
	return room_copy(text);
}

static char *soname_of(const char *path)
{
	struct check_module *m = room(1, sizeof(*m));
	char why[300];

	return check_module_open(m, path, why, sizeof(why)) == 0 && m->readable && m->elf.soname ? shown(m->elf.soname) : NULL;
}

int log_modules_add(const char *verb, const char *file)
{
	char real[PATH_MAX], line[4 * PATH_MAX];
	struct buf b = buf_on(line, sizeof(line));
	struct given *more;

	if (!realpath(file, real) || !check_fits(real)) {
		buf_fmt(&b, "race: %s: ", verb);
		buf_clean(&b, file);
		fprintf(stderr, "%s is no 64-bit x86-64 ELF file that can be read\n", line);
		return -1;
	}
	more = realloc(given, (ngiven + 1) * sizeof(*given));
	if (!more)
		return -1;
	given = more;
	given[ngiven++] = (struct given){room_copy(real), shown(path_base(real)), shown(path_base(file)), soname_of(real)};
	return 0;
}

size_t log_modules_given(void)
{
	return ngiven;
}

const char *log_modules_given_path(size_t i)
{
	return given[i].path;
}

/* Programs have no search path of their own; PATH is the user's of today, not of the process that wrote the log. */
static char *found(const char *name)
{
	static const char *const folders[] = {"/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/bin", "/sbin"};
	static const struct check_module nobody;
	char path[PATH_MAX];

	if (strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return NULL;
	check_find(name, &nobody, path, sizeof(path));
	if (path[0])
		return room_copy(path);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", folders[i], name) < sizeof(path) && check_fits(path))
			return room_copy(path);
	}
	return NULL;
}

struct log_module *log_module_find(const char *name, size_t n)
{
	const struct log_build *build;
	struct log_module *m;
	char text[NAME_MAX + 1];

	if (!n || n > NAME_MAX || memchr(name, 0, n))
		return NULL;
	memcpy(text, name, n);
	text[n] = 0;
	build = log_build_expected(text);
	for (size_t i = 0; i < nmodules; i++) {
		if (!strcmp(module[i].name, text) && !strcmp(module[i].build ? module[i].build : "", build ? build->id : ""))
			return &module[i];
	}
	if (nmodules == MODULES)
		return NULL;
	m = &module[nmodules++];
	m->name = room_copy(text);
	if (build) {
		m->build = room_copy(build->id);
		for (size_t i = 0; i < ngiven && !m->path; i++) {
			if (log_build_is(given[i].path, build->id)) {
				m->path = given[i].path;
				m->given = 1;
			}
		}
		if (!m->path)
			m->path = log_build_find(build, found(text));
		return m;
	}
	for (size_t i = 0; i < ngiven && !m->path; i++) {
		const struct given *g = &given[i];

		if (!strcmp(g->base, text) || !strcmp(g->asked, text) || (g->soname && !strcmp(g->soname, text))) {
			m->path = g->path;
			m->given = 1;
		}
	}
	if (!m->path)
		m->path = found(text);
	return m;
}

void log_module_compare(const char *verb, struct log_module *m, const struct log_frame *f)
{
	char name[600], line[4 * PATH_MAX];
	struct buf b = buf_on(line, sizeof(line));
	struct symbolize_named n;

	if (!m->path || m->compared >= COMPARED || f->nname >= sizeof(name) || !memcmp(f->name, "??", 2) ||
	    memchr(f->name, 0, f->nname))
		return;
	m->compared++;
	memcpy(name, f->name, f->nname);
	name[f->nname] = 0;
	symbolize_name(m->path, name, f->offset, &n);
	if (!n.n || n.holds)
		return;
	buf_fmt(&b, "race: %s: ", verb);
	buf_clean(&b, m->path);
	fprintf(stderr, "%s is another build than the log's: %s is not at +0x%llx there\n", line, name,
		(unsigned long long)f->offset);
	m->path = NULL;
}
