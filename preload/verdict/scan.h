/* SPDX-License-Identifier: MIT */
/*
 * scan.h - marks that synchronisation by inlined atomics leaves in machine code.
 *
 * Whoever orders threads by atomics that a compiler inlined leaves no call that could be hooked. What is left is in the code:
 * read-modify-write instructions, fences, pauses, and loops that do nothing but wait for memory to change. They prove
 * nothing; they say that an order which librace cannot see is possible.
 */
#ifndef RACE_VERDICT_SCAN_H
#define RACE_VERDICT_SCAN_H

#include <stddef.h>
#include <stdint.h>

enum scan_mark {
	SCAN_ATOMIC, /* lock-prefixed, or xchg with memory */
	SCAN_FENCE,  /* mfence */
	SCAN_PAUSE,
	SCAN_WAIT,   /* a loop that reads one place in memory and does nothing else */
	SCAN_MARKS
};

struct scan_marks {
	uint32_t count[SCAN_MARKS];
	uint64_t first[SCAN_MARKS]; /* virtual address in the file (what a base is added to) of the first one; valid when count is not 0 */
	uint32_t exchanges;         /* of SCAN_ATOMIC: xchg without a prefix */
};

/* One function, or any piece of code that begins with an instruction: [code, code + bytes), at `address` in its file. Adds to
 * what is in *m. Stops early once `enough` marks were counted in all (0: never). Reads nothing outside the piece. Pure. */
void scan_code(const uint8_t *code, size_t bytes, uint64_t address, uint32_t enough, struct scan_marks *m);

/*
 * All functions of a module that is mapped at `base` (its load bias), found by its .eh_frame_hdr, or its executable segments
 * where it has none. Adds to *m, stops once `enough` marks were counted. 1: everything was looked at, or enough was
 * found; 0: some code could not be read. Takes no lock of the loader; touches only mapped memory of that module, which the
 * caller knows to stay mapped. No allocation; small stack.
 */
struct link_map;
int scan_module(const struct link_map *module, uint32_t enough, struct scan_marks *m);

/* The loop that the call returning to `return_address` lies in, if any, only waits: it calls this one function, reads one
 * place in memory, compares and jumps back. [lo, hi): readable code around it. */
int scan_call_waits(const uint8_t *return_address, const uint8_t *lo, const uint8_t *hi);
/* The code behind the call that returns to `return_address` asks a place in memory first whether to go on. [.., hi): readable. */
int scan_call_asks(const uint8_t *return_address, const uint8_t *hi);

#endif
