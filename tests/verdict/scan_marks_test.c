/* SPDX-License-Identifier: MIT */
/*
 * scan_marks_test.c - the scan of code, byte by byte: what is a mark, what only looks like one, where it ends.
 */
#include <string.h>
#include <sys/mman.h>

#include "preload/patch/decode.h"
#include "preload/verdict/scan.h"
#include "tests/tap.h"

static struct scan_marks scan_bytes(const char *code, size_t bytes, uint32_t enough)
{
	struct scan_marks m = { { 0 }, { 0 }, 0 };

	scan_code((const uint8_t *)code, bytes, 0x1000, enough, &m);
	return m;
}

#define SCAN(code) scan_bytes(code, sizeof(code) - 1, 0)
#define ck_marks(m, atomic, fence, pause, wait)                                                                              \
	do {                                                                                                                 \
		struct scan_marks have = (m);                                                                                \
		ck_assert_uint_eq(have.count[SCAN_ATOMIC], atomic);                                                          \
		ck_assert_uint_eq(have.count[SCAN_FENCE], fence);                                                            \
		ck_assert_uint_eq(have.count[SCAN_PAUSE], pause);                                                            \
		ck_assert_uint_eq(have.count[SCAN_WAIT], wait);                                                              \
	} while (0)

START_TEST(locked_instructions_are_marks)
{
	ck_marks(SCAN("\xf0\x48\x0f\xb1\x0f"), 1, 0, 0, 0);	     /* lock cmpxchg */
	ck_marks(SCAN("\xf0\x0f\xc1\x07"), 1, 0, 0, 0);		     /* lock xadd */
	ck_marks(SCAN("\xf0\x83\x0c\x24\x00"), 1, 0, 0, 0);	     /* lock orl $0, (%rsp) */
	ck_marks(SCAN("\x66\xf0\x0f\xb1\x0f"), 1, 0, 0, 0);	     /* data16 before it */
	ck_marks(SCAN("\xf0\xff\x08\xf0\xff\x00"), 2, 0, 0, 0);	     /* lock decl, lock incl */
	ck_marks(SCAN("\x64\xf0\xff\x04\x25\0\0\0\0"), 1, 0, 0, 0);  /* in a segment */
	ck_marks(SCAN("\xf0\x48\x0f\xc7\x4f\x10"), 1, 0, 0, 0);	     /* lock cmpxchg16b */
}
END_TEST

START_TEST(an_exchange_with_memory_is_a_mark_and_one_of_registers_is_none)
{
	struct scan_marks m = SCAN("\x90\x87\x07\x48\x87\x06\x86\x0f");

	ck_marks(m, 3, 0, 0, 0);
	ck_assert_uint_eq(m.exchanges, 3);
	ck_assert_uint_eq(m.first[SCAN_ATOMIC], 0x1001);
	ck_marks(SCAN("\x87\xc3\x48\x87\xd8\x86\xc4\x90"), 0, 0, 0, 0);
	m = SCAN("\xf0\x87\x07"); /* with a prefix it counts once, and as a locked one */
	ck_marks(m, 1, 0, 0, 0);
	ck_assert_uint_eq(m.exchanges, 0);
}
END_TEST

START_TEST(mfence_and_pause_are_marks_and_the_other_fences_are_none)
{
	ck_marks(SCAN("\x0f\xae\xf0\xc3"), 0, 1, 0, 0);
	ck_marks(SCAN("\x0f\xae\xe8\x0f\xae\xf8\xc3"), 0, 0, 0, 0);
	ck_marks(SCAN("\xf3\x0f\xae\xf0\xc3"), 0, 0, 0, 0); /* umonitor */
	ck_marks(SCAN("\xf3\x90\xc3"), 0, 0, 1, 0);
	ck_marks(SCAN("\x90\x90\xc3"), 0, 0, 0, 0);
}
END_TEST

