/* SPDX-License-Identifier: MIT */
/* extra_fd_twins.c - the other ways to close the last end of a pipe, for who sees the end of the file; tee of what is written later. */
#include "after.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static int p[2], q[2], null, made;
static FILE *file;
static struct gate teed;

#define OK(call) ((call) < 0 ? abort() : (void)0)
static void end_of_file(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 0)
		abort();
}
#define FILE_OF_PIPE file = fdopen(p[1], "w")
#define END end_of_file(p[0])
/* The reading end of what the child reads is opened again. */
static void child(void)
{
	char path[64];

	file = popen("cat >/dev/null", "w");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(file));
	made = open(path, O_RDONLY);
	OK(made);
}
AFTER(dup3_closes, (void)0, OK(dup3(null, p[1], 0)), END)
AFTER(syscall_dup3_closes, (void)0, OK(syscall(SYS_dup3, null, p[1], 0)), END)
AFTER(freopen_closes, FILE_OF_PIPE, file = freopen("/dev/null", "w", file), END)
AFTER(freopen64_closes, FILE_OF_PIPE, file = freopen64("/dev/null", "w", file), END)
AFTER(pclose_closes, child(), pclose(file), end_of_file(made))

static long gate_tee(int from, int to, long n)
{
	register long flags __asm__("r10") = 0;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"((long)SYS_tee), "D"((long)from), "S"((long)to), "d"(n), "r"(flags)
			 : "rcx", "r11", "memory");
	return result;
}

/* Who sees the end by each of the calls that read. */
ssize_t __read_chk(int fd, void *to, size_t n, size_t room);
ssize_t __recv_chk(int fd, void *to, size_t n, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *to, size_t n, size_t room, int flags, struct sockaddr *a, socklen_t *na);

static int s[2];
static char byte;
static struct iovec vector = { &byte, 1 };
static struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
#define ENDS(call) ((call) != 0 ? abort() : (void)0)
#define PIPE_CLOSES OK(close(p[1]))
#define SOCKET_CLOSES OK(close(s[1]))
AFTER(end_read, (void)0, PIPE_CLOSES, ENDS(read(p[0], &byte, 1)))
AFTER(end_read_chk, (void)0, PIPE_CLOSES, ENDS(__read_chk(p[0], &byte, 1, 1)))
AFTER(end_readv, (void)0, PIPE_CLOSES, ENDS(readv(p[0], &vector, 1)))
AFTER(end_fgets, (void)0, PIPE_CLOSES, ENDS(fread(&byte, 1, 1, fdopen(p[0], "r"))))
AFTER(end_recv, (void)0, SOCKET_CLOSES, ENDS(recv(s[0], &byte, 1, 0)))
AFTER(end_recv_chk, (void)0, SOCKET_CLOSES, ENDS(__recv_chk(s[0], &byte, 1, 1, 0)))
AFTER(end_recvfrom, (void)0, SOCKET_CLOSES, ENDS(recvfrom(s[0], &byte, 1, 0, NULL, NULL)))
AFTER(end_recvfrom_chk, (void)0, SOCKET_CLOSES, ENDS(__recvfrom_chk(s[0], &byte, 1, 1, 0, NULL, NULL)))
AFTER(end_recvmsg, (void)0, SOCKET_CLOSES, ENDS(recvmsg(s[0], &message, 0)))
AFTER(end_splice, (void)0, PIPE_CLOSES, ENDS(splice(p[0], NULL, q[1], NULL, 1, 0)))
AFTER(end_tee, (void)0, PIPE_CLOSES, ENDS(tee(p[0], q[1], 1, 0)))

/* What is written to one pipe after a tee, and read from the other: the second tee is not seen. */
static void *tee_later_a(void *unused)
{
	gate_wait(&teed, 1);
	if (!racy)
		touch_a();
	OK(write(p[1], "b", 1));
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *tee_later_b(void *unused)
{
	char two[2];

	OK(write(p[1], "a", 1));
	OK(tee(p[0], q[1], 1, 0));
	gate_open(&teed);
	gate_wait(&a_done, 1);
	OK(gate_tee(p[0], q[1], 2));
	if (read(q[0], two, 2) < 2 && read(q[0], two, 1) < 1)
		abort();
	touch_b();
	return unused;
}

static const struct scenario list[] = {
	SIDES(end_read), SIDES(end_read_chk), SIDES(end_readv), SIDES(end_fgets), SIDES(end_recv), SIDES(end_recv_chk), SIDES(end_recvfrom),
	SIDES(end_recvfrom_chk), SIDES(end_recvmsg), SIDES(end_splice), SIDES(end_tee),
	SIDES(dup3_closes), SIDES(syscall_dup3_closes), SIDES(freopen_closes), SIDES(freopen64_closes), SIDES(pclose_closes), SIDES(tee_later),
};

int main(int argc, char **argv)
{
	null = open("/dev/null", O_RDWR);
	OK(pipe(p));
	OK(pipe(q));
	OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
