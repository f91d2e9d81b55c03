/* SPDX-License-Identifier: MIT */
/*
 * family.h - which kinds of maps were met, how many maps and recorded accesses each had: for stats=1.
 *
 * A kind gets a number when it is first met and keeps it. Accesses are counted where they are recorded, by the thread itself, in
 * memory of its own: the plain case of an operation, which records nothing, does not come here.
 */
#ifndef RACE_ENGINE_FAMILY_H
#define RACE_ENGINE_FAMILY_H

#include "engine.h"

/* [RACE_FAMILIES] is what found no room, and maps without a kind. */
struct family {
	const struct race_kind *kind; /* set once */
	uint64_t maps;                /* lives begun; guarded by cells_lock */
	uint64_t ended;               /* accesses of threads that have ended; guarded by threads_lock */
};
extern struct family race_families[RACE_FAMILIES + 1] RACE_HIDDEN;

uint32_t family_probe(const struct race_kind *kind, uint32_t home);

static inline uint32_t family_of(const struct race_kind *kind)
{
	uint32_t home = (uint32_t)((uintptr_t)kind >> 3) * 0x9E3779B1u >> 26;

	return likely(load_relaxed(&race_families[home].kind) == kind && kind) ? home : family_probe(kind, home);
}
_Static_assert(RACE_FAMILIES == 1 << (32 - 26), "a hash fits the table");

void families_reset(void); /* all counts are 0; numbers stay */

#endif
