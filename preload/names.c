/* SPDX-License-Identifier: MIT */
/*
 * names.c - names of functions and variables from the dynamic symbol tables in this process's own memory.
 *
 * Used when there is no helper. Reads the loader's list of modules without its lock (dladdr would wait for a thread inside
 * dlopen): the list only grows at its end while a record is rendered, or a module vanishes under us. So memory of modules is
 * read by the kernel, which fails where a plain load would crash; in a sandbox, where a new system call may be deadly, plainly.
 *
 * Runs      under the report lock (static buffers).
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "helper_host.h"
#include "sys/fmt.h"
#include "sys/os.h"

#define MODULES_MAX 4096
#define SYMBOLS_MAX (1u << 20)
#define AT_ONCE 64

static const struct link_map *modules; /* the first: the executable */
static const char *own_name;

void names_start(void)
{
	const struct link_map *map = NULL;
	Dl_info info;

	if (!dladdr1((void *)names_start, &info, (void **)&map, RTLD_DL_LINKMAP) || !map)
		return;
	own_name = map->l_name;
	while (map->l_prev)
		map = map->l_prev;
	modules = map;
}

size_t own_path(char *to, size_t cap)
{
	struct buf b = buf_on(to, cap);

	if (!own_name || !own_name[0]) {
		long n = os_readlink("/proc/self/exe", to, cap);

		return n > 0 ? (size_t)n : 0;
	}
	if (own_name[0] != '/') {
		long n = os_syscall(SYS_getcwd, (long)to, (long)cap, 0, 0, 0, 0);

		if (n <= 1)
			return 0;
		b.len = (size_t)n - 1;
		buf_char(&b, '/');
	}
	buf_str(&b, own_name);
	return b.cut ? 0 : b.len;
}

static int peek(uintptr_t from, void *to, size_t bytes)
{
	struct iovec local = { to, bytes }, remote = { (void *)from, bytes };
	long n;

	if (!emit_is_sandboxed()) {
		n = os_syscall(SYS_process_vm_readv, os_pid(), (long)&local, 1, (long)&remote, 1, 0);
		if (n == (long)bytes)
			return 1;
		if (n >= 0 || n == -14 /* EFAULT */)
			return 0;
	}
	memcpy(to, (const void *)from, bytes);
	return 1;
}

static int peek_text(uintptr_t from, char *to, size_t cap)
{
	size_t done = 0;

	/* Up to the end of each page, so that a name at the end of the last one is read. */
	while (done < cap - 1) {
		size_t n = 256 - (from + done) % 256;

		if (n > cap - 1 - done)
			n = cap - 1 - done;
		if (!peek(from + done, to + done, n))
			return 0;
		if (memchr(to + done, 0, n))
			return 1;
		done += n;
	}
	to[done] = 0;
	return 1;
}

struct tables {
	uintptr_t symbols, strings;
	size_t count, string_bytes;
};

static size_t count_by_gnu_hash(uintptr_t at)
{
	uint32_t head[4], word, last = 0;
	uintptr_t buckets, chains;

	if (!peek(at, head, sizeof(head)) || head[0] > SYMBOLS_MAX || head[2] > SYMBOLS_MAX)
		return 0;
	buckets = at + 16 + head[2] * sizeof(ElfW(Addr));
	chains = buckets + head[0] * 4;
	for (uint32_t i = 0; i < head[0]; i++) {
		if (!peek(buckets + i * 4, &word, 4))
			return 0;
		if (word > last)
			last = word;
	}
	if (last < head[1])
		return head[1]; /* no hashed symbol */
	do {
		if (last > SYMBOLS_MAX || !peek(chains + (last - head[1]) * 4, &word, 4))
			return 0;
		last++;
	} while (!(word & 1));
	return last;
}

