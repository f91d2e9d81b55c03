/* SPDX-License-Identifier: MIT */
/*
 * engine_parts.c - the small pieces of the engine: words, clocks, pools, the page filter, moving a mapped range.
 */
#include "preload/engine/clock.h"
#include "preload/engine/state.h"

#include "tests/tap.h"

uint32_t engine_capture(struct race_thread *t, const struct race_op *op, const uintptr_t *fp)
{
	return 1;
}

const struct race_op *engine_stack_op(uint32_t stack)
{
	return NULL;
}

int engine_stack_begins(uint32_t stack, const struct race_op *op, uintptr_t return_address)
{
	return engine_stack_op(stack) == op;
}

uint32_t engine_found(struct race_thread *t, const struct race_finding *f)
{
	return 0;
}

int engine_hold(struct race_thread *t)
{
	(void)t;
	return 0;
}

uint32_t engine_first(struct race_thread *t, uint32_t stack)
{
	(void)t;
	(void)stack;
	return 0;
}

static uint64_t state = 88172645463325252ull;

static uint64_t random64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

START_TEST(words_come_back_as_they_were_packed)
{
	for (unsigned i = 0; i < 100000; i++) {
		uint32_t slot = (uint32_t)random64() % RACE_SLOTS, clock = (uint32_t)random64() & RACE_CLOCK_MAX;
		uint32_t stack = (uint32_t)random64() % RACE_STACKS;
		uint64_t epoch = word_epoch(slot, clock), word = epoch | stack;

		ck_assert_uint_eq(word_slot(word), slot);
		ck_assert_uint_eq(word_clock(word), clock);
		ck_assert_uint_eq(word_stack(word), stack);
		ck_assert(same_epoch(word, epoch));
		ck_assert(!same_epoch(word, epoch + RACE_ONE_TICK));
	}
	ck_assert_uint_eq(word_slot(RACE_READ_SHARED), RACE_SLOTS - 1); /* the slot that no thread gets */
}
END_TEST

START_TEST(locks_come_back_as_they_were_packed)
{
	uint64_t w = lock_word(0x00007f0012345678ull, LOCK_RWLOCK, 1);

	ck_assert_uint_eq(lock_word_address(w), 0x00007f0012345678ull);
	ck_assert_uint_eq(lock_word_type(w), LOCK_RWLOCK);
	ck_assert(w & LOCK_READ_MODE);
	ck_assert(!(lock_word(8, LOCK_OTHER, 0) & LOCK_READ_MODE));
}
END_TEST

START_TEST(a_join_is_the_maximum_and_tells_what_changed)
{
	for (unsigned i = 0; i < 20000; i++) {
		uint32_t a[64], b[64], want[64], n = 8 * (1 + (uint32_t)random64() % 8), change = 0;

		for (uint32_t k = 0; k < n; k++) {
			a[k] = (uint32_t)random64() & (i % 2 ? RACE_CLOCK_MAX : 1);
			b[k] = (uint32_t)random64() % 3 ? a[k] : (uint32_t)random64() & (i % 2 ? RACE_CLOCK_MAX : 1);
			want[k] = a[k] > b[k] ? a[k] : b[k];
			change |= a[k] < b[k] ? CLOCK_GREW : a[k] > b[k] ? CLOCK_HAS_MORE : 0;
		}
		ck_assert_int_eq(clock_join(a, b, n), (int)change);
		ck_assert_mem_eq(a, want, n * sizeof(*a));
	}
}
END_TEST

START_TEST(pools_hand_out_fitting_blocks_and_take_chains_back)
{
	static struct pool p = { .classes = {
		{ .cap = 4, .bytes = 64, .limit = 2 }, { .cap = 8, .bytes = 128, .limit = 1 }, { .cap = 16, .bytes = 256, .limit = 1 },
		{ .cap = 32, .bytes = 512, .limit = 1 }, { .cap = 64, .bytes = 1024, .limit = 1 },
	} };
	struct pool_block *a = pool_take(&p, 3), *b = pool_take(&p, 4), *c = pool_take(&p, 5);

	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	ck_assert_ptr_ne(a, b);
	ck_assert_uint_eq(a->cap, 4);
	ck_assert_uint_eq(c->cap, 8);
	ck_assert_ptr_null(pool_take(&p, 1));
	ck_assert_ptr_null(pool_take(&p, 65));
	c->next = a;
	pool_give(&p, c);
	ck_assert_ptr_eq(pool_take(&p, 2), a);
	ck_assert_ptr_eq(pool_take(&p, 6), c);
}
END_TEST

/* ---- the filter --------------------------------------------------------------------------------------------------- */

static struct race_thread me;
static const struct race_kind kind = { "K", CONTRACT_UNSAFE, NULL, 0, 0, NULL };
static const struct race_op op = { "op", &kind, NULL, ROLE_INSERT, ACCESS_WRITE, KEY_NONE, 0 };

