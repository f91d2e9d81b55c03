/* SPDX-License-Identifier: MIT */
/*
 * engine_threads.c - the engine under real threads: what the script tests cannot show. Meant to run under TSan as well.
 *
 * The threads synchronise by real primitives and tell the engine, as the hooks do: release before, acquire after.
 */
#include "preload/engine/state.h"

#include "tests/tap.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

static unsigned found;

uint32_t engine_capture(struct race_thread *t, const struct race_op *op, const uintptr_t *fp)
{
	return 1 + (uint32_t)op->role;
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
	add_relaxed(&found, 1);
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

static const struct race_kind kind = { "K", CONTRACT_UNSAFE, NULL, 0, 0, NULL }, bucketed = { "B", CONTRACT_BUCKET_LOCKED, NULL, 0, 0, NULL };
static const struct race_op op_read = { "read", &kind, NULL, ROLE_LOOKUP, ACCESS_READ, KEY_NONE, 0 };
static const struct race_op op_write = { "write", &kind, NULL, ROLE_INSERT, ACCESS_WRITE, KEY_NONE, 0 };
static const struct race_op op_bwrite = { "bwrite", &bucketed, NULL, ROLE_INSERT, ACCESS_WRITE, KEY_NONE, 0 };
static const struct race_op op_create = { "create", &kind, NULL, ROLE_CREATE, ACCESS_WRITE, KEY_NONE, 0 };

static struct race_thread main_thread;

static void begin(void)
{
	int here;

	ck_assert_int_eq(engine_init(0), 0);
	memset(&main_thread, 0, sizeof(main_thread));
	thread_start(&main_thread, NULL, 0);
	main_thread.stack_lo = (uintptr_t)&here - (1 << 20);
	main_thread.stack_hi = (uintptr_t)&here + (1 << 20);
	found = 0;
}

static __attribute__((noinline)) void touch(struct race_thread *t, const struct race_op *op, uintptr_t map, uint32_t bucket)
{
	struct race_touch touch = { op, map, 0, bucket, __builtin_frame_address(0) };
	struct race_op_open open;

	op_enter(t, &touch, &open);
	op_exit(t, &open);
}

struct worker {
	pthread_t handle;
	struct race_thread t;
	struct thread_birth *birth;
	void (*run)(struct race_thread *t, unsigned index);
	unsigned index;
};

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	memset(&w->t, 0, sizeof(w->t));
	thread_start(&w->t, w->birth, w->birth == NULL);
	w->t.stack_lo = (uintptr_t)&w - (1 << 18);
	w->t.stack_hi = (uintptr_t)&w + 4096;
	w->run(&w->t, w->index);
	thread_end(&w->t, (uintptr_t)w);
	return NULL;
}

static void spawn(struct worker *w, void (*run)(struct race_thread *, unsigned), unsigned index)
{
	w->run = run;
	w->index = index;
	w->birth = thread_publish(&main_thread, 0);
	ck_assert_int_eq(pthread_create(&w->handle, NULL, worker_main, w), 0);
}

static void collect(struct worker *w)
{
	pthread_join(w->handle, NULL);
	sync_acquire(&main_thread, (uintptr_t)w);
	sync_forget((uintptr_t)w);
}

static void run_all(void (*run)(struct race_thread *, unsigned), unsigned n)
{
	static struct worker workers[64];

	for (unsigned i = 0; i < n; i++)
		spawn(&workers[i], run, i);
	for (unsigned i = 0; i < n; i++)
		collect(&workers[i]);
}

/* ---- everything under one lock ------------------------------------------------------------------------------------ */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, other_mutex = PTHREAD_MUTEX_INITIALIZER;
#define ROUNDS 20000
#define MAP 0x30000

static void lock(struct race_thread *t, pthread_mutex_t *m)
{
	pthread_mutex_lock(m);
	lock_held(t, (uintptr_t)m, LOCK_MUTEX, 0);
	sync_acquire_alone(t, (uintptr_t)m);
}

static void unlock(struct race_thread *t, pthread_mutex_t *m)
{
	lock_dropped(t, (uintptr_t)m);
	sync_release(t, (uintptr_t)m);
	pthread_mutex_unlock(m);
}

static void locked_worker(struct race_thread *t, unsigned index)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		lock(t, &mutex);
		touch(t, i % 4 ? &op_read : &op_write, MAP + 64 * (i % 7), RACE_NO_BUCKET);
		unlock(t, &mutex);
	}
}

START_TEST(a_locked_map_is_silent)
{
	begin();
	run_all(locked_worker, 8);
	touch(&main_thread, &op_write, MAP, RACE_NO_BUCKET);
	ck_assert_uint_eq(found, 0);
	engine_counters_fold();
	ck_assert_uint_ge(race_counters[COUNT_OPS_RECORDED], 8 * 7); /* each thread, each map, at the least */
}
END_TEST

static void unlocked_worker(struct race_thread *t, unsigned index)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		pthread_mutex_t *m = index == 3 ? &other_mutex : &mutex;

		lock(t, m);
		touch(t, i % 4 ? &op_read : &op_write, MAP + 64 * (i % 7), RACE_NO_BUCKET);
		unlock(t, m);
	}
}

START_TEST(one_thread_with_the_wrong_lock_is_found)
{
	begin();
	run_all(unlocked_worker, 4);
	ck_assert_uint_gt(found, 0);
}
END_TEST

