/* SPDX-License-Identifier: MIT */
/*
 * kmp.c - OpenMP as clang compiles it: libomp, whose threads wait by inlined atomics. The rows are kmp.def; what both run times
 * have in common is omp.h.
 *
 * Regions     a "microtask" gets pointers to the captured variables as so many arguments: micro_run takes its place, and calls
 *             it with them (micro_call).
 * Tasks       kmp_run takes the place of the routine; a header in front of the shared variables says what it was. Each task is
 *             ordered after its own spawning; those of a loop, which libomp copies from one pattern, after all loops so far.
 * Reductions  the function that joins two partial results is called by libomp, on one thread with what another has made, and
 *             so is the one that copies for copyprivate: combine_run takes their place.
 * Flush       is a fence, and orders who flushes later after who flushed before: too much rather than too little.
 * Inside      libomp calls some of these itself, also below libgomp's names, which are hooked, too: it steps back there.
 */
#include <stdarg.h>

/* Not CALLER: a tail call inside libomp returns to librace, too. */
#define SYNC_THREAD(symbol) (hook_is_inside(&hook_##symbol, __builtin_return_address(0)) ? NULL : thread_enter())

#include "omp_call.h"

static char flushed;

/* ---- regions ----------------------------------------------------------------------------------------------------- */

typedef void micro_fn(int *gtid, int *tid, ...);

struct kmp_region {
	struct omp_region omp;
	micro_fn *f;
	long n;
	void **args; /* [n], at least 4 */
};

/* f(gtid, tid, args[0], ... args[n - 1]): the first four in registers, whether they are there or not. */
void micro_call(micro_fn *f, int *gtid, int *tid, long n, void **args) __attribute__((visibility("hidden")));
__asm__(".pushsection race_runs, \"ax\", @progbits\n"
	"	.type micro_call, @function\n"
	"	.hidden micro_call\n"
	"	.globl micro_call\n"
	"micro_call:\n"
	"	.cfi_startproc\n"
	"	pushq %rbp\n"
	"	.cfi_def_cfa_offset 16\n"
	"	.cfi_offset %rbp, -16\n"
	"	movq %rsp, %rbp\n"
	"	.cfi_def_cfa_register %rbp\n"
	"	movq %rdi, %rax\n"
	"	movq %rsi, %rdi\n"
	"	movq %rdx, %rsi\n"
	"	movq %r8, %r10\n"
	"	cmpq $4, %rcx\n"
	"	jle 2f\n"
	"	movq %rcx, %r11\n"
	"	andq $1, %r11\n" /* an odd number of words leaves the stack askew */
	"	shlq $3, %r11\n"
	"	subq %r11, %rsp\n"
	"1:	cmpq $4, %rcx\n"
	"	jle 2f\n"
	"	pushq -8(%r10,%rcx,8)\n"
	"	decq %rcx\n"
	"	jmp 1b\n"
	"2:	movq (%r10), %rdx\n"
	"	movq 8(%r10), %rcx\n"
	"	movq 16(%r10), %r8\n"
	"	movq 24(%r10), %r9\n"
	"	movq %rax, %r10\n"
	"	xorl %eax, %eax\n"
	"	callq *%r10\n"
	"	leave\n"
	"	.cfi_def_cfa %rsp, 8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	"	.size micro_call, .-micro_call\n"
	"	.popsection\n");

static void micro_run(int *gtid, int *tid, struct kmp_region *r)
{
	struct omp_region *outer = omp_region;

	omp_region = &r->omp;
	SYNC_ENTER(sync_acquire(t, KEY(&r->omp.fork)));
	micro_call(r->f, gtid, tid, r->n, r->args);
	SYNC_ENTER(sync_release_join(t, KEY(&r->omp.join)));
	omp_region = outer;
}

#define FORK_HOOK(symbol)                                                                                              \
	RACE_EXPORT void symbol(void *loc, int n, micro_fn *f, ...);                                                   \
	HOOK_SLOT(symbol)                                                                                              \
	void symbol(void *loc, int n, micro_fn *f, ...)                                                                \
	{                                                                                                              \
		struct kmp_region r = {.omp.caller = CALLER, .f = f, .n = n};                                                             \
		va_list list;                                                                                          \
		r.args = __builtin_alloca((size_t)(n > 4 ? n : 4) * sizeof(*r.args));                                  \
		va_start(list, f);                                                                                     \
		for (int i = 0; i < n; i++)                                                                            \
			r.args[i] = va_arg(list, void *);                                                              \
		va_end(list);                                                                                          \
		SYNC_ENTER(sync_release_join(t, KEY(&r.omp.fork)));                                                    \
		REAL(symbol)(loc, 1, (micro_fn *)(void *)micro_run, &r);                                               \
		region_end(&r.omp);                                                                                    \
	}
FORK_HOOK(__kmpc_fork_call)
FORK_HOOK(__kmpc_fork_teams)

