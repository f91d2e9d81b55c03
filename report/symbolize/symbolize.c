/* SPDX-License-Identifier: MIT */
/*
 * symbolize.c - names, lines and inlined calls, by elfutils.
 *
 * Owns      the opened modules, kept between records: (path, load address, build id) -> one Dwfl with that single module, so
 *           that a library loaded where another one was does not get its names.
 * Invariant names come only from the file that the process had mapped: when the build id differs (the file was replaced), the
 *           module counts as unknown. Nothing is fetched from the network.
 * Runs      in the helper and in the command's verbs only: one thread, malloc allowed.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../helper/helper.h"
#include "names.h"
#include "symbolize.h"

#define MODULES_KEPT 256

extern char *__cxa_demangle(const char *mangled, char *buffer, size_t *length, int *status);

static struct module {
	char path[PATH_MAX];
	uint64_t base;
	uint8_t build_id[20], build_id_len;
	Dwfl *dwfl;
	Dwfl_Module *mod; /* NULL: could not be opened, or is another file by now */
} kept[MODULES_KEPT];
static unsigned nkept;

static char *debuginfo_path; /* NULL: the default, which has /usr/lib/debug */
static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
	.debuginfo_path = &debuginfo_path,
};

/* ---- modules ------------------------------------------------------------------------------------------------------- */

static void module_path(const struct record *r, const struct record_module *m, char *to)
{
	char link[64], cwd[PATH_MAX / 2];
	ssize_t n;

	snprintf(to, PATH_MAX, "%s", m->path);
	if (m->path[0] == '/')
		return;
	snprintf(link, sizeof(link), "/proc/%u/cwd", r->pid);
	n = readlink(link, cwd, sizeof(cwd) - 1);
	if (n > 0) {
		cwd[n] = 0;
		snprintf(to, PATH_MAX, "%s/%s", cwd, m->path);
	}
}

static int same_file(Dwfl_Module *mod, const struct module *k)
{
	const unsigned char *bits;
	GElf_Addr at, bias;
	int n;

	if (!k->build_id_len)
		return 1;
	if (!dwfl_module_getelf(mod, &bias)) /* reads the file, and the build id with it */
		return 0;
	n = dwfl_module_build_id(mod, &bits, &at);
	return n == k->build_id_len && !memcmp(bits, k->build_id, (size_t)n);
}

static void module_open(struct module *k)
{
	k->dwfl = dwfl_begin(&callbacks);
	if (!k->dwfl)
		return;
	dwfl_report_begin(k->dwfl);
	k->mod = dwfl_report_elf(k->dwfl, k->path, k->path, -1, k->base, true);
	dwfl_report_end(k->dwfl, NULL, NULL);
	if (k->mod && !same_file(k->mod, k))
		k->mod = NULL;
}

static struct module *module_get(const char *path, uint64_t base, const uint8_t *build_id, size_t build_id_len)
{
	struct module *k;

	for (unsigned i = 0; i < nkept; i++) {
		k = &kept[i];
		if (k->base == base && !strcmp(k->path, path) && k->build_id_len == build_id_len &&
		    (!build_id_len || !memcmp(k->build_id, build_id, build_id_len)))
			return k;
	}
	if (nkept == MODULES_KEPT) {
		for (unsigned i = 0; i < nkept; i++)
			dwfl_end(kept[i].dwfl);
		nkept = 0;
	}
	k = &kept[nkept++];
	memset(k, 0, sizeof(*k));
	snprintf(k->path, sizeof(k->path), "%s", path);
	k->base = base;
	k->build_id_len = build_id_len <= sizeof(k->build_id) ? (uint8_t)build_id_len : 0;
	if (k->build_id_len)
		memcpy(k->build_id, build_id, k->build_id_len);
	module_open(k);
	return k;
}

static struct module *module_find(const struct record *r, uint32_t index)
{
	const struct record_module *m;
	char path[PATH_MAX];

