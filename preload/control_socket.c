/* SPDX-License-Identifier: MIT */
/*
 * control_socket.c - where the socket lies, who may come, and how requests and answers travel.
 *
 * Place     XDG_RUNTIME_DIR/librace/PID.sock, or /tmp/librace-UID/PID.sock. The directory must be one, be this user's, and be open to nobody
 *           else; a symbolic link is refused. It is entered, so that the socket is made in the very directory that was looked at.
 * Who       the same user id, by what the kernel says of the peer: also not root under its own id.
 * Slow      a client has some seconds for a request and for reading its answer; so many are served at once, the others wait in the queue.
 * Owns      everything here belongs to the control thread alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/time_types.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "core.h"
#include "sys/os.h"

#define CLIENTS 16
#define QUEUE 1024 /* or what the system allows */
#define REQUEST_BYTES 5000 /* a path, escaped */
#define REQUEST_WAIT_NS 10000000000ull
#define ANSWER_WAIT_NS 10000000000ull

static int directory = -1;
static char name[24];

/* ---- the place ---------------------------------------------------------------------------------------------------------- */

static uint32_t own_id(void)
{
	return (uint32_t)os_syscall(SYS_geteuid, 0, 0, 0, 0, 0, 0);
}

/* An open directory that is this user's alone; or -1. */
static int open_directory(const char *path, uint32_t uid)
{
	struct stat st;
	int fd;

	os_syscall(SYS_mkdirat, AT_FDCWD, (long)path, 0700, 0, 0, 0);
	fd = os_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd < 0) {
		race_control.trouble = fd == -ELOOP || fd == -ENOTDIR ? "its directory is none, or a symbolic link" :
								      "its directory cannot be made";
		return -1;
	}
	if (os_syscall(SYS_fstat, fd, (long)&st, 0, 0, 0, 0) == 0 && st.st_uid == uid && !(st.st_mode & 077))
		return fd;
	race_control.trouble = "its directory belongs to somebody else, or is open to others (wanted: mode 0700)";
	os_close(fd);
	return -1;
}

static int is_owned(const char *path, uint32_t uid)
{
	struct stat st;

	return os_syscall(SYS_newfstatat, AT_FDCWD, (long)path, (long)&st, 0, 0, 0) == 0 && st.st_uid == uid && S_ISDIR(st.st_mode);
}

static int find_directory(struct buf *path)
{
	uint32_t uid = own_id();
	int fd = -1;

	if (race_control.runtime_dir[0] && is_owned(race_control.runtime_dir, uid)) {
		buf_fmt(path, "%s/librace", race_control.runtime_dir);
		fd = open_directory(path->text, uid);
	}
	if (fd < 0) {
		*path = buf_on(path->text, path->cap);
		buf_fmt(path, "/tmp/librace-%u", uid);
		fd = open_directory(path->text, uid);
	}
	return fd;
}

/* What has our name is left over from a process that is gone - unless somebody answers there: a process of another PID namespace. */
static int replace_stale(const struct sockaddr_un *at)
{
	long s = os_syscall(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0, 0, 0), error;

	if (s < 0)
		return 0;
	error = os_syscall(SYS_connect, s, (long)at, sizeof(*at), 0, 0, 0);
	os_close((int)s);
	if (error == 0 || error == -EAGAIN)
		return 0;
	error = os_syscall(SYS_unlinkat, directory, (long)name, 0, 0, 0, 0);
	return error == 0 || error == -ENOENT;
}

int control_listen(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct buf path = buf_on(race_control.path, sizeof(race_control.path)), file = buf_on(name, sizeof(name));
	long s, error;

	directory = find_directory(&path);
	if (directory < 0)
		return -1;
	buf_fmt(&file, "%d.sock", os_pid());
	buf_fmt(&path, "/%s", name);
	memcpy(at.sun_path, name, sizeof(name));
	race_control.trouble = "the system gives none";
	s = os_syscall(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0, 0, 0);
	if (s < 0 || os_syscall(SYS_fchdir, directory, 0, 0, 0, 0, 0) != 0)
		return -1;
	error = os_syscall(SYS_bind, s, (long)&at, sizeof(at), 0, 0, 0);
	if (error == -EADDRINUSE) {
		race_control.trouble = "another process answers under this process id";
		if (!replace_stale(&at))
			return -1;
		error = os_syscall(SYS_bind, s, (long)&at, sizeof(at), 0, 0, 0);
	}
	if (error || os_syscall(SYS_listen, s, QUEUE, 0, 0, 0, 0) != 0)
		return -1;
	race_control.trouble = NULL;
	return (int)s;
}

void control_unlisten(int listener)
{
	os_syscall(SYS_unlinkat, directory, (long)name, 0, 0, 0, 0);
	os_close(listener);
	os_close(directory);
	directory = -1;
	race_control.path[0] = 0;
}

/* ---- clients ------------------------------------------------------------------------------------------------------------ */

static struct client {
	int fd;              /* -1 free */
	int closing;         /* when the answer is sent */
	size_t nin;
	char in[REQUEST_BYTES];
	char *out;           /* the answer on its way; NULL none */
	size_t room, nout, sent;
	uint64_t deadline;
} clients[CLIENTS];

static void client_drop(struct client *c)
{
	if (c->out)
		os_unmap(c->out, c->room);
	os_close(c->fd);
	c->out = NULL;
	c->fd = -1;
	race_control.counts.clients--;
}

static void client_lost(struct client *c)
{
	add_relaxed(&race_control.counts.errors, 1);
	client_drop(c);
}

