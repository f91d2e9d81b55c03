/* SPDX-License-Identifier: MIT */
/*
 * fd_twins.c - hand-over by descriptors: each function that gives or takes, and what must carry no edge.
 *
 * All descriptors are made before there are threads. The byte is there before side B asks for it, so that nothing blocks.
 */
#include "twins.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

ssize_t __read_chk(int fd, void *to, size_t n, size_t room);
ssize_t __recv_chk(int fd, void *to, size_t n, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *to, size_t n, size_t room, int flags, struct sockaddr *a, socklen_t *na);
int __poll_chk(struct pollfd *list, nfds_t n, int timeout, size_t room);
int __ppoll_chk(struct pollfd *list, nfds_t n, const struct timespec *at, const sigset_t *mask, size_t room);

/* a byte or event passes or the program ends: no scenario hangs or passes by an error */
#define OK(call)                                                                                                     \
	do {                                                                                                         \
		if ((long)(call) < 0) {                                                                              \
			perror(#call);                                                                               \
			abort();                                                                                     \
		}                                                                                                    \
	} while (0)

static int p[2], q[2], s[2], r[2], ev, tm, ep, ep_ev, ep_outer, fifo_r, fifo_w, tcp[2], un[2], file, file_r;
static int ev_dup, ev_dup2, ev_dup3, ev_fcntl, ev_fcntl64, ev_cloexec;
static FILE *in, *out;
static char bytes[64];
static struct iovec iov = { bytes, 1 };
static struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
static struct mmsghdr many = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
static const struct itimerspec soon = { .it_value = { 0, 1000 } };
static const struct timespec never = { 100, 0 };
static uint64_t one = 1;

static void connect_both(int domain, struct sockaddr *a, socklen_t na, int ends[2])
{
	int l = socket(domain, SOCK_STREAM, 0);

	OK(bind(l, a, na));
	OK(getsockname(l, a, &na));
	OK(listen(l, 1));
	OK(ends[0] = socket(domain, SOCK_STREAM, 0));
	OK(connect(ends[0], a, na));
	OK(ends[1] = accept(l, NULL, NULL));
	OK(close(l));
}

static void watch(int instance, int fd)
{
	struct epoll_event e = { .events = EPOLLIN };

	OK(epoll_ctl(instance, EPOLL_CTL_ADD, fd, &e));
}

static void __attribute__((constructor)) make(void)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	char path[] = "/tmp/fd_twins_XXXXXX";

	snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "fd_twins_%d", (int)getpid());
	OK(pipe(p));
	OK(pipe2(q, O_CLOEXEC));
	OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, r));
	OK(ev = eventfd(0, 0));
	OK(tm = timerfd_create(CLOCK_MONOTONIC, 0));
	OK(ep = epoll_create1(0));
	OK(ep_ev = epoll_create(1));
	OK(ep_outer = epoll_create1(0));
	watch(ep, p[0]);
	watch(ep, s[1]);
	watch(ep_ev, ev);
	watch(ep_outer, ep_ev);
	OK(file = mkstemp(path));
	OK(file_r = open(path, O_RDONLY));
	OK(write(file, "0123456789", 10));
	OK(unlink(path));
	OK(mkfifo(path, 0600));
	OK(fifo_r = open(path, O_RDWR));
	OK(fifo_w = open(path, O_WRONLY));
	OK(unlink(path));
	connect_both(AF_INET, (struct sockaddr *)&in4, sizeof(in4), tcp);
	connect_both(AF_UNIX, (struct sockaddr *)&name, sizeof(name), un);
	watch(ep, un[1]);
	OK(epoll_ctl(ep, EPOLL_CTL_DEL, un[1], NULL));
	OK(ev_dup = dup(ev));
	OK(ev_dup2 = dup2(ev, 100));
	OK(ev_dup3 = dup3(ev, 101, O_CLOEXEC));
	OK(ev_fcntl = fcntl(ev, F_DUPFD, 102));
	OK(ev_cloexec = fcntl(ev, F_DUPFD_CLOEXEC, 102));
	OK(ev_fcntl64 = fcntl64(ev, F_DUPFD, 102));
	in = fdopen(q[0], "r");
	out = fdopen(q[1], "w");
}

/* ---- what takes part --------------------------------------------------------------------------------------------------- */

