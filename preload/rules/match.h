/* SPDX-License-Identifier: MIT */
/*
 * match.h - one module in work: what match.c finds, and tell.c says of it. Guarded by patch.c's lock.
 */
#ifndef RACE_RULES_MATCH_H
#define RACE_RULES_MATCH_H

#include "attached.h"

/* A rule that concerns the module in work. */
struct want {
	const struct rule *r;
	uint32_t first;       /* its candidates: chain of indices + 1, newest first */
	uint32_t n;           /* how many */
	uint32_t next;        /* other wants whose exact name has the same hash, index + 1 */
	uint32_t prefix;      /* bytes before the first * or ? */
	uint32_t twice;       /* names that a pattern matched several times */
	const char *twice_name, *clone, *near;
	unsigned near_distance;
	size_t twice_bytes;
	uint8_t exported;     /* an exact name, found by hash */
	uint8_t matched;      /* a pattern that some function fits, be it another rule's by then */
};

/* A function that a rule may get. */
struct candidate {
	struct elf_symbol s;
	uint32_t bytes;    /* of its name, without a version */
	uint32_t want;
	uint32_t next;     /* of the same want, index + 1 */
	uint32_t same;     /* of the same hash of names, index + 1 */
	uint8_t exported, twice;
};

struct match {
	struct patch_module *m;
	struct want wants[RULES];
	unsigned nwants;
	struct candidate *candidates; /* mapped as long as the module is in work */
	unsigned ncandidates;
	int has_symbols;              /* it has a symbol table, its own or a separate one */
};
extern struct match race_match;

/* Without the version that linkers append: "name@@V1". */
static inline size_t match_bytes(const char *name)
{
	return __builtin_strcspn(name, "@");
}

/* Where the suffix of a clone begins, whose arguments or body are not those of the function; NULL: no clone. */
const char *match_clone_suffix(const char *name, size_t n);

/* ---- tell.c: each says one line, once for each rule and module ------------------------------------------------------ */

/* A file given by a pattern is not named: what it lacks is told to those who ask. */
int tell_is_due(const struct rule *r);
/* Before the first tell_missing: names to put right a slip of the finger. */
void tell_find_near(void);
void tell_missing(const struct want *w);
void tell_twice(const struct want *w);
void tell_no_source(const struct want *w);
void tell_name(const struct rule *r, const char *why); /* the name itself is no good */
void tell_global(const struct rule *r, unsigned found, int stripped);
void tell_refused(const struct rule *r, const struct candidate *c, enum patch_result result, enum patch_refusal why);
void tell_clone_beside(const struct want *w);
void tell_left_out(const struct want *w);
void tell_too_many(unsigned limit);

#endif
