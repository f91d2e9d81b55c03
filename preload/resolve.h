/* SPDX-License-Identifier: MIT */
#ifndef RACE_PRELOAD_RESOLVE_H
#define RACE_PRELOAD_RESOLVE_H

#include <stdint.h>

/* dlsym is running on this thread: memory it frees may come from anywhere, functions it calls are not to be looked up. */
int resolve_running(void);

/* Rises when modules came or went: what callers see may be another function. */
extern uint32_t resolve_generation __attribute__((visibility("hidden")));

/* After modules have gone: originals that lay in them are looked up anew. */
void resolve_unloaded(void);

#endif
