/* SPDX-License-Identifier: MIT */
/*
 * symbols.c - functions of a loaded module by name.
 *
 * Owns      nothing: a module is read where the loader mapped it, a file through a private read-only mapping.
 * Invariant a number that comes from a module or a file is compared with the bounds of what it points into before it is
 *           used: in memory with the module's readable segments, in a file with its length. String tables are cut behind
 *           their last NUL, so a name that starts inside is terminated.
 * Must not  call a dl function or take a lock (the loader's debug hook runs under the loader's lock), nor allocate.
 *           A file that somebody truncates in place while it is mapped raises SIGBUS; package managers replace files.
 */
#include "symbols.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../sys/fmt.h"
#include "../sys/os.h"

#define PAGE 4096u
#define HEADER_PAGES 4096  /* how far below its dynamic section the header of an oddly linked module is searched */
#define BUILD_ID_MAX 64
#define VERSION_HIDDEN 0x8000

struct gnu_hash {
	uint32_t nbuckets, first, nbloom, shift;
};

/* ---- the program headers of a mapped module ---------------------------------------------------------------------- */

static int readable_16(uintptr_t at)
{
	return os_readable(at) && os_readable(at + 8);
}

static unsigned long auxiliary(unsigned long type)
{
	int saved = errno;
	unsigned long value = getauxval(type);

	errno = saved;
	return value;
}

static int headers_fit(const struct elf_module *m, const ElfW(Phdr) *headers, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (headers[i].p_type == PT_DYNAMIC)
			return m->base + headers[i].p_vaddr == (uintptr_t)m->map->l_ld;
	return 0;
}

/* The ELF header is at `at`, its program headers in the same page (or the one behind), and they are of this module. */
static int headers_at(struct elf_module *m, uintptr_t at)
{
	const ElfW(Ehdr) *e = (const ElfW(Ehdr) *)at;
	uintptr_t end;

	if (!readable_16(at) || memcmp(e->e_ident, ELFMAG, SELFMAG) || e->e_ident[EI_CLASS] != ELFCLASS64)
		return 0;
	end = at + e->e_phoff + (size_t)e->e_phnum * sizeof(ElfW(Phdr));
	if (e->e_phentsize != sizeof(ElfW(Phdr)) || e->e_phoff % 8 || e->e_phoff > 16 * PAGE || !e->e_phnum)
		return 0;
	if ((end - 1) / PAGE != at / PAGE && !readable_16((end - 16) & ~(uintptr_t)15))
		return 0;
	m->headers = (const ElfW(Phdr) *)(at + e->e_phoff);
	m->nheaders = e->e_phnum;
	return headers_fit(m, m->headers, m->nheaders);
}

static int headers_find(struct elf_module *m)
{
	uintptr_t at;
	int i;

	if (m->is_program) {
		m->headers = (const ElfW(Phdr) *)auxiliary(AT_PHDR);
		m->nheaders = auxiliary(AT_PHNUM);
		if (m->headers && auxiliary(AT_PHENT) == sizeof(ElfW(Phdr)) && headers_fit(m, m->headers, m->nheaders))
			return 1;
	}
	if (m->base && m->base % PAGE == 0 && headers_at(m, m->base))
		return 1;
	/* Linked to an address of its own: the header is in some page below the dynamic section. */
	at = (uintptr_t)m->map->l_ld & ~(uintptr_t)(PAGE - 1);
	for (i = 0; i < HEADER_PAGES && at >= PAGE; i++, at -= PAGE)
		if (headers_at(m, at))
			return 1;
	return 0;
}

/* How many bytes can be read from an address of the module on: up to the end of its segment. */
static size_t readable_from(const struct elf_module *m, uintptr_t at)
{
	size_t i;

	for (i = 0; i < m->nheaders; i++) {
		const ElfW(Phdr) *p = &m->headers[i];
		uintptr_t start = m->base + p->p_vaddr;

		if (p->p_type == PT_LOAD && (p->p_flags & PF_R) && at >= start && at - start < p->p_memsz)
			return p->p_memsz - (at - start);
	}
	return 0;
}

