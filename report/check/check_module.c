/* SPDX-License-Identifier: MIT */
/*
 * check_module.c - one file, laid out in memory as the loader would, and what can be said of it alone.
 *
 * Its segments are copied, not mapped executable, and nothing is relocated. So the code that reads loaded modules reads
 * this one, too. Files are foreign: whatever is read from one is compared with its length first.
 */
#include "check.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../preload/sys/fmt.h"
#include "../util/room.h"

#define PAGE 4096ull
#define IMAGE_MOST (8ull << 30)

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static int file_read(struct check_module *m, const char *path, char *why, size_t cap)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	void *at = MAP_FAILED;

	if (fd < 0 || fstat(fd, &st) != 0) {
		snprintf(why, cap, "cannot be opened: %m");
	} else if (!S_ISREG(st.st_mode)) {
		snprintf(why, cap, "is no file");
	} else {
		at = st.st_size > 0 ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
		if (at == MAP_FAILED)
			snprintf(why, cap, "is no ELF file: it is empty");
	}
	if (fd >= 0)
		close(fd);
	if (at == MAP_FAILED)
		return -1;
	m->at = at;
	m->bytes = (size_t)st.st_size;
	if (m->bytes >= sizeof(Elf32_Ehdr) && !memcmp(m->at, ELFMAG, SELFMAG))
		return 0;
	if (m->bytes > 2 && !memcmp(m->at, "#!", 2)) {
		size_t n = strcspn((const char *)m->at + 2, "\n\r");

		if (n < m->bytes - 2 && n < 200) {
			char line[256];
			struct buf b = buf_on(line, sizeof(line));

			buf_quoted(&b, (const char *)m->at + 2, n);
			snprintf(why, cap, "is no ELF file but a script for %s: check that one", line);
			return -1;
		}
	}
	snprintf(why, cap, "is no ELF file");
	return -1;
}

static int header_read(struct check_module *m)
{
	const uint8_t *p = m->at;

	m->elf_class = p[EI_CLASS];
	m->elf_data = p[EI_DATA];
	m->type = (uint16_t)(m->elf_data == ELFDATA2MSB ? p[16] << 8 | p[17] : p[16] | p[17] << 8);
	m->machine = (uint16_t)(m->elf_data == ELFDATA2MSB ? p[18] << 8 | p[19] : p[18] | p[19] << 8);
	return m->elf_class == ELFCLASS64 && m->elf_data == ELFDATA2LSB && m->machine == EM_X86_64 &&
	       m->bytes >= sizeof(Elf64_Ehdr) && (m->type == ET_EXEC || m->type == ET_DYN);
}

static const Elf64_Phdr *headers(const struct check_module *m, size_t *n)
{
	const Elf64_Ehdr *e = (const Elf64_Ehdr *)m->at;

	*n = e->e_phnum;
	if (e->e_phentsize != sizeof(Elf64_Phdr) || e->e_phoff % 8 || e->e_phoff > m->bytes ||
	    *n * sizeof(Elf64_Phdr) > m->bytes - e->e_phoff)
		*n = 0;
	return (const Elf64_Phdr *)(m->at + (*n ? e->e_phoff : 0));
}

/* ---- its segments ------------------------------------------------------------------------------------------------ */

static int image_build(struct check_module *m)
{
	size_t n;
	const Elf64_Phdr *p = headers(m, &n);
	uint64_t lo = UINT64_MAX, hi = 0, dynamic = 0;

	for (size_t i = 0; i < n; i++) {
		m->has_interpreter |= p[i].p_type == PT_INTERP;
		if (p[i].p_type == PT_DYNAMIC)
			dynamic = p[i].p_vaddr;
		if (p[i].p_type != PT_LOAD)
			continue;
		if (p[i].p_filesz > p[i].p_memsz || p[i].p_offset > m->bytes ||
		    p[i].p_filesz > m->bytes - p[i].p_offset || p[i].p_vaddr + p[i].p_memsz < p[i].p_vaddr)
			return -1;
		lo = p[i].p_vaddr < lo ? p[i].p_vaddr : lo;
		hi = p[i].p_vaddr + p[i].p_memsz > hi ? p[i].p_vaddr + p[i].p_memsz : hi;
	}
	m->has_dynamic = dynamic != 0;
	lo &= ~(PAGE - 1);
	if (lo >= hi || hi - lo > IMAGE_MOST)
		return -1;
	m->image_bytes = (size_t)((hi - lo + PAGE - 1) & ~(PAGE - 1));
	m->image =
		mmap(NULL, m->image_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->image == MAP_FAILED)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (p[i].p_type == PT_LOAD)
			memcpy(m->image + (p[i].p_vaddr - lo), m->at + p[i].p_offset, p[i].p_filesz);
	}
	m->map.l_addr = (uintptr_t)m->image - lo;
	m->map.l_ld = (Elf64_Dyn *)(m->map.l_addr + dynamic);
	m->map.l_name = m->path;
	m->map.l_prev = &m->map; /* not the program of this process */
	return m->has_dynamic ? elf_module_read(&m->elf, &m->map, NULL) : 0;
}

