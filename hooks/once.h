/* SPDX-License-Identifier: MIT */
/*
 * once.h - pthread_once and call_once share one wrapper around the program's routine. See pthread_wait.c.
 */
#ifndef RACE_HOOKS_ONCE_H
#define RACE_HOOKS_ONCE_H

#include <stdint.h>

struct once_call {
	uintptr_t control;
	void (*routine)(void);
	struct once_call *outer;
};

/* Before the real call, which gets once_wrapper() as its routine; and after it. The record lives on the caller's stack. */
void once_run(struct once_call *call, uintptr_t control, void (*routine)(void));
void once_done(struct once_call *call);
/* What routines that run on this thread release into besides, before anybody can see that they are done; 0: nothing. */
extern __thread uintptr_t once_besides __attribute__((visibility("hidden")));
void (*once_wrapper(void))(void);

#endif
