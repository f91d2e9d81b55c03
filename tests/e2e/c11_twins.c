/* SPDX-License-Identifier: MIT */
/* c11_twins.c - C11 threads, by their own names, used rightly and (racy) wrongly. See twins.h. */
#include "twins.h"

#include <threads.h>

static mtx_t mtx[2], recursive[2];
static cnd_t cnd;
static once_flag flag[2] = { ONCE_FLAG_INIT, ONCE_FLAG_INIT };
static int ready;
static struct gate b_waits;

static int timed(int i)
{
	struct timespec t = far(CLOCK_REALTIME);
	return mtx_timedlock(&recursive[i], &t);
}

static int cnd_timed(void)
{
	struct timespec t = far(CLOCK_REALTIME);
	return cnd_timedwait(&cnd, &mtx[0], &t);
}

LOCKED(mtx_lock, MUST(mtx_lock(&mtx[L])), touch_a(), MUST(mtx_unlock(&mtx[L])), MUST(mtx_lock(&mtx[L])), touch_b(),
       MUST(mtx_unlock(&mtx[L])))
LOCKED(mtx_trylock, MUST(mtx_trylock(&mtx[L])), touch_a(), MUST(mtx_unlock(&mtx[L])),
	MUST(mtx_trylock(&mtx[L])), touch_b(),
       MUST(mtx_unlock(&mtx[L])))
LOCKED(mtx_timedlock, MUST(timed(L)), touch_a(), MUST(mtx_unlock(&recursive[L])), MUST(timed(L)), touch_b(),
       MUST(mtx_unlock(&recursive[L])))

#define CND_TWINS(name, wait, wake)                                                                                  \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&b_waits, 1);                                                                              \
		MUST(mtx_lock(&mtx[0]));                                                                             \
		if (!racy)                                                                                           \
			touch_a();                                                                                   \
		ready = 1;                                                                                           \
		MUST(wake);                                                                                          \
		MUST(mtx_unlock(&mtx[0]));                                                                           \
		if (racy)                                                                                            \
			touch_a();                                                                                   \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		MUST(mtx_lock(&mtx[0]));                                                                             \
		touch_b();                                                                                           \
		gate_open(&b_waits);                                                                                 \
		while (!ready)                                                                                       \
			MUST(wait);                                                                                  \
		MUST(mtx_unlock(&mtx[0]));                                                                           \
		gate_wait(&a_done, 1);                                                                               \
		look_b();                                                                                            \
		return unused;                                                                                       \
	}
CND_TWINS(cnd_wait, cnd_wait(&cnd, &mtx[0]), cnd_signal(&cnd))
CND_TWINS(cnd_broadcast, cnd_wait(&cnd, &mtx[0]), cnd_broadcast(&cnd))
CND_TWINS(cnd_timedwait, cnd_timed(), cnd_signal(&cnd))

static void once_touch(void)
{
	touch_a();
}
static void once_nothing(void)
{
}
static void *call_once_a(void *unused)
{
	call_once(&flag[0], once_touch);
	gate_open(&a_done);
	return unused;
}
static void *call_once_b(void *unused)
{
	gate_wait(&a_done, 1);
	call_once(&flag[racy], once_nothing);
	touch_b();
	return unused;
}

static int touches(void *how)
{
	touch_a();
	gate_open(&a_done);
	if (how)
		thrd_exit(7);
	return 7;
}
static void *thrd_join_alone(void *how)
{
	thrd_t t;
	int result;

	MUST(thrd_create(&t, touches, how));
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	MUST(thrd_join(t, &result));
	if (result != 7)
		abort();
	if (!racy)
		touch_b();
	return NULL;
}
static void *thrd_exit_alone(void *unused)
{
	return thrd_join_alone(&cnd);
}

/* The creation is an edge: what main wrote before is ordered, what it writes after is not. */
static struct gate main_done, end;
static int created(void *unused)
{
	gate_wait(&main_done, 1);
	touch_a();
	gate_open(&end);
	return 0;
}
static int idle(void *unused)
{
	gate_wait(&end, 1);
	return 0;
}
static void *thrd_create_alone(void *unused)
{
	thrd_t t, other;

	MUST(thrd_create(&other, idle, NULL));
	if (!racy)
		touch_b();
	MUST(thrd_create(&t, created, NULL));
	if (racy)
		touch_b();
	gate_open(&main_done);
	MUST(thrd_join(t, NULL));
	MUST(thrd_join(other, NULL));
	return unused;
}

static int detached(void *unused)
{
	MUST(mtx_lock(&mtx[0]));
	touch_a();
	MUST(mtx_unlock(&mtx[0]));
	gate_open(&a_done);
	return 0;
}
static void *thrd_detach_alone(void *unused)
{
	thrd_t t;

	MUST(thrd_create(&t, detached, NULL));
	MUST(thrd_detach(t));
	gate_wait(&a_done, 1);
	MUST(mtx_lock(&mtx[racy]));
	touch_b();
	MUST(mtx_unlock(&mtx[racy]));
	return unused;
}

static tss_t tss;
static void tss_destructor(void *unused)
{
	touch_a();
	gate_open(&a_done);
}
static int sets_tss(void *unused)
{
	MUST(tss_set(tss, &tss));
	return 0;
}
static void *tss_destructor_alone(void *unused)
{
	thrd_t t;

	MUST(tss_create(&tss, tss_destructor));
	MUST(thrd_create(&t, sets_tss, NULL));
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	MUST(thrd_join(t, NULL));
	if (!racy)
		touch_b();
	return unused;
}

static const struct scenario list[] = {
	SIDES(mtx_lock), SIDES(mtx_trylock), SIDES(mtx_timedlock), SIDES(cnd_wait), SIDES(cnd_broadcast),
		SIDES(cnd_timedwait),
	SIDES(call_once), ALONE(thrd_join), ALONE(thrd_exit), ALONE(thrd_create), ALONE(thrd_detach),
		ALONE(tss_destructor),
};

int main(int argc, char **argv)
{
	for (int i = 0; i < 2; i++) {
		MUST(mtx_init(&mtx[i], mtx_plain));
		MUST(mtx_init(&recursive[i], mtx_timed | mtx_recursive));
	}
	MUST(cnd_init(&cnd));
	return twins_main(argc, argv, list, sizeof list / sizeof *list);
}
