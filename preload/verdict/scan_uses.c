/* SPDX-License-Identifier: MIT */
/*
 * scan_uses.c - what one instruction of a loop reads and writes.
 *
 * Owns      nothing; pure functions over the code given.
 * Knows     what compilers make of waiting: moves, comparisons, arithmetic, bit tests, and vector moves of constants. All else is
 *           refused, and then no loop that has it only waits.
 * Must not  allocate or call.
 */
#include "scan_loop.h"

#include <string.h>

struct form {
	const uint8_t *p;
	const struct insn *in;
	uint8_t opcode, mod, reg, rm; /* with the bits of REX */
	uint8_t base, index, scale;   /* NO_REG: none */
	uint8_t segment;              /* 64 or 65; 0: none */
	int32_t disp;
};

static void form_read(struct form *f, const uint8_t *p, const struct insn *in)
{
	uint8_t modrm, low;
	const uint8_t *at;

	memset(f, 0, sizeof(*f));
	f->p = p;
	f->in = in;
	f->opcode = p[in->opcode_at];
	f->base = f->index = NO_REG;
	for (unsigned i = 0; i < in->opcode_at; i++)
		f->segment = p[i] == 0x64 || p[i] == 0x65 ? p[i] : f->segment;
	if (!in->modrm_at)
		return;
	modrm = p[in->modrm_at];
	at = p + in->modrm_at + 1;
	f->mod = modrm >> 6;
	f->reg = (uint8_t)((modrm >> 3 & 7) | (in->rex & 4) << 1);
	low = modrm & 7;
	f->rm = (uint8_t)(low | (in->rex & 1) << 3);
	if (f->mod == 3)
		return;
	if (low == 4) {
		f->index = (uint8_t)((*at >> 3 & 7) | (in->rex & 2) << 2);
		if (f->index == RSP)
			f->index = NO_REG;
		f->scale = *at >> 6;
		low = *at++ & 7;
		if (low != 5 || f->mod)
			f->base = (uint8_t)(low | (in->rex & 1) << 3);
	} else if (low != 5 || f->mod) {
		f->base = f->rm;
	}
	if (f->mod == 1)
		f->disp = (int8_t)*at;
	else if (f->mod == 2 || f->base == NO_REG)
		memcpy(&f->disp, at, sizeof(f->disp));
}

/* The bits of an operand in a register; 0: ah and its like, which are not followed. */
static uint64_t reg_bits(const struct form *f, unsigned reg, unsigned bytes, int write)
{
	if (bytes > 8)
		return VECTOR(reg);
	if (bytes == 1 && !f->in->rex && reg >= 4)
		return 0;
	if (bytes == 1)
		return BYTE_OF(reg);
	if (bytes == 2)
		return write ? BYTE_OF(reg) : BOTH_OF(reg);
	return BOTH_OF(reg);
}

/* A word of this frame: nobody else writes there but through its address. Below rbp only, for it may be any register. */
static int in_frame(const struct form *f)
{
	return f->index == NO_REG && !f->segment && (f->base == RSP || (f->base == RBP && f->disp < 0));
}

static int slot_of(struct loop *l, const struct form *f, unsigned bytes)
{
	for (unsigned i = 0; i < l->nslots; i++) {
		if (l->slot[i].base == f->base && l->slot[i].disp == f->disp && l->slot[i].bytes == bytes)
			return (int)i;
	}
	if (l->nslots == SLOTS)
		return -1;
	l->slot[l->nslots] = (struct slot){ f->disp, f->base, (uint8_t)bytes };
	return l->nslots++;
}

static int place_of(struct loop *l, const struct form *f)
{
	struct place p = { NULL, f->disp, f->base, f->index, f->scale, f->segment };
	unsigned i;

	if (f->in->disp_at) {
		p.rip = f->p + f->in->length + f->in->relative;
		p.disp = 0;
	}
	for (i = 0; i < l->nplaces; i++) {
		const struct place *k = &l->place[i];

		if (k->rip == p.rip && k->disp == p.disp && k->base == p.base && k->index == p.index && k->scale == p.scale &&
		    k->segment == p.segment)
			return (int)i;
	}
	if (i == PLACES)
		return -1;
	l->place[l->nplaces++] = p;
	return (int)i;
}

