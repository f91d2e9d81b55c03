/* SPDX-License-Identifier: MIT */
/*
 * scan_loop.h - loops that only wait: between the parts of the scan.
 *
 *	scan_loop.c	whether the steps of a loop carry nothing from one round to the next
 *	scan_uses.c	what one step reads and writes
 */
#ifndef RACE_VERDICT_SCAN_LOOP_H
#define RACE_VERDICT_SCAN_LOOP_H

#include <stdint.h>

#include "../patch/decode.h"

#define LOOP_BYTES 200 /* of a loop that is looked at, at most */

/*
 * The code from head to `end`, which ends with a jump back to head, can only be left when somebody else changes memory:
 * whatever a round computes comes from memory and from what no round changes. call_return: the return address of
 * the one call that it may make; NULL: none. Both are places in code that can be read from head to `end`. Pure.
 */
int loop_waits(const uint8_t *head, const uint8_t *end, const uint8_t *call_return);

/* ---- steps -------------------------------------------------------------------------------------------------------------- */

#define INSNS 40
#define SLOTS 8
#define PLACES 4

/*
 * What an instruction reads and writes, as bits. A register has two: its lowest byte, and all of it. Writing a byte leaves the rest
 * as it was.
 */
#define BYTE_OF(r) (1ull << (r))
#define WHOLE_OF(r) (1ull << (16 + (r)))
#define BOTH_OF(r) (BYTE_OF(r) | WHOLE_OF(r))
#define FLAGS (1ull << 32)
#define SLOT(i) (1ull << (33 + (i)))
#define VECTOR(r) (1ull << (41 + (r)))
#define VECTORS (0xffffull << 41)

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11 };
#define NO_REG 16

/* What a call may leave in registers: read before anything wrote it, it is a new value in each round, never an old one. */
#define CALL_WRITES                                                                                                          \
	(BOTH_OF(RAX) | BOTH_OF(RCX) | BOTH_OF(RDX) | BOTH_OF(RSI) | BOTH_OF(RDI) | BOTH_OF(R8) | BOTH_OF(R9) | BOTH_OF(R10) | \
	 BOTH_OF(R11) | FLAGS | VECTORS)

struct step {
	uint64_t reads, writes, known; /* known: written for certain on every way from the head to here */
	uint8_t at;                    /* offset from the head */
	uint8_t target;                /* of a jump within the loop: index of a step; or one of these */
	uint8_t live, falls;           /* live: the jump back can be reached from here */
	uint8_t place;                 /* index of what it reads outside the frame, or NOWHERE */
	uint8_t jumps_if;
	uint8_t strange;               /* does what no loop that waits does; 1 only where that may be behind an exit */
};
#define NOWHERE 0xff /* no jump, or out of the loop */

/* An operand in memory outside the frame, by what its address is made of. */
struct place {
	const uint8_t *rip; /* address, when relative to rip; else NULL */
	int32_t disp;
	uint8_t base, index, scale, segment;
};

struct slot {
	int32_t disp;
	uint8_t base, bytes;
};

struct loop {
	const uint8_t *head;
	struct step step[INSNS];
	struct slot slot[SLOTS];
	struct place place[PLACES];
	uint8_t n, nslots, nplaces;
	uint8_t entry; /* where a round begins: at the head, or at the call */
	uint8_t calls; /* it may make one */
};

/* Fills s->reads, s->writes and s->place with what the instruction at p does, and notes places in *l. 0: no loop that only waits does
 * that, or it is not known. */
int loop_insn_uses(struct loop *l, struct step *s, const uint8_t *p, const struct insn *in);
/* The same for a call; of other calls than the one that returns to call_return only __errno_location() counts. */
int loop_call_uses(struct step *s, const uint8_t *p, const struct insn *in, const uint8_t *end, const uint8_t *call_return);
/* The instruction behind a call that asks errno for EINTR. */
void loop_errno_uses(struct step *s, const uint8_t *p, const uint8_t *end);

#endif