static const void *readable(const struct elf_module *m, uintptr_t at, size_t bytes, size_t align)
{
	return at && at % align == 0 && readable_from(m, at) >= bytes ? (const void *)at : NULL;
}

static int ranges_read(struct elf_module *m)
{
	size_t i;

	m->lo = m->text_lo = UINTPTR_MAX;
	for (i = 0; i < m->nheaders; i++) {
		const ElfW(Phdr) *p = &m->headers[i];
		uintptr_t start = m->base + p->p_vaddr, end = start + p->p_memsz;

		if (p->p_type != PT_LOAD || end <= start)
			continue;
		m->lo = start < m->lo ? start : m->lo;
		m->hi = end > m->hi ? end : m->hi;
		if (p->p_flags & PF_X) {
			m->text_lo = start < m->text_lo ? start : m->text_lo;
			m->text_hi = end > m->text_hi ? end : m->text_hi;
		}
	}
	if (m->text_lo > m->text_hi)
		m->text_lo = m->text_hi = 0;
	return m->lo < m->hi;
}

/* ---- the build-id ------------------------------------------------------------------------------------------------ */

/* Searches a block of notes; the id's bytes, or NULL. align: of the notes (4 or 8). */
static const uint8_t *notes_build_id(const uint8_t *at, size_t bytes, size_t align, size_t *length)
{
	size_t pad = align == 8 ? 7 : 3;

	while (bytes >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) note;
		size_t name, body;

		memcpy(&note, at, sizeof(note));
		name = ((size_t)note.n_namesz + 3) & ~(size_t)3;
		if (pad == 7)
			name = ((sizeof(note) + note.n_namesz + 7) & ~(size_t)7) - sizeof(note);
		body = ((size_t)note.n_descsz + pad) & ~pad;
		if (name > bytes - sizeof(note) || note.n_descsz > bytes - sizeof(note) - name)
			return NULL;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !memcmp(at + sizeof(note), "GNU", 4) &&
		    note.n_descsz > 1 && note.n_descsz <= BUILD_ID_MAX) {
			*length = note.n_descsz;
			return at + sizeof(note) + name;
		}
		if (body >= bytes - sizeof(note) - name)
			return NULL;
		at += sizeof(note) + name + body;
		bytes -= sizeof(note) + name + body;
	}
	return NULL;
}

static void build_id_read(struct elf_module *m)
{
	size_t i;

	for (i = 0; i < m->nheaders && !m->build_id; i++) {
		const ElfW(Phdr) *p = &m->headers[i];
		const uint8_t *notes;

		if (p->p_type != PT_NOTE)
			continue;
		notes = readable(m, m->base + p->p_vaddr, p->p_memsz, 1);
		if (notes)
			m->build_id = notes_build_id(notes, p->p_memsz, p->p_align, &m->nbuild_id);
	}
}

/* ---- the dynamic section ----------------------------------------------------------------------------------------- */

/* The loader adds the base to the pointers of a dynamic section in place, but only when that can be written. */
static uintptr_t relocated(const struct elf_module *m, uintptr_t value)
{
	return value < m->base ? value + m->base : value;
}

static void strings_read(struct elf_module *m, uintptr_t at, size_t bytes)
{
	size_t most = readable_from(m, at);

	if (!at || !most)
		return;
	if (!bytes || bytes > most)
		bytes = most;
	while (bytes && ((const char *)at)[bytes - 1])
		bytes--;
	m->strings = (const char *)at;
	m->nstrings = bytes;
}

/* The words behind the four of the header: the Bloom filter, the buckets, the chains. */
static const uint64_t *gnu_bloom(const uint32_t *table)
{
	return (const uint64_t *)(table + 4);
}

