/* SPDX-License-Identifier: MIT */
/*
 * clock.h - vector clocks: join and copy, in steps of eight entries.
 *
 * Clocks are 31 bits wide, so a signed comparison serves, which SSE2 has. Widths are multiples of 8; what lies beyond the
 * width of a clock counts as 0.
 */
#ifndef RACE_ENGINE_CLOCK_H
#define RACE_ENGINE_CLOCK_H

#include <stdint.h>
#include <string.h>

#include "pool.h"
#include "word.h"

struct clock_block {
	struct pool_block block; /* cap: entries */
	uint32_t vc[];
};

typedef int32_t clock_vector __attribute__((vector_size(16), aligned(4), may_alias));
_Static_assert(RACE_CLOCK_BITS <= 31, "clocks compare as signed numbers");

enum clock_change { CLOCK_GREW = 1, CLOCK_HAS_MORE = 2 };

/* to = max(to, from), n entries. CLOCK_GREW: some entry of `to` was smaller. CLOCK_HAS_MORE: some was larger, so that `to`
 * is now more than a copy of `from`. */
static inline int clock_join(uint32_t *to, const uint32_t *from, uint32_t n)
{
	clock_vector grew = { 0 }, more = { 0 };

	for (uint32_t i = 0; i < n; i += 4) {
		clock_vector a = *(const clock_vector *)(to + i), b = *(const clock_vector *)(from + i);
		clock_vector less = a < b, greater = a > b;

		*(clock_vector *)(to + i) = (a & ~less) | (b & less);
		grew |= less;
		more |= greater;
	}
	return ((grew[0] | grew[1] | grew[2] | grew[3]) ? CLOCK_GREW : 0) |
	       ((more[0] | more[1] | more[2] | more[3]) ? CLOCK_HAS_MORE : 0);
}

static inline void clock_copy(uint32_t *to, const uint32_t *from, uint32_t n)
{
	if (n == 8)
		memcpy(to, from, 8 * sizeof(*to)); /* two vector stores, no call */
	else
		memcpy(to, from, n * sizeof(*to));
}

/* Some entry is not 0. */
static inline int clock_any(const uint32_t *vc, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (vc[i])
			return 1;
	}
	return 0;
}

#endif
