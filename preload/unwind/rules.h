/* SPDX-License-Identifier: MIT */
/*
 * rules.h - return address -> CFI rule, for all threads; and the generation of the code that is mapped.
 */
#ifndef RACE_UNWIND_RULES_H
#define RACE_UNWIND_RULES_H

#include <stdint.h>

#include "../sys/atomic.h"
#include "cfi.h"

/* A small table first: it keeps what a small program needs in few pages. Large programs spill into the second one. */
#define RULES_SMALL_BITS 12
#define RULES_LARGE_BITS 16

struct rule_slot {
	uintptr_t ra;  /* 0 free; set once, by compare-and-swap, never changed */
	uint64_t rule; /* written whole by any thread that worked it out; 0 or an older generation: not usable */
};

extern struct rule_slot *rules_small; /* NULL before rules_init; written once */

/* Code generation: changes whenever modules came or went. Its low 16 bits are never 0. Written by rules_outdate only. */
extern uint32_t rules_generation;

int rules_init(void);
void rules_outdate(void);

uint64_t rules_find(uintptr_t ra, uint32_t generation);

/* Misses of the tables for lack of room: each costs a reading of CFI. */
uint64_t rules_no_room(void);

static inline uint64_t rules_hash(uintptr_t ra)
{
	return ra * 0x9e3779b97f4a7c15ull;
}

/* The rule for a return address, whose call is at ra - 1. */
static inline uint64_t rule_of(uintptr_t ra, uint32_t generation)
{
	const struct rule_slot *slot = &rules_small[rules_hash(ra) >> (64 - RULES_SMALL_BITS)];

	/* No order needed between the two loads: a slot's address never changes, and the rule says what it was made for. */
	if (likely(load_relaxed(&slot->ra) == ra)) {
		uint64_t rule = load_relaxed(&slot->rule);

		if (likely(rule_generation(rule) == (uint16_t)generation))
			return rule;
	}
	return rules_find(ra, generation);
}

#endif