START_TEST(constants_and_displacements_are_no_marks)
{
	ck_marks(SCAN("\x48\xb8\xf0\x0f\xb1\x0f\xf3\x90\x87\x07\xc3"), 0, 0, 0, 0); /* movabs */
	ck_marks(SCAN("\xb8\x0f\xae\xf0\x90\xc3"), 0, 0, 0, 0);
	ck_marks(SCAN("\x8b\x80\xf0\xff\x08\x00\xc3"), 0, 0, 0, 0);		     /* 0x8fff0(%rax) */
	ck_marks(SCAN("\xc7\x05\xf3\x90\xf0\xff\x87\x07\x00\x00\xc3"), 0, 0, 0, 0);  /* movl $, disp(%rip) */
	ck_marks(SCAN("\x0f\x87\x02\x00\x00\x00\x90\x90\xc3"), 0, 0, 0, 0);	     /* ja */
	ck_marks(SCAN("\xc4\xe3\x71\x0f\xc0\xf0\xff\xc8\xc3"), 0, 0, 0, 0);	     /* vpalignr $0xf0; dec */
	ck_marks(SCAN("\x62\xf1\x7c\x48\x10\x87\x07\xf0\xff\x08\xc3"), 0, 0, 0, 0);  /* vmovups disp32, zmm0 */
	ck_marks(SCAN("\x48\xb8\x8b\x03\x85\xc0\x74\xfa\xc3\x90\xc3"), 0, 0, 0, 0); /* movabs of a loop */
}
END_TEST

START_TEST(a_loop_that_reads_one_place_is_a_mark)
{
	struct scan_marks m = SCAN("\x90\x8b\x03\x85\xc0\x74\xfa\xc3"); /* mov (%rbx), %eax; test; je */

	ck_marks(m, 0, 0, 0, 1);
	ck_assert_uint_eq(m.first[SCAN_WAIT], 0x1005);
	ck_marks(SCAN("\x83\x3d\0\0\0\0\0\x74\xf7\xc3"), 0, 0, 0, 1);	       /* cmpl $0, flag(%rip); je */
	ck_marks(SCAN("\x80\x3f\x00\x74\xfb\xc3"), 0, 0, 0, 1);		       /* cmpb $0, (%rdi); je */
	ck_marks(SCAN("\xf6\x07\x04\x74\xfb\xc3"), 0, 0, 0, 1);		       /* testb $4, (%rdi); je */
	ck_marks(SCAN("\xf3\x90\x8b\x03\x85\xc0\x74\xf8\xc3"), 0, 0, 1, 1);    /* with pause */
	ck_marks(SCAN("\x39\x37\x75\xfc\xc3"), 0, 0, 0, 1);		       /* cmp %esi, (%rdi); jne */
	ck_marks(SCAN("\x48\x8b\x47\x08\x8b\x00\x85\xc0\x74\xf6\xc3"), 0, 0, 0, 1); /* behind a pointer */
	ck_marks(SCAN("\x83\x7d\xfc\x00\x74\xfa\xc3"), 0, 0, 0, 1); /* a variable of the frame */
}
END_TEST

START_TEST(a_loop_that_gets_on_by_itself_is_none)
{
	ck_marks(SCAN("\x48\x8b\x00\x48\x85\xc0\x75\xf8\xc3"), 0, 0, 0, 0);	   /* mov (%rax), %rax: a list */
	ck_marks(SCAN("\xff\xc1\x39\x0f\x75\xfa\xc3"), 0, 0, 0, 0);		   /* inc; cmp (%rdi): counts */
	ck_marks(SCAN("\x8b\x03\x89\x06\x85\xc0\x74\xf8\xc3"), 0, 0, 0, 0);	   /* stores */
	ck_marks(SCAN("\x8b\x03\x85\xc0\x0f\x05\x74\xf8\xc3"), 0, 0, 0, 0);	   /* system call */
	ck_marks(SCAN("\x8b\x03\xe8\0\0\0\0\x85\xc0\x74\xf5\xc3"), 0, 0, 0, 0);	   /* call */
	ck_marks(SCAN("\x50\x8b\x03\x85\xc0\x74\xf9\xc3"), 0, 0, 0, 0);		   /* push */
	ck_marks(SCAN("\x80\x38\x00\x48\x8d\x40\x01\x75\xf7\xc3"), 0, 0, 0, 0);	   /* cmpb (%rax); lea 1(%rax): strlen */
	ck_marks(SCAN("\x83\x45\xfc\x01\x83\x7d\xfc\x09\x7e\xf6\xc3"), 0, 0, 0, 0); /* addl $1, -4(%rbp); cmpl */
	ck_marks(SCAN("\x0f\x31\x3b\x07\x72\xfa\xc3"), 0, 0, 0, 0);		   /* rdtsc; cmp (%rdi): a delay */
	ck_marks(SCAN("\x8b\x03\x85\xd2\x74\xfa\xc3"), 0, 0, 0, 0); /* tests what no round changes */
	ck_marks(SCAN("\x8b\x03\xeb\xfc\xc3"), 0, 0, 0, 0);	    /* never ends */
	ck_marks(SCAN("\x85\xc0\x74\xfc\xc3"), 0, 0, 0, 0);	    /* reads nothing */
	ck_marks(SCAN("\x8b\x03\x85\xc0\x74\x06\x8b\x4b\x44\x85\xc9\x74\xf3\xc3"), 0, 0, 0, 0); /* two places */
}
END_TEST

