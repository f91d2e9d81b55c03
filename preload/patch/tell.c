/* SPDX-License-Identifier: MIT */
/*
 * tell.c - stats=1: what of this run's maps was seen, and what was not, in the words of `race check`.
 *
 * Owns      what was noted of each module when it came. Modules of one name and one use share a note; notes are never given
 *           back, so that a library that has gone is told of, too.
 * Reads     at the end only the program's own memory, which never goes, and its file.
 * When full further modules are not noted.
 */
#include "tell.h"

#include <string.h>

#include "../core.h"
#include "../emit.h"
#include "../helper_host.h"
#include "../options.h"
#include "../sys/fmt.h"
#include "attach.h"
#include "words.h"

enum {
	USES_CONTAINER = 1, /* and the bits above it: of containers[i] */
	IS_PROGRAM = 1 << CONTAINERS,
	IS_LIBSTDCXX = IS_PROGRAM << 1,
	IS_QT6 = IS_PROGRAM << 2,
	USES_LIBCXX = IS_PROGRAM << 3,
	HOLDS_GO = IS_PROGRAM << 4,
};

enum { NOTES = 256, NAMES_SHOWN = 6, LONGEST = 900 };
static struct note {
	char name[56];
	uintptr_t lo, hi;
	uint32_t is;
} notes[NOTES];
static unsigned nnotes;
static struct elf_module program; /* its memory stays; not its name, which lay in the original */

/* ---- when a module comes ---------------------------------------------------------------------------------------------- */

static int begins(const char *s, const char *with)
{
	return s && !strncmp(s, with, strlen(with));
}

static const char *import_name(const struct elf_module *m, size_t i)
{
	const ElfW(Sym) *s = &m->symbols[i];

	return s->st_shndx == SHN_UNDEF && s->st_name && s->st_name < m->nstrings ? m->strings + s->st_name : NULL;
}

static uint32_t uses_of(const struct elf_module *m)
{
	uint32_t uses = 0;

	for (size_t i = 1; m->symbols && i < m->nsymbols; i++) {
		const char *name = import_name(m, i);

		if (!name || name[0] != '_' || name[1] != 'Z')
			continue;
		if (begins(name, "_ZNSt3__1") || begins(name, "_ZNKSt3__1"))
			uses |= USES_LIBCXX;
		for (unsigned c = 0; c < CONTAINERS; c++) {
			for (unsigned k = 0; k < MARKERS && containers[c].marker[k]; k++) {
				if (!strcmp(name, containers[c].marker[k]))
					uses |= (uint32_t)USES_CONTAINER << c;
			}
		}
	}
	return uses;
}

/* The linker of Go leaves a note of type 4, named "Go". */
static int holds_go(const struct elf_module *m)
{
	for (size_t i = 0; i < m->nheaders; i++) {
		const ElfW(Nhdr) *n = (const ElfW(Nhdr) *)(m->base + m->headers[i].p_vaddr);

		if (m->headers[i].p_type == PT_NOTE && m->headers[i].p_memsz >= sizeof(*n) + 4 && n->n_namesz == 4 &&
		    n->n_type == 4 && !memcmp(n + 1, "Go\0", 4))
			return 1;
	}
	return 0;
}

void tell_module(const struct elf_module *m)
{
	struct note new = { .lo = m->text_lo, .hi = m->text_hi };
	size_t n = m->name ? strnlen(m->name, sizeof(new.name) - 1) : 0;

	if (begins(m->soname, "libstdc++."))
		new.is = IS_LIBSTDCXX;
	else if (begins(m->soname, "libQt6Core.so"))
		new.is = IS_QT6;
	else if (!begins(m->soname, "libc++"))
		new.is = uses_of(m);
	if (holds_go(m))
		new.is |= HOLDS_GO;
	if (m->is_program) {
		new.is |= IS_PROGRAM;
		program = *m;
	}
	if (!new.is)
		return;
	memcpy(new.name, m->name ? m->name : "", n);
	for (unsigned i = 0; i < nnotes; i++) {
		if (notes[i].is == new.is && !strcmp(notes[i].name, new.name)) {
			notes[i] = new; /* it has come back, elsewhere perhaps */
			return;
		}
	}
	if (nnotes < NOTES) {
		notes[nnotes] = new;
		store_release(&nnotes, nnotes + 1); /* partner: each */
	}
}

