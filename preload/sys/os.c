/* SPDX-License-Identifier: MIT */
/*
 * os.c - raw system calls.
 *
 * Owns      nothing.
 * Invariant errno is never read or written on x86-64; elsewhere syscall() stands in and errno is put back.
 * Must not  call a libc function that can be interposed, cancelled or that allocates.
 */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "atomic.h"
#include "mapped.h"

#define CHUNK_MAX ((size_t)1 << 30)

#if defined(__x86_64__)

long os_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#else

long os_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	int saved = errno;
	long result = syscall(number, a, b, c, d, e, f);

	if (result == -1)
		result = -errno;
	errno = saved;
	return result;
}

#endif

void *os_map(size_t bytes)
{
	long at = os_syscall(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	/* The kernel's error range: the last page of the address space is never mapped. */
	if ((unsigned long)at > -4096ul)
		return NULL;
	mapped_came((void *)at, bytes);
	return (void *)at;
}

void os_unmap(void *at, size_t bytes)
{
	if (!at)
		return;
	mapped_went(at, bytes);
	os_syscall(SYS_munmap, (long)at, (long)bytes, 0, 0, 0, 0);
}

int os_open(const char *path, int flags, int mode)
{
	long fd;

	do {
		fd = os_syscall(SYS_openat, AT_FDCWD, (long)path, flags, mode, 0, 0);
	} while (fd == -EINTR);
	return (int)fd;
}

/* Never retried: on Linux the descriptor is gone even when the call was interrupted. */
void os_close(int fd)
{
	os_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
}

long os_read(int fd, void *to, size_t bytes)
{
	long n;

	do {
		n = os_syscall(SYS_read, fd, (long)to, (long)bytes, 0, 0, 0);
	} while (n == -EINTR);
	return n;
}

int os_write_all(int fd, const void *from, size_t bytes)
{
	const char *at = from;

	while (bytes > 0) {
		long n = os_syscall(SYS_write, fd, (long)at, (long)(bytes < CHUNK_MAX ? bytes : CHUNK_MAX), 0, 0, 0);

		if (n == -EINTR)
			continue;
		if (n == -EAGAIN) {
			/* The host made the file non-blocking: wait until it takes more, 10 s at most. */
			struct {
				int fd;
				short events, revents;
			} poll_one = { fd, 4 /* POLLOUT */, 0 };
			struct timespec limit = { 10, 0 };
			long ready = os_syscall(SYS_ppoll, (long)&poll_one, 1, (long)&limit, 0, 0, 0);

			if (ready > 0 || ready == -EINTR)
				continue;
			return -EAGAIN;
		}
		if (n < 0)
			return (int)n;
		if (n == 0)
			return -EIO;
		at += n;
		bytes -= (size_t)n;
	}
	return 0;
}

long os_read_file(const char *path, char *to, size_t cap)
{
	int fd = os_open(path, O_RDONLY | O_CLOEXEC, 0);
	size_t len = 0;
	long n;
	char more;

	if (fd < 0)
		return fd;
	do {
		n = len < cap ? os_read(fd, to + len, cap - len) : 0;
		if (n > 0)
			len += (size_t)n;
	} while (n > 0);
	if (n == 0 && len == cap && os_read(fd, &more, 1) > 0)
		n = -EFBIG;
	os_close(fd);
	return n < 0 ? n : (long)len;
}

long os_readlink(const char *path, char *to, size_t cap)
{
	long n;

	if (cap == 0)
		return -EINVAL;
	n = os_syscall(SYS_readlinkat, AT_FDCWD, (long)path, (long)to, (long)(cap - 1), 0, 0);
	to[n < 0 ? 0 : n] = 0;
	return n;
}

int os_pid(void)
{
	return (int)os_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

int os_tid(void)
{
	return (int)os_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

void os_exit(int status)
{
	for (;;)
		os_syscall(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

void os_sleep_ns(uint64_t ns)
{
	struct timespec left = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };

	while (os_syscall(SYS_nanosleep, (long)&left, (long)&left, 0, 0, 0, 0) == -EINTR)
		;
}

void os_futex_wait(uint32_t *word, uint32_t expected)
{
	os_syscall(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, expected, 0, 0, 0);
}

void os_futex_wake(uint32_t *word, int count)
{
	os_syscall(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, count, 0, 0, 0);
}

unsigned os_table_shift(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	unsigned shift = 0;

	if (os_syscall(SYS_prlimit64, 0, RLIMIT_AS, 0, (long)&limit, 0, 0) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return 0;
	while (shift < 8 && ((rlim_t)300 << 20 >> shift) > limit.rlim_cur / 16)
		shift++;
	return shift;
}

static uint32_t probe_ended;

void os_probe_end(void)
{
	store_relaxed(&probe_ended, 1);
}

int os_probe_ended(void)
{
	return (int)load_relaxed(&probe_ended);
}

/* The kernel copies the new set from the address before it looks at what to do with it, which is nothing valid here. Few filters
 * of system calls forbid this one: libc itself needs it in many places. */
int os_readable(uintptr_t at)
{
	return !os_probe_ended() && os_syscall(SYS_rt_sigprocmask, -1, (long)at, 0, 8, 0, 0) == -EINVAL;
}

int os_peek(uintptr_t at, void *to, size_t bytes)
{
	struct iovec here = { to, bytes }, there = { (void *)at, bytes };

	return os_syscall(SYS_process_vm_readv, os_pid(), (long)&here, 1, (long)&there, 1, 0) == (long)bytes;
}
