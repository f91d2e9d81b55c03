/* SPDX-License-Identifier: MIT */
/*
 * check_table.c - what librace.so hooks, read from the library itself.
 *
 * The adapters' rows become two sections, race_hooks, race_ops and what lies beside them. Their pointers are empty in the file; the loader fills them by
 * the relocations of .rela.dyn, and so does this reader. The structs are those of the headers that librace.so was built with:
 * sizes that do not fit say that the two are of different versions.
 */
#include "check.h"

#include "../../preload/engine/layout.h"
#include "../util/library.h"
#include "../util/room.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct library {
	const uint8_t *at;
	size_t bytes;
	const Elf64_Rela *relocation;
	size_t nrelocations;
};

/* ---- its sections ------------------------------------------------------------------------------------------------ */

static const Elf64_Shdr *section(const struct library *l, const char *name)
{
	return check_section(l->at, l->bytes, name);
}

/* The bytes of the file that are at an address of the image. */
static const uint8_t *at_address(const struct library *l, uint64_t address, size_t bytes)
{
	size_t n;
	const Elf64_Shdr *s = check_sections(l->at, l->bytes, &n);

	for (size_t i = 0; i < n; i++) {
		if (!(s[i].sh_flags & SHF_ALLOC) || s[i].sh_type == SHT_NOBITS || address < s[i].sh_addr ||
		    address - s[i].sh_addr >= s[i].sh_size || bytes > s[i].sh_size - (address - s[i].sh_addr))
			continue;
		if (s[i].sh_offset > l->bytes || s[i].sh_size > l->bytes - s[i].sh_offset)
			return NULL;
		return l->at + s[i].sh_offset + (address - s[i].sh_addr);
	}
	return NULL;
}

/* What the loader will write at a place; 0 when no relocation is there. */
static uint64_t pointer_at(const struct library *l, uint64_t place)
{
	size_t low = 0, high = l->nrelocations;

	/* The linker sorts relative relocations, and puts them first (-z combreloc). */
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (l->relocation[middle].r_offset < place)
			low = middle + 1;
		else
			high = middle;
	}
	return low < l->nrelocations && l->relocation[low].r_offset == place ? (uint64_t)l->relocation[low].r_addend
									     : 0;
}

static const char *string_at(const struct library *l, uint64_t place)
{
	uint64_t address = pointer_at(l, place);
	const uint8_t *s = address ? at_address(l, address, 1) : NULL;

	return s && memchr(s, 0, l->bytes - (size_t)(s - l->at)) ? (const char *)s : NULL;
}

/* Only relative ones matter: pointers to strings and to kinds. */
static int relocations_read(struct library *l)
{
	const Elf64_Shdr *h = section(l, ".rela.dyn");

	if (!h || h->sh_type != SHT_RELA || h->sh_offset % 8)
		return -1;
	l->relocation = (const Elf64_Rela *)(l->at + h->sh_offset);
	while (l->nrelocations < h->sh_size / sizeof(Elf64_Rela) &&
	       ELF64_R_TYPE(l->relocation[l->nrelocations].r_info) == R_X86_64_RELATIVE)
		l->nrelocations++;
	return l->nrelocations ? 0 : -1;
}

/* ---- hooks and operations ---------------------------------------------------------------------------------------- */

const struct check_hook *check_hook_find(const struct check_table *t, const char *name)
{
	for (size_t i = 0; i < t->nhooks; i++) {
		if (!strcmp(t->hook[i].name, name))
			return &t->hook[i];
	}
	return NULL;
}

static int hooks_read(struct check_table *t, const struct library *l)
{
	const Elf64_Shdr *h = section(l, "race_hooks");

	if (!h || !h->sh_size || h->sh_size % sizeof(struct race_hook))
		return -1;
	t->hook = room(h->sh_size / sizeof(struct race_hook), sizeof(*t->hook));
	for (uint64_t at = h->sh_addr; at < h->sh_addr + h->sh_size; at += sizeof(struct race_hook)) {
		const uint8_t *policy = at_address(l, at + offsetof(struct race_hook, policy), 1);
		struct check_hook *hook = &t->hook[t->nhooks];

		hook->name = string_at(l, at + offsetof(struct race_hook, name));
		if (!hook->name || !policy || *policy > PATCH_TOGETHER)
			return -1;
		hook->library = string_at(l, at + offsetof(struct race_hook, library));
		hook->policy = *policy;
		hook->hash = elf_gnu_hash(hook->name);
		t->nhooks++;
	}
	return 0;
}

/* An operation points into its hook, to where the function's address will be. */
static struct check_hook *hook_at(struct check_table *t, const Elf64_Shdr *hooks, uint64_t entry)
{
	uint64_t at = entry - offsetof(struct race_hook, entry) - hooks->sh_addr;

