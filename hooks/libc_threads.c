/* SPDX-License-Identifier: MIT */
/*
 * libc_threads.c - threads that libc makes by itself: timers and queues with SIGEV_THREAD, getaddrinfo_a, aio.
 *
 * libc creates them by its own pthread_create, which is seen when that is patched; else they are met at their first hook as
 * foreign threads. The creator is a helper thread of libc's, so its creation edge does not lead back to whoever asked: that one
 * releases into one object for all such requests before the real call, and a thread that libc creates acquires it
 * (pthread_thread.c). One object orders a callback after every earlier request, too much rather than too little. What passes
 * under libc's own mutexes (the queues of aio and getaddrinfo_a) is seen besides.
 */
#include <aio.h>
#include <mqueue.h>
#include <netdb.h>
#include <signal.h>
#include <time.h>

#include "libc_threads.h"

char libc_thread_requests;

#define ASKED(t) sync_release_join(t, LIBC_THREAD_REQUESTS)

#include "libc_threads.def"