	if (index >= r->nmodules || index >= RECORD_MODULES)
		return NULL;
	m = &r->modules[index];
	module_path(r, m, path);
	return module_get(path, m->base, m->build_id, m->build_id_len);
}

struct Dwfl_Module *symbolize_open(const struct record_module *m)
{
	return module_get(m->path, m->base, m->build_id, m->build_id_len)->mod;
}

/* ---- names ---------------------------------------------------------------------------------------------------------- */

static void set_function(struct frame_text *t, const char *name)
{
	char *plain = NULL;
	int status = -1;

	if (!name)
		return;
	if (name[0] == '_' && name[1] == 'Z')
		plain = __cxa_demangle(name, NULL, NULL, &status);
	if (plain && status == 0)
		name_fit(plain, t->function, sizeof(t->function));
	else
		snprintf(t->function, sizeof(t->function), "%s", name);
	free(plain);
}

static void set_die_name(struct frame_text *t, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
		name = dwarf_formstring(&attribute);
	set_function(t, name ? name : dwarf_diename(die));
}

static void set_file(struct frame_text *t, const char *file, const char *directory)
{
	char *from, *dot;

	if (!file)
		return;
	if (file[0] == '/' || !directory)
		snprintf(t->file, sizeof(t->file), "%s", file);
	else
		snprintf(t->file, sizeof(t->file), "%s/%s", directory, file);
	/* "/./" says nothing; "/../" may cross a link and stays. */
	for (from = t->file; (dot = strstr(from, "/./")) != NULL; from = dot)
		memmove(dot, dot + 2, strlen(dot + 2) + 1);
}

static const char *compilation_directory(Dwarf_Die *cu)
{
	Dwarf_Attribute attribute;

	return dwarf_attr(cu, DW_AT_comp_dir, &attribute) ? dwarf_formstring(&attribute) : NULL;
}

/* Where an inlined call stands. */
static void set_call_site(struct frame_text *t, Dwarf_Die *die, Dwarf_Die *cu)
{
	Dwarf_Attribute attribute;
	Dwarf_Files *files;
	Dwarf_Word file = 0, line = 0;
	size_t n;

	if (dwarf_attr(die, DW_AT_call_file, &attribute) && !dwarf_formudata(&attribute, &file) &&
	    !dwarf_getsrcfiles(cu, &files, &n) && file < n)
		set_file(t, dwarf_filesrc(files, file, NULL, NULL), compilation_directory(cu));
	if (dwarf_attr(die, DW_AT_call_line, &attribute) && !dwarf_formudata(&attribute, &line))
		t->line = (uint32_t)line;
}

/* ---- frames --------------------------------------------------------------------------------------------------------- */

/* Room for one frame more, or NULL; the outermost place is kept for the function itself. */
static struct frame_text *next_frame(struct frame_text *out, int *n, int max)
{
	if (*n + 1 < max)
		(*n)++;
	memset(&out[*n], 0, sizeof(out[*n]));
	return &out[*n];
}

/*
 * The function and what is inlined into it at this address, from the inside outwards; 0 when the debug information has none.
 * The innermost place (file, line) is already in out[0].
 */
static int walk_scopes(Dwarf_Die *cu, Dwarf_Addr address, Dwarf_Addr *start, struct frame_text *out, int max)
{
	Dwarf_Die *inner = NULL, *scopes = NULL;
	int n = 0, nscopes, named = 0;

	if (dwarf_getscopes(cu, address, &inner) <= 0)
		return 0;
	/* The first list leaves an inlined body towards its definition; the second one follows where it was put. */
	nscopes = dwarf_getscopes_die(&inner[0], &scopes);
	for (int i = 0; i < nscopes; i++) {
		int tag = dwarf_tag(&scopes[i]);

		if (tag == DW_TAG_inlined_subroutine) {
			set_die_name(&out[n], &scopes[i]);
			out[n].inlined = 1;
			set_call_site(next_frame(out, &n, max), &scopes[i], cu);
		} else if (tag == DW_TAG_subprogram) {
			set_die_name(&out[n], &scopes[i]);
			if (dwarf_entrypc(&scopes[i], start) != 0)
				*start = 0;
			named = 1;
			break;
		}
	}
	free(scopes);
	free(inner);
	return named ? n + 1 : 0;
}

