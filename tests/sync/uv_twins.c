/* SPDX-License-Identifier: MIT */
/* BUILD: libuv */
/* uv_twins.c - what libuv orders: sends to a loop, work queues, and its names for POSIX threads. */
#include <uv.h>

#include "twins.h"

/* ---- uv_async_send ------------------------------------------------------------------------------------------------- */

static uv_loop_t loop;
static uv_async_t async, stopping;
static struct gate started, in_callback, sent_again;
static int calls;

static void run_loop(void)
{
	MUST(uv_run(&loop, UV_RUN_DEFAULT));
	MUST(uv_loop_close(&loop));
}

static void on_async(uv_async_t *handle)
{
	(void)handle;
	if (racy)
		gate_wait(&a_done, 1);
	touch_b();
	uv_close((uv_handle_t *)handle, NULL);
}

/* The loop runs in a thread of its own before anything is touched. */
static void *send_b(void *unused)
{
	MUST(uv_loop_init(&loop));
	MUST(uv_async_init(&loop, &async, on_async));
	gate_open(&started);
	run_loop();
	return unused;
}

static void *send_a(void *unused)
{
	gate_wait(&started, 1);
	if (!racy)
		touch_a();
	MUST(uv_async_send(&async));
	if (racy) {
		touch_a();
		gate_open(&a_done);
	}
	return unused;
}

/* The second send comes while the loop is in the callback before, and finds nothing to wake. */
static void on_second(uv_async_t *handle)
{
	(void)handle;
	if (racy)
		gate_wait(&a_done, 1);
	touch_b();
	uv_close((uv_handle_t *)&async, NULL);
	uv_close((uv_handle_t *)&stopping, NULL);
}

static void on_first(uv_async_t *handle)
{
	(void)handle;
	if (calls++)
		return;
	gate_open(&in_callback);
	gate_wait(&sent_again, 1);
}

/*
 * One wake-up runs the callbacks of all handles that are pending: on_first lets side A send to the other one, which the loop has
 * not reached yet, before it goes on there. That send was made pending before, so side A writes to no descriptor.
 */
static void *coalesced_b(void *unused)
{
	MUST(uv_loop_init(&loop));
	MUST(uv_async_init(&loop, &async, on_first));
	MUST(uv_async_init(&loop, &stopping, on_second));
	MUST(uv_async_send(&async));
	MUST(uv_async_send(&stopping));
	gate_open(&started);
	run_loop();
	return unused;
}

static void *coalesced_a(void *unused)
{
	gate_wait(&in_callback, 1);
	if (!racy)
		touch_a();
	MUST(uv_async_send(&stopping));
	if (racy)
		touch_a();
	gate_open(&sent_again);
	gate_open(&a_done);
	return unused;
}

/* ---- work queues ----------------------------------------------------------------------------------------------------- */

static uv_work_t work, warm;

static void nothing(uv_work_t *req)
{
	(void)req;
}

static void after_nothing(uv_work_t *req, int status)
{
	(void)req;
	(void)status;
}

/* The pool's threads exist before anything is touched. */
static void pool_start(void)
{
	MUST(uv_loop_init(&loop));
	MUST(uv_queue_work(&loop, &warm, nothing, after_nothing));
	MUST(uv_run(&loop, UV_RUN_DEFAULT));
}

static void work_touches(uv_work_t *req)
{
	(void)req;
	if (racy)
		gate_wait(&a_done, 1);
	touch_b();
}

static void *queue_work_alone(void *unused)
{
	pool_start();
	if (!racy)
		touch_a();
	MUST(uv_queue_work(&loop, &work, work_touches, after_nothing));
	if (racy) {
		touch_a();
		gate_open(&a_done);
	}
	run_loop();
	return unused;
}

static void work_touches_a(uv_work_t *req)
{
	(void)req;
	touch_a();
	gate_open(&a_done);
}

static void after_touches_b(uv_work_t *req, int status)
{
	(void)req;
	(void)status;
	if (!racy)
		touch_b();
}

static void *after_work_alone(void *unused)
{
	pool_start();
	MUST(uv_queue_work(&loop, &work, work_touches_a, after_touches_b));
	if (racy) {
		gate_wait(&a_done, 1);
		touch_b();
	}
	run_loop();
	return unused;
}

/* ---- names for POSIX threads ---------------------------------------------------------------------------------------------- */

static uv_mutex_t mutexes[2], recursive[2];
static uv_rwlock_t rwlocks[2];
static uv_sem_t sem;
static uv_cond_t cond;
static uv_barrier_t barrier;
static uv_once_t once = UV_ONCE_INIT;
static int ready;

LOCKED(mutex, uv_mutex_lock(&mutexes[L]), touch_a(), uv_mutex_unlock(&mutexes[L]),
       uv_mutex_lock(&mutexes[L]), touch_b(), uv_mutex_unlock(&mutexes[L]))
