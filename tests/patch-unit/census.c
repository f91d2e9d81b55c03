/* SPDX-License-Identifier: MIT */
/*
 * census.c - how many functions of real files a trampoline can be made for, and why not for the others.
 *
 *	census FILE ...		-v names each refused function on stderr
 *
 * At least 99 % must be accepted, over all files together, of the functions that are not too short; of a single file it
 * may be a little less. And every trampoline must do the same as what it displaces, and no function branch back to it:
 * both by Zydis.
 */
#include <Zydis/Zydis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "functions.h"
#include "preload/patch/trampoline.h"

#define LEAST 99.0
#define LEAST_OF_ONE 98.0

struct count {
	unsigned long functions, accepted, why[REFUSED_FAR + 1];
	unsigned long needless; /* refused for a branch that Zydis does not see */
	unsigned long wrong; /* trampolines that do not what the function does */
	char first[200]; /* the first of those */
};

static ZydisDecoder zydis;
static int verbose;

struct z {
	ZydisDecodedInstruction in;
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
};

static int z_decode(struct z *z, const uint8_t *at, size_t bytes)
{
	return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&zydis, at, bytes, &z->in, z->op));
}

/* The one address that the instruction at `address` computes from its own; 0: none. */
static uintptr_t refers_to(const struct z *z, uintptr_t address)
{
	for (unsigned i = 0; i < z->in.operand_count_visible; i++) {
		if (z->op[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && z->op[i].imm.is_relative)
			return address + z->in.length + (uintptr_t)z->op[i].imm.value.s;
		if (z->op[i].type == ZYDIS_OPERAND_TYPE_MEMORY && z->op[i].mem.base == ZYDIS_REGISTER_RIP)
			return address + z->in.length + (uintptr_t)z->op[i].mem.disp.value;
	}
	return 0;
}

/* The whole body, by Zydis: a branch into the displaced bytes, or a jump to the entry. */
static int branches_back(const struct function *f, unsigned displaced)
{
	size_t end = f->bytes < f->readable ? f->bytes : f->readable;
	struct z z;

	for (size_t o = displaced; o < end; o += z.in.length) {
		if (!z_decode(&z, f->code + o, end - o)) {
			z.in.length = 1;
			continue;
		}
		if (z.in.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE) {
			uintptr_t to = refers_to(&z, f->address + o) - f->address;

			if (z.in.raw.imm[0].is_relative && to < displaced &&
			    (to || z.in.mnemonic != ZYDIS_MNEMONIC_CALL))
				return 1;
		}
	}
	return 0;
}

/* push of the return address, then the jump that the call was. Bytes of the push. */
static unsigned pushes(const uint8_t *at, uintptr_t address)
{
	uint32_t low = (uint32_t)address, high = (uint32_t)((uint64_t)address >> 32);

	return at[0] == 0x68 && memcmp(at + 1, &low, 4) == 0 && memcmp(at + 5, "\xc7\x44\x24\x04", 4) == 0 &&
			       memcmp(at + 9, &high, 4) == 0
		       ? 13
		       : 0;
}

/* The trampoline, instruction by instruction, does what the displaced ones do; NULL, or what differs. */
static const char *differs(const struct function *f, const uint8_t *out, size_t n, uintptr_t at, unsigned displaced)
{
	size_t o = 0, t = 0;
	struct z a, b;
	int ended = 0;

	for (; o < displaced && !ended; o += a.in.length, t += b.in.length) {
		uintptr_t was;
		int call;

		if (!z_decode(&a, f->code + o, displaced - o))
			return "a displaced instruction is not whole";
		call = a.in.mnemonic == ZYDIS_MNEMONIC_CALL;
		if (call && !pushes(out + t, f->address + o + a.in.length))
			return "the return address is not pushed";
		t += call ? 13 : 0;
		if (!z_decode(&b, out + t, n - t))
			return "the trampoline ends too early";
		was = refers_to(&a, f->address + o);
		if (was == f->address && b.in.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE && !call)
			was = at;
		if (b.in.mnemonic != (call ? ZYDIS_MNEMONIC_JMP : a.in.mnemonic))
			return "another instruction";
		if (was != refers_to(&b, at + t))
			return "another address";
		if (!was && !call && (a.in.length != b.in.length || memcmp(f->code + o, out + t, a.in.length) != 0))
			return "other bytes";
		ended = call || a.in.mnemonic == ZYDIS_MNEMONIC_JMP || a.in.mnemonic == ZYDIS_MNEMONIC_RET;
	}
	if (!ended) {
		if (!z_decode(&b, out + t, n - t) || b.in.mnemonic != ZYDIS_MNEMONIC_JMP ||
		    refers_to(&b, at + t) != f->address + displaced)
			return "it does not come back behind the displaced bytes";
		t += b.in.length;
	}
	return t == n ? NULL : "something follows";
}

static void one(struct count *c, const char *file, const struct function *f)
{
	/* As far away as a trampoline may be, on either side. */
	uintptr_t at = f->address + 0x400000000000, entry = at ^ 0x40000000;
	struct function moved = *f;
	uint8_t out[TRAMPOLINE_MAX];
	enum patch_refusal why;
	unsigned displaced = 0;
	const char *wrong = NULL;
	size_t n;

	moved.address = entry;
	n = trampoline_make(out, at, f->code, entry, f->bytes, f->readable, &displaced, &why);
	c->functions++;
	c->why[why]++;
	if (n) {
		c->accepted++;
		if (displaced < PATCH_BYTES || n > TRAMPOLINE_MAX)
			wrong = "it has the wrong size";
		else if (branches_back(&moved, displaced))
			wrong = "the function branches back";
		else
			wrong = differs(&moved, out, n, at, displaced);
		if (wrong && !c->wrong++)
			snprintf(c->first, sizeof(c->first), "%s: %s", f->name, wrong);
		return;
	}
	if (why == REFUSED_BRANCH && !branches_back(&moved, PATCH_BYTES))
		c->needless++;
	if (verbose) {
		fprintf(stderr, "%s:%s: %s:", file, f->name, patch_refusal_text(why));
		for (unsigned i = 0; i < 12 && i < f->readable; i++)
			fprintf(stderr, " %02x", f->code[i]);
		fprintf(stderr, " (%zu bytes)\n", f->bytes);
	}
}

static double share(const struct count *c)
{
	unsigned long long_enough = c->functions - c->why[REFUSED_SHORT];

	return long_enough ? 100.0 * (double)c->accepted / (double)long_enough : 0;
}

static void show(const char *name, const struct count *c)
{
	fprintf(stderr,
		"# %-26s %6lu functions, %6.2f %% of those long enough can be patched | too short %lu, instruction %lu, "
		"branch %lu (%lu needlessly), far %lu\n",
		name, c->functions, share(c), c->why[REFUSED_SHORT], c->why[REFUSED_INSN], c->why[REFUSED_BRANCH],
		c->needless, c->why[REFUSED_FAR]);
}

static int judge(const char *name, const struct count *c, double least)
{
	int low = share(c) < least;

	if (low)
		printf("not ok functions_of_%s_can_be_patched: %.2f %%\n", name, share(c));
	else
		printf("ok functions_of_%s_can_be_patched\n", name);
	if (c->wrong)
		printf("not ok trampolines_of_%s_do_the_same: %lu do not; %s\n", name, c->wrong, c->first);
	else
		printf("ok trampolines_of_%s_do_the_same\n", name);
	return low || c->wrong;
}

int main(int argc, char **argv)
{
	struct count all = {0};
	int bad = 0;

	ZydisDecoderInit(&zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (int i = 1; i < argc; i++) {
		struct count c = {0};
		struct functions f;

		if (strcmp(argv[i], "-v") == 0) {
			verbose = 1;
			continue;
		}
		if (functions_read(&f, argv[i]) || !f.n) {
			printf("not run functions_of_%s_can_be_patched: none there\n", argv[i]);
			continue;
		}
		for (size_t k = 0; k < f.n; k++)
			one(&c, f.name, &f.all[k]);
		show(f.name, &c);
		bad |= judge(f.name, &c, LEAST_OF_ONE);
		all.functions += c.functions;
		all.accepted += c.accepted;
		all.needless += c.needless;
		for (int k = 0; k <= REFUSED_FAR; k++)
			all.why[k] += c.why[k];
	}
	show("all", &all);
	bad |= judge("all_files", &all, LEAST);
	return bad;
}
