/* SPDX-License-Identifier: MIT */
/*
 * scan_asks.c - whether the code behind a call asks a place in memory whether to go on: `sleep(); if (ready) ...`.
 *
 * Straight ahead from the return address: a load from outside the frame, a test of the very value (or of memory itself) for
 * equality, a jump if equal or not. Loops that count are compared by size, so they are not taken for it. Pure; reads the
 * code given and nothing else.
 */
#include "scan.h"

#include "../patch/decode.h"

#define STEPS 8
#define EQUAL 4 /* condition of je; jne is one more */
#define NO_REG 16

struct operation {
	uint8_t opcode, two, modrm, rex, has_modrm;
};

static void operation_read(struct operation *o, const uint8_t *p, const uint8_t *end)
{
	o->rex = o->two = o->modrm = o->opcode = o->has_modrm = 0;
	if (p < end && *p == 0x66)
		p++;
	if (p < end && (*p & 0xf0) == 0x40)
		o->rex = *p++;
	if (p < end && *p == 0x0f) {
		o->two = 1;
		p++;
	}
	if (p < end)
		o->opcode = *p++;
	if (p < end) {
		o->modrm = *p;
		o->has_modrm = 1;
	}
}

static unsigned reg_of(const struct operation *o)
{
	return (o->modrm >> 3 & 7) | (o->rex & 4) << 1;
}

static unsigned rm_of(const struct operation *o)
{
	return (o->modrm & 7) | (o->rex & 1) << 3;
}

static int is_register(const struct operation *o)
{
	return o->has_modrm && o->modrm >= 0xc0;
}

/* In memory, and not relative to the stack or frame pointer. */
static int is_elsewhere(const struct operation *o)
{
	unsigned base = o->modrm & 7;

	if (!o->has_modrm || o->modrm >= 0xc0 || base == 4)
		return 0;
	return base != 5 || o->modrm < 0x40; /* 5 without displacement: rip */
}

static int is_load(const struct operation *o)
{
	if (o->two)
		return (o->opcode == 0xb6 || o->opcode == 0xb7 || o->opcode == 0xbe || o->opcode == 0xbf) && is_elsewhere(o);
	return (o->opcode == 0x8a || o->opcode == 0x8b) && is_elsewhere(o);
}

/* cmp with a number, or test with itself or a number. */
static int tests_operand(const struct operation *o)
{
	if (o->two || !o->has_modrm)
		return 0;
	if (o->opcode == 0x80 || o->opcode == 0x81 || o->opcode == 0x83)
		return (o->modrm >> 3 & 7) == 7;
	return (o->opcode == 0xf6 || o->opcode == 0xf7) && (o->modrm >> 3 & 7) == 0;
}

static int tests_register(const struct operation *o, unsigned reg)
{
	if (reg == NO_REG || o->two)
		return 0;
	if (o->opcode == 0x84 || o->opcode == 0x85)
		return is_register(o) && reg_of(o) == reg && rm_of(o) == reg;
	if (o->opcode == 0x3c || o->opcode == 0x3d || o->opcode == 0xa8 || o->opcode == 0xa9)
		return reg == 0;
	return tests_operand(o) && is_register(o) && rm_of(o) == reg;
}

int scan_call_asks(const uint8_t *return_address, const uint8_t *hi)
{
	const uint8_t *at = return_address;
	unsigned loaded = NO_REG;
	int tested = 0;

	for (int i = 0; i < STEPS && at < hi; i++) {
		struct operation o;
		struct insn in;

		if (insn_decode(at, hi, &in) == INSN_REFUSED)
			return 0;
		if (in.kind == INSN_JUMP_IF)
			return tested && (in.condition & ~1) == EQUAL;
		if (in.kind != INSN_PLAIN && in.kind != INSN_RIP && in.kind != INSN_PAD)
			return 0;
		operation_read(&o, at, at + in.length);
		tested = tests_register(&o, loaded) || (tests_operand(&o) && is_elsewhere(&o));
		if (is_load(&o))
			loaded = reg_of(&o);
		at += in.length;
	}
	return 0;
}
