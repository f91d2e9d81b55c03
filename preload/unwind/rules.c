/* SPDX-License-Identifier: MIT */
/*
 * rules.c - the tables of CFI rules, keyed by return address.
 *
 * Owns      two open-addressed tables and the generation of code.
 * Invariant a slot's address is set once and stays; its rule is one word that carries the generation it was made for. So a
 *           reader never takes a rule for another address or for code that has been replaced: it sees an old
 *           generation and works the rule out again.
 * Writers   any thread; two threads that work out the same rule store the same word.
 * Wrap      generations of rules have 16 bits. Before they start again, all rules are wiped.
 * When full the rule is worked out at every use (a microsecond) and `no_room` counts.
 * Must not  allocate or lock.
 */
#include "rules.h"

#if UNWIND_WALKER

#include "../sys/os.h"

#define PROBES 8

struct rule_slot *rules_small;
static struct rule_slot *rules_large;
uint32_t rules_generation = 1;
static uint64_t count_no_room;

int rules_init(void)
{
	size_t small = sizeof(struct rule_slot) << RULES_SMALL_BITS, large = sizeof(struct rule_slot) << RULES_LARGE_BITS;

	if (rules_small)
		return 0;
	rules_large = os_map(large);
	if (!rules_large)
		return -1;
	rules_small = os_map(small);
	if (!rules_small) {
		os_unmap(rules_large, large);
		return -1;
	}
	return 0;
}

static void wipe(struct rule_slot *table, unsigned bits)
{
	for (size_t i = 0; table && i < (size_t)1 << bits; i++)
		if (load_relaxed(&table[i].rule))
			store_relaxed(&table[i].rule, 0);
}

void rules_outdate(void)
{
	uint32_t old = load_relaxed(&rules_generation), next;

	do {
		next = old + 1;
		if ((uint16_t)next == 0) {
			next++;
			wipe(rules_small, RULES_SMALL_BITS);
			wipe(rules_large, RULES_LARGE_BITS);
		}
	} while (!cas_acq_rel(&rules_generation, &old, next)); /* partner: none; the host orders dlclose against use */
}

/* The slot of ra, taken if it is new; NULL when its neighbourhood is full. */
static struct rule_slot *slot_of(struct rule_slot *table, unsigned bits, uintptr_t ra)
{
	size_t mask = ((size_t)1 << bits) - 1;
	size_t at = rules_hash(ra) >> (64 - bits);

	for (unsigned i = 0; i < PROBES; i++) {
		struct rule_slot *slot = &table[(at + i) & mask];
		uintptr_t seen = load_relaxed(&slot->ra);

		if (!seen && cas_acq_rel(&slot->ra, &seen, ra)) /* partner: none; the address is all that is published */
			return slot;
		if (seen == ra)
			return slot;
	}
	return NULL;
}

uint64_t rules_find(uintptr_t ra, uint32_t generation)
{
	struct rule_slot *slot = NULL;
	uint64_t rule;

	/* The outermost address of a stack may be 0: a key that would mean "free". */
	if (ra)
		slot = slot_of(rules_small, RULES_SMALL_BITS, ra);
	if (ra && !slot)
		slot = slot_of(rules_large, RULES_LARGE_BITS, ra);
	if (slot) {
		rule = load_relaxed(&slot->rule);
		if (rule_generation(rule) == (uint16_t)generation)
			return rule;
	}
	rule = rule_with_generation(cfi_rule(ra - 1), (uint16_t)generation);
	if (slot)
		store_relaxed(&slot->rule, rule);
	else
		add_relaxed(&count_no_room, 1);
	return rule;
}

uint64_t rules_no_room(void)
{
	return load_relaxed(&count_no_room);
}

#else

/* Not an empty file for machines without the walker; libunwind has a cache of its own to tell. */
uint32_t rules_generation = 1;

void rules_outdate(void)
{
	add_relaxed(&rules_generation, 1);
}

uint64_t rules_no_room(void)
{
	return 0;
}

#endif
