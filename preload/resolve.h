/* SPDX-License-Identifier: MIT */
#ifndef RACE_PRELOAD_RESOLVE_H
#define RACE_PRELOAD_RESOLVE_H

/* dlsym is running on this thread: memory it frees may come from anywhere, functions it calls are not to be looked up. */
int resolve_running(void);

#endif
