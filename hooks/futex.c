/* SPDX-License-Identifier: MIT */
/*
 * futex.c - system calls that programs make by number.
 *
 * Futexes   who wakes releases into the futex's address before; who waited acquires it afterwards however the wait ended: a wait that
 *           was refused or timed out is followed by a look at the word, which nobody sees. Waiters that are moved to another
 *           futex are woken there but wait, as far as they know, here: the second address is linked to the first. That a waker
 *           does not call the kernel while nobody waits cannot be seen.
 * Descriptors  the plain calls of read, write, close and the makers, so that the table of descriptors stays right.
 */
#include <errno.h>
#include <dlfcn.h>
#include <link.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../preload/sys/fmt.h"
#include "../preload/sys/os.h"
#include "../preload/engine/alias.h"
#include "fd_table.h"
#include "futex.h"

/* Newer than the headers this must build with. */
#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#define CALL_FUTEX_WAKE 454
#define CALL_FUTEX_WAIT 455
#define CALL_FUTEX_REQUEUE 456

struct waiter { /* struct futex_waitv */
	uint64_t value, address;
	uint32_t flags, reserved;
};

#define ADDRESS(a) sync_key((uintptr_t)(a) & ~(uintptr_t)3)

static void moved(uintptr_t from, uintptr_t to)
{
	if (from && to && from != to)
		object_link(to, from);
}

static void futex_before(struct race_thread *t, const long args[6])
{
	uintptr_t here = ADDRESS(args[0]), there = ADDRESS(args[4]);

	switch (args[1] & FUTEX_CMD_MASK) {
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
	case FUTEX_CMP_REQUEUE_PI:
		moved(here, there);
		object_give(t, here);
		break;
	case FUTEX_WAKE_OP:
		object_give(t, there);
		object_give(t, here);
		break;
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
	case FUTEX_UNLOCK_PI:
		object_give(t, here);
		break;
	default:
		break;
	}
}

static void futex_after(struct race_thread *t, const long args[6], long result)
{
	switch (args[1] & FUTEX_CMD_MASK) {
	case FUTEX_WAIT_REQUEUE_PI:
		object_take(t, ADDRESS(args[4]));
		object_take(t, ADDRESS(args[0]));
		break;
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		object_take(t, ADDRESS(args[0]));
		break;
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
	case FUTEX_TRYLOCK_PI:
		if (result == 0)
			object_take(t, ADDRESS(args[0]));
		break;
	default:
		break;
	}
}

/* The kernel has read the list, or refused it without touching: EFAULT. */
static void waitv_after(struct race_thread *t, const long args[6], long result)
{
	const struct waiter *list = (const struct waiter *)args[0];

	if (result < 0 && errno != EAGAIN && errno != ETIMEDOUT && errno != EINTR)
		return;
	for (long i = 0; i < args[1]; i++) {
		if (result < 0 || result == i)
			object_take(t, ADDRESS(list[i].address));
	}
}

static void requeue_before(struct race_thread *t, const long args[6])
{
	const struct waiter *pair = (const struct waiter *)args[0];

	if (!os_readable((uintptr_t)&pair[0].address) || !os_readable((uintptr_t)&pair[1].address))
		return; /* nor will the kernel read it */
	moved(ADDRESS(pair[0].address), ADDRESS(pair[1].address));
	object_give(t, ADDRESS(pair[0].address));
}

/*
 * libglib makes its mutexes of inlined atomics and futexes. Those of its own (of a main context, of the type system) are not to order
 * the program's threads (glib_lock.c), and those of the program are seen by their names. One look at the loader's tables finds
 * where it lies; a caller elsewhere costs that look each time, beside a system call.
 */
static struct race_range glib;

int kernel_call_is_inside(long number, const void *return_address)
{
	struct dl_find_object o;
	const char *name;

	if (number != SYS_futex)
		return 0;
	if (load_relaxed(&glib.hi))
		return range_holds(&glib, (uintptr_t)return_address);
	if (_dl_find_object((void *)return_address, &o) || !o.dlfo_link_map)
		return 0;
	name = o.dlfo_link_map->l_name;
	if (!name || strncmp(path_base(name), "libglib-2.0.so", 14))
		return 0;
	store_relaxed(&glib.lo, (uintptr_t)o.dlfo_map_start);
	store_release(&glib.hi, (uintptr_t)o.dlfo_map_end); /* partner: none; both are written with what they always are */
	return 1;
}

void kernel_call_before(long number, const long args[6])
{
	int fd = (int)args[0];
	uint64_t e;

	switch (number) {
	case SYS_futex:
		SYNC_ENTER(futex_before(t, args));
		break;
	case CALL_FUTEX_WAKE:
		SYNC_ENTER(object_give(t, ADDRESS(args[0])));
		break;
	case CALL_FUTEX_REQUEUE:
		SYNC_ENTER(requeue_before(t, args));
		break;
	case SYS_write:
	case SYS_writev:
	case SYS_sendto:
	case SYS_sendmsg:
		e = fd_look(fd);
		if (e)
			SYNC_ENTER(fd_give(t, e));
		break;
	case SYS_close:
		fd_closing(fd);
		break;
	case SYS_dup3:
		if (fd != (int)args[1])
			fd_closing((int)args[1]);
		break;
	default:
		break;
	}
}

void kernel_call_after(long number, const long args[6], long result)
{
	int fd = (int)args[0];
	uint64_t e;

	switch (number) {
	case SYS_futex:
		SYNC_ENTER(futex_after(t, args, result));
		break;
	case SYS_futex_waitv:
		SYNC_ENTER(waitv_after(t, args, result));
		break;
	case CALL_FUTEX_WAIT:
		SYNC_ENTER(object_take(t, ADDRESS(args[0])));
		break;
	case SYS_read:
	case SYS_readv:
	case SYS_recvfrom:
	case SYS_recvmsg:
		e = result >= 0 ? fd_look(fd) : 0;
		if (e)
			SYNC_ENTER(fd_take(t, e));
		break;
	case SYS_eventfd2:
	case SYS_epoll_create1:
	case SYS_timerfd_create:
		if (result >= 0)
			fd_made((int)result, FD_ONE);
		break;
	case SYS_dup:
	case SYS_dup3:
		if (result >= 0)
			fd_copied(fd, (int)result);
		break;
	case SYS_openat:
	case SYS_socket:
	case SYS_accept4:
		if (result >= 0)
			fd_renewed((int)result);
		break;
	default:
		break;
	}
}
