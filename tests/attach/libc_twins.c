/* SPDX-License-Identifier: MIT */
/* BUILD: -lrt -lanl */
/*
 * libc_twins.c - threads that libc makes by itself: timers and message queues with SIGEV_THREAD, aio, getaddrinfo_a; and C11
 * threads. Used rightly and (racy) wrongly. See twins.h.
 *
 * A callback is ordered after the request that asked for it, and what it does under a lock after others under that lock. What
 * ends a request (aio_suspend, gai_suspend) orders nothing by itself: the callback runs besides.
 */
#include "twins.h"

#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netdb.h>
#include <semaphore.h>
#include <signal.h>
#include <threads.h>
#include <unistd.h>

#define COMMA ,
static struct gate asked, called;
static pthread_mutex_t lock[2] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };
static sem_t finished;

#define TRY(call) MUST((call) == -1 ? errno : 0)

/* ---- the callback after the request ----------------------------------------------------------------------------------
 * racy: the requester writes after it has asked, and the callback waits for that by a gate that nobody sees. */

static void after_request(union sigval unused)
{
	gate_wait(&asked, 1);
	touch_a();
	gate_open(&called);
}

/* ---- a lock ------------------------------------------------------------------------------------------------------------ */

static void under_lock(union sigval unused)
{
	gate_wait(&asked, 1);
	pthread_mutex_lock(&lock[0]);
	touch_a();
	pthread_mutex_unlock(&lock[0]);
	gate_open(&called);
}

/* ---- a semaphore that the callback posts --------------------------------------------------------------------------------- */

static void then_posts(union sigval unused)
{
	gate_wait(&asked, 1);
	if (!racy)
		touch_a();
	sem_post(&finished);
	if (racy)
		touch_a();
	gate_open(&called);
}

static struct sigevent event_of(void (*callback)(union sigval))
{
	struct sigevent e = { .sigev_notify = SIGEV_THREAD };

	e.sigev_notify_function = callback;
	return e;
}

