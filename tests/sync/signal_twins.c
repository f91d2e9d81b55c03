/* SPDX-License-Identifier: MIT */
/*
 * signal_twins.c - who sends a signal is ordered before who takes it by a call. All signals used are blocked in all threads.
 */
#include "twins.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/time.h>

#define SIGNAL SIGUSR1

static sigset_t set, alarms;
static int fd, ep;
static pthread_t b_self;
static pid_t b_tid;
static struct gate b_ready, b_out;
static timer_t timer;

static void handle(int number)
{
}

static void __attribute__((constructor)) make(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct sigevent how = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	struct sigaction action = { .sa_handler = handle };

	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	set = alarms;
	sigaddset(&set, SIGNAL);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGVTALRM);
	sigaddset(&set, SIGPROF);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGNAL, &action, NULL);
	fd = signalfd(-1, &set, 0);
	ep = epoll_create1(0);
	if (fd < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) || timer_create(CLOCK_MONOTONIC, &how, &timer))
		abort();
}

static void waited(int how)
{
	siginfo_t info;
	int number, result;

	result = how == 0 ? sigwait(&set, &number) : how == 1 ? sigwaitinfo(&set, &info) < 0 :
							      sigtimedwait(&set, &info, &(struct timespec){ 100, 0 }) < 0;
	if (result)
		abort();
}

static void suspended(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigsuspend(&none);
}

static void read_fd(void)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		abort();
}

static void polled(void)
{
	struct pollfd p = { fd, POLLIN, 0 };

	if (poll(&p, 1, -1) != 1)
		abort();
}

static void epolled(void)
{
	struct epoll_event e;

	if (epoll_wait(ep, &e, 1, -1) != 1)
		abort();
}

static void timer_set(void)
{
	static const struct itimerspec soon = { .it_value = { 0, 1000 } };

	if (timer_settime(timer, 0, &soon, NULL))
		abort();
}

static void itimer_set(int which)
{
	static const struct itimerval soon = { .it_value = { 0, 1000 } };

	if (setitimer(which, &soon, NULL))
		abort();
}

static const union sigval value;

/* HANDOVER in which side A knows side B. */
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

#define EACH(X)                                                                                                      \
	X(kill_sigwait, MUST(kill(getpid(), SIGNAL)), waited(0))                                                     \
	X(kill_sigwaitinfo, MUST(kill(getpid(), SIGNAL)), waited(1))                                                 \
	X(kill_sigtimedwait, MUST(kill(getpid(), SIGNAL)), waited(2))                                                \
	X(killpg, MUST(killpg(0, SIGNAL)), waited(0))                                                                \
	X(sigqueue, MUST(sigqueue(getpid(), SIGNAL, value)), waited(0))                                              \
	X(tgkill, MUST(tgkill(getpid(), b_tid, SIGNAL)), waited(0))                                                  \
	X(pthread_kill, MUST(pthread_kill(b_self, SIGNAL)), waited(0))                                               \
	X(pthread_sigqueue, MUST(pthread_sigqueue(b_self, SIGNAL, value)), waited(1))                                \
	X(kill_signalfd, MUST(kill(getpid(), SIGNAL)), read_fd())                                                    \
	X(pthread_kill_signalfd, MUST(pthread_kill(b_self, SIGNAL)), read_fd())                                      \
	X(kill_poll, MUST(kill(getpid(), SIGNAL)), polled())                                                         \
	X(kill_epoll, MUST(kill(getpid(), SIGNAL)), epolled())                                                       \
	X(pthread_kill_sigsuspend, MUST(pthread_kill(b_self, SIGNAL)), suspended())                                  \
	X(kill_sigsuspend, MUST(kill(getpid(), SIGNAL)), suspended())                                                \
	X(timer, timer_set(), waited(0))                                                                             \
	X(timer_signalfd, timer_set(), read_fd())                                                                    \
	X(itimer, itimer_set(ITIMER_REAL), waited(0))                                                                \
	X(alarm, alarm(1), waited(0))

EACH(TO_B)

/* pause: the signal is sent until it has returned. */
static void *pause_a(void *unused)
{
	gate_wait(&b_ready, 1);
	if (!racy)
		touch_a();
	while (!__atomic_load_n(&b_out.count, __ATOMIC_ACQUIRE)) {
		MUST(pthread_kill(b_self, SIGNAL));
		sched_yield();
	}
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}

static void *pause_b(void *unused)
{
	sigset_t one;

	b_self = pthread_self();
	sigemptyset(&one);
	sigaddset(&one, SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &one, NULL);
	gate_open(&b_ready);
	pause();
	gate_open(&b_out);
	gate_wait(&a_done, 1);
	touch_b();
	return unused;
}

/* Another signal than the one waited for, sent to another thread: no order. */
static void *other_a(void *unused)
{
	gate_wait(&b_ready, 1);
	touch_a();
	MUST(racy ? kill(getpid(), SIGUSR2) : kill(getpid(), SIGALRM));
	gate_open(&a_done);
	return unused;
}

static void *other_b(void *unused)
{
	int number;

	gate_open(&b_ready);
	gate_wait(&a_done, 1);
	if (racy)
		MUST(kill(getpid(), SIGALRM));
	MUST(sigwait(&alarms, &number));
	touch_b();
	return unused;
}

#define LISTED(name, give, take) SIDES(name),

int main(int argc, char **argv)
{
	static const struct scenario list[] = { EACH(LISTED) SIDES(pause), SIDES(other) };

	setpgid(0, 0); /* killpg means us alone */
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