static const uint32_t *gnu_buckets(const uint32_t *table)
{
	return (const uint32_t *)(gnu_bloom(table) + table[2]);
}

/* How many symbols the table knows: behind the end of the last chain. 0: a broken table. */
static size_t gnu_count(const struct elf_module *m, const uint32_t *table)
{
	struct gnu_hash h = { table[0], table[1], table[2], table[3] };
	size_t room = readable_from(m, (uintptr_t)table) / 4;
	const uint32_t *buckets, *chains;
	size_t i, last = 0;

	if (!h.nbuckets || !h.nbloom || (h.nbloom & (h.nbloom - 1)) || h.shift > 31 ||
	    4 + 2 * (size_t)h.nbloom + h.nbuckets > room)
		return 0;
	room -= 4 + 2 * (size_t)h.nbloom + h.nbuckets;
	buckets = gnu_buckets(table);
	chains = buckets + h.nbuckets;
	for (i = 0; i < h.nbuckets; i++)
		last = buckets[i] > last ? buckets[i] : last;
	if (last < h.first)
		return h.first; /* exports nothing */
	for (last -= h.first; last < room; last++)
		if (chains[last] & 1)
			return last + h.first + 1;
	return 0;
}

static void symbols_read(struct elf_module *m, uintptr_t symbols, uintptr_t gnu, uintptr_t sysv)
{
	const uint32_t *table = readable(m, gnu, 16, 8);
	size_t room = readable_from(m, symbols) / sizeof(ElfW(Sym));
	size_t n;

	if (!symbols || symbols % 8 || !room || !m->nstrings)
		return;
	n = table ? gnu_count(m, table) : 0;
	if (n && n <= room) {
		m->gnu_hash = table;
		m->nsymbols = n;
	}
	table = readable(m, sysv, 8, 4);
	if (table && table[0] && 2 + (size_t)table[0] + table[1] <= readable_from(m, sysv) / 4 && table[1] <= room) {
		m->sysv_hash = table;
		m->nsymbols = m->nsymbols ? m->nsymbols : table[1];
	}
	if (m->nsymbols)
		m->symbols = (const ElfW(Sym) *)symbols;
}

static int dynamic_read(struct elf_module *m)
{
	const ElfW(Dyn) *d = m->map->l_ld;
	uintptr_t symbols = 0, strings = 0, gnu = 0, sysv = 0, versions = 0;
	size_t bytes = 0, soname = 0, i, n;

	n = readable_from(m, (uintptr_t)d) / sizeof(*d);
	if (!n || (uintptr_t)d % 8)
		return 0;
	for (i = 0; i < n && d[i].d_tag != DT_NULL; i++) {
		uintptr_t value = d[i].d_un.d_val;

		switch (d[i].d_tag) {
		case DT_SYMTAB: symbols = relocated(m, value); break;
		case DT_STRTAB: strings = relocated(m, value); break;
		case DT_GNU_HASH: gnu = relocated(m, value); break;
		case DT_HASH: sysv = relocated(m, value); break;
		case DT_VERSYM: versions = relocated(m, value); break;
		case DT_STRSZ: bytes = value; break;
		case DT_SONAME: soname = value; break;
		}
	}
	strings_read(m, strings, bytes);
	symbols_read(m, symbols, gnu, sysv);
	m->versions = readable(m, versions, m->nsymbols * sizeof(ElfW(Half)), 2);
	if (soname && soname < m->nstrings)
		m->soname = m->strings + soname;
	return 1;
}

/* ---- the module -------------------------------------------------------------------------------------------------- */

static void path_read(struct elf_module *m, const char *path)
{
	struct buf b = buf_on(m->path, sizeof(m->path));
	long n;

	/* Relative to the directory at the time of loading, and that is now. */
	if (path[0] != '/' && strchr(path, '/')) {
		n = os_syscall(SYS_getcwd, (long)m->path, sizeof(m->path) - 1, 0, 0, 0, 0);
		if (n > 1 && m->path[0] == '/') {
			b.len = (size_t)n - 1; /* it counts the NUL */
			if (b.len > 1)
				buf_char(&b, '/');
		}
		while (!strncmp(path, "./", 2))
			path += 2;
	}
	buf_str(&b, path);
	m->path_cut = (uint8_t)b.cut;
	m->name = path_base(m->path);
}

