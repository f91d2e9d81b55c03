/* SPDX-License-Identifier: MIT */
/*
 * info.c - `race info`: families, their functions, and the fields of private structs that are read.
 *
 * All of it comes from librace.so itself (check_table.c); which version of a library is installed, and whether it has the
 * functions, from the file that the loader would take.
 */
#include "info.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../../preload/sys/fmt.h"
#include "check.h"
#include "../util/room.h"

struct check_table info_table;
struct info_family info_family[INFO_FAMILIES];
size_t info_nfamilies;

/* ---- families ---------------------------------------------------------------------------------------------------- */

static struct info_family *family_add(const char *name, int is_map, uint8_t contract)
{
	for (size_t i = 0; i < info_nfamilies; i++) {
		if (!strcmp(info_family[i].name, name))
			return &info_family[i];
	}
	if (info_nfamilies == INFO_FAMILIES)
		return NULL;
	info_family[info_nfamilies] = (struct info_family){.name = name, .is_map = is_map, .contract = contract};
	return &info_family[info_nfamilies++];
}

static int is_map_first(const void *a, const void *b)
{
	const struct info_family *x = a, *y = b;

	return x->is_map != y->is_map ? y->is_map - x->is_map : strcasecmp(x->name, y->name);
}

static void families_read(void)
{
	for (size_t i = 0; i < info_table.nhooks; i++) {
		const struct check_hook *h = &info_table.hook[i];

		for (size_t k = 0; k < h->neffects; k++)
			family_add(h->effect[k].kind, 1, h->effect[k].contract);
	}
	for (size_t i = 0; i < info_table.nhooks; i++) {
		if (!info_table.hook[i].neffects)
			family_add(check_family_name(&info_table, &info_table.hook[i]), 0, 0);
	}
	for (size_t i = 0; i < info_nfamilies; i++) {
		for (size_t k = 0; k < info_table.norigins; k++) {
			if (!strcmp(info_table.origin[k].kind, info_family[i].name))
				info_family[i].library = info_table.origin[k].library;
		}
	}
	qsort(info_family, info_nfamilies, sizeof(info_family[0]), is_map_first);
}

int info_has_function(const struct info_family *f, const struct check_hook *h)
{
	for (size_t i = 0; i < h->neffects; i++) {
		if (!strcmp(h->effect[i].kind, f->name))
			return 1;
	}
	return !h->neffects && !strcmp(check_family_name(&info_table, h), f->name);
}

/* ---- what is installed ------------------------------------------------------------------------------------------- */

/* Families share libraries, and some are large: each file is read once. */
static struct check_module *module_open(const char *path)
{
	static struct check_module *opened[INFO_FAMILIES];
	static size_t nopened;
	char real[PATH_MAX], why[300];
	struct check_module *m;

	if (!realpath(path, real))
		return NULL;
	for (size_t i = 0; i < nopened; i++) {
		if (!strcmp(opened[i]->path, real))
			return opened[i];
	}
	m = room(1, sizeof(*m));
	m->role = CHECK_LIBRARY;
	if (nopened == INFO_FAMILIES || check_module_open(m, real, why, sizeof(why)) != 0 || !m->readable)
		return NULL;
	m->name = m->elf.soname ? m->elf.soname : path_base(m->path);
	return opened[nopened++] = m;
}

static void installed_find(struct info_family *f)
{
	char path[PATH_MAX];

	if (!f->library)
		return;
	check_find_any(f->library, path, sizeof(path));
	f->installed = path[0] ? module_open(path) : NULL;
}

/* What stands behind ".so." in the name of the file; else what stands between the library's name and ".so": 9.18.41. */
const char *info_version_of(const struct check_module *m, char *to, size_t cap)
{
	const char *base = path_base(m->path), *so = strstr(base, ".so"), *dash;

	to[0] = 0;
	if (so && so[3] == '.') {
		snprintf(to, cap, "%s", so + 4);
	} else if (so && (dash = memchr(base, '-', (size_t)(so - base))) != NULL) {
		snprintf(to, cap, "%.*s", (int)(so - dash - 1), dash + 1);
	}
	return to;
}

