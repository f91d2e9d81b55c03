/* SPDX-License-Identifier: MIT */
/*
 * fd.c - hand-over by descriptors: what was done before a write is ordered before what follows the read. The rows are fd.def.
 *
 * Edges     writing gives before the call, reading takes after it. Closing an end gives to those who see the end of the file, or
 *           wait until there is something to see, not to those who read what was written before.
 *           A descriptor that poll, select or their kin return as readable, and an epoll instance that returned an event, are
 *           taken as well: some programs never read what woke them. epoll_ctl gives to the instance.
 * Order     what a descriptor stands for is looked up before the real call: a read may outlast the number.
 * Cost      one thread: a load and a branch. A descriptor without edges: two.
 * stdio     reads and writes inside libc: its three functions that do so are patched there, where that is possible. read and
 *           write themselves are interposed only: a program may have functions of these names that are something else.
 * Keeps     results, errno, cancellation, interruption: the real call is made once, without the guard, with the same arguments.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>
#include <bits/types/struct_FILE.h>

#define HOOK_POLICY PATCH_NEVER
#include "fd_table.h"
#include "sync_rows.h"

/* libc declares these to those only who ask for checks. */
ssize_t __read_chk(int fd, void *to, size_t n, size_t room);
ssize_t __recv_chk(int fd, void *to, size_t n, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *restrict to, size_t n, size_t room, int flags, __SOCKADDR_ARG a, socklen_t *restrict na);
int __poll_chk(struct pollfd *list, nfds_t n, int timeout, size_t room);
int __ppoll_chk(struct pollfd *list, nfds_t n, const struct timespec *at, const sigset_t *mask, size_t room);
typedef struct _IO_FILE FILE;
int fclose(FILE *f);
int pclose(FILE *f);
FILE *freopen(const char *restrict path, const char *restrict mode, FILE *restrict f);
FILE *freopen64(const char *restrict path, const char *restrict mode, FILE *restrict f);
ssize_t _IO_file_read(FILE *f, void *to, ssize_t n);
ssize_t _IO_file_write(FILE *f, const void *from, ssize_t n);
int _IO_file_close(FILE *f);
int _IO_proc_close(FILE *f);

static inline void give(uint64_t e)
{
	if (e)
		SYNC_ENTER(fd_give(t, e));
}

static inline void take(uint64_t e)
{
	if (e)
		SYNC_ENTER(fd_take(t, e));
}

/* result: how many bytes came. */
static inline void took(uint64_t e, ssize_t result)
{
	if (e && result > 0)
		SYNC_ENTER(fd_take_data(t, e));
	else
		take(e);
}

/* A row: `first` before the real call, `then` after it, over the parameters, `e` (what `fd` stands for) and `result`. */
#define FD_ROW(returns, symbol, params, args, fd, first, then)                                                       \
	RACE_EXPORT returns symbol params;                                                                           \
	HOOK_SLOT(symbol)                                                                                            \
	returns symbol params                                                                                        \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		uint64_t e = fd_look(fd);                                                                            \
		returns result;                                                                                      \
		(void)e;                                                                                             \
		first;                                                                                               \
		result = real args;                                                                                  \
		then;                                                                                                \
		return result;                                                                                       \
	}

#define FD_GIVE(returns, symbol, params, args, fd) FD_ROW(returns, symbol, params, args, fd, give(e), NOTHING)
#define FD_TAKE(returns, symbol, params, args, fd, when)                                                             \
	FD_ROW(returns, symbol, params, args, fd, NOTHING, if (when) took(e, result))
/* A row about numbers: nothing is looked up. */
#define FD_NUMBER(returns, symbol, params, args, first, then) FD_ROW(returns, symbol, params, args, -1, first, then)

#define GOT (result >= 0)
#define EVENT (result > 0)

/* ---- readiness -------------------------------------------------------------------------------------------------------- */

static __attribute__((noinline)) void polled(const struct pollfd *list, nfds_t n)
{
	for (nfds_t i = 0; i < n; i++) {
		if (list[i].fd >= 0 && list[i].revents & ~(POLLOUT | POLLWRNORM | POLLWRBAND | POLLNVAL))
			take(fd_look(list[i].fd));
	}
}

static __attribute__((noinline)) void selected(const fd_set *set, int n)
{
	const __fd_mask *words = set ? (const __fd_mask *)set : NULL;

	for (int at = 0; words && at < n; at += __NFDBITS) {
		unsigned long word = (unsigned long)words[at / __NFDBITS];

		for (; word; word &= word - 1) {
			int fd = at + __builtin_ctzl(word);

			if (fd < n)
				take(fd_look(fd));
		}
	}
}

