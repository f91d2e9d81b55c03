/* SPDX-License-Identifier: MIT */
/*
 * shape.c - what the stub must know of a function whose type nobody told us, read from its machine code.
 *
 * Owns      nothing; pure functions of the code given.
 * Stack     how many words above the return address the function looks at: those are copied for it. Found by following the
 *           stack pointer through its instructions in order of address. When something is met that is not understood,
 *           the answer is the default or what a variadic prologue asks for; too much costs nanoseconds.
 * Vectors   whether callers may rely on registers that any function may change (gcc's -fipa-ra), and whether registers wider
 *           than 128 bits are used at all.
 * Must not  allocate, lock, or read beyond the function, but where a call leads to.
 */
#include "stub.h"

#include <string.h>

#include "decode.h"

#define MANY_WORDS 64 /* variadic, or an address on the stack is taken */
#define SEARCH 8192
#define PROLOGUE 128
#define TARGETS 64
#define EXITS 6

/* ---- instructions of which only the memory operand matters --------------------------------------------------------------- */

enum { REG_RSP = 4, REG_RBP = 5, NO_REG = 255 };

struct operand {
	uint8_t opcode, two, rexw; /* two: behind 0f */
	uint8_t modrm, have_modrm;
	uint8_t base;              /* REG_RSP or REG_RBP when the operand is in memory there; else NO_REG */
	uint8_t index;             /* there is an index register */
	uint8_t rex;
	int32_t disp;
};

static int opcode_has_modrm(uint8_t op, int two)
{
	if (two)
		return !((op >= 0x80 && op <= 0x8f) || (op >= 0xc8 && op <= 0xcf) || op == 0x05 || op == 0x0b || op == 0x31 ||
			 op == 0x77 || (op >= 0xa0 && op <= 0xa2) || op == 0xa8 || op == 0xa9);
	return (op < 0x40 && (op & 7) < 4) || op == 0x62 || op == 0x63 || op == 0x69 || op == 0x6b ||
	       (op >= 0x80 && op <= 0x8f) || op == 0xc0 || op == 0xc1 || op == 0xc6 || op == 0xc7 || (op >= 0xd0 && op <= 0xdf) ||
	       op == 0xf6 || op == 0xf7 || op == 0xfe || op == 0xff;
}

/* p is an instruction of n bytes that insn_decode knows. */
static void operand_read(const uint8_t *p, unsigned n, struct operand *o)
{
	const uint8_t *end = p + n;
	uint8_t mod, rm;

	memset(o, 0, sizeof(*o));
	o->base = NO_REG;
	while (p < end && (*p == 0x66 || *p == 0xf2 || *p == 0xf3 || *p == 0xf0 || *p == 0x2e || *p == 0x3e || *p == 0x64 ||
			   *p == 0x65 || *p == 0x67)) {
		if (*p == 0x64 || *p == 0x65)
			o->opcode = 1; /* a segment: no stack */
		p++;
	}
	if (o->opcode) {
		o->opcode = 0;
		return;
	}
	if (p < end && (*p & 0xf0) == 0x40)
		o->rex = *p++;
	o->rexw = o->rex >> 3 & 1;
	if (p < end && *p == 0x0f) {
		o->two = 1;
		p++;
		if (p < end && (*p == 0x38 || *p == 0x3a))
			p++;
	}
	if (p >= end)
		return;
	o->opcode = *p++;
	if (p >= end || !opcode_has_modrm(o->opcode, o->two))
		return;
	o->have_modrm = 1;
	o->modrm = *p++;
	mod = o->modrm >> 6;
	rm = o->modrm & 7;
	if (mod == 3 || (o->rex & 1))
		return;
	if (rm == 4) {
		uint8_t sib = p < end ? *p++ : 0;

		o->index = (sib >> 3 & 7) != 4 || (o->rex & 2);
		rm = sib & 7;
		if (rm != REG_RSP && rm != REG_RBP)
			return;
	} else if (rm != REG_RBP) {
		return;
	}
	if (rm == REG_RBP && mod == 0)
		return; /* rip-relative, or no base at all */
	o->base = rm;
	if (mod == 1 && p < end)
		o->disp = (int8_t)*p;
	else if (mod == 2 && end - p >= 4)
		memcpy(&o->disp, p, sizeof(o->disp));
}

/* ---- the stack pointer, followed ------------------------------------------------------------------------------------------ */

/* Depths are bytes below the stack pointer at the entry. */
struct state {
	int32_t depth, rbp; /* rbp: depth it points to */
	uint8_t have_depth, have_rbp;
};

