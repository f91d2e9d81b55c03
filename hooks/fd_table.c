/* SPDX-License-Identifier: MIT */
/*
 * fd_table.c - which sync object a descriptor stands for.
 *
 * Owns      fd_entries, one word a number, read and written whole, without a lock.
 * Identity  what the process makes with an object of its own (eventfd, epoll, timerfd, socketpair ...) gets a fresh one and dup and
 *           its relatives copy it. Everything else is asked about once, when it is first used while there are several threads: pipes
 *           and FIFOs are known by device and inode, so that both ends meet however the process came by them; connections of AF_UNIX
 *           by the server's name, of TCP within the machine by their two addresses; all other sockets, regular files and devices
 *           carry no edges.
 * Numbers   are reused. Every call that closes one empties its word before the number can be given out again, and every call that
 *           makes one fills or empties it: a stale word needs both to have gone past librace (system calls by hand).
 * Signals   close in a handler that interrupted librace itself empties the word all the same: that needs no guard.
 * vfork     the child shares this table, but not the descriptors: told by its pid, it changes nothing. Nor may system calls be made
 *           behind a seccomp filter: there what is not known yet is the common object, which orders too much.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "../preload/helper_host.h"
#include "../preload/sys/os.h"
#include "fd_table.h"
#include "signals.h"

uint64_t fd_entries[FD_ENTRIES];
static int highest = -1; /* number that ever had a word */

#define KEY_BITS (((uint64_t)1 << 62) - 16)

static uint64_t entry_of(enum fd_kind kind, uintptr_t key)
{
	return kind | (key & KEY_BITS);
}

static uintptr_t key_of(uint64_t e)
{
	return (uintptr_t)1 << 62 | (e & KEY_BITS);
}

uintptr_t fd_written_key(uint64_t e)
{
	return key_of(e) + (FD_KIND(e) == FD_PAIR && !(e & FD_SIDE) ? 8 : 0);
}

uintptr_t fd_read_key(uint64_t e)
{
	return key_of(e) + (FD_KIND(e) == FD_PAIR && e & FD_SIDE ? 8 : 0);
}

void fd_give(struct race_thread *t, uint64_t e)
{
	object_give(t, fd_written_key(e));
}

void fd_take_data(struct race_thread *t, uint64_t e)
{
	if (FD_KIND(e) == FD_SIGNAL)
		signal_taken(t, SIGNAL_ANY);
	else
		object_take(t, fd_read_key(e));
}

void fd_take(struct race_thread *t, uint64_t e)
{
	fd_take_data(t, e);
	if (FD_KIND(e) != FD_SIGNAL)
		sync_acquire(t, OBJECT_END(fd_read_key(e)));
}

/* ---- words ------------------------------------------------------------------------------------------------------------ */

static int table_is_ours(void)
{
	return !race_process || emit_is_sandboxed() || os_pid() == race_process;
}

static void entry_set(int fd, uint64_t e)
{
	int high = load_relaxed(&highest);

	if ((unsigned)fd >= FD_ENTRIES)
		return;
	while (e && high < fd && !cas_acq_rel(&highest, &high, fd)) /* the order does not matter */
		;
	store_relaxed(&fd_entries[fd], e);
}

static void entry_change(int fd, uint64_t e)
{
	if (fd_entry(fd) != e && table_is_ours())
		entry_set(fd, e);
}

void fd_made(int fd, enum fd_kind kind)
{
	entry_change(fd, entry_of(kind, kind == FD_SIGNAL ? signal_key(SIGNAL_ANY) : object_key(OBJECT_FRESH, object_fresh())));
}

void fd_made_pair(int a, int b)
{
	uint64_t e = entry_of(FD_PAIR, object_key(OBJECT_FRESH, object_fresh()));

	entry_change(a, e);
	entry_change(b, e | FD_SIDE);
}

void fd_renewed(int fd)
{
	entry_change(fd, FD_UNKNOWN);
}

void fd_copied(int from, int to)
{
	entry_change(to, fd_entry(from));
}

static int key_in_use(uintptr_t key)
{
	for (int i = 0, high = load_relaxed(&highest); i <= high; i++) {
		if (((fd_entries[i] ^ key) & KEY_BITS) == 0)
			return 1;
	}
	return 0;
}

void fd_closing(int fd)
{
	uint64_t e = fd_entry(fd);

	if ((!e && !load_relaxed(&race_multi)) || !table_is_ours())
		return;
	if (!e)
		e = fd_ask(fd); /* an end that was never written to ends all the same */
	if (FD_KIND(e) == FD_ONE || FD_KIND(e) == FD_PAIR) {
		if (load_relaxed(&race_multi))
			SYNC_ENTER(object_end(t, fd_written_key(e)));
		SYNC_ENTER(object_retire(key_of(e), key_in_use));
	}
	entry_set(fd, FD_UNKNOWN);
}

/* What was not met yet is asked about in short ranges only: long ones are swept clean before an exec. */
void fd_closing_range(unsigned first, unsigned last)
{
	enum { SHORT = 64 };
	int high = load_relaxed(&highest), is_short = last - first < SHORT;

	if (last < first || !table_is_ours())
		return;
	for (unsigned fd = first; fd <= last && (is_short || (int)fd <= high) && fd < FD_ENTRIES; fd++) {
		if (is_short || fd_entry((int)fd))
			fd_closing((int)fd);
	}
}

/* ---- asking the kernel ------------------------------------------------------------------------------------------------ */

