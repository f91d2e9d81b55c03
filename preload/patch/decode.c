/* SPDX-License-Identifier: MIT */
/*
 * decode.c - lengths and kinds of x86-64 instructions, by two grids of 16 x 16 letters and a few groups.
 *
 * Owns        nothing; pure functions over the bytes given.
 * Invariants  a byte at or beyond `end` is never read; what is not refused is decoded exactly. The grids hold only
 *             forms that are checked against Zydis; what is rare, privileged, behind VEX, or differs between processors
 *             is refused on purpose: a refused function is merely not patched. insn_length reads the same grids, and
 *             asks only how long.
 * Must not    call anything but string.h's mem*: the file also links into the `race` command.
 */
#include "decode.h"

#include <string.h>

/*
 * What follows an opcode.
 *	.	refused (also: prefixes behind REX, forms invalid in 64-bit mode)
 *	-	nothing
 *	m	ModRM (SIB, displacement)	M the same, memory only		R the same, register only
 *	b	ModRM and an 8-bit immediate	z ModRM and a 32-bit one (16 with 66)
 *	B	ModRM, register only, and an 8-bit immediate
 *	1	8-bit immediate			4 32-bit immediate (16 with 66)
 *	i	mov to a register: 32-bit immediate, 16 with 66, 64 with REX.W
 *	c	8-bit displacement of a branch	C a 32-bit one
 *	r	ret				2 ret with a 16-bit immediate
 *	x	string instruction: nothing, F2 and F3 repeat it
 *	n	90: nop, pause, xchg r8
 *	g	a group or an odd one: decided by group_one() or group_two()
 */
static const char one_byte[16][17] = {
	/*       0123456789abcdef */
	/* 0 */ "mmmm14..mmmm14..", /* add or */
	/* 1 */ "mmmm14..mmmm14..", /* adc sbb */
	/* 2 */ "mmmm14..mmmm14..", /* and sub */
	/* 3 */ "mmmm14..mmmm14..", /* xor cmp */
	/* 4 */ "................", /* REX: a second one is refused */
	/* 5 */ "----------------", /* push pop */
	/* 6 */ "...m....4z1b....", /* movslq push imul */
	/* 7 */ "cccccccccccccccc", /* jcc */
	/* 8 */ "gg.gmmmmmmmm.M..", /* group 1, test xchg mov lea */
	/* 9 */ "n---------..----", /* xchg cltq cqto pushf popf sahf lahf */
	/* a */ "....xxxx14xxxxxx", /* movs cmps test stos lods scas */
	/* b */ "11111111iiiiiiii", /* mov */
	/* c */ "bb2r..gg.-..g...", /* shifts ret mov leave int3 */
	/* d */ "mmmm....gggggggg", /* shifts x87 */
	/* e */ "........CC.c....", /* call jmp */
	/* f */ ".....-gg--..--gg", /* cmc groups 3, 4, 5, clc stc cld std */
};

static const char two_byte[16][17] = {
	/*       0123456789abcdef */
	/* 0 */ ".............g..", /* prefetchw */
	/* 1 */ "mmgMmmgMg.....gg", /* movups unpck movlps prefetch endbr64 nop */
	/* 2 */ "........mmmMmmmm", /* movaps cvt ucomis comis */
	/* 3 */ "................",
	/* 4 */ "mmmmmmmmmmmmmmmm", /* cmovcc */
	/* 5 */ "Rmmmmmmmmmmmmmmm", /* movmskps sqrt and or xor add mul cvt sub min div max */
	/* 6 */ "mmmmmmmmmmmmmmmm", /* punpck pack pcmpgt movd movq movdqa */
	/* 7 */ "bgggmmm-....mmmm", /* pshuf, shifts by an immediate, pcmpeq emms hadd movd movdqa */
	/* 8 */ "CCCCCCCCCCCCCCCC", /* jcc */
	/* 9 */ "mmmmmmmmmmmmmmmm", /* setcc */
	/* a */ "...mbm.....mbmgm", /* bt shld bts shrd fences imul */
	/* b */ "mm.m..mmm.gmmmmm", /* cmpxchg btr movzx popcnt group 8 btc bsf bsr movsx */
	/* c */ "mmbMbBbg--------", /* xadd cmpps movnti pinsrw pextrw shufps cmpxchg16b bswap */
	/* d */ "mmmmmmmRmmmmmmmm",
	/* e */ "mmmmmmmMmmmmmmmm",
	/* f */ "MmmmmmmRmmmmmmm.",
};