static void begin(void)
{
	ck_assert_int_eq(engine_init(0), 0);
	memset(&me, 0, sizeof(me));
	thread_start(&me, NULL, 0);
	race_multi = 1;
}

static void touch(uintptr_t map)
{
	struct race_op_open open;

	op_enter(&me, &(struct race_touch){ &op, map, 0, RACE_NO_BUCKET, NULL }, &open);
	op_exit(&me, &open);
}

START_TEST(only_what_holds_something_is_watched)
{
	begin();
	ck_assert(!memory_is_watched(0x10000, 4096));
	touch(0x10200);
	sync_release(&me, 0x10811);
	ck_assert(memory_is_watched(0x10200, 1));
	ck_assert(memory_is_watched(0x101f0, 32));
	ck_assert(memory_is_watched(0x10000, 4096));
	ck_assert(memory_is_watched(0xf000, 0x10000));
	ck_assert(memory_is_watched(0x10811, 1));
	ck_assert(memory_is_watched(0x10810, 8));
	ck_assert(!memory_is_watched(0x10300, 64));
	ck_assert(!memory_is_watched(0x101c0, 0x40));
	ck_assert(!memory_is_watched(0x11000, 4096));
	ck_assert(!memory_is_watched(0x10200, 0));
	memory_forget(0x10000, 0x300);
	ck_assert(!memory_is_watched(0x10200, 1));
	ck_assert(memory_is_watched(0x10811, 1));
	memory_forget(0x10800, 0x20);
	ck_assert(!memory_is_watched(0x10000, 4096));
}
END_TEST

START_TEST(random_ranges_are_forgotten_exactly)
{
	enum { KEYS = 300 };
	static uintptr_t at[KEYS];

	for (unsigned round = 0; round < 60; round++) {
		uintptr_t lo = 0x400000 + random64() % 40000, bytes = 1 + random64() % (round % 2 ? 20000 : 200);

		begin();
		for (unsigned i = 0; i < KEYS; i++) {
			at[i] = 0x400000 + (random64() % 60000 & ~(uintptr_t)15);
			touch(at[i]);
			sync_release(&me, at[i] + 8);
		}
		memory_forget(lo, bytes);
		for (unsigned i = 0; i < KEYS; i++) {
			ck_assert_int_eq(cell_find(at[i]) != NULL, !(at[i] - lo < bytes));
			ck_assert_int_eq(sync_find(at[i] + 8) != NULL, !(at[i] + 8 - lo < bytes));
		}
		memory_forget(0x400000, 70000);
		ck_assert(!memory_is_watched(0x400000, 70000));
		ck_assert(!reach_any(race_tables.cell_reach, race_tables.cell_mask, 0, race_tables.cell_mask + 1));
		ck_assert(!reach_any(race_tables.sync_reach, race_tables.sync_mask, 0, race_tables.sync_mask + 1));
	}
}
END_TEST

START_TEST(huge_ranges_are_forgotten_too)
{
	begin();
	touch(0x7f0000001000);
	touch(0x100000);
	sync_release(&me, 0x7f0000002000);
	ck_assert(memory_is_watched(0x7e0000000000, (size_t)1 << 41));
	memory_forget(0x7e0000000000, (size_t)1 << 41);
	ck_assert_ptr_null(cell_find(0x7f0000001000));
	ck_assert_ptr_null(sync_find(0x7f0000002000));
	ck_assert_ptr_nonnull(cell_find(0x100000));
	memory_forget(0x100000, ~(size_t)0); /* nonsense that wraps around */
	ck_assert_ptr_nonnull(cell_find(0x100000));
}
END_TEST

START_TEST(a_page_with_very_many_objects_stays_watched)
{
	begin();
	touch(0x10000);
	race_pages[0x10] = UINT16_MAX;
	memory_forget(0x10000, 4096);
	ck_assert_uint_eq(race_pages[0x10], UINT16_MAX);
	ck_assert(!memory_is_watched(0x10000, 64)); /* the closer look tells */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("engine_parts");

	TAP_ADD(s, words_come_back_as_they_were_packed);
	TAP_ADD(s, locks_come_back_as_they_were_packed);
	TAP_ADD(s, a_join_is_the_maximum_and_tells_what_changed);
	TAP_ADD(s, pools_hand_out_fitting_blocks_and_take_chains_back);
	TAP_ADD(s, only_what_holds_something_is_watched);
	TAP_ADD(s, random_ranges_are_forgotten_exactly);
	TAP_ADD(s, huge_ranges_are_forgotten_too);
	TAP_ADD(s, a_page_with_very_many_objects_stays_watched);
	return tap_run(s);
}
