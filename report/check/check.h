/* SPDX-License-Identifier: MIT */
/*
 * check.h - `race check`: what librace will see of a program, told from its files alone.
 *
 *   check_table.c    what librace.so hooks: read from its own sections, so that there is no second list
 *   check_find.c     which file a needed library is, as the loader would find it
 *   check_module.c   one file: laid out as the loader would, names, sections
 *   check_atomics.c  atomic instructions in its code
 *   check_judge.c    hooks against modules: which functions are seen, how, by whom
 *   check_hints.c    what stays invisible, why, and what to do
 *   check_text.c, check_json.c   the same facts, for people and for programs
 *
 * Nothing of the program is executed. Names of functions are looked up by the code that does it at run time
 * (preload/patch/symbols.c), and whether a function can be patched is decided by the code that patches.
 */
#ifndef RACE_REPORT_CHECK_H
#define RACE_REPORT_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "../../hooks/std_mangled.h"
#include "../../hooks/std_row.h"
#include "../../preload/core.h"
#include "../../preload/patch/symbols.h"

/* ---- what librace.so does ---------------------------------------------------------------------------------------- */

struct check_effect {
	const char *kind; /* "GHashTable" */
	uint8_t contract, role, access;
};
#define CHECK_EFFECTS 4

struct check_hook {
	const char *name, *library;
	uint32_t hash;
	uint8_t policy; /* enum hook_policy */
	uint8_t neffects; /* 0: synchronisation, memory, the process */
	struct check_effect effect[CHECK_EFFECTS]; /* a function whose meaning depends on the call has several */
};

struct check_member {
	const char *scope, *method, *name; /* the last as in reports */
	struct check_effect effect;
};

/* What is read of a library's own structs. */
struct check_field {
	const char *name, *use;
	uint32_t offset, bytes;
};
struct check_layout {
	const char *kind, *type, *versions, *check;
	uint64_t id; /* of the section's rows: those of one type have the same */
	struct check_field *field; /* by offset */
	size_t nfields;
};
struct check_origin {
	const char *kind, *library; /* SONAME or glob */
};

struct check_table {
	char path[4096];
	struct check_hook *hook;
	size_t nhooks;
	struct check_member *member; /* of C++ templates: known by the parts of a mangled name */
	size_t nmembers;
	const char **api; /* its exports that programs refer to in order to tell it something, sorted */
	size_t napi;
	struct check_layout *layout;
	size_t nlayouts;
	struct check_origin *origin;
	size_t norigins;
};

/* Reads the librace.so that belongs to this command, for this verb. 0; else one line is on stderr. */
int check_table_read(struct check_table *t, const char *verb);
const struct check_member *check_member_find(const struct check_table *t, const char *mangled);
const struct check_hook *check_hook_find(const struct check_table *t, const char *name);

/* ---- one file ---------------------------------------------------------------------------------------------------- */

enum check_role { CHECK_PROGRAM, CHECK_LIBRARY, CHECK_LIBC, CHECK_LOADER };
enum check_symbols { SYMBOLS_INSIDE, SYMBOLS_SEPARATE, SYMBOLS_NONE };

struct check_atomics {
	uint32_t locked, exchanges, fences, pauses, waits; /* waits: loops that only read one place */
	uint64_t bytes; /* of code looked at */
};

/* Found in a program's .symtab (or that of its debug file): a function that others cannot reach by name. */
struct check_name {
	const char *name;
	uintptr_t address;
	size_t bytes;
	uint8_t global;
};

struct check_module {
	char path[4096]; /* no link in it; the name as needed when it was not found */
	const char *name; /* last component of what it is known by */
	char asked[256];
	enum check_role role;
	uint8_t readable; /* x86-64, with segments: everything below is filled */
	uint8_t missing;
	uint8_t elf_class, elf_data;
	uint16_t type, machine;
	uint8_t has_interpreter, has_dynamic, is_pie;
	uint8_t no_patch; /* the loader, libunwind, a sanitizer's run time */
	uint8_t go, rust, libcxx;
	enum check_symbols symbols, debug_info;
	const char *runpath, *rpath;
	struct check_module *parent; /* who needed it first */

