/* SPDX-License-Identifier: MIT */
/*
 * gomp.c - OpenMP as gcc compiles it: libgomp synchronises its threads by atomics and futexes of its own, and keeps them from
 * one parallel region to the next. The rows are gomp.def. clang's libomp has the same names (and its own: kmp.c), with another
 * idea of when a task's data is copied.
 *
 * Regions   run through region_run, so that the order is that of a fork and a join.
 * Tasks     run through task_run: a header in front of the data that the run time copies anyway. What a task did is known to
 *           whoever has waited for tasks of the region: taskwait, the end of a task group, barriers, later tasks with
 *           dependences. That is more order than there is where other tasks are still running: a miss, never a false report.
 * Doacross  a wait is ordered after all posts of the region so far.
 */
#include <stdarg.h>
#include <string.h>

#include "borrow.h"
#include "omp_call.h"

__thread struct omp_region *omp_region;
struct omp_region omp_outside;
char omp_events;

struct region {
	uintptr_t *reductions; /* where libgomp looks for them: the first word of the data */
	struct omp_region omp;
	void (*f)(void *);
	void *data;
};

static char critical, atomic; /* what libgomp has one lock for */

static RUNS_CALLBACKS void region_run(void *of)
{
	struct region *r = of;
	struct omp_region *outer = omp_region;

	omp_region = &r->omp;
	SYNC_ENTER(sync_acquire(t, KEY(&r->omp.fork)));
	r->f(r->data);
	SYNC_ENTER(sync_release_join(t, KEY(&r->omp.join)));
	omp_region = outer;
}

/* A function that runs f(data) in all threads of a new region, and returns when all are done. */
#define REGION_HOOK(symbol, params, args)                                                                              \
	RACE_EXPORT void symbol params;                                                                                \
	HOOK_SLOT(symbol)                                                                                              \
	void symbol params                                                                                             \
	{                                                                                                              \
		struct region r = {.omp.caller = CALLER, .f = f, .data = data};                                                            \
		SYNC_ENTER(sync_release_join(t, KEY(&r.omp.fork)));                                                    \
		REAL(symbol) args;                                                                                     \
		region_end(&r.omp);                                                                                    \
	}

RACE_EXPORT unsigned GOMP_parallel_reductions(void (*f)(void *), void *data, unsigned n, unsigned flags);
HOOK_SLOT(GOMP_parallel_reductions)
unsigned GOMP_parallel_reductions(void (*f)(void *), void *data, unsigned n, unsigned flags)
{
	struct region r = {.omp.caller = CALLER, .reductions = *(uintptr_t **)data, .f = f, .data = data};
	unsigned threads;

	SYNC_ENTER(sync_release_join(t, KEY(&r.omp.fork)));
	threads = REAL(GOMP_parallel_reductions)(region_run, &r, n, flags);
	region_end(&r.omp);
	return threads;
}

#define OMP_VERSION "OMP_3.0"
#include "gomp.def"

/* ---- doacross ---------------------------------------------------------------------------------------------------- */

/* As many counters as the loop nest is deep, which only libgomp knows: all that could be, be they arguments or not. */
#define DOACROSS_WAIT(symbol, number)                                                                                  \
	RACE_EXPORT void symbol(number first, ...);                                                                    \
	HOOK_SLOT(symbol)                                                                                              \
	void symbol(number first, ...)                                                                                 \
	{                                                                                                              \
		number c[11];                                                                                          \
		va_list list;                                                                                          \
		va_start(list, first);                                                                                 \
		for (int i = 0; i < 11; i++)                                                                           \
			c[i] = va_arg(list, number);                                                                   \
		va_end(list);                                                                                          \
		REAL(symbol)(first, c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10]);                \
		SYNC_ENTER(sync_acquire(t, HERE(doacross)));                                                           \
	}
DOACROSS_WAIT(GOMP_doacross_wait, long)
DOACROSS_WAIT(GOMP_doacross_ull_wait, unsigned long long)

/* ---- tasks ------------------------------------------------------------------------------------------------------- */

typedef void task_fn(void *);
typedef void task_copy_fn(void *, void *);

enum { TASK_DEPEND = 8, TASK_NOGROUP = 1 << 11, TASK_DETACH = 1 << 13 }; /* GOMP_TASK_FLAG_... of gomp-constants.h */

/* In front of a task's data. Made by the thread that asks for the task, and copied into the task's memory by task_copy. */
struct task {
	/* The run time writes into the data's first words: a taskloop's bounds (and reads a third one), a detached task's event. */
	uint64_t head[3];
	task_fn *f;
	task_copy_fn *copy;
	struct omp_region *region;
	long bytes;
	unsigned offset, flags;
	uint32_t copied, loop; /* copied: the data follows at `offset`; else this is the source, which knows where it is */
};

struct task_source {
	struct task task;
	void *data;
};

static inline void *task_data(struct task *task)
{
	return task->copied ? (char *)task + task->offset : ((struct task_source *)task)->data;
}

/* Before the program's own code sees the data. */
static inline void head_written(struct task *task)
{
	if (task->loop)
		memcpy(task_data(task), task->head, 2 * sizeof(*task->head));
	else if (task->flags & TASK_DETACH && task->head[0] && task->bytes >= (long)sizeof(*task->head))
		memcpy(task_data(task), task->head, sizeof(*task->head));
}

