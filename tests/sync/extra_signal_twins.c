/* SPDX-License-Identifier: MIT */
/* BUILD: -lrt -lanl */
/*
 * extra_signal_twins.c - each sender of a signal, taken by a call that tells no number; each request whose end is a signal, taken in
 * each way.
 */
#include "twins.h"

#include <aio.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netdb.h>
#include <signal.h>
#include <sys/time.h>

#define TRY(call) MUST((call) == -1 ? errno : 0)

static sigset_t set;
static pthread_t b_self;
static pid_t b_tid;
static struct gate b_ready, b_out;
static timer_t timer, timer_asked;
static mqd_t queue;
static struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
static char bytes[8];
static struct aiocb cb;
static struct aiocb64 cb64;
static struct gaicb gai = { .ar_name = "127.0.0.1" };

static void handle(int number)
{
}

static void __attribute__((constructor)) make(void)
{
	static const int numbers[] = { SIGUSR1, SIGALRM };
	struct sigaction action = { .sa_handler = handle };
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 8 };
	char name[64];

	sigemptyset(&set);
	for (int i = 0; i < 2; i++) {
		sigaddset(&set, numbers[i]);
		sigaction(numbers[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	TRY(timer_create(CLOCK_MONOTONIC, &event, &timer));
	snprintf(name, sizeof(name), "/race-extra-%d", (int)getpid());
	queue = mq_open(name, O_CREAT | O_RDWR, 0600, &attr);
	TRY(queue);
	mq_unlink(name);
	cb.aio_fildes = cb64.aio_fildes = open("/dev/null", O_RDWR);
	cb.aio_buf = cb64.aio_buf = bytes;
	cb.aio_nbytes = cb64.aio_nbytes = 1;
	cb.aio_sigevent = cb64.aio_sigevent = event;
	cb.aio_lio_opcode = cb64.aio_lio_opcode = LIO_WRITE;
}

/* Side A knows side B. */
#define TO_B(name, give, take)                                                                                       \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&b_ready, 1);                                                                              \
		if (!racy)                                                                                           \
			touch_a();                                                                                   \
		give;                                                                                                \
		if (racy)                                                                                            \
			touch_a();                                                                                   \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		b_self = pthread_self();                                                                             \
		b_tid = (pid_t)gettid();                                                                             \
		gate_open(&b_ready);                                                                                 \
		gate_wait(&a_done, 1);                                                                               \
		take;                                                                                                \
		touch_b();                                                                                           \
		return unused;                                                                                       \
	}

static void suspended(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigsuspend(&none);
}

static void waited(void)
{
	int number;

	MUST(sigwait(&set, &number));
}

static void waited_info(void)
{
	siginfo_t info;

	TRY(sigwaitinfo(&set, &info));
}

static void waited_timed(void)
{
	siginfo_t info;

	TRY(sigtimedwait(&set, &info, &(struct timespec){ 100, 0 }));
}

static void timer_set(timer_t t)
{
	static const struct itimerspec soon = { .it_value = { 0, 1000 } };

	TRY(timer_settime(t, 0, &soon, NULL));
}

static void itimer_set(void)
{
	static const struct itimerval soon = { .it_value = { 0, 1000 } };

	TRY(setitimer(ITIMER_REAL, &soon, NULL));
}

static void listed(int wide)
{
	struct aiocb *list[] = { &cb };
	struct aiocb64 *list64[] = { &cb64 };

	cb.aio_sigevent.sigev_notify = cb64.aio_sigevent.sigev_notify = SIGEV_NONE;
	TRY(wide ? lio_listio64(LIO_NOWAIT, list64, 1, &event) : lio_listio(LIO_NOWAIT, list, 1, &event));
}

static void asked(void)
{
	struct gaicb *list[] = { &gai };

	MUST(getaddrinfo_a(GAI_NOWAIT, list, 1, &event));
}

static const union sigval value;

#define EACH(X)                                                                                                      \
	X(killpg, MUST(killpg(0, SIGUSR1)), suspended())                                                             \
	X(sigqueue, MUST(sigqueue(getpid(), SIGUSR1, value)), suspended())                                           \
	X(tgkill, MUST(tgkill(getpid(), b_tid, SIGUSR1)), suspended())                                               \
	X(pthread_sigqueue, MUST(pthread_sigqueue(b_self, SIGUSR1, value)), suspended())                             \
	X(itimer, itimer_set(), suspended())                                                                         \
	X(alarm, alarm(1), suspended())                                                                              \
	X(pthread_kill_timed, MUST(pthread_kill(b_self, SIGUSR1)), waited_timed())                                   \
	X(timer_sigsuspend, timer_set(timer), suspended())                                                           \
	X(timer_sigwaitinfo, timer_set(timer), waited_info())                                                        \
	X(timer_sigtimedwait, timer_set(timer), waited_timed())                                                      \
	X(mq_notify, TRY(mq_notify(queue, &event)), TRY(mq_send(queue, "", 1, 0)); waited())                         \
	X(aio_read, TRY(aio_read(&cb)), waited())                                                                    \
	X(aio_read64, TRY(aio_read64(&cb64)), waited())                                                              \
	X(aio_write, TRY(aio_write(&cb)), waited())                                                                  \
	X(aio_write64, TRY(aio_write64(&cb64)), waited())                                                            \
	X(aio_fsync, TRY(aio_fsync(O_SYNC, &cb)), waited())                                                          \
	X(aio_fsync64, TRY(aio_fsync64(O_SYNC, &cb64)), waited())                                                    \
	X(lio_listio, listed(0), waited())                                                                           \
	X(lio_listio64, listed(1), waited())                                                                         \
	X(getaddrinfo_a, asked(), waited())
EACH(TO_B)

/* A timer is made by side A and set by somebody who knows nothing of that. */
static void *timer_create_a(void *unused)
{
	gate_wait(&b_ready, 1);
	if (!racy)
		touch_a();
	TRY(timer_create(CLOCK_MONOTONIC, &event, &timer_asked));
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *timer_create_b(void *unused)
{
	gate_open(&b_ready);
	gate_wait(&a_done, 1);
	timer_set(timer_asked);
	waited();
	touch_b();
	return unused;
}

/* pause: the signal comes until it has returned. */
#define PAUSED(name, send)                                                                                           \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&b_ready, 1);                                                                              \
		if (!racy)                                                                                           \
			touch_a();                                                                                   \
		while (!__atomic_load_n(&b_out.count, __ATOMIC_ACQUIRE)) {                                           \
			send;                                                                                        \
			sched_yield();                                                                               \
		}                                                                                                    \
		if (racy)                                                                                            \
			touch_a();                                                                                   \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);                                                            \
		gate_open(&b_ready);                                                                                 \
		pause();                                                                                             \
		gate_open(&b_out);                                                                                   \
		gate_wait(&a_done, 1);                                                                               \
		touch_b();                                                                                           \
		return unused;                                                                                       \
	}
PAUSED(pause_kill, MUST(kill(getpid(), SIGUSR1)))
PAUSED(pause_timer, timer_set(timer))

#define LISTED(name, give, take) SIDES(name),

int main(int argc, char **argv)
{
	static const struct scenario list[] = { EACH(LISTED) SIDES(timer_create), SIDES(pause_kill), SIDES(pause_timer) };

	setpgid(0, 0); /* killpg means us alone */
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
