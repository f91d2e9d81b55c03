/* SPDX-License-Identifier: MIT */
/*
 * scan_oracle_test.c - the marks of real files against Zydis: the same functions must have the same sorts.
 *
 *	scan_oracle_test [FILE ...]	without: what this machine has of a list
 *
 * The twin steps through every function with Zydis, instruction by instruction, without any search for bytes. Of loops it knows
 * less than the scan: it follows jumps within a loop as if they were not there, so it may miss some, but what it finds must be
 * found, and what the scan finds must be a loop without a store to memory, a call, or a system call.
 */
#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

#include "preload/verdict/scan.h"
#include "tests/verdict/scan_image.h"

static ZydisDecoder zydis;

struct tally {
	unsigned long pieces, data, marked[SCAN_MARKS], more[SCAN_MARKS], fewer[SCAN_MARKS];
	uint64_t first_more[SCAN_MARKS], first_fewer[SCAN_MARKS];
};

static int locked(const ZydisDecodedInstruction *z, const ZydisDecodedOperand *op)
{
	if (z->attributes & ZYDIS_ATTRIB_HAS_LOCK)
		return 1;
	return z->mnemonic == ZYDIS_MNEMONIC_XCHG && (op[0].type == ZYDIS_OPERAND_TYPE_MEMORY || op[1].type == ZYDIS_OPERAND_TYPE_MEMORY);
}

/* Nothing in the loop writes memory outside the frame, or leaves the program's own code. */
static int harmless(const uint8_t *head, const uint8_t *end)
{
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction z;
	unsigned loads = 0;

	while (head < end) {
		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&zydis, head, (size_t)(end - head), &z, op)))
			return 0;
		if (z.meta.category == ZYDIS_CATEGORY_CALL || z.meta.category == ZYDIS_CATEGORY_SYSCALL ||
		    z.meta.category == ZYDIS_CATEGORY_PUSH || z.meta.category == ZYDIS_CATEGORY_POP)
			return 0;
		for (unsigned i = 0; i < z.operand_count; i++) {
			if (op[i].type != ZYDIS_OPERAND_TYPE_MEMORY || op[i].mem.type != ZYDIS_MEMOP_TYPE_MEM)
				continue;
			loads += (op[i].actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
			if ((op[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) && op[i].mem.base != ZYDIS_REGISTER_RSP &&
			    op[i].mem.base != ZYDIS_REGISTER_RBP)
				return 0;
		}
		head += z.length;
	}
	return head == end && loads;
}

/* A loop of one load into a register that its address does not use, a comparison of that, and the jump: every scan knows it. */
static int simplest_wait(const uint8_t *head, const uint8_t *end)
{
	ZydisDecodedOperand load[ZYDIS_MAX_OPERAND_COUNT], test[ZYDIS_MAX_OPERAND_COUNT], op[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction z;
	ZydisRegister to, address[2];

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&zydis, head, (size_t)(end - head), &z, load)) || z.mnemonic != ZYDIS_MNEMONIC_MOV ||
	    load[0].type != ZYDIS_OPERAND_TYPE_REGISTER || load[1].type != ZYDIS_OPERAND_TYPE_MEMORY)
		return 0;
	to = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, load[0].reg.value);
	address[0] = load[1].mem.base;
	address[1] = load[1].mem.index;
	if (to == address[0] || to == address[1] || load[0].size < 32)
		return 0;
	head += z.length;
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&zydis, head, (size_t)(end - head), &z, test)) ||
	    (z.mnemonic != ZYDIS_MNEMONIC_TEST && z.mnemonic != ZYDIS_MNEMONIC_CMP) || test[0].type != ZYDIS_OPERAND_TYPE_REGISTER ||
	    test[1].type == ZYDIS_OPERAND_TYPE_MEMORY || test[0].size < 32)
		return 0;
	head += z.length;
	return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&zydis, head, (size_t)(end - head), &z, op)) &&
	       z.meta.category == ZYDIS_CATEGORY_COND_BR && head + z.length == end;
}

struct file {
	struct tally *t;
	const struct image *image;
};

