/* SPDX-License-Identifier: MIT */
/*
 * patch.h - attaching wrappers to functions by rewriting their entry, beside interposition.
 *
 *   hook   a typed wrapper with an exported name (hooks/): interposed always, patched where its policy allows. Once patched,
 *          hook->real is the trampoline, so a call that comes by the exported name and one that comes by the entry are
 *          both seen exactly once.
 *   site   a function known by a rule or a pattern: reached by patching alone, through the generic stub.
 */
#ifndef RACE_PATCH_PATCH_H
#define RACE_PATCH_PATCH_H

#include "../core.h"
#include "stub.h"
#include "symbols.h"
#include "trampoline.h"

/* From the constructor, after the options: patches what is loaded and follows dlopen and dlclose from then on. */
void patch_start(void);
void patch_stop(void);   /* the process gives up rights: nothing is patched from here on */
/* Whatever the loader unloads is forgotten (memory_forget) before anything else can be mapped there. 0: the caller of dlclose does. */
int patch_forgets(void);
void patch_fork_lock(void);   /* no module is in work while the process forks */
void patch_fork_unlock(void); /* in the parent */
void patch_forked(void);      /* in the child */
/* stats=1 (what was attached how, what not and why), stats=2 (calls of each hook and site too): one line each by emit_line. */
void patch_tell(int calls);
struct patch_counts {
	unsigned patched, refused, modules, no_room; /* functions now; modules with patched ones; modules that found no room, ever */
	const char *mode;                            /* in words */
};
void patch_count(struct patch_counts *out);

/* ---- for owners of sites (rules, patterns) --------------------------------------------------------------------------- */

/* A module has come: called for each module, in load order, under the loader's lock or before main. The owner looks up what it
 * wants in m (file: lazily opened; NULL when it cannot be) and asks for sites. Registered in patch.c's list of owners. */
struct patch_module {
	struct elf_module elf;
	struct elf_file *(*file)(struct patch_module *m); /* its file, opened at first use; NULL */
	struct elf_file *(*debug)(struct patch_module *m); /* its separate debug file; NULL */
	uint32_t id;
};
/* Attaches a site at a function. The site comes from patch_site_new, with before, after, op, data filled. 0; else why
 * not (also told by patch_tell): a refusal, or PATCH_TAKEN. */
struct stub_site *patch_site_new(void); /* NULL: no room. Zeroed; lives until its module goes */
enum patch_result {
	PATCH_DONE,
	PATCH_REFUSED,  /* *why */
	PATCH_TAKEN,    /* somebody (a typed hook, an earlier rule) has this function already */
	PATCH_OTHERS,   /* its bytes are not those of the file: a debugger's or another patcher's */
	PATCH_DENIED,   /* the process may not change code (W^X, seccomp), or attach=interpose */
	PATCH_NO_ROOM,
	PATCH_CLOSE,    /* its callers may know its registers */
};
enum patch_result patch_site(struct patch_module *m, const struct elf_symbol *s, struct stub_site *site, enum patch_refusal *why);
const char *patch_result_text(enum patch_result r, enum patch_refusal why);

#endif
