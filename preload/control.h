/* SPDX-License-Identifier: MIT */
/*
 * control.h - the option control=1: a thread of librace's own that answers `race ctl` on a Unix socket.
 *
 * control.c         the thread: how it is made so that the program does not meet it, and when it must not be there
 * control_socket.c  the socket, its clients
 * control_answer.c  what is asked, and the answers; control_dump.c: the long one
 *
 * docs/live.md has the protocol, and what follows for the program.
 */
#ifndef RACE_PRELOAD_CONTROL_H
#define RACE_PRELOAD_CONTROL_H

#include <stdint.h>

#include "sys/fmt.h"

#define CONTROL_VERSION 1 /* of the protocol */

/* Start-up, with the environment's XDG_RUNTIME_DIR or NULL; then the thread itself, just before main. */
void control_start(const char *runtime_dir, int secure);
void control_begin(void);
void control_forked(void); /* in the child, at the end */
void control_exit(void);   /* the process ends: the socket goes */
void control_end(void);    /* for good: the process is about to be sandboxed */
/* Around a change of what the kernel keeps for each thread (ids, namespaces, root): the thread is gone meanwhile, and comes back with
 * what the calling thread has then. 1: control_resume must follow. */
int control_pause(void);
void control_resume(void);

struct control_counts {
	uint32_t requests, errors, clients;
};
void control_count(struct control_counts *out); /* clients: connected now */

/* ---- between the files -------------------------------------------------------------------------------------------------- */

extern struct control_state {
	char runtime_dir[200]; /* "": none */
	uint32_t stop;         /* set by others; the loop ends */
	struct control_counts counts;
	const char *trouble;   /* why there is no socket */
	char path[300];        /* of the socket, for the exit when the thread does not answer */
} race_control __attribute__((visibility("hidden")));

/* The listening socket, in this thread's own table of descriptors; -1: race_control.trouble says why. */
int control_listen(void);
/* Serves until race_control.stop; wake: a descriptor that is readable then. */
void control_serve(int listener, int wake);
void control_unlisten(int listener);

/* One request without its newline, one JSON object with one. */
void control_answer(const char *request, size_t bytes, struct buf *b);
void control_error(struct buf *b, const char *what);
/* The members of `dump`, beginning with a comma. map: only that one, 0 all, at most `limit`. */
void control_dump(struct buf *b, uintptr_t map, uint32_t limit);

#endif
