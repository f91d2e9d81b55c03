/* SPDX-License-Identifier: MIT */
/* calls.c - every call of librace.h, and the names that programs used before there was librace. */
#include <setjmp.h>
#include <stdio.h>

#include "../../include/librace.h"
#include "pairs.h"

static int map[16], other[16], token, wrong;

static void put(void)
{
	race_insert_begin(map);
	race_insert_end(map);
}

static void get(void)
{
	race_lookup_begin(map);
	race_lookup_end(map);
}

static void born(void)
{
	race_map_create(map, "test map", RACE_UNSAFE);
}

static void born_striped(void)
{
	race_map_create(map, "striped map", RACE_BUCKET_LOCKED);
}

static void born_concurrent(void)
{
	race_map_create(map, "concurrent map", RACE_CONCURRENT);
}

static void put_in(unsigned bucket, long key)
{
	race_begin(map, RACE_OP_INSERT, bucket, &key, RACE_KEY_LONG);
	race_end(map);
}

static void put_3(void)
{
	put_in(3, 33);
}

static void put_4(void)
{
	put_in(4, 44);
}

static void resize(void)
{
	race_resize_begin(map);
	race_resize_end(map);
}

static void iterate(void)
{
	race_iterate_begin(map);
	race_iterate_end(map);
}

static void clear(void)
{
	race_clear_begin(map);
	race_clear_end(map);
}

static void take_out(void)
{
	race_remove_begin(map);
	race_remove_end(map);
}

static void read_it(void)
{
	race_read_begin(map);
	race_read_end(map);
}

static void write_it(void)
{
	race_write_begin(map);
	race_write_end(map);
}

/* ---- edges ---- */

static void put_release(void)
{
	put();
	race_release(&token);
}

static void release_put(void)
{
	race_release(&token);
	put();
}

static void acquire_get(void)
{
	race_acquire(&token);
	get();
}

static void acquire_wrong_get(void)
{
	race_acquire(&wrong);
	get();
}

static void ignored_get(void)
{
	race_ignore_begin();
	race_ignore_begin();
	race_ignore_end();
	get();
	race_ignore_end();
}

static void ignore_then_get(void)
{
	race_ignore_begin();
	race_ignore_end();
	race_ignore_end();
	get();
}

/* ---- nesting ---- */

static void nested_put_release(void)
{
	race_write_begin(map);
	race_insert_begin(map);
	race_resize_begin(map);
	race_insert_begin(other);
	race_end(map);
	race_end(map);
	race_end(other);
	race_end(map);
	race_end(map); /* one too many */
	race_release(&token);
}

static void deep_put_release(void)
{
	for (int i = 0; i < 40; i++)
		race_insert_begin(map);
	for (int i = 0; i < 40; i++)
		race_insert_end(map);
	race_release(&token);
}

static jmp_buf back;

static __attribute__((noinline)) void leave_inside(void)
{
	volatile char room[1024];

	room[0] = 0;
	race_insert_begin(map);
	longjmp(back, 1 + room[0]);
}

static void jump_release(void)
{
	if (setjmp(back) == 0)
		leave_inside();
	race_read_begin(other);
	race_read_end(other);
	race_release(&token);
}

/* Both are inside at the same time. */
static void stay_inside(void)
{
	race_insert_begin(map);
	gate_open(&pair_gate);
	gate_wait(&pair_gate, 2);
	race_insert_end(map);
}

static void come_inside(void)
{
	get();
	gate_open(&pair_gate);
	gate_wait(&pair_gate, 3);
}

/* ---- lives ---- */

static void put_destroy_release(void)
{
	put();
	race_map_destroy(map);
	race_release(&token);
}

static void acquire_rebirth_get(void)
{
	race_acquire(&token);
	race_map_create(map, "test map", RACE_UNSAFE);
	get();
}

static void destroy(void)
{
	race_map_destroy(map);
}

static void named(void)
{
	born();
	race_label(map, "the label");
}

static void put_named(void)
{
	race_context("first context");
	race_begin(map, RACE_OP_INSERT, 5, "apple", RACE_KEY_STRING);
	race_end(map);
}

static void get_named(void)
{
	int key = 71;

	race_context("second context");
	race_begin(map, RACE_OP_LOOKUP, 5, &key, RACE_KEY_INT);
	race_end(map);
}

static void get_no_context(void)
{
	race_context("forgotten");
	race_context(NULL);
	get();
}

static void many_kinds(void)
{
	static char maps[400];
	char kind[32];

	for (int i = 0; i < 400; i++) {
		snprintf(kind, sizeof(kind), "kind %d", i % 350);
		race_map_create(&maps[i], kind, RACE_UNSAFE);
	}
	race_kind(map, "late kind");
}

static void kind_only(void)
{
	race_kind(map, "kind only");
}

/* ---- the names that others gave ---- */

