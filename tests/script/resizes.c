/* SPDX-License-Identifier: MIT */
/*
 * resizes.c - which resize belongs to which race: maps whose number of buckets the test sets.
 *
 * Logical threads have made-up stacks; all of one's operations are made from the same frame.
 */
#include "rig.h"
#include "tests/tap.h"

#define LOCK_AT 0x1000

static uintptr_t stacks[T5][64];

static void enter(unsigned t, enum rig_op op, struct race_op_open *open)
{
	struct race_touch touch = { &rig_ops[op], MAP, 0, RACE_NO_BUCKET, &stacks[t][32] };

	op_enter(&rig_threads[t], &touch, open);
}

static void leave(unsigned t, struct race_op_open *open)
{
	op_exit(&rig_threads[t], open);
}

static void touch(unsigned t, enum rig_op op)
{
	struct race_op_open open;

	enter(t, op, &open);
	leave(t, &open);
}

/* A write inside which the map gets another number of buckets. */
static void resize(unsigned t, long to)
{
	struct race_op_open open;

	enter(t, OP_SWRITE, &open);
	rig_capacity = to;
	rig_entries = 12;
	leave(t, &open);
}

static void lock(unsigned t)
{
	sync_acquire(&rig_threads[t], LOCK_AT);
}

static void unlock(unsigned t)
{
	sync_release(&rig_threads[t], LOCK_AT);
}

static void start(unsigned t)
{
	rig_start(T0, t);
	rig_threads[t].stack_lo = (uintptr_t)stacks[t];
	rig_threads[t].stack_hi = (uintptr_t)&stacks[t][64];
}

static void begin(void)
{
	rig_begin(0);
	start(T1);
	start(T2);
	rig_capacity = 8;
	rig_entries = 3;
	rig_asked = 0;
}

#define FOUND(n, what, from, to)                                                                                     \
	do {                                                                                                         \
		ck_assert_uint_eq(rig_found, n);                                                                     \
		ck_assert_int_eq(rig_last.verdict, what);                                                            \
		ck_assert_uint_eq(rig_last.resize_from, from);                                                       \
		ck_assert_uint_eq(rig_last.resize_to, to);                                                           \
	} while (0)

START_TEST(a_read_after_an_unordered_resize_says_so)
{
	begin();
	resize(T1, 16);
	touch(T2, OP_SREAD);
	FOUND(1, VERDICT_LIKELY, 8, 16);
	ck_assert_int_eq(rig_last.resize_entries, 12);
}
END_TEST

