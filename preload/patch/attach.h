/* SPDX-License-Identifier: MIT */
/*
 * attach.h - how the typed hooks of hooks/ are attached; the other owners of patch.c's list.
 */
#ifndef RACE_PATCH_ATTACH_H
#define RACE_PATCH_ATTACH_H

#include "patch.h"

void attach_start(int counting); /* counting: every call of a hook is counted, which costs (stats=2) */
void attach_hooks(struct patch_module *m);
void attach_resolve(const struct elf_module *m); /* at the start: hooks that have no original yet may find theirs in m */
void attach_started(void); /* what comes from here on was opened at run time */
void attach_tell(int calls);

/* patch.c, for attach_hooks: a hook at a function; and a group that is attached whole or not at all. */
enum patch_result patch_hook(struct patch_module *m, const struct elf_symbol *s, struct race_hook *h, enum patch_refusal *why);
unsigned patch_pending(void);
/* For tell.c: functions in [lo, hi) that are attached by rule or pattern, of that kind of maps. */
unsigned patch_sites_of(const struct race_kind *kind, uintptr_t lo, uintptr_t hi);
void patch_undo(unsigned from); /* forgets what came after patch_pending() said so */

/* preload/rules/rules.c and hooks/std_patterns.c */
void rules_attach(struct patch_module *m);
void std_patterns_attach(struct patch_module *m);

#endif