int elf_module_read(struct elf_module *m, const struct link_map *map, const char *program)
{
	memset(m, 0, sizeof(*m));
	m->map = map;
	m->base = map->l_addr;
	m->name = m->path;
	if (!map->l_ld || (m->base && m->base == auxiliary(AT_SYSINFO_EHDR)))
		return -1;
	m->is_program = !map->l_prev && (!map->l_name || !map->l_name[0]);
	if (m->is_program && auxiliary(AT_EXECFN))
		m->called = path_base((const char *)auxiliary(AT_EXECFN));
	path_read(m, m->is_program ? (program ? program : "") : (map->l_name ? map->l_name : ""));
	if (!headers_find(m) || !ranges_read(m) || !dynamic_read(m))
		return -1;
	build_id_read(m);
	return 0;
}

/* ---- exported names ---------------------------------------------------------------------------------------------- */

uint32_t elf_gnu_hash(const char *name)
{
	uint32_t h = 5381;

	while (*name)
		h = h * 33 + (uint8_t)*name++;
	return h;
}

static uint32_t sysv_hash(const char *name)
{
	uint32_t h = 0;

	while (*name) {
		uint32_t top;

		h = (h << 4) + (uint8_t)*name++;
		top = h & 0xf0000000u;
		h = (h ^ (top >> 24)) & ~top;
	}
	return h;
}

/* Symbol i is a definition that others get when they ask for its name. */
static int exported(const struct elf_module *m, size_t i, int type, struct elf_symbol *out)
{
	const ElfW(Sym) *s = &m->symbols[i];
	int bind = ELF64_ST_BIND(s->st_info);

	if (ELF64_ST_TYPE(s->st_info) != type || bind == STB_LOCAL || s->st_shndx == SHN_UNDEF || s->st_shndx == SHN_ABS ||
	    s->st_name >= m->nstrings || (m->versions && (m->versions[i] & VERSION_HIDDEN)))
		return 0;
	out->name = m->strings + s->st_name;
	out->address = m->base + s->st_value;
	out->bytes = s->st_size;
	out->global = 1;
	out->file = NULL;
	if (type == STT_FUNC)
		return out->address >= m->text_lo && out->address < m->text_hi;
	return out->address >= m->lo && out->address < m->hi;
}

static int gnu_find(const struct elf_module *m, const char *name, uint32_t hash, int type, struct elf_symbol *out)
{
	const uint32_t *table = m->gnu_hash, *buckets = gnu_buckets(table), *chains = buckets + table[0];
	uint64_t word = gnu_bloom(table)[(hash / 64) & (table[2] - 1)];
	size_t i;

	if (!(word >> (hash % 64) & word >> ((hash >> table[3]) % 64) & 1))
		return 0;
	i = buckets[hash % table[0]];
	if (i < table[1])
		return 0;
	for (; i < m->nsymbols; i++) {
		uint32_t h = chains[i - table[1]];

		if ((h | 1) == (hash | 1) && exported(m, i, type, out) && !strcmp(out->name, name))
			return 1;
		if (h & 1)
			break;
	}
	return 0;
}

static int sysv_find(const struct elf_module *m, const char *name, int type, struct elf_symbol *out)
{
	const uint32_t *table = m->sysv_hash, *buckets = table + 2, *chains = buckets + table[0];
	size_t i = buckets[sysv_hash(name) % table[0]], steps;

	/* A broken table may run in circles. */
	for (steps = 0; i && i < m->nsymbols && i < table[1] && steps < table[1]; i = chains[i], steps++)
		if (exported(m, i, type, out) && !strcmp(out->name, name))
			return 1;
	return 0;
}

