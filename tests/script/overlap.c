/* SPDX-License-Identifier: MIT */
/*
 * overlap.c - two operations inside one map at once, whatever locks were or were not seen; and who must not be accused.
 *
 * Logical threads have made-up stacks: a frame pointer is a number between stack_lo and stack_hi, and a smaller one is a
 * deeper frame. To see overlap alone, the tests hide the lack of order by an edge that the engine does see.
 */
#include "rig.h"

#include "tests/tap.h"

#define STACK_LO 0x5000
#define STACK_HI 0x9000
#define FRAME 0x8000

static struct race_op_open opens[RIG_THREADS][8];
static unsigned depth[RIG_THREADS];

static const uintptr_t *frame_at(uintptr_t at)
{
	return (const uintptr_t *)at;
}

static void begin(void)
{
	rig_begin(0);
	memset(depth, 0, sizeof(depth));
	for (unsigned t = 0; t < 4; t++) {
		if (t)
			rig_start(T0, t);
		rig_threads[t].stack_lo = STACK_LO;
		rig_threads[t].stack_hi = STACK_HI;
	}
}

/* Everything every thread did so far comes before everything that follows, as far as happens-before knows. */
static void order_all(void)
{
	for (unsigned i = 0; i < 4; i++)
		sync_release_join(&rig_threads[i], SEM);
	for (unsigned i = 0; i < 4; i++)
		sync_acquire(&rig_threads[i], SEM);
}

static void enter_at(unsigned t, enum rig_op op, uintptr_t map, uintptr_t frame)
{
	struct race_touch touch = { &rig_ops[op], map, 0, RACE_NO_BUCKET, frame_at(frame) };

	op_enter(&rig_threads[t], &touch, &opens[t][depth[t]++]);
}

static void enter(unsigned t, enum rig_op op)
{
	enter_at(t, op, MAP, FRAME - 0x100 * depth[t]);
}

static void leave(unsigned t)
{
	op_exit(&rig_threads[t], &opens[t][--depth[t]]);
}

START_TEST(a_read_that_meets_a_writer_inside_is_certain)
{
	begin();
	enter(T1, OP_WRITE);
	enter(T2, OP_READ);
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_int_eq(rig_last.verdict, VERDICT_CERTAIN);
	ck_assert_int_eq(rig_last.before.write, 1);
	ck_assert_int_eq(rig_last.before.have_note, 1);
	leave(T2);
	leave(T1);
	ck_assert_uint_eq(rig_found, 1); /* told once */
}
END_TEST

START_TEST(a_read_after_the_writer_left_is_only_likely)
{
	begin();
	enter(T1, OP_WRITE);
	leave(T1);
	enter(T2, OP_READ);
	leave(T2);
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_int_eq(rig_last.verdict, VERDICT_LIKELY);
}
END_TEST

START_TEST(a_write_that_meets_a_writer_inside_is_certain)
{
	begin();
	enter(T1, OP_WRITE);
	enter(T2, OP_WRITE);
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_int_eq(rig_last.verdict, VERDICT_CERTAIN);
	ck_assert_uint_eq(rig_last.before.thread, 1);
	leave(T2);
	ck_assert_uint_eq(rig_found, 1);
	leave(T1); /* finds the other's mark: the same pair the other way round */
	ck_assert_uint_le(rig_found, 2);
	ck_assert_int_eq(cell_find(MAP)->seq & 1, 0);
}
END_TEST

/* The engine takes an edge for granted that is not there (the foreign thread's): overlap still tells. */
START_TEST(overlap_is_found_where_happens_before_sees_an_order)
{
	begin();
	enter(T1, OP_WRITE);
	memset(&rig_threads[T4], 0, sizeof(rig_threads[T4]));
	thread_start(&rig_threads[T4], NULL, 1);
	rig_threads[T4].stack_lo = STACK_LO;
	rig_threads[T4].stack_hi = STACK_HI;
	enter(T4, OP_READ);
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_int_eq(rig_last.verdict, VERDICT_CERTAIN);
	ck_assert_uint_eq(rig_last.before.thread, 1);
	ck_assert_uint_eq(race_counters[COUNT_OVERLAPS], 1);
}
END_TEST

