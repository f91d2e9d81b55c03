/* SPDX-License-Identifier: MIT */
/*
 * os.h - the operating system, without libc in between.
 *
 * Raw system calls: no errno, no cancellation point, no interposed symbol, callable from any hook, from a signal handler
 * and in a forked child. Each returns what the kernel returns: >= 0, or -errno.
 */
#ifndef RACE_SYS_OS_H
#define RACE_SYS_OS_H

#include <stddef.h>
#include <stdint.h>

long os_syscall(long number, long a, long b, long c, long d, long e, long f);

/* Zeroed, lazily backed memory (MAP_NORESERVE); NULL when the kernel refuses. Never falls back to malloc. */
void *os_map(size_t bytes);
void os_unmap(void *at, size_t bytes);

int os_open(const char *path, int flags, int mode);
void os_close(int fd);
long os_read(int fd, void *to, size_t bytes);
/* Writes everything, retrying short writes and EINTR. 0, or -errno of the write that failed. */
int os_write_all(int fd, const void *from, size_t bytes);
/* Reads a whole file of at most cap bytes. Length, or -errno (-EFBIG when larger). */
long os_read_file(const char *path, char *to, size_t cap);
/* Length of the link's text, NUL-terminated in to; or -errno. */
long os_readlink(const char *path, char *to, size_t cap);

/* By how many bits tables must be smaller than usual, because the process may map only so much (RLIMIT_AS): together they
 * reserve 300 MiB of addresses at 0, half of that at 1, ...; at most a sixteenth of what the limit allows. */
unsigned os_table_shift(void);

/* Eight bytes at an address can be read. Asked of the kernel, without faulting. 0 for all addresses after os_probe_end(): a filter of
 * system calls is about to forbid the question (filter.h). */
int os_readable(uintptr_t at);
void os_probe_end(void);
int os_probe_ended(void);

/* Copies memory of this process that may be gone: 1, or 0 when it is, or when the kernel does not do that. */
int os_peek(uintptr_t at, void *to, size_t bytes);

int os_pid(void);
int os_tid(void);
void os_exit(int status) __attribute__((noreturn));
void os_sleep_ns(uint64_t ns);

/* Monotonic and wall time in ns. */
uint64_t os_monotonic_ns(void);
uint64_t os_wall_ns(void);

/* Cheap, unordered time stamp (rdtsc on x86-64). ticks_to_ns converts a difference; its scale is measured between two
 * calls of ticks_calibrate, the first at start-up, the second before the first report. */
static inline uint64_t os_ticks(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#else
	return os_monotonic_ns();
#endif
}
void ticks_calibrate(void);
/* Both clocks at one moment: of several tries the one that took least, since a thread may lose its processor between the two. */
void ticks_now(uint64_t *ticks, uint64_t *ns);
void ticks_first(uint64_t *ticks, uint64_t *ns); /* the first of the two, which is made when there is none */
uint64_t ticks_to_ns(uint64_t ticks);

/* futex, private. os_futex_wait returns when *word != expected, woken, or interrupted. */
void os_futex_wait(uint32_t *word, uint32_t expected);
void os_futex_wake(uint32_t *word, int count);

#endif
