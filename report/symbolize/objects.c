/* SPDX-License-Identifier: MIT */
/*
 * objects.c - atomic and volatile objects, by the types that debug information gives.
 *
 * Owns      the answers of this process, by build id.
 * Counts    declarations in the user's own files. A declaration in a system header belongs to a library, whose synchronisation is
 *           modelled or not by itself: pthread_spinlock_t is a volatile int, and no object of whoever has one.
 * Once      what stands in a header is in the debug information of each unit that includes it; it counts once. Definitions of
 *           declared things, and inlined copies, are left out for the same reason.
 * Limits    VISITS entries; then the answer is not known, unless there was one of each before.
 * Runs      in the helper and the command: one thread, malloc allowed.
 */
#include "objects.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <string.h>

#include "symbolize.h"

#define VISITS 4000000 /* about a second */
#define DEEPEST 64     /* scopes within scopes */
#define TYPES 24       /* steps from an object to what it is made of */
#define ARGUMENTS 3    /* templates within templates */
#define SEEN 4096      /* a power of two */
#define KEPT 64

enum sort { PLAIN = 0, ATOMIC = 1, VOLATILE = 2 };

struct search {
	struct objects *out;
	Elf *elf; /* the module's own file; NULL: not to be had */
	int library;
	uint32_t visits;
	uint64_t seen[SEEN]; /* hashes of declarations that have been counted */
};

/* ---- places ------------------------------------------------------------------------------------------------------------- */

static int is_system_file(const char *file)
{
	static const char *const begin[] = { "/usr/include/", "/usr/lib/", "/usr/local/include/", "/usr/lib64/", "/opt/gcc" };
	static const char *const within[] = { "/include/c++/", "/lib/gcc/", "/lib/clang/" };

	for (unsigned i = 0; i < sizeof(begin) / sizeof(begin[0]); i++) {
		if (!strncmp(file, begin[i], strlen(begin[i])))
			return 1;
	}
	for (unsigned i = 0; i < sizeof(within) / sizeof(within[0]); i++) {
		if (strstr(file, within[i]))
			return 1;
	}
	return 0;
}

/* The file of a declaration, NULL: none. libdw's own function knows no file 0, which is what clang calls the unit's first one. */
static const char *file_of(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Word i = 0;
	Dwarf_Files *files;
	Dwarf_Half version = 0;
	Dwarf_Die unit;
	size_t n;

	if (!dwarf_attr_integrate(die, DW_AT_decl_file, &attribute) || dwarf_formudata(&attribute, &i) != 0 ||
	    !dwarf_cu_die(attribute.cu, &unit, &version, NULL, NULL, NULL, NULL, NULL) || (i == 0 && version < 5) ||
	    dwarf_getsrcfiles(&unit, &files, &n) != 0 || i >= n)
		return NULL;
	return dwarf_filesrc(files, i, NULL, NULL);
}

/* Declared by the user: in a file, and in none of the system's. What the compiler made has no file. */
static int is_own(Dwarf_Die *die)
{
	const char *file = file_of(die);

	return file && !is_system_file(file);
}

static int in_system(Dwarf_Die *die)
{
	const char *file = file_of(die);

	return file && is_system_file(file);
}

/* ---- types -------------------------------------------------------------------------------------------------------------- */

static int type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;

	return dwarf_attr_integrate(die, DW_AT_type, &attribute) && dwarf_formref_die(&attribute, type);
}

/*
 * atomic_int and its like, of stdatomic.h. Below DWARF 5, and by clang always, _Atomic itself is not told in debug information: then
 * the name is all there is. atomic_flag is a nameless struct.
 */
static int is_atomic_name(Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);

	return name && !strncmp(name, "atomic_", 7) && in_system(die);
}

/* An array of pthread_spinlock_t: gcc calls the array volatile, and the elements by their typedef. */
static int is_array_of_systems(const Dwarf_Die *volatile_type)
{
	Dwarf_Die at;

	if (!type_of((Dwarf_Die *)volatile_type, &at) || dwarf_tag(&at) != DW_TAG_array_type)
		return 0;
	while (dwarf_tag(&at) == DW_TAG_array_type) {
		if (!type_of(&at, &at))
			return 0;
	}
	return dwarf_tag(&at) == DW_TAG_typedef && in_system(&at);
}