/* The compiler writes the rows of a file from the last to the first: what is told goes the other way. */
int info_is_there(const struct info_family *f, const struct check_hook *h)
{
	struct elf_symbol s;

	return f->installed && check_module_defines(f->installed, h->name, h->hash, &s);
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static void put(const char *s)
{
	char text[4 * PATH_MAX];
	struct buf b = buf_on(text, sizeof(text));

	buf_clean(&b, s);
	fputs(text, stdout);
}

static void put_installed(const struct info_family *f)
{
	size_t functions = 0, there = 0, told = 0;
	char version[256];

	if (!f->library)
		return;
	printf("  library   %s", f->library);
	if (!f->installed) {
		puts(", not installed where the loader looks");
		return;
	}
	fputs(", here ", stdout);
	put(f->installed->path);
	if (info_version_of(f->installed, version, sizeof(version))[0]) {
		fputs(", version ", stdout);
		put(version);
	}
	for (size_t i = info_table.nhooks; i-- > 0;) {
		functions += info_has_function(f, &info_table.hook[i]);
		there += info_has_function(f, &info_table.hook[i]) && info_is_there(f, &info_table.hook[i]);
	}
	if (functions == there) {
		printf("\n            it has all %zu functions\n", functions);
		return;
	}
	printf("\n            it has %zu of %zu functions; not ", there, functions);
	for (size_t i = info_table.nhooks; i-- > 0;) {
		if (info_has_function(f, &info_table.hook[i]) && !info_is_there(f, &info_table.hook[i]))
			printf("%s%s", told++ ? ", " : "", info_table.hook[i].name);
	}
	putchar('\n');
}

static void put_functions(const struct info_family *f)
{
	puts("  functions");
	for (size_t i = info_table.nhooks; i-- > 0;) {
		const struct check_hook *h = &info_table.hook[i];
		int shown = 0;

		if (!info_has_function(f, h))
			continue;
		printf("    %s", h->name);
		for (size_t k = 0; k < h->neffects; k++) {
			if (strcmp(h->effect[k].kind, f->name))
				continue;
			printf("%s%s %s", shown++ ? ", or " : ": ", check_role_text(h->effect[k].role),
			       check_access_text(h->effect[k].access));
		}
		putchar('\n');
	}
	for (size_t i = 0, shown = 0; i < info_table.nmembers; i++) {
		const struct check_member *m = &info_table.member[i];

		if (strcmp(m->effect.kind, f->name))
			continue;
		if (!shown++)
			puts("  members, where the compiler put them out of line");
		printf("    %s: %s %s\n", m->name, check_role_text(m->effect.role),
		       check_access_text(m->effect.access));
	}
}

static void put_layouts(const struct info_family *f)
{
	for (size_t i = info_table.nlayouts; i-- > 0;) {
		const struct check_layout *l = &info_table.layout[i];

		if (strcmp(l->kind, f->name))
			continue;
		printf("  reads of %s (%s)\n    checked   %s\n", l->type, l->versions, l->check);
		for (size_t k = 0; k < l->nfields; k++)
			printf("    +%-4u %3u bytes  %-20s %s\n", l->field[k].offset, l->field[k].bytes,
			       l->field[k].name, l->field[k].use);
	}
}

static void put_family(const struct info_family *f)
{
	printf("%s\n", f->name);
	if (f->is_map)
		printf("  contract  %s\n", check_contract_text(f->contract));
	put_installed(f);
	put_functions(f);
	put_layouts(f);
}

/* ---- the verb ---------------------------------------------------------------------------------------------------- */

static struct info_family *family_find(const char *name)
{
	const char *near = NULL;
	char line[600];
	struct buf b = buf_on(line, sizeof(line));
	unsigned best = 5;

	for (size_t i = 0; i < info_nfamilies; i++) {
		unsigned d = edit_distance(name, strlen(name), info_family[i].name, strlen(info_family[i].name));

		if (!strcasecmp(info_family[i].name, name))
			return &info_family[i];
		if (d < best) {
			best = d;
			near = info_family[i].name;
		}
	}
	buf_str(&b, "race: info: unknown family ");
	buf_quoted(&b, name, strnlen(name, 60));
	if (near)
		buf_fmt(&b, ", did you mean `%s`?", near);
	buf_str(&b, "; `race info` lists them\n");
	fputs(line, stderr);
	return NULL;
}

int info_main(int argc, char **argv)
{
	const char *name = NULL;
	struct info_family *only = NULL;
	int json = 0;

	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--json")) {
			json = 1;
		} else if (!strcmp(argv[i], "--family") && i + 1 < argc && !name) {
			name = argv[++i];
		} else if (!strncmp(argv[i], "--family=", 9) && !name) {
			name = argv[i] + 9;
		} else {
			fputs("usage: race info [--family NAME] [--json]\n", stderr);
			return 2;
		}
	}
	if (check_table_read(&info_table, "info") != 0)
		return 2;
	families_read();
	if (name && !(only = family_find(name)))
		return 2;
	for (size_t i = 0; i < info_nfamilies; i++) {
		if (!only || only == &info_family[i])
			installed_find(&info_family[i]);
	}
	if (json)
		return info_json(only);
	for (size_t i = 0; i < info_nfamilies; i++) {
		if (only && only != &info_family[i])
			continue;
		if (i && !only)
			putchar('\n');
		put_family(&info_family[i]);
	}
	return 0;
}
