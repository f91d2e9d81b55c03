/* SPDX-License-Identifier: MIT */
/*
 * lists.h - lists of symbols: what preload/patch/symbols.c visits, and what readelf prints of the same file.
 */
#ifndef RACE_TESTS_LISTS_H
#define RACE_TESTS_LISTS_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "preload/patch/symbols.h"

struct listed {
	char *name, *file;
	uint64_t value, size;
	int global;
};
struct list {
	struct listed *at;
	size_t n, cap;
	uintptr_t base;
};

static void list_add(struct list *l, const char *name, const char *file, uint64_t value, uint64_t size, int global)
{
	if (l->n == l->cap)
		l->at = realloc(l->at, (l->cap = l->cap ? 2 * l->cap : 1024) * sizeof(*l->at));
	l->at[l->n++] = (struct listed){ strdup(name), file ? strdup(file) : NULL, value, size, global };
}

static void list_free(struct list *l)
{
	while (l->n) {
		free(l->at[--l->n].name);
		free(l->at[l->n].file);
	}
	free(l->at);
	memset(l, 0, sizeof(*l));
}

static int collect(const struct elf_symbol *s, void *to)
{
	struct list *l = to;

	list_add(l, s->name, s->file, s->address - l->base, s->bytes, s->global);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;
	int d = strcmp(x->name, y->name);

	return d ? d : x->value < y->value ? -1 : x->value > y->value;
}

static void list_sort(struct list *l)
{
	if (l->n)
		qsort(l->at, l->n, sizeof(*l->at), by_name);
}

/* What readelf calls a defined symbol of the type; dynamic: of .dynsym, where a name with one @ is hidden. */
static void list_readelf(struct list *l, const char *path, const char *type, int dynamic)
{
	char command[700], line[8192], name[8000], kind[32], bind[32], index[32];
	unsigned long value;
	long size;
	int right = 0;
	FILE *p;

	memset(l, 0, sizeof(*l));
	snprintf(command, sizeof(command), "LC_ALL=C readelf -W %s '%s' 2>/dev/null", dynamic ? "--dyn-syms" : "--syms", path);
	p = popen(command, "r");
	ck_assert(p != NULL);
	while (fgets(line, sizeof(line), p)) {
		char *at;

		if (!strncmp(line, "Symbol table", 12))
			right = !!strstr(line, dynamic ? "'.dynsym'" : "'.symtab'");
		if (!right || sscanf(line, " %*d: %lx %li %31s %31s %*s %31s %7999s", &value, &size, kind, bind, index, name) != 6)
			continue;
		if (strcmp(kind, type) || !strcmp(index, "UND") || !strcmp(index, "ABS") || (dynamic && !strcmp(bind, "LOCAL")))
			continue;
		at = strchr(name, '@');
		if (dynamic && at) {
			if (at[1] != '@')
				continue;
			*at = 0;
		}
		list_add(l, name, NULL, value, (uint64_t)size, strcmp(bind, "LOCAL") != 0);
	}
	pclose(p);
	list_sort(l);
}

static void lists_equal(const struct list *ours, const struct list *theirs, const char *what)
{
	size_t i;

	for (i = 0; i < ours->n && i < theirs->n; i++) {
		const struct listed *a = &ours->at[i], *b = &theirs->at[i];

		ck_assert_msg(!strcmp(a->name, b->name) && a->value == b->value && a->size == b->size && a->global == b->global,
			      "%s: %s at %lx (%lu) here, %s at %lx (%lu) there", what, a->name, (long)a->value, (long)a->size,
			      b->name, (long)b->value, (long)b->size);
	}
	ck_assert_msg(ours->n == theirs->n, "%s: %zu here, %zu there", what, ours->n, theirs->n);
}

#endif