/* A class of the C++ library that is an atomic object, whatever its arguments. */
static int is_atomic_class(Dwarf_Die *type)
{
	static const char *const names[] = { "atomic", "atomic_ref", "__atomic_base", "__atomic_float", "__atomic_ref",
					     "__atomic_flag_base" };
	const char *name = dwarf_diename(type);

	if (!name || !in_system(type))
		return 0;
	if (!strcmp(name, "atomic_flag"))
		return 1;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);

		if (!strncmp(name, names[i], n) && (name[n] == '<' || !name[n]))
			return 1;
	}
	return 0;
}

static int sort_of_type(Dwarf_Die *type, unsigned steps, unsigned arguments);

/* std::vector<std::atomic<int>>, std::unique_ptr<std::atomic<bool>>: the library's class, the user's object. */
static int sort_of_arguments(Dwarf_Die *type, unsigned steps, unsigned arguments)
{
	int found = PLAIN, more;
	Dwarf_Die child;

	if (arguments == ARGUMENTS || dwarf_child(type, &child) != 0)
		return PLAIN;
	do {
		Dwarf_Die argument;

		if (dwarf_tag(&child) == DW_TAG_template_type_parameter && type_of(&child, &argument))
			found |= sort_of_type(&argument, steps, arguments + 1);
		more = dwarf_siblingof(&child, &child);
	} while (more == 0);
	return found;
}

/* What an object of this type is, as its declaration says; not what lies in structures, whose members count themselves. */
static int sort_of_type(Dwarf_Die *type, unsigned steps, unsigned arguments)
{
	Dwarf_Die at = *type, next;
	int found = PLAIN, systems = 0; /* systems: behind a typedef of the system's */

	for (; steps < TYPES; steps++) {
		switch (dwarf_tag(&at)) {
		case DW_TAG_atomic_type:
			return found | ATOMIC;
		case DW_TAG_volatile_type:
			if (!systems && !is_array_of_systems(&at))
				found |= VOLATILE;
			break;
		case DW_TAG_typedef:
			systems |= in_system(&at);
			if (is_atomic_name(&at))
				return found | ATOMIC;
			break;
		case DW_TAG_structure_type:
		case DW_TAG_class_type:
			if (is_atomic_class(&at))
				return found | ATOMIC;
			return found | (in_system(&at) ? sort_of_arguments(&at, steps, arguments) : PLAIN);
		case DW_TAG_const_type:
		case DW_TAG_restrict_type:
		case DW_TAG_array_type:
		case DW_TAG_pointer_type:
		case DW_TAG_reference_type:
		case DW_TAG_rvalue_reference_type:
			break;
		default:
			return found;
		}
		if (!type_of(&at, &next))
			return found & ~VOLATILE; /* a pointer to volatile void takes any pointer: it tells of no object */
		at = next;
	}
	return found;
}

/* ---- objects ------------------------------------------------------------------------------------------------------------ */

static uint64_t hash_text(uint64_t h, const char *s)
{
	while (*s)
		h = (h ^ (uint8_t)*s++) * 0x100000001b3ull;
	return h;
}

/* 1 the first time. When the set is full, everything counts. */
static int is_new(struct search *s, const char *file, int line, const char *name)
{
	uint64_t h = hash_text(hash_text(0xcbf29ce484222325ull, file), name) * 31 + (uint64_t)line + 1;

	for (unsigned i = 0; i < 16; i++) {
		uint64_t *at = &s->seen[(h + i) & (SEEN - 1)];

		if (*at == h)
			return 0;
		if (!*at) {
			*at = h;
			return 1;
		}
	}
	return 1;
}

/*
 * A volatile variable that no thread waits for: one on the stack or in a register (a loop that shall not be optimised away, more often
 * than not), a declaration of what lies elsewhere, or one that no code asks. Static members and what templates make are
 * variables like others.
 */