static int address_read(struct step *s, const struct form *f)
{
	if (f->base != NO_REG)
		s->reads |= BOTH_OF(f->base);
	if (f->index != NO_REG)
		s->reads |= BOTH_OF(f->index);
	return 1;
}

enum { READ = 1, WRITE = 2 };

static int register_use(struct step *s, const struct form *f, unsigned reg, unsigned bytes, int how)
{
	uint64_t read = reg_bits(f, reg, bytes, 0), write = reg_bits(f, reg, bytes, 1);

	if (!read || (reg == RSP && bytes <= 8 && (how & WRITE)))
		return 0;
	if (how & READ)
		s->reads |= read;
	if (how & WRITE)
		s->writes |= write;
	return 1;
}

/* The operand that ModRM names. */
static int operand_use(struct loop *l, struct step *s, const struct form *f, unsigned bytes, int how)
{
	int i;

	if (f->mod == 3)
		return register_use(s, f, f->rm, bytes, how);
	address_read(s, f);
	if (!in_frame(f)) {
		if (how == READ && bytes == 16)
			return 1; /* no atomic access: a constant on its way to the frame */
		i = how == READ ? place_of(l, f) : -1;
		s->place = (uint8_t)i;
		return i >= 0;
	}
	i = slot_of(l, f, bytes);
	if (i < 0)
		return 0;
	if (how & READ)
		s->reads |= SLOT(i);
	if (how & WRITE)
		s->writes |= SLOT(i);
	return 1;
}

/* add or adc sbb and sub xor cmp; test is like cmp. 0: reads the carry. */
static int arithmetic(unsigned which, int *how)
{
	*how = which == 7 ? READ : READ | WRITE;
	return which != 2 && which != 3;
}

static int one_byte_uses(struct loop *l, struct step *s, const struct form *f, unsigned bytes)
{
	unsigned op = f->opcode, digit = f->reg & 7;
	int how = READ;

	if (op < 0x40) {
		if (!arithmetic(op >> 3, &how))
			return 0;
		s->writes |= FLAGS;
		if ((op & 7) >= 4)
			return register_use(s, f, RAX, bytes, how);
		/* xor %eax, %eax and sub: whatever was there */
		if (f->mod == 3 && f->reg == f->rm && bytes >= 4 && (op >> 3 == 6 || op >> 3 == 5))
			return register_use(s, f, f->reg, bytes, WRITE);
		if (op & 2)
			return operand_use(l, s, f, bytes, READ) && register_use(s, f, f->reg, bytes, how);
		return operand_use(l, s, f, bytes, how) && register_use(s, f, f->reg, bytes, READ);
	}
	if (op >= 0x70 && op <= 0x7f) {
		s->reads |= FLAGS;
		return 1;
	}
	if (op >= 0xb0 && op <= 0xbf) {
		unsigned reg = (op & 7) | (f->in->rex & 1) << 3;

		return register_use(s, f, reg, bytes, WRITE);
	}
	switch (op) {
	case 0x63: /* movslq */
		return operand_use(l, s, f, 4, READ) && register_use(s, f, f->reg, 8, WRITE);
	case 0x69:
	case 0x6b:
		s->writes |= FLAGS;
		return operand_use(l, s, f, bytes, READ) && register_use(s, f, f->reg, bytes, WRITE);
	case 0x80:
	case 0x81:
	case 0x83:
		s->writes |= FLAGS;
		return arithmetic(digit, &how) && operand_use(l, s, f, bytes, how);
	case 0x84:
	case 0x85:
		s->writes |= FLAGS;
		return operand_use(l, s, f, bytes, READ) && register_use(s, f, f->reg, bytes, READ);
	case 0x88:
	case 0x89:
		return operand_use(l, s, f, bytes, WRITE) && register_use(s, f, f->reg, bytes, READ);
	case 0x8a:
	case 0x8b:
		return operand_use(l, s, f, bytes, READ) && register_use(s, f, f->reg, bytes, WRITE);
	case 0x8d:
		return address_read(s, f) && register_use(s, f, f->reg, bytes, WRITE);
	case 0x90: /* nop and pause; the rest exchange r8 */
		return !(f->in->rex & 1);
	case 0x98: /* cltq and its like */
		return register_use(s, f, RAX, bytes / 2, READ) && register_use(s, f, RAX, bytes, WRITE);
	case 0x99:
		return register_use(s, f, RAX, bytes, READ) && register_use(s, f, RDX, bytes, WRITE);
	case 0xa8:
	case 0xa9:
		s->writes |= FLAGS;
		return register_use(s, f, RAX, bytes, READ);
	case 0xc0:
	case 0xc1:
	case 0xd0:
	case 0xd1: /* shifts, but those through the carry */
		s->writes |= FLAGS;
		return digit != 2 && digit != 3 && operand_use(l, s, f, bytes, READ | WRITE);
	case 0xd2:
	case 0xd3:
		s->writes |= FLAGS;
		return digit != 2 && digit != 3 && register_use(s, f, RCX, 1, READ) && operand_use(l, s, f, bytes, READ | WRITE);
	case 0xc6:
	case 0xc7:
		return operand_use(l, s, f, bytes, WRITE);
	case 0xf6:
	case 0xf7: /* test not neg */
		s->writes |= digit == 2 ? 0 : FLAGS;
		return (digit == 0 || digit == 2 || digit == 3) && operand_use(l, s, f, bytes, digit ? READ | WRITE : READ);
	case 0xfe:
	case 0xff: /* inc dec */
		s->writes |= FLAGS;
		return digit < 2 && operand_use(l, s, f, bytes, READ | WRITE);
	}
	return 0;
}