static int find(const struct elf_module *m, const char *name, uint32_t hash, int type, struct elf_symbol *out)
{
	if (m->gnu_hash)
		return gnu_find(m, name, hash, type, out);
	return m->sysv_hash ? sysv_find(m, name, type, out) : 0;
}

int elf_export_find(const struct elf_module *m, const char *name, uint32_t hash, struct elf_symbol *out)
{
	return find(m, name, hash, STT_FUNC, out);
}

int elf_export_object(const struct elf_module *m, const char *name, uint32_t hash, struct elf_symbol *out)
{
	return find(m, name, hash, STT_OBJECT, out);
}

int elf_export_each(const struct elf_module *m, elf_visit *visit, void *to)
{
	struct elf_symbol s;
	size_t i;

	/* What the hash table leaves out in front is undefined. */
	for (i = m->gnu_hash ? m->gnu_hash[1] : 1; i < m->nsymbols; i++) {
		int stop = exported(m, i, STT_FUNC, &s) ? visit(&s, to) : 0;

		if (stop)
			return stop;
	}
	return 0;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static int file_map(struct elf_file *f, const char *path)
{
	long size, at = -1;
	int fd;

	memset(f, 0, sizeof(*f));
	fd = os_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0); /* a FIFO must not hold us up */
	if (fd < 0)
		return -1;
	size = os_syscall(SYS_lseek, fd, 0, SEEK_END, 0, 0, 0);
	if (size > 0)
		at = os_syscall(SYS_mmap, 0, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if ((unsigned long)at > -4096ul) {
		os_close(fd);
		return -1;
	}
	f->at = (const uint8_t *)at;
	f->bytes = (size_t)size;
	f->file = fd + 1;
	return 0;
}

void elf_file_close(struct elf_file *f)
{
	os_unmap((void *)f->at, f->bytes);
	if (f->file)
		os_close(f->file - 1);
	memset(f, 0, sizeof(*f));
}

static const uint8_t *file_part(const struct elf_file *f, uint64_t offset, uint64_t bytes)
{
	return offset <= f->bytes && bytes <= f->bytes - offset ? f->at + offset : NULL;
}

/* The section headers: how many, and where; 0 when there are none to be used. */
static size_t sections(const struct elf_file *f, const uint8_t **at)
{
	ElfW(Ehdr) e;
	ElfW(Shdr) first;
	uint64_t n;

	memcpy(&e, f->at, sizeof(e));
	n = e.e_shnum;
	if (!e.e_shoff || e.e_shentsize != sizeof(first) || !file_part(f, e.e_shoff, sizeof(first)))
		return 0;
	memcpy(&first, f->at + e.e_shoff, sizeof(first));
	if (!n)
		n = first.sh_size; /* more than 65279 of them */
	if (n > f->bytes / sizeof(first))
		return 0;
	*at = file_part(f, e.e_shoff, n * sizeof(first));
	return *at ? (size_t)n : 0;
}

static const uint8_t *section_data(const struct elf_file *f, const ElfW(Shdr) *s)
{
	return s->sh_type == SHT_NOBITS || (s->sh_flags & SHF_COMPRESSED) ? NULL : file_part(f, s->sh_offset, s->sh_size);
}

static void file_symbols(struct elf_file *f)
{
	const uint8_t *headers = NULL, *symbols, *strings;
	size_t i, n = sections(f, &headers);
	ElfW(Shdr) s, link;

	for (i = 0; i < n; i++) {
		memcpy(&s, headers + i * sizeof(s), sizeof(s));
		if (s.sh_type != SHT_SYMTAB || s.sh_entsize != sizeof(ElfW(Sym)) || s.sh_link >= n)
			continue;
		memcpy(&link, headers + s.sh_link * sizeof(link), sizeof(link));
		symbols = section_data(f, &s);
		strings = link.sh_type == SHT_STRTAB ? section_data(f, &link) : NULL;
		if (!symbols || !strings)
			continue;
		f->nstrings = link.sh_size;
		while (f->nstrings && strings[f->nstrings - 1])
			f->nstrings--;
		f->nsymbols = s.sh_size / sizeof(ElfW(Sym));
		f->symtab = symbols;
		f->strtab = strings;
		return;
	}
}

static const uint8_t *file_build_id(const struct elf_file *f, size_t *length)
{
	const uint8_t *headers = NULL, *notes, *id = NULL;
	size_t i, n = sections(f, &headers);
	ElfW(Shdr) s;

	for (i = 0; i < n && !id; i++) {
		memcpy(&s, headers + i * sizeof(s), sizeof(s));
		notes = s.sh_type == SHT_NOTE ? section_data(f, &s) : NULL;
		if (notes)
			id = notes_build_id(notes, s.sh_size, s.sh_addralign, length);
	}
	return id;
}

/* The build-id where the program headers say it is: a file may have lost its section headers. */
static const uint8_t *segment_build_id(const struct elf_file *f, const struct elf_module *m, size_t *length)
{
	const uint8_t *notes, *id = NULL;
	size_t i;

	for (i = 0; i < m->nheaders && !id; i++) {
		const ElfW(Phdr) *p = &m->headers[i];

		notes = p->p_type == PT_NOTE ? file_part(f, p->p_offset, p->p_filesz) : NULL;
		if (notes)
			id = notes_build_id(notes, p->p_filesz, p->p_align, length);
	}
	return id;
}

static int same_id(const struct elf_module *m, const uint8_t *id, size_t length)
{
	return id && length == m->nbuild_id && !memcmp(id, m->build_id, length);
}

/* The file is what the loader mapped: the same program headers, the same build-id where there is one. */
static int file_is_of(const struct elf_file *f, const struct elf_module *m)
{
	const uint8_t *headers, *id;
	size_t length = 0;
	ElfW(Ehdr) e;

	memcpy(&e, f->at, sizeof(e));
	if (e.e_phnum != m->nheaders || e.e_phentsize != sizeof(ElfW(Phdr)))
		return 0;
	headers = file_part(f, e.e_phoff, m->nheaders * sizeof(ElfW(Phdr)));
	if (!headers || memcmp(headers, m->headers, m->nheaders * sizeof(ElfW(Phdr))))
		return 0;
	id = segment_build_id(f, m, &length);
	return m->build_id ? same_id(m, id, length) : !id;
}

int elf_file_read(struct elf_file *f, const struct elf_module *m, const void *at, size_t bytes, int debug)
{
	const uint8_t *id;
	size_t length = 0;
	ElfW(Ehdr) e;

	memset(f, 0, sizeof(*f));
	if (bytes < sizeof(e))
		return -1;
	memcpy(&e, at, sizeof(e));
	if (memcmp(e.e_ident, ELFMAG, SELFMAG) || e.e_ident[EI_CLASS] != ELFCLASS64 || e.e_ident[EI_DATA] != ELFDATA2LSB)
		return -1;
	f->at = at;
	f->bytes = bytes;
	if (debug) {
		id = file_build_id(f, &length);
		if (!m->build_id || !same_id(m, id, length))
			return -1;
	} else if (!file_is_of(f, m)) {
		return -1;
	}
	f->base = m->base;
	f->lo = m->lo;
	f->hi = m->hi;
	f->text_lo = m->text_lo;
	f->text_hi = m->text_hi;
	f->debug = (uint8_t)debug;
	file_symbols(f);
	return 0;
}

static int path_open(struct elf_file *f, const struct elf_module *m, const char *path, int debug)
{
	struct elf_file mapped;

	memset(f, 0, sizeof(*f));
	if (!path[0] || file_map(&mapped, path))
		return -1;
	if (elf_file_read(f, m, mapped.at, mapped.bytes, debug) == 0) {
		f->file = mapped.file;
		return 0;
	}
	elf_file_close(&mapped);
	memset(f, 0, sizeof(*f));
	return -1;
}

int elf_file_open(struct elf_file *f, const struct elf_module *m)
{
	if (path_open(f, m, m->path_cut && !m->is_program ? m->map->l_name : m->path, 0) == 0)
		return 0;
	/* This way also leads to a program whose file was replaced or deleted. */
	return m->is_program ? path_open(f, m, "/proc/self/exe", 0) : -1;
}

int elf_file_open_debug(struct elf_file *f, const struct elf_module *m)
{
	static const char hex[] = "0123456789abcdef";
	char path[64 + 2 * BUILD_ID_MAX];
	struct buf b = buf_on(path, sizeof(path));
	size_t i;

	memset(f, 0, sizeof(*f));
	if (!m->build_id)
		return -1;
	buf_str(&b, "/usr/lib/debug/.build-id/");
	for (i = 0; i < m->nbuild_id; i++) {
		buf_char(&b, hex[m->build_id[i] >> 4]);
		buf_char(&b, hex[m->build_id[i] & 15]);
		if (i == 0)
			buf_char(&b, '/');
	}
	buf_str(&b, ".debug");
	return path_open(f, m, path, 1);
}

int elf_file_each(const struct elf_file *f, int objects, elf_visit *visit, void *to)
{
	const char *names = (const char *)f->strtab, *file = NULL;
	uintptr_t lo = objects ? f->lo : f->text_lo, hi = objects ? f->hi : f->text_hi;
	int type = objects ? STT_OBJECT : STT_FUNC;
	struct elf_symbol out;
	size_t i;

	for (i = 1; i < f->nsymbols; i++) { /* the first one is empty */
		ElfW(Sym) s;
		int stop;

		memcpy(&s, f->symtab + i * sizeof(s), sizeof(s));
		if (s.st_name >= f->nstrings)
			continue;
		/* The linker ends the symbols of a file with a file that has no name. */
		if (ELF64_ST_TYPE(s.st_info) == STT_FILE)
			file = names[s.st_name] ? names + s.st_name : NULL;
		if (ELF64_ST_TYPE(s.st_info) != type || s.st_shndx == SHN_UNDEF || s.st_shndx == SHN_ABS ||
		    s.st_shndx == SHN_COMMON || !names[s.st_name])
			continue;
		out.name = names + s.st_name;
		out.address = f->base + s.st_value;
		out.bytes = s.st_size;
		out.global = ELF64_ST_BIND(s.st_info) != STB_LOCAL;
		out.file = out.global ? NULL : file;
		if (out.address < lo || out.address >= hi)
			continue;
		stop = visit(&out, to);
		if (stop)
			return stop;
	}
	return 0;
}

/* Read, not looked at where it is mapped: a few bytes here and there would bring in most of a library's code a second time. */
static int file_holds(const struct elf_file *f, uint64_t offset, const void *what, size_t bytes)
{
	uint8_t original[64];

	if (!f->file || bytes > sizeof(original)) {
		const uint8_t *part = file_part(f, offset, bytes);

		return part && !memcmp(part, what, bytes);
	}
	return os_syscall(SYS_pread64, f->file - 1, (long)original, (long)bytes, (long)offset, 0, 0) == (long)bytes &&
	       !memcmp(original, what, bytes);
}

int elf_file_same(const struct elf_file *f, const struct elf_module *m, uintptr_t address, size_t bytes)
{
	size_t i;

	if (!f->at || f->debug || !bytes)
		return 0;
	for (i = 0; i < m->nheaders; i++) {
		const ElfW(Phdr) *p = &m->headers[i];
		uintptr_t start = m->base + p->p_vaddr;

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_R) || address < start || address - start >= p->p_filesz ||
		    bytes > p->p_filesz - (address - start))
			continue;
		return file_holds(f, p->p_offset + (address - start), (const void *)address, bytes);
	}
	return 0;
}
