/* SPDX-License-Identifier: MIT */
/*
 * decode.h - a decoder for the first instructions of functions (x86-64), and lengths of all the others.
 *
 * insn_decode knows what compilers put at the start of a function and what may stand in its first bytes; everything else is INSN_REFUSED,
 * and the function then is not patched. It never guesses: a length it gives is right (tests compare it with Zydis).
 */
#ifndef RACE_PATCH_DECODE_H
#define RACE_PATCH_DECODE_H

#include <stddef.h>
#include <stdint.h>

enum insn_kind {
	INSN_REFUSED, /* unknown, invalid, or cut off by `end` */
	INSN_PLAIN,   /* may run anywhere */
	INSN_RIP,     /* has a memory operand relative to rip: disp32 at disp_at */
	INSN_CALL,    /* call rel32 */
	INSN_CALL_INDIRECT, /* call r/m: pushes a return address; disp_at != 0 when rip-relative */
	INSN_JUMP,    /* jmp rel8/rel32: control does not fall through */
	INSN_JUMP_IF, /* jcc rel8/rel32; `condition` */
	INSN_JUMP_INDIRECT, /* jmp r/m: does not fall through; disp_at != 0 when rip-relative */
	INSN_RETURN,  /* ret: does not fall through */
	INSN_PAD,     /* nop of any length, int3, or endbr64: harmless; padding when behind a terminator */
};

struct insn {
	uint8_t length;
	uint8_t kind;
	uint8_t disp_at;   /* offset of the rip-relative disp32 in the instruction, 0: none */
	uint8_t condition; /* low 4 bits of the jcc opcode */
	int32_t relative;  /* displacement of branches and of rip-relative operands, from the instruction's end */
	uint8_t rex;       /* 0: none */
	uint8_t opsize;    /* 66 stands before it */
	uint8_t repeat;    /* F2 or F3 stands before it; 0: neither */
	uint8_t opcode_at; /* offset of the opcode, of its second byte when behind 0F */
	uint8_t two;       /* it is behind 0F */
	uint8_t modrm_at;  /* offset of ModRM, 0: none */
};

/* Decodes the instruction at `at`; bytes at and beyond `end` are not read. Always fills *out; returns out->kind. */
enum insn_kind insn_decode(const uint8_t *at, const uint8_t *end, struct insn *out);

/*
 * Only the length, but of every instruction that compilers and people write: vectors of all sorts, privileged ones, what
 * insn_decode refuses on purpose. 0: no instruction, or cut off. What is no valid instruction may have a length, too: for walking
 * through code that is known to be code.
 */
unsigned insn_length(const uint8_t *at, const uint8_t *end);

#endif