LOCKED(mutex_trylock, MUST(uv_mutex_trylock(&mutexes[L])), touch_a(), uv_mutex_unlock(&mutexes[L]),
       MUST(uv_mutex_trylock(&mutexes[L])), touch_b(), uv_mutex_unlock(&mutexes[L]))
LOCKED(mutex_recursive, uv_mutex_lock(&recursive[L]), touch_a(), uv_mutex_unlock(&recursive[L]),
       uv_mutex_lock(&recursive[L]), touch_b(), uv_mutex_unlock(&recursive[L]))
LOCKED(rwlock_write_read, uv_rwlock_wrlock(&rwlocks[L]), touch_a(), uv_rwlock_wrunlock(&rwlocks[L]),
       uv_rwlock_rdlock(&rwlocks[L]), look_b(), uv_rwlock_rdunlock(&rwlocks[L]))
LOCKED(rwlock_read_write, uv_rwlock_rdlock(&rwlocks[L]), look_a(), uv_rwlock_rdunlock(&rwlocks[L]),
       uv_rwlock_wrlock(&rwlocks[L]), touch_b(), uv_rwlock_wrunlock(&rwlocks[L]))
LOCKED(rwlock_try, MUST(uv_rwlock_trywrlock(&rwlocks[L])), touch_a(), uv_rwlock_wrunlock(&rwlocks[L]),
       MUST(uv_rwlock_tryrdlock(&rwlocks[L])), look_b(), uv_rwlock_rdunlock(&rwlocks[L]))
HANDOVER(semaphore, uv_sem_post(&sem), uv_sem_wait(&sem))
HANDOVER(semaphore_try, uv_sem_post(&sem), MUST(uv_sem_trywait(&sem)))

static void give_ready(void)
{
	uv_mutex_lock(&mutexes[0]);
	ready = 1;
	uv_cond_signal(&cond);
	uv_mutex_unlock(&mutexes[0]);
}

static void take_ready(void)
{
	uv_mutex_lock(&mutexes[0]);
	while (!ready)
		uv_cond_wait(&cond, &mutexes[0]);
	uv_mutex_unlock(&mutexes[0]);
}

static void take_ready_in_time(void)
{
	uv_mutex_lock(&mutexes[0]);
	while (!ready)
		MUST(uv_cond_timedwait(&cond, &mutexes[0], 100ull * 1000000000));
	uv_mutex_unlock(&mutexes[0]);
}

HANDOVER(condition, give_ready(), take_ready())
HANDOVER(condition_timed, give_ready(), take_ready_in_time())

static void *barrier_a(void *unused)
{
	if (!racy)
		touch_a();
	uv_barrier_wait(&barrier);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}

static void *barrier_b(void *unused)
{
	uv_barrier_wait(&barrier);
	gate_wait(&a_done, 1);
	touch_b();
	return unused;
}

static void once_touches(void)
{
	if (!racy)
		touch_a();
}

static void *once_a(void *unused)
{
	uv_once(&once, once_touches);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}

static void *once_b(void *unused)
{
	gate_wait(&a_done, 1);
	uv_once(&once, once_touches);
	touch_b();
	return unused;
}

static void thread_touches(void *unused)
{
	(void)unused;
	touch_a();
	gate_open(&a_done);
}

static void *thread_join_alone(void *unused)
{
	uv_thread_t thread;

	MUST(uv_thread_create(&thread, thread_touches, NULL));
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	MUST(uv_thread_join(&thread));
	if (!racy)
		touch_b();
	return unused;
}

static void thread_touches_b(void *unused)
{
	(void)unused;
	if (racy)
		gate_wait(&a_done, 1);
	touch_b();
}

static void *thread_create_alone(void *unused)
{
	uv_thread_t thread;

	if (!racy)
		touch_a();
	MUST(uv_thread_create(&thread, thread_touches_b, NULL));
	if (racy) {
		touch_a();
		gate_open(&a_done);
	}
	MUST(uv_thread_join(&thread));
	return unused;
}

static const struct scenario scenarios[] = {
	SIDES(send), SIDES(coalesced), ALONE(queue_work), ALONE(after_work), SIDES(mutex), SIDES(mutex_trylock),
	SIDES(mutex_recursive), SIDES(rwlock_write_read), SIDES(rwlock_read_write), SIDES(rwlock_try), SIDES(semaphore),
	SIDES(semaphore_try), SIDES(condition), SIDES(condition_timed), SIDES(barrier), SIDES(once),
	ALONE(thread_join), ALONE(thread_create),
};

int main(int argc, char **argv)
{
	for (int i = 0; i < 2; i++) {
		MUST(uv_mutex_init(&mutexes[i]));
		MUST(uv_mutex_init_recursive(&recursive[i]));
		MUST(uv_rwlock_init(&rwlocks[i]));
	}
	MUST(uv_sem_init(&sem, 0));
	MUST(uv_cond_init(&cond));
	MUST(uv_barrier_init(&barrier, 2));
	return twins_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
