/* SPDX-License-Identifier: MIT */
/*
 * frames.h - functions of every shape, over several files with different options.
 */
#ifndef RACE_TESTS_UNWIND_FRAMES_H
#define RACE_TESTS_UNWIND_FRAMES_H

#include "touch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* exact.cpp */
long bottom(long x);
long no_fp(long x, int depth);
/* frames_fp.c */
long fp_plain(long x, int depth);
long fp_calls(long x, int depth, long (*next)(long, int));
long fp_alloca(long x, int depth);
/* plugin.c */
long plugin_call(long x, long (*next)(long));

#ifdef __cplusplus
}
#endif

#endif