/* ---- what was seen ----------------------------------------------------------------------------------------------------- */

/* Hooks of a kind that have an original in this process. */
static void hooks_of(const struct race_kind *kind, unsigned *patched, unsigned *interposed)
{
	static uint64_t counted[64]; /* a bit for each hook */
	size_t hooks = (size_t)(race_hooks_stop - race_hooks_start);

	memset(counted, 0, sizeof(counted));
	*patched = *interposed = 0;
	for (const struct race_op *op = race_ops_start; op < race_ops_stop; op++) {
		uintptr_t at = (uintptr_t)op->real - offsetof(struct race_hook, entry) - (uintptr_t)race_hooks_start;
		size_t i = at / sizeof(struct race_hook);

		if (op->kind != kind || !op->real || i >= hooks || i >= 64 * 64 || counted[i / 64] >> i % 64 & 1)
			continue;
		counted[i / 64] |= (uint64_t)1 << i % 64;
		if (hook_is_patched(&race_hooks_start[i]))
			++*patched;
		else if (hook_known(&race_hooks_start[i]))
			++*interposed;
	}
}

static void family_tell(const struct race_family_count *f)
{
	unsigned patched = 0, interposed = 0, sites = 0;
	char line[256];
	struct buf b = buf_on(line, sizeof(line));

	if (f->kind) {
		hooks_of(f->kind, &patched, &interposed);
		sites = patch_sites_of(f->kind, 0, UINTPTR_MAX);
	}
	buf_fmt(&b, "librace: stats: maps: %s: %lu %s, %lu operations recorded", f->kind ? f->kind->name : "others",
		(unsigned long)f->maps, f->maps == 1 ? "map" : "maps", (unsigned long)f->recorded);
	if (f->kind && f->kind->contract == CONTRACT_CONCURRENT)
		buf_str(&b, ", concurrent: not checked");
	if (patched && interposed)
		buf_fmt(&b, ", %u functions patched, %u interposed", patched, interposed);
	else if (patched || interposed)
		buf_str(&b, patched ? ", patched" : ", interposed");
	if (sites) /* hooks and patterns: libstdc++'s; rules have kinds of their own */
		buf_fmt(&b, ", %u %s", sites, patched || interposed ? "members out of line" : "functions by rule");
	emit_line(line);
}

/* ---- what was not ------------------------------------------------------------------------------------------------------ */

static void invisible(const char *id, const char *text)
{
	char line[LONGEST + 64];
	struct buf b = buf_on(line, sizeof(line));

	buf_fmt(&b, "librace: stats: invisible: %s: %s", id, text);
	emit_line(line);
}

/* The modules with one of these bits: "a, b and 3 more"; the first of them, NULL when there is none. */
static const struct note *each(uint32_t bits, char *text, size_t bytes)
{
	const struct note *first = NULL;
	struct buf b = buf_on(text, bytes);
	unsigned shown = 0, more = 0, n = load_acquire(&nnotes); /* partner: tell_module */

	for (unsigned i = 0; i < n; i++) {
		if (!(notes[i].is & bits))
			continue;
		first = first ? first : &notes[i];
		if (shown == NAMES_SHOWN) {
			more++;
			continue;
		}
		buf_str(&b, shown++ ? ", " : "");
		buf_clean(&b, notes[i].name);
	}
	if (more)
		buf_fmt(&b, " and %u more", more);
	return first;
}

static const struct race_hook *marker(unsigned container, unsigned k)
{
	for (const struct race_hook *h = race_hooks_start; containers[container].marker[k] && h < race_hooks_stop; h++) {
		if (!strcmp(h->name, containers[container].marker[k]))
			return h;
	}
	return NULL;
}

static const struct race_kind *kind_of(const struct race_hook *h)
{
	for (const struct race_op *op = race_ops_start; h && op < race_ops_stop; op++) {
		if (op->real == (void *const *)&h->entry)
			return op->kind;
	}
	return NULL;
}