struct sweep {
	struct state now, body; /* body: where branches happen, once the frame is complete */
	struct {
		const uint8_t *at;
		struct state state;
	} targets[TARGETS]; /* of branches forward */
	unsigned ntargets;
	struct {
		const uint8_t *at;
		struct state state;
	} exits[EXITS]; /* jumps out of it: tail calls with the arguments where they are, and its own cold parts elsewhere */
	unsigned nexits;
	uint32_t words; /* seen to be used */
	int taken;      /* an address up there was made */
	int leaves;     /* a jump out of it that cannot be followed */
};

static void uses(struct sweep *s, const struct operand *o)
{
	int32_t at;
	uint32_t word;

	if (o->base == REG_RSP && s->now.have_depth)
		at = o->disp - s->now.depth;
	else if (o->base == REG_RBP && s->now.have_rbp)
		at = o->disp - s->now.rbp;
	else
		return;
	if (at < 8)
		return;
	word = ((uint32_t)at - 8) / 8 + 2; /* up to 16 bytes */
	if (!o->two && o->opcode == 0x8d)
		s->taken = 1;
	else if (o->index || word > MANY_WORDS)
		s->taken = 1;
	else if (word > s->words)
		s->words = word;
}

/* What an instruction does to rsp and rbp. p[0 .. n) has no prefix but REX where it matters. */
static void moves(struct sweep *s, const uint8_t *p, unsigned n, const struct operand *o)
{
	struct state *now = &s->now;
	int32_t amount = 0;
	int reg = o->modrm >> 3 & 7, rm = o->modrm & 7;

	if (o->two)
		return;
	if (o->opcode >= 0x50 && o->opcode <= 0x57) {
		now->depth += 8;
	} else if (o->opcode >= 0x58 && o->opcode <= 0x5f) {
		now->depth -= 8;
		if (o->opcode == 0x5d && !(o->rex & 1))
			now->have_rbp = 0;
	} else if (o->opcode == 0x68 || o->opcode == 0x6a || (o->opcode == 0xff && reg == 6)) {
		now->depth += 8;
	} else if (o->opcode == 0x8f) {
		now->depth -= 8;
	} else if (o->opcode == 0xc9) { /* leave */
		now->depth = now->rbp - 8;
		now->have_depth = now->have_rbp;
		now->have_rbp = 0;
	} else if (o->have_modrm && o->modrm >= 0xc0 && o->rexw && !(o->rex & 1) && rm == REG_RSP &&
		   (o->opcode == 0x83 || o->opcode == 0x81)) {
		if (o->opcode == 0x83)
			amount = (int8_t)p[n - 1];
		else
			memcpy(&amount, p + n - 4, sizeof(amount));
		if (reg == 5)
			now->depth += amount;
		else if (reg == 0)
			now->depth -= amount;
		else
			now->have_depth = 0;
	} else if (o->have_modrm && o->rexw && o->opcode == 0x8d && reg == REG_RSP && !(o->rex & 4)) {
		if (o->base == REG_RSP && !o->index)
			now->depth -= o->disp;
		else if (o->base == REG_RBP && now->have_rbp && !o->index)
			now->depth = now->rbp - o->disp, now->have_depth = 1;
		else
			now->have_depth = 0;
	} else if (o->have_modrm && o->rexw && o->modrm >= 0xc0 && (o->opcode == 0x89 || o->opcode == 0x8b)) {
		int from = o->opcode == 0x89 ? reg | (o->rex & 4) << 1 : rm | (o->rex & 1) << 3;
		int to = o->opcode == 0x89 ? rm | (o->rex & 1) << 3 : reg | (o->rex & 4) << 1;

		if (to == REG_RSP) {
			now->depth = now->rbp;
			now->have_depth = from == REG_RBP && now->have_rbp;
		} else if (to == REG_RBP) {
			now->rbp = now->depth;
			now->have_rbp = from == REG_RSP && now->have_depth;
		} else if (from == REG_RSP && now->have_depth && now->depth == 0) {
			s->taken = 1;
		}
	} else if (o->have_modrm && o->modrm >= 0xc0 && rm == REG_RSP && !(o->rex & 1) &&
		   (o->opcode & 0xc7) == 0x01 && o->opcode != 0x39) {
		now->have_depth = 0; /* an amount in a register: alloca */
	} else if (o->have_modrm && reg == REG_RBP && !(o->rex & 4) && (o->opcode == 0x8b || o->opcode == 0x8d)) {
		now->have_rbp = 0; /* rbp as any register */
	}
}

