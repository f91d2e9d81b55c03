/* SPDX-License-Identifier: MIT */
/*
 * cfi.c - a reader of .eh_frame for the frames that compilers really make.
 *
 * Owns      nothing; a pure function of the mapped code.
 * Knows     CFA = rsp + n, rbp + n or *(rbp + n); rbp saved at CFA + n or rbp + n; the return address at CFA - 8. That is
 *           what gcc and clang emit for C, C++ and realigned frames. Everything else is refused, never guessed.
 * No FDE    ends the stack, as for libgcc: JIT code, hand-written assembly, a coroutine's first frame.
 * Safety    reads lie within the CIE and FDE that the table leads to, also in damaged files.
 * Must not  allocate, lock, or call libc beyond _dl_find_object (lock-free, safe in signal handlers) and memcpy.
 */
#include "cfi.h"

#if UNWIND_WALKER

#include <dlfcn.h>
#include <string.h>

/* DWARF register numbers of x86-64. */
enum { REG_RBP = 6, REG_RSP = 7, REG_RA = 16 };

enum { ENC_OMIT = 0xff, ENC_PCREL_S4 = 0x1b, ENC_U4 = 0x03, ENC_TABLE = 0x3b };

enum {
	CFA_NOP = 0x00,
	CFA_ADVANCE_1 = 0x02,
	CFA_ADVANCE_2 = 0x03,
	CFA_ADVANCE_4 = 0x04,
	CFA_OFFSET_EXTENDED = 0x05,
	CFA_RESTORE_EXTENDED = 0x06,
	CFA_UNDEFINED = 0x07,
	CFA_SAME_VALUE = 0x08,
	CFA_REGISTER = 0x09,
	CFA_REMEMBER = 0x0a,
	CFA_RESTORE_STATE = 0x0b,
	CFA_DEF_CFA = 0x0c,
	CFA_DEF_CFA_REGISTER = 0x0d,
	CFA_DEF_CFA_OFFSET = 0x0e,
	CFA_DEF_CFA_EXPRESSION = 0x0f,
	CFA_EXPRESSION = 0x10,
	CFA_OFFSET_EXTENDED_SF = 0x11,
	CFA_DEF_CFA_SF = 0x12,
	CFA_DEF_CFA_OFFSET_SF = 0x13,
	CFA_VAL_OFFSET = 0x14,
	CFA_VAL_OFFSET_SF = 0x15,
	CFA_VAL_EXPRESSION = 0x16,
	CFA_GNU_ARGS_SIZE = 0x2e,
};

enum { OP_DEREF = 0x06, OP_BREG_RBP = 0x76 };

#define REMEMBERED 8

struct bytes {
	const uint8_t *at, *end;
	int bad; /* ran over the end; what was read since is 0 */
};

static uint64_t fixed(struct bytes *b, unsigned size)
{
	uint64_t v = 0;

	if ((size_t)(b->end - b->at) < size) {
		b->bad = 1;
		b->at = b->end;
		return 0;
	}
	memcpy(&v, b->at, size);
	b->at += size;
	return v;
}

static uint64_t uleb(struct bytes *b)
{
	uint64_t v = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = (uint8_t)fixed(b, 1);
		if (shift < 64)
			v |= (uint64_t)(byte & 127) << shift;
		shift += 7;
	} while (byte & 128);
	return v;
}

static int64_t sleb(struct bytes *b)
{
	uint64_t v = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = (uint8_t)fixed(b, 1);
		if (shift < 64)
			v |= (uint64_t)(byte & 127) << shift;
		shift += 7;
	} while (byte & 128);
	if (shift < 64 && (byte & 64))
		v |= ~(uint64_t)0 << shift;
	return (int64_t)v;
}

/* The next n bytes as a range of their own, and past them. */
static struct bytes cut(struct bytes *b, uint64_t n)
{
	struct bytes part = { b->at, b->at, 0 };

	if ((uint64_t)(b->end - b->at) < n) {
		b->bad = part.bad = 1;
		b->at = b->end;
		return part;
	}
	b->at += n;
	part.end = b->at;
	return part;
}