#define POLLED                                                                                                       \
	if (result > 0 && load_relaxed(&race_multi))                                                                 \
	polled(list, n)
#define SELECTED                                                                                                     \
	if (result > 0 && load_relaxed(&race_multi))                                                                 \
	selected(reading, n)

/* ---- epoll, splice: links --------------------------------------------------------------------------------------------- */

/* An instance is told of everything written to what it watches. Before the real call: an event may come at once. */
static void watch(int instance, int op, int fd)
{
	uint64_t to = fd_look_early(instance), from = fd_look_early(fd);

	give(load_relaxed(&race_multi) ? to : 0);
	if (!to || !from)
		return;
	if (op == EPOLL_CTL_ADD)
		SYNC_ENTER(object_link(fd_read_key(from), fd_read_key(to)));
}

static void watched(int instance, int op, int fd, int result)
{
	uint64_t to = fd_look_early(instance), from = fd_look_early(fd);

	if (to && from && (op == EPOLL_CTL_ADD ? result != 0 : op == EPOLL_CTL_DEL && result == 0))
		SYNC_ENTER(object_unlink(fd_read_key(from), fd_read_key(to)));
}

/* What goes through this call was written by others, who may write it while the call waits: they give to the far end, too. */
static void pass(uint64_t from, uint64_t to)
{
	if (from && to)
		SYNC_ENTER(object_link(fd_read_key(from), fd_written_key(to)));
	give(to);
}

/* ---- messages --------------------------------------------------------------------------------------------------------- */

/* Descriptors that came by a message. */
static void came(struct msghdr *m)
{
	if (!m->msg_controllen)
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		const int *fds = (const int *)(const void *)CMSG_DATA(c);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
			fd_renewed(fds[i]);
	}
}

static void all_came(struct mmsghdr *list, int n)
{
	for (int i = 0; i < n; i++)
		came(&list[i].msg_hdr);
}

/* ---- streams ---------------------------------------------------------------------------------------------------------- */

static inline int number_of(const FILE *f)
{
	return f ? f->_fileno : -1;
}

static struct race_hook *closer(void);

/* Before a stream is closed: where libc's own function for that is patched, it will tell when the number goes. */
static void stream_closing(const FILE *f)
{
	if (f && !hook_is_patched(closer()))
		fd_closing(number_of(f));
}

/* ---- by hand: arguments after the dots -------------------------------------------------------------------------------- */

#define OPEN_HOOK(symbol, params, args)                                                                              \
	RACE_EXPORT int symbol params;                                                                               \
	HOOK_SLOT(symbol)                                                                                            \
	int symbol params                                                                                            \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		va_list ap;                                                                                          \
		mode_t mode;                                                                                         \
		int result;                                                                                          \
		va_start(ap, flags);                                                                                 \
		mode = va_arg(ap, mode_t);                                                                           \
		va_end(ap);                                                                                          \
		result = real args;                                                                                  \
		if (result >= 0)                                                                                     \
			fd_renewed(result);                                                                          \
		return result;                                                                                       \
	}

#define FCNTL_HOOK(symbol)                                                                                           \
	RACE_EXPORT int symbol(int fd, int command, ...);                                                            \
	HOOK_SLOT(symbol)                                                                                            \
	int symbol(int fd, int command, ...)                                                                         \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		va_list ap;                                                                                          \
		void *arg;                                                                                           \
		int result;                                                                                          \
		va_start(ap, command);                                                                               \
		arg = va_arg(ap, void *);                                                                            \
		va_end(ap);                                                                                          \
		result = real(fd, command, arg);                                                                     \
		if (result >= 0 && (command == F_DUPFD || command == F_DUPFD_CLOEXEC))                               \
			fd_copied(fd, result);                                                                       \
		return result;                                                                                       \
	}

#include "fd.def"

RACE_EXPORT void closefrom(int first);
HOOK_SLOT(closefrom)
void closefrom(int first)
{
	__typeof__(&closefrom) real = REAL(closefrom);

	fd_closing_range(first < 0 ? 0 : (unsigned)first, ~0u);
	real(first);
}

#undef HOOK_POLICY
#define HOOK_POLICY PATCH_ANYWHERE

#include "fd_stdio.def"

static struct race_hook *closer(void)
{
	return &hook__IO_file_close;
}