/* Vector registers move values into a frame, and may be what is compared. */
static int vector_uses(struct loop *l, struct step *s, const struct form *f)
{
	unsigned scalar = f->in->repeat == 0xf3 ? 4 : 8;

	switch (f->opcode) {
	case 0x10:
	case 0x11:
		if (f->in->repeat && f->mod == 3) /* keeps the upper part */
			return 0;
		if (f->in->repeat && f->opcode == 0x10)
			return operand_use(l, s, f, scalar, READ) && register_use(s, f, f->reg, 16, WRITE);
		if (f->in->repeat)
			return operand_use(l, s, f, scalar, WRITE) && register_use(s, f, f->reg, 16, READ);
		break;
	case 0x6f:
	case 0x7f:
		if (!f->in->opsize && !f->in->repeat) /* MMX */
			return 0;
		break;
	case 0x6e:
	case 0x7e:
	case 0xd6:
		if (!f->in->opsize && f->opcode != 0x7e)
			return 0;
		if (f->mod == 3 && (f->in->repeat || f->opcode == 0xd6))
			return 0;
		if (f->opcode == 0x6e)
			return operand_use(l, s, f, f->in->rex & 8 ? 8 : 4, READ) && register_use(s, f, f->reg, 16, WRITE);
		if (f->in->repeat)
			return operand_use(l, s, f, 8, READ) && register_use(s, f, f->reg, 16, WRITE);
		if (!f->in->opsize)
			return 0;
		return operand_use(l, s, f, f->opcode == 0xd6 || f->in->rex & 8 ? 8 : 4, WRITE) &&
		       register_use(s, f, f->reg, 16, READ);
	case 0x2e:
	case 0x2f: /* comparing scalars */
		s->writes |= FLAGS;
		return operand_use(l, s, f, f->mod == 3 ? 16 : f->in->opsize ? 8 : 4, READ) &&
		       register_use(s, f, f->reg, 16, READ);
	case 0x57:
	case 0xef: /* clearing */
		if (f->mod != 3 || f->reg != f->rm || (f->opcode == 0xef && !f->in->opsize))
			return 0;
		return register_use(s, f, f->reg, 16, WRITE);
	case 0x28:
	case 0x29:
		break;
	default:
		return 0;
	}
	if (f->opcode == 0x11 || f->opcode == 0x29 || f->opcode == 0x7f)
		return operand_use(l, s, f, 16, WRITE) && register_use(s, f, f->reg, 16, READ);
	return operand_use(l, s, f, 16, READ) && register_use(s, f, f->reg, 16, WRITE);
}