/* ---- tasks ------------------------------------------------------------------------------------------------------- */

struct kmp_task;
typedef int routine_fn(int gtid, struct kmp_task *task);
typedef void dup_fn(struct kmp_task *to, struct kmp_task *from, int last);

struct kmp_task { /* its beginning, kmp_task_t of kmp.h */
	void *shareds;
	routine_fn *routine;
};

/* In front of a task's shared variables; libomp copies it with them. */
struct kmp_header {
	routine_fn *routine;
	struct omp_region *region;
	dup_fn *dup;
	size_t bytes; /* of the task, from its beginning to here */
	uint32_t depends, loop;
	uint64_t unused;
};
_Static_assert(sizeof(struct kmp_header) % 16 == 0, "what follows is aligned as libomp has done it");

static RUNS_CALLBACKS int kmp_run(int gtid, struct kmp_task *task)
{
	struct kmp_header *h = (struct kmp_header *)task->shareds - 1;
	struct omp_region *outer = omp_region;
	int result;

	omp_region = h->region;
	SYNC_ENTER(sync_acquire(t, h->loop ? HERE(loops) : KEY(h)); if (h->depends) tasks_waited(t));
	if (!h->loop)
		sync_forget(KEY(h));
	result = h->routine(gtid, task); /* an untied task may have gone on elsewhere by now: h is not ours any more */
	SYNC_ENTER(sync_release_join(t, HERE(tasks)));
	omp_region = outer;
	return result;
}

static inline struct kmp_header *header_of(const struct kmp_task *task)
{
	return task->routine == kmp_run ? (struct kmp_header *)task->shareds - 1 : NULL;
}

static void task_made(struct kmp_task *task, routine_fn *routine)
{
	struct kmp_header *h = task->shareds;
	size_t bytes = (size_t)((char *)(h + 1) - (char *)task);

	task_memory_new(task, bytes);
	*h = (struct kmp_header){.routine = routine, .region = omp_region, .bytes = bytes};
	task->shareds = h + 1;
}

static inline void task_given(struct race_thread *t, const struct kmp_task *task, int depends)
{
	struct kmp_header *h = header_of(task);

	if (!h)
		return;
	h->depends = (uint32_t)depends;
	sync_release_join(t, KEY(h));
}

RACE_EXPORT struct kmp_task *__kmpc_omp_task_alloc(void *loc, int gtid, int flags, size_t bytes, size_t shared,
						   routine_fn *routine);
HOOK_SLOT(__kmpc_omp_task_alloc)
struct kmp_task *__kmpc_omp_task_alloc(void *loc, int gtid, int flags, size_t bytes, size_t shared, routine_fn *routine)
{
	__typeof__(&__kmpc_omp_task_alloc) real = REAL(__kmpc_omp_task_alloc);
	struct kmp_task *task;

	if (routine == kmp_run) /* the function below called this one */
		return real(loc, gtid, flags, bytes, shared, routine);
	task = real(loc, gtid, flags, bytes, shared + sizeof(struct kmp_header), kmp_run);
	task_made(task, routine);
	return task;
}

RACE_EXPORT struct kmp_task *__kmpc_omp_target_task_alloc(void *loc, int gtid, int flags, size_t bytes, size_t shared,
							  routine_fn *routine, int64_t device);
HOOK_SLOT(__kmpc_omp_target_task_alloc)
struct kmp_task *__kmpc_omp_target_task_alloc(void *loc, int gtid, int flags, size_t bytes, size_t shared,
					      routine_fn *routine, int64_t device)
{
	struct kmp_task *task = REAL(__kmpc_omp_target_task_alloc)(loc, gtid, flags, bytes,
								   shared + sizeof(struct kmp_header), kmp_run, device);

	task_made(task, routine);
	return task;
}

/* Copies the pattern's private variables into a task of the loop; on any thread, since big loops are divided by tasks. */
static RUNS_CALLBACKS void kmp_dup(struct kmp_task *to, struct kmp_task *from, int last)
{
	struct kmp_header *h = header_of(from);
	struct omp_region *outer = omp_region;

	omp_region = h->region; /* the thread may wait behind the region's end */
	SYNC_ENTER(sync_acquire(t, HERE(loops)));
	task_memory_new(to, h->bytes);
	h->dup(to, from, last);
	SYNC_ENTER(sync_release_join(t, HERE(loops)));
	omp_region = outer;
}

static dup_fn *loop_given(struct kmp_task *task, dup_fn *dup)
{
	struct kmp_header *h = header_of(task);

	if (!h)
		return dup;
	h->loop = 1;
	h->dup = dup;
	SYNC_ENTER(sync_release_join(t, HERE(loops)));
	return dup ? kmp_dup : NULL;
}

