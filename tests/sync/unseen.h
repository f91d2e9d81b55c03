/* SPDX-License-Identifier: MIT */
/*
 * unseen.h - the program's own syscall, write, read and poll, which the libraries that it uses call, too: so what they hand over
 * by futexes and by descriptors of their own stays out of sight, and only the edge of the function itself is left.
 */
#ifndef TESTS_UNSEEN_H
#define TESTS_UNSEEN_H

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#define UNSEEN_THROWS noexcept
#else
#define UNSEEN_THROWS
#endif

static inline long unseen_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	if (result < 0 && result > -4096) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

long syscall(long number, ...) UNSEEN_THROWS
{
	long w[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		w[i] = va_arg(list, long);
	va_end(list);
	return unseen_call(number, w[0], w[1], w[2], w[3], w[4], w[5]);
}

ssize_t write(int fd, const void *from, size_t n)
{
	return unseen_call(SYS_write, fd, (long)from, (long)n, 0, 0, 0);
}

ssize_t read(int fd, void *to, size_t n)
{
	return unseen_call(SYS_read, fd, (long)to, (long)n, 0, 0, 0);
}

int poll(struct pollfd *list, nfds_t n, int timeout)
{
	return (int)unseen_call(SYS_poll, (long)list, (long)n, timeout, 0, 0, 0);
}

#ifdef __cplusplus
}
#endif
#endif