/* libgomp writes a loop's bounds after this, libomp before: so those stay. */
static void task_copy(void *to, void *from)
{
	struct task *task = to, *had = from;
	void *data = task_data(had);
	uint64_t low = task->head[0], high = task->head[1];

	if (!had->loop)
		head_written(had);
	*task = *had;
	task->copied = 1;
	if (task->loop) {
		task->head[0] = low;
		task->head[1] = high;
	}
	task_memory_new(to, (size_t)task->bytes + task->offset);
	if (task->copy)
		task->copy((char *)to + task->offset, data);
	else if (task->bytes)
		memcpy((char *)to + task->offset, data, (size_t)task->bytes);
	SYNC_ENTER(sync_release_join(t, KEY(task)));
}

static RUNS_CALLBACKS void task_run(void *of)
{
	struct task *task = of;
	struct omp_region *outer = omp_region, *r = task->region;

	omp_region = r;
	SYNC_ENTER(sync_acquire(t, KEY(task)); if (task->flags & TASK_DEPEND) tasks_waited(t));
	sync_forget(KEY(task));
	head_written(task);
	task->f(task_data(task));
	SYNC_ENTER(sync_release_join(t, HERE(tasks)));
	omp_region = outer;
}

/* Fills s; the alignment and size that the run time is told instead. */
static long task_source(struct task_source *s, long *align)
{
	size_t unit = *align > 16 ? (size_t)*align : 16;

	s->task.region = omp_region;
	s->task.offset = (unsigned)((sizeof(*s) + unit - 1) / unit * unit);
	*align = (long)unit;
	return s->task.bytes + (long)s->task.offset;
}

RACE_EXPORT void GOMP_task(task_fn *f, void *data, task_copy_fn *copy, long bytes, long align, _Bool deferred,
			   unsigned flags, void **depend, int priority, void *detach);
HOOK_SLOT(GOMP_task)
void GOMP_task(task_fn *f, void *data, task_copy_fn *copy, long bytes, long align, _Bool deferred, unsigned flags,
	       void **depend, int priority, void *detach)
{
	__typeof__(&GOMP_task) real = REAL(GOMP_task);
	struct task_source s = {.task = {.f = f, .copy = copy, .bytes = bytes, .flags = flags}, .data = data};

	bytes = task_source(&s, &align);
	real(task_run, &s, task_copy, bytes, align, deferred, flags, depend, priority, detach);
	if (flags & TASK_DETACH && !omp_region) /* outside of regions it waits for the event */
		SYNC_ENTER(tasks_waited(t));
}

/* libomp copies the source byte by byte into a pattern that may outlive this call, and the tasks from that. */
static void *pattern(void *at, const struct task_source *s, long align)
{
	struct task_source *p = (void *)(((uintptr_t)at + (uintptr_t)align - 1) & -(uintptr_t)align);

	*p = *s;
	p->task.loop = 1;
	memcpy(p->task.head, s->data, s->task.bytes < (long)sizeof(p->task.head) ? (size_t)s->task.bytes : sizeof(p->task.head));
	if (!s->task.copy) {
		p->task.copied = 1;
		memcpy(task_data(&p->task), s->data, (size_t)s->task.bytes);
	}
	return p;
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
		struct task_source s = {.task = {.f = f, .copy = copy, .bytes = bytes, .flags = flags}, .data = data}; \
		void *p;                                                                                               \
		bytes = task_source(&s, &align);                                                                       \
		p = pattern(__builtin_alloca((size_t)(bytes + align)), &s, align);                                     \
		real(task_run, p, task_copy, bytes, align, flags, tasks, priority, start, end, step);                  \
		if (!(flags & TASK_NOGROUP))                                                                           \
			SYNC_ENTER(tasks_waited(t));                                                                   \
	}
TASKLOOP(GOMP_taskloop, long)
TASKLOOP(GOMP_taskloop_ull, unsigned long long)

/* ---- target regions ---------------------------------------------------------------------------------------------- */

enum { TARGET_NOWAIT = 1 };

BORROW(int, omp_get_num_devices, (void))

/* Without a device the host runs it; "nowait" makes a task of that. A device is told which function by its address here. */
RACE_EXPORT void GOMP_target_ext(int device, void (*f)(void *), size_t n, void **at, size_t *bytes, unsigned short *kinds,
				 unsigned flags, void **depend, void **args);
HOOK_SLOT(GOMP_target_ext)
void GOMP_target_ext(int device, void (*f)(void *), size_t n, void **at, size_t *bytes, unsigned short *kinds,
		     unsigned flags, void **depend, void **args)
{
	__typeof__(&GOMP_target_ext) real = REAL(GOMP_target_ext);

	if (flags & TARGET_NOWAIT && BORROWED(omp_get_num_devices, CALLER)() == 0) {
		f = (void (*)(void *))(void *)omp_call_for((omp_call_fn *)(void *)f);
		SYNC_ENTER(omp_call_asked(t));
	}
	real(device, f, n, at, bytes, kinds, flags, depend, args);
}