	const uint8_t *at; /* the file */
	size_t bytes;
	uint8_t *image; /* its segments in place */
	size_t image_bytes;
	struct link_map map;
	struct elf_module elf;
	struct elf_file file, debug;
	const char **needed; /* as written */
	size_t nneeded;
	const char **imports; /* undefined symbols, sorted */
	size_t nimports;
	size_t nexports; /* functions */
	struct check_name *names; /* functions of .symtab, sorted by name */
	size_t nnames;
	struct check_atomics atomics;
};

/* 0 for every ELF file; -1 for any other. `why` gets half a sentence. */
int check_module_open(struct check_module *m, const char *path, char *why, size_t cap);
int check_module_imports(const struct check_module *m, const char *name);
/* Functions of that name, exported or (program only) just known to the symbol table. 1 found. */
int check_module_defines(const struct check_module *m, const char *name, uint32_t hash, struct elf_symbol *out);
/* Calls visit for each name of .symtab that begins so. */
void check_names_each(const struct check_module *m, const char *prefix,
		      void (*visit)(const struct check_name *n, void *to), void *to);
/* The bytes occur in the read-only data or code of the file. */
int check_module_holds(const struct check_module *m, const char *bytes, size_t n);
const char *check_machine(uint16_t machine);
/* Of a 64-bit little-endian file in memory: its section headers (0: none that can be used), and one by name with its bytes in the
 * file, NULL when it is not there. */
const Elf64_Shdr *check_sections(const uint8_t *at, size_t bytes, size_t *n);
const Elf64_Shdr *check_section(const uint8_t *at, size_t bytes, const char *name);

/* Fills m->atomics; after elf_module_read. */
void check_atomics_count(struct check_module *m);

/* The path of a library that `by` needs; to gets "" when there is none. */
void check_find(const char *name, const struct check_module *by, char *to, size_t cap);
/* The same for a name that nobody needs in particular, which may be a glob: the last by name in the first directory that has any. */
void check_find_any(const char *pattern, char *to, size_t cap);
/* The loader would take the file: a 64-bit x86-64 one. */
int check_fits(const char *path);

/* ---- the result -------------------------------------------------------------------------------------------------- */

struct check_function {
	const struct check_hook *hook;
	const struct check_module *in; /* where its original is; NULL: in none of the modules */
	uint8_t interposed, patched;
	const char *why; /* not patched although it could matter; NULL */
};

struct check_family {
	const char *name;
	uint8_t is_map, contract;
	struct check_function *function;
	size_t n, cap;
	uint8_t *used_by; /* by index of module */
};

struct check_hint {
	const char *id;
	const struct check_module *module; /* NULL: concerns the run as a whole */
	char text[512], todo[512 + 2 * 4096];
};

#define CHECK_MODULES 512

struct check_result {
	const struct check_table *table;
	struct check_module **module; /* in load order; the binary first */
	size_t nmodules;
	struct check_family *family;
	size_t nfamilies;
	struct check_hint *hint;
	size_t nhints;
	uint8_t loads; /* LD_PRELOAD has an effect on it */
};

/* The family of a hook: the kind of map, or a group of synchronisation. */
const char *check_family_name(const struct check_table *t, const struct check_hook *h);
void check_judge(struct check_result *r);
void check_hints(struct check_result *r);
const struct check_family *check_family_find(const struct check_result *r, const char *name);
/* The module is modelled: what it does inside is told by hooks, so its atomic instructions are no riddle. */
int check_is_modelled(const struct check_result *r, const struct check_module *m);
const char *check_seen_text(const struct check_function *f); /* "patched", "interposed", "both", "no" */
const char *check_role_text(uint8_t role);
const char *check_access_text(uint8_t access);
const char *check_contract_text(uint8_t contract);
const char *check_symbols_text(enum check_symbols s);

void check_text(const struct check_result *r);
int check_json(const struct check_result *r);

/* The verb. */
int check_main(int argc, char **argv);

#endif
