/* SPDX-License-Identifier: MIT */
/*
 * compound.c - check, then act: which write of another thread makes a look-up stale, and which does not.
 *
 * Locks are logical: hold() takes the mutex, does one operation and gives it back.
 */
#include "preload/engine/compound.h"
#include "preload/engine/record.h"
#include "rig.h"

#include "tests/tap.h"

#define K 77

static void begin(int small)
{
	compound_stop();
	rig_begin(small);
	compound_start();
	for (unsigned t = 1; t < 8; t++)
		rig_start(T0, t);
}

static void lock(unsigned t, uintptr_t obj)
{
	lock_held(&rig_threads[t], obj, LOCK_MUTEX, 0);
	sync_acquire_alone(&rig_threads[t], obj);
}

static void unlock(unsigned t, uintptr_t obj)
{
	lock_dropped(&rig_threads[t], obj);
	sync_release(&rig_threads[t], obj);
}

static void touch(unsigned t, enum rig_op op, uintptr_t map, uintptr_t key)
{
	struct race_touch touch = { &rig_ops[op], map, key, RACE_NO_BUCKET, NULL };
	struct race_op_open open;

	op_enter(&rig_threads[t], &touch, &open);
	op_exit(&rig_threads[t], &open);
}

static void hold(unsigned t, enum rig_op op, uintptr_t map, uintptr_t key)
{
	lock(t, MUTEX);
	touch(t, op, map, key);
	unlock(t, MUTEX);
}

static void found(unsigned t, enum rig_op op, uintptr_t key, int was_there)
{
	struct race_touch touch = { &rig_ops[op], MAP, key, RACE_NO_BUCKET, NULL };

	compound_looked(&rig_threads[t], &touch, was_there, 0);
}

static int is_torn(enum record_compound what)
{
	return rig_found == 1 && rig_last.kind == FOUND_CHECK_THEN_ACT && rig_last.compound == what;
}

START_TEST(a_write_between_look_up_and_insertion_tears)
{
	begin(0);
	hold(T1, OP_KLOOK, MAP, K);
	hold(T2, OP_KINSERT, MAP, K);
	ck_assert_uint_eq(rig_found, 0);
	hold(T1, OP_KINSERT, MAP, K);
	ck_assert(is_torn(COMPOUND_INSERT));
	ck_assert_uint_eq(rig_last.now.thread, 1);
	ck_assert_uint_eq(rig_last.before.thread, 2);
	ck_assert_int_eq(rig_last.verdict, VERDICT_CERTAIN);
	ck_assert_ptr_eq(engine_stack_op(rig_last.checked_stack), &rig_ops[OP_KLOOK]);
	ck_assert_ptr_eq(engine_stack_op(word_stack(rig_last.before.word)), &rig_ops[OP_KINSERT]);
	ck_assert_uint_eq(rig_last.before.nlocks, 1);
	ck_assert(rig_last.before.write && rig_last.now.write && rig_last.map == MAP);
}
END_TEST

START_TEST(removals_and_changes_are_acts_and_tear)
{
	static const struct {
		enum rig_op op;
		enum record_compound what;
	} acts[] = { { OP_KINSERT, COMPOUND_INSERT }, { OP_KREMOVE, COMPOUND_REMOVE }, { OP_KUPDATE, COMPOUND_UPDATE } };

	for (unsigned i = 0; i < 9; i++) {
		begin(0);
		hold(T1, OP_KLOOK, MAP, K);
		hold(T2, acts[i / 3].op, MAP, K);
		hold(T1, acts[i % 3].op, MAP, K);
		ck_assert(is_torn(acts[i % 3].what));
	}
}
END_TEST

