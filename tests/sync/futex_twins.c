/* SPDX-License-Identifier: MIT */
/*
 * futex_twins.c - system calls by number: futexes, and the plain calls of descriptors.
 *
 * No wait blocks: the word differs from what is expected (EAGAIN), which is an acquire as well.
 */
#include "twins.h"

#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

static int word, word2;
static struct {
	int word, apart[15];
} many[60000];
static int p[2], s[2];
static char byte;
static struct iovec iov = { &byte, 1 };
static struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
static const struct timespec no_time;
static struct waiter {
	uint64_t value, address;
	uint32_t flags, reserved;
} waiters[2] = { { 1, (uintptr_t)&word2, 2, 0 }, { 1, (uintptr_t)&word, 2, 0 } };

#define FUTEX(at, op, ...) syscall(SYS_futex, at, op, ##__VA_ARGS__)
#define WAKE FUTEX(&word, FUTEX_WAKE, 1)
#define WAIT FUTEX(&word, FUTEX_WAIT, 1, NULL)
#define PRIVATE(op) ((op) | FUTEX_PRIVATE_FLAG)
#define MOVE(op) FUTEX(&word, op, 1, 1L, &word2, 0)

static void __attribute__((constructor)) make(void)
{
	if (pipe(p) || socketpair(AF_UNIX, SOCK_STREAM, 0, s))
		abort();
}

static void must_do(long result)
{
	if (result < 0) {
		perror("syscall");
		abort();
	}
}
#define DO(...) must_do(syscall(__VA_ARGS__))

/* More futexes than links fit: from then on one object does for all. */
static void fill(void)
{
	for (size_t i = 0; i + 1 < sizeof(many) / sizeof(many[0]); i++)
		FUTEX(&many[i].word, FUTEX_REQUEUE, 0, 0L, &many[i + 1].word, 0);
	MOVE(FUTEX_REQUEUE);
}

static void touch_between(void);

#define EACH(X)                                                                                                      \
	X(wake_wait, WAKE, WAIT)                                                                                     \
	X(wake_wait_private, FUTEX(&word, PRIVATE(FUTEX_WAKE), 1), FUTEX(&word, PRIVATE(FUTEX_WAIT), 1, NULL))       \
	X(wait_that_times_out, WAKE, FUTEX(&word, FUTEX_WAIT, 0, &no_time))                                          \
	X(wake_bitset, FUTEX(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 1), WAIT)                                      \
	X(wait_bitset, WAKE, FUTEX(&word, FUTEX_WAIT_BITSET, 1, NULL, NULL, 1))                                      \
	X(wake_op, FUTEX(&word, FUTEX_WAKE_OP, 1, 1L, &word2, 0), WAIT)                                              \
	X(wake_op_second, FUTEX(&word2, FUTEX_WAKE_OP, 1, 1L, &word, 0), WAIT)                                       \
	X(requeue, MOVE(FUTEX_REQUEUE), WAIT)                                                                        \
	X(cmp_requeue, MOVE(FUTEX_CMP_REQUEUE), WAIT)                                                                \
	X(requeue_then_wake, MOVE(FUTEX_REQUEUE); touch_between(); FUTEX(&word2, FUTEX_WAKE, 1), WAIT)               \
	X(requeue_pi, FUTEX(&word, FUTEX_CMP_REQUEUE_PI, 1, 1L, &word2, 0), WAIT)                                    \
	X(wait_requeue_pi, WAKE, FUTEX(&word, FUTEX_WAIT_REQUEUE_PI, 1, NULL, &word2))                               \
	X(wait_requeue_pi_second, FUTEX(&word2, FUTEX_WAKE, 1), FUTEX(&word, FUTEX_WAIT_REQUEUE_PI, 1, NULL, &word2)) \
	X(waitv, WAKE, syscall(449, waiters, 2, 0, NULL, 0))                                                         \
	X(new_wake, syscall(454, &word, 1L, 1, 2), WAIT)                                                             \
	X(new_wait, WAKE, syscall(455, &word, 1L, 1L, 2, NULL, 0))                                                   \
	X(new_requeue, syscall(456, waiters, 0, 1, 1), FUTEX(&word2, FUTEX_WAIT, 1, NULL))                           \
	X(new_requeue_then_wake, syscall(456, waiters, 0, 1, 1); touch_between(); WAKE, FUTEX(&word2, FUTEX_WAIT, 1, NULL)) \
	X(no_room, fill(); touch_between(); FUTEX(&word2, FUTEX_WAKE, 1), WAIT)                                      \
	X(call_write, DO(SYS_write, p[1], &byte, 1), must_do(read(p[0], &byte, 1)))                                  \
	X(call_writev, DO(SYS_writev, p[1], &iov, 1), must_do(read(p[0], &byte, 1)))                                 \
	X(call_sendto, DO(SYS_sendto, s[0], &byte, 1, 0, NULL, 0), must_do(read(s[1], &byte, 1)))                    \
	X(call_sendmsg, DO(SYS_sendmsg, s[0], &msg, 0), must_do(read(s[1], &byte, 1)))                               \
	X(call_read, must_do(write(p[1], &byte, 1)), DO(SYS_read, p[0], &byte, 1))                                   \
	X(call_readv, must_do(write(p[1], &byte, 1)), DO(SYS_readv, p[0], &iov, 1))                                  \
	X(call_recvfrom, must_do(write(s[0], &byte, 1)), DO(SYS_recvfrom, s[1], &byte, 1, 0, NULL, NULL))            \
	X(call_recvmsg, must_do(write(s[0], &byte, 1)), DO(SYS_recvmsg, s[1], &msg, 0))                              \
	X(call_close, DO(SYS_close, p[1]), must_do(read(p[0], &byte, 1)))

/* In the clean twin the first call is no edge for what follows. */
static void touch_between(void)
{
	if (!racy)
		touch_a();
}

EACH(HANDOVER)

static int pi[2];

LOCKED(pi, must_do(FUTEX(&pi[L], FUTEX_LOCK_PI, 0, NULL)), touch_a(), must_do(FUTEX(&pi[L], FUTEX_UNLOCK_PI)),
       must_do(FUTEX(&pi[L], FUTEX_LOCK_PI, 0, NULL)), touch_b(), must_do(FUTEX(&pi[L], FUTEX_UNLOCK_PI)))
LOCKED(pi_try, must_do(FUTEX(&pi[L], FUTEX_LOCK_PI, 0, NULL)), touch_a(), must_do(FUTEX(&pi[L], FUTEX_UNLOCK_PI)),
       must_do(FUTEX(&pi[L], FUTEX_TRYLOCK_PI)), touch_b(), must_do(FUTEX(&pi[L], FUTEX_UNLOCK_PI)))

/* The second futex wakes those who wait on the first only after they were moved. */
static void *not_moved_a(void *unused)
{
	touch_a();
	FUTEX(racy ? &word2 : &word, FUTEX_WAKE, 1);
	gate_open(&a_done);
	return unused;
}

static void *not_moved_b(void *unused)
{
	gate_wait(&a_done, 1);
	WAIT;
	touch_b();
	return unused;
}

#define LISTED(name, give, take) SIDES(name),

int main(int argc, char **argv)
{
	static const struct scenario list[] = { EACH(LISTED) SIDES(pi), SIDES(pi_try), SIDES(not_moved) };

	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