	return entry && at < hooks->sh_size && at % sizeof(struct race_hook) == 0
		       ? &t->hook[at / sizeof(struct race_hook)]
		       : NULL;
}

static int ops_read(struct check_table *t, const struct library *l)
{
	const Elf64_Shdr *h = section(l, "race_ops"), *hooks = section(l, "race_hooks");

	if (!h || h->sh_size % sizeof(struct race_op))
		return -1;
	for (uint64_t at = h->sh_addr; at < h->sh_addr + h->sh_size; at += sizeof(struct race_op)) {
		const char *name = string_at(l, at + offsetof(struct race_op, name));
		uint64_t kind = pointer_at(l, at + offsetof(struct race_op, kind));
		const uint8_t *role = at_address(l, at + offsetof(struct race_op, role), 1);
		const uint8_t *access = at_address(l, at + offsetof(struct race_op, access), 1);
		const uint8_t *contract = kind ? at_address(l, kind + offsetof(struct race_kind, contract), 1) : NULL;
		struct check_hook *hook = hook_at(t, hooks, pointer_at(l, at + offsetof(struct race_op, real)));
		struct check_effect *e;

		if (!name || !role || !access || *role > ROLE_CLEAR || *access > ACCESS_WRITE)
			return -1;
		if (!hook || !contract || hook->neffects == CHECK_EFFECTS)
			continue; /* an annotation's */
		e = &hook->effect[hook->neffects];
		e->kind = string_at(l, kind + offsetof(struct race_kind, name));
		e->contract = *contract;
		e->role = *role;
		e->access = *access;
		hook->neffects += e->kind != NULL;
	}
	return 0;
}

/* ---- structs of libraries ---------------------------------------------------------------------------------------- */

static struct check_layout *layout_of(struct check_table *t, const struct library *l, uint64_t type, size_t most)
{
	uint64_t kind = pointer_at(l, type + offsetof(struct race_layout_type, kind));
	struct check_layout layout = {
		.kind = kind ? string_at(l, kind + offsetof(struct race_kind, name)) : NULL,
		.type = string_at(l, type + offsetof(struct race_layout_type, name)),
		.versions = string_at(l, type + offsetof(struct race_layout_type, versions)),
		.check = string_at(l, type + offsetof(struct race_layout_type, check)),
		.id = type,
	};

	for (size_t i = 0; i < t->nlayouts; i++) {
		if (t->layout[i].id == type)
			return &t->layout[i];
	}
	if (!layout.kind || !layout.type || !layout.versions || !layout.check)
		return NULL;
	layout.field = room(most, sizeof(*layout.field));
	t->layout[t->nlayouts] = layout;
	return &t->layout[t->nlayouts++];
}

