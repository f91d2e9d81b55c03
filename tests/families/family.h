/* SPDX-License-Identifier: MIT */
/*
 * family.h - what the twins of the map families share beside twins.h.
 *
 *   ACCESS(name, call)   an access in a function of its own, whose frame stays: the first user frame of a report
 *   UNSEEN(...)          names of twins whose racy side this build hides from librace (inlined calls): `--invisible` lists
 *                        them, and their racy run must be silent, so that what the docs call invisible is tested too
 *   UNSEEN_INTERPOSED(...)  the same of those that are seen by patching only: `--needs-patching`
 */
#ifndef TESTS_FAMILY_H
#define TESTS_FAMILY_H

#include <semaphore.h>

#include "twins.h"

#define ACCESS(name, ...)                                                                                            \
	static __attribute__((noinline, unused)) void name(void)                                                     \
	{                                                                                                            \
		__VA_ARGS__;                                                                                         \
		KEEP(name);                                                                                          \
	}

#define UNSEEN(...) LISTED_BY("--invisible", __VA_ARGS__)
#define UNSEEN_INTERPOSED(...) LISTED_BY("--needs-patching", __VA_ARGS__)
#define LISTED_BY(option, ...)                                                                                       \
	if (argc == 2 && !strcmp(argv[1], option)) {                                                                 \
		static const char *const unseen_[] = { __VA_ARGS__ };                                                \
		for (size_t i_ = 0; i_ < sizeof unseen_ / sizeof *unseen_; i_++)                                     \
			puts(unseen_[i_]);                                                                           \
		return 0;                                                                                            \
	}

/* The lock of each family's lock variants: the racy twin's side B takes the other one. */
static pthread_mutex_t mutexes[2] __attribute__((unused)) = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };
static pthread_rwlock_t rwlocks[2] __attribute__((unused)) = { PTHREAD_RWLOCK_INITIALIZER, PTHREAD_RWLOCK_INITIALIZER };

#define LOCK_TWINS(name, access_a, access_b)                                                                         \
	LOCKED(name, pthread_mutex_lock(&mutexes[L]), access_a, pthread_mutex_unlock(&mutexes[L]),                   \
	       pthread_mutex_lock(&mutexes[L]), access_b, pthread_mutex_unlock(&mutexes[L]))

/* Side A always holds the lock in write mode. Side B's access is a read; in the racy twin it takes the other lock. */
#define RWLOCK_TWINS(name, access_a, access_b)                                                                       \
	LOCKED(name, pthread_rwlock_wrlock(&rwlocks[L]), access_a, pthread_rwlock_unlock(&rwlocks[L]),               \
	       pthread_rwlock_rdlock(&rwlocks[L]), access_b, pthread_rwlock_unlock(&rwlocks[L]))

/* Both sides hold one lock in read mode, which orders neither: writes race, reads do not. */
#define READ_LOCK_TWINS(name, write_a, write_b, read_a, read_b)                                                      \
	LOCKED(name, pthread_rwlock_rdlock(&rwlocks[0]), (void)(racy ? write_a : read_a),                            \
	       pthread_rwlock_unlock(&rwlocks[0]), pthread_rwlock_rdlock(&rwlocks[0]),                               \
	       (void)(racy ? write_b : read_b), pthread_rwlock_unlock(&rwlocks[0]))

/* A thread makes its access; whoever started it makes its own after the join, in the racy twin before it. */
#define JOIN_TWINS(name, access_a, access_b)                                                                         \
	static void *name##_worker(void *unused)                                                                     \
	{                                                                                                            \
		access_a;                                                                                            \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_alone(void *unused)                                                                      \
	{                                                                                                            \
		pthread_t t_;                                                                                        \
		MUST(pthread_create(&t_, NULL, name##_worker, NULL));                                                \
		gate_wait(&a_done, 1);                                                                               \
		if (racy) {                                                                                          \
			access_b;                                                                                    \
		}                                                                                                    \
		MUST(pthread_join(t_, NULL));                                                                        \
		if (!racy) {                                                                                         \
			access_b;                                                                                    \
		}                                                                                                    \
		return unused;                                                                                       \
	}

/*
 * What every family of ordinary maps is asked. The program defines, each by ACCESS: insert_a and insert_b (other keys),
 * remove_b, lookup_a, lookup_b, iterate_a, iterate_b and destroy_b.
 */
static sem_t handed __attribute__((unused));
static pthread_cond_t changed __attribute__((unused)) = PTHREAD_COND_INITIALIZER;
static int is_ready __attribute__((unused));

static inline void give_by_cond(void)
{
	pthread_mutex_lock(&mutexes[0]);
	is_ready = 1;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&mutexes[0]);
}
static inline void take_by_cond(void)
{
	pthread_mutex_lock(&mutexes[0]);
	while (!is_ready)
		pthread_cond_wait(&changed, &mutexes[0]);
	pthread_mutex_unlock(&mutexes[0]);
}

/* Side A gives something that side B takes; in the racy twin A's access comes after the giving. */
#define HAND_TWINS(name, access_a, give, take, access_b)                                                             \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		if (!racy) {                                                                                         \
			access_a;                                                                                    \
		}                                                                                                    \
		give;                                                                                                \
		if (racy) {                                                                                          \
			access_a;                                                                                    \
		}                                                                                                    \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&a_done, 1);                                                                               \
		take;                                                                                                \
		access_b;                                                                                            \
		return unused;                                                                                       \
	}

#define STANDARD_TWINS                                                                                               \
	LOCK_TWINS(write_write, insert_a(), insert_b())                                                              \
	LOCK_TWINS(write_write_remove, insert_a(), remove_b())                                                       \
	LOCK_TWINS(write_read, insert_a(), lookup_b())                                                               \
	LOCK_TWINS(read_write, lookup_a(), insert_b())                                                               \
	LOCK_TWINS(write_iterate, insert_a(), iterate_b())                                                           \
	LOCK_TWINS(iterate_write, iterate_a(), insert_b())                                                           \
	RWLOCK_TWINS(rwlock, insert_a(), lookup_b())                                                                 \
	READ_LOCK_TWINS(read_lock_lookup, insert_a(), insert_b(), lookup_a(), lookup_b())                            \
	READ_LOCK_TWINS(read_lock_iterate, insert_a(), insert_b(), iterate_a(), iterate_b())                         \
	HAND_TWINS(handover_sem, insert_a(), sem_post(&handed), sem_wait(&handed), insert_b())                       \
	HAND_TWINS(handover_cond, insert_a(), give_by_cond(), take_by_cond(), insert_b())                            \
	JOIN_TWINS(join, insert_a(), insert_b())                                                                     \
	LOCK_TWINS(write_destroy, insert_a(), destroy_b())

#define STANDARD_LIST                                                                                                \
	SIDES(write_write), SIDES(write_write_remove), SIDES(write_read), SIDES(read_write), SIDES(write_iterate),   \
		SIDES(iterate_write), SIDES(rwlock), SIDES(read_lock_lookup), SIDES(read_lock_iterate),              \
		SIDES(handover_sem), SIDES(handover_cond), ALONE(join), SIDES(write_destroy)

#endif
