/* SPDX-License-Identifier: MIT */
/*
 * ipc_twins.c - queues and semaphores of the kernel, and POSIX primitives in shared memory, between threads of one process.
 */
#include "twins.h"

#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>

mqd_t __mq_open_2(const char *name, int flags);

static mqd_t in, out, other_queue;
static int queue, other, sems, ep;
static char text[16];
static struct {
	long type;
	char text[1];
} message = { 1, "x" };
static sem_t *named_a, *named_b;
static struct shared {
	pthread_mutex_t mutex[2];
	pthread_rwlock_t rwlock[2];
	sem_t sem;
	pthread_barrier_t barrier;
} *shared;

static void must_be(int yes)
{
	if (!yes) {
		perror("ipc_twins");
		abort();
	}
}

static void clean_up(void)
{
	msgctl(queue, IPC_RMID, NULL);
	msgctl(other, IPC_RMID, NULL);
	semctl(sems, 0, IPC_RMID);
}

static void __attribute__((constructor)) make(void)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = sizeof(text) };
	struct epoll_event e = { .events = EPOLLIN };
	char name[40];
	pthread_mutexattr_t ma;
	pthread_rwlockattr_t ra;
	pthread_barrierattr_t ba;

	snprintf(name, sizeof(name), "/ipc_twins_%d", (int)getpid());
	must_be((in = mq_open(name, O_RDONLY | O_CREAT | O_EXCL, 0600, &attr)) >= 0);
	must_be((out = __mq_open_2(name, O_WRONLY)) >= 0);
	must_be(mq_unlink(name) == 0);
	must_be((other_queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr)) >= 0);
	must_be(mq_unlink(name) == 0);
	must_be((ep = epoll_create1(0)) >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, in, &e) == 0);
	must_be((queue = msgget(IPC_PRIVATE, 0600)) >= 0);
	must_be((other = msgget(IPC_PRIVATE, 0600)) >= 0);
	must_be((sems = semget(IPC_PRIVATE, 3, 0600)) >= 0);
	atexit(clean_up);
	named_a = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
	named_b = sem_open(name, 0);
	must_be(named_a != SEM_FAILED && named_b != SEM_FAILED && sem_unlink(name) == 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must_be(shared != MAP_FAILED);
	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED);
	pthread_rwlockattr_init(&ra);
	pthread_rwlockattr_setpshared(&ra, PTHREAD_PROCESS_SHARED);
	pthread_barrierattr_init(&ba);
	pthread_barrierattr_setpshared(&ba, PTHREAD_PROCESS_SHARED);
	for (int i = 0; i < 2; i++) {
		MUST(pthread_mutex_init(&shared->mutex[i], &ma));
		MUST(pthread_rwlock_init(&shared->rwlock[i], &ra));
	}
	MUST(pthread_barrier_init(&shared->barrier, &ba, 1));
	MUST(sem_init(&shared->sem, 1, 0));
}

#define SEND(q) must_be(mq_send(q, text, 1, 0) == 0)
#define RECEIVE(q) must_be(mq_receive(q, text, sizeof(text), NULL) == 1)

static void timed(int sends)
{
	struct timespec at = far(CLOCK_REALTIME);

	must_be(sends ? mq_timedsend(out, text, 1, 0, &at) == 0 : mq_timedreceive(in, text, sizeof(text), NULL, &at) == 1);
}

static void op(unsigned short number, short by)
{
	struct sembuf b = { number, by, 0 };

	must_be(semop(sems, &b, 1) == 0);
}

static void timed_op(unsigned short number, short by)
{
	struct sembuf b = { number, by, 0 };

	must_be(semtimedop(sems, &b, 1, &(struct timespec){ 100, 0 }) == 0);
}

static void polled(void)
{
	struct pollfd p = { in, POLLIN, 0 };

	must_be(poll(&p, 1, -1) == 1);
}

static void epolled(void)
{
	struct epoll_event e;

	must_be(epoll_wait(ep, &e, 1, -1) == 1);
}

#define EACH(X)                                                                                                      \
	X(mq_send_receive, SEND(out), RECEIVE(in))                                                                   \
	X(mq_timedsend, timed(1), RECEIVE(in))                                                                       \
	X(mq_timedreceive, SEND(out), timed(0))                                                                      \
	X(mq_poll, SEND(out), polled())                                                                              \
	X(mq_epoll, SEND(out), epolled())                                                                            \
	X(msgsnd_msgrcv, must_be(msgsnd(queue, &message, 1, 0) == 0), must_be(msgrcv(queue, &message, 1, 0, 0) == 1)) \
	X(semop, op(0, 1), op(0, -1))                                                                                \
	X(semtimedop_gives, timed_op(0, 1), op(0, -1))                                                               \
	X(semtimedop_takes, op(0, 1), timed_op(0, -1))                                                               \
	X(semop_zero, op(1, -1), op(1, 0))                                                                           \
	X(named_semaphore, MUST(sem_post(named_a)), MUST(sem_wait(named_b)))                                         \
	X(shared_semaphore, MUST(sem_post(&shared->sem)), MUST(sem_wait(&shared->sem)))                              \
	X(shared_barrier, pthread_barrier_wait(&shared->barrier), pthread_barrier_wait(&shared->barrier))

EACH(HANDOVER)

LOCKED(shared_mutex, MUST(pthread_mutex_lock(&shared->mutex[L])), touch_a(), MUST(pthread_mutex_unlock(&shared->mutex[L])),
       MUST(pthread_mutex_lock(&shared->mutex[L])), touch_b(), MUST(pthread_mutex_unlock(&shared->mutex[L])))
LOCKED(shared_rwlock, MUST(pthread_rwlock_wrlock(&shared->rwlock[L])), touch_a(), MUST(pthread_rwlock_unlock(&shared->rwlock[L])),
       MUST(pthread_rwlock_wrlock(&shared->rwlock[L])), touch_b(), MUST(pthread_rwlock_unlock(&shared->rwlock[L])))

/* The racy twin's side A gives something else than side B takes. */
#define INSTEAD(name, give, give_other, provide, take)                                                               \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		touch_a();                                                                                           \
		if (racy)                                                                                            \
			give_other;                                                                                  \
		else                                                                                                 \
			give;                                                                                        \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&a_done, 1);                                                                               \
		if (racy)                                                                                            \
			provide;                                                                                     \
		take;                                                                                                \
		touch_b();                                                                                           \
		return unused;                                                                                       \
	}

INSTEAD(mq_other, SEND(out), SEND(other_queue), SEND(out), RECEIVE(in))
INSTEAD(msg_other, must_be(msgsnd(queue, &message, 1, 0) == 0), must_be(msgsnd(other, &message, 1, 0) == 0),
	must_be(msgsnd(queue, &message, 1, 0) == 0), must_be(msgrcv(queue, &message, 1, 0, 0) == 1))
INSTEAD(sem_other, op(0, 1), op(2, 1), op(0, 1), op(0, -1))

#define LISTED(name, give, take) SIDES(name),

int main(int argc, char **argv)
{
	static const struct scenario list[] = {
		EACH(LISTED) SIDES(shared_mutex), SIDES(shared_rwlock), SIDES(mq_other), SIDES(msg_other), SIDES(sem_other),
	};

	op(1, 1); /* for semop_zero */
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
