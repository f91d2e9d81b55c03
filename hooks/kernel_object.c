/* SPDX-License-Identifier: MIT */
/*
 * kernel_object.c - sync objects without an address: keys, links between them, and their end.
 *
 * Owns      the links and the list of retired objects. Both change under object_lock only; links are followed without it: a slot's
 *           `to` is written before its `from`, and a torn look at worst gives to one object more.
 * Lock      its word is the pid of the process that holds it, so that one that was held while another thread forked is free in the
 *           child. Taken inside the guard only, hence never by a signal handler on top of its holder, and never in a vfork child.
 * Ends      what was written may still be read when the last descriptor known here is closed: the other end may not have been met
 *           yet, or is still queued in a listening socket. So an object lives on until RETIRED further ones were closed. Keys of
 *           descriptors are not reused, or only for what has the same name in the kernel: late forgetting orders too much at worst.
 * When full the link is replaced by the common object: everything linked gives to it and everything taken takes it.
 */
#include <sys/syscall.h>

#include "../preload/core.h"
#include "../preload/sys/os.h"
#include "kernel_object.h"

enum { LINKS = 1 << 14, PROBES = 8, DEPTH = 4, RETIRED = 1024 };

static struct link {
	uintptr_t from, to; /* from 0: free */
	uint32_t n;         /* how often it was made */
} links[LINKS];
static uint32_t linked, spilled; /* some link was ever made; some found no room */

static uintptr_t retired[RETIRED];
static uint32_t retired_at;

static uint32_t lock_owner;

static void object_lock(void)
{
	uint32_t me = (uint32_t)race_process;

	for (;;) {
		uint32_t held = load_relaxed(&lock_owner);

		if (held != me && cas_acq_rel(&lock_owner, &held, me)) /* partner: object_unlock */
			return;
		os_syscall(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	}
}

static void object_unlock(void)
{
	store_release(&lock_owner, 0); /* partner: object_lock */
}

uint64_t object_hash(const void *bytes, size_t n)
{
	const unsigned char *c = bytes;
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < n; i++)
		h = (h ^ c[i]) * 0x100000001b3ull;
	return h ^ h >> 32;
}

uint64_t object_fresh(void)
{
	static uint64_t last;

	return add_relaxed(&last, 1) + 1;
}

/* ---- links ------------------------------------------------------------------------------------------------------------ */

static inline struct link *link_slot(uintptr_t from, unsigned i)
{
	return &links[((((uint64_t)from >> 2) * 0x9E3779B97F4A7C15ull >> 40) + i) & (LINKS - 1)];
}

static struct link *link_find(uintptr_t from, uintptr_t to)
{
	for (unsigned i = 0; i < PROBES; i++) {
		struct link *l = link_slot(from, i);

		if (l->from == from && l->to == to)
			return l;
	}
	return NULL;
}

static struct link *link_free(uintptr_t from)
{
	for (unsigned i = 0; i < PROBES; i++) {
		if (!link_slot(from, i)->from)
			return link_slot(from, i);
	}
	return NULL;
}

void object_link(uintptr_t from, uintptr_t to)
{
	struct link *l;

	object_lock();
	l = link_find(from, to);
	if (l) {
		l->n++;
	} else if ((l = link_free(from))) {
		l->n = 1;
		store_relaxed(&l->to, to);
		store_release(&l->from, from); /* partner: link_follow */
	} else {
		store_relaxed(&spilled, 1);
	}
	store_relaxed(&linked, 1);
	object_unlock();
}

void object_unlink(uintptr_t from, uintptr_t to)
{
	struct link *l;

	object_lock();
	l = link_find(from, to);
	if (l && !--l->n)
		store_relaxed(&l->from, 0);
	object_unlock();
}

static void unlink_all(uintptr_t key)
{
	object_lock();
	for (unsigned i = 0; load_relaxed(&linked) && i < LINKS; i++) {
		struct link *l = &links[i];

		if (l->from && (((l->from ^ key) & ~(uintptr_t)15) == 0 || ((l->to ^ key) & ~(uintptr_t)15) == 0))
			store_relaxed(&l->from, 0);
	}
	object_unlock();
}

static void link_follow(struct race_thread *t, uintptr_t key, unsigned depth)
{
	for (unsigned i = 0; i < PROBES; i++) {
		struct link *l = link_slot(key, i);
		uintptr_t to;

		if (load_acquire(&l->from) != key) /* partner: object_link */
			continue;
		to = load_relaxed(&l->to);
		sync_release_join(t, to);
		if (depth < DEPTH)
			link_follow(t, to, depth + 1);
	}
}

/* ---- edges ------------------------------------------------------------------------------------------------------------ */

static void give_links(struct race_thread *t, uintptr_t key)
{
	if (!load_relaxed(&linked))
		return;
	link_follow(t, key, 1);
	if (unlikely(load_relaxed(&spilled)))
		sync_release_join(t, object_key(OBJECT_COMMON, 0));
}

void object_give(struct race_thread *t, uintptr_t key)
{
	sync_release_join(t, key);
	give_links(t, key);
}

void object_end(struct race_thread *t, uintptr_t key)
{
	sync_release_join(t, OBJECT_END(key));
	give_links(t, key);
}

void object_take(struct race_thread *t, uintptr_t key)
{
	sync_acquire(t, key);
	if (unlikely(load_relaxed(&spilled)))
		sync_acquire(t, object_key(OBJECT_COMMON, 0));
}

/* ---- ends ------------------------------------------------------------------------------------------------------------- */

void object_retire(uintptr_t key, int (*in_use)(uintptr_t key))
{
	uintptr_t oldest;

	object_lock();
	oldest = retired[retired_at % RETIRED];
	retired[retired_at++ % RETIRED] = key;
	object_unlock();
	if (!oldest || in_use(oldest))
		return;
	unlink_all(oldest);
	for (uintptr_t at = oldest; at < oldest + 16; at += 4)
		sync_forget(at);
}
