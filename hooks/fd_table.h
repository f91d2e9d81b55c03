/* SPDX-License-Identifier: MIT */
/*
 * fd_table.h - what librace knows of the process's descriptors: one word each. See fd_table.c.
 */
#ifndef RACE_HOOKS_FD_TABLE_H
#define RACE_HOOKS_FD_TABLE_H

#include "hook.h"
#include "kernel_object.h"

enum { FD_ENTRIES = 1 << 16 };

/* A word: kind, side << 3, and the key of its object without bit 62 (its low four bits are free). */
enum fd_kind {
	FD_UNKNOWN, /* the whole word is 0 */
	FD_NONE,    /* carries no edges: regular files, terminals, connections to elsewhere */
	FD_ONE,     /* one object, whoever writes and reads: pipe, FIFO, eventfd, timerfd, epoll, message queue */
	FD_PAIR,    /* two objects, one for each direction */
	FD_SIGNAL,  /* signalfd: reading takes what senders of signals gave */
};
#define FD_KIND(e) ((enum fd_kind)((e) & 7))
#define FD_SIDE ((uint64_t)8)

extern uint64_t fd_entries[FD_ENTRIES] __attribute__((visibility("hidden")));

static inline uint64_t fd_entry(int fd)
{
	return likely((unsigned)fd < FD_ENTRIES) ? load_relaxed(&fd_entries[fd]) : FD_UNKNOWN;
}

/* Asks the kernel about a descriptor that was not met before. 0: no edges. */
uint64_t fd_ask(int fd);

/* What the descriptor stands for, now: to be asked before the real call, which may outlast the number. 0: no edges, and nothing to do. */
static inline uint64_t fd_look(int fd)
{
	uint64_t e;

	if (fd < 0 || !load_relaxed(&race_multi))
		return 0;
	e = fd_entry(fd);
	if (likely(e == FD_NONE))
		return 0;
	return e ? e : fd_ask(fd);
}

/* The same for what must be known already while there is one thread. */
static inline uint64_t fd_look_early(int fd)
{
	uint64_t e = fd_entry(fd);

	return e == FD_NONE ? 0 : e ? e : fd_ask(fd);
}
uint64_t fd_look_queue(int fd); /* a message queue, which looks like a regular file */

/* Keys of what is written to and read from it. */
uintptr_t fd_written_key(uint64_t e);
uintptr_t fd_read_key(uint64_t e);

/* e as fd_look said it, not 0. */
void fd_give(struct race_thread *t, uint64_t e);
void fd_take(struct race_thread *t, uint64_t e);
void fd_take_data(struct race_thread *t, uint64_t e); /* bytes came: what the close at the other end gave does not belong to them */

/* Numbers come and go. None of these does anything in a vfork child, whose descriptors are not the parent's. */
void fd_made(int fd, enum fd_kind kind);   /* with an object of its own */
void fd_made_pair(int a, int b);
void fd_renewed(int fd);                   /* it may be anything now */
void fd_copied(int from, int to);
void fd_closing(int fd);                   /* before the real close: a release, for those who see the end of the file */
void fd_closing_range(unsigned first, unsigned last);

#endif
