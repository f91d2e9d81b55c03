/* SPDX-License-Identifier: MIT */
/*
 * polling.c - sleeping and giving way. The rows are polling.def.
 *
 * They order nothing. But a thread that comes back from one place again and again, and does nothing to a map meanwhile, is waiting
 * for memory to change: the ledger of a race (preload/verdict/weigh.c) wants to know. libc's own calls among them are not
 * seen, so each sleep counts once, at the program's call.
 */
#include <sched.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define HOOK_POLICY PATCH_NEVER
#include "sync_rows.h"

#define POLLED sync_polled(t, KEY(__builtin_return_address(0)))

#include "polling.def"