START_TEST(a_read_after_an_ordered_resize_is_silent)
{
	begin();
	lock(T1);
	resize(T1, 16);
	unlock(T1);
	lock(T2);
	touch(T2, OP_SREAD);
	unlock(T2);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(a_write_that_resizes_nothing_says_nothing)
{
	begin();
	touch(T1, OP_SWRITE);
	touch(T2, OP_SREAD);
	FOUND(1, VERDICT_LIKELY, 0, 0);
}
END_TEST

START_TEST(a_resize_of_an_earlier_write_says_nothing)
{
	begin();
	lock(T1);
	resize(T1, 16);
	unlock(T1);
	touch(T1, OP_SWRITE); /* another epoch */
	touch(T2, OP_SREAD);
	FOUND(1, VERDICT_LIKELY, 0, 0);
}
END_TEST

START_TEST(a_read_before_the_write_that_resizes_says_nothing)
{
	begin();
	touch(T2, OP_SREAD);
	resize(T1, 16); /* found when it came, before it did anything */
	FOUND(1, VERDICT_LIKELY, 0, 0);
}
END_TEST

START_TEST(the_resize_that_an_inlined_caller_makes_after_the_call_is_told)
{
	begin();
	touch(T1, OP_SWRITE);
	rig_capacity = 16;
	touch(T2, OP_SREAD);
	FOUND(1, VERDICT_LIKELY, 8, 16);
	touch(T1, OP_SWRITE); /* the same epoch: it is T1's own resize that it finds */
	rig_found = 0;
	start(T3);
	touch(T3, OP_SREAD);
	FOUND(1, VERDICT_LIKELY, 8, 16);
}
END_TEST

START_TEST(but_not_as_one_of_a_later_writer)
{
	begin();
	lock(T1);
	touch(T1, OP_SWRITE);
	rig_capacity = 16;
	unlock(T1);
	lock(T2);
	touch(T2, OP_SWRITE);
	unlock(T2);
	start(T3);
	touch(T3, OP_SREAD);
	FOUND(1, VERDICT_LIKELY, 0, 0);
}
END_TEST

static void read_while_inside(long capacity)
{
	struct race_op_open open;

	begin();
	enter(T1, OP_SWRITE, &open);
	rig_capacity = capacity;
	touch(T2, OP_SREAD);
	leave(T1, &open);
}

START_TEST(a_reader_that_comes_in_the_middle_of_a_resize_says_so)
{
	read_while_inside(16);
	FOUND(1, VERDICT_CERTAIN, 8, 16);
}
END_TEST

START_TEST(a_reader_that_comes_before_it_does_not)
{
	read_while_inside(8);
	FOUND(1, VERDICT_CERTAIN, 0, 0);
}
END_TEST

START_TEST(nor_one_that_comes_in_a_later_call)
{
	struct race_op_open open;

	begin();
	resize(T1, 16);
	enter(T1, OP_SWRITE, &open); /* the same epoch, the same word */
	touch(T2, OP_SREAD);
	FOUND(1, VERDICT_CERTAIN, 0, 0);
	leave(T1, &open);
}
END_TEST

static void reader_inside(long first, long second)
{
	struct race_op_open open;

	begin();
	lock(T1);
	resize(T1, first);
	unlock(T1);
	lock(T2);
	enter(T2, OP_SREAD, &open);
	resize(T1, second); /* finds the reader, who is not known to be inside still */
	ck_assert_uint_eq(rig_found, 1);
	leave(T2, &open);
}

START_TEST(a_resize_while_a_reader_was_inside_is_told_at_its_end)
{
	reader_inside(16, 32);
	FOUND(2, VERDICT_CERTAIN, 16, 32);
	ck_assert_int_eq(rig_last.before.thread, 1);
}
END_TEST

START_TEST(also_one_that_has_not_ended)
{
	struct race_op_open reader, writer;

	begin();
	enter(T2, OP_SREAD, &reader);
	enter(T1, OP_SWRITE, &writer);
	rig_capacity = 16;
	leave(T2, &reader);
	FOUND(2, VERDICT_CERTAIN, 8, 16);
	leave(T1, &writer);
}
END_TEST

START_TEST(a_resize_before_the_reader_came_is_not)
{
	reader_inside(16, 16);
	FOUND(2, VERDICT_CERTAIN, 0, 0);
}
END_TEST

START_TEST(a_writer_that_was_overtaken_tells_its_own_resize)
{
	struct race_op_open one, other;

	begin();
	enter(T1, OP_SWRITE, &one);
	enter(T2, OP_SWRITE, &other);
	FOUND(1, VERDICT_CERTAIN, 0, 0);
	leave(T2, &other);
	rig_capacity = 16;
	leave(T1, &one);
	FOUND(2, VERDICT_CERTAIN, 8, 16);
	ck_assert_int_eq(rig_last.now.thread, 1);
}
END_TEST

START_TEST(a_new_map_knows_no_resize_of_the_old_one)
{
	begin();
	resize(T1, 16);
	map_create(&rig_threads[T1], &rig_ops[OP_SCREATE], MAP, KEY_NONE, NULL);
	rig_capacity = 8;
	touch(T1, OP_SWRITE);
	touch(T2, OP_SREAD);
	FOUND(1, VERDICT_LIKELY, 0, 0);
}
END_TEST

START_TEST(an_unknown_number_says_nothing)
{
	begin();
	rig_capacity = 0;
	resize(T1, 16);
	touch(T2, OP_SREAD);
	FOUND(1, VERDICT_LIKELY, 0, 0);
}
END_TEST

START_TEST(a_stale_iterator_tells_the_resize)
{
	struct race_touch step = { &rig_ops[OP_SREAD], MAP, 0, RACE_NO_BUCKET, NULL };

	begin();
	touch(T1, OP_SWRITE);
	iterator_start(&rig_threads[T1], 0x900000, MAP);
	resize(T1, 16);
	map_changed(&rig_threads[T1], MAP, 0);
	ck_assert(!iterator_step(&rig_threads[T1], 0x900000, &step));
	FOUND(1, VERDICT_CERTAIN, 8, 16);
	ck_assert_int_eq(rig_last.kind, FOUND_STALE_ITERATOR);
}
END_TEST

START_TEST(only_writers_ask_and_never_of_a_map_that_may_be_gone)
{
	begin();
	touch(T1, OP_SREAD);
	ck_assert_uint_eq(rig_asked, 0);
	touch(T1, OP_SWRITE);
	ck_assert_uint_eq(rig_asked, 2);
	touch(T1, OP_SENDS);
	ck_assert_uint_eq(rig_asked, 3);
	touch(T1, OP_SDESTROY);
	ck_assert_uint_eq(rig_asked, 3);
}
END_TEST

START_TEST(what_may_be_gone_is_not_asked_for_a_report_either)
{
	struct race_op_open one, other;

	begin();
	enter(T1, OP_SENDS, &one);
	enter(T2, OP_SENDS, &other);
	leave(T2, &other);
	ck_assert_uint_eq(rig_found, 1);
	rig_asked = 0;
	leave(T1, &one);
	ck_assert_uint_eq(rig_found, 2);
	ck_assert_uint_eq(rig_asked, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("resizes");

	TAP_ADD(s, a_read_after_an_unordered_resize_says_so);
	TAP_ADD(s, a_read_after_an_ordered_resize_is_silent);
	TAP_ADD(s, a_write_that_resizes_nothing_says_nothing);
	TAP_ADD(s, a_resize_of_an_earlier_write_says_nothing);
	TAP_ADD(s, a_read_before_the_write_that_resizes_says_nothing);
	TAP_ADD(s, the_resize_that_an_inlined_caller_makes_after_the_call_is_told);
	TAP_ADD(s, but_not_as_one_of_a_later_writer);
	TAP_ADD(s, a_reader_that_comes_in_the_middle_of_a_resize_says_so);
	TAP_ADD(s, a_reader_that_comes_before_it_does_not);
	TAP_ADD(s, nor_one_that_comes_in_a_later_call);
	TAP_ADD(s, a_resize_while_a_reader_was_inside_is_told_at_its_end);
	TAP_ADD(s, also_one_that_has_not_ended);
	TAP_ADD(s, a_resize_before_the_reader_came_is_not);
	TAP_ADD(s, a_writer_that_was_overtaken_tells_its_own_resize);
	TAP_ADD(s, a_new_map_knows_no_resize_of_the_old_one);
	TAP_ADD(s, an_unknown_number_says_nothing);
	TAP_ADD(s, a_stale_iterator_tells_the_resize);
	TAP_ADD(s, only_writers_ask_and_never_of_a_map_that_may_be_gone);
	TAP_ADD(s, what_may_be_gone_is_not_asked_for_a_report_either);
	return tap_run(s);
}
