/* SPDX-License-Identifier: MIT */
/*
 * libc_threads.h - the sync object between those who ask libc for a thread and that thread. See libc_threads.c.
 */
#ifndef RACE_HOOKS_LIBC_THREADS_H
#define RACE_HOOKS_LIBC_THREADS_H

#include "sync_rows.h"

extern char libc_thread_requests __attribute__((visibility("hidden")));
#define LIBC_THREAD_REQUESTS KEY(&libc_thread_requests)

#endif