static int two_byte_uses(struct loop *l, struct step *s, const struct form *f, unsigned bytes)
{
	unsigned op = f->opcode;

	if (op >= 0x40 && op <= 0x4f) { /* cmov */
		s->reads |= FLAGS;
		return operand_use(l, s, f, bytes, READ) && register_use(s, f, f->reg, bytes, READ | WRITE);
	}
	if (op >= 0x80 && op <= 0x8f) {
		s->reads |= FLAGS;
		return 1;
	}
	if (op >= 0x90 && op <= 0x9f) {
		s->reads |= FLAGS;
		return operand_use(l, s, f, 1, WRITE);
	}
	switch (op) {
	case 0x1e: /* endbr64 */
	case 0x1f:
		return 1;
	case 0xa3: /* bt; the bit number of a register reaches beyond the operand in memory */
		s->writes |= FLAGS;
		return operand_use(l, s, f, bytes, READ) && register_use(s, f, f->reg, bytes, READ);
	case 0xba:
		s->writes |= FLAGS;
		return (f->reg & 7) == 4 && operand_use(l, s, f, bytes, READ);
	case 0xae: /* lfence */
		return f->mod == 3 && (f->reg & 7) == 5 && !f->in->repeat;
	case 0xaf:
		s->writes |= FLAGS;
		return operand_use(l, s, f, bytes, READ) && register_use(s, f, f->reg, bytes, READ | WRITE);
	case 0xb6:
	case 0xbe:
		return operand_use(l, s, f, 1, READ) && register_use(s, f, f->reg, bytes, WRITE);
	case 0xb7:
	case 0xbf:
		return operand_use(l, s, f, 2, READ) && register_use(s, f, f->reg, bytes, WRITE);
	}
	return vector_uses(l, s, f);
}

/* Whether the first operand of this opcode is a byte. */
static int of_bytes(const struct form *f)
{
	unsigned op = f->opcode;

	if (op < 0x40 || (op >= 0x80 && op <= 0x8b) || op == 0xa8 || (op >= 0xc0 && op <= 0xc7) || op >= 0xd0)
		return !(op & 1);
	return op >= 0xb0 && op <= 0xb7;
}

int loop_insn_uses(struct loop *l, struct step *s, const uint8_t *p, const struct insn *in)
{
	unsigned bytes = in->rex & 8 ? 8 : in->opsize ? 2 : 4;
	struct form f;

	form_read(&f, p, in);
	for (unsigned i = 0; i < in->opcode_at; i++) {
		if (p[i] == 0xf0 || p[i] == 0x67)
			return 0;
	}
	if (in->two)
		return two_byte_uses(l, s, &f, bytes);
	if (in->repeat && f.opcode != 0x90)
		return 0;
	return one_byte_uses(l, s, &f, of_bytes(&f) ? 1 : bytes);
}

/* ---- calls ------------------------------------------------------------------------------------------------------------ */

/*
 * EINTR is compared with (%rax) behind a call: that was __errno_location(), and the loop repeats what a signal interrupted. What
 * the first instruction there writes; 0: it is something else.
 */
static uint64_t asks_errno(const uint8_t *p, const uint8_t *end)
{
	static const uint8_t compare[] = { 0x83, 0x38, 4 }, load_compare[] = { 0x8b, 0x00, 0x83, 0xf8, 4 };

	if ((size_t)(end - p) >= sizeof(compare) && !memcmp(p, compare, sizeof(compare)))
		return FLAGS;
	if ((size_t)(end - p) >= sizeof(load_compare) && !memcmp(p, load_compare, sizeof(load_compare)))
		return BOTH_OF(RAX);
	return 0;
}

int loop_call_uses(struct step *s, const uint8_t *p, const struct insn *in, const uint8_t *end, const uint8_t *call_return)
{
	struct form f;

	if (!call_return || (p + in->length != call_return && !asks_errno(p + in->length, end)))
		return 0;
	form_read(&f, p, in);
	if (in->kind == INSN_CALL_INDIRECT && f.mod == 3)
		s->reads |= BOTH_OF(f.rm);
	else if (in->kind == INSN_CALL_INDIRECT)
		address_read(s, &f);
	s->writes |= CALL_WRITES;
	return 1;
}

void loop_errno_uses(struct step *s, const uint8_t *p, const uint8_t *end)
{
	s->writes = asks_errno(p, end);
	s->reads = BOTH_OF(RAX);
}