static void piece(const uint8_t *code, size_t bytes, uint64_t address, void *to)
{
	struct tally *t = ((struct file *)to)->t;
	const uint8_t *at = code, *end = code + bytes;
	unsigned n[SCAN_MARKS] = { 0 }, may_wait = 0, steady = 3, data = 0;
	struct scan_marks m = { { 0 }, { 0 }, 0 };

	t->pieces++;
	scan_code(code, bytes, address, 0, &m);
	while (at < end) {
		ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
		ZydisDecodedInstruction z;

		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&zydis, at, (size_t)(end - at), &z, op))) {
			at++;
			steady = 0;
			data = 1;
			continue;
		}
		if (steady < 3) {
			steady++;
			at += z.length;
			continue;
		}
		n[SCAN_ATOMIC] += (unsigned)locked(&z, op);
		n[SCAN_FENCE] += z.mnemonic == ZYDIS_MNEMONIC_MFENCE;
		n[SCAN_PAUSE] += z.mnemonic == ZYDIS_MNEMONIC_PAUSE;
		if ((z.meta.category == ZYDIS_CATEGORY_COND_BR || z.meta.category == ZYDIS_CATEGORY_UNCOND_BR) &&
		    op[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && op[0].imm.is_relative && op[0].imm.value.s < 0) {
			const uint8_t *last = at + z.length, *head = last + op[0].imm.value.s;

			if (head >= code && last - head <= 200) {
				n[SCAN_WAIT] += (unsigned)simplest_wait(head, last);
				may_wait += (unsigned)harmless(head, last);
			}
		}
		at += z.length;
	}
	/* Tables between hand-written functions: where the twin gives up, each has its own way back into step. */
	t->data += data;
	for (unsigned i = 0; i < SCAN_MARKS && !data; i++) {
		int more = i == SCAN_WAIT ? m.count[i] > may_wait : m.count[i] > n[i], fewer = m.count[i] < n[i];

		t->marked[i] += m.count[i] != 0;
		if (more && !t->more[i]++)
			t->first_more[i] = address;
		if (fewer && !t->fewer[i]++)
			t->first_fewer[i] = address;
	}
}

static int one_file(const char *path, int required)
{
	static const char *const name[] = { "atomic", "fence", "pause", "wait" };
	struct tally t = { 0 };
	struct image image;
	struct file f = { &t, &image };
	int bad = 0;

	if (image_open(&image, path) != 0) {
		if (required)
			printf("not run scan_agrees_with_zydis_on_%s: not there\n", path);
		return 0;
	}
	image_pieces(&image, piece, &f);
	fprintf(stderr, "# %-32s %7lu functions, %lu with data; with atomic %lu fence %lu pause %lu wait %lu\n", image.name, t.pieces, t.data,
		t.marked[0], t.marked[1], t.marked[2], t.marked[3]);
	for (unsigned i = 0; i < SCAN_MARKS; i++) {
		if (t.more[i] || t.fewer[i]) {
			printf("not ok scan_agrees_with_zydis_on_%s: %s: %lu functions with more (first at %#lx), %lu with fewer (first at "
			       "%#lx)\n",
			       image.name, name[i], t.more[i], (unsigned long)t.first_more[i], t.fewer[i],
			       (unsigned long)t.first_fewer[i]);
			bad = 1;
		}
	}
	if (t.data > 3 && t.data * 50 > t.pieces) {
		printf("not ok scan_agrees_with_zydis_on_%s: %lu of %lu pieces are no code\n", image.name, t.data, t.pieces);
		bad = 1;
	}
	if (!bad)
		printf("ok scan_agrees_with_zydis_on_%s\n", image.name);
	return bad;
}

int main(int argc, char **argv)
{
	static const char *const usual[] = {
		"libc.so.6", "ld-linux-x86-64.so.2", "libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "libglib-2.0.so.0", "libgobject-2.0.so.0",
		"libgio-2.0.so.0", "libgomp.so.1", "libQt5Core.so.5", "libssl.so.3", "libz.so.1", "liblzma.so.5", "libzstd.so.1",
		"libsystemd.so.0", "libdbus-1.so.3", "libsqlite3.so.0", "libxml2.so.2", "libjansson.so.4", "libapr-1.so.0", "libcurl.so.4",
		"libuv.so.1", "liburcu.so.8", "libtbb.so.12", "libgstreamer-1.0.so.0", "libX11.so.6", "libpulse.so.0", "libgnutls.so.30",
		"libjemalloc.so.2", "libnuma.so.1", "liburing.so.2", "libpcre2-8.so.0",
	};
	static const char *const programs[] = { "/usr/bin/redis-server", "/usr/bin/xz", "/usr/bin/gdb", "/usr/bin/git", "/usr/bin/bash" };
	char path[256];
	int bad = 0;

	ZydisDecoderInit(&zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (int i = 1; i < argc; i++)
		bad |= one_file(argv[i], 1);
	if (argc > 1)
		return bad;
	for (unsigned i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		snprintf(path, sizeof(path), "/usr/lib/x86_64-linux-gnu/%s", usual[i]);
		bad |= one_file(path, i == 0);
	}
	for (unsigned i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		bad |= one_file(programs[i], 0);
	return bad;
}
