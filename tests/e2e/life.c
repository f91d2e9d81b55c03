/* SPDX-License-Identifier: MIT */
/*
 * life.c - a program that does what its arguments say, one after another: race, then end in every way a program can.
 *
 *   race            touch_a, then touch_b in another thread, unordered         again     the same pair on a second map, b first
 *   repeat=N        the pair N times over                                      many=N    N different pairs, on N maps
 *   clean           the pair, ordered by join                                  through   the pair, called by libthrough.so
 *   crash           touch_b's thread gets SIGSEGV as soon as touch_b returns
 *   crash_ms=N      another thread raises SIGSEGV N ms after touch_b was called
 *   crash_at=PATH   another thread raises SIGSEGV as soon as there is a file PATH.PID
 *   fork=WORD,...   a child does that; its status is printed                   text      printf without a flush
 *   atexit at_quick_exit close=FD closefrom=FD chdir=DIR name=NAME open=FILE (and write to it at the end)
 *   watch_children no_children: counts SIGCHLD, and says whether there is any child to wait for
 *   exit=N _exit=N _Exit=N quick_exit=N return=N pthread_exit last_thread=N abort kill=N
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gate.h"
#include "touch.h"

extern void through(const void *key, void **root, int (*compare)(const void *, const void *));

static int *volatile nowhere; /* NULL; the compiler does not know */
static struct gate turn;
static void *second_root;
static const char *thread_name;

static void start(pthread_t *t, void *(*run)(void *), void *arg)
{
	if (pthread_create(t, NULL, run, arg))
		abort();
}

static void both(void *(*a)(void *), void *(*b)(void *), void *arg)
{
	pthread_t ta, tb;

	turn.count = 0;
	start(&ta, a, arg);
	start(&tb, b, arg);
	pthread_join(ta, NULL);
	pthread_join(tb, NULL);
}

/* ---- the pair ---------------------------------------------------------------------------------------------------- */

struct plan {
	int rounds;
	int b_first_in_last; /* in the last round b comes first, on the second map */
	int crash_ms;        /* > 0: see crasher */
	const char *crash_at;
	int crash;
	int call_through;
};

static void **root_of_round(const struct plan *p, int round)
{
	return p->b_first_in_last && round == p->rounds - 1 ? &second_root : &touch_root;
}

static __attribute__((noinline, noclone)) void site_a(void **root, uintptr_t key)
{
	tsearch((void *)key, root, touch_compare);
	KEEP(site_a);
}

static __attribute__((noinline, noclone)) void site_b(void **root, uintptr_t key)
{
	tsearch((void *)key, root, touch_compare);
	KEEP(site_b);
}

static void *side_a(void *arg)
{
	const struct plan *p = arg;

	if (thread_name)
		pthread_setname_np(pthread_self(), thread_name);
	for (int i = 0; i < p->rounds; i++) {
		int second = p->b_first_in_last && i == p->rounds - 1;

		gate_wait(&turn, 2 * i + second);
		if (p->call_through)
			through((void *)1, &touch_root, touch_compare);
		else
			site_a(root_of_round(p, i), 1);
		gate_open(&turn);
		gate_wait(&turn, 2 * i + 2);
	}
	return NULL;
}

static struct gate crash_now;
static void *side_b(void *arg)
{
	const struct plan *p = arg;

	for (int i = 0; i < p->rounds; i++) {
		int second = !(p->b_first_in_last && i == p->rounds - 1);

		gate_wait(&turn, 2 * i + second);
		if (p->crash_ms || p->crash_at)
			gate_open(&crash_now);
		if (p->call_through)
			through((void *)2, &touch_root, touch_compare);
		else
			site_b(root_of_round(p, i), 2);
		if (p->crash)
			*nowhere = 1;
		gate_open(&turn);
		gate_wait(&turn, 2 * i + 2);
	}
	return NULL;
}

