/* SPDX-License-Identifier: MIT */
/*
 * maps.c - contracts, readers, births and deaths of maps, iterators, keys and labels.
 */
#include "rig.h"

#include "tests/tap.h"

#define SCRIPT static const struct step script[]

/* ---- readers ------------------------------------------------------------------------------------------------------ */

static void many_readers(unsigned n, int ordered_too)
{
	rig_begin(0);
	for (unsigned t = 1; t <= n + 1; t++)
		rig_start(T0, t);
	for (unsigned t = 1; t <= n; t++) {
		struct step read = { t, READ, MAP, 0 };

		ck_assert(!rig_step(&read, 0));
		if (ordered_too)
			ck_assert(!rig_step(&(struct step){ t, POST, SEM, 0 }, 0));
	}
	if (ordered_too) {
		ck_assert(!rig_step(&(struct step){ n + 1, WAIT, SEM, 0 }, 0));
		ck_assert(!rig_step(&(struct step){ n + 1, WRITE, MAP, 0 }, 0));
		return;
	}
	ck_assert(rig_step(&(struct step){ n + 1, WRITE, MAP, 0 }, 0));
	ck_assert_int_eq(rig_last.before.write, 0);
	ck_assert_int_eq(rig_last.before.have_note, 1);
	/* The set is empty afterwards; the write is what later ones race with. */
	ck_assert(rig_step(&(struct step){ 1, READ, MAP, 0 }, 0));
	ck_assert_int_eq(rig_last.before.write, 1);
}

START_TEST(a_write_finds_one_of_three_readers) { many_readers(3, 0); }
END_TEST
START_TEST(a_write_after_three_readers_is_silent) { many_readers(3, 1); }
END_TEST
START_TEST(a_write_finds_one_of_a_hundred_readers) { many_readers(100, 0); }
END_TEST
START_TEST(a_write_after_a_hundred_readers_is_silent) { many_readers(100, 1); }
END_TEST

START_TEST(each_single_reader_is_found)
{
	for (unsigned which = 1; which <= 70; which++) {
		rig_begin(0);
		for (unsigned t = 1; t <= 71; t++)
			rig_start(T0, t);
		for (unsigned t = 1; t <= 70; t++) {
			rig_step(&(struct step){ t, READ, MAP, 0 }, 0);
			if (t != which)
				rig_step(&(struct step){ t, POST, SEM, 0 }, 0);
		}
		rig_step(&(struct step){ 71, WAIT, SEM, 0 }, 0);
		ck_assert(rig_step(&(struct step){ 71, WRITE, MAP, 0 }, 0));
		ck_assert_uint_eq(rig_last.before.thread, which);
	}
}
END_TEST

