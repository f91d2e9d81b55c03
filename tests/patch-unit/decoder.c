/* SPDX-License-Identifier: MIT */
/*
 * decoder.c - insn_decode against Zydis: whatever it does not refuse must be what Zydis says, to the byte.
 *
 *	decoder [FILE ...]	the starts of all functions of the files, those bytes mutated, and random bytes
 *
 * Coverage (instructions not refused) is printed on stderr and has a floor: a decoder that refuses everything fails.
 */
#include <Zydis/Zydis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "functions.h"
#include "preload/patch/decode.h"

#define START_BYTES 32

static ZydisDecoder zydis;
static uint64_t seed = 0x9e3779b97f4a7c15;

struct tally {
	uint64_t seen, refused, wrong; /* instructions that Zydis knows; of these refused; disagreements */
	int lengths; /* insn_length is compared, too */
	uint64_t by_opcode[2][256]; /* refused, by opcode: one-byte map, 0F map */
	char first[400]; /* the first disagreement */
};

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static int zydis_kind(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *op)
{
	int relative = 0, rip = 0;

	for (unsigned i = 0; i < z->operand_count_visible; i++) {
		relative |= op[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && op[i].imm.is_relative;
		rip |= op[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		       (op[i].mem.base == ZYDIS_REGISTER_RIP || op[i].mem.base == ZYDIS_REGISTER_EIP);
	}
	switch (z->meta.category) {
	case ZYDIS_CATEGORY_CALL:
		return relative ? INSN_CALL : INSN_CALL_INDIRECT;
	case ZYDIS_CATEGORY_UNCOND_BR:
		return relative ? INSN_JUMP : INSN_JUMP_INDIRECT;
	case ZYDIS_CATEGORY_COND_BR:
		return INSN_JUMP_IF;
	case ZYDIS_CATEGORY_RET:
		return INSN_RETURN;
	default:
		break;
	}
	if (z->mnemonic == ZYDIS_MNEMONIC_NOP || z->mnemonic == ZYDIS_MNEMONIC_INT3 ||
	    z->mnemonic == ZYDIS_MNEMONIC_ENDBR64)
		return INSN_PAD;
	return rip ? INSN_RIP : INSN_PLAIN;
}

/* Length of the instruction at `at` as Zydis sees it, 0 when it sees none. */
static unsigned compare(struct tally *t, const uint8_t *at, const uint8_t *end)
{
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction z;
	struct insn in;
	int known = ZYAN_SUCCESS(ZydisDecoderDecodeFull(&zydis, at, (size_t)(end - at), &z, op));
	int kind = insn_decode(at, end, &in), want = known ? zydis_kind(&z, op) : -1;
	unsigned disp_at = 0, condition = 0;
	int64_t relative = 0;
	const char *what = NULL;

	if (known) {
		t->seen++;
		for (unsigned i = 0; i < z.operand_count_visible; i++) {
			if (op[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && op[i].imm.is_relative)
				relative = op[i].imm.value.s;
			if (op[i].type == ZYDIS_OPERAND_TYPE_MEMORY && op[i].mem.base == ZYDIS_REGISTER_RIP) {
				disp_at = z.raw.disp.offset;
				relative = op[i].mem.disp.value;
			}
		}
		if (want == INSN_PAD) /* nop and a memory operand: nothing is read */
			disp_at = in.disp_at, relative = in.relative;
		if (want == INSN_JUMP_IF)
			condition = z.opcode & 15;
	}
	/* Of real code only: of bytes that are none, a length alone promises nothing. */
	if (t->lengths && known && z.length != insn_length(at, end))
		what = "length alone";
	if (kind == INSN_REFUSED) {
		if (known && z.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY && z.opcode_map <= ZYDIS_OPCODE_MAP_0F)
			t->by_opcode[z.opcode_map][z.opcode]++;
		t->refused += known;
		if (in.length || in.kind || in.disp_at || in.relative)
			what = "refused with a result";
	} else if (!known) {
		what = "Zydis: invalid";
	} else if (in.length != z.length) {
		what = "length";
	} else if (kind != want || in.kind != want) {
		what = "kind";
	} else if (in.disp_at != disp_at) {
		what = "displacement offset";
	} else if (in.relative != relative) {
		what = "relative";
	} else if (in.condition != condition) {
		what = "condition";
	}
	if (what && !t->wrong++) {
		int n = snprintf(t->first, sizeof(t->first),
				 "%s differs: length %u/%u kind %d/%d disp_at %u/%u relative %d/%" PRId64 " at", what,
				 in.length, known ? z.length : 0, kind, want, in.disp_at, disp_at, in.relative,
				 relative);

		for (unsigned i = 0; i < 15 && at + i < end; i++)
			n += snprintf(t->first + n, sizeof(t->first) - (size_t)n, " %02x", at[i]);
	}
	return known ? z.length : 0;
}

static int show(const char *name, const struct tally *t, double least)
{
	double covered = t->seen ? 100.0 * (double)(t->seen - t->refused) / (double)t->seen : 0;
	int bad = t->wrong || covered < least;

	fprintf(stderr, "# %-28s %9" PRIu64 " instructions, %6.2f %% decoded\n", name, t->seen, covered);
	if (t->wrong)
		printf("not ok decoder_agrees_with_zydis_on_%s: %" PRIu64 " times; %s\n", name, t->wrong, t->first);
	else if (covered < least)
		printf("not ok decoder_agrees_with_zydis_on_%s: only %.2f %% decoded, want %.2f\n", name, covered,
		       least);
	else
		printf("ok decoder_agrees_with_zydis_on_%s\n", name);
	return bad;
}

static void show_refused(const struct tally *t)
{
	for (int map = 0; map < 2; map++)
		for (int op = 0; op < 256; op++)
			if (t->by_opcode[map][op] * 10000 > t->seen)
				fprintf(stderr, "#   refused %s%02x %" PRIu64 " times\n", map ? "0f " : "", op,
					t->by_opcode[map][op]);
}

static int functions_of(const char *path, struct tally *mutated)
{
	struct tally t = {.lengths = 1};
	struct functions f;

	if (functions_read(&f, path) || !f.n) {
		printf("not run decoder_agrees_with_zydis_on_%s: no functions there\n", path);
		return 0;
	}
	for (size_t i = 0; i < f.n; i++) {
		const uint8_t *at = f.all[i].code;
		size_t bytes = f.all[i].readable < START_BYTES ? f.all[i].readable : START_BYTES;
		const uint8_t *end = at + bytes;
		uint8_t copy[START_BYTES];
		unsigned n;

		/* The tail of the start may cut an instruction: neither side then gives one. */
		for (; at < end && (n = compare(&t, at, end)) > 0; at += n)
			;
		memcpy(copy, f.all[i].code, bytes);
		for (int k = 0; k < 4; k++) {
			copy[random64() % bytes] = (uint8_t)random64();
			for (unsigned o = 0; o < 8 && o < bytes; o++)
				compare(mutated, copy + o, copy + bytes);
		}
	}
	show_refused(&t);
	/* Starts of .text are never below this; hand-written vector code (libcrypto, libc) is what is refused. */
	return show(f.name, &t, 97.0);
}

int main(int argc, char **argv)
{
	struct tally mutated = {0}, noise = {0}, shaped = {0}, rows = {0};
	uint8_t bytes[16];
	int bad = 0;

	ZydisDecoderInit(&zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (int i = 1; i < argc; i++)
		bad |= functions_of(argv[i], &mutated);
	if (mutated.seen)
		bad |= show("mutated_function_starts", &mutated, 40);
	for (int i = 0; i < 3000000; i++) {
		for (size_t k = 0; k < sizeof(bytes); k += 8) {
			uint64_t r = random64();

			memcpy(bytes + k, &r, 8);
		}
		compare(&noise, bytes, bytes + 1 + random64() % 16);
	}
	bad |= show("random_bytes", &noise, 40);
	/* Every prefix, REX and opcode, with every ModRM and a rip-relative or SIB operand behind it. */
	for (unsigned lead = 0; lead < 12; lead++)
		for (unsigned rex = 0x3f; rex < 0x50; rex++)
			for (unsigned op = 0; op < 512; op++)
				for (unsigned modrm = 0; modrm < 256; modrm++) {
					static const uint8_t prefix[] = {0, 0x66, 0xf2, 0xf3, 0x67, 0xf0, 0x64, 0x3e};
					unsigned n = 0;

					if (lead >= 8) {
						bytes[n++] = 0x66;
						bytes[n++] = prefix[1 + (lead - 8)];
					} else if (lead) {
						bytes[n++] = prefix[lead];
					}
					if (rex >= 0x40)
						bytes[n++] = (uint8_t)rex;
					if (op >= 256)
						bytes[n++] = 0x0f;
					bytes[n++] = (uint8_t)op;
					bytes[n++] = (uint8_t)modrm;
					while (n < sizeof(bytes))
						bytes[n++] = (uint8_t)random64();
					compare(&shaped, bytes, bytes + sizeof(bytes));
				}
	bad |= show("every_prefix_opcode_and_modrm", &shaped, 40);
	/* Up to 15 bytes an instruction is one, whatever it is made of. */
	for (unsigned prefixes = 0; prefixes < 16; prefixes++)
		for (unsigned i = 0; i < 3000; i++) {
			static const char tails[8][13] = {
				"\x90",
				"\x0f\x1f\x84",
				"\x48\xb8\1\2\3\4\5\6\7\x8",
				"\x48\x81\x84\x24\1\2\3\4\5\6\7\x8",
				"\xc7\x05\1\2\3\4\5\6\7\x8",
				"\x74\x10",
				"\x0f\x84\1\2\3\4",
				"\xe8\1\2\3\4",
			};
			static const uint8_t prefix[] = {0x66, 0x2e, 0x3e, 0x64, 0x65, 0x67, 0xf2, 0xf3};
			uint8_t row[32] = {0};

			for (unsigned n = 0; n < prefixes; n++)
				row[n] = prefix[random64() % (i & 1 ? 2 : sizeof(prefix))];
			memcpy(row + prefixes, tails[i % 8], 12);
			compare(&rows, row, row + sizeof(row));
		}
	bad |= show("rows_of_prefixes", &rows, 20);
	return bad ? 1 : 0;
}
