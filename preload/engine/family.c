/* SPDX-License-Identifier: MIT */
/*
 * family.c - numbers for kinds of maps, and their counts. See family.h.
 */
#include "family.h"

struct family race_families[RACE_FAMILIES + 1];

__attribute__((noinline)) uint32_t family_probe(const struct race_kind *kind, uint32_t home)
{
	for (uint32_t n = 0, i = home; kind && n < RACE_FAMILIES; n++, i = (i + 1) % RACE_FAMILIES) {
		const struct race_kind *was = NULL;

		if (__atomic_compare_exchange_n(&race_families[i].kind, &was, kind, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
		    was == kind)
			return i;
	}
	return RACE_FAMILIES;
}

void families_reset(void)
{
	for (uint32_t i = 0; i <= RACE_FAMILIES; i++)
		race_families[i].maps = race_families[i].ended = 0;
}