static void branch_to(struct sweep *s, const uint8_t *at)
{
	if (s->ntargets < TARGETS) {
		s->targets[s->ntargets].at = at;
		s->targets[s->ntargets++].state = s->now;
	}
}

static void exit_to(struct sweep *s, const uint8_t *at)
{
	for (unsigned i = 0; i < s->nexits; i++) {
		if (s->exits[i].at == at)
			return;
	}
	if (s->nexits == EXITS) {
		s->leaves = 1;
		return;
	}
	s->exits[s->nexits].at = at;
	s->exits[s->nexits++].state = s->now;
}

/* Reads a function from its first byte to `end`, or (open) to where nothing leads further; or the part of one at code. 0: something
 * was not understood. */
static int sweep(struct sweep *s, const uint8_t *code, const uint8_t *end, int open)
{
	const uint8_t *at = code, *last = code;

	s->body = s->now;
	s->ntargets = 0;
	while (at < end) {
		struct insn insn;
		struct operand o;
		const uint8_t *to;
		int ends = 0;

		if (insn_decode(at, end, &insn) == INSN_REFUSED)
			return 0;
		operand_read(at, insn.length, &o);
		if (insn.kind != INSN_PAD)
			uses(s, &o);
		moves(s, at, insn.length, &o);
		to = at + insn.length + insn.relative;
		switch (insn.kind) {
		case INSN_JUMP:
		case INSN_JUMP_IF:
			if (s->now.have_depth && s->now.depth >= s->body.depth)
				s->body = s->now;
			if (to < code || to >= end) {
				exit_to(s, to);
			} else if (to > at) {
				branch_to(s, to);
				if (to > last)
					last = to;
			}
			ends = insn.kind == INSN_JUMP;
			break;
		case INSN_JUMP_INDIRECT:
			s->leaves = ends = 1;
			break;
		case INSN_RETURN:
			ends = 1;
			break;
		}
		at += insn.length;
		if (!ends)
			continue;
		if (at > last && open)
			return 1;
		s->now = s->body;
		for (unsigned i = 0; i < s->ntargets; i++) {
			if (s->targets[i].at == at)
				s->now = s->targets[i].state;
		}
	}
	return 1;
}

/* ---- when that did not work --------------------------------------------------------------------------------------------- */

/* Offset of the slot when p stores argument register 8 or 9 at an address relative to rsp or rbp. */
static int stores_argument(const uint8_t *p, const uint8_t *end, unsigned reg, int32_t *slot)
{
	struct operand o;

	if (end - p < 9 || p[0] != 0x4c || p[1] != 0x89 || (p[2] >> 3 & 7) != (reg & 7) || p[2] >= 0xc0)
		return 0;
	operand_read(p, 9, &o);
	*slot = o.disp;
	return o.base != NO_REG;
}

/* movaps or movups of a vector register to memory, VEX or not. */
static int stores_vector(const uint8_t *p, const uint8_t *end)
{
	if (end - p < 5)
		return 0;
	if (p[0] == 0xc5 && (p[1] & 7) == 0)
		p++;
	else if (p[0] != 0x0f)
		return 0;
	return (p[1] == 0x29 || p[1] == 0x11) && p[2] < 0xc0;
}

/*
 * A variadic function puts the registers that may hold arguments into one array, in rising order, and the vector ones only
 * if al says that there are any.
 */
static int looks_variadic(const uint8_t *code, const uint8_t *end)
{
	int32_t r8 = 0, r9 = 0, slot;
	int have_r8 = 0, have_r9 = 0;

	for (const uint8_t *p = code; p < end; p++) {
		if (end - p >= 4 && p[0] == 0x84 && p[1] == 0xc0) { /* test %al, %al */
			for (const uint8_t *q = p + 2; q < end && q < p + 64; q++) {
				if (stores_vector(q, end))
					return 1;
			}
		}
		if (stores_argument(p, end, 8, &slot)) {
			r8 = slot;
			have_r8 = 1;
		}
		if (stores_argument(p, end, 9, &slot)) {
			r9 = slot;
			have_r9 = 1;
		}
		if (have_r8 && have_r9 && r9 == r8 + 8)
			return 1;
	}
	return 0;
}

/* ---- vectors ------------------------------------------------------------------------------------------------------------ */