/* Which prefixes an opcode behind 0F may have, for they choose the instruction there: a hexadecimal digit, the sum of
 * 1 (none), 2 (66), 4 (F3) and 8 (F2). */
static const char two_byte_prefix[16][17] = {
	/*       0123456789abcdef */
	/* 0 */ "0000000000000100",
	/* 1 */ "fff3337330000043",
	/* 2 */ "0000000033f3ff33",
	/* 3 */ "0000000000000000",
	/* 4 */ "3333333333333333",
	/* 5 */ "3f553333fff7ffff",
	/* 6 */ "3333333333332237",
	/* 7 */ "f33333310000aa77",
	/* 8 */ "9999999999999999",
	/* 9 */ "1111111111111111",
	/* a */ "0003330000033313",
	/* b */ "3303003340337733",
	/* c */ "33f1333111111111",
	/* d */ "a333332333333333",
	/* e */ "333333e333333333",
	/* f */ "8333333333333330",
};

/* The instruction while it is read. */
struct reading {
	const uint8_t *at;
	unsigned have, n; /* bytes that may be read, bytes consumed */
	uint8_t rex, repeat; /* 0: none; repeat: F2 or F3 */
	uint8_t opsize, addr32, lock;
	uint8_t modrm;
	struct insn *out;
};

#define MODRM_MOD(r) ((r)->modrm >> 6)
#define MODRM_REG(r) ((r)->modrm >> 3 & 7)
#define MODRM_RM(r) ((r)->modrm & 7)

static int skip(struct reading *r, unsigned bytes)
{
	if (r->have - r->n < bytes)
		return 0;
	r->n += bytes;
	return 1;
}