static int32_t word_at(const uint8_t *p)
{
	int32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Size of a pointer in this encoding; 0: not one of fixed size. */
static unsigned encoded_size(uint8_t encoding)
{
	switch (encoding & 15) {
	case 0:
	case 4:
	case 12:
		return 8;
	case 3:
	case 11:
		return 4;
	case 2:
	case 10:
		return 2;
	}
	return 0;
}

enum cfa_place { CFA_UNKNOWN, CFA_REG, CFA_DEREF_RBP, CFA_BEYOND };
enum ra_place { RA_AT_CFA, RA_NONE, RA_BEYOND };

struct row {
	int64_t cfa_offset, rbp_offset;
	uint64_t cfa_reg;
	uint8_t cfa, rbp, ra;
	uint8_t odd; /* something that no rule of ours can say */
};

static void saved_at_cfa(struct row *s, uint64_t reg, int64_t offset)
{
	if (reg == REG_RBP) {
		s->rbp = CFI_RBP_AT_CFA;
		s->rbp_offset = offset;
	} else if (reg == REG_RA) {
		s->ra = offset == -8 ? RA_AT_CFA : RA_BEYOND;
	} else if (reg == REG_RSP) {
		s->odd = 1; /* rsp is the CFA, or it is not for us */
	}
}

static void restored(struct row *s, uint64_t reg, const struct row *initial)
{
	if (reg == REG_RBP) {
		s->rbp = initial->rbp;
		s->rbp_offset = initial->rbp_offset;
	} else if (reg == REG_RA) {
		s->ra = initial->ra;
	}
}

static void beyond(struct row *s, uint64_t reg)
{
	if (reg == REG_RBP || reg == REG_RSP || reg == REG_RA)
		s->odd = 1;
}

/* breg6 n, or breg6 n deref: all that compilers emit for frames. */
static int rbp_expression(struct bytes e, int64_t *offset, int *deref)
{
	if (fixed(&e, 1) != OP_BREG_RBP)
		return 0;
	*offset = sleb(&e);
	*deref = e.at < e.end && *e.at == OP_DEREF;
	return !e.bad && e.at + *deref == e.end;
}

/*
 * Executes instructions until the row that holds at pc is complete. 1: the next row starts at *loc; 0: the program ended;
 * -1: refused. initial: what DW_CFA_restore goes back to; NULL while the CIE itself is executed.
 */
static int execute(struct bytes b, struct row *s, const struct row *initial, uint64_t code_align, int64_t data_align,
		   uintptr_t *loc, uintptr_t pc)
{
	struct row remembered[REMEMBERED];
	unsigned depth = 0;

	while (b.at < b.end) {
		uint8_t op = (uint8_t)fixed(&b, 1);
		uint64_t reg, advance = 0;
		int64_t offset;
		int deref;

		switch (op & 0xc0 ? op & 0xc0 : op) {
		case 0x40:
			advance = (op & 63) * code_align;
			break;
		case 0x80:
			saved_at_cfa(s, op & 63, (int64_t)uleb(&b) * data_align);
			break;
		case 0xc0:
			if (!initial)
				return -1;
			restored(s, op & 63, initial);
			break;
		case CFA_NOP:
			break;
		case CFA_ADVANCE_1:
			advance = fixed(&b, 1) * code_align;
			break;
		case CFA_ADVANCE_2:
			advance = fixed(&b, 2) * code_align;
			break;
		case CFA_ADVANCE_4:
			advance = fixed(&b, 4) * code_align;
			break;
		case CFA_OFFSET_EXTENDED:
			reg = uleb(&b);
			saved_at_cfa(s, reg, (int64_t)uleb(&b) * data_align);
			break;
		case CFA_OFFSET_EXTENDED_SF:
			reg = uleb(&b);
			saved_at_cfa(s, reg, sleb(&b) * data_align);
			break;
		case CFA_RESTORE_EXTENDED:
			if (!initial)
				return -1;
			restored(s, uleb(&b), initial);
			break;
		case CFA_UNDEFINED:
			reg = uleb(&b);
			if (reg == REG_RA)
				s->ra = RA_NONE;
			else
				beyond(s, reg);
			break;
		case CFA_SAME_VALUE:
			reg = uleb(&b);
			if (reg == REG_RBP)
				s->rbp = CFI_RBP_KEPT;
			else
				beyond(s, reg);
			break;
		case CFA_REGISTER:
		case CFA_VAL_OFFSET:
			reg = uleb(&b);
			uleb(&b);
			beyond(s, reg);
			break;
		case CFA_VAL_OFFSET_SF:
			reg = uleb(&b);
			sleb(&b);
			beyond(s, reg);
			break;
		case CFA_VAL_EXPRESSION:
			reg = uleb(&b);
			cut(&b, uleb(&b));
			beyond(s, reg);
			break;
		case CFA_REMEMBER:
			if (depth == REMEMBERED)
				return -1;
			remembered[depth++] = *s;
			break;
		case CFA_RESTORE_STATE:
			if (!depth)
				return -1;
			*s = remembered[--depth];
			break;
		case CFA_DEF_CFA:
			s->cfa = CFA_REG;
			s->cfa_reg = uleb(&b);
			s->cfa_offset = (int64_t)uleb(&b);
			break;
		case CFA_DEF_CFA_SF:
			s->cfa = CFA_REG;
			s->cfa_reg = uleb(&b);
			s->cfa_offset = sleb(&b) * data_align;
			break;
		case CFA_DEF_CFA_REGISTER:
			s->cfa = CFA_REG;
			s->cfa_reg = uleb(&b);
			break;
		case CFA_DEF_CFA_OFFSET:
			s->cfa_offset = (int64_t)uleb(&b);
			break;
		case CFA_DEF_CFA_OFFSET_SF:
			s->cfa_offset = sleb(&b) * data_align;
			break;
		case CFA_DEF_CFA_EXPRESSION:
			s->cfa = CFA_BEYOND;
			if (rbp_expression(cut(&b, uleb(&b)), &offset, &deref) && deref) {
				s->cfa = CFA_DEREF_RBP;
				s->cfa_offset = offset;
			}
			break;
		case CFA_EXPRESSION:
			reg = uleb(&b);
			if (reg == REG_RBP) {
				if (!rbp_expression(cut(&b, uleb(&b)), &offset, &deref) || deref)
					return -1;
				s->rbp = CFI_RBP_AT_RBP;
				s->rbp_offset = offset;
			} else {
				cut(&b, uleb(&b));
				beyond(s, reg);
			}
			break;
		case CFA_GNU_ARGS_SIZE:
			uleb(&b);
			break;
		default:
			return -1;
		}
		if (b.bad)
			return -1;
		*loc += advance;
		if (*loc > pc)
			return 1;
	}
	return 0;
}

static uint64_t row_to_rule(const struct row *s)
{
	const uint64_t refused = rule_pack(CFI_REFUSED, CFI_RBP_KEPT, 0, 0);
	enum cfi_base base;

	if (s->ra == RA_NONE)
		return rule_pack(CFI_END, CFI_RBP_KEPT, 0, 0);
	if (s->odd || s->ra != RA_AT_CFA)
		return refused;
	if (s->cfa == CFA_DEREF_RBP)
		base = CFI_DEREF;
	else if (s->cfa == CFA_REG && s->cfa_reg == REG_RSP)
		base = CFI_RSP;
	else if (s->cfa == CFA_REG && s->cfa_reg == REG_RBP)
		base = CFI_RBP;
	else
		return refused;
	if (s->cfa_offset > RULE_CFA_MAX || s->cfa_offset < -RULE_CFA_MAX)
		return refused;
	if (s->rbp != CFI_RBP_KEPT && s->rbp_offset != (int16_t)s->rbp_offset)
		return refused;
	return rule_pack(base, (enum cfi_rbp)s->rbp, (int32_t)s->cfa_offset,
			 s->rbp == CFI_RBP_KEPT ? 0 : (int16_t)s->rbp_offset);
}

struct cie {
	struct bytes program;
	uint64_t code_align;
	int64_t data_align;
	int signal;
};

/* A CIE or FDE without its length word; an empty range when it is of a form that is not read here. */
static struct bytes entry_at(const uint8_t *p)
{
	uint32_t length = (uint32_t)word_at(p);

	return (struct bytes){ p + 4, length >= 0xfffffff0u ? p + 4 : p + 4 + length, 0 };
}

static int cie_read(const uint8_t *at, struct cie *out)
{
	struct bytes b = entry_at(at), data;
	const uint8_t *augmentation;
	uint8_t version, encoding = 0, personality;

	if (fixed(&b, 4) != 0)
		return 0;
	version = (uint8_t)fixed(&b, 1);
	augmentation = b.at;
	while (fixed(&b, 1))
		;
	out->code_align = uleb(&b);
	out->data_align = sleb(&b);
	if (version == 1)
		fixed(&b, 1);
	else
		uleb(&b);
	if (b.bad || (version != 1 && version != 3) || *augmentation != 'z')
		return 0;
	data = cut(&b, uleb(&b));
	for (const uint8_t *a = augmentation + 1; *a; a++) {
		switch (*a) {
		case 'R':
			encoding = (uint8_t)fixed(&data, 1);
			break;
		case 'L':
			fixed(&data, 1);
			break;
		case 'P':
			personality = (uint8_t)fixed(&data, 1);
			if (!encoded_size(personality))
				return 0;
			cut(&data, encoded_size(personality));
			break;
		case 'S':
			out->signal = 1;
			break;
		default:
			return 0;
		}
	}
	out->program = b;
	return !b.bad && !data.bad && encoding == ENC_PCREL_S4;
}

static int header_known(const uint8_t *h)
{
	return h[0] == 1 && h[1] == ENC_PCREL_S4 && h[2] == ENC_U4 && h[3] == ENC_TABLE;
}

uint32_t cfi_functions(const uint8_t *header)
{
	return header_known(header) ? (uint32_t)word_at(header + 8) : 0;
}

static const uint8_t *fde_at(const uint8_t *header, uint32_t i)
{
	return header + word_at(header + 12 + (size_t)i * 8 + 4);
}

uintptr_t cfi_function_start(const uint8_t *header, uint32_t i)
{
	return (uintptr_t)header + (uintptr_t)(intptr_t)word_at(header + 12 + (size_t)i * 8);
}

int cfi_function(const uint8_t *header, uint32_t i, uintptr_t *start, uintptr_t *end)
{
	if (i >= cfi_functions(header))
		return 0;
	*start = cfi_function_start(header, i);
	*end = *start + (uint32_t)word_at(fde_at(header, i) + 12);
	return 1;
}

uint64_t cfi_rule_in(const uint8_t *header, uintptr_t pc, uintptr_t *row_end)
{
	const uint64_t refused = rule_pack(CFI_REFUSED, CFI_RBP_KEPT, 0, 0);
	const uint64_t end_of_stack = rule_pack(CFI_END, CFI_RBP_KEPT, 0, 0);
	struct row s = { .cfa = CFA_UNKNOWN }, initial;
	uint32_t lo = 0, hi = cfi_functions(header);
	const uint8_t *fde;
	struct bytes b;
	struct cie cie = { 0 };
	uintptr_t start, size, loc;

	if (row_end)
		*row_end = pc + 1;
	if (!header_known(header) || !hi)
		return refused;
	while (hi - lo > 1) {
		uint32_t middle = lo + (hi - lo) / 2;

		if ((uintptr_t)header + (intptr_t)word_at(header + 12 + (size_t)middle * 8) <= pc)
			lo = middle;
		else
			hi = middle;
	}
	fde = fde_at(header, lo);
	b = entry_at(fde);
	if (b.end - b.at < 12)
		return refused;
	start = (uintptr_t)fde + 8 + (intptr_t)word_at(fde + 8);
	size = (uint32_t)word_at(fde + 12);
	if (pc < start || pc - start >= size)
		return end_of_stack;
	if (row_end)
		*row_end = start + size;
	if (!cie_read(fde + 4 - word_at(fde + 4), &cie))
		return refused;
	if (cie.signal)
		return rule_pack(CFI_SIGNAL, CFI_RBP_KEPT, 0, 0);
	b.at += 12;
	cut(&b, uleb(&b));
	loc = 0;
	if (b.bad || execute(cie.program, &s, NULL, cie.code_align, cie.data_align, &loc, UINTPTR_MAX))
		return refused;
	initial = s;
	loc = start;
	switch (execute(b, &s, &initial, cie.code_align, cie.data_align, &loc, pc)) {
	case 1:
		if (row_end && loc < start + size)
			*row_end = loc;
		break;
	case -1:
		return refused;
	}
	return row_to_rule(&s);
}

uint64_t cfi_rule(uintptr_t pc)
{
	struct dl_find_object o;

	if (_dl_find_object((void *)pc, &o) || !o.dlfo_eh_frame)
		return rule_pack(CFI_END, CFI_RBP_KEPT, 0, 0);
	return cfi_rule_in(o.dlfo_eh_frame, pc, NULL);
}

#endif