/* The compilation unit of an address. clang writes no .debug_aranges, which is all that libdwfl's own look-up reads: then
 * every unit is asked for its ranges. */
static Dwarf_Die *unit_of(struct module *k, Dwarf_Addr address, Dwarf_Addr *bias)
{
	Dwarf_Die *cu = dwfl_module_addrdie(k->mod, address, bias);

	if (cu)
		return cu;
	for (cu = dwfl_module_nextcu(k->mod, NULL, bias); cu; cu = dwfl_module_nextcu(k->mod, cu, bias)) {
		if (dwarf_haspc(cu, address - *bias) == 1)
			return cu;
	}
	return NULL;
}

/* The line of an address, by its unit's line table: dwfl_module_getsrc finds units as dwfl_module_addrdie does. */
static const char *line_of(Dwarf_Die *cu, Dwarf_Addr address, int *number)
{
	Dwarf_Line *line = dwarf_getsrc_die(cu, address);

	if (!line || dwarf_lineno(line, number) != 0)
		return NULL;
	return dwarf_linesrc(line, NULL, NULL);
}

static int by_debug_info(struct module *k, const struct record_frame *f, struct frame_text *out, int max)
{
	Dwarf_Addr address = f->pc - !f->is_entry, bias = 0, start = 0;
	Dwarf_Die *cu = unit_of(k, address, &bias);
	struct frame_text innermost;
	const char *file;
	int number = 0, n;

	memset(&out[0], 0, sizeof(out[0]));
	if (!cu)
		return 0;
	file = line_of(cu, address - bias, &number);
	if (!file)
		return 0;
	set_file(&out[0], file, compilation_directory(cu));
	out[0].line = (uint32_t)number;
	innermost = out[0];
	n = walk_scopes(cu, address - bias, &start, out, max);
	if (f->is_entry && n > 1) { /* a function's first byte belongs to the function, whatever is inlined there */
		out[0] = out[n - 1];
		n = 1;
	}
	if (n == 0) { /* assembly: a line, but no function */
		GElf_Sym symbol;
		GElf_Off offset;

		out[0] = innermost;
		set_function(&out[0], dwfl_module_addrinfo(k->mod, address, &offset, &symbol, NULL, NULL, NULL));
		start = address - offset - bias;
		n = 1;
	}
	if (!start) { /* a function in several pieces names none of them as its start */
		GElf_Sym symbol;
		GElf_Off offset = 0;

		if (dwfl_module_addrinfo(k->mod, address, &offset, &symbol, NULL, NULL, NULL))
			start = address - offset - bias;
	}
	for (int i = 0; i < n; i++)
		out[i].offset = f->pc - (start + bias);
	return n;
}

static int frame_in(struct module *k, const struct record_frame *f, struct frame_text *out, int max)
{
	uint64_t base = k ? k->base : 0;
	const char *name;
	GElf_Off offset;
	GElf_Sym symbol;
	int n;

	if (k && k->mod) {
		n = by_debug_info(k, f, out, max);
		if (n > 0)
			return n;
	}
	memset(&out[0], 0, sizeof(out[0]));
	out[0].offset = f->pc - base;
	if (k && k->mod) {
		name = dwfl_module_addrinfo(k->mod, f->pc - !f->is_entry, &offset, &symbol, NULL, NULL, NULL);
		if (name && (symbol.st_size == 0 || offset < symbol.st_size))
			set_function(&out[0], name);
	}
	return 1;
}

static int debug_frame(void *state, const struct record *r, const struct record_frame *f, struct frame_text *out, int max)
{
	return frame_in(module_find(r, f->module), f, out, max);
}