static int is_in_program(const struct race_hook *h)
{
	return h && hook_is_patched(h) && range_holds(&h->code, program.text_lo);
}

static void inlined(void)
{
	static char users[400], text[LONGEST];

	for (unsigned c = 0; c < CONTAINERS; c++) {
		const struct note *first;
		int hooked = 0;
		struct buf b = buf_on(text, sizeof(text));

		for (unsigned k = 0; k < MARKERS; k++) {
			const struct race_hook *h = marker(c, k);

			hooked |= h && hook_known(h);
			if (nnotes && is_in_program(h) && notes[0].is & IS_PROGRAM)
				notes[0].is |= (uint32_t)USES_CONTAINER << c;
		}
		first = each((uint32_t)USES_CONTAINER << c, users, sizeof(users));
		if (!first)
			continue;
		buf_fmt(&b, HINT_INLINED, containers[c].name, containers[c].inlined,
			patch_sites_of(kind_of(marker(c, 0)), first->lo, first->hi) ? "partly " : "", users,
			hooked ? HINT_INLINED_REST : "");
		invisible("inlined", text);
	}
}

/* The program's own read-only memory. */
static int program_holds(const char *what, size_t bytes)
{
	for (size_t i = 0; i < program.nheaders; i++) {
		const ElfW(Phdr) *h = &program.headers[i];

		if (h->p_type == PT_LOAD && (h->p_flags & (PF_R | PF_W)) == PF_R &&
		    memmem((const void *)(program.base + h->p_vaddr), h->p_filesz, what, bytes))
			return 1;
	}
	return 0;
}

static int is_marker(const struct elf_symbol *s, void *unused)
{
	(void)unused;
	for (unsigned c = 0; c < CONTAINERS; c++) {
		for (unsigned k = 0; k < MARKERS && containers[c].marker[k]; k++) {
			if (!strcmp(s->name, containers[c].marker[k]))
				return 1;
		}
	}
	return 0;
}

/* Its symbol table has them. A sandbox may not let files be opened. */
static int program_names_markers(void)
{
	struct elf_file file;
	int names = 0;

	if (elf_export_each(&program, is_marker, NULL))
		return 1;
	if (!emit_is_sandboxed() && elf_file_open(&file, &program) == 0) {
		names = file.symtab && elf_file_each(&file, 0, is_marker, NULL);
		elf_file_close(&file);
	}
	return names;
}

static void static_cxx(void)
{
	static char text[LONGEST], name[64];
	struct buf b = buf_on(text, sizeof(text));
	int patched = 0, named;

	if (!program.map || each(IS_LIBSTDCXX, name, sizeof(name)) || !program_holds(CXX_RUN_TIME, sizeof(CXX_RUN_TIME)))
		return;
	(void)each(IS_PROGRAM, name, sizeof(name));
	for (unsigned c = 0; c < CONTAINERS; c++) {
		for (unsigned k = 0; k < MARKERS; k++)
			patched |= is_in_program(marker(c, k));
	}
	named = !patched && program_names_markers();
	buf_fmt(&b, patched ? HINT_STATIC_CXX : named ? HINT_INVISIBLE_CXX_NAMED : HINT_INVISIBLE_CXX, name);
	invisible(patched ? "static-c++" : "invisible-c++", text);
}

static void languages(void)
{
	static char users[400], text[LONGEST];
	struct buf b = buf_on(text, sizeof(text));

	if (each(HOLDS_GO, users, sizeof(users))) {
		buf_fmt(&b, HINT_GO, users);
		invisible("go", text);
	}
	if (each(USES_LIBCXX, users, sizeof(users))) {
		b = buf_on(text, sizeof(text));
		buf_fmt(&b, HINT_LIBCXX, users);
		invisible("libc++", text);
	}
	if (each(IS_QT6, users, sizeof(users)))
		invisible("qt6", HINT_QT6);
}

void tell_maps(void)
{
	static struct race_family_count families[RACE_FAMILIES + 1];
	uint32_t n = engine_families(families);

	for (uint32_t i = 0; i < n; i++)
		family_tell(&families[i]);
	if (!n)
		emit_line("librace: stats: maps: none was met");
	inlined();
	static_cxx();
	languages();
}
