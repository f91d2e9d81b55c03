/* SPDX-License-Identifier: MIT */
/*
 * thread.c - the calling thread: how librace meets it, gives it its state and lets it go.
 *
 * Owns      race_me, the list of live host threads, the pool of start records, the thread end key.
 * Begins    main: from our constructor or the first hook. Created threads: thread_begin, before the program's start
 *           routine. All others (made inside libc, or by a raw clone): thread_meet at their first hook, as foreign.
 * Ends      by the destructor of a thread-specific key that re-arms itself until the last round, so that the program's own
 *           key destructors are still seen. It runs for return, pthread_exit and cancellation alike, and needs no cleanup
 *           frame under the program's start routine.
 * Must not  allocate by malloc: a thread may be met inside malloc.
 */
#include <limits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "host.h"
#include "sys/lock.h"
#include "sys/os.h"

__thread struct race_thread *race_me;

enum { THREAD_NEW, THREAD_MEETING, THREAD_DEAD };
static __thread volatile int thread_state; /* volatile: a signal handler may meet the thread while it is being met */

static struct lock list_lock; /* guards the four lists below */
static struct host_thread *live, *spare;
static struct thread_start *spare_starts;
static int met_first;

static pthread_key_t end_key;
static int end_key_made;

extern void *__libc_stack_end;

/* Carves `bytes` pieces out of a fresh mapping and chains them by the pointer at offset `next`. */
static struct thread_start *start_records(void)
{
	enum { RECORDS = 64 };
	struct thread_start *s = os_map(RECORDS * sizeof(*s));

	if (!s)
		return NULL;
	for (int i = 0; i < RECORDS - 1; i++)
		s[i].next = &s[i + 1];
	return s;
}

static struct host_thread *host_new(void)
{
	struct host_thread *h;

	lock_take(&list_lock);
	h = spare;
	if (h)
		spare = h->next;
	lock_drop(&list_lock);
	if (!h)
		h = os_map(sizeof(*h));
	if (!h)
		return NULL;
	memset(&h->t, 0, sizeof(h->t));
	h->t.host = h;
	h->cache = stack_cache_new();
	return h;
}

static void host_list(struct host_thread *h)
{
	lock_take(&list_lock);
	h->next = live;
	h->link = &live;
	if (live)
		live->link = &h->next;
	live = h;
	lock_drop(&list_lock);
}

static void host_unlist(struct host_thread *h)
{
	lock_take(&list_lock);
	*h->link = h->next;
	if (h->next)
		h->next->link = h->link;
	h->next = spare;
	spare = h;
	lock_drop(&list_lock);
}

/* The kernel's name of the calling thread: what pthread_setname_np or the creator's name made it. */
static void take_kernel_name(uint32_t number)
{
	char name[17] = "";

	if (os_syscall(SYS_prctl, PR_GET_NAME, (long)name, 0, 0, 0, 0) == 0)
		thread_name(number, name);
}

static struct race_thread *settle(struct host_thread *h, struct thread_birth *birth, int foreign, size_t stack_bytes)
{
	struct race_thread *t = &h->t;
	uintptr_t top = (uintptr_t)pthread_self();

	h->handle = pthread_self();
	thread_start(t, birth, foreign);
	if (birth) {
		t->stack_hi = top; /* glibc keeps the thread's control block at the top of its stack */
		t->stack_lo = stack_bytes < top ? top - stack_bytes : 0;
	} else if (!foreign && os_tid() == os_pid()) {
		t->stack_hi = (uintptr_t)__libc_stack_end;
		t->stack_lo = t->stack_hi - ((uintptr_t)256 << 20);
	}
	host_list(h);
	take_kernel_name(t->number);
	if (end_key_made)
		pthread_setspecific(end_key, (void *)(uintptr_t)PTHREAD_DESTRUCTOR_ITERATIONS);
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* partner: a handler on this thread that finds race_me set */
	race_me = t;
	thread_state = THREAD_NEW;
	return t;
}

