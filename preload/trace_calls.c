/* SPDX-License-Identifier: MIT */
/*
 * trace_calls.c - calls beside operations on maps: locks, waits, threads, input and output.
 *
 * How        while something is recorded, the hook of each function in trace_calls.def hands out a thunk instead of the original
 *            (hook_called); the thunk calls the original between two looks at the clock. So a hook's own path is what it always was
 *            while nothing is recorded, and costs one more call while something is.
 * Guard      the original runs without it, as under any hook. A call that librace makes itself, or that comes while it is busy on this
 *            thread, goes through unseen.
 * Unwinding  a cancellation or an exception may pass a thunk: its event is then missing, and nothing else.
 */
#include <errno.h>
#include <string.h>

#include "trace_room.h"

#define LONG_TICKS 2000 /* from about a microsecond on a call's stack is recorded: it has waited */
#define GOT_ZERO ((int)result == 0)
#define GOT_MUTEX ((int)result == 0 || (int)result == EOWNERDEAD)
#define GOT_TRUE ((result & 0xff) != 0)
#define GOT_COUNT ((int)result >= 0)
#define GOT_ALWAYS 1
#define JOINED(handle) number_of(t, (pthread_t)(handle))

typedef long original(long a, long b, long c, long d, long e, long f);

static uint64_t number_of(struct race_thread *t, pthread_t handle)
{
	uint32_t number;

	t->busy = 1; /* no handler of a signal may come back here while the lock is held */
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* partner: a handler on this very thread */
	number = thread_number_of_handle(handle);
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* partner: a handler on this very thread */
	t->busy = 0;
	return number;
}

static void record_call(struct race_thread *t, uint16_t id, const char *name, uint8_t category, uint8_t role, uint64_t object,
			uint64_t begin, uint64_t end, uint8_t flags, const uintptr_t *fp)
{
	struct trace_event *e;
	uint32_t stack = 0;

	t->busy = 1;
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* partner: a handler on this very thread */
	if (!trace_is_over(end) && (role == CALL_CREATE || load_relaxed(&trace_here))) {
		if (end - begin >= LONG_TICKS)
			stack = trace_word_stack(stack_capture(((struct host_thread *)t->host)->cache, NULL, fp));
		e = trace_room(t, 1);
		if (e) {
			e->ticks = end;
			e->type = TRACE_CALL;
			e->flags = flags;
			e->id = trace_word_call(id, name, category, role);
			e->stack = stack;
			e->object = object;
			e->begin = begin;
			trace_put(t, 1);
		}
	}
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* partner: a handler on this very thread */
	t->busy = 0;
}

enum {
#define TRACE_CALL_ROW(symbol, category, role, object, got) ID_##symbol,
#include "trace_calls.def"
#undef TRACE_CALL_ROW
	TRACED_CALLS
};

/* The hook of each; found by name when recording begins for the first time. */
static struct race_hook *hooks[TRACED_CALLS];

#define TRACE_CALL_ROW(symbol, category, role, which, got)                                                           \
	static __attribute__((noinline)) long thunk_##symbol(long a, long b, long c, long d, long e_, long f)         \
	{                                                                                                            \
		original *real = (original *)hook_ask(hooks[ID_##symbol], __builtin_return_address(0));               \
		struct race_thread *t = race_me;                                                                     \
		uint64_t begin, object;                                                                              \
		uint8_t flags;                                                                                       \
		long result;                                                                                         \
		int error;                                                                                           \
		(void)a, (void)b;                                                                                    \
		if (!t || t->busy || !trace_is_on())                                                                 \
			return real(a, b, c, d, e_, f);                                                              \
		object = (uint64_t)(which);                                                                          \
		flags = t->nheld ? TRACE_HOLDS : 0;                                                                  \
		begin = os_ticks();                                                                                  \
		result = real(a, b, c, d, e_, f);                                                                    \
		error = errno;                                                                                       \
		if (race_me == t && !t->busy)                                                                        \
			record_call(t, ID_##symbol, #symbol, CATEGORY_##category, CALL_##role, object, begin, os_ticks(), \
				    (uint8_t)(flags | ((got) ? TRACE_OK : 0)), __builtin_frame_address(0));          \
		errno = error;                                                                                       \
		return result;                                                                                       \
	}
#include "trace_calls.def"
#undef TRACE_CALL_ROW

static const struct {
	const char *name;
	original *thunk;
} rows[TRACED_CALLS] = {
#define TRACE_CALL_ROW(symbol, category, role, object, got) { #symbol, thunk_##symbol },
#include "trace_calls.def"
#undef TRACE_CALL_ROW
};

static void find_hooks(void)
{
	for (struct race_hook *h = race_hooks_start; h < race_hooks_stop; h++) {
		for (int i = 0; i < TRACED_CALLS; i++) {
			if (!strcmp(h->name, rows[i].name))
				hooks[i] = h;
		}
	}
}

/* A hook whose original is not known yet stays without one: its first call finds it, and goes through hook_called from then on. */
void trace_calls_on(void)
{
	if (!hooks[0])
		find_hooks();
	for (int i = 0; i < TRACED_CALLS; i++) {
		struct race_hook *h = hooks[i];
		void *real;

		if (!h || load_relaxed(&h->copies))
			continue;
		store_relaxed(&h->thunk, (void *)rows[i].thunk);
		store_relaxed(&h->counting, (uint8_t)(h->counting | HOOK_THUNK));
		real = load_relaxed(&h->real);
		if (real) {
			store_release(&h->counted_real, real); /* partner: hook_known, by the order of its loads */
			store_relaxed(&h->real, NULL);
		}
	}
}

void trace_calls_off(void)
{
	for (int i = 0; i < TRACED_CALLS; i++) {
		struct race_hook *h = hooks[i];

		if (!h || !load_relaxed(&h->thunk))
			continue;
		store_relaxed(&h->thunk, NULL);
		store_relaxed(&h->counting, (uint8_t)(h->counting & ~HOOK_THUNK));
		if (!h->counting && !load_relaxed(&h->copies))
			store_relaxed(&h->real, load_relaxed(&h->counted_real));
	}
}