/* ---- sections ---------------------------------------------------------------------------------------------------- */

const Elf64_Shdr *check_sections(const uint8_t *at, size_t bytes, size_t *n)
{
	const Elf64_Ehdr *e = (const Elf64_Ehdr *)at;

	*n = e->e_shnum;
	if (e->e_shentsize != sizeof(Elf64_Shdr) || e->e_shoff % 8 || !e->e_shoff || e->e_shoff > bytes ||
	    *n * sizeof(Elf64_Shdr) > bytes - e->e_shoff)
		*n = 0;
	return (const Elf64_Shdr *)(at + (*n ? e->e_shoff : 0));
}

const Elf64_Shdr *check_section(const uint8_t *at, size_t bytes, const char *name)
{
	size_t n, length = strlen(name) + 1;
	const Elf64_Shdr *s = check_sections(at, bytes, &n), *names;
	uint16_t index = ((const Elf64_Ehdr *)at)->e_shstrndx;

	if (index >= n)
		return NULL;
	names = &s[index];
	if (names->sh_type != SHT_STRTAB || names->sh_offset > bytes || names->sh_size > bytes - names->sh_offset)
		return NULL;
	for (size_t i = 1; i < n; i++) {
		if (s[i].sh_type != SHT_NOBITS && s[i].sh_name < names->sh_size &&
		    names->sh_size - s[i].sh_name >= length &&
		    !memcmp(at + names->sh_offset + s[i].sh_name, name, length) && s[i].sh_offset <= bytes &&
		    s[i].sh_size <= bytes - s[i].sh_offset)
			return &s[i];
	}
	return NULL;
}

static int has_section(const struct check_module *m, const char *name)
{
	return check_section(m->at, m->bytes, name) != NULL;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct check_name *)a)->name, ((const struct check_name *)b)->name);
}

/* How many symbols .dynsym has: an empty hash table does not tell. Without section headers: up to the strings behind it. */
static size_t dynamic_symbols(const struct check_module *m)
{
	const Elf64_Sym *symbols = m->elf.symbols;
	size_t n;
	const Elf64_Shdr *s = check_sections(m->at, m->bytes, &n);

	if (!symbols)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i].sh_type == SHT_DYNSYM && m->elf.base + s[i].sh_addr == (uintptr_t)symbols)
			return s[i].sh_size / sizeof(Elf64_Sym);
	}
	if (m->elf.strings > (const char *)symbols)
		return (size_t)(m->elf.strings - (const char *)symbols) / sizeof(Elf64_Sym);
	return m->elf.nsymbols;
}

static void imports_read(struct check_module *m)
{
	size_t n = dynamic_symbols(m);

	/* Nothing beyond the image: a section header may lie. */
	if ((const uint8_t *)(m->elf.symbols + n) > m->image + m->image_bytes)
		n = m->elf.nsymbols;
	m->imports = room(n, sizeof(*m->imports));
	for (size_t i = 1; i < n; i++) {
		const Elf64_Sym *s = &m->elf.symbols[i];

		if (s->st_shndx == SHN_UNDEF && s->st_name && s->st_name < m->elf.nstrings)
			m->imports[m->nimports++] = m->elf.strings + s->st_name;
	}
	if (m->nimports)
		qsort(m->imports, m->nimports, sizeof(*m->imports), by_text);
}

static int count(const struct elf_symbol *s, void *to)
{
	++*(size_t *)to;
	return 0;
}

static int name_add(const struct elf_symbol *s, void *to)
{
	struct check_module *m = to;

	m->names[m->nnames++] = (struct check_name){s->name, s->address, s->bytes, s->global};
	return 0;
}

