/* SPDX-License-Identifier: MIT */
/*
 * moved.c - runs the functions of forms.S as they are and by their trampolines, and compares all registers and flags.
 *
 * Before the trampoline runs, the displaced bytes are overwritten: the first five by a jump to a stub that counts and goes
 * to the trampoline, the rest by int3. So whatever came back into them would be noticed. Each form is run twice: with the
 * trampoline in reach of the function, and out of reach of it. A form that must be refused must be so for its reason.
 */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "preload/patch/trampoline.h"
#include "tests/tap.h"

#define STATES 8
#define WORDS 15 /* rax rbx rcx rdx rsi rdi rbp r8 ... r14, flags */
#define FLAGS 0x8d5 /* the arithmetic ones */
#define PAGE 4096

struct form {
	void *function;
	size_t bytes;
	const char *name;
	int why, why_far;
	unsigned entries, unused;
};
extern const struct form forms[], forms_end[];
extern const uint8_t forms_text_end[];
void run_form(void *function, uint64_t state[WORDS]);
void *form_callees(void);

static const struct form *form_of(int i)
{
	return &forms[i / 2];
}

static void set_up(uint64_t state[WORDS], int n)
{
	static const uint64_t rdi[STATES] = {0, 1, 2, UINT64_MAX, 5, 1ULL << 63, 0x80000000, 7};
	static const uint64_t rsi[STATES] = {0, 2, 1, 1, 5, 1, UINT64_MAX, 4};

	for (int i = 0; i < WORDS - 1; i++)
		state[i] = 0x0123456789abcdef * (uint64_t)(i + 3 * n + 1);
	state[1] = state[11] = (uintptr_t)form_callees(); /* rbx, r12 */
	state[2] = 3; /* rcx */
	state[4] = rsi[n];
	state[5] = rdi[n];
	state[WORDS - 1] = n & 1 ? 0x202 | FLAGS : 0x202;
}

static void run_all(void *function, uint64_t result[STATES][WORDS])
{
	for (int n = 0; n < STATES; n++) {
		set_up(result[n], n);
		run_form(function, result[n]);
		result[n][WORDS - 1] &= FLAGS;
	}
}