static int32_t read32(const uint8_t *p)
{
	int32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* ModRM and what it asks for. 0: cut off, or a form that is not moved. */
static int read_modrm(struct reading *r)
{
	unsigned bytes;

	if (!skip(r, 1))
		return 0;
	r->modrm = r->at[r->n - 1];
	r->out->modrm_at = (uint8_t)(r->n - 1);
	if (MODRM_MOD(r) == 3)
		return 1;
	bytes = MODRM_MOD(r) == 2 ? 4 : MODRM_MOD(r);
	if (MODRM_RM(r) == 4) {
		if (!skip(r, 1))
			return 0;
		if (MODRM_MOD(r) == 0 && (r->at[r->n - 1] & 7) == 5)
			bytes = 4;
	} else if (MODRM_MOD(r) == 0 && MODRM_RM(r) == 5) {
		/* With 67 the operand is relative to eip: no compiler writes that. */
		if (r->addr32)
			return 0;
		r->out->disp_at = (uint8_t)r->n;
		bytes = 4;
	}
	if (!skip(r, bytes))
		return 0;
	if (r->out->disp_at)
		r->out->relative = read32(r->at + r->out->disp_at);
	return 1;
}

static unsigned imm_bytes(const struct reading *r)
{
	return r->opsize && !(r->rex & 8) ? 2 : 4;
}

static int plain(const struct reading *r)
{
	return r->out->disp_at ? INSN_RIP : INSN_PLAIN;
}

static int branch(struct reading *r, unsigned bytes, int kind)
{
	/* 66 makes it a 16-bit jump on some processors and nothing on others, unless REX.W overrides it. */
	if ((r->opsize && !(r->rex & 8)) || !skip(r, bytes))
		return INSN_REFUSED;
	r->out->relative = bytes == 1 ? (int8_t)r->at[r->n - 1] : read32(r->at + r->n - 4);
	return kind;
}

/* The memory forms of the x87 unit, and of its register forms those that every compiler uses. */
static int group_x87(struct reading *r, uint8_t op)
{
	/* Bit n: memory form /n exists, for d8 ... df. */
	static const uint8_t memory[8] = {0xff, 0xfd, 0xff, 0xaf, 0xff, 0xdf, 0xff, 0xff};

	if (!read_modrm(r))
		return INSN_REFUSED;
	if (MODRM_MOD(r) != 3)
		return memory[op - 0xd8] >> MODRM_REG(r) & 1 ? plain(r) : INSN_REFUSED;
	switch (op) {
	case 0xd8:
		return INSN_PLAIN;
	case 0xd9: /* fld fxch; fchs fabs ftst fxam; fld1 ... fldz; the transcendental ones */
		if (r->modrm < 0xd0 || (r->modrm >= 0xe0 && 0xffff7f33 >> (r->modrm - 0xe0) & 1))
			return INSN_PLAIN;
		return INSN_REFUSED;
	case 0xdb: /* fcmov; fucomi fcomi */
		return r->modrm < 0xe0 || (r->modrm >= 0xe8 && r->modrm < 0xf8) ? INSN_PLAIN : INSN_REFUSED;
	case 0xdf: /* fnstsw; fucomip fcomip */
		return r->modrm == 0xe0 || (r->modrm >= 0xe8 && r->modrm < 0xf8) ? INSN_PLAIN : INSN_REFUSED;
	case 0xdc:
	case 0xde: /* fadd fmul; fsub fdiv */
		return r->modrm < 0xd0 || r->modrm >= 0xe0 ? INSN_PLAIN : INSN_REFUSED;
	case 0xdd: /* fst fstp */
		return r->modrm >= 0xd0 && r->modrm < 0xe0 ? INSN_PLAIN : INSN_REFUSED;
	default:
		return INSN_REFUSED;
	}
}

static int group_one(struct reading *r, uint8_t op)
{
	if (op == 0xcc)
		return INSN_PAD;
	if (op >= 0xd8 && op <= 0xdf)
		return group_x87(r, op);
	if (!read_modrm(r))
		return INSN_REFUSED;
	switch (op) {
	case 0x80:
	case 0x81:
	case 0x83:
		return skip(r, op == 0x81 ? imm_bytes(r) : 1) ? plain(r) : INSN_REFUSED;
	case 0xc6: /* mov; the other forms are transactions */
	case 0xc7:
		return MODRM_REG(r) == 0 && skip(r, op == 0xc6 ? 1 : imm_bytes(r)) ? plain(r) : INSN_REFUSED;
	case 0xf6: /* test with an immediate; not neg mul imul div idiv */
	case 0xf7:
		if (MODRM_REG(r) == 1 || (MODRM_REG(r) == 0 && !skip(r, op == 0xf6 ? 1 : imm_bytes(r))))
			return INSN_REFUSED;
		return plain(r);
	case 0xfe:
		return MODRM_REG(r) < 2 ? plain(r) : INSN_REFUSED;
	default: /* 0xff */
		if (MODRM_REG(r) < 2 || (MODRM_REG(r) == 6))
			return plain(r);
		if (r->opsize || (MODRM_REG(r) != 2 && MODRM_REG(r) != 4))
			return INSN_REFUSED; /* far ones, and 16-bit targets */
		return MODRM_REG(r) == 2 ? INSN_CALL_INDIRECT : INSN_JUMP_INDIRECT;
	}
}

static int group_two(struct reading *r, uint8_t op)
{
	unsigned reg, memory;

	if (!read_modrm(r))
		return INSN_REFUSED;
	reg = MODRM_REG(r);
	memory = MODRM_MOD(r) != 3;
	switch (op) {
	case 0x0d: /* prefetchw */
	case 0xc7: /* cmpxchg8b, cmpxchg16b */
		return memory && reg == 1 ? plain(r) : INSN_REFUSED;
	case 0x12: /* movlps, movhlps, movsldup, movddup */
	case 0x16: /* movhps, movlhps, movshdup */
		return memory || !r->opsize ? plain(r) : INSN_REFUSED;
	case 0x18: /* prefetch */
		return memory && reg < 4 ? plain(r) : INSN_REFUSED;
	case 0x1e:
		return r->modrm == 0xfa && !r->rex ? INSN_PAD : INSN_REFUSED; /* endbr64 */
	case 0x1f:
		return reg == 0 ? INSN_PAD : INSN_REFUSED;
	case 0x71:
	case 0x72: /* psrl psra psll */
		return !memory && (reg == 2 || reg == 4 || reg == 6) && skip(r, 1) ? INSN_PLAIN : INSN_REFUSED;
	case 0x73: /* psrlq psllq, psrldq pslldq only with 66 */
		return !memory && (reg & 2) && (!(reg & 1) || r->opsize) && skip(r, 1) ? INSN_PLAIN : INSN_REFUSED;
	case 0xae: /* ldmxcsr stmxcsr; lfence mfence sfence */
		if (r->opsize)
			return INSN_REFUSED;
		if (memory ? reg == 2 || reg == 3 : reg >= 5 && MODRM_RM(r) == 0)
			return plain(r);
		return INSN_REFUSED;
	default: /* 0xba: bt bts btr btc */
		return reg >= 4 && skip(r, 1) ? plain(r) : INSN_REFUSED;
	}
}

static int prefixes_fit(const struct reading *r, char set)
{
	unsigned have = r->repeat == 0xf2 ? 8 : r->repeat == 0xf3 ? 4 : r->opsize ? 2 : 1;
	unsigned may = (unsigned)(set <= '9' ? set - '0' : set - 'a' + 10);

	return (may & have) != 0;
}

/* lock is legal on these only, with a memory operand. reg: of ModRM. */
static int lock_fits(const struct reading *r, int two, uint8_t op)
{
	unsigned reg = MODRM_REG(r);

	if (MODRM_MOD(r) == 3)
		return 0;
	if (two)
		return op == 0xb0 || op == 0xb1 || op == 0xc0 || op == 0xc1 || op == 0xab || op == 0xb3 || op == 0xbb ||
		       (op == 0xba && reg >= 5) || op == 0xc7;
	if (op < 0x38)
		return (op & 7) < 2;
	if (op == 0x80 || op == 0x81 || op == 0x83)
		return reg < 7;
	if (op == 0x86 || op == 0x87)
		return 1;
	if (op == 0xf6 || op == 0xf7)
		return reg == 2 || reg == 3;
	return (op == 0xfe || op == 0xff) && reg < 2;
}

static int decode_rest(struct reading *r, int two, uint8_t op)
{
	char shape = two ? two_byte[op >> 4][op & 15] : one_byte[op >> 4][op & 15];

	if (two && !prefixes_fit(r, two_byte_prefix[op >> 4][op & 15]))
		return INSN_REFUSED;
	/* Elsewhere F2 and F3 are rep and bnd, or (with other instructions) for processors to come. */
	if (!two && r->repeat && !memchr("xrncC", shape, r->repeat == 0xf2 ? 5 : 3))
		return INSN_REFUSED;
	switch (shape) {
	case '-':
	case 'x':
		return INSN_PLAIN;
	case 'm':
	case 'b':
		return read_modrm(r) && skip(r, shape == 'b') ? plain(r) : INSN_REFUSED;
	case 'M':
		return read_modrm(r) && MODRM_MOD(r) != 3 ? plain(r) : INSN_REFUSED;
	case 'R':
	case 'B':
		return read_modrm(r) && MODRM_MOD(r) == 3 && skip(r, shape == 'B') ? INSN_PLAIN : INSN_REFUSED;
	case 'z':
		return read_modrm(r) && skip(r, imm_bytes(r)) ? plain(r) : INSN_REFUSED;
	case '1':
	case '4':
		return skip(r, shape == '1' ? 1 : imm_bytes(r)) ? INSN_PLAIN : INSN_REFUSED;
	case 'i':
		return skip(r, r->rex & 8 ? 8 : imm_bytes(r)) ? INSN_PLAIN : INSN_REFUSED;
	case 'r':
	case '2':
		return !r->opsize && skip(r, shape == '2' ? 2 : 0) ? INSN_RETURN : INSN_REFUSED;
	case 'n':
		if (r->repeat == 0xf2)
			return INSN_REFUSED;
		return r->repeat || r->rex & 1 ? INSN_PLAIN : INSN_PAD;
	case 'c':
	case 'C':
		if (!two && op >= 0xe0)
			return branch(r, shape == 'c' ? 1 : 4, op == 0xe8 ? INSN_CALL : INSN_JUMP);
		r->out->condition = op & 15;
		return branch(r, shape == 'c' ? 1 : 4, INSN_JUMP_IF);
	case 'g':
		return two ? group_two(r, op) : group_one(r, op);
	default:
		return INSN_REFUSED;
	}
}

static int decode(struct reading *r)
{
	uint8_t op;
	int two = 0, kind;

	for (;; r->n++) {
		if (r->n == r->have)
			return INSN_REFUSED;
		op = r->at[r->n];
		if (op == 0x66)
			r->opsize = 1;
		else if (op == 0x67)
			r->addr32 = 1;
		else if (op == 0xf0)
			r->lock = 1;
		else if ((op == 0xf2 || op == 0xf3) && (!r->repeat || r->repeat == op))
			r->repeat = op;
		else if (op != 0x26 && op != 0x2e && op != 0x36 && op != 0x3e && op != 0x64 && op != 0x65)
			break;
	}
	if ((op & 0xf0) == 0x40)
		r->rex = r->at[r->n++];
	if (!skip(r, 1))
		return INSN_REFUSED;
	op = r->at[r->n - 1];
	if (op == 0x0f) {
		if (!skip(r, 1))
			return INSN_REFUSED;
		two = 1;
		op = r->at[r->n - 1];
	}
	r->modrm = 0xff;
	r->out->rex = r->rex;
	r->out->opsize = r->opsize;
	r->out->repeat = r->repeat;
	r->out->opcode_at = (uint8_t)(r->n - 1);
	r->out->two = (uint8_t)two;
	kind = decode_rest(r, two, op);
	if (r->lock && (kind == INSN_REFUSED || !lock_fits(r, two, op)))
		return INSN_REFUSED;
	return kind;
}

enum insn_kind insn_decode(const uint8_t *at, const uint8_t *end, struct insn *out)
{
	static const struct insn nothing;
	struct reading r = {.at = at, .out = out};

	*out = nothing;
	if (at < end)
		r.have = end - at < 15 ? (unsigned)(end - at) : 15; /* no instruction is longer */
	out->kind = (uint8_t)decode(&r);
	if (out->kind == INSN_REFUSED)
		*out = nothing;
	else
		out->length = (uint8_t)r.n;
	return out->kind;
}

/* ---- lengths alone ------------------------------------------------------------------------------------------------------ */

/* Behind a one-byte opcode that the grid leaves out; '.' is no instruction in 64-bit mode. */
static char rare_one(uint8_t op)
{
	if ((op >= 0x6c && op <= 0x6f) || (op >= 0xec && op <= 0xef)) /* ins outs in out */
		return '-';
	if (op >= 0xe0 && op <= 0xe7) /* loop jrcxz in out */
		return '1';
	switch (op) {
	case 0x8c: /* mov of segment registers, pop */
	case 0x8e:
	case 0x8f:
		return 'm';
	case 0xa0: /* mov between al or eax and an address of 64 bits */
	case 0xa1:
	case 0xa2:
	case 0xa3:
		return 'o';
	case 0xc8: /* enter */
		return '3';
	case 0xca: /* retf iret int1 hlt cli sti fwait xlat */
		return '2';
	case 0x9b:
	case 0xcb:
	case 0xcf:
	case 0xd7:
	case 0xf1:
	case 0xf4:
	case 0xfa:
	case 0xfb:
		return '-';
	case 0xcd:
		return '1';
	}
	return '.';
}

/* The same behind 0F. */
static char rare_two(uint8_t op)
{
	switch (op) {
	case 0x04:
	case 0x0a:
	case 0x0c:
	case 0x24:
	case 0x25:
	case 0x26:
	case 0x27:
	case 0x36:
	case 0x39:
	case 0x3b:
	case 0x3c:
	case 0x3d:
	case 0x3e:
	case 0x3f:
	case 0xa6:
	case 0xa7:
		return '.';
	case 0x0f: /* 3DNow! */
		return 'b';
	case 0x0e: /* femms */
	case 0xa0: /* push and pop of fs and gs, cpuid, rsm */
	case 0xa1:
	case 0xa2:
	case 0xa8:
	case 0xa9:
	case 0xaa:
		return '-';
	}
	if ((op >= 0x05 && op <= 0x0b) || (op >= 0x30 && op <= 0x37)) /* syscall and its like, ud2, rdtsc and its like */
		return '-';
	return 'm';
}

/* Whether an 8-bit immediate follows the operands: in the map of 0F, whatever encoding leads there. */
static int two_byte_imm8(uint8_t op)
{
	return (op >= 0x70 && op <= 0x73) || op == 0xa4 || op == 0xac || op == 0xba || op == 0xc2 || op == 0xc4 || op == 0xc5 ||
	       op == 0xc6;
}

/* What the letters of the grids say of the length. */
enum { HAS_MODRM = 16, IMM_OPSIZE = 5, IMM_WIDE, IMM_ADDRESS, IMM_GROUP, KNOWN = 32 };
static const uint8_t shape_bytes[128] = {
	['-'] = KNOWN,
	['x'] = KNOWN,
	['r'] = KNOWN,
	['n'] = KNOWN,
	['m'] = KNOWN | HAS_MODRM,
	['M'] = KNOWN | HAS_MODRM,
	['R'] = KNOWN | HAS_MODRM,
	['b'] = KNOWN | HAS_MODRM | 1,
	['B'] = KNOWN | HAS_MODRM | 1,
	['z'] = KNOWN | HAS_MODRM | IMM_OPSIZE,
	['1'] = KNOWN | 1,
	['c'] = KNOWN | 1,
	['2'] = KNOWN | 2,
	['3'] = KNOWN | 3,
	['C'] = KNOWN | 4,
	['4'] = KNOWN | IMM_OPSIZE,
	['i'] = KNOWN | IMM_WIDE,
	['o'] = KNOWN | IMM_ADDRESS,
	['g'] = KNOWN | HAS_MODRM | IMM_GROUP,
};

/* Bytes of the immediate of a group, whose ModRM has been read. */
static unsigned group_imm(const struct reading *r, int two, uint8_t op)
{
	if (two)
		return (unsigned)two_byte_imm8(op);
	if (op == 0x80 || op == 0x83 || op == 0xc6 || (op == 0xf6 && MODRM_REG(r) < 2))
		return 1;
	if (op == 0x81 || op == 0xc7 || (op == 0xf7 && MODRM_REG(r) < 2))
		return imm_bytes(r);
	return 0;
}

/* ModRM with what belongs to it, for the length alone. */
static int length_modrm(struct reading *r)
{
	static const uint8_t displacement[4] = {0, 1, 4, 0};
	unsigned mod, rm, bytes;

	if (r->n == r->have)
		return 0;
	r->modrm = r->at[r->n++];
	mod = MODRM_MOD(r);
	rm = MODRM_RM(r);
	bytes = displacement[mod];
	if (rm == 4 && mod != 3) {
		if (r->n == r->have)
			return 0;
		rm = r->at[r->n++] & 7;
	}
	if (rm == 5 && mod == 0)
		bytes = 4;
	return skip(r, bytes);
}

static int length_operands(struct reading *r, int two, uint8_t op)
{
	char shape = two ? two_byte[op >> 4][op & 15] : one_byte[op >> 4][op & 15];
	unsigned what, imm;

	if (shape == '.')
		shape = two ? rare_two(op) : rare_one(op);
	what = shape_bytes[(uint8_t)shape & 127];
	if (!what)
		return 0;
	if (!two && op == 0xcc)
		return 1;
	if ((what & HAS_MODRM) && !length_modrm(r))
		return 0;
	imm = what & 15;
	if (imm == IMM_OPSIZE)
		imm = imm_bytes(r);
	else if (imm == IMM_WIDE)
		imm = r->rex & 8 ? 8 : imm_bytes(r);
	else if (imm == IMM_ADDRESS)
		imm = r->addr32 ? 4 : 8;
	else if (imm == IMM_GROUP)
		imm = group_imm(r, two, op);
	return skip(r, imm);
}

/* Behind VEX, EVEX and XOP: a map, an opcode, operands; map 3 has an immediate in any case. `lead`: bytes before the opcode. */
static int length_vector(struct reading *r, unsigned lead, unsigned map)
{
	uint8_t op;

	if (!skip(r, lead + 1))
		return 0;
	op = r->at[r->n - 1];
	if (map == 1 && op == 0x77 && lead < 4) /* vzeroupper vzeroall */
		return 1;
	if (map == 10) /* XOP */
		return length_modrm(r) && skip(r, 4);
	return map && map < 10 && length_modrm(r) && skip(r, map == 3 || map == 8 || (map == 1 && two_byte_imm8(op)));
}

static int length(struct reading *r)
{
	uint8_t op;

	for (;; r->n++) {
		if (r->n == r->have)
			return 0;
		op = r->at[r->n];
		if (op == 0x0f || (op & 0xf8) == 0x48 || (op & 0xf8) == 0x88) /* most of all code */
			break;
		if (op == 0x66)
			r->opsize = 1;
		else if (op == 0x67)
			r->addr32 = 1;
		else if (op != 0xf0 && op != 0xf2 && op != 0xf3 && (op & 0xfe) != 0x64 && (op & 0xe7) != 0x26)
			break;
	}
	if ((op & 0xf0) == 0x40)
		r->rex = r->at[r->n++];
	if (!skip(r, 1))
		return 0;
	op = r->at[r->n - 1];
	if (op != 0x0f) {
		if (r->have - r->n < 2 || r->rex)
			return length_operands(r, 0, op);
		if (op == 0xc5)
			return length_vector(r, 1, 1);
		if (op == 0xc4 || (op == 0x8f && (r->at[r->n] & 31) >= 8)) /* else pop */
			return length_vector(r, 2, r->at[r->n] & 31);
		if (op == 0x62)
			return length_vector(r, 3, r->at[r->n] & 7);
		return length_operands(r, 0, op);
	}
	if (!skip(r, 1))
		return 0;
	op = r->at[r->n - 1];
	if (op == 0x38 || op == 0x3a)
		return skip(r, 1) && length_modrm(r) && skip(r, op == 0x3a);
	return length_operands(r, 1, op);
}

unsigned insn_length(const uint8_t *at, const uint8_t *end)
{
	struct reading r = {.at = at};

	if (at < end)
		r.have = end - at < 15 ? (unsigned)(end - at) : 15;
	return length(&r) ? r.n : 0;
}
