/* SPDX-License-Identifier: MIT */
/*
 * signals.h - the sync objects of signals. See signals.c.
 */
#ifndef RACE_HOOKS_SIGNALS_H
#define RACE_HOOKS_SIGNALS_H

#include "../preload/engine/engine.h"

enum { SIGNAL_ANY }; /* as a number: every signal */

/* What the process was sent, by number. */
uintptr_t signal_key(int number);
/* After the calling thread took a signal of that number. */
void signal_taken(struct race_thread *t, int number);

#endif