START_TEST(readers_of_before_a_write_do_not_come_back)
{
	SCRIPT = {
		{ T1, READ, MAP, 0 }, { T2, READ, MAP, 0 }, { T1, POST, SEM, 0 }, { T2, POST, SEM, 0 },
		{ T3, WAIT, SEM, 0 }, { T3, WRITE, MAP, 0 }, { T3, POST, SEM2, 0 },
		{ T4, WAIT, SEM2, 0 }, { T5, WAIT, SEM2, 0 }, { T4, READ, MAP, 0 }, { T5, READ, MAP, 0 },
		{ T4, POST, SEM, 0 }, { T5, POST, SEM, 0 }, { T3, WAIT, SEM, 0 }, { T3, WRITE, MAP, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

/* ---- contracts ------------------------------------------------------------------------------------------------------ */

START_TEST(different_keys_of_an_unsafe_map_race)
{
	SCRIPT = { { T1, WRITE, MAP, 1 }, { T2, WRITE, MAP, 2 } };

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_uint_eq(rig_last.before.bucket, 0);
	ck_assert_uint_eq(rig_last.now.bucket, 1);
}
END_TEST

START_TEST(different_buckets_of_a_bucket_locked_map_do_not)
{
	SCRIPT = { { T1, BWRITE, MAP, 1 }, { T2, BWRITE, MAP, 2 }, { T3, BREAD, MAP, 3 }, { T1, BREAD, MAP, 1 } };

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(one_bucket_of_a_bucket_locked_map_does)
{
	SCRIPT = { { T1, BWRITE, MAP, 1 }, { T2, BWRITE, MAP, 2 }, { T3, BREAD, MAP, 2 } };

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_uint_eq(rig_last.before.thread, 2);
	ck_assert_uint_eq(rig_last.map, MAP);
	ck_assert_int_eq(rig_last.before.write, 1);
}
END_TEST

START_TEST(a_resize_races_with_every_bucket)
{
	SCRIPT = { { T1, BREAD, MAP, 1 }, { T2, BRESIZE, MAP, 0 }, { T3, BWRITE, MAP, 5 } };

	ck_assert_int_eq(RACES_IN(script), 2);
	ck_assert_int_eq(rig_last.now.write, 1);
}
END_TEST

START_TEST(an_ordered_resize_is_silent)
{
	SCRIPT = {
		{ T1, BWRITE, MAP, 1 }, { T1, POST, SEM, 0 }, { T3, BREAD, MAP, 7 }, { T3, POST, SEM, 0 }, { T2, WAIT, SEM, 0 },
		{ T2, BRESIZE, MAP, 0 }, { T2, POST, SEM2, 0 }, { T1, WAIT, SEM2, 0 }, { T1, BWRITE, MAP, 2 },
	};

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(a_write_before_a_resize_is_told_as_a_write)
{
	SCRIPT = { { T1, BWRITE, MAP, 1 }, { T2, BCLEAR, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_int_eq(rig_last.before.write, 1);
	ck_assert_uint_eq(rig_last.before.bucket, 0);
}
END_TEST

START_TEST(an_iteration_races_with_a_clear_but_not_with_buckets)
{
	SCRIPT = { { T1, BITERATE, MAP, 0 }, { T3, BWRITE, MAP, 4 }, { T2, BCLEAR, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_int_eq(rig_last.now.write, 1);
}
END_TEST

START_TEST(a_concurrent_map_is_never_reported)
{
	SCRIPT = { { T1, CWRITE, MAP, 0 }, { T2, CWRITE, MAP, 0 }, { T3, CREAD, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(buckets_of_a_dead_map_do_not_live_on)
{
	SCRIPT = { { T1, BWRITE, MAP, 1 }, { T2, CREATE, MAP, 0 }, { T3, BWRITE, MAP, 1 } };

	/* CREATE makes it an unsafe map: the bucket is not asked; what counts is that the old write is gone. */
	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(buckets_of_a_freed_map_do_not_live_on)
{
	SCRIPT = { { T1, BWRITE, MAP, 1 }, { T2, FREE, MAP, 0 }, { T3, BWRITE, MAP, 1 } };

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

/* ---- births and deaths ------------------------------------------------------------------------------------------------ */

START_TEST(a_new_map_at_an_old_address_is_a_new_map)
{
	SCRIPT = { { T1, WRITE, MAP, 0 }, { T2, CREATE, MAP, 0 }, { T2, WRITE, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(freed_memory_takes_its_map_with_it)
{
	SCRIPT = { { T1, WRITE, MAP, 0 }, { T2, FREE, MAP - 16, 0 }, { T2, WRITE, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(memory_freed_beside_a_map_does_not)
{
	SCRIPT = { { T1, WRITE, MAP, 0 }, { T2, FREE, MAP - 64, 0 }, { T2, FREE, MAP + 16, 0 }, { T2, WRITE, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 1);
}
END_TEST

START_TEST(a_map_published_without_order_races_with_its_creation)
{
	SCRIPT = { { T1, CREATE_WRITES, MAP, 0 }, { T2, READ, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_ptr_eq(engine_stack_op(word_stack(rig_last.before.word)), &rig_ops[OP_CREATE_W]);
	ck_assert_uint_eq(rig_last.created_thread, 1);
	ck_assert_uint_ne(rig_last.created_stack, 0);
}
END_TEST

START_TEST(a_map_published_under_a_lock_does_not)
{
	SCRIPT = {
		{ T1, LOCK, MUTEX, 0 }, { T1, CREATE_WRITES, MAP, 0 }, { T1, UNLOCK, MUTEX, 0 },
		{ T2, LOCK, MUTEX, 0 }, { T2, READ, MAP, 0 },
	};

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(an_operation_on_a_destroyed_map_is_reported)
{
	SCRIPT = { { T1, CREATE, MAP, 0 }, { T1, DESTROY, MAP, 0 }, { T1, READ, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_int_eq(rig_last.kind, FOUND_DEAD_MAP);
	ck_assert_ptr_eq(engine_stack_op(word_stack(rig_last.before.word)), &rig_ops[OP_DESTROY_U]);
	ck_assert_int_eq(rig_last.before.write, 1);
	ck_assert_uint_eq(rig_last.before.thread, 1);
	ck_assert_uint_ne(rig_last.created_stack, 0);
}
END_TEST

START_TEST(also_with_one_thread_only)
{
	SCRIPT = { { T0, DESTROY, MAP, 0 }, { T0, READ, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_int_eq(rig_last.kind, FOUND_DEAD_MAP);
}
END_TEST

START_TEST(a_destroyed_map_that_is_created_again_lives)
{
	SCRIPT = { { T1, CREATE, MAP, 0 }, { T1, DESTROY, MAP, 0 }, { T1, CREATE, MAP, 0 }, { T1, READ, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(a_destroyed_map_whose_memory_is_freed_is_forgotten)
{
	SCRIPT = { { T1, CREATE, MAP, 0 }, { T1, DESTROY, MAP, 0 }, { T1, FREE, MAP, 0 }, { T1, READ, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 0);
}
END_TEST

START_TEST(a_destruction_races_with_an_unordered_use)
{
	SCRIPT = { { T1, READ, MAP, 0 }, { T2, DESTROY, MAP, 0 } };

	ck_assert_int_eq(RACES_IN(script), 1);
	ck_assert_int_eq(rig_last.kind, FOUND_RACE);
}
END_TEST

START_TEST(a_late_confirmation_does_not_kill_a_newcomer)
{
	rig_begin(0);
	rig_start(T0, T1);
	rig_start(T0, T2);
	rig_touch(T1, OP_DESTROY_U, MAP, RACE_NO_BUCKET); /* T1 inside the real destroy: memory given back */
	map_create(&rig_threads[T2], &rig_ops[OP_CREATE_U], MAP, KEY_NONE, NULL);
	map_destroy(&rig_threads[T1], &rig_ops[OP_DESTROY_U], MAP, NULL);
	rig_touch(T2, OP_READ, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(nor_one_whose_birth_was_not_seen)
{
	rig_begin(0);
	rig_start(T0, T1);
	rig_touch(T1, OP_DESTROY_U, MAP, RACE_NO_BUCKET);
	memory_forget(MAP, 64);
	map_destroy(&rig_threads[T1], &rig_ops[OP_DESTROY_U], MAP, NULL);
	rig_touch(T1, OP_READ, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

static _Alignas(64) unsigned char header[64];

START_TEST(a_dead_header_that_did_not_change_is_dead)
{
	uintptr_t map = (uintptr_t)header;

	rig_begin(0);
	rig_touch(T0, OP_HDESTROY, map, RACE_NO_BUCKET);
	map_destroy(&rig_threads[T0], &rig_ops[OP_HDESTROY], map, NULL);
	header[8] = 1; /* an allocator's list */
	rig_touch(T0, OP_HREAD, map, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_int_eq(rig_last.kind, FOUND_DEAD_MAP);
}
END_TEST

START_TEST(a_dead_header_that_changed_is_a_new_map)
{
	uintptr_t map = (uintptr_t)header;

	rig_begin(0);
	rig_touch(T0, OP_HDESTROY, map, RACE_NO_BUCKET);
	map_destroy(&rig_threads[T0], &rig_ops[OP_HDESTROY], map, NULL);
	header[40] = 1;
	rig_touch(T0, OP_HREAD, map, RACE_NO_BUCKET);
	header[40] = 0;
	rig_touch(T0, OP_HREAD, map, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(an_implicit_map_is_made_anew_after_its_end)
{
	rig_begin(0);
	rig_start(T0, T1);
	rig_touch(T1, OP_IWRITE, MAP, RACE_NO_BUCKET);
	rig_touch(T1, OP_IDESTROY, MAP, RACE_NO_BUCKET);
	map_destroy(&rig_threads[T1], &rig_ops[OP_IDESTROY], MAP, NULL);
	rig_touch(T0, OP_IWRITE, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 0);
	rig_touch(T1, OP_IWRITE, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_uint_ne(rig_last.created_stack, 0); /* its first use */
	ck_assert_uint_eq(rig_last.created_thread, 0);
	ck_assert_uint_eq(rig_last.map_ops, 2);
}
END_TEST

START_TEST(references_decide_who_is_last)
{
	struct race_thread *t = &rig_threads[0];

	rig_begin(0);
	map_create(t, &rig_ops[OP_CREATE_U], MAP, KEY_NONE, NULL);
	map_ref(t, MAP);
	ck_assert_int_eq(map_unref(t, MAP), 0);
	ck_assert_int_eq(map_unref(t, MAP), 1);
	ck_assert_int_eq(map_unref(t, MAP2), -1);
	rig_touch(T0, OP_READ, MAP2, RACE_NO_BUCKET);
	map_ref(t, MAP2);
	ck_assert_int_eq(map_unref(t, MAP2), -1);
}
END_TEST

START_TEST(a_reference_of_unknown_count_forgets_the_accesses)
{
	rig_begin(0);
	rig_start(T0, T1);
	rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
	map_unref(&rig_threads[T1], MAP);
	rig_touch(T0, OP_WRITE, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

/* ---- what a report tells of a map -------------------------------------------------------------------------------------- */

START_TEST(labels_contexts_and_keys_are_told)
{
	struct race_op_open open;
	char text[64];

	rig_begin(0);
	rig_start(T0, T1);
	map_create(&rig_threads[T0], &rig_ops[OP_CREATE_U], MAP, KEY_STRING, NULL);
	map_label(MAP, NULL, "session cache");
	context_set(&rig_threads[T1], "req=71");
	lock_held(&rig_threads[T1], MUTEX, LOCK_MUTEX, 0);
	lock_held(&rig_threads[T1], RWLOCK, LOCK_RWLOCK, 1);
	lock_held(&rig_threads[T1], MUTEX2, LOCK_MUTEX, 0);
	op_enter(&rig_threads[T1], &(struct race_touch){ &rig_ops[OP_STRING_WRITE], MAP, (uintptr_t)"alice", 3, NULL }, &open);
	op_enter(&rig_threads[T0], &(struct race_touch){ &rig_ops[OP_STRING_WRITE], MAP,
		 (uintptr_t)"a key that is longer than the note", 4, NULL }, &open);
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_str_eq(rig_last.label, "session cache");
	ck_assert_str_eq(rig_last.before.key, "alice");
	ck_assert_int_eq(rig_last.before.key_kind, KEY_STRING);
	ck_assert_uint_eq(rig_last.before.bucket, 3);
	ck_assert_int_eq(rig_last.before.nlocks, 3);
	ck_assert_uint_eq(rig_last.before.locks[0], lock_word(MUTEX2, LOCK_MUTEX, 0));
	ck_assert_uint_eq(rig_last.before.locks[1], lock_word(RWLOCK, LOCK_RWLOCK, 1));
	ck_assert(context_text(rig_last.before.context, text, sizeof(text)));
	ck_assert_str_eq(text, "req=71");
	ck_assert_uint_eq(rig_last.now.context, 0);
	ck_assert_int_eq(memcmp(rig_last.now.key, "a key that is longer \1", RACE_NOTE_KEY), 0);
	ck_assert_uint_ge(rig_last.now.ticks, rig_last.before.ticks);
}
END_TEST

START_TEST(a_note_of_another_access_is_not_shown)
{
	struct race_cell *c;

	rig_begin(0);
	rig_start(T0, T1);
	rig_touch(T1, OP_WRITE, MAP, 9);
	c = cell_find(MAP);
	cell_note(c, 1)->word++; /* as if another thread's note had come in between */
	rig_touch(T0, OP_WRITE, MAP, 9);
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_int_eq(rig_last.before.have_note, 0);
	ck_assert_uint_eq(rig_last.before.bucket, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_last.before.thread, 1);
}
END_TEST

START_TEST(old_contexts_are_told_as_lost)
{
	char text[64];
	uint32_t first, last = 0;

	rig_begin(0);
	first = context_set(&rig_threads[0], "first");
	ck_assert_uint_eq(context_set(&rig_threads[0], "first"), first);
	ck_assert(context_text(first, text, sizeof(text)));
	for (unsigned i = 0; i < 5000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%u", i);
		last = context_set(&rig_threads[0], name);
	}
	ck_assert(!context_text(first, text, sizeof(text)));
	ck_assert(context_text(last, text, sizeof(text)));
	ck_assert_str_eq(text, "n4999");
	ck_assert_uint_eq(context_set(&rig_threads[0], NULL), 0);
	ck_assert(!context_text(0, text, sizeof(text)));
}
END_TEST

START_TEST(recursive_locks_count_their_levels)
{
	struct race_thread *t = &rig_threads[0];

	rig_begin(0);
	lock_held(t, MUTEX, LOCK_MUTEX, 0);
	lock_held(t, MUTEX, LOCK_MUTEX, 0);
	ck_assert_uint_eq(t->nheld, 1);
	ck_assert_int_eq(lock_dropped(t, MUTEX), 0);
	ck_assert_int_eq(lock_dropped(t, MUTEX), 1);
	ck_assert_int_eq(lock_dropped(t, MUTEX), -1);
	for (unsigned i = 0; i < RACE_LOCKS_HELD + 2; i++)
		lock_held(t, MUTEX + 64 * i, LOCK_SPIN, 0);
	ck_assert_uint_eq(t->held_lost, 2);
	ck_assert_int_eq(lock_dropped(t, MUTEX + 64 * (RACE_LOCKS_HELD + 1)), 1);
	ck_assert_int_eq(lock_dropped(t, MUTEX + 64 * RACE_LOCKS_HELD), 1);
	ck_assert_int_eq(lock_dropped(t, MUTEX + 64 * RACE_LOCKS_HELD), -1);
	ck_assert_int_eq(lock_dropped(t, MUTEX), 1);
}
END_TEST

START_TEST(ignored_accesses_are_neither_checked_nor_kept)
{
	rig_begin(0);
	rig_start(T0, T1);
	rig_threads[T1].ignore = 1;
	rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
	rig_touch(T0, OP_WRITE, MAP, RACE_NO_BUCKET);
	rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 0);
	rig_threads[T1].ignore = 0;
	rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 1);
}
END_TEST

/* ---- iterators -------------------------------------------------------------------------------------------------------------- */

#define ITERATOR 0x900000

static int step_iterator(unsigned t)
{
	struct race_touch touch = { &rig_ops[OP_READ], MAP, 0, RACE_NO_BUCKET, NULL };
	int fine = iterator_step(&rig_threads[t], ITERATOR, &touch);

	rig_touch(t, OP_READ, MAP, RACE_NO_BUCKET);
	return fine;
}

static void iteration(uintptr_t changed_by)
{
	rig_begin(0);
	rig_start(T0, T1);
	rig_touch(T1, OP_WRITE, MAP, RACE_NO_BUCKET);
	iterator_start(&rig_threads[T1], ITERATOR, MAP);
	ck_assert(step_iterator(T1));
	if (changed_by != NOTHING)
		map_changed(&rig_threads[T1], MAP, changed_by == ITERATOR ? ITERATOR : 0);
}

START_TEST(an_iterator_is_stale_after_a_change)
{
	iteration(1);
	ck_assert(!step_iterator(T1));
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_int_eq(rig_last.kind, FOUND_STALE_ITERATOR);
	ck_assert_int_eq(rig_last.before.write, 1);
	ck_assert(step_iterator(T1)); /* told once */
}
END_TEST

START_TEST(an_iterator_survives_its_own_change)
{
	iteration(ITERATOR);
	ck_assert(step_iterator(T1));
	ck_assert(step_iterator(T1));
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(an_iterator_survives_no_change)
{
	iteration(NOTHING);
	ck_assert(step_iterator(T1));
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(its_own_change_does_not_excuse_an_earlier_one)
{
	iteration(1);
	map_changed(&rig_threads[T1], MAP, ITERATOR);
	ck_assert(!step_iterator(T1));
}
END_TEST

START_TEST(a_new_start_makes_it_fresh)
{
	iteration(1);
	iterator_start(&rig_threads[T1], ITERATOR, MAP);
	ck_assert(step_iterator(T1));
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(an_iterator_of_a_new_map_is_not_judged_by_the_old_one)
{
	iteration(1);
	map_create(&rig_threads[T1], &rig_ops[OP_CREATE_U], MAP, KEY_NONE, NULL);
	ck_assert(step_iterator(T1));
}
END_TEST

START_TEST(a_change_by_an_unordered_thread_is_a_race_not_a_stale_iterator)
{
	iteration(NOTHING);
	rig_touch(T0, OP_WRITE, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(rig_found, 1);
	map_changed(&rig_threads[T0], MAP, 0);
	ck_assert(!step_iterator(T1));
	ck_assert_uint_eq(rig_found, 2);
	ck_assert_int_eq(rig_last.kind, FOUND_RACE);
}
END_TEST

/* Each step and each change under one lock; the iteration spans several of its sections. */
static void locked_change(unsigned t, int changes)
{
	sync_acquire(&rig_threads[t], MUTEX);
	rig_touch(t, OP_WRITE, MAP, RACE_NO_BUCKET);
	if (changes)
		map_changed(&rig_threads[t], MAP, 0);
	sync_release(&rig_threads[t], MUTEX);
}

static int locked_step(unsigned t)
{
	int fine;

	sync_acquire(&rig_threads[t], MUTEX);
	fine = step_iterator(t);
	sync_release(&rig_threads[t], MUTEX);
	return fine;
}

static void locked_start(unsigned t)
{
	rig_begin(0);
	rig_start(T0, T1);
	rig_start(T0, T2);
	rig_start(T0, T3);
	locked_change(T3, 1);
	sync_acquire(&rig_threads[t], MUTEX);
	iterator_start(&rig_threads[t], ITERATOR, MAP);
	sync_release(&rig_threads[t], MUTEX);
	ck_assert(locked_step(t));
}

START_TEST(an_ordered_change_by_another_thread_makes_an_iterator_stale)
{
	locked_start(T1);
	locked_change(T2, 1);
	ck_assert(!locked_step(T1));
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_int_eq(rig_last.kind, FOUND_STALE_ITERATOR);
	ck_assert_uint_eq(rig_last.before.thread, 2);
	ck_assert(rig_last.before.have_note);
	ck_assert(locked_step(T1)); /* told once */
}
END_TEST

START_TEST(a_write_that_changes_no_structure_does_not)
{
	locked_start(T1);
	locked_change(T2, 0);
	ck_assert(locked_step(T1));
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(nor_is_a_later_write_of_that_kind_to_blame)
{
	locked_start(T1);
	locked_change(T2, 1);
	locked_change(T3, 0);
	ck_assert(!locked_step(T1));
	ck_assert_int_eq(rig_last.kind, FOUND_STALE_ITERATOR);
	ck_assert_uint_eq(rig_last.before.thread, 2);
	ck_assert(!rig_last.before.have_note); /* the note is of the later one */
}
END_TEST

START_TEST(an_iterator_that_another_thread_started_is_known)
{
	locked_start(T1);
	locked_change(T3, 1);
	ck_assert(!locked_step(T2));
	ck_assert_int_eq(rig_last.kind, FOUND_STALE_ITERATOR);
	ck_assert_uint_eq(rig_last.now.thread, 2);
	ck_assert_uint_eq(rig_last.before.thread, 3);
}
END_TEST

START_TEST(a_change_by_the_iterator_in_another_thread_leaves_it_valid)
{
	locked_start(T1);
	sync_acquire(&rig_threads[T2], MUTEX);
	rig_touch(T2, OP_WRITE, MAP, RACE_NO_BUCKET);
	map_changed(&rig_threads[T2], MAP, ITERATOR);
	sync_release(&rig_threads[T2], MUTEX);
	ck_assert(locked_step(T1));
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(a_start_by_another_thread_makes_it_fresh)
{
	locked_start(T1);
	locked_change(T2, 1);
	iterator_start(&rig_threads[T2], ITERATOR, MAP);
	ck_assert(locked_step(T1));
	ck_assert_uint_eq(rig_found, 0);
}
END_TEST

START_TEST(an_iterator_of_another_thread_and_an_unordered_change_are_a_race)
{
	locked_start(T1);
	rig_touch(T3, OP_WRITE, MAP, RACE_NO_BUCKET);
	map_changed(&rig_threads[T3], MAP, 0);
	rig_found = 0;
	ck_assert(!locked_step(T2));
	ck_assert_uint_eq(rig_found, 1);
	ck_assert_int_eq(rig_last.kind, FOUND_RACE);
	ck_assert_uint_eq(rig_last.now.thread, 2);
	ck_assert_uint_eq(rig_last.before.thread, 3);
}
END_TEST

START_TEST(many_iterators_are_forgotten_and_never_mistaken)
{
	enum { MANY = 4000 };
	struct race_touch one = { &rig_ops[OP_READ], MAP, 0, RACE_NO_BUCKET, NULL };
	unsigned stale = 0;

	locked_start(T1);
	for (uintptr_t i = 0; i < MANY; i++)
		iterator_start(&rig_threads[T1], ITERATOR + 48 * i, MAP);
	for (uintptr_t i = 0; i < MANY; i++)
		ck_assert(iterator_step(&rig_threads[T1], ITERATOR + 48 * i, &one));
	locked_change(T2, 1);
	sync_acquire(&rig_threads[T1], MUTEX);
	for (uintptr_t i = 0; i < MANY; i++)
		stale += !iterator_step(&rig_threads[T1], ITERATOR + 48 * i, &one);
	ck_assert_uint_gt(stale, 500);
	ck_assert_uint_eq(rig_found, stale);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("maps");

	TAP_ADD(s, a_write_finds_one_of_three_readers);
	TAP_ADD(s, a_write_after_three_readers_is_silent);
	TAP_ADD(s, a_write_finds_one_of_a_hundred_readers);
	TAP_ADD(s, a_write_after_a_hundred_readers_is_silent);
	TAP_ADD(s, each_single_reader_is_found);
	TAP_ADD(s, readers_of_before_a_write_do_not_come_back);
	TAP_ADD(s, different_keys_of_an_unsafe_map_race);
	TAP_ADD(s, different_buckets_of_a_bucket_locked_map_do_not);
	TAP_ADD(s, one_bucket_of_a_bucket_locked_map_does);
	TAP_ADD(s, a_resize_races_with_every_bucket);
	TAP_ADD(s, an_ordered_resize_is_silent);
	TAP_ADD(s, a_write_before_a_resize_is_told_as_a_write);
	TAP_ADD(s, an_iteration_races_with_a_clear_but_not_with_buckets);
	TAP_ADD(s, a_concurrent_map_is_never_reported);
	TAP_ADD(s, buckets_of_a_dead_map_do_not_live_on);
	TAP_ADD(s, buckets_of_a_freed_map_do_not_live_on);
	TAP_ADD(s, a_new_map_at_an_old_address_is_a_new_map);
	TAP_ADD(s, freed_memory_takes_its_map_with_it);
	TAP_ADD(s, memory_freed_beside_a_map_does_not);
	TAP_ADD(s, a_map_published_without_order_races_with_its_creation);
	TAP_ADD(s, a_map_published_under_a_lock_does_not);
	TAP_ADD(s, an_operation_on_a_destroyed_map_is_reported);
	TAP_ADD(s, also_with_one_thread_only);
	TAP_ADD(s, a_destroyed_map_that_is_created_again_lives);
	TAP_ADD(s, a_destroyed_map_whose_memory_is_freed_is_forgotten);
	TAP_ADD(s, a_destruction_races_with_an_unordered_use);
	TAP_ADD(s, a_late_confirmation_does_not_kill_a_newcomer);
	TAP_ADD(s, nor_one_whose_birth_was_not_seen);
	TAP_ADD(s, a_dead_header_that_did_not_change_is_dead);
	TAP_ADD(s, a_dead_header_that_changed_is_a_new_map);
	TAP_ADD(s, an_implicit_map_is_made_anew_after_its_end);
	TAP_ADD(s, references_decide_who_is_last);
	TAP_ADD(s, a_reference_of_unknown_count_forgets_the_accesses);
	TAP_ADD(s, labels_contexts_and_keys_are_told);
	TAP_ADD(s, a_note_of_another_access_is_not_shown);
	TAP_ADD(s, old_contexts_are_told_as_lost);
	TAP_ADD(s, recursive_locks_count_their_levels);
	TAP_ADD(s, ignored_accesses_are_neither_checked_nor_kept);
	TAP_ADD(s, an_iterator_is_stale_after_a_change);
	TAP_ADD(s, an_iterator_survives_its_own_change);
	TAP_ADD(s, an_iterator_survives_no_change);
	TAP_ADD(s, its_own_change_does_not_excuse_an_earlier_one);
	TAP_ADD(s, a_new_start_makes_it_fresh);
	TAP_ADD(s, an_iterator_of_a_new_map_is_not_judged_by_the_old_one);
	TAP_ADD(s, a_change_by_an_unordered_thread_is_a_race_not_a_stale_iterator);
	TAP_ADD(s, an_ordered_change_by_another_thread_makes_an_iterator_stale);
	TAP_ADD(s, a_write_that_changes_no_structure_does_not);
	TAP_ADD(s, nor_is_a_later_write_of_that_kind_to_blame);
	TAP_ADD(s, an_iterator_that_another_thread_started_is_known);
	TAP_ADD(s, a_change_by_the_iterator_in_another_thread_leaves_it_valid);
	TAP_ADD(s, a_start_by_another_thread_makes_it_fresh);
	TAP_ADD(s, an_iterator_of_another_thread_and_an_unordered_change_are_a_race);
	TAP_ADD(s, many_iterators_are_forgotten_and_never_mistaken);
	return tap_run(s);
}