static uint64_t by_inode(const struct stat *s)
{
	const uint64_t name[2] = { s->st_dev, s->st_ino };

	return entry_of(FD_ONE, object_key(OBJECT_INODE, object_hash(name, sizeof(name))));
}

union address {
	struct sockaddr any;
	struct sockaddr_un un;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static long ask_address(long number, int fd, union address *a, socklen_t *n)
{
	memset(a, 0, sizeof(*a));
	*n = sizeof(*a);
	return os_syscall(number, fd, (long)a, (long)n, 0, 0, 0);
}

static int ask_option(int fd, int option)
{
	int value = 0;
	socklen_t n = sizeof(value);

	return os_syscall(SYS_getsockopt, fd, SOL_SOCKET, option, (long)&value, (long)&n, 0) == 0 ? value : 0;
}

/* An end of a TCP connection: its address as IPv6 has it, and its port. */
struct end {
	unsigned char address[16], port[2];
};

static int end_of(const union address *a, struct end *e)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (a->any.sa_family == AF_INET) {
		memcpy(e->address, mapped, 12);
		memcpy(e->address + 12, &a->in.sin_addr, 4);
		memcpy(e->port, &a->in.sin_port, 2);
	} else if (a->any.sa_family == AF_INET6) {
		memcpy(e->address, &a->in6.sin6_addr, 16);
		memcpy(e->port, &a->in6.sin6_port, 2);
	}
	return a->any.sa_family == AF_INET || a->any.sa_family == AF_INET6;
}

/* The two ends name each other: the smaller end is side 0. */
static uint64_t by_ends(const struct end *local, const struct end *peer)
{
	struct end both[2];
	int side = memcmp(local, peer, sizeof(*local)) > 0;
	uint64_t e;

	if (memcmp(local->address, peer->address, sizeof(local->address)))
		return FD_NONE; /* to another machine: nobody here reads what is written */
	both[side] = *local;
	both[!side] = *peer;
	e = entry_of(FD_PAIR, object_key(OBJECT_SOCKET, object_hash(both, sizeof(both))));
	return side ? e | FD_SIDE : e;
}

/* A named server is side 1 of one object for all who talk to it: too much order, between its own clients in one process only. */
static uint64_t by_name(const struct sockaddr_un *server, socklen_t n, uint64_t side)
{
	return side | entry_of(FD_PAIR, object_key(OBJECT_SOCKET, object_hash(server->sun_path, n - offsetof(struct sockaddr_un, sun_path))));
}

#define IS_NAMED(n) ((n) > offsetof(struct sockaddr_un, sun_path))

static uint64_t ask_socket(int fd)
{
	union address local, peer;
	struct end here, there;
	socklen_t nlocal, npeer;

	if (ask_address(SYS_getsockname, fd, &local, &nlocal) < 0)
		return FD_NONE;
	if (local.any.sa_family != AF_UNIX && local.any.sa_family != AF_INET && local.any.sa_family != AF_INET6)
		return FD_NONE;
	if (ask_address(SYS_getpeername, fd, &peer, &npeer) < 0) /* a stream may be on its way to a peer: asked again */
		return ask_option(fd, SO_TYPE) == SOCK_STREAM && !ask_option(fd, SO_ACCEPTCONN) ? FD_UNKNOWN : FD_NONE;
	if (local.any.sa_family == AF_UNIX) {
		if (IS_NAMED(nlocal))
			return by_name(&local.un, nlocal < sizeof(local.un) ? nlocal : sizeof(local.un), FD_SIDE);
		return IS_NAMED(npeer) ? by_name(&peer.un, npeer < sizeof(peer.un) ? npeer : sizeof(peer.un), 0) : FD_NONE;
	}
	return end_of(&local, &here) && end_of(&peer, &there) ? by_ends(&here, &there) : FD_NONE;
}

static uint64_t ask_kernel(int fd, int queue)
{
	struct stat s;

	if (emit_is_sandboxed())
		return entry_of(FD_ONE, object_key(OBJECT_COMMON, 0));
	if (os_syscall(SYS_fstat, fd, (long)&s, 0, 0, 0, 0) < 0)
		return FD_UNKNOWN;
	if (queue || S_ISFIFO(s.st_mode))
		return by_inode(&s);
	if (S_ISSOCK(s.st_mode))
		return ask_socket(fd);
	if (s.st_mode & S_IFMT)
		return FD_NONE;
	/* an eventfd or the like that came by inheritance or by a message; it has no inode of its own */
	return entry_of(FD_ONE, (unsigned)fd < FD_ENTRIES ? object_key(OBJECT_FRESH, object_fresh()) : object_key(OBJECT_COMMON, 0));
}

static uint64_t ask(int fd, uint64_t had, int queue)
{
	struct race_thread *t = fd >= 0 ? thread_enter() : NULL;
	uint64_t e;

	if (!t)
		return 0;
	e = ask_kernel(fd, queue);
	thread_leave(t);
	if (e && (unsigned)fd < FD_ENTRIES && table_is_ours()) {
		if (!cas_acq_rel(&fd_entries[fd], &had, e)) /* another thread asked as well: one answer for all */
			e = had;
		entry_set(fd, e);
	}
	return e == FD_NONE ? 0 : e;
}

__attribute__((noinline)) uint64_t fd_ask(int fd)
{
	return ask(fd, FD_UNKNOWN, 0);
}

uint64_t fd_look_queue(int fd)
{
	uint64_t e = fd_entry(fd);

	return FD_KIND(e) == FD_ONE ? e : ask(fd, e, 1);
}