#define W(fd) OK(write(fd, &one, 8))
#define R(fd) OK(read(fd, bytes, 8))

static int polled(int fd, int how)
{
	struct pollfd list[2] = { { fd, POLLIN, 0 }, { -1, POLLIN, 0 } };

	switch (how) {
	case 0: return poll(list, 2, -1);
	case 1: return ppoll(list, 2, NULL, NULL);
	case 2: return __poll_chk(list, 2, -1, sizeof(list));
	default: return __ppoll_chk(list, 2, NULL, NULL, sizeof(list));
	}
}

static int selected(int fd, int with_mask)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return with_mask ? pselect(fd + 1, &set, NULL, NULL, NULL, NULL) : select(fd + 1, &set, NULL, NULL, NULL);
}

static struct epoll_event event;

static void line_out(const char *text)
{
	if (fputs(text, out) < 0 || fflush(out))
		abort();
}

static void line_in(int how)
{
	char *line = NULL;
	size_t n = 0;

	if (how == 0 ? !fgets(bytes, sizeof(bytes), in) : how == 1 ? fread(bytes, 1, 2, in) != 2 :
					       how == 2 ? getline(&line, &n, in) < 0 :
							  fgetc(in) == EOF)
		abort();
	free(line);
}

extern char **environ;

/* A child on our memory that closes and replaces its copies of what we hand over by. */
static void spawned(void)
{
	char *argv[] = { "true", NULL };
	posix_spawn_file_actions_t actions;
	pid_t child;

	MUST(posix_spawn_file_actions_init(&actions));
	MUST(posix_spawn_file_actions_addclose(&actions, ev_dup));
	MUST(posix_spawn_file_actions_adddup2(&actions, p[0], ev_dup));
	MUST(posix_spawn(&child, "/bin/true", &actions, NULL, argv, environ));
	OK(waitpid(child, NULL, 0));
	posix_spawn_file_actions_destroy(&actions);
}

static __attribute__((noinline)) void vforked(void)
{
	pid_t child = vfork();

	if (child == 0) {
		close(ev_dup2);
		dup2(p[0], ev_dup);
		close_range(100, 200, 0);
		eventfd(0, 0);
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	OK(waitpid(child, NULL, 0));
}

static void came_by_message(void)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &p[1], sizeof(int));
	OK(sendmsg(r[0], &m, 0));
	OK(recvmsg(r[1], &m, 0));
	memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	W(file);
}

static void more_epoll(void)
{
	struct epoll_event e = { .events = EPOLLIN };

	OK(epoll_ctl(ep, EPOLL_CTL_ADD, q[0], &e));
}

/* Past librace. */
static void gate_write(int fd)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "0"((long)SYS_write), "D"((long)fd), "S"(bytes), "d"(1L) : "rcx", "r11", "memory");
	if (result != 1)
		abort();
}

