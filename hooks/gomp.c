/* SPDX-License-Identifier: MIT */
/*
 * gomp.c - OpenMP as gcc compiles it: libgomp synchronises its threads by atomics and futexes of its own, and keeps them from
 * one parallel region to the next. The rows are gomp.def.
 *
 * Regions   run through region_run, so that the order is that of a fork and a join. The region lies on the stack of the thread
 *           that opened it; libgomp does not return from there before all have passed the barrier at its end.
 * Tasks     run through task_run: a header in front of the data that libgomp copies anyway. What a task did is known to whoever
 *           has waited for tasks of the region: taskwait, the end of a task group, barriers, later tasks with dependences. That
 *           is more order than there is where other tasks are still running: a miss, never a false report.
 * Blind     detached tasks and doacross loops: published, like a source that could not be wrapped in glib_source.c. clang's
 *           libomp has other functions and is not seen.
 */
#include <string.h>

#include "sync_rows.h"

struct region {
	void (*f)(void *);
	void *data;
	/* what an address stands for: */
	char fork, join, barrier, tasks, ordered, blind;
};

static __thread struct region *region; /* of the innermost region that this thread works for; NULL: of none */

static char critical, atomic; /* what libgomp has one lock for */

#define REGION(member) KEY(&region->member)

static void region_run(void *of)
{
	struct region *r = of, *outer = region;

	region = r;
	SYNC_ENTER(sync_acquire(t, KEY(&r->fork)));
	r->f(r->data);
	SYNC_ENTER(sync_release_join(t, KEY(&r->join)));
	region = outer;
}

static void region_end(struct region *r)
{
	SYNC_ENTER(sync_acquire(t, KEY(&r->join)); sync_acquire(t, KEY(&r->tasks)); sync_acquire(t, KEY(&r->blind)));
	for (char *at = &r->fork; at <= &r->blind; at++)
		sync_forget(KEY(at));
}

/* A function that runs f(data) in all threads of a new region, and returns when all are done. */
#define REGION_HOOK(returns, symbol, params, args, keep, give)                                                         \
	RACE_EXPORT returns symbol params;                                                                             \
	HOOK_SLOT(symbol)                                                                                              \
	returns symbol params                                                                                          \
	{                                                                                                              \
		struct region r = {.f = f, .data = data};                                                              \
		SYNC_ENTER(sync_release_join(t, KEY(&r.fork)));                                                        \
		keep REAL(symbol) args;                                                                                \
		region_end(&r);                                                                                        \
		give;                                                                                                  \
	}

/* ---- barriers, and what else is meant for the whole region ------------------------------------------------------- */

static inline void barrier_reached(struct race_thread *t)
{
	if (!region)
		return;
	sync_release_join(t, REGION(barrier));
}

static inline void barrier_passed(struct race_thread *t)
{
	if (!region)
		return;
	sync_acquire(t, REGION(barrier));
	sync_acquire(t, REGION(tasks));
	sync_acquire(t, REGION(blind));
}

static inline void tasks_waited(struct race_thread *t)
{
	if (!region)
		return;
	sync_acquire(t, REGION(tasks));
	sync_acquire(t, REGION(blind));
}

static inline void order_taken(struct race_thread *t)
{
	if (region)
		sync_acquire(t, REGION(ordered));
}

static inline void order_given(struct race_thread *t)
{
	if (region)
		sync_release_join(t, REGION(ordered));
}

static inline void blind_given(struct race_thread *t)
{
	if (!region)
		return;
	sync_release_join(t, REGION(blind));
	sync_publish_once(t, REGION(blind));
}

/* ---- locks ------------------------------------------------------------------------------------------------------- */

static inline void omp_got(struct race_thread *t, const void *l)
{
	lock_held(t, KEY(l), LOCK_OTHER, 0);
	sync_acquire_alone(t, KEY(l));
}

static inline void omp_give(struct race_thread *t, const void *l)
{
	int level = lock_dropped(t, KEY(l));

	if (level == 1)
		sync_release(t, KEY(l));
	else if (level < 0)
		sync_release_join(t, KEY(l)); /* taken where we did not see it */
}

#define OMP_VERSION "OMP_3.0"
#include "gomp.def"

/* ---- tasks ------------------------------------------------------------------------------------------------------- */

typedef void task_fn(void *);
typedef void task_copy_fn(void *, void *);

enum { TASK_DEPEND = 8, TASK_DETACH = 1 << 6 }; /* GOMP_TASK_FLAG_... of gomp-constants.h */