/* An instruction on 256 or 512 bits: looks for prefix and opcode anywhere, for their lengths are not known here. */
static int uses_wide(const uint8_t *code, const uint8_t *end)
{
	for (const uint8_t *p = code; end - p >= 4; p++) {
		if (p[0] == 0xc5 && (p[1] & 4) && (p[2] == 0x10 || p[2] == 0x11 || p[2] == 0x28 || p[2] == 0x29 || p[2] == 0x6f ||
						   p[2] == 0x7f || (p[2] >= 0x50 && p[2] <= 0x6d) || p[2] >= 0xd0))
			return 1;
		if (p[0] == 0xc5 && p[1] == 0xf8 && p[2] == 0x77) /* vzeroupper */
			return 1;
		if (p[0] == 0xc4 && (p[1] & 0x1f) >= 1 && (p[1] & 0x1f) <= 3 && (p[2] & 4))
			return 1;
		if (p[0] == 0x62 && (p[1] & 8) == 0 && (p[1] & 7) >= 1 && (p[1] & 7) <= 3 && (p[2] & 4) && (p[3] & 0x60))
			return 1;
	}
	return 0;
}

#define WALK_INSNS 200
#define WALK_TODO 24

/*
 * Proves that no caller keeps anything in a register that calls may change: somewhere below the function there is a call to what
 * its compiler cannot have seen, through a pointer or the PLT. Follows branches and direct calls, so every byte it reads is
 * an instruction that could run; not proven when it meets one that it does not know.
 */
static int calls_out(const uint8_t *entry, const struct code_range *range)
{
	const uint8_t *todo[WALK_TODO], *at = entry, *to;
	unsigned ntodo = 0;

	for (unsigned i = 0; i < WALK_INSNS; i++) {
		struct insn insn;
		size_t readable = at < range->lo || at >= range->hi ? 0 : (size_t)range->hi - (size_t)at;
		int ends = 0;

		insn_decode(at, at + (readable < 15 ? readable : 15), &insn);
		to = at + insn.length + insn.relative;
		switch (insn.kind) {
		case INSN_CALL_INDIRECT:
			return 1;
		case INSN_JUMP_INDIRECT: /* the PLT; else it may be a table of cases */
			if (insn.disp_at)
				return 1;
			ends = 1;
			break;
		case INSN_CALL:
		case INSN_JUMP_IF:
			if ((insn.kind == INSN_CALL || to > at) && ntodo < WALK_TODO)
				todo[ntodo++] = to;
			break;
		case INSN_JUMP:
			ends = 1;
			if ((to > at || to < entry) && ntodo < WALK_TODO)
				todo[ntodo++] = to;
			break;
		case INSN_REFUSED:
			if (readable > 2 && at[0] == 0xf2 && at[1] == 0xff && at[2] == 0x25) /* bnd jmp, in the PLT */
				return 1;
			ends = 1;
			break;
		case INSN_RETURN:
			ends = 1;
			break;
		case INSN_PAD:
			ends = at[0] == 0xcc; /* perhaps a debugger's, who keeps what was there */
			break;
		}
		at += insn.length;
		if (ends) {
			if (!ntodo)
				return 0;
			at = todo[--ntodo];
		}
	}
	return 0;
}

uint32_t stub_stack_words(const uint8_t *code, size_t bytes, const struct code_range *range)
{
	size_t readable = (size_t)range->hi - (size_t)code;
	int open = !bytes || bytes >= SEARCH, whole, wide;
	struct sweep s = { .now.have_depth = 1 };
	const uint8_t *end;
	uint32_t words;

	if (!bytes || bytes > readable)
		bytes = readable;
	end = code + (bytes < SEARCH ? bytes : SEARCH);
	whole = sweep(&s, code, end, open);
	wide = uses_wide(code, end);
	for (unsigned i = 0; i < s.nexits; i++) {
		const uint8_t *at = s.exits[i].at;

		if (at == code || at < range->lo || at >= range->hi)
			continue;
		s.now = s.exits[i].state;
		readable = (size_t)range->hi - (size_t)at;
		whole &= sweep(&s, at, at + (readable < SEARCH ? readable : SEARCH), 1);
	}
	words = s.words;
	if (s.taken || (!whole && (wide || looks_variadic(code, code + (bytes < PROLOGUE ? bytes : PROLOGUE)))))
		words = MANY_WORDS;
	else if ((!whole || s.leaves) && !words)
		words = 1;
	if (words && words < STUB_STACK_WORDS)
		words = STUB_STACK_WORDS; /* the stub has a short way for this number */
	if (!calls_out(code, range))
		words |= STUB_ALL_VECTORS;
	return wide ? words | STUB_WIDE : words;
}