/* X(name, what side A does, what side B does) */
#define EACH(X)                                                                                                      \
	X(write_read, W(p[1]), R(p[0]))                                                                              \
	X(writev, OK(writev(p[1], &iov, 1)), R(p[0]))                                                                \
	X(readv, W(p[1]), OK(readv(p[0], &iov, 1)))                                                                  \
	X(read_chk, W(p[1]), OK(__read_chk(p[0], bytes, 1, 8)))                                                      \
	X(fifo, W(fifo_w), R(fifo_r))                                                                                \
	X(socketpair, W(s[0]), R(s[1]))                                                                              \
	X(socketpair_back, W(s[1]), R(s[0]))                                                                         \
	X(send_recv, OK(send(s[0], bytes, 1, 0)), OK(recv(s[1], bytes, 1, 0)))                                       \
	X(recv_chk, W(s[0]), OK(__recv_chk(s[1], bytes, 1, 8, 0)))                                                   \
	X(sendto_recvfrom, OK(sendto(r[0], bytes, 1, 0, NULL, 0)), OK(recvfrom(r[1], bytes, 1, 0, NULL, NULL)))      \
	X(recvfrom_chk, W(s[0]), OK(__recvfrom_chk(s[1], bytes, 1, 8, 0, NULL, NULL)))                               \
	X(sendmsg_recvmsg, OK(sendmsg(r[0], &msg, 0)), OK(recvmsg(r[1], &msg, 0)))                                   \
	X(sendmmsg_recvmmsg, OK(sendmmsg(r[0], &many, 1, 0)), OK(recvmmsg(r[1], &many, 1, 0, NULL)))                 \
	X(tcp, W(tcp[0]), R(tcp[1]))                                                                                 \
	X(tcp_back, W(tcp[1]), R(tcp[0]))                                                                            \
	X(unix_socket, W(un[0]), R(un[1]))                                                                           \
	X(unix_socket_back, W(un[1]), R(un[0]))                                                                      \
	X(sendfile, OK(sendfile(p[1], file_r, NULL, 1)), R(p[0]))                                                    \
	X(sendfile64, OK(sendfile64(p[1], file_r, NULL, 1)), R(p[0]))                                                \
	X(vmsplice, OK(vmsplice(p[1], &iov, 1, 0)), R(p[0]))                                                         \
	X(splice_gives, W(p[1]); OK(splice(p[0], NULL, q[1], NULL, 1, 0)), R(q[0]))                                  \
	X(splice_takes, W(p[1]), OK(splice(p[0], NULL, q[1], NULL, 1, 0)))                                           \
	X(tee_gives, W(p[1]); OK(tee(p[0], q[1], 1, 0)), R(q[0]))                                                    \
	X(tee_takes, W(p[1]), OK(tee(p[0], q[1], 1, 0)))                                                             \
	X(eventfd, W(ev), R(ev))                                                                                     \
	X(eventfd_write, OK(eventfd_write(ev, 1)), R(ev))                                                            \
	X(eventfd_read, W(ev), OK(eventfd_read(ev, &one)))                                                           \
	X(timerfd, OK(timerfd_settime(tm, 0, &soon, NULL)), R(tm))                                                   \
	X(end_of_file, OK(close(p[1])), R(p[0]))                                                                     \
	X(end_of_file_by_range, OK(close_range((unsigned)p[1], (unsigned)p[1], 0)), R(p[0]))                         \
	X(end_of_file_by_dup2, OK(dup2(file, p[1])), R(p[0]))                                                        \
	X(shutdown, OK(shutdown(s[0], SHUT_WR)), R(s[1]))                                                            \
	X(dup, W(ev_dup), R(ev))                                                                                     \
	X(dup2, W(ev_dup2), R(ev))                                                                                   \
	X(dup3, W(ev), R(ev_dup3))                                                                                   \
	X(fcntl, W(ev_fcntl), R(ev))                                                                                 \
	X(fcntl_cloexec, W(ev_cloexec), R(ev))                                                                       \
	X(fcntl64, W(ev_fcntl64), R(ev))                                                                             \
	X(poll, W(p[1]), OK(polled(p[0], 0)))                                                                        \
	X(ppoll, W(p[1]), OK(polled(p[0], 1)))                                                                       \
	X(poll_chk, W(p[1]), OK(polled(p[0], 2)))                                                                    \
	X(ppoll_chk, W(p[1]), OK(polled(p[0], 3)))                                                                   \
	X(poll_end_of_file, OK(close(p[1])), OK(polled(p[0], 0)))                                                    \
	X(select, W(p[1]), OK(selected(p[0], 0)))                                                                    \
	X(pselect, W(p[1]), OK(selected(p[0], 1)))                                                                   \
	X(epoll_wait, W(p[1]), OK(epoll_wait(ep, &event, 1, -1)))                                                    \
	X(epoll_pwait, W(p[1]), OK(epoll_pwait(ep, &event, 1, -1, NULL)))                                            \
	X(epoll_pwait2, W(p[1]), OK(epoll_pwait2(ep, &event, 1, &never, NULL)))                                      \
	X(epoll_of_socket, W(s[0]), OK(epoll_wait(ep, &event, 1, -1)))                                               \
	X(epoll_of_eventfd, W(ev), OK(epoll_wait(ep_ev, &event, 1, -1)))                                             \
	X(epoll_of_epoll, W(ev), OK(epoll_wait(ep_outer, &event, 1, -1)))                                            \
	X(epoll_ctl, more_epoll(); gate_write(q[1]), OK(epoll_wait(ep, &event, 1, -1)))                              \
	X(poll_of_epoll, W(ev), OK(polled(ep_ev, 0)))                                                                \
	X(fputs_fgets, line_out("a\n"), line_in(0))                                                                  \
	X(fread, W(q[1]), line_in(1))                                                                                \
	X(getline, W(q[1]); W(q[1]); line_out("\n"), line_in(2))                                                     \
	X(fgetc, W(q[1]), line_in(3))                                                                                \
	X(fclose_flushes, fputs("b\n", out); fclose(out), R(q[0]))                                                   \
	X(fclose_ends, fclose(out), R(q[0]))                                                                         \
	X(posix_spawn_leaves_alone, spawned(); W(ev_dup), R(ev))                                                     \
	X(vfork_leaves_alone, vforked(); W(ev_dup), R(ev_dup2))                                                      \
	X(passed_descriptor, came_by_message(), R(p[0]))

