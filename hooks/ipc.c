/* SPDX-License-Identifier: MIT */
/*
 * ipc.c - queues of messages and System V semaphores used between threads of one process. The rows are ipc.def.
 *
 * POSIX queues are descriptors (fd_table.c), known by their inode: opened twice, they are one object. System V queues are
 * known by their id. A System V semaphore is known by set and index: what adds to it gives, what subtracts takes; who waits for
 * zero takes, from an object of its own, what those who subtracted gave, so that two who take a lock do not order each other.
 * Named POSIX semaphores have one address in the process however often they are opened: pthread_wait.c.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <stdarg.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>

#define HOOK_POLICY PATCH_NEVER
#include "fd_table.h"
#include "sync_rows.h"

static uintptr_t queue_key(int id)
{
	return object_key(OBJECT_SYSV_QUEUE, (unsigned)id);
}

static uintptr_t semaphore_key(int id, const struct sembuf *op, int zero)
{
	return object_key(OBJECT_SYSV_SEMAPHORE, (uint64_t)(unsigned)id << 17 | (uint64_t)op->sem_num << 1 | (uint64_t)zero);
}

static void semaphores_give(struct race_thread *t, int id, const struct sembuf *ops, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (ops[i].sem_op)
			object_give(t, semaphore_key(id, &ops[i], ops[i].sem_op < 0));
	}
}

static void semaphores_take(struct race_thread *t, int id, const struct sembuf *ops, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (ops[i].sem_op <= 0)
			object_take(t, semaphore_key(id, &ops[i], !ops[i].sem_op));
	}
}

/* The descriptor is asked about while the number surely is a queue. */
static void queue_opened(mqd_t q)
{
	if (q >= 0) {
		fd_renewed(q);
		fd_look_queue(q);
	}
}

RACE_EXPORT mqd_t mq_open(const char *name, int flags, ...);
HOOK_SLOT(mq_open)
mqd_t mq_open(const char *name, int flags, ...)
{
	__typeof__(&mq_open) real = REAL(mq_open);
	struct mq_attr *attr;
	va_list ap;
	mode_t mode;
	mqd_t q;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	attr = va_arg(ap, struct mq_attr *);
	va_end(ap);
	q = real(name, flags, mode, attr);
	queue_opened(q);
	return q;
}

RACE_EXPORT mqd_t __mq_open_2(const char *name, int flags);
HOOK_SLOT(__mq_open_2)
mqd_t __mq_open_2(const char *name, int flags)
{
	__typeof__(&__mq_open_2) real = REAL(__mq_open_2);
	mqd_t q = real(name, flags);

	queue_opened(q);
	return q;
}

RACE_EXPORT int mq_close(mqd_t q);
HOOK_SLOT(mq_close)
int mq_close(mqd_t q)
{
	__typeof__(&mq_close) real = REAL(mq_close);

	fd_closing(q);
	return real(q);
}

static uint64_t queue_look(mqd_t q)
{
	return load_relaxed(&race_multi) ? fd_look_queue(q) : 0;
}

#define QUEUE_GIVE(symbol, params, args)                                                                             \
	RACE_EXPORT int symbol params;                                                                               \
	HOOK_SLOT(symbol)                                                                                            \
	int symbol params                                                                                            \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		uint64_t e = queue_look(q);                                                                          \
		if (e)                                                                                               \
			SYNC_ENTER(fd_give(t, e));                                                                   \
		return real args;                                                                                    \
	}

#define QUEUE_TAKE(symbol, params, args)                                                                             \
	RACE_EXPORT ssize_t symbol params;                                                                           \
	HOOK_SLOT(symbol)                                                                                            \
	ssize_t symbol params                                                                                        \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		uint64_t e = queue_look(q);                                                                          \
		ssize_t result = real args;                                                                          \
		if (e && result >= 0)                                                                                \
			SYNC_ENTER(fd_take(t, e));                                                                   \
		return result;                                                                                       \
	}

#include "ipc.def"