START_TEST(it_stops_when_there_are_enough)
{
	char many[300];
	struct scan_marks m;

	for (unsigned i = 0; i < 100; i++)
		memcpy(many + 3 * i, "\xf0\xff\x08", 3);
	m = scan_bytes(many, sizeof(many), 7);
	ck_assert_uint_eq(m.count[SCAN_ATOMIC], 7);
	m = scan_bytes(many, sizeof(many), 0);
	ck_assert_uint_eq(m.count[SCAN_ATOMIC], 100);
	ck_assert_uint_eq(m.first[SCAN_ATOMIC], 0x1000);
}
END_TEST

START_TEST(marks_add_up)
{
	struct scan_marks m = { { 0 }, { 0 }, 0 };

	scan_code((const uint8_t *)"\xf3\x90\xc3", 3, 0x10, 0, &m);
	scan_code((const uint8_t *)"\xf3\x90\xc3", 3, 0x20, 0, &m);
	ck_assert_uint_eq(m.count[SCAN_PAUSE], 2);
	ck_assert_uint_eq(m.first[SCAN_PAUSE], 0x10);
}
END_TEST

/* All bytes and all lengths up to the end of a page behind which nothing can be read, and before which nothing. */
START_TEST(nothing_outside_of_the_piece_is_read)
{
	uint8_t *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t seed = 1;

	ck_assert(pages != MAP_FAILED);
	ck_assert(mprotect(pages, 4096, PROT_NONE) == 0 && mprotect(pages + 2 * 4096, 4096, PROT_NONE) == 0);
	for (unsigned round = 0; round < 400; round++) {
		struct scan_marks m = { { 0 }, { 0 }, 0 };

		for (unsigned i = 0; i < 4096; i++) {
			static const uint8_t likely[] = { 0xf0, 0x0f, 0xae, 0x87, 0xe9, 0xff, 0x74, 0xfa, 0xeb, 0xf3, 0x8b, 0x85, 0x66, 0xc4, 0x62, 0x48 };

			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			pages[4096 + i] = seed >> 63 ? (uint8_t)(seed >> 33) : likely[seed >> 40 & 15];
		}
		for (unsigned n = 0; n < 40; n++) {
			scan_code(pages + 2 * 4096 - n, n, 0, 0, &m);
			scan_code(pages + 4096, n, 0, 0, &m);
			insn_length(pages + 2 * 4096 - n, pages + 2 * 4096);
			scan_call_waits(pages + 2 * 4096 - n, pages + 4096, pages + 2 * 4096);
			scan_call_waits(pages + 4096 + n, pages + 4096, pages + 2 * 4096);
		}
		scan_code(pages + 4096, 4096, 0, 0, &m);
	}
	munmap(pages, 3 * 4096);
}
END_TEST

START_TEST(behind_what_is_no_code_the_walk_finds_its_way_back)
{
	/* 06 is no instruction; then some that are known, then a mark. */
	ck_marks(SCAN("\x06\x90\x90\x90\x90\xf0\xff\x08\xc3"), 1, 0, 0, 0);
	ck_marks(SCAN("\x06\xf0\xff\x08\xc3"), 0, 0, 0, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scan");

	TAP_ADD(s, locked_instructions_are_marks);
	TAP_ADD(s, an_exchange_with_memory_is_a_mark_and_one_of_registers_is_none);
	TAP_ADD(s, mfence_and_pause_are_marks_and_the_other_fences_are_none);
	TAP_ADD(s, constants_and_displacements_are_no_marks);
	TAP_ADD(s, a_loop_that_reads_one_place_is_a_mark);
	TAP_ADD(s, a_loop_that_gets_on_by_itself_is_none);
	TAP_ADD(s, it_stops_when_there_are_enough);
	TAP_ADD(s, marks_add_up);
	TAP_ADD(s, nothing_outside_of_the_piece_is_read);
	TAP_ADD(s, behind_what_is_no_code_the_walk_finds_its_way_back);
	return tap_run(s);
}