/* Room for an answer; most of it is never touched. */
static int answer_begin(struct client *c, struct buf *b)
{
	for (c->room = 32u << 20; c->room >= 256u << 10; c->room >>= 2) {
		c->out = os_map(c->room);
		if (c->out) {
			*b = buf_on(c->out, c->room);
			return 1;
		}
	}
	return 0;
}

static void answer_is(struct client *c, struct buf *b)
{
	c->nout = b->len;
	c->sent = 0;
	c->deadline = os_monotonic_ns() + ANSWER_WAIT_NS;
}

static void refuse(struct client *c, const char *why)
{
	struct buf b;

	c->closing = 1;
	if (!answer_begin(c, &b)) {
		client_lost(c);
		return;
	}
	control_error(&b, why);
	answer_is(c, &b);
}

static void client_answer(struct client *c)
{
	char *end = memchr(c->in, '\n', c->nin);
	size_t used;
	struct buf b;

	if (!end) {
		if (c->nin == sizeof(c->in))
			refuse(c, "the request is too long, or no line");
		return;
	}
	if (!answer_begin(c, &b)) {
		client_lost(c);
		return;
	}
	control_answer(c->in, (size_t)(end - c->in), &b);
	if (b.cut) {
		b = buf_on(b.text, b.cap);
		control_error(&b, "the answer is too long; ask for less (dump limit=N)");
	}
	used = (size_t)(end - c->in) + 1;
	memmove(c->in, c->in + used, c->nin - used);
	c->nin -= used;
	answer_is(c, &b);
}

static void client_send(struct client *c)
{
	long n = os_syscall(SYS_sendto, c->fd, (long)(c->out + c->sent), (long)(c->nout - c->sent), MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);

	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n <= 0) {
		client_lost(c);
		return;
	}
	c->sent += (size_t)n;
	c->deadline = os_monotonic_ns() + ANSWER_WAIT_NS; /* as long as it goes on reading */
	if (c->sent < c->nout)
		return;
	os_unmap(c->out, c->room);
	c->out = NULL;
	c->deadline = os_monotonic_ns() + REQUEST_WAIT_NS;
	if (c->closing)
		client_drop(c);
	else
		client_answer(c); /* what had come already */
}

static void client_receive(struct client *c)
{
	long n = os_syscall(SYS_recvfrom, c->fd, (long)(c->in + c->nin), (long)(sizeof(c->in) - c->nin), MSG_DONTWAIT, 0, 0);

	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n <= 0) {
		client_drop(c);
		return;
	}
	c->nin += (size_t)n;
	client_answer(c);
}

static void client_accept(int listener, struct client *c)
{
	struct ucred peer;
	socklen_t bytes = sizeof(peer);
	long fd = os_syscall(SYS_accept4, listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC, 0, 0);

	if (fd < 0)
		return;
	c->fd = (int)fd;
	c->nin = c->nout = c->sent = 0;
	c->closing = 0;
	c->deadline = os_monotonic_ns() + REQUEST_WAIT_NS;
	race_control.counts.clients++;
	if (os_syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, (long)&peer, (long)&bytes, 0) != 0 || peer.uid != own_id())
		refuse(c, "this process belongs to another user");
}

/* ---- the loop ----------------------------------------------------------------------------------------------------------- */

static void serve_client(struct client *c, short events)
{
	if (c->out)
		client_send(c);
	else if (events)
		client_receive(c);
}

void control_serve(int listener, int wake)
{
	for (int i = 0; i < CLIENTS; i++) {
		clients[i].fd = -1; /* what a parent had is not ours */
		clients[i].out = NULL;
	}
	while (!load_relaxed(&race_control.stop)) {
		struct pollfd look[CLIENTS + 2] = { { wake, POLLIN, 0 } };
		struct client *of[CLIENTS + 2] = { NULL }, *free_place = NULL;
		uint64_t now = os_monotonic_ns(), next = UINT64_MAX;
		struct __kernel_timespec left;
		unsigned n = 1;
		long some;

		for (int i = 0; i < CLIENTS; i++) {
			struct client *c = &clients[i];

			if (c->fd >= 0 && now >= c->deadline)
				client_lost(c);
			if (c->fd < 0) {
				free_place = c;
				continue;
			}
			next = c->deadline < next ? c->deadline : next;
			of[n] = c;
			look[n++] = (struct pollfd){ c->fd, c->out ? POLLOUT : POLLIN, 0 };
		}
		if (free_place)
			look[n++] = (struct pollfd){ listener, POLLIN, 0 };
		left.tv_sec = (long long)((next - now) / 1000000000u);
		left.tv_nsec = (long long)((next - now) % 1000000000u);
		some = os_syscall(SYS_ppoll, (long)look, n, next == UINT64_MAX ? 0 : (long)&left, 0, 0, 0);
		if (some < 0 && some != -EINTR)
			break;
		if (look[0].revents) {
			char signals[128]; /* a stranger's too: else it would stay readable */

			os_read(wake, signals, sizeof(signals));
		}
		for (unsigned i = 1; some > 0 && i < n; i++) {
			if (look[i].revents && of[i])
				serve_client(of[i], look[i].revents);
			else if (look[i].revents && free_place)
				client_accept(listener, free_place);
		}
	}
	for (int i = 0; i < CLIENTS; i++) {
		if (clients[i].fd >= 0)
			client_drop(&clients[i]);
	}
	race_control.counts.clients = 0;
}
