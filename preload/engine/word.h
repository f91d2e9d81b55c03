/* SPDX-License-Identifier: MIT */
/*
 * word.h - the packed word: who, when and from where, in 64 bits that are stored and loaded whole.
 *
 *   63        51 50                    20 19                 0
 *   | slot (13) |       clock (31)       |     stack (20)     |
 *
 * The only place that knows this layout. A word of 0 means "no access". Clocks therefore start at 1.
 * An epoch is a word whose stack is 0: `epoch | stack` is a word.
 */
#ifndef RACE_ENGINE_WORD_H
#define RACE_ENGINE_WORD_H

#include <stdint.h>

#define RACE_SLOT_BITS 13
#define RACE_CLOCK_BITS 31
#define RACE_STACK_BITS 20
_Static_assert(RACE_SLOT_BITS + RACE_CLOCK_BITS + RACE_STACK_BITS == 64, "a word is 64 bits");

#define RACE_SLOTS (1u << RACE_SLOT_BITS)
#define RACE_CLOCK_MAX ((1u << RACE_CLOCK_BITS) - 1)
#define RACE_STACKS (1u << RACE_STACK_BITS)
#define RACE_EPOCH_MASK (~(uint64_t)(RACE_STACKS - 1))
#define RACE_ONE_TICK ((uint64_t)1 << RACE_STACK_BITS) /* epoch + this: the thread's next epoch */

static inline uint64_t word_epoch(uint32_t slot, uint32_t clock)
{
	return (uint64_t)slot << (RACE_CLOCK_BITS + RACE_STACK_BITS) | (uint64_t)clock << RACE_STACK_BITS;
}

static inline uint32_t word_slot(uint64_t word)
{
	return (uint32_t)(word >> (RACE_CLOCK_BITS + RACE_STACK_BITS));
}

static inline uint32_t word_clock(uint64_t word)
{
	return (uint32_t)(word >> RACE_STACK_BITS) & RACE_CLOCK_MAX;
}

static inline uint32_t word_stack(uint64_t word)
{
	return (uint32_t)word & (RACE_STACKS - 1);
}

static inline int same_epoch(uint64_t word, uint64_t epoch)
{
	return ((word ^ epoch) & RACE_EPOCH_MASK) == 0;
}

#endif