/* clang puts a task group around. */
#define TASKLOOP(symbol, params, args)                                                                                 \
	RACE_EXPORT void symbol params;                                                                                \
	HOOK_SLOT(symbol)                                                                                              \
	void symbol params                                                                                             \
	{                                                                                                              \
		dup = loop_given(task, dup);                                                                           \
		REAL(symbol) args;                                                                                     \
	}
TASKLOOP(__kmpc_taskloop,
	 (void *loc, int gtid, struct kmp_task *task, int condition, uint64_t *low, uint64_t *high, int64_t step,
	  int nogroup, int how, uint64_t size, dup_fn *dup),
	 (loc, gtid, task, condition, low, high, step, nogroup, how, size, dup))
TASKLOOP(__kmpc_taskloop_5,
	 (void *loc, int gtid, struct kmp_task *task, int condition, uint64_t *low, uint64_t *high, int64_t step,
	  int nogroup, int how, uint64_t size, int modifier, dup_fn *dup),
	 (loc, gtid, task, condition, low, high, step, nogroup, how, size, modifier, dup))

/* ---- partial results --------------------------------------------------------------------------------------------- */

typedef void combine_fn(void *, void *);

static __thread combine_fn *combine; /* of the call that this thread is in */

static RUNS_CALLBACKS void combine_run(void *to, void *from)
{
	SYNC_ENTER(sync_acquire(t, HERE(barrier)));
	combine(to, from);
	SYNC_ENTER(sync_release_join(t, HERE(barrier)));
}

static combine_fn *combine_begin(combine_fn *f)
{
	combine_fn *outer = combine;

	combine = f;
	SYNC_ENTER(barrier_reached(t));
	return outer;
}


RACE_EXPORT void __kmpc_copyprivate(void *loc, int gtid, size_t bytes, void *data, combine_fn *f, int mine);
HOOK_SLOT(__kmpc_copyprivate)
void __kmpc_copyprivate(void *loc, int gtid, size_t bytes, void *data, combine_fn *f, int mine)
{
	combine_fn *outer = combine_begin(f);

	REAL(__kmpc_copyprivate)(loc, gtid, bytes, data, combine_run, mine);
	combine = outer;
	SYNC_ENTER(barrier_passed(t));
}

/* 1: this thread joins the results now; 2: each does, by atomic operations; 0: it is done, and in the form with a barrier behind
 * all. */
#define REDUCE(symbol, joined)                                                                                             \
	RACE_EXPORT int symbol(void *loc, int gtid, int n, size_t bytes, void *data, combine_fn *f, void *lock);       \
	HOOK_SLOT(symbol)                                                                                              \
	int symbol(void *loc, int gtid, int n, size_t bytes, void *data, combine_fn *f, void *lock)                    \
	{                                                                                                              \
		combine_fn *outer = combine_begin(f);                                                                  \
		int result = REAL(symbol)(loc, gtid, n, bytes, data, f ? combine_run : NULL, lock);                    \
		combine = outer;                                                                                       \
		if (joined)                                                                                            \
			SYNC_ENTER(barrier_passed(t));                                                                 \
		return result;                                                                                         \
	}
REDUCE(__kmpc_reduce, result != 2)
REDUCE(__kmpc_reduce_nowait, result == 1)

/* What a taskgroup's end joins, and so the end of a loop's and a region's. */
struct kmp_reduction { /* kmp_taskred_input_t; the older kmp_task_red_input_t lacks `original` */
	void *shared, *original;
	size_t bytes;
	void *begin, *end;
	omp_call_fn *join;
	unsigned flags;
};
struct kmp_reduction_old {
	void *shared;
	size_t bytes;
	void *begin, *end;
	omp_call_fn *join;
	unsigned flags;
};

#define TASK_REDUCTION(symbol, reduction, params, args)                                                                \
	RACE_EXPORT void *symbol params;                                                                               \
	HOOK_SLOT(symbol)                                                                                              \
	void *symbol params                                                                                            \
	{                                                                                                              \
		struct reduction *all = data;                                                                          \
		for (int i = 0; i < n; i++)                                                                            \
			all[i].join = omp_call_for(all[i].join);                                                       \
		return REAL(symbol) args;                                                                              \
	}
TASK_REDUCTION(__kmpc_taskred_init, kmp_reduction, (int gtid, int n, void *data), (gtid, n, data))
TASK_REDUCTION(__kmpc_taskred_modifier_init, kmp_reduction, (void *loc, int gtid, int is_loop, int n, void *data),
	       (loc, gtid, is_loop, n, data))
TASK_REDUCTION(__kmpc_task_reduction_init, kmp_reduction_old, (int gtid, int n, void *data), (gtid, n, data))
TASK_REDUCTION(__kmpc_task_reduction_modifier_init, kmp_reduction_old,
	       (void *loc, int gtid, int is_loop, int n, void *data), (loc, gtid, is_loop, n, data))

#include "kmp.def"