#define PLACE const volatile void *
extern void AnnotateHappensBefore(const char *, int, PLACE) __attribute__((weak));
extern void AnnotateHappensAfter(const char *, int, PLACE) __attribute__((weak));
extern void AnnotateRWLockCreate(const char *, int, PLACE) __attribute__((weak));
extern void AnnotateRWLockDestroy(const char *, int, PLACE) __attribute__((weak));
extern void AnnotateRWLockAcquired(const char *, int, PLACE, long) __attribute__((weak));
extern void AnnotateRWLockReleased(const char *, int, PLACE, long) __attribute__((weak));
extern void AnnotateIgnoreReadsBegin(const char *, int) __attribute__((weak));
extern void AnnotateIgnoreReadsEnd(const char *, int) __attribute__((weak));
extern void AnnotateIgnoreWritesBegin(const char *, int) __attribute__((weak));
extern void AnnotateIgnoreWritesEnd(const char *, int) __attribute__((weak));
extern void AnnotateNewMemory(const char *, int, PLACE, long) __attribute__((weak));
extern void AnnotateBenignRaceSized(const char *, int, PLACE, long, const char *) __attribute__((weak));
extern void AnnotateThreadName(const char *, int, const char *) __attribute__((weak));
extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));
extern void __tsan_mutex_create(void *, unsigned) __attribute__((weak));
extern void __tsan_mutex_destroy(void *, unsigned) __attribute__((weak));
extern void __tsan_mutex_pre_lock(void *, unsigned) __attribute__((weak));
extern void __tsan_mutex_post_lock(void *, unsigned, int) __attribute__((weak));
extern int __tsan_mutex_pre_unlock(void *, unsigned) __attribute__((weak));
extern void __tsan_mutex_post_unlock(void *, unsigned) __attribute__((weak));
#define SAY(name, ...) (name ? (void)name(__VA_ARGS__) : (void)0)
#define ANNOTATE(name, ...) SAY(name, __FILE__, __LINE__, ##__VA_ARGS__)
enum { READ_LOCK = 8, TRY_LOCK = 16, TRY_FAILED = 32, RECURSIVE_LOCK = 64, RECURSIVE_UNLOCK = 128 };

static void put_happens_before(void)
{
	put();
	ANNOTATE(AnnotateHappensBefore, &token);
}

static void happens_after_get(void)
{
	ANNOTATE(AnnotateHappensAfter, &token);
	get();
}

static void put_tsan_release(void)
{
	put();
	SAY(__tsan_release, &token);
}

static void tsan_acquire_get(void)
{
	SAY(__tsan_acquire, &token);
	get();
}

static void rw_locked(void (*work)(void), long write)
{
	ANNOTATE(AnnotateRWLockAcquired, &token, write);
	work();
	ANNOTATE(AnnotateRWLockReleased, &token, write);
}

static void rw_create(void)
{
	ANNOTATE(AnnotateRWLockCreate, &token);
	ANNOTATE(AnnotateBenignRaceSized, map, (long)sizeof(map), "not for maps");
}

static void rw_put(void)
{
	rw_locked(put, 1);
}

static void rw_get(void)
{
	rw_locked(get, 0);
	ANNOTATE(AnnotateRWLockDestroy, &token);
}

static void rw_put_reading(void)
{
	rw_locked(put, 0);
}

static void locked(void (*work)(void), unsigned flags, int depth)
{
	SAY(__tsan_mutex_pre_lock, &token, flags);
	SAY(__tsan_mutex_post_lock, &token, flags, depth);
	work();
	SAY(__tsan_mutex_pre_unlock, &token, flags);
	SAY(__tsan_mutex_post_unlock, &token, flags);
}

static void mutex_create(void)
{
	SAY(__tsan_mutex_create, &token, 0);
}

static void mutex_put(void)
{
	locked(put, 0, 0);
}

static void mutex_get(void)
{
	locked(get, 0, 0);
	SAY(__tsan_mutex_destroy, &token, 0);
}

static void mutex_get_failed(void)
{
	SAY(__tsan_mutex_pre_lock, &token, TRY_LOCK);
	SAY(__tsan_mutex_post_lock, &token, TRY_LOCK | TRY_FAILED, 0);
	get();
}

/* Gives up three levels at once, and takes them again. */
static void mutex_put_recursive(void)
{
	int levels = 3;

	SAY(__tsan_mutex_post_lock, &token, RECURSIVE_LOCK, 3);
	put();
	if (__tsan_mutex_pre_unlock)
		levels = __tsan_mutex_pre_unlock(&token, RECURSIVE_UNLOCK);
	if (levels != 3)
		fprintf(stderr, "%d levels\n", levels);
}

/* Gives up one of two levels only: no edge yet. */
static void mutex_put_half(void)
{
	SAY(__tsan_mutex_post_lock, &token, 0, 0);
	SAY(__tsan_mutex_post_lock, &token, 0, 0);
	put();
	SAY(__tsan_mutex_pre_unlock, &token, 0);
}

static void annotate_ignored_get(void)
{
	ANNOTATE(AnnotateIgnoreReadsBegin);
	ANNOTATE(AnnotateIgnoreWritesBegin);
	ANNOTATE(AnnotateIgnoreWritesEnd);
	get();
	ANNOTATE(AnnotateIgnoreReadsEnd);
}