START_TEST(the_last_look_up_counts)
{
	begin(0);
	hold(T1, OP_KLOOK, MAP, K);
	hold(T2, OP_KINSERT, MAP, K);
	hold(T1, OP_KLOOK, MAP, K);
	hold(T1, OP_KINSERT, MAP, K);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(an_act_uses_its_look_up_up)
{
	begin(0);
	hold(T1, OP_KLOOK, MAP, K);
	hold(T1, OP_KINSERT, MAP, K);
	hold(T2, OP_KUPDATE, MAP, K);
	hold(T1, OP_KREMOVE, MAP, K);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(what_is_told_once_is_not_told_again)
{
	begin(0);
	hold(T1, OP_KLOOK, MAP, K);
	hold(T2, OP_KINSERT, MAP, K);
	hold(T1, OP_KINSERT, MAP, K);
	hold(T1, OP_KINSERT, MAP, K);
	ck_assert_uint_eq(rig_found, 1);
}
END_TEST

START_TEST(other_keys_and_other_maps_do_not_matter)
{
	begin(0);
	hold(T1, OP_KLOOK, MAP, K);
	hold(T2, OP_KINSERT, MAP, K + 1);
	hold(T2, OP_KINSERT, MAP2, K);
	hold(T1, OP_KINSERT, MAP, K);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(a_write_before_the_look_up_or_by_the_same_thread_does_not_tear)
{
	begin(0);
	hold(T2, OP_KINSERT, MAP, K);
	hold(T1, OP_KLOOK, MAP, K);
	hold(T1, OP_KUPDATE, MAP, K);
	hold(T1, OP_KREMOVE, MAP, K);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(strings_are_compared_as_texts)
{
	char one[] = "the same text, longer than a note of an access has room for, 1";
	char two[] = "the same text, longer than a note of an access has room for, 1";
	char three[] = "the same text, longer than a note of an access has room for, 2";

	begin(0);
	hold(T1, OP_KLOOK_S, MAP, (uintptr_t)one);
	hold(T2, OP_KINSERT_S, MAP, (uintptr_t)three);
	hold(T1, OP_KINSERT_S, MAP, (uintptr_t)one);
	ck_assert_uint_eq(rig_found, 0);
	hold(T1, OP_KLOOK_S, MAP, (uintptr_t)one);
	hold(T2, OP_KINSERT_S, MAP, (uintptr_t)two);
	hold(T1, OP_KINSERT_S, MAP, (uintptr_t)one);
	ck_assert(is_torn(COMPOUND_INSERT));
}
END_TEST

START_TEST(calls_in_no_order_are_data_races_only)
{
	begin(0);
	lock(T1, MUTEX);
	touch(T1, OP_KLOOK, MAP, K);
	unlock(T1, MUTEX);
	lock(T2, MUTEX2);
	touch(T2, OP_KINSERT, MAP, K); /* races with the look-up */
	unlock(T2, MUTEX2);
	ck_assert(rig_found == 1 && rig_last.kind == FOUND_RACE);
	lock(T1, MUTEX2);
	touch(T1, OP_KINSERT, MAP, K); /* after it */
	unlock(T1, MUTEX2);
	ck_assert(rig_found == 1);
	hold(T1, OP_KLOOK, MAP, K);
	hold(T2, OP_KINSERT, MAP, K);
	lock(T1, MUTEX2);
	touch(T1, OP_KINSERT, MAP, K); /* races with the write */
	unlock(T1, MUTEX2);
	ck_assert(rig_found == 2 && rig_last.kind == FOUND_RACE);
}
END_TEST

START_TEST(a_removal_tears_no_look_up_that_found_nothing)
{
	begin(0);
	hold(T1, OP_KLOOK, MAP, K);
	found(T1, OP_KLOOK, K, 0);
	hold(T2, OP_KREMOVE, MAP, K);
	hold(T1, OP_KINSERT, MAP, K);
	ck_assert_uint_eq(rig_found, 0);
	hold(T1, OP_KLOOK, MAP, K);
	found(T1, OP_KLOOK, K, 1);
	hold(T2, OP_KREMOVE, MAP, K);
	hold(T1, OP_KINSERT, MAP, K);
	ck_assert(is_torn(COMPOUND_INSERT));
}
END_TEST

START_TEST(an_insertion_that_looks_for_itself_neither_acts_nor_tears)
{
	begin(0);
	hold(T1, OP_KLOOK, MAP, K);
	hold(T2, OP_KINSERT, MAP, K);
	hold(T1, OP_KABSENT, MAP, K);
	hold(T1, OP_KLOOK, MAP, K);
	hold(T2, OP_KABSENT, MAP, K);
	hold(T1, OP_KREMOVE, MAP, K);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(keys_that_cannot_be_told_apart_are_not_tracked)
{
	begin(0);
	hold(T1, OP_KLOOK, MAP, K);
	hold(T2, OP_KUNTOLD, MAP, K);
	hold(T1, OP_KINSERT, MAP, K);
	hold(T1, OP_READ, MAP, K);
	hold(T2, OP_WRITE, MAP, K);
	hold(T1, OP_WRITE, MAP, K);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(a_look_up_far_back_is_forgotten)
{
	for (unsigned others = 14; others < 18; others++) {
		begin(0);
		hold(T1, OP_KLOOK, MAP, K);
		hold(T2, OP_KINSERT, MAP, K);
		for (unsigned i = 0; i < others; i++)
			hold(T1, OP_KLOOK, MAP, K + 1 + i);
		hold(T1, OP_KINSERT, MAP, K);
		ck_assert_uint_eq(rig_found, others <= 15);
	}
}
END_TEST

START_TEST(a_new_map_at_the_address_has_no_past)
{
	struct step renew = { T2, CREATE, MAP, 0 };

	begin(0);
	hold(T1, OP_KLOOK, MAP, K);
	hold(T2, OP_KINSERT, MAP, K);
	rig_step(&renew, 1);
	hold(T1, OP_KINSERT, MAP, K);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(calls_on_a_concurrent_map_need_no_order)
{
	begin(0);
	touch(T1, OP_KLOOK_C, MAP, K);
	touch(T2, OP_KINSERT_C, MAP, K);
	touch(T1, OP_KINSERT_C, MAP, K);
	ck_assert(is_torn(COMPOUND_INSERT));
	touch(T1, OP_KLOOK_C, MAP, K);
	touch(T1, OP_KINSERT_C, MAP, K);
	ck_assert_uint_eq(rig_found, 1);
}
END_TEST

/* A write that is going on while the look-up or the act is, may come before the one or after the other. */
START_TEST(a_write_beside_a_call_on_a_concurrent_map_does_not_tear)
{
	struct race_touch look = { &rig_ops[OP_KLOOK_C], MAP, K, RACE_NO_BUCKET, NULL };
	struct race_touch write = { &rig_ops[OP_KINSERT_C], MAP, K, RACE_NO_BUCKET, NULL };
	struct race_op_open one, two;

	begin(0);
	op_enter(&rig_threads[T1], &look, &one);
	touch(T2, OP_KINSERT_C, MAP, K);
	op_exit(&rig_threads[T1], &one);
	touch(T1, OP_KINSERT_C, MAP, K);
	ck_assert_uint_eq(rig_found, 0);

	touch(T1, OP_KLOOK_C, MAP, K);
	op_enter(&rig_threads[T2], &write, &two);
	touch(T1, OP_KINSERT_C, MAP, K);
	op_exit(&rig_threads[T2], &two);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(a_forked_child_starts_without_look_ups)
{
	begin(0);
	hold(T1, OP_KLOOK, MAP, K);
	hold(T2, OP_KINSERT, MAP, K);
	engine_lock_all();
	engine_forked(&rig_threads[T1]);
	rig_start(T1, T3);
	hold(T1, OP_KINSERT, MAP, K);
	ck_assert_uint_eq(rig_found, 0);
	hold(T1, OP_KLOOK, MAP, K);
	hold(T3, OP_KINSERT, MAP, K);
	hold(T1, OP_KINSERT, MAP, K);
	ck_assert(is_torn(COMPOUND_INSERT));
}
END_TEST

START_TEST(a_full_table_forgets_and_invents_nothing)
{
	begin(1);
	for (unsigned i = 0; i < 200; i++) {
		hold(T1 + i % 7, OP_KLOOK, MAP, i % 50);
		hold(T1 + i % 7, OP_KINSERT, MAP, i % 50);
	}
	ck_assert_uint_eq(rig_found, 0);
	ck_assert_uint_gt(race_counters[COUNT_KEY_NO_ROOM], 0);
	hold(T1, OP_KLOOK, MAP, K);
	hold(T2, OP_KINSERT, MAP, K);
	hold(T1, OP_KINSERT, MAP, K);
	ck_assert(is_torn(COMPOUND_INSERT));
}
END_TEST

START_TEST(nothing_is_tracked_before_the_start)
{
	compound_stop();
	rig_begin(0);
	rig_start(T0, T1);
	rig_start(T0, T2);
	hold(T1, OP_KLOOK, MAP, K);
	hold(T2, OP_KINSERT, MAP, K);
	hold(T1, OP_KINSERT, MAP, K);
	ck_assert_uint_eq(rig_found, 0);
	ck_assert_uint_eq(rig_threads[T1].looks, 0);
	compound_start(); /* also with threads running */
	hold(T1, OP_KLOOK, MAP, K);
	hold(T2, OP_KINSERT, MAP, K);
	hold(T1, OP_KINSERT, MAP, K);
	ck_assert(is_torn(COMPOUND_INSERT));
}
END_TEST

/* ---- values ----------------------------------------------------------------------------------------------------------- */

#define BLOCK 0x700000
#define FREES (&rig_ops[OP_KREMOVE])

static void value(unsigned t, uintptr_t block)
{
	hold(t, OP_KLOOK, MAP, K);
	compound_value(&rig_threads[t], &rig_ops[OP_KLOOK], MAP, block, NULL);
}

static uintptr_t freed(unsigned t, uintptr_t block)
{
	return compound_free(&rig_threads[t], FREES, block, NULL);
}

START_TEST(a_value_that_another_thread_freed_is_kept_and_its_use_told)
{
	begin(0);
	value(T1, BLOCK);
	ck_assert(race_values && compound_knows(BLOCK) && !compound_knows(BLOCK + 64));
	ck_assert_uint_eq(freed(T2, BLOCK), 0);
	ck_assert_uint_eq(rig_found, 0);
	ck_assert_uint_eq(freed(T1, BLOCK), BLOCK); /* free now, once */
	ck_assert(is_torn(COMPOUND_VALUE_FREED));
	ck_assert(rig_last.now.thread == 1 && rig_last.before.thread == 2 && rig_last.map == MAP);
	ck_assert_uint_eq(freed(T1, BLOCK), BLOCK);
	ck_assert_uint_eq(rig_found, 1);
}
END_TEST

START_TEST(as_a_map_it_is_told_once)
{
	begin(0);
	value(T1, BLOCK);
	freed(T2, BLOCK);
	touch(T3, OP_READ, BLOCK, 0); /* who has not looked it up */
	ck_assert_uint_eq(rig_found, 0);
	touch(T1, OP_READ, BLOCK, 0);
	ck_assert(is_torn(COMPOUND_VALUE_FREED));
	touch(T1, OP_READ, BLOCK, 0);
	ck_assert_uint_eq(rig_found, 1);
}
END_TEST

START_TEST(a_pointer_that_is_a_key_by_itself_is_no_use)
{
	begin(0);
	value(T1, BLOCK);
	freed(T2, BLOCK);
	touch(T1, OP_KLOOK, MAP2, BLOCK);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(the_owner_may_free_and_look_up_again)
{
	begin(0);
	value(T1, BLOCK);
	ck_assert_uint_eq(freed(T1, BLOCK), BLOCK);
	ck_assert(!compound_knows(BLOCK));
	value(T1, BLOCK);
	freed(T2, BLOCK);
	value(T1, BLOCK);
	touch(T1, OP_READ, BLOCK, 0);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(a_block_kept_long_enough_is_given_back_and_forgotten)
{
	uintptr_t back = 0;
	unsigned n = 0;

	begin(0);
	value(T1, BLOCK);
	ck_assert_uint_eq(freed(T2, BLOCK), 0);
	while (!back && n++ < 1000) {
		value(T1, BLOCK + 64 * n);
		back = freed(T2, BLOCK + 64 * n);
	}
	ck_assert_uint_eq(back, BLOCK);
	ck_assert_uint_eq(n, 64);
	ck_assert(!compound_knows(BLOCK));
	freed(T1, BLOCK);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(a_resize_is_a_use)
{
	begin(0);
	value(T1, BLOCK);
	freed(T2, BLOCK);
	compound_resize(&rig_threads[T1], FREES, BLOCK, NULL);
	ck_assert(is_torn(COMPOUND_VALUE_FREED));
	ck_assert(!compound_knows(BLOCK)); /* and no longer kept */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("compound");

	TAP_ADD(s, a_write_between_look_up_and_insertion_tears);
	TAP_ADD(s, removals_and_changes_are_acts_and_tear);
	TAP_ADD(s, the_last_look_up_counts);
	TAP_ADD(s, an_act_uses_its_look_up_up);
	TAP_ADD(s, what_is_told_once_is_not_told_again);
	TAP_ADD(s, other_keys_and_other_maps_do_not_matter);
	TAP_ADD(s, a_write_before_the_look_up_or_by_the_same_thread_does_not_tear);
	TAP_ADD(s, strings_are_compared_as_texts);
	TAP_ADD(s, calls_in_no_order_are_data_races_only);
	TAP_ADD(s, a_removal_tears_no_look_up_that_found_nothing);
	TAP_ADD(s, an_insertion_that_looks_for_itself_neither_acts_nor_tears);
	TAP_ADD(s, keys_that_cannot_be_told_apart_are_not_tracked);
	TAP_ADD(s, a_look_up_far_back_is_forgotten);
	TAP_ADD(s, a_new_map_at_the_address_has_no_past);
	TAP_ADD(s, calls_on_a_concurrent_map_need_no_order);
	TAP_ADD(s, a_write_beside_a_call_on_a_concurrent_map_does_not_tear);
	TAP_ADD(s, a_forked_child_starts_without_look_ups);
	TAP_ADD(s, a_full_table_forgets_and_invents_nothing);
	TAP_ADD(s, nothing_is_tracked_before_the_start);
	TAP_ADD(s, a_value_that_another_thread_freed_is_kept_and_its_use_told);
	TAP_ADD(s, as_a_map_it_is_told_once);
	TAP_ADD(s, a_pointer_that_is_a_key_by_itself_is_no_use);
	TAP_ADD(s, the_owner_may_free_and_look_up_again);
	TAP_ADD(s, a_block_kept_long_enough_is_given_back_and_forgotten);
	TAP_ADD(s, a_resize_is_a_use);
	return tap_run(s);
}
