/* SPDX-License-Identifier: MIT */
/*
 * host.h - what the preload keeps of each thread beside the engine's state, and how threads begin and end.
 */
#ifndef RACE_PRELOAD_HOST_H
#define RACE_PRELOAD_HOST_H

#include <pthread.h>

#include "core.h"
#include "trace.h"
#include "unwind/unwind.h"

struct host_thread {
	struct race_thread t;        /* race_me points here */
	struct stack_cache *cache;
	struct trace_thread trace;
	pthread_t handle;
	int detached;                /* created so */
	int tid;
	uintptr_t end;
	struct host_thread *next;    /* live list or free list; guarded by the thread list lock */
	struct host_thread **link;
};

/* A start routine waiting for its thread. */
struct thread_start {
	union {
		void *(*posix)(void *);
		int (*c11)(void *);
	} run;
	void *arg;
	struct thread_birth *birth;
	size_t stack_bytes;
	uint32_t number;
	uintptr_t end;   /* see thread_end_of_handle */
	int detached;    /* by its attributes */
	int begun, told; /* by the thread; by its creator. Guarded by the thread list lock; whoever is second recycles */
	struct thread_start *next;
};

/* The creating side: NULL when the thread must be created untracked (it is then met as a foreign one). */
struct thread_start *thread_prepare(struct race_thread *t, const uintptr_t *fp);
void thread_unprepare(struct thread_start *s); /* creation failed */
void thread_created(struct thread_start *s, pthread_t handle); /* creation succeeded */
/* The created side: sets up race_me; the record is copied out and recycled. */
void thread_begin(struct thread_start *s, struct thread_start *out);

/* The thread end key: destructors of the program run before ours. */
void thread_key_create(void);

/* Number of the thread that this handle means, running or ended but not joined; RACE_NO_SLOT when not known. A handle may
 * mean another thread as soon as it was joined: ask before. */
uint32_t thread_number_of_handle(pthread_t handle);
/* The sync object that the end of that thread is released into and its join acquires; 0: not known. Given back when it was
 * joined (thread_joined) or ended detached. */
uintptr_t thread_end_of_handle(pthread_t handle);
void thread_joined(uintptr_t end);
void thread_detached(pthread_t handle);
/* 1 + number of the live thread whose stack holds the address; 0 none. */
uint32_t thread_stack_owner(uintptr_t at);

/* Live threads as an onlooker sees them: each field as it was at some moment. At most max are copied; returns how many there are. */
struct thread_view {
	uint32_t number, slot, nheld, held_lost, ninside;
	int tid;
	uint64_t held[RACE_LOCKS_HELD];     /* innermost last */
	uintptr_t inside[RACE_OPEN_OPS];    /* maps that it is changing, outermost first */
};
uint32_t thread_views(struct thread_view *out, uint32_t max);
/* The calling thread is librace's own, with a thread block of its own: hooks are transparent on it. */
void thread_hide(void);

void host_lock_all(void);
void host_unlock_all(void);
void host_forked(struct race_thread *self);

#endif