static int is_idle(const struct search *s, Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute at, listed;
	Dwarf_Addr address;
	Dwarf_Word size;
	Dwarf_Op *ops;
	size_t n;

	if (dwarf_tag(die) != DW_TAG_variable)
		return 0;
	if (!dwarf_attr(die, DW_AT_location, &at) || dwarf_getlocation(&at, &ops, &n) != 0 || !n)
		return 1;
	address = ops[0].number;
	if (ops[0].atom == DW_OP_addrx || ops[0].atom == DW_OP_GNU_addr_index) {
		if (dwarf_getlocation_attr(&at, &ops[0], &listed) != 0 || dwarf_formaddr(&listed, &address) != 0)
			return 0;
	} else if (ops[0].atom != DW_OP_addr) {
		return 1;
	}
	if (dwarf_aggregate_size(type, &size) != 0)
		size = sizeof(uint64_t);
	if (dwarf_hasattr(die, DW_AT_external) && s->library)
		return 0; /* reached through a table of addresses */
	return s->elf && !object_is_asked(s->elf, address, size);
}

/* The object itself is volatile, not what it points to. */
static int is_volatile_itself(const Dwarf_Die *type)
{
	Dwarf_Die at = *type, next;

	for (int steps = 0; steps < TYPES; steps++) {
		int tag = dwarf_tag(&at);

		if (tag == DW_TAG_volatile_type)
			return 1;
		if ((tag != DW_TAG_typedef && tag != DW_TAG_const_type && tag != DW_TAG_array_type) || !type_of(&at, &next))
			return 0;
		at = next;
	}
	return 0;
}

static void object_set(struct object *o, const char *scope, const char *name, const char *file, int line)
{
	snprintf(o->name, sizeof(o->name), "%s%s%s", scope ? scope : "", scope ? "::" : "", name);
	snprintf(o->file, sizeof(o->file), "%s", file);
	o->line = (uint32_t)line;
}

static void object_look(struct search *s, Dwarf_Die *die, Dwarf_Die *scope)
{
	const char *name = dwarf_diename(die), *within = NULL, *file;
	int tag = dwarf_tag(die), sort, line = 0;
	Dwarf_Die type;

	/* The declaration of a static member, or the function that was inlined: it has been there already. */
	if (dwarf_hasattr(die, DW_AT_specification) || dwarf_hasattr(die, DW_AT_abstract_origin) ||
	    dwarf_hasattr(die, DW_AT_artificial))
		return;
	if (!type_of(die, &type))
		return;
	if (tag == DW_TAG_inheritance)
		die = scope; /* a base has no place of its own */
	if (!is_own(die))
		return;
	sort = sort_of_type(&type, 0, 0);
	if (sort == VOLATILE && is_volatile_itself(&type) && is_idle(s, die, &type))
		return;
	if (!sort)
		return;
	file = file_of(die);
	if (dwarf_decl_line(die, &line) != 0)
		line = 0;
	if (scope)
		within = dwarf_diename(scope);
	if (name && !strncmp(name, "__atomic_", 9))
		return; /* inside of the macros of stdatomic.h */
	if (!name)
		name = tag == DW_TAG_inheritance ? "(base)" : "(unnamed)";
	if (!is_new(s, file, line, name))
		return;
	if ((sort & ATOMIC) && !s->out->atomics++)
		object_set(&s->out->first_atomic, within, name, file, line);
	if ((sort & VOLATILE) && !s->out->volatiles++)
		object_set(&s->out->first_volatile, within, name, file, line);
}

static int found_both(const struct search *s)
{
	return s->out->atomics && s->out->volatiles;
}

/* Everything below an entry. 0: it is over. scope: the structure that the entry is, for its members. */
static int walk(struct search *s, Dwarf_Die *parent, Dwarf_Die *scope, unsigned depth)
{
	Dwarf_Die child;
	int more;

	if (depth == DEEPEST || dwarf_child(parent, &child) != 0)
		return 1;
	do {
		if (++s->visits > VISITS || found_both(s))
			return 0;
		switch (dwarf_tag(&child)) {
		case DW_TAG_variable:
		case DW_TAG_member:
		case DW_TAG_formal_parameter:
		case DW_TAG_inheritance:
			object_look(s, &child, scope);
			break;
		case DW_TAG_structure_type:
		case DW_TAG_class_type:
		case DW_TAG_union_type:
			if (!in_system(&child) && !walk(s, &child, &child, depth + 1))
				return 0;
			break;
		case DW_TAG_subprogram:
			/* A definition of a declared method has its body here, and its place there. */
			if (!in_system(&child) && !walk(s, &child, NULL, depth + 1))
				return 0;
			break;
		case DW_TAG_namespace:
		case DW_TAG_lexical_block:
		case DW_TAG_module:
		case DW_TAG_common_block:
			if (!walk(s, &child, NULL, depth + 1))
				return 0;
			break;
		}
		more = dwarf_siblingof(&child, &child);
	} while (more == 0);
	return 1;
}