static void *crasher(void *arg)
{
	const struct plan *p = arg;
	struct timespec now, end;
	char path[4096];

	gate_wait(&crash_now, 1);
	if (p->crash_at) {
		snprintf(path, sizeof path, "%s.%d", p->crash_at, (int)getpid());
		while (access(path, F_OK))
			sched_yield();
		*nowhere = 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += p->crash_ms * 1000000L;
	end.tv_sec += end.tv_nsec / 1000000000L;
	end.tv_nsec %= 1000000000L;
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while (now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
	*nowhere = 1;
	return NULL;
}

static void run_plan(struct plan p)
{
	pthread_t t;

	if (p.crash_ms || p.crash_at)
		start(&t, crasher, &p);
	both(side_a, side_b, &p);
	if (p.crash_ms || p.crash_at)
		pthread_join(t, NULL);
}

/* ---- many pairs -------------------------------------------------------------------------------------------------- */

#define SITE(n)                                                                                                      \
	static __attribute__((noinline)) void site##n(void **root, uintptr_t key)                                    \
	{                                                                                                            \
		tsearch((void *)(key + n), root, touch_compare);                                                     \
		__asm__ volatile("/* %0 */" ::"i"(n) : "memory");                                                                                       \
	}
SITE(0) SITE(1) SITE(2) SITE(3) SITE(4) SITE(5) SITE(6) SITE(7)
static void (*const sites[8])(void **, uintptr_t) = { site0, site1, site2, site3, site4, site5, site6, site7 };
static void *many_roots[8];

static void *many_a(void *n)
{
	for (intptr_t i = 0; i < (intptr_t)n; i++)
		sites[i](&many_roots[i], 100);
	gate_open(&turn);
	return NULL;
}

static void *many_b(void *n)
{
	gate_wait(&turn, 1);
	for (intptr_t i = 0; i < (intptr_t)n; i++)
		sites[i](&many_roots[i], 200);
	return NULL;
}

static void *clean_side(void *unused)
{
	touch_a();
	return unused;
}

/* ---- ends -------------------------------------------------------------------------------------------------------- */

static void handler(void)
{
	printf("handler ran\n");
}

static void quick_handler(void)
{
	if (write(1, "quick handler ran\n", 18) < 0)
		abort();
}

static void *ends_last(void *main_thread)
{
	pthread_join(*(pthread_t *)main_thread, NULL); /* main has called pthread_exit and is gone */
	return NULL;
}

static volatile int child_signals;

static void on_child(int number)
{
	child_signals++;
}

static int act(char *word);

static void fork_child(char *words)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		char *save = NULL;
		for (char *w = strtok_r(words, ",", &save); w; w = strtok_r(NULL, ",", &save))
			if (act(w))
				_exit(99);
		exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		abort();
	if (WIFSIGNALED(status))
		printf("child %d: signal %d\n", (int)pid, WTERMSIG(status));
	else
		printf("child %d: status %d\n", (int)pid, WEXITSTATUS(status));
}

static int is(char *word, const char *name, char **value)
{
	size_t n = strlen(name);

	if (strncmp(word, name, n) || (word[n] && word[n] != '='))
		return 0;
	*value = word[n] ? word + n + 1 : word + n;
	return 1;
}

static int opened = -1;
static pthread_t main_thread;
static int return_status = -1;

/* 1: the word is not known. */
static int act(char *word)
{
	char *v;

	if (is(word, "race", &v)) {
		run_plan((struct plan){ .rounds = 1 });
	} else if (is(word, "again", &v)) {
		run_plan((struct plan){ .rounds = 2, .b_first_in_last = 1 });
	} else if (is(word, "repeat", &v)) {
		run_plan((struct plan){ .rounds = atoi(v) });
	} else if (is(word, "through", &v)) {
		run_plan((struct plan){ .rounds = 1, .call_through = 1 });
	} else if (is(word, "crash", &v)) {
		run_plan((struct plan){ .rounds = 1, .crash = 1 });
	} else if (is(word, "crash_ms", &v)) {
		run_plan((struct plan){ .rounds = 1, .crash_ms = atoi(v) });
	} else if (is(word, "crash_at", &v)) {
		run_plan((struct plan){ .rounds = 1, .crash_at = v });
	} else if (is(word, "many", &v)) {
		both(many_a, many_b, (void *)(intptr_t)atoi(v));
	} else if (is(word, "clean", &v)) {
		pthread_t t;
		start(&t, clean_side, NULL);
		pthread_join(t, NULL);
		touch_b();
	} else if (is(word, "fork", &v)) {
		fork_child(v);
	} else if (is(word, "watch_children", &v)) {
		signal(SIGCHLD, on_child);
	} else if (is(word, "no_children", &v)) {
		printf("%d signals, wait: %s\n", child_signals, waitpid(-1, NULL,
			WNOHANG) < 0 && errno == ECHILD ? "none" : "a child");
	} else if (is(word, "text", &v)) {
		printf("buffered\n");
	} else if (is(word, "atexit", &v)) {
		atexit(handler);
	} else if (is(word, "at_quick_exit", &v)) {
		at_quick_exit(quick_handler);
	} else if (is(word, "close", &v)) {
		close(atoi(v));
	} else if (is(word, "closefrom", &v)) {
		closefrom(atoi(v));
	} else if (is(word, "open", &v)) {
		opened = open(v, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (opened < 0)
			abort();
	} else if (is(word, "write", &v)) {
		if (write(opened, "host\n", 5) != 5)
			abort();
	} else if (is(word, "chdir", &v)) {
		if (chdir(v))
			abort();
	} else if (is(word, "name", &v)) {
		thread_name = v;
	} else if (is(word, "exit", &v)) {
		exit(atoi(v));
	} else if (is(word, "_exit", &v)) {
		_exit(atoi(v));
	} else if (is(word, "_Exit", &v)) {
		_Exit(atoi(v));
	} else if (is(word, "quick_exit", &v)) {
		quick_exit(atoi(v));
	} else if (is(word, "return", &v)) {
		return_status = atoi(v);
	} else if (is(word, "pthread_exit", &v)) {
		pthread_exit(NULL);
	} else if (is(word, "last_thread", &v)) {
		pthread_t t;
		main_thread = pthread_self();
		start(&t, ends_last, &main_thread);
		pthread_detach(t);
		pthread_exit(NULL);
	} else if (is(word, "abort", &v)) {
		abort();
	} else if (is(word, "kill", &v)) {
		kill(getpid(), atoi(v));
	} else {
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (act(argv[i])) {
			fprintf(stderr, "life: what is %s?\n", argv[i]);
			return 99;
		}
		if (return_status >= 0)
			return return_status;
	}
	return 0;
}