static void names_read(struct check_module *m)
{
	size_t n = 0;
	const struct elf_file *f = m->file.symtab ? &m->file : m->debug.symtab ? &m->debug : NULL;

	elf_export_each(&m->elf, count, &m->nexports);
	m->symbols = m->file.symtab ? SYMBOLS_INSIDE : m->debug.symtab ? SYMBOLS_SEPARATE : SYMBOLS_NONE;
	if (!f)
		return;
	elf_file_each(f, 0, count, &n);
	m->names = room(n, sizeof(*m->names));
	elf_file_each(f, 0, name_add, m);
	if (m->nnames)
		qsort(m->names, m->nnames, sizeof(*m->names), by_name);
}

int check_module_imports(const struct check_module *m, const char *name)
{
	return m->nimports && bsearch(&name, m->imports, m->nimports, sizeof(*m->imports), by_text) != NULL;
}

/* Only the file's own symbol table counts: the preload does not look into debug files for hooks. */
int check_module_defines(const struct check_module *m, const char *name, uint32_t hash, struct elf_symbol *out)
{
	struct check_name key = {.name = name}, *found;

	if (!m->readable)
		return 0;
	if (elf_export_find(&m->elf, name, hash, out))
		return 1;
	if (m->role != CHECK_PROGRAM || m->symbols != SYMBOLS_INSIDE || !m->nnames)
		return 0;
	found = bsearch(&key, m->names, m->nnames, sizeof(*m->names), by_name);
	if (!found || !found->global)
		return 0;
	*out = (struct elf_symbol){found->name, found->address, found->bytes, 1, NULL};
	return 1;
}

void check_names_each(const struct check_module *m, const char *prefix,
		      void (*visit)(const struct check_name *n, void *to), void *to)
{
	size_t low = 0, high = m->nnames, n = strlen(prefix);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(m->names[middle].name, prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < m->nnames && !strncmp(m->names[low].name, prefix, n); low++)
		visit(&m->names[low], to);
}

/* ---- the dynamic section ----------------------------------------------------------------------------------------- */

static void dynamic_read(struct check_module *m)
{
	const Elf64_Dyn *d = m->map.l_ld, *end = (const Elf64_Dyn *)(m->image + m->image_bytes) - 1;
	size_t n = 0;

	for (const Elf64_Dyn *x = d; x <= end && x->d_tag != DT_NULL; x++)
		n += x->d_tag == DT_NEEDED;
	m->needed = room(n, sizeof(*m->needed));
	for (; d <= end && d->d_tag != DT_NULL; d++) {
		const char *s = d->d_un.d_val < m->elf.nstrings ? m->elf.strings + d->d_un.d_val : NULL;

		if (d->d_tag == DT_FLAGS_1)
			m->is_pie = (d->d_un.d_val & DF_1_PIE) != 0;
		if (d->d_tag == DT_NEEDED && s)
			m->needed[m->nneeded++] = s;
		if (d->d_tag == DT_RUNPATH)
			m->runpath = s;
		if (d->d_tag == DT_RPATH)
			m->rpath = s;
	}
}

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

int check_module_holds(const struct check_module *m, const char *bytes, size_t n)
{
	return m->readable && memmem(m->image, m->image_bytes, bytes, n) != NULL;
}

/* The file that .gnu_debuglink names, where debuggers look for it. */
static int linked_debug_info(const struct check_module *m)
{
	static const char *const ways[] = {"%.*s/%s", "%.*s/.debug/%s", "/usr/lib/debug%.*s/%s"};
	const Elf64_Shdr *link = check_section(m->at, m->bytes, ".gnu_debuglink");
	const char *slash = strrchr(m->path, '/'), *name = link ? (const char *)m->at + link->sh_offset : NULL;
	int found = 0;

	if (!name || !slash || !memchr(name, 0, link->sh_size))
		return 0;
	for (size_t i = 0; !found && i < sizeof(ways) / sizeof(ways[0]); i++) {
		char path[PATH_MAX + 600];

		if ((size_t)snprintf(path, sizeof(path), ways[i], (int)(slash - m->path), m->path, name) < sizeof(path))
			found = strcmp(path, m->path) && access(path, R_OK) == 0;
	}
	return found;
}

static void debug_info_read(struct check_module *m)
{
	m->debug_info = SYMBOLS_NONE;
	if (has_section(m, ".debug_info") || has_section(m, ".zdebug_info"))
		m->debug_info = SYMBOLS_INSIDE;
	else if ((m->debug.at && check_section(m->debug.at, m->debug.bytes, ".debug_info")) || linked_debug_info(m))
		m->debug_info = SYMBOLS_SEPARATE;
}

