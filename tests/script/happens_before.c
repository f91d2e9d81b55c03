/* SPDX-License-Identifier: MIT */
/*
 * happens_before.c - which steps order accesses, and which do not. Each that reports has a silent twin beside it.
 */
#include "rig.h"

#include "tests/tap.h"

#define SCRIPT static const struct step script[]

START_TEST(unlock_publishes_only_what_came_before_it)
{
	SCRIPT = {
		{ T1, LOCK, MUTEX, 0 }, { T1, UNLOCK, MUTEX, 0 }, { T1, WRITE, MAP, 0 },
		{ T2, LOCK, MUTEX, 0 }, { T2, READ, MAP, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_int_eq(rig_last.kind, FOUND_RACE);
	ck_assert_int_eq(rig_last.verdict, VERDICT_LIKELY);
	ck_assert_int_eq(rig_last.before.write, 1);
	ck_assert_int_eq(rig_last.now.write, 0);
	ck_assert_uint_eq(rig_last.before.thread, 1);
	ck_assert_uint_eq(rig_last.now.thread, 2);
	ck_assert_int_eq(rig_last.before.have_note, 1);
	ck_assert_int_eq(rig_last.before.nlocks, 0);
	ck_assert_int_eq(rig_last.now.nlocks, 1);
	ck_assert_uint_eq(lock_word_address(rig_last.now.locks[0]), MUTEX);
	ck_assert_uint_eq(rig_last.map, MAP);
	ck_assert_ptr_eq(rig_last.map_kind, &rig_unsafe);
}
END_TEST

START_TEST(unlock_publishes_what_came_before_it)
{
	SCRIPT = {
		{ T1, LOCK, MUTEX, 0 }, { T1, WRITE, MAP, 0 }, { T1, UNLOCK, MUTEX, 0 },
		{ T2, LOCK, MUTEX, 0 }, { T2, READ, MAP, 0 }, { T2, WRITE, MAP, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(different_mutexes_order_nothing)
{
	SCRIPT = {
		{ T1, LOCK, MUTEX, 0 }, { T1, WRITE, MAP, 0 }, { T1, UNLOCK, MUTEX, 0 },
		{ T2, LOCK, MUTEX2, 0 }, { T2, WRITE, MAP, 0 }, { T2, UNLOCK, MUTEX2, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 1);
}
END_TEST

START_TEST(two_reads_do_not_race)
{
	SCRIPT = { { T1, READ, MAP, 0 }, { T2, READ, MAP, 0 }, { T3, READ, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(a_write_races_with_an_earlier_read)
{
	SCRIPT = { { T1, READ, MAP, 0 }, { T2, WRITE, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_int_eq(rig_last.before.write, 0);
	ck_assert_int_eq(rig_last.now.write, 1);
}
END_TEST

START_TEST(an_order_by_way_of_a_third_thread_counts)
{
	SCRIPT = {
		{ T1, WRITE, MAP, 0 }, { T1, LOCK, MUTEX, 0 }, { T1, UNLOCK, MUTEX, 0 },
		{ T3, LOCK, MUTEX, 0 }, { T3, UNLOCK, MUTEX, 0 }, { T3, LOCK, MUTEX2, 0 }, { T3, UNLOCK, MUTEX2, 0 },
		{ T2, LOCK, MUTEX2, 0 }, { T2, WRITE, MAP, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(the_wrong_way_round_by_a_third_thread_does_not)
{
	SCRIPT = {
		{ T3, LOCK, MUTEX, 0 }, { T3, UNLOCK, MUTEX, 0 }, { T3, LOCK, MUTEX2, 0 }, { T3, UNLOCK, MUTEX2, 0 },
		{ T1, WRITE, MAP, 0 }, { T1, LOCK, MUTEX, 0 }, { T1, UNLOCK, MUTEX, 0 },
		{ T2, LOCK, MUTEX2, 0 }, { T2, WRITE, MAP, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 1);
}
END_TEST

START_TEST(the_second_of_two_epochs_is_not_published_by_the_first_unlock)
{
	SCRIPT = {
		{ T1, LOCK, MUTEX, 0 }, { T1, WRITE, MAP, 0 }, { T1, UNLOCK, MUTEX, 0 }, { T1, WRITE, MAP2, 0 },
		{ T2, LOCK, MUTEX, 0 }, { T2, WRITE, MAP, 0 }, { T2, READ, MAP2, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_uint_eq(rig_last.map, MAP2);
}
END_TEST

/* ---- rwlock ---------------------------------------------------------------------------------------------------------- */

START_TEST(a_write_lock_orders_after_all_readers)
{
	SCRIPT = {
		{ T1, RDLOCK, RWLOCK, 0 }, { T2, RDLOCK, RWLOCK, 0 }, { T1, READ, MAP, 0 }, { T2, READ, MAP, 0 },
		{ T1, RDUNLOCK, RWLOCK, 0 }, { T2, RDUNLOCK, RWLOCK, 0 },
		{ T3, WRLOCK, RWLOCK, 0 }, { T3, WRITE, MAP, 0 }, { T3, WRUNLOCK, RWLOCK, 0 },
		{ T1, RDLOCK, RWLOCK, 0 }, { T1, READ, MAP, 0 }, { T1, RDUNLOCK, RWLOCK, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(a_read_lock_does_not_protect_a_write)
{
	SCRIPT = {
		{ T1, RDLOCK, RWLOCK, 0 }, { T1, WRITE, MAP, 0 }, { T1, RDUNLOCK, RWLOCK, 0 },
		{ T2, RDLOCK, RWLOCK, 0 }, { T2, READ, MAP, 0 }, { T2, RDUNLOCK, RWLOCK, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert(rig_last.now.locks[0] & LOCK_READ_MODE);
}
END_TEST

START_TEST(what_a_reader_does_is_not_published_by_its_earlier_write_unlock)
{
	SCRIPT = {
		{ T1, WRLOCK, RWLOCK, 0 }, { T1, WRITE, MAP2, 0 }, { T1, WRUNLOCK, RWLOCK, 0 },
		{ T1, RDLOCK, RWLOCK, 0 }, { T1, READ, MAP, 0 }, { T2, RDLOCK, RWLOCK, 0 }, { T2, WRITE, MAP, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 1);
}
END_TEST

START_TEST(one_reader_that_left_early_is_not_ordered_by_the_other)
{
	SCRIPT = {
		{ T1, READ, MAP, 0 }, { T2, RDLOCK, RWLOCK, 0 }, { T2, READ, MAP, 0 }, { T2, RDUNLOCK, RWLOCK, 0 },
		{ T3, WRLOCK, RWLOCK, 0 }, { T3, WRITE, MAP, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_uint_eq(rig_last.before.thread, 1);
}
END_TEST

/* ---- threads ------------------------------------------------------------------------------------------------------------ */

START_TEST(creation_orders_the_parents_past_before_the_child)
{
	SCRIPT = {
		{ T0, START, T1, 0 }, { T0, WRITE, MAP, 0 }, { T0, START, T2, 0 }, { T2, WRITE, MAP, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(creation_does_not_order_what_the_parent_does_later)
{
	SCRIPT = {
		{ T0, START, T1, 0 }, { T0, START, T2, 0 }, { T0, WRITE, MAP, 0 }, { T2, WRITE, MAP, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_uint_eq(rig_last.before.thread, 0);
}
END_TEST

START_TEST(what_one_thread_did_alone_races_with_nobody)
{
	SCRIPT = { { T0, WRITE, MAP, 0 }, { T0, START, T1, 0 }, { T1, WRITE, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(join_orders_the_childs_whole_life_before_what_follows)
{
	SCRIPT = { { T1, WRITE, MAP, 0 }, { T1, END, 0, 0 }, { T0, JOIN, T1, 0 }, { T0, WRITE, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(an_end_without_a_join_orders_nothing)
{
	SCRIPT = { { T1, WRITE, MAP, 0 }, { T1, END, 0, 0 }, { T0, WRITE, MAP, 0 } };
	struct thread_facts facts;

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_uint_eq(rig_last.before.thread, 1);
	ck_assert(thread_facts(1, &facts));
	ck_assert_int_eq(facts.running, 0);
	ck_assert_uint_eq(facts.stack, 7);
	ck_assert(thread_facts(0, &facts));
	ck_assert_int_eq(facts.running, 1);
}
END_TEST

START_TEST(a_slot_taken_over_after_a_join_loses_nothing)
{
	SCRIPT = {
		{ T0, START, T1, 0 }, { T0, START, T2, 0 }, { T1, WRITE, MAP, 0 }, { T1, END, 0, 0 }, { T0, JOIN, T1, 0 },
		{ T0, START, T3, 0 }, { T3, WRITE, MAP2, 0 }, { T2, WRITE, MAP, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_uint_eq(rig_last.before.thread, 1); /* not thread 3, which has its slot now */
	ck_assert_uint_eq(rig_threads[T3].slot, 1);
}
END_TEST

START_TEST(a_slot_taken_over_after_a_join_invents_nothing)
{
	SCRIPT = {
		{ T0, START, T1, 0 }, { T0, START, T2, 0 }, { T1, LOCK, MUTEX, 0 }, { T1, WRITE, MAP, 0 }, { T1, UNLOCK, MUTEX, 0 },
		{ T1, END, 0, 0 }, { T0, JOIN, T1, 0 }, { T0, START, T3, 0 }, { T3, LOCK, MUTEX, 0 }, { T3, WRITE, MAP, 0 },
		{ T3, UNLOCK, MUTEX, 0 }, { T2, LOCK, MUTEX, 0 }, { T2, WRITE, MAP, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 0);
	ck_assert_uint_eq(rig_threads[T3].slot, 1);
}
END_TEST

START_TEST(an_unjoined_slot_is_not_taken_over)
{
	SCRIPT = {
		{ T0, START, T1, 0 }, { T1, WRITE, MAP, 0 }, { T1, END, 0, 0 }, { T0, START, T2, 0 }, { T2, WRITE, MAP, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_uint_ne(rig_threads[T2].slot, 1);
}
END_TEST

START_TEST(a_foreign_thread_comes_after_everybodys_present)
{
	SCRIPT = {
		{ T1, WRITE, MAP, 0 }, { T2, WRITE, MAP2, 0 }, { T3, FOREIGN, 0, 0 }, { T3, WRITE, MAP, 0 }, { T3, WRITE, MAP2, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 0);
	ck_assert_int_eq(rig_threads[T3].foreign, 1);
}
END_TEST

START_TEST(a_foreign_thread_is_not_before_anybody)
{
	SCRIPT = { { T1, READ, MAP2, 0 }, { T3, FOREIGN, 0, 0 }, { T3, WRITE, MAP, 0 }, { T1, WRITE, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 1);
}
END_TEST

/* ---- semaphores, barriers, once ---------------------------------------------------------------------------------------- */

START_TEST(a_barrier_orders_each_before_the_others)
{
	SCRIPT = {
		{ T1, WRITE, MAP, 0 }, { T2, WRITE, MAP2, 0 }, { T1, POST, SEM, 0 }, { T2, POST, SEM, 0 }, { T1, WAIT, SEM, 0 },
		{ T2, WAIT, SEM, 0 }, { T1, WRITE, MAP2, 0 }, { T2, WRITE, MAP, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(a_barrier_does_not_order_what_follows_it)
{
	SCRIPT = {
		{ T1, POST, SEM, 0 }, { T2, POST, SEM, 0 }, { T1, WAIT, SEM, 0 }, { T2, WAIT, SEM, 0 },
		{ T1, WRITE, MAP, 0 }, { T2, WRITE, MAP, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 1);
}
END_TEST

START_TEST(a_post_keeps_the_posts_before_it)
{
	SCRIPT = {
		{ T1, WRITE, MAP, 0 }, { T1, POST, SEM, 0 }, { T2, WRITE, MAP2, 0 }, { T2, POST, SEM, 0 }, { T3, WAIT, SEM, 0 },
		{ T3, WRITE, MAP, 0 }, { T3, WRITE, MAP2, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(a_wait_takes_nothing_that_is_posted_later)
{
	SCRIPT = { { T3, WAIT, SEM, 0 }, { T1, WRITE, MAP, 0 }, { T1, POST, SEM, 0 }, { T3, WRITE, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 1);
}
END_TEST

START_TEST(once_hides_what_its_section_did)
{
	SCRIPT = { { T1, WRITE, MAP, 0 }, { T1, ONCE_LEAVE, ONCE, 0 }, { T2, READ, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 0);
	ck_assert_uint_eq(race_counters[COUNT_HIDDEN_BY_ONCE], 1);
}
END_TEST

START_TEST(once_orders_nothing_that_comes_later)
{
	SCRIPT = { { T1, ONCE_LEAVE, ONCE, 0 }, { T1, WRITE, MAP, 0 }, { T2, READ, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 1);
}
END_TEST

START_TEST(once_is_no_edge_for_others_accesses)
{
	SCRIPT = { { T3, WRITE, MAP, 0 }, { T1, READ, MAP2, 0 }, { T1, ONCE_LEAVE, ONCE, 0 }, { T2, WRITE, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_uint_eq(rig_last.before.thread, 3);
}
END_TEST

/* ---- memory of objects ------------------------------------------------------------------------------------------------ */

START_TEST(a_freed_mutex_forgets_what_it_held)
{
	SCRIPT = {
		{ T1, LOCK, MUTEX, 0 }, { T1, WRITE, MAP, 0 }, { T1, UNLOCK, MUTEX, 0 }, { T1, FREE, MUTEX - 8, 0 },
		{ T2, LOCK, MUTEX, 0 }, { T2, WRITE, MAP, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 1);
}
END_TEST

START_TEST(a_moved_mutex_keeps_what_it_held)
{
	rig_begin(0);
	rig_start(T0, T1);
	rig_start(T0, T2);
	sync_release_join(&rig_threads[T1], MUTEX);
	rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
	sync_release(&rig_threads[T1], MUTEX + 8);
	memory_moved(&(struct memory_move){ MUTEX, 64 }, MOVED);
	sync_acquire(&rig_threads[T2], MOVED + 8);
	rig_touch(T2, OP_WRITE, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 0);
	ck_assert(!memory_is_watched(MUTEX, 64));
	ck_assert(memory_is_watched(MOVED, 64));
}
END_TEST

START_TEST(what_was_not_moved_along_is_gone)
{
	rig_begin(0);
	rig_start(T0, T1);
	rig_start(T0, T2);
	rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
	sync_release(&rig_threads[T1], MUTEX + 8);
	memory_moved(&(struct memory_move){ MUTEX, 64 }, MOVED);
	sync_acquire(&rig_threads[T2], MUTEX + 8);
	rig_touch(T2, OP_WRITE, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 1);
}
END_TEST

/* ---- fork ---------------------------------------------------------------------------------------------------------------- */

START_TEST(a_forked_child_comes_after_all_threads_of_its_parent)
{
	SCRIPT = {
		{ T1, WRITE, MAP, 0 }, { T2, READ, MAP2, 0 }, { T0, FORK, 0, 0 }, { T0, WRITE, MAP, 0 }, { T0, START, T3, 0 },
		{ T3, WRITE, MAP, 0 }, { T3, WRITE, MAP2, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(a_forked_child_finds_its_own_races)
{
	SCRIPT = {
		{ T1, WRITE, MAP, 0 }, { T0, FORK, 0, 0 }, { T0, START, T3, 0 }, { T0, START, T4, 0 },
		{ T3, WRITE, MAP, 0 }, { T4, WRITE, MAP, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_uint_eq(rig_last.before.thread, rig_threads[T3].number);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("happens_before");

	TAP_ADD(s, unlock_publishes_only_what_came_before_it);
	TAP_ADD(s, unlock_publishes_what_came_before_it);
	TAP_ADD(s, different_mutexes_order_nothing);
	TAP_ADD(s, two_reads_do_not_race);
	TAP_ADD(s, a_write_races_with_an_earlier_read);
	TAP_ADD(s, an_order_by_way_of_a_third_thread_counts);
	TAP_ADD(s, the_wrong_way_round_by_a_third_thread_does_not);
	TAP_ADD(s, the_second_of_two_epochs_is_not_published_by_the_first_unlock);
	TAP_ADD(s, a_write_lock_orders_after_all_readers);
	TAP_ADD(s, a_read_lock_does_not_protect_a_write);
	TAP_ADD(s, what_a_reader_does_is_not_published_by_its_earlier_write_unlock);
	TAP_ADD(s, one_reader_that_left_early_is_not_ordered_by_the_other);
	TAP_ADD(s, creation_orders_the_parents_past_before_the_child);
	TAP_ADD(s, creation_does_not_order_what_the_parent_does_later);
	TAP_ADD(s, what_one_thread_did_alone_races_with_nobody);
	TAP_ADD(s, join_orders_the_childs_whole_life_before_what_follows);
	TAP_ADD(s, an_end_without_a_join_orders_nothing);
	TAP_ADD(s, a_slot_taken_over_after_a_join_loses_nothing);
	TAP_ADD(s, a_slot_taken_over_after_a_join_invents_nothing);
	TAP_ADD(s, an_unjoined_slot_is_not_taken_over);
	TAP_ADD(s, a_foreign_thread_comes_after_everybodys_present);
	TAP_ADD(s, a_foreign_thread_is_not_before_anybody);
	TAP_ADD(s, a_barrier_orders_each_before_the_others);
	TAP_ADD(s, a_barrier_does_not_order_what_follows_it);
	TAP_ADD(s, a_post_keeps_the_posts_before_it);
	TAP_ADD(s, a_wait_takes_nothing_that_is_posted_later);
	TAP_ADD(s, once_hides_what_its_section_did);
	TAP_ADD(s, once_orders_nothing_that_comes_later);
	TAP_ADD(s, once_is_no_edge_for_others_accesses);
	TAP_ADD(s, a_freed_mutex_forgets_what_it_held);
	TAP_ADD(s, a_moved_mutex_keeps_what_it_held);
	TAP_ADD(s, what_was_not_moved_along_is_gone);
	TAP_ADD(s, a_forked_child_comes_after_all_threads_of_its_parent);
	TAP_ADD(s, a_forked_child_finds_its_own_races);
	return tap_run(s);
}
