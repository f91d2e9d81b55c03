/* SPDX-License-Identifier: MIT */
/*
 * cxx_future.h - what a routine that ran once may have been: the setting of a std::promise's result.
 */
#ifndef RACE_HOOKS_CXX_FUTURE_H
#define RACE_HOOKS_CXX_FUTURE_H

#include <stdint.h>

struct race_thread;

/* On the thread that ran the routine of `once`, behind it. */
void future_once_done(struct race_thread *t, uintptr_t once);

#endif
