/* SPDX-License-Identifier: MIT */
/*
 * cfi.h - from a code address to the rule that unwinds one frame there, in one word.
 *
 *   63            40 39          24 23        8 7 6 5 4   3 2   0
 *   | CFA offset 24 | rbp offset 16 | generation |  0  | rbp | base |
 *
 * Offsets are signed bytes. The only place that knows this layout. A word of 0 means "no rule yet": generations start at 1.
 * One word, so that a rule is stored and loaded whole, together with the generation of code that it describes.
 */
#ifndef RACE_UNWIND_CFI_H
#define RACE_UNWIND_CFI_H

#include <stdint.h>

/* Walker and cache exist for x86-64; elsewhere every stack goes to libunwind. */
#if defined(__x86_64__) && !defined(UNWIND_LIBRARY_ONLY)
#define UNWIND_WALKER 1
#else
#define UNWIND_WALKER 0
#endif

/* Where the caller's stack pointer (CFA) is found. The order matters to walk.h. */
enum cfi_base {
	CFI_RSP,     /* rsp + offset */
	CFI_RBP,     /* rbp + offset */
	CFI_DEREF,   /* the word at rbp + offset: realigned frames */
	CFI_END,     /* outermost frame, or code without CFI */
	CFI_REFUSED, /* CFI that is beyond this reader */
	CFI_SIGNAL,  /* the kernel's frame below a signal handler: refused, too */
};

/* Where the caller's rbp is found. */
enum cfi_rbp {
	CFI_RBP_KEPT,   /* still in the register */
	CFI_RBP_AT_CFA, /* the word at CFA + offset */
	CFI_RBP_AT_RBP, /* the word at rbp + offset */
};

#define RULE_CFA_MAX ((1 << 23) - 1)

static inline uint64_t rule_pack(enum cfi_base base, enum cfi_rbp rbp, int32_t cfa_offset, int16_t rbp_offset)
{
	return (uint64_t)(uint32_t)cfa_offset << 40 | (uint64_t)(uint16_t)rbp_offset << 24 | (uint64_t)rbp << 3 | base;
}

static inline uint64_t rule_with_generation(uint64_t rule, uint16_t generation)
{
	return rule | (uint64_t)generation << 8;
}

static inline uint16_t rule_generation(uint64_t rule)
{
	return (uint16_t)(rule >> 8);
}

static inline enum cfi_base rule_base(uint64_t rule)
{
	return (enum cfi_base)(rule & 7);
}

static inline enum cfi_rbp rule_rbp(uint64_t rule)
{
	return (enum cfi_rbp)(rule >> 3 & 3);
}

static inline int64_t rule_cfa_offset(uint64_t rule)
{
	return (int64_t)rule >> 40;
}

static inline int64_t rule_rbp_offset(uint64_t rule)
{
	return (int16_t)(rule >> 24);
}

/* The rule, without generation, of the instruction at pc (for a return address: the byte before it). Finds the module
 * without a lock; about a microsecond. */
uint64_t cfi_rule(uintptr_t pc);

/* The same in a given .eh_frame_hdr. *row_end (may be NULL): first address for which another rule may hold. */
uint64_t cfi_rule_in(const uint8_t *header, uintptr_t pc, uintptr_t *row_end);

/* For coverage reports: number of functions in the table of a header, and the range of one. 0 when there is none. */
uint32_t cfi_functions(const uint8_t *header);
int cfi_function(const uint8_t *header, uint32_t i, uintptr_t *start, uintptr_t *end);
/* Where function i begins, for i below cfi_functions(): read from the table alone, so also in a file that is not trusted. */
uintptr_t cfi_function_start(const uint8_t *header, uint32_t i);

#endif