static int by_offset(const void *a, const void *b)
{
	const struct check_field *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int layouts_read(struct check_table *t, const struct library *l)
{
	const Elf64_Shdr *h = section(l, "race_layouts");
	size_t n = h ? h->sh_size / sizeof(struct race_layout) : 0;

	if (!h || h->sh_size % sizeof(struct race_layout))
		return -1;
	t->layout = room(n, sizeof(*t->layout));
	for (size_t i = 0; i < n; i++) {
		uint64_t at = h->sh_addr + i * sizeof(struct race_layout),
			 type = pointer_at(l, at + offsetof(struct race_layout, of));
		struct check_layout *layout = type ? layout_of(t, l, type, n) : NULL;
		const uint8_t *numbers = at_address(l, at + offsetof(struct race_layout, offset), 2 * sizeof(uint32_t));
		struct check_field f = {.name = string_at(l, at + offsetof(struct race_layout, field)),
					.use = string_at(l, at + offsetof(struct race_layout, use))};

		if (!layout || !numbers || !f.name || !f.use)
			return -1;
		memcpy(&f.offset, numbers, sizeof(f.offset));
		memcpy(&f.bytes, numbers + sizeof(f.offset), sizeof(f.bytes));
		layout->field[layout->nfields++] = f;
	}
	for (size_t i = 0; i < t->nlayouts; i++)
		qsort(t->layout[i].field, t->layout[i].nfields, sizeof(*t->layout[i].field), by_offset);
	return 0;
}

static int origins_read(struct check_table *t, const struct library *l)
{
	const Elf64_Shdr *h = section(l, "race_origins");
	size_t n = h ? h->sh_size / sizeof(struct race_origin) : 0;

	if (!h || h->sh_size % sizeof(struct race_origin))
		return -1;
	t->origin = room(n, sizeof(*t->origin));
	for (size_t i = 0; i < n; i++) {
		uint64_t at = h->sh_addr + i * sizeof(struct race_origin),
			 kind = pointer_at(l, at + offsetof(struct race_origin, kind));
		struct check_origin o = {.kind = kind ? string_at(l, kind + offsetof(struct race_kind, name)) : NULL,
					 .library = string_at(l, at + offsetof(struct race_origin, library))};

		if (!o.kind || !o.library)
			return -1;
		t->origin[t->norigins++] = o;
	}
	return 0;
}

/* ---- members of templates ---------------------------------------------------------------------------------------- */

/* The table of hooks/std_patterns.c; a library without it has no such hooks. */
static void members_read(struct check_table *t, const struct library *l)
{
	const Elf64_Shdr *h = section(l, "race_std_rows");
	size_t n = h ? h->sh_size / sizeof(struct std_row) : 0;

	t->member = room(n, sizeof(*t->member));
	for (size_t i = 0; i < n; i++) {
		uint64_t at = h->sh_addr + i * sizeof(struct std_row),
			 kind = pointer_at(l, at + offsetof(struct std_row, kind));
		const uint8_t *role = at_address(l, at + offsetof(struct std_row, role), 1);
		const uint8_t *access = at_address(l, at + offsetof(struct std_row, access), 1);
		const uint8_t *contract = kind ? at_address(l, kind + offsetof(struct race_kind, contract), 1) : NULL;
		struct check_member m = {.scope = string_at(l, at + offsetof(struct std_row, scope)),
					 .method = string_at(l, at + offsetof(struct std_row, method)),
					 .name = string_at(l, at + offsetof(struct std_row, name))};

		if (!m.scope || !m.method || !m.name || !role || !access || !contract)
			continue;
		m.effect = (struct check_effect){string_at(l, kind + offsetof(struct race_kind, name)), *contract,
						 *role, *access};
		if (m.effect.kind)
			t->member[t->nmembers++] = m;
	}
}

const struct check_member *check_member_find(const struct check_table *t, const char *mangled)
{
	struct std_name n;

	if (!std_name_parse(mangled, &n))
		return NULL;
	for (size_t i = 0; i < t->nmembers; i++) {
		const struct check_member *m = &t->member[i];

		if (strlen(m->scope) == n.nscope && !memcmp(m->scope, n.scope, n.nscope) &&
		    strlen(m->method) == n.nmethod && !memcmp(m->method, n.method, n.nmethod))
			return m;
	}
	return NULL;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names that a program refers to because it knows of librace: those of librace.h, and of dynamic annotations. */
static void api_read(struct check_table *t, const struct library *l)
{
	const Elf64_Shdr *symbols = section(l, ".dynsym"), *strings = section(l, ".dynstr");
	const char *names = strings ? (const char *)l->at + strings->sh_offset : NULL;
	size_t n = symbols ? symbols->sh_size / sizeof(Elf64_Sym) : 0;

	if (!names || !strings->sh_size || names[strings->sh_size - 1] || symbols->sh_offset % 8)
		return;
	t->api = room(n, sizeof(*t->api));
	for (size_t i = 1; i < n; i++) {
		const Elf64_Sym *s = (const Elf64_Sym *)(l->at + symbols->sh_offset) + i;
		const char *name = s->st_name < strings->sh_size ? names + s->st_name : "";

		if (s->st_shndx != SHN_UNDEF && (!strncmp(name, "race_", 5) || !strncmp(name, "Annotate", 8)))
			t->api[t->napi++] = name;
	}
	if (t->napi)
		qsort(t->api, t->napi, sizeof(*t->api), by_text);
}

int check_table_read(struct check_table *t, const char *verb)
{
	struct library l = {0};
	struct stat st;
	int fd, bad = 1;

	memset(t, 0, sizeof(*t));
	if (!library_path()) {
		library_missing(verb);
		return -1;
	}
	snprintf(t->path, sizeof(t->path), "%s", library_path());
	fd = open(t->path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 && (size_t)st.st_size > sizeof(Elf64_Ehdr)) {
		l.bytes = (size_t)st.st_size;
		l.at = mmap(NULL, l.bytes, PROT_READ, MAP_PRIVATE, fd, 0); /* stays: the table's strings are in it */
		bad = l.at == MAP_FAILED || memcmp(l.at, ELFMAG, SELFMAG) || relocations_read(&l) ||
		      hooks_read(t, &l) || ops_read(t, &l) || layouts_read(t, &l) || origins_read(t, &l);
	}
	if (bad)
		fprintf(stderr,
			"race: %s: %s is not the librace.so of this version, or has lost its section headers\n", verb,
			t->path);
	if (!bad) {
		members_read(t, &l);
		api_read(t, &l);
	}
	if (fd >= 0)
		close(fd);
	return bad ? -1 : 0;
}