/* ---- readers and a writer ------------------------------------------------------------------------------------------- */

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static void rwlock_worker(struct race_thread *t, unsigned index)
{
	uintptr_t at = (uintptr_t)&rwlock;

	for (unsigned i = 0; i < ROUNDS / 4; i++) {
		if ((i + index) % 16) {
			pthread_rwlock_rdlock(&rwlock);
			sync_acquire(t, at);
			touch(t, &op_read, MAP, RACE_NO_BUCKET);
			sync_release_join(t, at + 1);
		} else {
			pthread_rwlock_wrlock(&rwlock);
			sync_acquire(t, at);
			sync_acquire(t, at + 1);
			touch(t, &op_write, MAP, RACE_NO_BUCKET);
			sync_release(t, at);
		}
		pthread_rwlock_unlock(&rwlock);
	}
}

START_TEST(a_rwlocked_map_is_silent)
{
	begin();
	run_all(rwlock_worker, 12);
	ck_assert_uint_eq(found, 0);
}
END_TEST

/* ---- hand-over by semaphores: maps are created here and used and destroyed there ------------------------------------ */

static sem_t full, empty;
static uintptr_t slot_in_hand;

static void producer(struct race_thread *t)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		uintptr_t map = MAP + 96 * (i % 50);

		sem_wait(&empty);
		sync_acquire(t, (uintptr_t)&empty);
		map_create(t, &op_create, map, KEY_NONE, NULL);
		touch(t, &op_write, map, RACE_NO_BUCKET);
		slot_in_hand = map;
		sync_release_join(t, (uintptr_t)&full);
		sem_post(&full);
	}
}

static void consumer(struct race_thread *t)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		uintptr_t map;

		sem_wait(&full);
		sync_acquire(t, (uintptr_t)&full);
		map = slot_in_hand;
		touch(t, &op_write, map, RACE_NO_BUCKET);
		memory_forget(map, 96);
		sync_release_join(t, (uintptr_t)&empty);
		sem_post(&empty);
	}
}

static void hand_over_worker(struct race_thread *t, unsigned index)
{
	(index ? consumer : producer)(t);
}

START_TEST(maps_handed_over_are_silent)
{
	begin();
	sem_init(&full, 0, 0);
	sem_init(&empty, 0, 1);
	run_all(hand_over_worker, 2);
	ck_assert_uint_eq(found, 0);
}
END_TEST

/* ---- no order at all: the engine itself must stand it ---------------------------------------------------------------- */

static void wild_worker(struct race_thread *t, unsigned index)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		uintptr_t map = MAP + 48 * ((i * 7 + index) % 300);

		switch ((i + index) % 9) {
		case 0: touch(t, &op_write, MAP, i % 5); break;
		case 1: touch(t, &op_read, map, RACE_NO_BUCKET); break;
		case 2: touch(t, &op_bwrite, MAP + 0x8000, i % 40); break;
		case 3: sync_release_join(t, 0x50000 + 8 * (i % 64)); break;
		case 4: sync_acquire(t, 0x50000 + 8 * (i % 64)); break;
		case 5: map_create(t, &op_create, map, KEY_NONE, NULL); break;
		case 6: context_set(t, i % 2 ? "odd" : "even"); break;
		case 7: memory_forget(map & ~(uintptr_t)63, 64); break;
		default: touch(t, &op_read, MAP, RACE_NO_BUCKET);
		}
	}
}

START_TEST(a_program_without_any_order_does_no_harm)
{
	unsigned left = 0;

	begin();
	run_all(wild_worker, 6);
	ck_assert_uint_gt(found, 0);
	memory_forget(0, (size_t)1 << 33);
	for (uint32_t i = 0; i <= race_tables.cell_mask; i++)
		left += !race_tables.cells[i].sub && race_tables.cells[i].key;
	ck_assert_uint_eq(left, 0);
}
END_TEST

/* ---- threads that come and go, and foreign ones -------------------------------------------------------------------------- */

static void short_worker(struct race_thread *t, unsigned index)
{
	touch(t, &op_write, MAP + 64 * index, RACE_NO_BUCKET);
}

START_TEST(threads_that_come_and_go_are_ordered_by_their_joins)
{
	begin();
	for (unsigned i = 0; i < 100; i++)
		run_all(short_worker, 8);
	ck_assert_uint_eq(found, 0);
}
END_TEST

static void *foreign_main(void *arg)
{
	struct worker *w = arg;

	w->birth = NULL;
	return worker_main(w);
}

START_TEST(foreign_threads_may_start_while_others_run)
{
	static struct worker strangers[20], locked[4];

	begin();
	for (unsigned i = 0; i < 4; i++)
		spawn(&locked[i], locked_worker, i);
	for (unsigned i = 0; i < 20; i++) {
		strangers[i].run = locked_worker;
		ck_assert_int_eq(pthread_create(&strangers[i].handle, NULL, foreign_main, &strangers[i]), 0);
	}
	for (unsigned i = 0; i < 20; i++)
		pthread_join(strangers[i].handle, NULL);
	for (unsigned i = 0; i < 4; i++)
		collect(&locked[i]);
	ck_assert_uint_eq(found, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("engine_threads");

	TAP_ADD(s, a_locked_map_is_silent);
	TAP_ADD(s, one_thread_with_the_wrong_lock_is_found);
	TAP_ADD(s, a_rwlocked_map_is_silent);
	TAP_ADD(s, maps_handed_over_are_silent);
	TAP_ADD(s, a_program_without_any_order_does_no_harm);
	TAP_ADD(s, threads_that_come_and_go_are_ordered_by_their_joins);
	TAP_ADD(s, foreign_threads_may_start_while_others_run);
	return tap_run(s);
}