__attribute__((noinline, cold)) struct race_thread *thread_meet(void)
{
	struct host_thread *h;

	if (thread_state != THREAD_NEW)
		return NULL;
	thread_state = THREAD_MEETING;
	process_setup();
	if (!load_relaxed(&race_once_ready) || !(h = host_new())) {
		thread_state = THREAD_NEW; /* no memory now: transparent, and tried again */
		return NULL;
	}
	return settle(h, NULL, __atomic_exchange_n(&met_first, 1, __ATOMIC_RELAXED), 0);
}

static void thread_finish(void *rounds)
{
	struct race_thread *t = race_me;
	struct host_thread *h;

	if ((uintptr_t)rounds > 1) {
		pthread_setspecific(end_key, (void *)((uintptr_t)rounds - 1));
		return;
	}
	if (!t)
		return;
	h = t->host;
	t->busy = 1;
	thread_state = THREAD_DEAD;
	race_me = NULL;
	/* Whatever lived on this stack is over; the next thread gets the same addresses. The main thread's frames may
	 * still be in use by others after its pthread_exit. */
	if (t->stack_hi && t->number != 0)
		memory_forget(t->stack_lo, t->stack_hi - t->stack_lo);
	thread_end(t, (uintptr_t)h->handle);
	stack_cache_free(h->cache);
	h->cache = NULL;
	host_unlist(h);
}

void thread_key_create(void)
{
	if (!end_key_made)
		end_key_made = pthread_key_create(&end_key, thread_finish) == 0;
	if (end_key_made && race_me)
		pthread_setspecific(end_key, (void *)(uintptr_t)PTHREAD_DESTRUCTOR_ITERATIONS);
}

struct thread_start *thread_prepare(struct race_thread *t, const uintptr_t *fp)
{
	struct host_thread *h = t->host;
	struct thread_birth *birth = thread_publish(t, stack_capture(h->cache, NULL, fp));
	struct thread_start *s;

	if (!birth)
		return NULL;
	lock_take(&list_lock);
	if (!spare_starts)
		spare_starts = start_records();
	s = spare_starts;
	if (s)
		spare_starts = s->next;
	lock_drop(&list_lock);
	if (!s) {
		thread_birth_cancel(birth);
		return NULL;
	}
	s->birth = birth;
	return s;
}

static void start_recycle(struct thread_start *s)
{
	lock_take(&list_lock);
	s->next = spare_starts;
	spare_starts = s;
	lock_drop(&list_lock);
}

void thread_unprepare(struct thread_start *s)
{
	thread_birth_cancel(s->birth);
	start_recycle(s);
}

void thread_begin(struct thread_start *s, struct thread_start *out)
{
	struct host_thread *h;

	thread_state = THREAD_MEETING;
	*out = *s;
	start_recycle(s);
	h = host_new();
	if (!h) { /* no memory: this thread stays transparent until its first hook finds some; its edge is then a foreign one */
		thread_birth_cancel(out->birth);
		thread_state = THREAD_NEW;
		return;
	}
	/* A detached predecessor with this handle left its last clock here; nobody may join that any more. */
	sync_forget((uintptr_t)pthread_self());
	settle(h, out->birth, 0, out->stack_bytes);
}

uint32_t thread_number_of_handle(pthread_t handle)
{
	uint32_t number = RACE_NO_SLOT;

	lock_take(&list_lock);
	for (struct host_thread *h = live; h; h = h->next) {
		if (pthread_equal(h->handle, handle)) {
			number = h->t.number;
			break;
		}
	}
	lock_drop(&list_lock);
	return number;
}

uint32_t thread_stack_owner(uintptr_t at)
{
	uint32_t owner = 0;

	lock_take(&list_lock);
	for (struct host_thread *h = live; h && !owner; h = h->next) {
		if (h->t.stack_hi && at >= h->t.stack_lo && at < h->t.stack_hi)
			owner = 1 + h->t.number;
	}
	lock_drop(&list_lock);
	return owner;
}

void host_lock_all(void)
{
	lock_take(&list_lock);
}

void host_unlock_all(void)
{
	lock_drop(&list_lock);
}

/* Only the forking thread lives on. The others' states are not reclaimed: their caches may be half written. */
void host_forked(struct race_thread *self)
{
	lock_reset(&list_lock);
	live = NULL;
	if (self) {
		struct host_thread *h = self->host;

		h->next = NULL;
		h->link = &live;
		live = h;
	}
}
