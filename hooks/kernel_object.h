/* SPDX-License-Identifier: MIT */
/*
 * kernel_object.h - the sync objects behind what threads hand over through the kernel: descriptors, signals, queues.
 *
 * They have no address, so their keys are none that memory could have: bit 62 is set, the space and a number are below. Such a key is
 * given to sync_* only, never to a lock set or a map. One descriptor that carries two directions uses key and key + 8, and 4 more for
 * the end of each.
 *
 *   object_give   a release, into the object and into whatever it is linked to
 *   object_take   an acquire
 *   object_end    a release that only those take who see the end of what was given
 *   object_link   what is given to `from` from now on counts as given to `to`: a descriptor that an epoll instance watches, a pipe
 *                 that is spliced into another one, a futex whose waiters were moved
 */
#ifndef RACE_HOOKS_KERNEL_OBJECT_H
#define RACE_HOOKS_KERNEL_OBJECT_H

#include "../preload/engine/engine.h"

enum object_space {
	OBJECT_FRESH,  /* made here, counted: eventfd, socketpair, epoll ... */
	OBJECT_INODE,  /* pipes, FIFOs, message queues: by device and inode */
	OBJECT_SOCKET, /* connections within the machine: by their two names */
	OBJECT_SIGNAL,
	OBJECT_SYSV_QUEUE,
	OBJECT_SYSV_SEMAPHORE,
	OBJECT_COMMON, /* one for all that found no room */
};
#define OBJECT_ID_BITS 52
#define OBJECT_END(key) ((key) + 4)

static inline uintptr_t object_key(enum object_space space, uint64_t id)
{
	return (uintptr_t)1 << 62 | (uintptr_t)space << 56 | (id & (((uintptr_t)1 << OBJECT_ID_BITS) - 1)) << 4;
}

uint64_t object_hash(const void *bytes, size_t n); /* an id for a space of names */
uint64_t object_fresh(void);                       /* an id that this process has not used */

void object_give(struct race_thread *t, uintptr_t key);
void object_take(struct race_thread *t, uintptr_t key);
void object_end(struct race_thread *t, uintptr_t key);
void object_link(uintptr_t from, uintptr_t to);
void object_unlink(uintptr_t from, uintptr_t to);
/* One of its descriptors was closed. Once it is one of the oldest that were, and `in_use` denies, it is forgotten. */
void object_retire(uintptr_t key, int (*in_use)(uintptr_t key));

#endif