/* The symbol of that type at an address, as "name+0x8". */
static int symbol_at(struct module *k, int type, uint64_t address, char *to, size_t cap)
{
	int n = k && k->mod ? dwfl_module_getsymtab(k->mod) : 0;

	for (int i = 1; i < n; i++) {
		GElf_Sym symbol;
		GElf_Addr at;
		const char *name = dwfl_module_getsym_info(k->mod, i, &symbol, &at, NULL, NULL, NULL);
		struct frame_text plain = { .function = "" };

		if (!name || GELF_ST_TYPE(symbol.st_info) != type || symbol.st_shndx == SHN_UNDEF || address < at ||
		    address - at >= symbol.st_size)
			continue;
		set_function(&plain, name);
		snprintf(to, cap, "%s+0x%lx", plain.function, (unsigned long)(address - at));
		return 1;
	}
	return 0;
}

static int debug_object(void *state, const struct record *r, uint64_t address, char *to, size_t cap)
{
	return symbol_at(module_find(r, r->location_module), STT_OBJECT, address, to, cap);
}

const struct resolver names_of_debug_info = { NULL, debug_frame, debug_object, NULL };

/* ---- files by path ------------------------------------------------------------------------------------------------- */

void symbolize_search(char *directories)
{
	debuginfo_path = directories;
}

int symbolize_address(const char *path, uint64_t address, int is_entry, struct frame_text *out, int max)
{
	struct record_frame f = { .pc = address, .is_entry = is_entry != 0 };
	struct module *k = module_get(path, 0, NULL, 0);
	GElf_Off offset = 0;
	GElf_Sym symbol;

	/* A return address is no function's begin, nearly always; an operation's own frame is. */
	if (is_entry == SYMBOLIZE_MAYBE_ENTRY)
		f.is_entry = k->mod && dwfl_module_addrinfo(k->mod, address, &offset, &symbol, NULL, NULL, NULL) && offset == 0;
	return frame_in(k, &f, out, max);
}

int symbolize_symbol(const char *path, uint64_t address, char *to, size_t cap)
{
	struct module *k = module_get(path, 0, NULL, 0);

	return symbol_at(k, STT_OBJECT, address, to, cap) || symbol_at(k, STT_FUNC, address, to, cap);
}

/* The last word of "std::map<int, X>::find()": it also stands in the mangled name. */
static void last_word(const char *shown, char *to, size_t cap)
{
	size_t end = strcspn(shown, "(<"), begin;

	for (begin = end; begin > 0 && shown[begin - 1] != ':' && shown[begin - 1] != ' '; begin--)
		;
	snprintf(to, cap, "%.*s", (int)(end - begin), shown + begin);
}

void symbolize_name(const char *path, const char *shown, uint64_t address, struct symbolize_named *out)
{
	struct module *k = module_get(path, 0, NULL, 0);
	int n = k->mod ? dwfl_module_getsymtab(k->mod) : 0;
	char word[256];

	memset(out, 0, sizeof(*out));
	last_word(shown, word, sizeof(word));
	for (int i = 1; i < n && word[0]; i++) {
		GElf_Sym symbol;
		GElf_Addr at;
		const char *name = dwfl_module_getsym_info(k->mod, i, &symbol, &at, NULL, NULL, NULL);
		struct frame_text plain = { .function = "" };
		char text[sizeof(plain.function) + 8];
		struct buf b = buf_on(text, sizeof(text)), raw = b;
		int same;

		if (!name || symbol.st_shndx == SHN_UNDEF || !strstr(name, word) ||
		    (GELF_ST_TYPE(symbol.st_info) != STT_FUNC && GELF_ST_TYPE(symbol.st_info) != STT_GNU_IFUNC))
			continue;
		text_name(&raw, name);
		same = !strcmp(text, shown);
		if (!same) {
			set_function(&plain, name);
			text_name(&b, plain.function);
			same = !strcmp(text, shown);
		}
		if (!same)
			continue;
		if (!out->n || out->start != at) /* aliases are one */
			out->n++;
		out->start = at;
		out->holds |= address >= at && address - at <= symbol.st_size; /* a call may be the last instruction */
	}
}