static int find_tables(const struct link_map *map, struct tables *t)
{
	uintptr_t at = (uintptr_t)map->l_ld, gnu_hash = 0, hash = 0;

	memset(t, 0, sizeof(*t));
	for (int i = 0; i < 256; i++, at += sizeof(ElfW(Dyn))) {
		ElfW(Dyn) d;
		uintptr_t value;

		if (!peek(at, &d, sizeof(d)) || d.d_tag == DT_NULL)
			break;
		/* The loader relocates these in place, except in read-only tables. */
		value = d.d_un.d_ptr < map->l_addr ? d.d_un.d_ptr + map->l_addr : d.d_un.d_ptr;
		if (d.d_tag == DT_SYMTAB)
			t->symbols = value;
		else if (d.d_tag == DT_STRTAB)
			t->strings = value;
		else if (d.d_tag == DT_STRSZ)
			t->string_bytes = d.d_un.d_val;
		else if (d.d_tag == DT_GNU_HASH)
			gnu_hash = value;
		else if (d.d_tag == DT_HASH)
			hash = value;
	}
	if (hash) {
		uint32_t head[2];

		if (peek(hash, head, sizeof(head)))
			t->count = head[1];
	} else if (gnu_hash) {
		t->count = count_by_gnu_hash(gnu_hash);
	}
	return t->symbols && t->strings && t->count && t->count <= SYMBOLS_MAX;
}

/* The loader's entry of a module of the record. */
static const struct link_map *find_module(const struct record *r, uint32_t index)
{
	const struct link_map *at = modules;

	if (index >= r->nmodules || index >= RECORD_MODULES)
		return NULL;
	for (int i = 0; at && i < MODULES_MAX; i++) {
		struct link_map map;

		if (!peek((uintptr_t)at, &map, sizeof(map)))
			return NULL;
		if (map.l_addr == r->modules[index].base)
			return at;
		at = map.l_next;
	}
	return NULL;
}

/* The symbol that covers the file address, by name into `to`; 0 when none does. */
static int symbol_at(const struct record *r, uint32_t index, uintptr_t address, int object, char *to, size_t cap,
		     uintptr_t *offset)
{
	static ElfW(Sym) some[AT_ONCE];
	const struct link_map *at = find_module(r, index);
	struct link_map map;
	struct tables t;
	uintptr_t best = 0, name = 0;
	int found = 0;

	if (!at || !peek((uintptr_t)at, &map, sizeof(map)) || !find_tables(&map, &t))
		return 0;
	for (size_t i = 0; i < t.count; i += AT_ONCE) {
		size_t n = t.count - i < AT_ONCE ? t.count - i : AT_ONCE;

		if (!peek(t.symbols + i * sizeof(some[0]), some, n * sizeof(some[0])))
			break;
		for (size_t k = 0; k < n; k++) {
			const ElfW(Sym) *s = &some[k];
			unsigned type = ELF64_ST_TYPE(s->st_info);

			if (s->st_shndx == SHN_UNDEF || s->st_name >= t.string_bytes || address < s->st_value)
				continue;
			if (object ? type != STT_OBJECT : type != STT_FUNC && type != STT_GNU_IFUNC)
				continue;
			if (s->st_size ? address - s->st_value >= s->st_size : address != s->st_value)
				continue;
			if (!found || s->st_value > best) {
				found = 1;
				best = s->st_value;
				name = t.strings + s->st_name;
			}
		}
	}
	*offset = address - best;
	return found && peek_text(name, to, cap);
}

static int host_frame(void *state, const struct record *r, const struct record_frame *f, struct frame_text *out, int max)
{
	uintptr_t base = f->module < r->nmodules && f->module < RECORD_MODULES ? r->modules[f->module].base : 0, offset;

	memset(out, 0, sizeof(*out));
	out->offset = f->pc - base;
	/* A return address may be the first byte behind its function. */
	if (!symbol_at(r, f->module, out->offset - !f->is_entry, 0, out->function, sizeof(out->function), &offset))
		out->function[0] = 0;
	return 1;
}

static int host_object(void *state, const struct record *r, uint64_t address, char *to, size_t cap)
{
	uintptr_t base = r->modules[r->location_module].base, offset;
	struct buf b = buf_on(to, cap);

	if (!symbol_at(r, r->location_module, address - base, 1, to, cap - 20, &offset))
		return 0;
	b.len = strlen(to);
	buf_fmt(&b, "+0x%lx", (unsigned long)offset);
	return 1;
}

const struct resolver names_of_host = { NULL, host_frame, host_object, NULL };