/* A unit that can have objects with types: not one of assembly. */
static int is_of_types(Dwarf_Die *unit)
{
	return dwarf_srclang(unit) != DW_LANG_Mips_Assembler;
}

/* Below DWARF 5 there is no _Atomic of C. */
static int hides_atomics(Dwarf_Die *unit, Dwarf_Half version)
{
	int language = dwarf_srclang(unit);

	return version < 5 && (language == DW_LANG_C || language == DW_LANG_C89 || language == DW_LANG_C99 || language == DW_LANG_C11);
}

static int search_module(const struct record_module *m, struct objects *out)
{
	static struct search s; /* a big set: not for the stack */
	struct Dwfl_Module *module = symbolize_open(m);
	Dwarf_CU *unit = NULL;
	Dwarf_Addr bias;
	Dwarf *dwarf = module ? dwfl_module_getdwarf(module, &bias) : NULL;
	int known = 0, hidden = 0;
	Dwarf_Half version;

	memset(&s, 0, sizeof(s));
	s.out = out;
	s.elf = module ? dwfl_module_getelf(module, &bias) : NULL;
	s.library = s.elf && object_in_library(s.elf);
	while (dwarf) {
		Dwarf_Die die, split;
		uint8_t type;
		int ended;

		if (dwarf_get_units(dwarf, unit, &unit, &version, &type, &die, &split) != 0)
			break;
		if (type == DW_UT_skeleton && dwarf_tag(&split) != DW_TAG_invalid)
			die = split;
		if (!is_of_types(&die))
			continue;
		known = 1;
		hidden |= hides_atomics(&die, version);
		ended = !walk(&s, &die, NULL, 0);
		if (ended && found_both(&s))
			return 1;
		if (ended)
			return 0;
	}
	out->all = (uint8_t)(known && !hidden);
	return known && (!hidden || out->atomics || out->volatiles);
}

/* ---- answers ------------------------------------------------------------------------------------------------------------ */

static struct answer {
	uint8_t build_id[sizeof(((struct record_module *)0)->build_id)];
	uint8_t bytes;
	int known;
	struct objects objects;
} kept[KEPT];
static unsigned nkept;

int objects_of_module(const struct record_module *m, struct objects *out)
{
	size_t bytes = m->build_id_len <= sizeof(m->build_id) ? m->build_id_len : 0;
	struct answer *a;

	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; bytes && i < nkept; i++) {
		a = &kept[i];
		if (a->bytes == bytes && !memcmp(a->build_id, m->build_id, bytes)) {
			*out = a->objects;
			return a->known;
		}
	}
	if (!bytes || nkept == KEPT)
		return search_module(m, out);
	a = &kept[nkept++];
	memcpy(a->build_id, m->build_id, bytes);
	a->bytes = (uint8_t)bytes;
	a->known = search_module(m, &a->objects);
	*out = a->objects;
	return a->known;
}

void objects_text(const struct object *o, char *to, size_t cap)
{
	size_t n = strlen(o->file), room = cap > strlen(o->name) + 20 ? cap - strlen(o->name) - 20 : 0;
	const char *file = o->file;

	/* The end of a path says more than its begin. */
	if (n > room) {
		file = strchr(o->file + (n - room), '/');
		file = file ? file + 1 : strrchr(o->file, '/') ? strrchr(o->file, '/') + 1 : o->file;
	}
	if (o->name[0])
		snprintf(to, cap, "%s (%s:%u)", o->name, file, o->line);
	else if (cap)
		*to = 0;
}
