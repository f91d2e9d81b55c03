/* SPDX-License-Identifier: MIT */
/*
 * bounds.c - neither the decoder nor the trampoline maker touches a byte that it was not given.
 *
 * What they read ends at a page that cannot be read, what is written at one that cannot be written. Built a second
 * time under AddressSanitizer and UndefinedBehaviorSanitizer.
 */
#include <string.h>
#include <sys/mman.h>

#include "preload/patch/decode.h"
#include "preload/patch/trampoline.h"
#include "tests/patch-unit/functions.h"
#include "tests/tap.h"

#define PAGE 4096

static uint64_t seed = 0x2545f4914f6cdd1d;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* The end of a page; nothing can be touched at and behind it. */
static uint8_t *edge(void)
{
	uint8_t *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	ck_assert_int_eq(mprotect(p + 2 * PAGE, PAGE, PROT_NONE), 0);
	return p + 2 * PAGE;
}

/* Bytes that often decode: prefixes, 0F, opcodes with immediates and operands relative to rip. */
static void fill(uint8_t *to, size_t n)
{
	static const uint8_t likely_ones[] = {0x66, 0x48, 0x0f, 0xc7, 0x05, 0x81, 0x3d, 0xe8, 0xe9, 0xeb, 0x74, 0xff,
					      0x15, 0x90, 0x55, 0xc3, 0xb8, 0x84, 0x24, 0xf7, 0x8b, 0x25, 0xcc, 0xf2};

	for (size_t i = 0; i < n; i++) {
		uint64_t r = random64();

		to[i] = r & 0x300 ? likely_ones[r % sizeof(likely_ones)] : (uint8_t)r;
	}
}

START_TEST(decoder_reads_nothing_beyond_the_end)
{
	uint8_t *end = edge();
	unsigned cut = 0, whole = 0;

	for (int i = 0; i < 100000; i++) {
		uint8_t bytes[32];
		struct insn full, in;

		fill(bytes, sizeof(bytes));
		if (insn_decode(bytes, bytes + sizeof(bytes), &full) == INSN_REFUSED)
			continue;
		for (unsigned n = 0; n <= full.length; n++) {
			memcpy(end - n, bytes, n);
			insn_decode(end - n, end, &in);
			if (n < full.length) {
				ck_assert_int_eq(in.kind, INSN_REFUSED);
				ck_assert_int_eq(in.length, 0);
				cut++;
			} else {
				ck_assert_int_eq(memcmp(&in, &full, sizeof(in)), 0);
				whole++;
			}
		}
	}
	ck_assert_uint_gt(cut, 10000);
	ck_assert_uint_gt(whole, 10000);
}
END_TEST

/* One call with the code at the edge and the output at another; returns the length. */
static size_t make(const uint8_t *code, size_t readable, size_t bytes, uintptr_t at, uintptr_t entry)
{
	static uint8_t *code_end, *out_end;
	uint8_t before[TRAMPOLINE_MAX];
	enum patch_refusal why;
	unsigned displaced = 0;
	size_t n;

	if (!code_end) {
		code_end = edge();
		out_end = edge();
	}
	memcpy(code_end - readable, code, readable);
	memset(out_end - TRAMPOLINE_MAX, 0xa5, TRAMPOLINE_MAX);
	memset(before, 0xa5, sizeof(before));
	n = trampoline_make(out_end - TRAMPOLINE_MAX, at, code_end - readable, entry, bytes, readable, &displaced,
			    &why);
	ck_assert_uint_le(n, TRAMPOLINE_MAX);
	ck_assert_int_eq(n != 0, why == REFUSED_NOT);
	/* Nothing behind what it says it wrote. */
	ck_assert_int_eq(memcmp(out_end - TRAMPOLINE_MAX + n, before, n ? TRAMPOLINE_MAX - n : 0), 0);
	if (n) {
		ck_assert_uint_ge(displaced, PATCH_BYTES);
		ck_assert_uint_le(displaced, readable);
	}
	return n;
}

START_TEST(trampoline_maker_stays_within_random_bytes)
{
	unsigned made = 0, refused = 0;
	uint8_t bytes[300];

	for (int i = 0; i < 100000; i++) {
		size_t readable = random64() % 4 ? random64() % 24 : random64() % sizeof(bytes);
		size_t size = random64() % 4 ? random64() % (2 * readable + 1) : 0;
		uintptr_t entry = (uintptr_t)random64(), at = entry + (uintptr_t)(random64() >> (random64() % 64));

		fill(bytes, readable);
		if (make(bytes, readable, size, at, entry))
			made++;
		else
			refused++;
	}
	ck_assert_uint_gt(made, 1000);
	ck_assert_uint_gt(refused, 1000);
}
END_TEST

START_TEST(trampoline_maker_stays_within_real_functions)
{
	struct functions f;
	unsigned made = 0;

	ck_assert_int_eq(functions_read(&f, "/proc/self/exe"), 0);
	ck_assert_uint_gt(f.n, 20);
	for (size_t i = 0; i < f.n; i++)
		for (size_t readable = 0; readable < 80 && readable <= f.all[i].readable; readable++) {
			made += make(f.all[i].code, readable, f.all[i].bytes, f.all[i].address + 0x1000,
				     f.all[i].address) != 0;
			made += make(f.all[i].code, readable, 0, f.all[i].address - 0x7fff0000, f.all[i].address) != 0;
		}
	ck_assert_uint_gt(made, 1000);
}
END_TEST

/* The longest forms, all together: three conditional jumps out of reach, and what is behind them. */
START_TEST(longest_trampoline_fits)
{
	static const uint8_t worst[] = {0x74, 0x40, 0x75, 0x40, 0x48, 0xc7, 0x84, 0x24, 0, 1, 0, 0, 1, 0, 0, 0};
	static const uint8_t call[] = {0x74, 0x40, 0x75, 0x40, 0xe8, 0, 1, 0, 0};
	static const uint8_t three[] = {0x74, 0x40, 0x75, 0x40, 0x0f, 0x84, 0, 1, 0, 0};

	ck_assert_uint_eq(make(worst, sizeof(worst), 0, 1ULL << 45, 1ULL << 40), 16 + 16 + 12 + 14);
	ck_assert_uint_eq(make(call, sizeof(call), 0, 1ULL << 45, 1ULL << 40), 16 + 16 + 13 + 14);
	ck_assert_uint_eq(make(three, sizeof(three), 0, 1ULL << 45, 1ULL << 40), 16 + 16 + 16 + 14);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bounds");

	TAP_ADD(suite, decoder_reads_nothing_beyond_the_end);
	TAP_ADD(suite, trampoline_maker_stays_within_random_bytes);
	TAP_ADD(suite, trampoline_maker_stays_within_real_functions);
	TAP_ADD(suite, longest_trampoline_fits);
	return tap_run(suite);
}
