/* SPDX-License-Identifier: MIT */
/*
 * omp_call.h - functions of the program that a run time of OpenMP calls on its own, with no data to which a record could be tied:
 * what joins two partial results of tasks, and target regions that nobody waits for.
 */
#ifndef RACE_HOOKS_OMP_CALL_H
#define RACE_HOOKS_OMP_CALL_H

#include "omp.h"

typedef void omp_call_fn(void *, void *);

/* A function that calls f in the right order; f itself when there is no room. */
omp_call_fn *omp_call_for(omp_call_fn *f) __attribute__((visibility("hidden")));
/* Before the call that makes f be called. */
void omp_call_asked(struct race_thread *t) __attribute__((visibility("hidden")));

#endif
