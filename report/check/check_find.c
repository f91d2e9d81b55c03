/* SPDX-License-Identifier: MIT */
/*
 * check_find.c - the file of a needed library, as the loader would find it.
 *
 * The order is ld.so(8)'s: RPATH of whoever needs it and of those who needed that one (unless it has a RUNPATH),
 * LD_LIBRARY_PATH, RUNPATH, the directories of /etc/ld.so.conf, the built-in ones. The cache is not read: it is made from the
 * same directories.
 */
#include <elf.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "../util/room.h"

#define DIRECTORIES 256
static const char *directory[DIRECTORIES];
static size_t ndirectories;

static void directory_add(const char *path)
{
	for (size_t i = 0; i < ndirectories; i++) {
		if (!strcmp(directory[i], path))
			return;
	}
	if (ndirectories < DIRECTORIES)
		directory[ndirectories++] = room_copy(path);
}

static void conf_read(const char *path, int depth)
{
	char line[1024];
	FILE *f = depth < 8 ? fopen(path, "re") : NULL;

	while (f && fgets(line, sizeof(line), f)) {
		char *s = line + strspn(line, " \t"), *end;

		s[strcspn(s, "#\r\n")] = 0;
		for (end = s + strlen(s); end > s && (end[-1] == ' ' || end[-1] == '\t'); end--)
			end[-1] = 0;
		if (!strncmp(s, "include", 7) && (s[7] == ' ' || s[7] == '\t')) {
			char pattern[1200];
			glob_t g;

			s += 7 + strspn(s + 7, " \t");
			snprintf(pattern, sizeof(pattern), "%s%s", *s == '/' ? "" : "/etc/", s);
			if (glob(pattern, 0, NULL, &g) == 0) {
				for (size_t i = 0; i < g.gl_pathc; i++)
					conf_read(g.gl_pathv[i], depth + 1);
				globfree(&g);
			}
		} else if (*s == '/') {
			directory_add(s);
		}
	}
	if (f)
		fclose(f);
}

static void directories_read(void)
{
	static const char *const built_in[] = {
		"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"};

	if (ndirectories)
		return;
	conf_read("/etc/ld.so.conf", 0);
	for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++)
		directory_add(built_in[i]);
}

/* A library of another machine is passed over, as the loader does. */
int check_fits(const char *path)
{
	uint8_t head[20];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof(head));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)sizeof(head) && !memcmp(head, ELFMAG, SELFMAG) && head[EI_CLASS] == ELFCLASS64 &&
	       head[EI_DATA] == ELFDATA2LSB && head[18] == EM_X86_64 && !head[19];
}

/* $ORIGIN, $LIB and $PLATFORM of a search path. */
static void expand(char *to, size_t cap, const char *s, size_t n, const struct check_module *by)
{
	const char *slash = strrchr(by->path, '/');
	size_t origin = slash && slash != by->path ? (size_t)(slash - by->path) : 1, len = 0;
	const struct {
		const char *name, *value;
		size_t n;
	} tokens[] = {{"ORIGIN", by->path, origin},
		      {"LIB", "lib/x86_64-linux-gnu", strlen("lib/x86_64-linux-gnu")},
		      {"PLATFORM", "x86_64", strlen("x86_64")}};

	for (size_t i = 0; i < n && len + 1 < cap;) {
		size_t used = 0;

		for (size_t k = 0; s[i] == '$' && !used && k < sizeof(tokens) / sizeof(tokens[0]); k++) {
			size_t m = strlen(tokens[k].name);

			if (n - i > m && !strncmp(s + i + 1, tokens[k].name, m))
				used = m + 1;
			else if (n - i > m + 2 && s[i + 1] == '{' && !strncmp(s + i + 2, tokens[k].name, m) &&
				 s[i + 2 + m] == '}')
				used = m + 3;
			if (used && len + tokens[k].n < cap) {
				memcpy(to + len, tokens[k].value, tokens[k].n);
				len += tokens[k].n;
			}
		}
		if (!used)
			to[len++] = s[i++];
		i += used;
	}
	to[len] = 0;
}

/* A list of directories with colons (or, in the environment, semicolons) between. */
static int in_list(const char *list, const char *name, const struct check_module *by, char *to, size_t cap)
{
	while (list && *list) {
		size_t n = strcspn(list, ":;");
		char where[PATH_MAX];

		expand(where, sizeof(where), list, n, by);
		if ((size_t)snprintf(to, cap, "%s/%s", where[0] ? where : ".", name) < cap && check_fits(to))
			return 1;
		list += n + (list[n] != 0);
	}
	return 0;
}

void check_find(const char *name, const struct check_module *by, char *to, size_t cap)
{
	if (strchr(name, '/')) {
		expand(to, cap, name, strlen(name), by);
		if (!check_fits(to))
			to[0] = 0;
		return;
	}
	for (const struct check_module *m = by; !by->runpath && m; m = m->parent) {
		if (!m->runpath && in_list(m->rpath, name, m, to, cap))
			return;
	}
	if (in_list(getenv("LD_LIBRARY_PATH"), name, by, to, cap) || in_list(by->runpath, name, by, to, cap))
		return;
	directories_read();
	for (size_t i = 0; i < ndirectories; i++) {
		if ((size_t)snprintf(to, cap, "%s/%s", directory[i], name) < cap && check_fits(to))
			return;
	}
	to[0] = 0;
}

void check_find_any(const char *pattern, char *to, size_t cap)
{
	const struct check_module none = {.asked = ""};
	char where[PATH_MAX];
	glob_t g;

	to[0] = 0;
	if (!strpbrk(pattern, "*?[")) {
		if (!strchr(pattern, '/'))
			check_find(pattern, &none, to, cap);
		return;
	}
	directories_read();
	for (size_t i = 0; i < ndirectories && !to[0]; i++) {
		if ((size_t)snprintf(where, sizeof(where), "%s/%s", directory[i], pattern) >= sizeof(where) ||
		    glob(where, 0, NULL, &g) != 0)
			continue;
		for (size_t k = g.gl_pathc; k-- > 0 && !to[0];) {
			if (check_fits(g.gl_pathv[k]) && (size_t)snprintf(to, cap, "%s", g.gl_pathv[k]) >= cap)
				to[0] = 0;
		}
		globfree(&g);
	}
}
