/* SPDX-License-Identifier: MIT */
/*
 * symbols.h - functions of a loaded module by name: from its dynamic table in memory, and from the symbol table in its file.
 *
 * Callable from the loader's debug hook: takes no lock, allocates nothing but mappings, calls no dl function. The module may not
 * be relocated yet. Every number read from a file is checked before it is used: a broken file gives no symbols, no crash.
 */
#ifndef RACE_PATCH_SYMBOLS_H
#define RACE_PATCH_SYMBOLS_H

#include <link.h>
#include <stddef.h>
#include <stdint.h>

struct elf_module {
	const struct link_map *map;
	uintptr_t base;              /* load bias */
	uintptr_t lo, hi;            /* mapped range of its segments */
	uintptr_t text_lo, text_hi;  /* of its executable segments */
	char path[256];              /* absolute where known; the program by /proc/self/exe's target, else as called */
	const char *name;            /* last component of path */
	const char *soname;          /* DT_SONAME, NULL: none */
	const char *called;          /* the program as it was called, without its folder; NULL for libraries. A link's name */
	int is_program;
	/* the dynamic symbol table, as mapped */
	const ElfW(Sym) *symbols;
	const char *strings;
	size_t nstrings;
	const uint32_t *gnu_hash, *sysv_hash; /* either may be NULL */
	const ElfW(Half) *versions;  /* NULL: none */
	size_t nsymbols;             /* as far as the hash tables reach */
	const ElfW(Phdr) *headers;   /* the program headers, as mapped */
	size_t nheaders;
	const uint8_t *build_id;     /* as mapped; NULL: none */
	size_t nbuild_id;
	uint8_t path_cut;            /* path is longer than the field: map->l_name has all of it */
};

/* 0; -1 when it is no ELF module that can be read (the vdso, a map without a dynamic section). `program`: the path to keep for the
 * executable, whose map has no name. */
int elf_module_read(struct elf_module *m, const struct link_map *map, const char *program);

struct elf_symbol {
	const char *name;
	uintptr_t address; /* run-time address; of files: value + base */
	size_t bytes;      /* 0 unknown */
	uint8_t global;    /* GLOBAL or WEAK; 0: LOCAL */
	const char *file;  /* of a LOCAL one in .symtab: the STT_FILE before it; else NULL */
};

/* The label: libelf, which the command links, has a function of that name. */
uint32_t elf_gnu_hash(const char *name) __asm__("race_elf_gnu_hash");
/* The defined function exported under that name: default version only (hidden versions are skipped), no IFUNC, no data.
 * hash = elf_gnu_hash(name). 1 found, 0 not. */
int elf_export_find(const struct elf_module *m, const char *name, uint32_t hash, struct elf_symbol *out);
/* Every exported function; stops when visit returns non-zero and returns that. */
typedef int elf_visit(const struct elf_symbol *s, void *to);
int elf_export_each(const struct elf_module *m, elf_visit *visit, void *to);
/* The exported data object under that name (rules: global:SYMBOL). */
int elf_export_object(const struct elf_module *m, const char *name, uint32_t hash, struct elf_symbol *out);

/* The module's file, mapped read-only. */
struct elf_file {
	const uint8_t *at;
	size_t bytes;
	uintptr_t base;                /* of the module it was opened for */
	const uint8_t *symtab, *strtab; /* .symtab and its strings; NULL: stripped */
	size_t nsymbols, nstrings;
	uintptr_t lo, hi, text_lo, text_hi; /* of that module: what a symbol must lie in */
	uint8_t debug;                 /* a separate debug file: it has symbols, but no code */
	int file;                      /* descriptor + 1 as long as it is mapped; 0: none, the bytes are somebody else's */
};
/* Maps the file of the module, and finds its symbol table. 0, or -1 (not there, another file than the one mapped: the build-id or the program headers differ). */
int elf_file_open(struct elf_file *f, const struct elf_module *m);
/* Its separate debug file below /usr/lib/debug/.build-id, for the symbol table of a stripped one. */
int elf_file_open_debug(struct elf_file *f, const struct elf_module *m);
/* The same for bytes that are in memory already (not closed then). debug: they are those of a separate debug file. */
int elf_file_read(struct elf_file *f, const struct elf_module *m, const void *at, size_t bytes, int debug);
void elf_file_close(struct elf_file *f);
/* Every defined function (FUNC, not IFUNC) or, with objects != 0, data object of .symtab. Names are as the linker left them:
 * exported ones of a library with versions may carry "@@VERSION". */
int elf_file_each(const struct elf_file *f, int objects, elf_visit *visit, void *to);
/* The bytes in memory at [address, address + bytes) are those of the file: nobody has written there (a debugger's
 * breakpoint, another patcher). 0 when they differ or cannot be compared. */
int elf_file_same(const struct elf_file *f, const struct elf_module *m, uintptr_t address, size_t bytes);

#endif
