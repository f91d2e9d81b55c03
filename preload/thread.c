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
#include "sys/describe.h"
#include "sys/lock.h"
#include "sys/os.h"

__thread struct race_thread *race_me;

enum { THREAD_NEW, THREAD_MEETING, THREAD_DEAD };
static __thread volatile int thread_state; /* volatile: a signal handler may meet the thread while it is being met */

static struct lock list_lock; /* guards the lists below, and the handles */
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
	memset(&h->trace, 0, sizeof(h->trace));
	h->detached = 0;
	h->end = 0;
	h->cache = stack_cache_new();
	return h;
}

/* ---- handles -------------------------------------------------------------------------------------------------------
 * glibc reuses a handle once its thread was joined, or has ended detached. A thread enters its handle when it begins; its
 * creator does when it has not begun by then, since it may be joined before it runs. Entries are overwritten, never removed: there are as many as there were
 * different handles, which is as many as threads were alive at once, more or less. No room: the thread's join acquires
 * nothing of its own, but everything (joined, hooks/pthread_thread.c).
 */
enum { HANDLES = 1 << 15, HANDLE_PROBE = 64 };
static struct handle {
	pthread_t handle; /* 0 free */
	uint32_t number;
	uint32_t detached;
	uintptr_t end;
} handles[HANDLES]; /* guarded by list_lock */

/* Keys of end objects: addresses that no memory has, and that hooks/kernel_object.h does not give out; used again so that they
 * stay few. 0: none left; such a thread's join acquires everything. */
enum { ENDS = 1 << 16 };
static uint16_t spare_ends[ENDS]; /* guarded by list_lock */
static uint32_t nspare_ends, ends_used;

static uintptr_t end_take(void) /* list_lock held */
{
	uint32_t id = nspare_ends ? spare_ends[--nspare_ends] : ends_used < ENDS - 1 ? ++ends_used : 0;

	return id ? (uintptr_t)1 << 63 | (uintptr_t)id << 4 : 0;
}

static void end_give(uintptr_t end) /* list_lock held; the object is forgotten already */
{
	if (end)
		spare_ends[nspare_ends++] = (uint16_t)(end >> 4);
}

static struct handle *handle_find(pthread_t handle, int make)
{
	uint64_t home = ((uint64_t)handle >> 6) * 0x9E3779B97F4A7C15ull >> 49;

	for (unsigned i = 0; i < HANDLE_PROBE; i++) {
		struct handle *h = &handles[(home + i) % HANDLES];

		if (h->handle == handle)
			return h;
		if (!h->handle)
			return make ? h : NULL;
	}
	return NULL;
}

/* list_lock held; the thread exists and has this handle now. */
static void handle_is(pthread_t handle, uint32_t number, uintptr_t end, int detached)
{
	struct handle *h = handle_find(handle, 1);

	if (!h)
		return;
	h->handle = handle;
	h->number = number;
	h->end = end;
	h->detached = (uint32_t)detached;
}

uint32_t thread_number_of_handle(pthread_t handle)
{
	struct handle *h;
	uint32_t number;

	lock_take(&list_lock);
	h = handle_find(handle, 0);
	number = h ? h->number : RACE_NO_SLOT;
	lock_drop(&list_lock);
	return number;
}

uintptr_t thread_end_of_handle(pthread_t handle)
{
	struct handle *h;
	uintptr_t end;

	lock_take(&list_lock);
	h = handle_find(handle, 0);
	end = h ? h->end : 0;
	lock_drop(&list_lock);
	return end;
}

void thread_joined(uintptr_t end)
{
	sync_forget(end);
	lock_take(&list_lock);
	end_give(end);
	lock_drop(&list_lock);
}

/*
 * Nobody will join it. Of the thread's end and its detaching, whichever comes second lets the end object go: it finds
 * `detached` set here, or `end` cleared there.
 */
static void end_drop(pthread_t handle, uintptr_t end, int ending)
{
	struct handle *h;
	int last = 0;

	lock_take(&list_lock);
	h = handle_find(handle, 0);
	if (h && h->end == end) {
		last = ending ? h->detached == 1 : h->detached == 2;
		h->detached |= ending ? 2 : 1;
		if (last)
			h->end = 0;
	}
	lock_drop(&list_lock);
	if (last)
		thread_joined(end);
}

void thread_detached(pthread_t handle)
{
	uintptr_t end = thread_end_of_handle(handle);

	if (end)
		end_drop(handle, end, 0);
}

