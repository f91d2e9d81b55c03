/* SPDX-License-Identifier: MIT */
/*
 * check_text.c - the result of `race check` for people: what is seen, then what is not and what to do.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "../../preload/sys/fmt.h"

#define WIDTH 80
#define COLUMN 20 /* of what is said behind a name */

/* Foreign names may hold escapes. */
static void put(const char *s)
{
	char text[4096 * 4];
	struct buf b = buf_on(text, sizeof(text));

	buf_clean(&b, s);
	fputs(text, stdout);
}

/* Words from column `at` on, broken at spaces. */
static void put_wrapped(const char *s, int indent, int at)
{
	while (*s) {
		int n = (int)strcspn(s, " ");

		if (at > indent && at + 1 + n > WIDTH) {
			printf("\n%*s", indent, "");
			at = indent;
		} else if (at > indent) {
			putchar(' ');
			at++;
		}
		printf("%.*s", n, s);
		at += n;
		s += n;
		s += strspn(s, " ");
	}
	putchar('\n');
}

/* The name that a paragraph is about. Whatever it is, the text starts at COLUMN. */
static void put_name(const char *name)
{
	printf("  %-*s", COLUMN - 2, name);
	if (strlen(name) > COLUMN - 3)
		printf("\n%*s", COLUMN, "");
}

static void put_binary(const struct check_result *r)
{
	const struct check_module *m = r->module[0];

	put(m->path);
	if (strcmp(m->name, path_base(m->path))) {
		fputs(" (as ", stdout);
		put(m->name);
		putchar(')');
	}
	printf("\n  %d-bit %s %s", m->elf_class == ELFCLASS64 ? 64 : 32, check_machine(m->machine),
	       m->role == CHECK_PROGRAM || m->type == ET_EXEC ? "program" : "library");
	if (m->readable) {
		printf(", %s, debug information %s",
		       m->symbols == SYMBOLS_NONE       ? "stripped"
		       : m->symbols == SYMBOLS_SEPARATE ? "symbols in a separate file"
							: "with symbols",
		       check_symbols_text(m->debug_info));
		printf(", %zu librar%s", r->nmodules - 1, r->nmodules == 2 ? "y" : "ies");
	}
	puts("");
}

static int is_used(const struct check_result *r, const struct check_family *f)
{
	for (size_t i = 0; i < r->nmodules; i++) {
		if (f->used_by[i])
			return 1;
	}
	return 0;
}

/* "foo, libbar.so and 3 more", the binary first. */
static void used_by(const struct check_result *r, const struct check_family *f, struct buf *b)
{
	size_t shown = 0, more = 0;

	for (size_t i = 0; i < r->nmodules; i++) {
		if (!f->used_by[i])
			continue;
		if (shown == 3) {
			more++;
			continue;
		}
		buf_str(b, shown++ ? ", " : "used by ");
		buf_clean(b, r->module[i]->name);
	}
	if (more)
		buf_fmt(b, " and %lu more", (unsigned long)more);
	if (!shown)
		buf_str(b, "used only inside its library");
}

static void put_family(const struct check_result *r, const struct check_family *f)
{
	size_t patched = 0, interposed = 0, unseen = 0, places = 0;
	const struct check_module *in[3] = {NULL};
	char text[1024];
	struct buf b = buf_on(text, sizeof(text));

	for (size_t i = 0; i < f->n; i++) {
		const struct check_function *x = &f->function[i];
		size_t k = 0;

		patched += x->patched;
		interposed += !x->patched && x->interposed;
		unseen += !x->patched && !x->interposed;
		while (k < places && k < 3 && in[k] != x->in)
			k++;
		if (x->patched && k == places && places < 3)
			in[places++] = x->in;
	}
	put_name(f->name);
	buf_fmt(&b, "%lu function%s:", (unsigned long)f->n, f->n == 1 ? "" : "s");
	if (patched) {
		buf_fmt(&b, " %s%lu patched in ", unseen + interposed ? "" : "all ", (unsigned long)patched);
		for (size_t i = 0; i < places; i++) {
			buf_str(&b, i ? ", " : "");
			buf_clean(&b, in[i]->name);
		}
		buf_str(&b, ", every call is seen;");
	}
	if (interposed)
		buf_fmt(&b, " %s%lu interposed, calls from other modules are seen;", patched + unseen ? "" : "all ",
			(unsigned long)interposed);
	if (unseen)
		buf_fmt(&b, " %lu not seen;", (unsigned long)unseen);
	buf_char(&b, ' ');
	used_by(r, f, &b);
	put_wrapped(text, COLUMN, COLUMN);
}

static void put_families(const struct check_result *r, int maps, const char *title)
{
	size_t n = 0;

	puts(title);
	for (size_t i = 0; i < r->nfamilies; i++) {
		/* Locks that only their own library uses, and what librace needs for itself, interest no reader. */
		if (r->family[i].is_map != maps ||
		    (!maps && (!strcmp(r->family[i].name, "process") || !is_used(r, &r->family[i]))))
			continue;
		put_family(r, &r->family[i]);
		n++;
	}
	if (!n)
		puts("  none");
}

void check_text(const struct check_result *r)
{
	put_binary(r);
	if (r->loads) {
		put_families(r, 1, "\nMaps that are seen");
		put_families(r, 0, "\nLocks and threads that are seen");
	}
	puts("\nTo know");
	for (size_t i = 0; i < r->nhints; i++) {
		const struct check_hint *h = &r->hint[i];
		char text[1024];
		struct buf b = buf_on(text, sizeof(text));

		put_name(h->id);
		buf_clean(&b, h->text);
		put_wrapped(text, COLUMN, COLUMN);
		printf("%*s-> ", COLUMN, "");
		put_wrapped(h->todo, COLUMN + 3, COLUMN + 3);
	}
	if (!r->nhints)
		puts("  nothing");
}