/* An executable page within, or beyond, what 32 bits reach from the function. */
static uint8_t *page_for(const uint8_t *function, int far)
{
	intptr_t step = far ? (intptr_t)1 << 33 : 1 << 24;
	uintptr_t here = (uintptr_t)function & ~(uintptr_t)(PAGE - 1);

	for (int i = 1; i < 100; i++) {
		void *p = mmap((void *)(here - (uintptr_t)(i * step)), PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		if (p != MAP_FAILED)
			return p;
	}
	return NULL;
}

static void put_jump(uint8_t *at, const void *target)
{
	int64_t relative = (const uint8_t *)target - (at + 5);
	int32_t relative32 = (int32_t)relative;

	ck_assert(relative == relative32);
	at[0] = 0xe9;
	memcpy(at + 1, &relative32, 4);
}

/* A stub that adds 1 to *count, which lies in its page, and goes on to the trampoline, wherever that is. */
static void put_counter(uint8_t *at, const void *trampoline, const uint64_t *count)
{
	int32_t relative = (int32_t)((const uint8_t *)count - (at + 8));

	memcpy(at, "\x9c\x48\xff\x05", 4); /* pushfq; incq count(%rip) */
	memcpy(at + 4, &relative, 4);
	memcpy(at + 8, "\x9d\xff\x25\0\0\0\0", 7); /* popfq; jmp *0(%rip) */
	memcpy(at + 15, &trampoline, sizeof(trampoline));
}

static void patch(uint8_t *function, unsigned displaced, uint8_t *near, const uint8_t *trampoline, uint64_t *count)
{
	uintptr_t first = (uintptr_t)function & ~(uintptr_t)(PAGE - 1);

	put_counter(near, trampoline, count);
	ck_assert_int_eq(mprotect((void *)first, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
	memset(function, 0xcc, displaced);
	put_jump(function, near);
}

START_TEST(form_is_moved)
{
	const struct form *f = form_of(_i);
	int far = _i % 2, want = far ? f->why_far : f->why;
	uint8_t *function = f->function, *near = page_for(function, 0),
		*page = far ? page_for(function, 1) : near + 256;
	static uint64_t plain[STATES][WORDS], moved[STATES][WORDS];
	uint64_t *count = (uint64_t *)(near + 128);
	enum patch_refusal why;
	unsigned displaced = 0;
	size_t n;

	ck_assert_ptr_nonnull(near);
	ck_assert_ptr_nonnull(page);
	n = trampoline_make(page, (uintptr_t)page, function, (uintptr_t)function, f->bytes,
			    (size_t)(forms_text_end - function), &displaced, &why);
	ck_assert_msg((int)why == want, "\"%s\", want \"%s\"", patch_refusal_text(why), patch_refusal_text(want));
	if (want != REFUSED_NOT) {
		ck_assert_uint_eq(n, 0);
		return;
	}
	ck_assert_uint_le(n, TRAMPOLINE_MAX);
	ck_assert_uint_ge(displaced, PATCH_BYTES);
	run_all(function, plain);
	patch(function, displaced, near, page, count);
	run_all(page, moved);
	ck_assert_uint_eq(*count, f->entries * STATES);
	for (int s = 0; s < STATES; s++)
		for (int w = 0; w < WORDS; w++)
			ck_assert_msg(plain[s][w] == moved[s][w], "state %d, word %d: %#lx, moved %#lx", s, w,
				      plain[s][w], moved[s][w]);
	/* By the entry, as a program calls it. */
	run_all(function, moved);
	ck_assert_int_eq(memcmp(plain, moved, sizeof(plain)), 0);
	ck_assert_uint_eq(*count, (2 * f->entries + 1) * STATES);
}
END_TEST

/* With an unknown size the function is followed until it ends, and no further than may be read. */
START_TEST(unknown_sizes_are_searched_for_64_bytes)
{
	static const uint8_t loop[] = {0x55, 0x48, 0x89, 0xe5, 0x90, 0xeb, 0xfb}; /* back to offset 2 */
	uint8_t code[96], out[TRAMPOLINE_MAX];
	enum patch_refusal why;
	unsigned displaced;

	memset(code, 0x90, sizeof(code));
	memcpy(code, loop, 5);
	memcpy(code + 40, "\xeb\xd8", 2);
	ck_assert_uint_eq(trampoline_make(out, 0x10000, code, 0x20000, 0, sizeof(code), &displaced, &why), 0);
	ck_assert_int_eq(why, REFUSED_BRANCH);
	ck_assert_uint_gt(trampoline_make(out, 0x10000, code, 0x20000, 40, sizeof(code), &displaced, &why), 0);
	ck_assert_uint_gt(trampoline_make(out, 0x10000, code, 0x20000, 0, 41, &displaced, &why), 0);
	memset(code + 40, 0x90, 2);
	memcpy(code + 63, "\xeb\xc1", 2); /* back to offset 2 as well, but its second byte is the 65th */
	ck_assert_uint_gt(trampoline_make(out, 0x10000, code, 0x20000, 0, sizeof(code), &displaced, &why), 0);
	ck_assert_uint_eq(trampoline_make(out, 0x10000, code, 0x20000, 65, sizeof(code), &displaced, &why), 0);
	ck_assert_int_eq(why, REFUSED_BRANCH);
}
END_TEST

/* The padding behind a short function may be overwritten, but a nop where a function may start is one. */
START_TEST(padding_ends_where_functions_are_aligned)
{
	static const uint8_t code[] = {0xff, 0xc0, 0xc3, 0x90, 0x90, 0x90, 0x90, 0x90};
	uint8_t out[TRAMPOLINE_MAX];
	enum patch_refusal why;
	unsigned displaced;

	ck_assert_uint_gt(trampoline_make(out, 0x10000, code, 0x20000, 3, sizeof(code), &displaced, &why), 0);
	ck_assert_uint_gt(trampoline_make(out, 0x10000, code, 0x2000b, 3, sizeof(code), &displaced, &why), 0);
	ck_assert_uint_eq(trampoline_make(out, 0x10000, code, 0x2000c, 3, sizeof(code), &displaced, &why), 0);
	ck_assert_int_eq(why, REFUSED_SHORT);
	ck_assert_uint_eq(trampoline_make(out, 0x10000, code, 0x2000d, 3, sizeof(code), &displaced, &why), 0);
	ck_assert_uint_eq(trampoline_make(out, 0x10000, code, 0x20000, 3, 4, &displaced, &why), 0);
	ck_assert_int_eq(why, REFUSED_SHORT);
	ck_assert_uint_eq(trampoline_make(out, 0x10000, code + 3, 0x20000, 0, 4, &displaced, &why), 0);
	ck_assert_int_eq(why, REFUSED_SHORT);
	/* Of the function's own size they are padding inside it. */
	ck_assert_uint_gt(trampoline_make(out, 0x10000, code, 0x2000d, 8, sizeof(code), &displaced, &why), 0);
}
END_TEST

/* At the very edge of what 32 bits reach, the short form of a branch or its long one must be right. */
START_TEST(branches_reach_the_last_byte)
{
	static const uint8_t code[] = {0x85, 0xff, 0x0f, 0x84, 0x00, 0x01, 0x00, 0x00, 0xc3}; /* je entry + 0x108 */
	const uintptr_t target = 0x7f0000000108, entry = 0x7f0000000000;
	uint8_t out[TRAMPOLINE_MAX];
	enum patch_refusal why;
	unsigned displaced;

	for (int edge = -9; edge <= 9; edge++) {
		uintptr_t at = target - 0x80000000 + (uintptr_t)(intptr_t)edge;
		size_t n = trampoline_make(out, at, code, entry, sizeof(code), sizeof(code), &displaced, &why);
		uintptr_t goes;

		ck_assert_uint_gt(n, 0);
		if (out[2] == 0x0f) { /* je rel32 */
			int32_t relative;

			memcpy(&relative, out + 4, 4);
			goes = at + 8 + (uintptr_t)(intptr_t)relative;
		} else { /* jne over a jump */
			ck_assert_int_eq(out[2], 0x75);
			if (out[4] == 0xe9) {
				int32_t relative;

				ck_assert_int_eq(out[3], 5);
				memcpy(&relative, out + 5, 4);
				goes = at + 9 + (uintptr_t)(intptr_t)relative;
			} else {
				ck_assert_int_eq(out[3], 14);
				ck_assert_int_eq(memcmp(out + 4, "\xff\x25\0\0\0\0", 6), 0);
				memcpy(&goes, out + 10, sizeof(goes));
			}
		}
		ck_assert_uint_eq(goes, target);
	}
}
END_TEST

int main(void)
{
	static char names[512][80];
	Suite *suite = suite_create("moved");
	int n = (int)(forms_end - forms) * 2;

	for (int i = 0; i < n; i++) {
		int far = i % 2, refused = (far ? form_of(i)->why_far : form_of(i)->why) != REFUSED_NOT;
		TCase *c;

		snprintf(names[i], sizeof(names[i]), "%s_is_%s%s", form_of(i)->name, refused ? "refused" : "moved",
			 far ? "_out_of_reach" : "");
		c = tcase_create(names[i]);
		tcase_add_loop_test(c, form_is_moved, i, i + 1);
		tcase_set_timeout(c, 120); /* as tap.h's: the 4 s that are Check's own are little on a busy machine */
		suite_add_tcase(suite, c);
	}
	TAP_ADD(suite, unknown_sizes_are_searched_for_64_bytes);
	TAP_ADD(suite, padding_ends_where_functions_are_aligned);
	TAP_ADD(suite, branches_reach_the_last_byte);
	return tap_run(suite);
}
