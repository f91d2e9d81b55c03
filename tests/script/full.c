/* SPDX-License-Identifier: MIT */
/*
 * full.c - when something is used up: misses and extra order are allowed, an invented race is not; and nothing grows.
 */
#include "rig.h"

#include "tests/tap.h"

#include <stdio.h>

static long resident_kb(void)
{
	long pages = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%ld %ld", &pages, &resident), 2);
	fclose(f);
	return resident * 4;
}

static int sanitised(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return 1; /* shadow memory grows as it likes */
#else
	return 0;
#endif
}

/* Long runs that show that nothing grows are shorter where memory is not measured anyway. */
static unsigned many(unsigned n)
{
	return sanitised() ? n / 20 : n;
}

/* ---- tables ------------------------------------------------------------------------------------------------------- */

START_TEST(objects_without_a_place_still_order)
{
	rig_begin(1);
	rig_start(T0, T1);
	rig_start(T0, T2);
	rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
	for (unsigned i = 0; i < 20; i++)
		sync_release(&rig_threads[T1], MUTEX + 8 * i);
	ck_assert_uint_gt(race_counters[COUNT_SYNC_NO_ROOM], 0);
	sync_acquire(&rig_threads[T2], MUTEX + 8 * 19);
	rig_touch(T2, OP_WRITE, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(objects_with_a_place_order_no_more_than_before)
{
	rig_begin(1);
	rig_start(T0, T1);
	rig_start(T0, T2);
	sync_release_join(&rig_threads[T2], MUTEX);
	rig_touch(T2, OP_READ, MAP2, RACE_NO_BUCKET);
	sync_release(&rig_threads[T2], MUTEX); /* has a place; the next ones fill the table */
	rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
	for (unsigned i = 1; i < 20; i++)
		sync_release(&rig_threads[T1], MUTEX + 8 * i);
	sync_acquire(&rig_threads[T2], MUTEX);
	rig_touch(T2, OP_WRITE, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 1);
}
END_TEST

START_TEST(an_object_that_gets_a_place_late_keeps_its_past)
{
	uintptr_t late = MUTEX + 8 * 19;

	rig_begin(1);
	rig_start(T0, T1);
	rig_start(T0, T2);
	rig_start(T0, T3);
	rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
	for (unsigned i = 0; i < 20; i++)
		sync_release_join(&rig_threads[T1], MUTEX + 8 * i);
	for (unsigned i = 0; i < 19; i++)
		sync_forget(MUTEX + 8 * i);
	rig_touch(T3, OP_READ, MAP2, RACE_NO_BUCKET);
	sync_release_join(&rig_threads[T3], late); /* now there is a place */
	sync_acquire(&rig_threads[T2], late);
	rig_touch(T2, OP_WRITE, MAP, RACE_NO_BUCKET);
	rig_touch(T2, OP_WRITE, MAP2, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(clocks_without_room_still_order)
{
	rig_begin(1); /* two clocks of each width */
	for (unsigned t = 1; t <= 12; t++)
		rig_start(T0, t);
	for (unsigned t = 8; t <= 11; t++) { /* more than eight slots wide */
		rig_touch(t, OP_WRITE, MAP + 64 * (t % 4), RACE_NO_BUCKET);
		if (t % 2)
			sync_release(&rig_threads[t], MUTEX + 8 * (t % 4));
		else
			sync_release_join(&rig_threads[t], MUTEX + 8 * (t % 4));
	}
	ck_assert_uint_eq(race_counters[COUNT_CLOCK_NO_ROOM], 2);
	for (unsigned i = 0; i < 4; i++) {
		sync_acquire(&rig_threads[12], MUTEX + 8 * i);
		rig_touch(12, OP_WRITE, MAP + 64 * i, RACE_NO_BUCKET);
	}
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(maps_without_a_cell_are_not_checked)
{
	rig_begin(1);
	rig_start(T0, T1);
	for (unsigned i = 0; i < 20; i++)
		rig_touch(T0, OP_WRITE, MAP + 64 * i, RACE_NO_BUCKET);
	ck_assert_uint_gt(race_counters[COUNT_CELL_NO_ROOM], 0);
	for (unsigned i = 0; i < 20; i++)
		rig_touch(T1, OP_WRITE, MAP + 64 * i, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 8);
}
END_TEST

START_TEST(dead_maps_make_room_for_new_ones)
{
	rig_begin(1);
	for (unsigned i = 0; i < 20; i++) {
		rig_touch(T0, OP_DESTROY_U, MAP + 64 * i, RACE_NO_BUCKET);
		map_destroy(&rig_threads[0], &rig_ops[OP_DESTROY_U], MAP + 64 * i, NULL);
	}
	ck_assert_uint_eq(race_counters[COUNT_CELL_NO_ROOM], 0);
	ck_assert_uint_eq(race_counters[COUNT_DEAD_EVICTED], 12);
}
END_TEST

START_TEST(buckets_of_forgotten_maps_make_room)
{
	rig_begin(1);
	rig_start(T0, T1);
	for (unsigned i = 0; i < 7; i++)
		rig_touch(T0, OP_BWRITE, MAP, i);
	memory_forget(MAP, 64);
	for (unsigned i = 0; i < 7; i++)
		rig_touch(T1, OP_BWRITE, MAP2, i);
	ck_assert_uint_eq(race_counters[COUNT_CELL_NO_ROOM], 0);
	ck_assert_uint_eq(rig_found, 0);
	for (unsigned i = 0; i < 7; i++)
		rig_touch(T0, OP_BWRITE, MAP2, i);
	ck_assert_uint_eq(rig_found, 7);
}
END_TEST

START_TEST(readers_without_room_leave_the_first)
{
	rig_begin(1); /* one set of each size */
	for (unsigned t = 1; t <= 4; t++)
		rig_start(T0, t);
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned t = 1; t <= 3; t++)
			rig_touch(t, OP_READ, MAP + 64 * i, RACE_NO_BUCKET);
	}
	ck_assert_uint_gt(race_counters[COUNT_READERS_NO_ROOM], 0);
	for (unsigned i = 0; i < 3; i++)
		rig_touch(4, OP_WRITE, MAP + 64 * i, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 3);
	ck_assert_uint_eq(rig_last.before.thread, 1);
}
END_TEST

START_TEST(births_without_room_make_foreign_threads)
{
	struct thread_birth *b[8] = { NULL };
	unsigned n = 0;

	rig_begin(1);
	while (n < 8 && (b[n] = thread_publish(&rig_threads[0], 0)))
		n++;
	ck_assert_uint_eq(n, 4);
	thread_birth_cancel(b[3]);
	ck_assert_uint_eq(thread_birth_number(thread_publish(&rig_threads[0], 0)), 4);
}
END_TEST

/* ---- slots, clocks, versions ------------------------------------------------------------------------------------------ */

START_TEST(threads_without_a_slot_are_not_checked_but_pass_edges_on)
{
	race_slot_limit = 3;
	rig_begin(0);
	rig_start(T0, T1);
	rig_start(T0, T2);
	rig_start(T0, T3);
	ck_assert_uint_eq(rig_threads[T3].slot, RACE_NO_SLOT);
	ck_assert_uint_eq(race_counters[COUNT_SLOT_NO_ROOM], 1);
	rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
	rig_touch(T1, OP_WRITE, MAP2, RACE_NO_BUCKET);
	sync_release(&rig_threads[T1], MUTEX);
	rig_touch(T3, OP_WRITE, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 0);
	sync_acquire(&rig_threads[T3], MUTEX);
	sync_release(&rig_threads[T3], MUTEX2);
	rig_touch(T2, OP_READ, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 1);
	sync_acquire(&rig_threads[T2], MUTEX2);
	rig_touch(T2, OP_WRITE, MAP2, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 1);
	rig_end(T3);
	rig_start(T0, T4);
	ck_assert_uint_eq(rig_threads[T4].slot, RACE_NO_SLOT);
}
END_TEST

START_TEST(an_early_reuse_adds_an_edge_and_counts)
{
	race_slot_limit = 3;
	rig_begin(0);
	rig_start(T0, T1);
	rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
	rig_end(T1); /* not joined */
	rig_start(T0, T2);
	rig_start(T0, T3);
	ck_assert_uint_eq(rig_threads[T3].slot, 1);
	ck_assert_uint_eq(race_counters[COUNT_SLOT_REUSED_EARLY], 1);
	rig_touch(T3, OP_WRITE, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 0);
	/* Whoever saw the predecessor's versions has not seen this thread's. */
	rig_touch(T3, OP_WRITE, MAP2, RACE_NO_BUCKET);
	rig_touch(T2, OP_WRITE, MAP2, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_uint_eq(rig_last.before.thread, 3);
}
END_TEST

static void used_up(uint32_t clock_max, uint32_t version_max)
{
	race_clock_max = clock_max;
	race_version_max = version_max;
	rig_begin(0);
	rig_start(T0, T1);
	rig_start(T0, T2);
	for (unsigned i = 0; i < 200; i++) {
		rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
		sync_release(&rig_threads[T1], MUTEX);
		sync_acquire(&rig_threads[T2], MUTEX);
		rig_touch(T2, OP_WRITE, MAP, RACE_NO_BUCKET);
		sync_release(&rig_threads[T2], MUTEX);
		sync_acquire(&rig_threads[T1], MUTEX);
	}
	ck_assert_uint_eq(rig_found, 0);
	ck_assert_uint_gt(rig_threads[T1].slot, 2);
	rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
	rig_touch(T2, OP_WRITE, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_uint_eq(rig_last.before.thread, 1);
	ck_assert_uint_eq(rig_last.now.thread, 2);
}

START_TEST(a_used_up_clock_moves_the_thread_to_another_slot) { used_up(10, 0xfffffff0u); }
END_TEST
START_TEST(a_used_up_version_does_too) { used_up(RACE_CLOCK_MAX - 2, 20); }
END_TEST

START_TEST(words_of_earlier_slots_are_still_told_apart)
{
	uint64_t first;

	race_clock_max = 5;
	rig_begin(0);
	rig_start(T0, T1);
	first = rig_threads[T1].epoch;
	for (unsigned i = 0; i < 30; i++) {
		rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
		sync_release(&rig_threads[T1], MUTEX);
	}
	ck_assert_uint_ne(word_slot(first), rig_threads[T1].slot);
	ck_assert_uint_eq(thread_number_of(first), 1);
	ck_assert_uint_eq(thread_number_of(rig_threads[T1].epoch), 1);
	ck_assert_uint_eq(thread_number_of(word_epoch(4000, 1)), RACE_NO_SLOT);
}
END_TEST

START_TEST(a_slots_incarnations_are_told_apart)
{
	uint64_t words[20];

	rig_begin(0);
	rig_start(T0, T5);
	for (unsigned i = 0; i < 20; i++) {
		rig_start(T0, T1);
		rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
		words[i] = rig_threads[T1].epoch;
		ck_assert_uint_eq(rig_threads[T1].slot, 2);
		rig_end(T1);
		sync_acquire(&rig_threads[T0], HANDLES + 64 * T1);
	}
	for (unsigned i = 0; i < 20; i++)
		ck_assert_uint_eq(thread_number_of(words[i]), 2 + i);
}
END_TEST

START_TEST(a_running_thread_is_remembered_however_many_come_and_go)
{
	struct thread_facts facts;

	rig_begin(0);
	rig_start(T0, T1);
	thread_name(1, "worker-with-a-long-name");
	for (unsigned i = 0; i < 40000; i++) {
		rig_start(T0, T2);
		rig_end(T2);
	}
	ck_assert(thread_facts(1, &facts));
	ck_assert_str_eq(facts.name, "worker-with-a-l");
	ck_assert_int_eq(facts.running, 1);
	ck_assert(thread_facts(0, &facts));
	ck_assert(!thread_facts(2, &facts));
	ck_assert(thread_facts(40001, &facts));
	ck_assert_int_eq(facts.running, 0);
}
END_TEST

/* ---- nothing grows ---------------------------------------------------------------------------------------------------------- */

START_TEST(a_hundred_thousand_threads_one_after_another_stay_flat)
{
	long early = 0;

	rig_begin(0);
	rig_start(T0, T2);
	for (unsigned i = 0; i < many(100000); i++) {
		rig_start(T0, T1);
		rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
		rig_end(T1);
		if (i % 2)
			sync_acquire(&rig_threads[T0], HANDLES + 64 * T1); /* half of them are joined */
		sync_forget(HANDLES + 64 * T1);
		if (i == 30000)
			early = resident_kb();
	}
	ck_assert(sanitised() || resident_kb() < early + 1000);
	rig_start(T0, T1);
	ck_assert_uint_lt(rig_threads[T1].slot, 300);
}
END_TEST

START_TEST(millions_of_maps_created_and_destroyed_stay_flat)
{
	long early = 0;

	rig_begin(0);
	rig_start(T0, T1);
	for (unsigned i = 0; i < many(2000000); i++) {
		uintptr_t map = MAP + 96 * (uintptr_t)(i % 5000);

		map_create(&rig_threads[T1], &rig_ops[OP_CREATE_U], map, KEY_NONE, NULL);
		rig_touch(T1, OP_WRITE, map, RACE_NO_BUCKET);
		if (i % 3 == 0 && memory_is_watched(map, 64))
			memory_forget(map, 64);
		if (i == 100000)
			early = resident_kb();
	}
	ck_assert(sanitised() || resident_kb() < early + 1000);
	ck_assert_uint_eq(race_counters[COUNT_CELL_NO_ROOM], 0);
}
END_TEST

START_TEST(maps_at_ever_new_addresses_stay_flat)
{
	long early = 0;

	rig_begin(0);
	rig_start(T0, T1);
	for (unsigned i = 0; i < many(2000000); i++) {
		uintptr_t map = 0x10000000 + 96 * (uintptr_t)i;

		rig_touch(T1, OP_WRITE, map, RACE_NO_BUCKET);
		sync_release(&rig_threads[T1], map + 32);
		memory_forget(map, 96);
		if (i == 1000000) /* by now every page of the tables was used once */
			early = resident_kb();
	}
	ck_assert(sanitised() || resident_kb() < early + 4000);
	ck_assert_uint_eq(race_counters[COUNT_CELL_NO_ROOM] + race_counters[COUNT_SYNC_NO_ROOM], 0);
}
END_TEST

START_TEST(a_million_locks_stay_in_bounds)
{
	long before;

	rig_begin(0);
	rig_start(T0, T1);
	rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
	before = resident_kb();
	for (unsigned i = 0; i < many(1000000); i++)
		sync_release(&rig_threads[T1], 0x10000000 + 40 * (uintptr_t)i);
	ck_assert(sanitised() || resident_kb() < before + 70000);
	/* Those without a place order, too. */
	sync_acquire(&rig_threads[T0], 0x10000000 + 40 * (uintptr_t)(many(1000000) - 1));
	rig_touch(T0, OP_WRITE, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 0);
	memory_forget(0x10000000, 40 * 1000000);
	ck_assert(!memory_is_watched(0x10000000, 40 * 1000000));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("full");

	TAP_ADD(s, objects_without_a_place_still_order);
	TAP_ADD(s, objects_with_a_place_order_no_more_than_before);
	TAP_ADD(s, an_object_that_gets_a_place_late_keeps_its_past);
	TAP_ADD(s, clocks_without_room_still_order);
	TAP_ADD(s, maps_without_a_cell_are_not_checked);
	TAP_ADD(s, dead_maps_make_room_for_new_ones);
	TAP_ADD(s, buckets_of_forgotten_maps_make_room);
	TAP_ADD(s, readers_without_room_leave_the_first);
	TAP_ADD(s, births_without_room_make_foreign_threads);
	TAP_ADD(s, threads_without_a_slot_are_not_checked_but_pass_edges_on);
	TAP_ADD(s, an_early_reuse_adds_an_edge_and_counts);
	TAP_ADD(s, a_used_up_clock_moves_the_thread_to_another_slot);
	TAP_ADD(s, a_used_up_version_does_too);
	TAP_ADD(s, words_of_earlier_slots_are_still_told_apart);
	TAP_ADD(s, a_slots_incarnations_are_told_apart);
	TAP_ADD(s, a_running_thread_is_remembered_however_many_come_and_go);
	TAP_ADD(s, a_hundred_thousand_threads_one_after_another_stay_flat);
	TAP_ADD(s, millions_of_maps_created_and_destroyed_stay_flat);
	TAP_ADD(s, maps_at_ever_new_addresses_stay_flat);
	TAP_ADD(s, a_million_locks_stay_in_bounds);
	return tap_run(s);
}