EACH(HANDOVER)

/* ---- order that is none: the clean twin uses a pipe as well ------------------------------------------------------------- */

#define BESIDE(name, a, b)                                                                                           \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		touch_a();                                                                                           \
		a;                                                                                                   \
		if (!racy)                                                                                           \
			W(fifo_w);                                                                                   \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&a_done, 1);                                                                               \
		b;                                                                                                   \
		if (!racy)                                                                                           \
			R(fifo_r);                                                                                   \
		touch_b();                                                                                           \
		return unused;                                                                                       \
	}

/* What came before the end is not ordered after the closing, nor after what was done between the two. */
#define BEFORE_THE_END(name, to, from)                                                                               \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		if (!racy)                                                                                           \
			touch_a();                                                                                   \
		W(to);                                                                                               \
		if (racy)                                                                                            \
			touch_a();                                                                                   \
		OK(close(to));                                                                                       \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&a_done, 1);                                                                               \
		from;                                                                                                \
		touch_b();                                                                                           \
		return unused;                                                                                       \
	}

BEFORE_THE_END(read_before_the_end, p[1], R(p[0]))
BEFORE_THE_END(readv_before_the_end, s[1], OK(readv(s[0], &iov, 1)))
BEFORE_THE_END(recvmsg_before_the_end, s[1], OK(recvmsg(s[0], &msg, 0)))

/* p is closed and its numbers are another pipe's */
static void reuse(void (*drop)(void))
{
	int again[2];

	W(p[1]);
	drop();
	OK(pipe(again));
	if (again[0] != p[0] || again[1] != p[1])
		abort();
}

static void drop_by_close(void)
{
	OK(close(p[0]));
	OK(close(p[1]));
}

static void drop_by_range(void)
{
	OK(close_range((unsigned)p[0], (unsigned)p[1], 0));
}

static void drop_by_stream(void)
{
	FILE *f = fdopen(p[0], "r"), *g = fdopen(p[1], "w");

	fclose(f);
	fclose(g);
}

static void eventfd_again(void)
{
	W(ev_dup);
	OK(close(ev_dup));
	OK(open("/dev/null", O_RDWR) - ev_dup);
}

static void file_again(void)
{
	FILE *f;

	W(ev_dup);
	OK(close(ev_dup));
	f = fopen("/dev/null", "r+");
	if (!f || fileno(f) != ev_dup)
		abort();
}

BESIDE(regular_file, W(file), R(file_r))
BESIDE(number_reused, reuse(drop_by_close), W(p[1]); R(p[0]))
BESIDE(number_reused_after_range, reuse(drop_by_range), W(p[1]); R(p[0]))
BESIDE(number_reused_after_fclose, reuse(drop_by_stream), W(p[1]); R(p[0]))
BESIDE(number_of_eventfd_reused, eventfd_again(), OK(read(ev_dup, bytes, 8)))
BESIDE(number_of_eventfd_reused_by_stream, file_again(), OK(read(ev_dup, bytes, 8)))
BESIDE(other_pipe, W(p[1]), W(q[1]); R(q[0]))
BESIDE(other_direction, W(s[0]), W(s[1]); R(s[0]))
BESIDE(not_ready, W(p[1]), W(ev); OK(polled(ev, 0)))
BESIDE(not_watched, W(r[0]), W(s[0]); OK(epoll_wait(ep, &event, 1, -1)))
BESIDE(unwatched, W(un[0]), W(s[0]); OK(epoll_wait(ep, &event, 1, -1)))

/* ---- a writer links two pipes for others -------------------------------------------------------------------------------- */

static struct gate linked, b_turn;