static void new_memory_get(void)
{
	ANNOTATE(AnnotateNewMemory, map, (long)sizeof(map));
	get();
}

static void name_put(void)
{
	ANNOTATE(AnnotateThreadName, "my-own-name");
	put();
}

int main(int argc, char **argv)
{
	static const struct pair pairs[] = {
		/* operations */
		{ "insert_and_lookup_race", "DATA RACE", born, put, get },
		{ "unannounced_map_is_a_map", "Map: map ", NULL, put, get },
		{ "two_lookups_do_not_race", "silent", born, get, get },
		{ "read_and_lookup_do_not_race", "silent", born, read_it, get },
		{ "iterate_and_lookup_do_not_race", "silent", born, iterate, get },
		{ "write_and_read_race", "DATA RACE", born, write_it, read_it },
		{ "remove_and_lookup_race", "DATA RACE", born, take_out, get },
		{ "clear_and_lookup_race", "DATA RACE", born, clear, get },
		{ "resize_and_lookup_race", "DATA RACE", born, resize, get },
		{ "iterate_and_insert_race", "iterate-write", born, iterate, put },
		/* promises */
		{ "unsafe_other_bucket_races", "different buckets", born, put_3, put_4 },
		{ "striped_same_bucket_races", "same bucket", born_striped, put_3, put_3 },
		{ "striped_other_bucket_is_fine", "silent", born_striped, put_3, put_4 },
		{ "striped_resize_races", "DATA RACE", born_striped, put_3, resize },
		{ "concurrent_is_exempt", "silent", born_concurrent, put_3, put_3 },
		/* edges */
		{ "release_orders_what_came_before", "silent", born, put_release, acquire_get },
		{ "release_leaves_what_comes_after", "DATA RACE", born, release_put, acquire_get },
		{ "acquire_of_another_object", "DATA RACE", born, put_release, acquire_wrong_get },
		{ "ignored_operation", "silent", born, put, ignored_get },
		{ "ignoring_ends", "DATA RACE", born, put, ignore_then_get },
		/* nesting */
		{ "nested_operations_are_silent", "silent", born, nested_put_release, acquire_get },
		{ "nested_operations_race", "DATA RACE", born, nested_put_release, get },
		{ "forty_deep", "silent", born, deep_put_release, acquire_get },
		{ "begin_left_by_longjmp_is_over", "silent", born, jump_release, acquire_get },
		{ "overlap_is_certain", "Verdict: certain", born, stay_inside, come_inside },
		/* lives */
		{ "use_of_dead_map", "USE OF DEAD MAP", born, put_destroy_release, acquire_get },
		{ "rebirth_is_a_new_map", "silent", born, put_destroy_release, acquire_rebirth_get },
		{ "destroy_races", "DATA RACE", born, get, destroy },
		/* words in reports */
		{ "kind_and_label", "Map: test map 0x[0-9a-f]*, \"the label\"", named, put, get },
		{ "key_text", "Key: 71 | previous \"apple\"", named, put_named, get_named },
		{ "key_bucket", "Bucket: 5.*same bucket", named, put_named, get_named },
		{ "context_of_both", "Context: main thread \"second context\"; thread 1 \"first context\"", named,
		  put_named, get_named },
		{ "context_is_cleared", "Context: thread 1 \"first context\"$", named, put_named, get_no_context },
		{ "kinds_run_out_gracefully", "Map: map ", many_kinds, put, get },
		{ "kind_of_a_living_map", "Map: kind only ", kind_only, put, get },
		/* other names */
		{ "happens_before_and_after", "silent", born, put_happens_before, happens_after_get },
		{ "happens_before_alone", "DATA RACE", born, put_happens_before, get },
		{ "tsan_release_and_acquire", "silent", born, put_tsan_release, tsan_acquire_get },
		{ "tsan_release_alone", "DATA RACE", born, put_tsan_release, get },
		{ "rwlock_write_then_read", "silent", rw_create, rw_put, rw_get },
		{ "rwlock_does_not_protect_a_write_in_read_mode", "DATA RACE", rw_create, rw_put_reading, rw_get },
		{ "tsan_mutex", "silent", mutex_create, mutex_put, mutex_get },
		{ "tsan_mutex_failed_try", "DATA RACE", mutex_create, mutex_put, mutex_get_failed },
		{ "tsan_mutex_all_levels", "silent", mutex_create, mutex_put_recursive, mutex_get },
		{ "tsan_mutex_one_of_two_levels", "DATA RACE", mutex_create, mutex_put_half, mutex_get },
		{ "annotated_ignore", "silent", born, put, annotate_ignored_get },
		{ "new_memory_is_a_new_map", "silent", born, put, new_memory_get },
		{ "annotated_thread_name", "thread 1 \"my-own-name\"", born, name_put, get },
		{ NULL, NULL, NULL, NULL, NULL },
	};

	return pairs_main(pairs, argc, argv);
}