/* The compiler leaves paths of its own library in panic messages: /rustc/ and a commit. */
static int holds_rust(const struct check_module *m)
{
	const uint8_t *p = m->image, *end = m->image + m->image_bytes;

	while ((p = memmem(p, (size_t)(end - p), "/rustc/", 7)) != NULL) {
		size_t n = 0;

		for (p += 7; p + n < end && n < 16 && (isdigit(p[n]) || (p[n] >= 'a' && p[n] <= 'f')); n++)
			;
		if (n == 16)
			return 1;
	}
	return 0;
}

static int speaks_libcxx(const struct check_module *m)
{
	for (size_t i = 0; i < m->nneeded; i++) {
		if (!strncmp(m->needed[i], "libc++.so", 9))
			return 1;
	}
	for (size_t i = 0; i < m->nnames; i++) {
		if (strstr(m->names[i].name, "NSt3__1"))
			return 1;
	}
	return 0;
}

static void language_read(struct check_module *m)
{
	struct elf_symbol s;

	m->go = (uint8_t)(has_section(m, ".gopclntab") || has_section(m, ".note.go.buildid") ||
			  has_section(m, ".data.rel.ro.gopclntab"));
	m->rust = (uint8_t)(check_module_defines(m, "rust_eh_personality", elf_gnu_hash("rust_eh_personality"), &s) ||
			    holds_rust(m));
	m->libcxx = (uint8_t)speaks_libcxx(m);
}

static void role_read(struct check_module *m)
{
	const char *soname = m->elf.soname ? m->elf.soname : "";

	if (m->type == ET_EXEC || m->is_pie || (m->has_interpreter && !m->elf.soname))
		m->role = CHECK_PROGRAM;
	else if (!strcmp(soname, "libc.so.6"))
		m->role = CHECK_LIBC;
	else if (!strncmp(soname, "ld-linux", 8))
		m->role = CHECK_LOADER;
	else
		m->role = CHECK_LIBRARY;
	m->elf.is_program = m->role == CHECK_PROGRAM;
}

/* As patch.c has it: these keep their code. */
static int keeps_its_code(const struct check_module *m)
{
	static const char *const sanitizers[] = {"__tsan_init", "__asan_init", "__msan_init", "__hwasan_init"};
	struct elf_symbol s;

	if (m->role == CHECK_LOADER || (m->elf.soname && !strncmp(m->elf.soname, "libunwind", 9)))
		return 1;
	for (size_t i = 0; i < sizeof(sanitizers) / sizeof(sanitizers[0]); i++) {
		if (elf_export_find(&m->elf, sanitizers[i], elf_gnu_hash(sanitizers[i]), &s))
			return 1;
	}
	return 0;
}

const char *check_machine(uint16_t machine)
{
	static char other[24];

	switch (machine) {
	case EM_386:
		return "i386";
	case EM_X86_64:
		return "x86-64";
	case EM_ARM:
		return "arm";
	case EM_AARCH64:
		return "arm64";
	case EM_RISCV:
		return "riscv";
	case EM_PPC64:
		return "ppc64";
	case EM_S390:
		return "s390";
	case EM_MIPS:
		return "mips";
	}
	snprintf(other, sizeof(other), "machine %u", machine);
	return other;
}

int check_module_open(struct check_module *m, const char *path, char *why, size_t cap)
{
	if (!realpath(path, m->path))
		snprintf(m->path, sizeof(m->path), "%s", path);
	m->name = path_base(m->path);
	if (file_read(m, path, why, cap) != 0)
		return -1;
	m->symbols = m->debug_info = SYMBOLS_NONE;
	if (!header_read(m))
		return 0;
	if (image_build(m) != 0)
		return 0;
	if (!m->has_dynamic) {
		m->role = CHECK_PROGRAM; /* it needs no loader: static */
		debug_info_read(m);
		return 0;
	}
	m->readable = 1;
	if (elf_file_read(&m->file, &m->elf, m->at, m->bytes, 0) != 0)
		m->readable = 0;
	elf_file_open_debug(&m->debug, &m->elf);
	dynamic_read(m);
	role_read(m);
	m->no_patch = (uint8_t)keeps_its_code(m);
	imports_read(m);
	names_read(m);
	debug_info_read(m);
	language_read(m);
	check_atomics_count(m);
	return 0;
}