static void *spliced_write(void *unused)
{
	gate_wait(&linked, 1);
	if (!racy)
		touch_a();
	W(p[1]);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}

static void *spliced_read(void *unused)
{
	gate_wait(&b_turn, 1);
	OK(read(q[0], bytes, 1));
	OK(read(q[0], bytes, 1));
	touch_b();
	return unused;
}

/* The second byte goes by the number of the call, which is as good as a splice that began before the byte was there. */
static void *spliced_alone(void *unused)
{
	pthread_t a, b;

	MUST(pthread_create(&a, NULL, spliced_write, NULL));
	MUST(pthread_create(&b, NULL, spliced_read, NULL));
	W(p[1]);
	OK(splice(p[0], NULL, q[1], NULL, 1, 0));
	gate_open(&linked);
	gate_wait(&a_done, 1);
	OK(syscall(SYS_splice, p[0], NULL, q[1], NULL, 1, 0));
	gate_open(&b_turn);
	MUST(pthread_join(a, NULL));
	MUST(pthread_join(b, NULL));
	return unused;
}

/* ---- what a call did before, it still does: cancellation and interruption ------------------------------------------------ */

static void interrupt(int number)
{
}

static struct gate returned;

#define ENDED(name, call)                                                                                            \
	static void *name##_thread(void *unused)                                                                     \
	{                                                                                                            \
		touch_a();                                                                                           \
		gate_open(&a_done);                                                                                  \
		call;                                                                                                \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_alone(void *unused)                                                                      \
	{                                                                                                            \
		pthread_t a;                                                                                         \
		void *result;                                                                                        \
		MUST(pthread_create(&a, NULL, name##_thread, NULL));                                                 \
		gate_wait(&a_done, 1);                                                                               \
		if (racy)                                                                                            \
			touch_b();                                                                                   \
		MUST(pthread_cancel(a));                                                                             \
		MUST(pthread_join(a, &result));                                                                      \
		if (result != PTHREAD_CANCELED)                                                                      \
			abort();                                                                                     \
		touch_b();                                                                                           \
		return unused;                                                                                       \
	}

ENDED(cancelled_read, R(p[0]))
ENDED(cancelled_recvmsg, recvmsg(r[0], &msg, 0))
ENDED(cancelled_poll, polled(p[0], 0))
ENDED(cancelled_select, selected(p[0], 0))
ENDED(cancelled_epoll_wait, epoll_wait(ep, &event, 1, -1))
ENDED(cancelled_fgets, line_in(0))

static void *interrupted_thread(void *unused)
{
	touch_a();
	gate_open(&a_done);
	errno = 0;
	if (read(p[0], bytes, 1) != -1 || errno != EINTR || close(-1) != -1 || errno != EBADF || dup2(-1, 50) != -1 ||
	    errno != EBADF || read(ev_dup + 500, bytes, 1) != -1 || errno != EBADF)
		abort();
	gate_open(&returned);
	return unused;
}

static void *interrupted_alone(void *unused)
{
	struct sigaction action = { .sa_handler = interrupt };
	pthread_t a;

	sigaction(SIGUSR1, &action, NULL);
	MUST(pthread_create(&a, NULL, interrupted_thread, NULL));
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	while (!__atomic_load_n(&returned.count, __ATOMIC_ACQUIRE)) {
		pthread_kill(a, SIGUSR1);
		sched_yield();
	}
	MUST(pthread_join(a, NULL));
	touch_b();
	return unused;
}

#define LISTED(name, give, take) SIDES(name),

int main(int argc, char **argv)
{
	static const struct scenario list[] = {
		EACH(LISTED)
		SIDES(read_before_the_end), SIDES(readv_before_the_end), SIDES(recvmsg_before_the_end),
		SIDES(regular_file), SIDES(number_reused), SIDES(number_reused_after_range), SIDES(number_reused_after_fclose),
		SIDES(number_of_eventfd_reused), SIDES(number_of_eventfd_reused_by_stream), SIDES(other_pipe), SIDES(other_direction),
		SIDES(not_ready), SIDES(not_watched), SIDES(unwatched), ALONE(spliced),
		ALONE(cancelled_read), ALONE(cancelled_recvmsg), ALONE(cancelled_poll), ALONE(cancelled_select),
		ALONE(cancelled_epoll_wait), ALONE(cancelled_fgets), ALONE(interrupted),
	};

	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
