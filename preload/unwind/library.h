/* SPDX-License-Identifier: MIT */
/*
 * library.h - libunwind.so.8, if the machine has one, for the frames that the walker refuses.
 */
#ifndef RACE_UNWIND_LIBRARY_H
#define RACE_UNWIND_LIBRARY_H

#include "walk.h"

void library_load(void);
void library_modules_changed(void);
void library_forked(void);

#if UNWIND_WALKER
/* Carries on a walk that ended with WALK_REFUSED, as far as it goes. 0: it did not come to the end of the stack. */
int library_walk(struct walk *w);
#else
/* The whole stack above the hook with this frame. Number of frames, 0 when it cannot be told. */
unsigned library_frames(const uintptr_t *fp, uintptr_t *pcs, unsigned max);
#endif

#endif