/* In front of a task's data. Made by the thread that asks for the task, and copied into the task's memory by task_copy. */
struct task {
	uint64_t head
		[3]; /* taskloop: libgomp writes bounds into the first two words of the data, and reads a third one */
	task_fn *f;
	struct region *region;
	unsigned offset, flags;
};

struct task_source {
	struct task task;
	task_copy_fn *copy;
	void *data;
	long bytes;
};

static void task_copy(void *to, void *from)
{
	struct task_source *s = from;
	struct task *task = to;

	*task = s->task;
	if (s->copy)
		s->copy((char *)to + task->offset, s->data);
	else if (s->bytes)
		memcpy((char *)to + task->offset, s->data, (size_t)s->bytes);
	SYNC_ENTER(sync_release_join(t, KEY(task)));
}

static void task_run(void *of)
{
	struct task *task = of;
	struct region *outer = region, *r = task->region;

	region = r;
	SYNC_ENTER(sync_acquire(t, KEY(task)); if (task->flags & TASK_DEPEND) sync_acquire(t, KEY(&r->tasks)));
	sync_forget(KEY(task));
	task->f((char *)of + task->offset);
	SYNC_ENTER(sync_release_join(t, KEY(&r->tasks)));
	region = outer;
}

static void loop_task_run(void *of)
{
	struct task *task = of;

	memcpy((char *)of + task->offset, task->head, 2 * sizeof(*task->head));
	task_run(of);
}

/* Fills s; the alignment and size that libgomp is told instead. */
static long task_source(struct task_source *s, unsigned flags, long *align)
{
	size_t unit = *align > 16 ? (size_t)*align : 16;

	s->task.region = region;
	s->task.flags = flags;
	s->task.offset = (unsigned)((sizeof(struct task) + unit - 1) / unit * unit);
	*align = (long)unit;
	return s->bytes + (long)s->task.offset;
}

RACE_EXPORT void GOMP_task(task_fn *f, void *data, task_copy_fn *copy, long bytes, long align, _Bool deferred,
			   unsigned flags, void **depend, int priority, void *detach);
HOOK_SLOT(GOMP_task)
void GOMP_task(task_fn *f, void *data, task_copy_fn *copy, long bytes, long align, _Bool deferred, unsigned flags,
	       void **depend, int priority, void *detach)
{
	__typeof__(&GOMP_task) real = REAL(GOMP_task);
	struct task_source s = {.task.f = f, .copy = copy, .data = data, .bytes = bytes};

	if (!region || flags & TASK_DETACH) {
		/* At once, by this thread; or libgomp writes the event into the data. */
		SYNC_ENTER(blind_given(t));
		real(f, data, copy, bytes, align, deferred, flags, depend, priority, detach);
		return;
	}
	bytes = task_source(&s, flags, &align);
	real(task_run, &s, task_copy, bytes, align, deferred, flags, depend, priority, detach);
}

/* `number`: long, or unsigned long long for loops over that. */
#define TASKLOOP(symbol, number)                                                                                       \
	RACE_EXPORT void symbol(task_fn *f, void *data, task_copy_fn *copy, long bytes, long align, unsigned flags,    \
				unsigned long tasks, int priority, number start, number end, number step);             \
	HOOK_SLOT(symbol)                                                                                              \
	void symbol(task_fn *f, void *data, task_copy_fn *copy, long bytes, long align, unsigned flags,                \
		    unsigned long tasks, int priority, number start, number end, number step)                          \
	{                                                                                                              \
		__typeof__(&symbol) real = REAL(symbol);                                                               \
		struct task_source s = {.task.f = f, .copy = copy, .data = data, .bytes = bytes};                      \
		if (!region) {                                                                                         \
			real(f, data, copy, bytes, align, flags, tasks, priority, start, end, step);                   \
			return;                                                                                        \
		}                                                                                                      \
		memcpy(s.task.head, data, bytes < (long)sizeof(s.task.head) ? (size_t)bytes : sizeof(s.task.head));    \
		bytes = task_source(&s, flags, &align);                                                                \
		real(loop_task_run, &s, task_copy, bytes, align, flags, tasks, priority, start, end, step);            \
		SYNC_ENTER(tasks_waited(t));                                                                           \
	}
TASKLOOP(GOMP_taskloop, long)
TASKLOOP(GOMP_taskloop_ull, unsigned long long)