/* The three ways to order, around one way to ask (a statement over e, a struct sigevent). */
#define WAYS(name, prepare, ask, finish)                                                                             \
	static void *name##_request_alone(void *unused)                                                              \
	{                                                                                                            \
		struct sigevent e = event_of(after_request);                                                         \
		prepare;                                                                                             \
		if (!racy)                                                                                           \
			touch_b();                                                                                   \
		ask;                                                                                                 \
		if (racy)                                                                                            \
			touch_b();                                                                                   \
		gate_open(&asked);                                                                                   \
		gate_wait(&called, 1);                                                                               \
		finish;                                                                                              \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_lock_alone(void *unused)                                                                 \
	{                                                                                                            \
		struct sigevent e = event_of(under_lock);                                                            \
		prepare;                                                                                             \
		ask;                                                                                                 \
		pthread_mutex_lock(&lock[racy]);                                                                     \
		touch_b();                                                                                           \
		pthread_mutex_unlock(&lock[racy]);                                                                   \
		gate_open(&asked);                                                                                   \
		gate_wait(&called, 1);                                                                               \
		finish;                                                                                              \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_sem_alone(void *unused)                                                                  \
	{                                                                                                            \
		struct sigevent e = event_of(then_posts);                                                            \
		prepare;                                                                                             \
		ask;                                                                                                 \
		gate_open(&asked);                                                                                   \
		gate_wait(&called, 1);                                                                               \
		TRY(sem_wait(&finished));                                                                            \
		touch_b();                                                                                           \
		finish;                                                                                              \
		return unused;                                                                                       \
	}
#define WAYS_OF(name) ALONE(name##_request), ALONE(name##_lock), ALONE(name##_sem)

/* ---- timers -------------------------------------------------------------------------------------------------------------- */

static const struct itimerspec soon = { .it_value.tv_nsec = 1 };

static timer_t timer_armed(struct sigevent *e)
{
	timer_t timer;

	TRY(timer_create(CLOCK_MONOTONIC, e, &timer));
	TRY(timer_settime(timer, 0, &soon, NULL));
	return timer;
}
WAYS(timer, timer_t timer, timer = timer_armed(&e), TRY(timer_delete(timer)))

/* Armed later than made: what happens in between is ordered, too. */
static void *timer_settime_alone(void *unused)
{
	struct sigevent e = event_of(after_request);
	timer_t timer;

	TRY(timer_create(CLOCK_MONOTONIC, &e, &timer));
	if (!racy)
		touch_b();
	TRY(timer_settime(timer, 0, &soon, NULL));
	if (racy)
		touch_b();
	gate_open(&asked);
	gate_wait(&called, 1);
	TRY(timer_delete(timer));
	return unused;
}

/* A second expiry is another thread of libc's: the two callbacks share a lock, or do not. */
static struct gate expired[2];
static void twice(union sigval which)
{
	int second = which.sival_int;

	gate_open(&expired[second]);
	gate_wait(&asked, second + 1);
	pthread_mutex_lock(&lock[second & racy]);
	if (second)
		touch_b();
	else
		touch_a();
	pthread_mutex_unlock(&lock[second & racy]);
	gate_open(&called);
}
static void *timer_twice_alone(void *unused)
{
	struct sigevent e = event_of(twice);
	timer_t timer[2];

	for (int i = 0; i < 2; i++) {
		e.sigev_value.sival_int = i;
		TRY(timer_create(CLOCK_MONOTONIC, &e, &timer[i]));
	}
	for (int i = 0; i < 2; i++) /* both asked for before either callback gets on */
		TRY(timer_settime(timer[i], 0, &soon, NULL));
	for (int i = 0; i < 2; i++)
		gate_wait(&expired[i], 1);
	gate_open(&asked);
	gate_wait(&called, 1);
	gate_open(&asked);
	gate_wait(&called, 2);
	return unused;
}

/* ---- message queues ------------------------------------------------------------------------------------------------------ */

static mqd_t queue_new(void)
{
	struct mq_attr how = { .mq_maxmsg = 1, .mq_msgsize = 1 };
	char name[64];
	mqd_t q;

	snprintf(name, sizeof name, "/librace-twins-%d", getpid());
	q = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &how);
	TRY(q);
	mq_unlink(name);
	return q;
}

static void queue_ask(mqd_t q, struct sigevent *e)
{
	TRY(mq_notify(q, e));
	TRY(mq_send(q, "x", 1, 0));
}
WAYS(mq, mqd_t q = queue_new(), queue_ask(q, &e), TRY(mq_close(q)))

/* ---- aio ----------------------------------------------------------------------------------------------------------------- */

static char byte[2];

static int zeros(void)
{
	int fd = open("/dev/zero", O_RDWR);

	TRY(fd);
	return fd;
}

static void aio_wait_for(struct aiocb *a)
{
	const struct aiocb *list[1] = { a };

	while (aio_error(a) == EINPROGRESS)
		aio_suspend(list, 1, NULL);
}
#define REQUEST(i) { .aio_fildes = fd, .aio_buf = &byte[i], .aio_nbytes = 1 }
WAYS(aio_read, int fd = zeros(); struct aiocb a = REQUEST(0); a.aio_sigevent = e, TRY(aio_read(&a)),
     aio_wait_for(&a); close(fd))
WAYS(aio_write, int fd = zeros(); struct aiocb a = REQUEST(0); a.aio_sigevent = e, TRY(aio_write(&a)),
     aio_wait_for(&a); close(fd))
WAYS(lio, int fd = zeros(); struct aiocb a = REQUEST(0); a.aio_lio_opcode = LIO_READ; struct aiocb *asks[1] = { &a },
     TRY(lio_listio(LIO_NOWAIT, asks, 1, &e)), aio_wait_for(&a); close(fd))

/* ---- getaddrinfo_a ------------------------------------------------------------------------------------------------------- */

static struct addrinfo numeric = { .ai_flags = AI_NUMERICHOST };

static void gai_wait_for(struct gaicb *g)
{
	const struct gaicb *list[1] = { g };

	while (gai_error(g) == EAI_INPROGRESS)
		gai_suspend(list, 1, NULL);
	freeaddrinfo(g->ar_result);
}
WAYS(gai, struct gaicb g = { .ar_name = "127.0.0.1" COMMA .ar_request = &numeric }; struct gaicb *asks[1] = { &g },
     MUST(getaddrinfo_a(GAI_NOWAIT, asks, 1, &e)), gai_wait_for(&g))

/* ---- C11 ----------------------------------------------------------------------------------------------------------------- */

static mtx_t mtx[2];
static int c11_locked(void *unused)
{
	mtx_lock(&mtx[0]);
	touch_a();
	mtx_unlock(&mtx[0]);
	gate_open(&called);
	return 0;
}
static void *c11_lock_alone(void *unused)
{
	thrd_t t;

	MUST(mtx_init(&mtx[0], mtx_plain));
	MUST(mtx_init(&mtx[1], mtx_plain));
	MUST(thrd_create(&t, c11_locked, NULL));
	gate_wait(&called, 1);
	mtx_lock(&mtx[racy]);
	touch_b();
	mtx_unlock(&mtx[racy]);
	MUST(thrd_join(t, NULL));
	return unused;
}

static int c11_touches(void *unused)
{
	gate_wait(&asked, 1);
	touch_a();
	gate_open(&called);
	return 0;
}
static void *c11_request_alone(void *unused)
{
	thrd_t t;

	if (!racy)
		touch_b();
	MUST(thrd_create(&t, c11_touches, NULL));
	if (racy)
		touch_b();
	gate_open(&asked);
	gate_wait(&called, 1);
	MUST(thrd_join(t, NULL));
	return unused;
}
static void *c11_join_alone(void *unused)
{
	thrd_t t;

	MUST(thrd_create(&t, c11_touches, NULL));
	gate_open(&asked);
	gate_wait(&called, 1);
	if (racy)
		touch_b();
	MUST(thrd_join(t, NULL));
	if (!racy)
		touch_b();
	return unused;
}

static const struct scenario list[] = {
	WAYS_OF(timer), ALONE(timer_settime), ALONE(timer_twice), WAYS_OF(mq), WAYS_OF(aio_read), WAYS_OF(aio_write),
	WAYS_OF(lio), WAYS_OF(gai), ALONE(c11_request), ALONE(c11_lock), ALONE(c11_join),
};

int main(int argc, char **argv)
{
	sem_init(&finished, 0, 0);
	return twins_main(argc, argv, list, sizeof list / sizeof *list);
}
