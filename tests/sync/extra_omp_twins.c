/* SPDX-License-Identifier: MIT */
/* BUILD: -fopenmp */
/*
 * extra_omp_twins.c - locks of OpenMP's run time that one thread takes and another gives; it does not look whose they are. Ends of
 * regions and of the single construct.
 */
#include "after.h"

#include <omp.h>

void GOMP_critical_start(void);
void GOMP_critical_end(void);
void GOMP_critical_name_start(void **name);
void GOMP_critical_name_end(void **name);
void GOMP_atomic_start(void);
void GOMP_atomic_end(void);
void omp_set_lock_(omp_lock_t *);
void omp_unset_lock_(omp_lock_t *);
void omp_init_nest_lock_(void **);
void omp_set_nest_lock_(void **);
void omp_unset_nest_lock_(void **);

static void *name __attribute__((unused)), *fortran;
static omp_lock_t lock;
static omp_nest_lock_t nest;

#define CRITICAL GOMP_critical_start()
#define NAMED GOMP_critical_name_start(&name)
#define ATOMIC GOMP_atomic_start()
#define LOCK omp_set_lock(&lock)
#define NEST omp_set_nest_lock(&nest)
#ifndef __clang__ /* libomp asserts that it knows the thread */
GIVEN(critical, CRITICAL, GOMP_critical_end(), CRITICAL)
GIVEN(named, NAMED, GOMP_critical_name_end(&name), NAMED)
GIVEN(atomic, ATOMIC, GOMP_atomic_end(), ATOMIC)
#endif
GIVEN(lock, LOCK, omp_unset_lock(&lock), LOCK)
GIVEN(nest, NEST, omp_unset_nest_lock(&nest), NEST)
GIVEN(fortran_lock, omp_set_lock_(&lock), omp_unset_lock_(&lock), LOCK)
GIVEN(fortran_nest, omp_set_nest_lock_(&fortran), omp_unset_nest_lock_(&fortran), omp_set_nest_lock_(&fortran))
AFTER(nest_set, NEST, omp_unset_nest_lock(&nest), NEST)

/* ---- ends ---- */

/* What the threads of a region did, whose reductions are tasks' too, without any task. */
static void *reductions_alone(void *unused)
{
	int sum = 0;

#pragma omp parallel num_threads(2) reduction(task, + : sum)
	{
		sum += 1;
		if (omp_get_thread_num() == 1) {
			touch_a();
			gate_open(&a_done);
		} else if (racy) {
			gate_wait(&a_done, 1);
			touch_b();
		}
	}
	touch_b();
	return unused;
}

/* Who ran the single construct, before who gets what it made. */
static void *single_alone(void *unused)
{
#pragma omp parallel num_threads(2)
	{
		int me = omp_get_thread_num(), who = 0;

#pragma omp single copyprivate(who)
		{
			if (!racy)
				touch_a();
			who = me;
		}
		if (who == me) {
			if (racy)
				touch_a();
			gate_open(&a_done);
		} else {
			gate_wait(&a_done, 1);
			touch_b();
		}
	}
	return unused;
}

/* A task ends when its event comes, and the region after it. The team is not asleep by then: libgomp does not always wake it. */
static omp_event_handle_t event;
static void *detached_a(void *unused)
{
	gate_wait(&b_waits, 1);
	if (!racy)
		touch_a();
	omp_fulfill_event(event);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *detached_b(void *unused)
{
#pragma omp parallel num_threads(2)
#pragma omp single nowait
	{
		omp_event_handle_t e;

#pragma omp task detach(e)
		{
			event = e;
			gate_open(&b_waits);
		}
#pragma omp taskyield
		gate_wait(&a_done, 1);
	}
	touch_b();
	return unused;
}

#ifdef __clang__
struct ident {
	int reserved, flags, more, again;
	const char *source;
};
int __kmpc_global_thread_num(struct ident *);
void __kmpc_critical(struct ident *, int thread, int *name);
void __kmpc_end_critical(struct ident *, int thread, int *name);

static struct ident here = { .flags = 2, .source = ";;;;;;" };
static int kmpc_name[8];
#define KMPC_CRITICAL __kmpc_critical(&here, __kmpc_global_thread_num(&here), kmpc_name)
GIVEN(kmpc_critical, KMPC_CRITICAL, __kmpc_end_critical(&here, __kmpc_global_thread_num(&here), kmpc_name), KMPC_CRITICAL)
#endif

/* A task with a dependence, that another thread runs. */
static void *depend_alone(void *unused)
{
	int x __attribute__((unused)) = 0;

#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
		if (!racy)
			touch_a();
#pragma omp task depend(out : x)
		{
			gate_wait(&a_done, 1);
			touch_b();
			gate_open(&b_waits);
		}
		if (racy)
			touch_a();
		gate_open(&a_done);
		gate_wait(&b_waits, 1);
	}
	return unused;
}

/* The end of the sections, for the thread that had none of them. */
static void *sections_alone(void *unused)
{
#pragma omp parallel num_threads(2)
	{
		int mine = 0;

#pragma omp sections
		{
#pragma omp section
			{
				mine = 1;
				if (!racy)
					touch_a();
			}
		}
		if (mine) {
			if (racy)
				touch_a();
			gate_open(&a_done);
		} else {
			gate_wait(&a_done, 1);
			touch_b();
		}
	}
	return unused;
}

/* What a thread did before its partial result is joined by another one. */
struct part {
	int n;
};
static void join_parts(struct part *to, const struct part *from)
{
	to->n += from->n;
	if (!racy && omp_get_thread_num() == 0 && from->n)
		touch_b();
}
#pragma omp declare reduction(join : struct part : join_parts(&omp_out, &omp_in)) initializer(omp_priv = (struct part){0})
#define REDUCTION(name, words)                                                                                       \
	static void *name##_alone(void *unused)                                                                      \
	{                                                                                                            \
		struct part all __attribute__((unused)) = { 0 };                                                                             \
		_Pragma("omp parallel num_threads(2)")                                                               \
		{                                                                                                    \
			_Pragma(words)                                                                               \
			for (int i = 0; i < 2; i++) {                                                                \
				if (omp_get_thread_num() == 1) {                                                     \
					touch_a();                                                                   \
					gate_open(&a_done);                                                          \
					all.n = 1;                                                                   \
				} else if (racy) {                                                                   \
					gate_wait(&a_done, 1);                                                       \
					touch_b();                                                                   \
				}                                                                                    \
			}                                                                                            \
		}                                                                                                    \
		return unused;                                                                                       \
	}
REDUCTION(reduction, "omp for schedule(static, 1) reduction(join : all)")
REDUCTION(reduction_nowait, "omp for schedule(static, 1) reduction(join : all) nowait")

static const struct scenario list[] = {
#ifdef __clang__
	SIDES(kmpc_critical),
#else
	SIDES(critical), SIDES(named), SIDES(atomic),
#endif
	SIDES(lock), SIDES(nest), SIDES(nest_set), SIDES(fortran_lock), SIDES(fortran_nest), ALONE(depend),
	ALONE(reductions), ALONE(single), ALONE(sections), ALONE(reduction), ALONE(reduction_nowait), SIDES(detached),
};

int main(int argc, char **argv)
{
	omp_init_lock(&lock);
	omp_init_nest_lock(&nest);
	omp_init_nest_lock_(&fortran);
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