static void host_list(struct host_thread *h)
{
	lock_take(&list_lock);
	h->next = live;
	h->link = &live;
	if (live)
		live->link = &h->next;
	live = h;
	if (!h->end)
		h->end = end_take(); /* not created by us */
	handle_is(h->handle, h->t.number, h->end, h->detached);
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
	h->tid = os_tid();
	thread_start(t, birth, foreign);
	if (birth) {
		t->stack_hi = top; /* glibc keeps the thread's control block at the top of its stack */
		t->stack_lo = stack_bytes < top ? top - stack_bytes : 0;
	} else if (!foreign && h->tid == os_pid()) {
		t->stack_hi = (uintptr_t)__libc_stack_end;
		t->stack_lo = t->stack_hi - ((uintptr_t)256 << 20);
	}
	host_list(h);
	take_kernel_name(t->number);
	if (end_key_made)
		pthread_setspecific(end_key, (void *)(uintptr_t)PTHREAD_DESTRUCTOR_ITERATIONS);
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* partner: a handler on this thread that finds race_me set */
	if (trace_is_on()) {
		t->busy = 1;
		race_me = t;
		trace_thread_begun(t);
		t->busy = 0;
	}
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
	if (trace_is_on() || h->trace.head)
		trace_thread_gone(t);
	thread_end(t, h->end);
	if (h->end)
		end_drop(h->handle, h->end, 1);
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
	uint32_t stack = stack_capture(h->cache, NULL, fp);
	struct thread_birth *birth = thread_publish(t, stack);
	struct thread_start *s;

	if (!birth)
		return NULL;
	lock_take(&list_lock);
	if (!spare_starts)
		spare_starts = start_records();
	s = spare_starts;
	if (s) {
		spare_starts = s->next;
		s->end = end_take();
	}
	lock_drop(&list_lock);
	if (!s) {
		thread_birth_cancel(birth);
		return NULL;
	}
	s->birth = birth;
	s->number = thread_birth_number(birth);
	s->begun = s->told = 0;
	if (trace_is_on())
		trace_thread_created(t, s->number, stack);
	return s;
}

/* list_lock held */
static void start_recycle(struct thread_start *s)
{
	s->next = spare_starts;
	spare_starts = s;
}

void thread_unprepare(struct thread_start *s)
{
	thread_birth_cancel(s->birth);
	lock_take(&list_lock);
	end_give(s->end);
	start_recycle(s);
	lock_drop(&list_lock);
}

void thread_created(struct thread_start *s, pthread_t handle)
{
	lock_take(&list_lock);
	if (s->begun) {
		start_recycle(s);
	} else { /* it has not run yet: so the handle is still its own */
		handle_is(handle, s->number, s->end, s->detached);
		s->told = 1;
	}
	lock_drop(&list_lock);
}

void thread_begin(struct thread_start *s, struct thread_start *out)
{
	struct host_thread *h;

	thread_state = THREAD_MEETING;
	*out = *s;
	h = host_new();
	if (h) {
		h->detached = out->detached;
		h->end = out->end;
		settle(h, out->birth, 0, out->stack_bytes);
	} else {
		/* No memory: transparent until its first hook finds some. It is a foreign thread then. */
		thread_birth_cancel(out->birth);
		thread_state = THREAD_NEW;
	}
	lock_take(&list_lock);
	s->begun = 1;
	if (s->told)
		start_recycle(s);
	lock_drop(&list_lock);
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
		h->tid = os_tid();
		live = h;
	}
}

/* ---- onlookers -------------------------------------------------------------------------------------------------------- */

void thread_hide(void)
{
	thread_state = THREAD_DEAD;
}

/* list_lock held: the state of a listed thread stays mapped, though its owner may be changing it. */
static void view(const struct race_thread *t, struct thread_view *out)
{
	memset(out, 0, sizeof(*out));
	out->number = t->number;
	out->slot = load_relaxed(&t->slot);
	out->tid = ((const struct host_thread *)t->host)->tid;
	out->nheld = load_relaxed(&t->nheld);
	out->held_lost = load_relaxed(&t->held_lost);
	if (out->nheld > RACE_LOCKS_HELD)
		out->nheld = RACE_LOCKS_HELD;
	for (uint32_t i = 0; i < out->nheld; i++)
		out->held[i] = load_relaxed(&t->held[i]);
	for (uint32_t i = 0, n = load_relaxed(&t->nopen); i < n && i < RACE_OPEN_OPS; i++) {
		const struct race_cell *c = load_relaxed(&t->open[i].cell); /* cells are never unmapped */

		if (c)
			out->inside[out->ninside++] = load_relaxed(&c->key) & (load_relaxed(&c->sub) ? ~(uintptr_t)1 : ~(uintptr_t)0);
	}
}

uint32_t thread_views(struct thread_view *out, uint32_t max)
{
	uint32_t n = 0;

	lock_take(&list_lock);
	for (const struct host_thread *h = live; h; h = h->next, n++) {
		if (n < max)
			view(&h->t, &out[n]);
	}
	lock_drop(&list_lock);
	return n;
}

DESCRIBE_OBJECT(live_threads, live)
DESCRIBE_FIELD(host_thread, tid)
DESCRIBE_FIELD(host_thread, handle)
DESCRIBE_FIELD(host_thread, next)
DESCRIBE_FIELD(race_thread, number)
DESCRIBE_FIELD(race_thread, slot)
DESCRIBE_FIELD(race_thread, nheld)
DESCRIBE_FIELD(race_thread, held)
DESCRIBE_FIELD(race_thread, nopen)
DESCRIBE_FIELD(race_thread, open)
DESCRIBE_NUMBER(race_thread_open_bytes, sizeof(((struct race_thread *)0)->open[0]))
DESCRIBE_NUMBER(race_thread_at, offsetof(struct host_thread, t))
