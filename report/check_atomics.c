/* SPDX-License-Identifier: MIT */
/*
 * check_atomics.c - how many atomic instructions a piece of code holds.
 *
 * One sweep from the start: instructions that the prologue decoder knows are stepped over whole, elsewhere the sweep goes byte
 * by byte until it is in step again. So the figure is a count of patterns: data between functions may add one, code behind
 * a foreign instruction may hide one. It answers "none, some, or many", and that is what it is asked.
 */
#include "check.h"

#include "../preload/patch/decode.h"

/* What may stand between lock and the opcode. */
static size_t skip_prefixes(const uint8_t *p, size_t have)
{
	size_t n = 0;

	while (n < have && n < 4 && (p[n] == 0x66 || p[n] == 0x64 || p[n] == 0x65 || p[n] == 0xf2 || p[n] == 0xf3))
		n++;
	return n < have && (p[n] & 0xf0) == 0x40 ? n + 1 : n;
}

/* The operand is in memory, and its /digit is in the set (bit n: /n). */
static int memory_operand(const uint8_t *modrm, unsigned digits)
{
	return *modrm < 0xc0 && digits >> (*modrm >> 3 & 7) & 1;
}

/* p is behind the lock prefix: is what follows an instruction that may have one? */
static int lockable(const uint8_t *p, size_t have)
{
	size_t n = skip_prefixes(p, have);

	p += n;
	have -= n;
	if (have < 3)
		return 0;
	if (p[0] == 0x0f) {
		switch (p[1]) {
		case 0xb0:
		case 0xb1: /* cmpxchg */
		case 0xc0:
		case 0xc1: /* xadd */
		case 0xab:
		case 0xb3:
		case 0xbb: /* bts btr btc */
			return memory_operand(p + 2, 0xff);
		case 0xba:
			return memory_operand(p + 2, 0xe0);
		case 0xc7: /* cmpxchg8b, cmpxchg16b */
			return memory_operand(p + 2, 1 << 1);
		}
		return 0;
	}
	if (p[0] < 0x38 && (p[0] & 7) < 2) /* add or adc sbb and sub xor */
		return memory_operand(p + 1, 0xff);
	switch (p[0]) {
	case 0x80:
	case 0x81:
	case 0x83:
		return memory_operand(p + 1, 0x7f);
	case 0x86:
	case 0x87: /* xchg */
		return memory_operand(p + 1, 0xff);
	case 0xf6:
	case 0xf7: /* not neg */
		return memory_operand(p + 1, 1 << 2 | 1 << 3);
	case 0xfe:
	case 0xff: /* inc dec */
		return memory_operand(p + 1, 3);
	}
	return 0;
}

#define STEADY 3 /* so many known instructions in a row, and the sweep is in step */

void check_atomics_count(struct check_atomics *a, const uint8_t *code, size_t bytes)
{
	const uint8_t *end = code + bytes;
	int known = STEADY;

	a->bytes += bytes;
	for (const uint8_t *p = code; p < end;) {
		size_t have = (size_t)(end - p), prefixes = skip_prefixes(p, have);
		int lock_late = have >= 2 && p[0] == 0x66 && p[1] == 0xf0; /* the assembler writes both orders */
		struct insn insn;

		if ((*p == 0xf0 || lock_late) && lockable(p + 1 + lock_late, have - 1 - (size_t)lock_late)) {
			a->locked++;
			p += insn_decode(p, end, &insn) != INSN_REFUSED ? insn.length : 3 + lock_late;
			continue;
		}
		if (have >= 2 && p[0] == 0xf3 && p[1] == 0x90)
			a->pauses++;
		else if (have >= 3 && p[0] == 0x0f && p[1] == 0xae && p[2] >= 0xf0 && p[2] < 0xf8)
			a->fences++; /* mfence; lfence and sfence order no threads */
		else if (known >= STEADY && have >= prefixes + 2 && (p[prefixes] | 1) == 0x87 &&
			 memory_operand(p + prefixes + 1, 0xff))
			a->exchanges++; /* with memory it is always locked */
		if (insn_decode(p, end, &insn) != INSN_REFUSED) {
			p += insn.length;
			known++;
		} else {
			p++;
			known = 0;
		}
	}
}
