/* SPDX-License-Identifier: MIT */
/*
 * attached.h - functions that have a rule: what match.c decides, rules.c keeps and calls.c carries out.
 */
#ifndef RACE_RULES_ATTACHED_H
#define RACE_RULES_ATTACHED_H

#include "../patch/patch.h"
#include "rules.h"

/* One function of one module under one rule. Never freed: stacks lead to its op for the life of the process. A library that
 * goes and comes back finds its old ones again. */
struct attached {
	struct race_op op;
	void *entry;                  /* op.real leads here */
	const struct rule *rule;
	uintptr_t global;             /* PLACE_GLOBAL: its address */
	const struct stub_site *site; /* whose data this is, as long as the site lives */
	/* copied from the rule: what calls look at */
	int32_t offset;
	uint8_t place, arg, key, key_arg, length_arg, bucket_arg, read_mode, when;
	uint8_t readers;              /* some lock of the module can be held in read mode */
	uint32_t next;                /* of its chain, index + 1 */
	char name[];
};

extern struct rules race_rules; /* written at start-up */

/* What is told at exit, by rule. Written under the lock that patch.c holds around rules_attach. */
struct rule_facts {
	uint32_t modules;   /* came and matched */
	uint32_t functions; /* attached */
	uint32_t refused;
};
extern struct rule_facts race_rule_facts[RULES];

/* The function's record, new or found again. NULL: no room. */
struct attached *attached_get(const struct rule *r, const char *module, const char *name, size_t bytes);
/* calls.c: what the site does before and after its calls. */
void calls_choose(struct stub_site *site, const struct attached *a);
/* Makes a call of the function do what its rule says. */
enum patch_result attached_patch(struct attached *a, struct patch_module *m, const struct elf_symbol *s,
				 enum patch_refusal *why);

#endif
