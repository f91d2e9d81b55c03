/* SPDX-License-Identifier: MIT */
/*
 * walk.h - the walker: return addresses of a stack by CFI rules, and every word that decided them.
 *
 * Unwinding is a pure function of the start registers, the words it reads and the CFI. The walker notes each word it
 * read in the order of reading: return addresses always; a saved rbp only where a later frame takes its CFA from it; the
 * saved CFA of a realigned frame. If all of them are unchanged later, innermost first, a walk would go the same way.
 *
 * Safety: only addresses above the hook's CFA, within 8 MiB, ever higher, aligned, and only pages that the kernel has said
 * to be readable (see struct walk_pages) are read. A stack that breaks these rules ends there.
 */
#ifndef RACE_UNWIND_WALK_H
#define RACE_UNWIND_WALK_H

#include <stddef.h>
#include <stdint.h>

#include "rules.h"
#include "unwind.h"

#define WALK_REACH ((uintptr_t)8 << 20)

/* Reads words of stacks that are other functions' locals: no business of the sanitizers. */
#define UNWIND_RAW __attribute__((no_sanitize("address", "undefined")))

/* Ranges of stack known to be readable, of one thread. Coroutines switch between several stacks. They may be out of date once
 * a stack was unmapped; it takes damaged CFI or a damaged stack on top of that to read there. */
#define WALK_RANGES 4
struct walk_pages {
	struct {
		uintptr_t lo, hi;
	} range[WALK_RANGES];
	uint32_t next; /* replaced next */
};

/* Words read, as 8-byte units above the CFA of the hook, in the order of reading. */
#define WALK_WORDS 58
struct walk_words {
	uint16_t at[WALK_WORDS];
	uintptr_t value[WALK_WORDS];
};

enum walk_end {
	WALK_DONE,       /* outermost frame, or STACK_FRAMES frames */
	WALK_REFUSED,    /* ra's frame is none for the walker; sp, rbp are the registers in it */
	WALK_BROKEN,     /* a frame that cannot be: the stack or its CFI is damaged */
	WALK_UNREADABLE, /* the same, told by the kernel: what was noted does not prove it */
};

/* Where the walk is: registers in the frame that ra returns to. */
struct walk {
	uintptr_t ra, sp, rbp;
	uint32_t generation;
	struct walk_pages *pages;
	uintptr_t *pcs; /* [STACK_FRAMES] */
	unsigned n;     /* frames so far, ra's own included */
	/* What was noted; words: NULL when nobody wants to know. */
	struct walk_words *words;
	uintptr_t cfa; /* of the hook: what words are relative to */
	unsigned nwords;
	int needs_rbp;  /* rbp in the register decided */
	int too_many;   /* words did not hold all: not fit for the cache */
};

/* pcs[0] = ra, n = 1 are the caller's. Can go on after WALK_REFUSED with new registers, without words. */
enum walk_end walk_on(struct walk *w);

#endif