START_TEST(and_not_where_the_writer_has_left)
{
	begin();
	enter(T1, OP_WRITE);
	leave(T1);
	memset(&rig_threads[T4], 0, sizeof(rig_threads[T4]));
	thread_start(&rig_threads[T4], NULL, 1);
	rig_threads[T4].stack_lo = STACK_LO;
	rig_threads[T4].stack_hi = STACK_HI;
	enter(T4, OP_READ);
	leave(T4);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(once_does_not_excuse_an_overlap)
{
	begin();
	rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
	sync_publish_once(&rig_threads[T1], ONCE);
	enter(T1, OP_WRITE);
	sync_publish_once(&rig_threads[T3], ONCE);
	enter(T2, OP_WRITE);
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_int_eq(rig_last.verdict, VERDICT_CERTAIN);
}
END_TEST

START_TEST(a_reader_finds_at_its_exit_who_came_in)
{
	begin();
	rig_touch(T2, OP_READ, MAP, RACE_NO_BUCKET);
	enter(T2, OP_FOREACH);
	/* The writer's own check is silenced, as if it had been lost in the store buffers. */
	order_all();
	rig_threads[T2].releases = opens[T2][0].releases;
	enter(T1, OP_WRITE);
	leave(T1);
	ck_assert_uint_eq(rig_found, 0);
	leave(T2);
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_int_eq(rig_last.verdict, VERDICT_CERTAIN);
	ck_assert_int_eq(rig_last.now.write, 0);
	ck_assert_uint_eq(rig_last.before.thread, 1);
}
END_TEST

START_TEST(an_interval_that_dropped_a_lock_is_not_judged)
{
	begin();
	rig_touch(T2, OP_READ, MAP, RACE_NO_BUCKET);
	enter(T2, OP_FOREACH);
	order_all(); /* the callback's unlock among them */
	enter(T1, OP_WRITE);
	leave(T1);
	leave(T2);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(a_writing_interval_that_dropped_its_lock_lets_others_in)
{
	begin();
	sync_acquire(&rig_threads[T1], MUTEX);
	enter(T1, OP_FOREACH_WRITE);
	sync_release(&rig_threads[T1], MUTEX);
	sync_acquire(&rig_threads[T2], MUTEX);
	enter(T2, OP_WRITE);
	leave(T2);
	sync_release(&rig_threads[T2], MUTEX);
	sync_acquire(&rig_threads[T1], MUTEX);
	leave(T1);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(a_writing_interval_that_kept_its_lock_does_not)
{
	begin();
	sync_acquire(&rig_threads[T1], MUTEX);
	enter(T1, OP_FOREACH_WRITE);
	enter(T2, OP_WRITE);
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_int_eq(rig_last.verdict, VERDICT_CERTAIN);
}
END_TEST

START_TEST(nested_operations_do_not_accuse_themselves)
{
	begin();
	enter(T1, OP_FOREACH_WRITE);
	enter(T1, OP_WRITE);
	enter(T1, OP_READ);
	leave(T1);
	leave(T1);
	ck_assert_int_eq(cell_find(MAP)->seq & 1, 1); /* still inside */
	leave(T1);
	ck_assert_int_eq(cell_find(MAP)->seq & 1, 0);
	enter(T1, OP_FOREACH);
	enter(T1, OP_WRITE);
	leave(T1);
	leave(T1);
	ck_assert_uint_eq(rig_found, 0);
	ck_assert_uint_eq(rig_threads[T1].nopen, 0);
}
END_TEST

START_TEST(a_nested_write_is_still_inside_for_others)
{
	begin();
	enter(T1, OP_FOREACH_WRITE);
	enter(T1, OP_WRITE);
	leave(T1);
	enter(T2, OP_READ);
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_int_eq(rig_last.verdict, VERDICT_CERTAIN);
}
END_TEST

START_TEST(a_writer_left_by_longjmp_is_not_inside_for_ever)
{
	begin();
	enter_at(T1, OP_WRITE, MAP, FRAME);
	depth[T1] = 0; /* longjmp to a frame above; no exit */
	enter_at(T1, OP_READ, MAP2, FRAME + 0x200);
	leave(T1);
	ck_assert_uint_eq(rig_threads[T1].nopen, 0);
	order_all();
	enter(T2, OP_WRITE);
	leave(T2);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(a_writer_with_a_deeper_call_is_still_inside)
{
	begin();
	enter_at(T1, OP_WRITE, MAP, FRAME);
	enter_at(T1, OP_READ, MAP2, FRAME - 0x200);
	leave(T1);
	ck_assert_uint_eq(rig_threads[T1].nopen, 1);
	enter(T2, OP_WRITE);
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_int_eq(rig_last.verdict, VERDICT_CERTAIN);
}
END_TEST

START_TEST(skipped_exits_inside_an_operation_are_closed_by_its_own)
{
	begin();
	enter_at(T1, OP_WRITE, MAP, FRAME);
	enter_at(T1, OP_WRITE, MAP2, FRAME - 0x200);
	depth[T1]--; /* the inner one left by an exception that the outer's callback caught */
	leave(T1);
	ck_assert_uint_eq(rig_threads[T1].nopen, 0);
	ck_assert_int_eq(cell_find(MAP2)->seq & 1, 0);
	ck_assert_int_eq(cell_find(MAP)->seq & 1, 0);
}
END_TEST

START_TEST(operations_on_other_stacks_are_not_tracked)
{
	begin();
	enter_at(T1, OP_WRITE, MAP, STACK_HI + 0x4000);
	ck_assert_uint_eq(rig_threads[T1].nopen, 0);
	ck_assert_ptr_null(opens[T1][0].cell);
	leave(T1);
	order_all();
	/* Nor do they close what is open on the thread's own stack. */
	enter_at(T1, OP_WRITE, MAP, FRAME);
	enter_at(T1, OP_READ, MAP2, STACK_HI + 0x4000);
	leave(T1);
	ck_assert_uint_eq(rig_threads[T1].nopen, 1);
	leave(T1);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(more_nested_writes_than_are_remembered_are_left_out)
{
	begin();
	for (unsigned i = 0; i < RACE_OPEN_OPS; i++)
		enter_at(T1, OP_WRITE, MAP + 64 * i, FRAME - 0x100 * i);
	depth[T1] = 0;
	opens[T1][0].cell = NULL;
	enter_at(T1, OP_WRITE, MAP + 64 * RACE_OPEN_OPS, FRAME - 0x1000);
	ck_assert_ptr_null(opens[T1][0].cell);
	ck_assert_int_eq(cell_find(MAP + 64 * RACE_OPEN_OPS)->seq & 1, 0);
	op_abandon(&rig_threads[T1]);
	for (unsigned i = 0; i < RACE_OPEN_OPS; i++)
		ck_assert_int_eq(cell_find(MAP + 64 * i)->seq & 1, 0);
}
END_TEST

START_TEST(a_thread_that_ends_inside_leaves)
{
	begin();
	enter(T1, OP_WRITE);
	thread_end(&rig_threads[T1], HANDLES);
	ck_assert_int_eq(cell_find(MAP)->seq & 1, 0);
}
END_TEST

START_TEST(a_map_that_dies_inside_accuses_nobody)
{
	begin();
	enter(T1, OP_WRITE);
	memory_forget(MAP, 64);
	map_create(&rig_threads[T2], &rig_ops[OP_CREATE_U], MAP, KEY_NONE, NULL);
	enter(T2, OP_WRITE);
	leave(T1);
	ck_assert_int_eq(cell_find(MAP)->seq & 1, 1); /* T2's */
	leave(T2);
	ck_assert_uint_eq(rig_found, 0);
	ck_assert_int_eq(cell_find(MAP)->seq & 1, 0);
}
END_TEST

START_TEST(a_resize_is_seen_by_bucket_operations)
{
	begin();
	enter_at(T1, OP_BRESIZE, MAP, FRAME);
	enter_at(T2, OP_BWRITE, MAP, FRAME);
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_int_eq(rig_last.verdict, VERDICT_CERTAIN);
}
END_TEST

START_TEST(a_forked_child_does_not_meet_its_parents_writers)
{
	begin();
	enter(T1, OP_WRITE);
	engine_lock_all();
	engine_forked(&rig_threads[T0]);
	rig_start(T0, T4);
	rig_threads[T4].stack_lo = STACK_LO;
	rig_threads[T4].stack_hi = STACK_HI;
	enter(T4, OP_READ);
	leave(T4);
	enter(T4, OP_WRITE);
	leave(T4);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(a_forked_childs_own_operation_goes_on)
{
	begin();
	enter(T0, OP_FOREACH_WRITE);
	engine_lock_all();
	engine_forked(&rig_threads[T0]);
	rig_start(T0, T4); /* a release: the operation is not tracked any more */
	leave(T0);
	ck_assert_int_eq(cell_find(MAP)->seq & 1, 0);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("overlap");

	TAP_ADD(s, a_read_that_meets_a_writer_inside_is_certain);
	TAP_ADD(s, a_read_after_the_writer_left_is_only_likely);
	TAP_ADD(s, a_write_that_meets_a_writer_inside_is_certain);
	TAP_ADD(s, overlap_is_found_where_happens_before_sees_an_order);
	TAP_ADD(s, and_not_where_the_writer_has_left);
	TAP_ADD(s, once_does_not_excuse_an_overlap);
	TAP_ADD(s, a_reader_finds_at_its_exit_who_came_in);
	TAP_ADD(s, an_interval_that_dropped_a_lock_is_not_judged);
	TAP_ADD(s, a_writing_interval_that_dropped_its_lock_lets_others_in);
	TAP_ADD(s, a_writing_interval_that_kept_its_lock_does_not);
	TAP_ADD(s, nested_operations_do_not_accuse_themselves);
	TAP_ADD(s, a_nested_write_is_still_inside_for_others);
	TAP_ADD(s, a_writer_left_by_longjmp_is_not_inside_for_ever);
	TAP_ADD(s, a_writer_with_a_deeper_call_is_still_inside);
	TAP_ADD(s, skipped_exits_inside_an_operation_are_closed_by_its_own);
	TAP_ADD(s, operations_on_other_stacks_are_not_tracked);
	TAP_ADD(s, more_nested_writes_than_are_remembered_are_left_out);
	TAP_ADD(s, a_thread_that_ends_inside_leaves);
	TAP_ADD(s, a_map_that_dies_inside_accuses_nobody);
	TAP_ADD(s, a_resize_is_seen_by_bucket_operations);
	TAP_ADD(s, a_forked_child_does_not_meet_its_parents_writers);
	TAP_ADD(s, a_forked_childs_own_operation_goes_on);
	return tap_run(s);
}
