/* SPDX-License-Identifier: MIT */
/*
 * actions.c - one program, many small lives to be recorded: `actions WHAT [N]`. What it measures of itself it prints on stdout.
 */
#include <glib.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../include/librace.h"
#include "../e2e/gate.h"

static char map_a, map_b;
static struct gate go, ready;
static GHashTable *table;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long number;

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* Time passes for this thread alone, by its own clock: it waits for nobody. */
static void spend(long long ns)
{
	for (long long until = now() + ns; now() < until;)
		;
}

/* ---- two operations with a known distance ------------------------------------------------------------------------------ */

struct span {
	long long before_begin, after_begin, before_end, after_end;
};
static struct span spans[2];

static void operation(struct span *s, void (*inside)(void))
{
	s->before_begin = now();
	race_insert_begin(&map_a);
	s->after_begin = now();
	inside();
	s->before_end = now();
	race_insert_end(&map_a);
	s->after_end = now();
}

static void nothing(void)
{
}

static void meet(void)
{
	gate_open(&go);
	gate_wait(&ready, 1); /* the other one is inside */
	spend(2000000);
}

static void stay(void)
{
	gate_open(&ready);
	spend(1000000);
}

static void *second(void *overlap)
{
	gate_wait(&go, 1);
	if (!overlap)
		spend(2000000);
	operation(&spans[1], overlap ? stay : nothing);
	return NULL;
}

/* Before they meet, both of them and the clock have been used: first times are slow. */
static int two(int overlap)
{
	pthread_t t;

	race_map_create(&map_a, "shared table", RACE_UNSAFE);
	race_label(&map_a, "sessions");
	pthread_create(&t, NULL, second, overlap ? &map_a : NULL);
	operation(&spans[0], overlap ? meet : nothing);
	if (!overlap)
		gate_open(&go);
	pthread_join(t, NULL);
	for (int i = 0; i < 2; i++)
		printf("%lld %lld %lld %lld\n", spans[i].before_begin, spans[i].after_begin, spans[i].before_end, spans[i].after_end);
	return 0;
}

/* ---- counts --------------------------------------------------------------------------------------------------------------- */

static void *count_in(void *unused)
{
	for (long i = 0; i < number; i++) {
		pthread_mutex_lock(&mutex);
		g_hash_table_insert(table, GINT_TO_POINTER(i + 1), &map_a);
		pthread_mutex_unlock(&mutex);
		pthread_mutex_lock(&mutex);
		g_hash_table_lookup(table, GINT_TO_POINTER(i + 1));
		pthread_mutex_unlock(&mutex);
	}
	return unused;
}

static int count(int threads)
{
	pthread_t t[threads];

	table = g_hash_table_new(NULL, NULL);
	race_label(table, "counted");
	for (int i = 0; i < threads; i++)
		pthread_create(&t[i], NULL, count_in, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	printf("%u entries\n", g_hash_table_size(table));
	g_hash_table_destroy(table);
	return 0;
}

/* ---- growth, slowness, waiting -------------------------------------------------------------------------------------------- */

static int grow(void)
{
	GHashTable *steady = g_hash_table_new(NULL, NULL), *leaky = g_hash_table_new(NULL, NULL);

	race_label(steady, "steady");
	race_label(leaky, "leaky");
	for (long i = 0; i < number; i++) {
		g_hash_table_insert(steady, GINT_TO_POINTER(i % 5 + 1), &map_a);
		g_hash_table_insert(leaky, GINT_TO_POINTER(i + 1), &map_a);
		if (i % 5 == 4)
			g_hash_table_remove(steady, GINT_TO_POINTER(i % 5 + 1));
	}
	g_hash_table_destroy(steady);
	g_hash_table_destroy(leaky);
	return 0;
}

static int churn(void)
{
	for (int i = 0; i < 200; i++) {
		GHashTable *t = g_hash_table_new(NULL, NULL);

		g_hash_table_insert(t, &map_a, &map_a);
		g_hash_table_destroy(t);
	}
	return 0;
}

static gboolean slow_equal(gconstpointer a, gconstpointer b)
{
	spend(10000000);
	return a == b;
}

static guint same_hash(gconstpointer a)
{
	(void)a;
	return 1;
}

static int slow(void)
{
	GHashTable *t = g_hash_table_new(same_hash, slow_equal);

	race_label(t, "slow one");
	g_hash_table_insert(t, &map_a, &map_a);
	pthread_mutex_lock(&mutex);
	g_hash_table_lookup(t, &map_b); /* asks slow_equal once */
	pthread_mutex_unlock(&mutex);
	g_hash_table_destroy(t);
	return 0;
}

static long long waited_for; /* so long at least the other one waited */

static void *holder(void *unused)
{
	long long from;

	pthread_mutex_lock(&mutex);
	g_hash_table_insert(table, &map_b, &map_b);
	gate_open(&go);
	do {
		from = now(); /* a loop that does nothing would be a mark of an order that cannot be seen */
	} while (__atomic_load_n(&mutex.__data.__lock, __ATOMIC_RELAXED) != 2); /* until somebody waits for it, as glibc writes that down */
	spend(5000000);
	waited_for = now() - from;
	pthread_mutex_unlock(&mutex);
	return unused;
}

static int wait_for_lock(void)
{
	long long from, to;
	pthread_t t;

	table = g_hash_table_new(NULL, NULL);
	race_label(table, "fought for");
	pthread_create(&t, NULL, holder, NULL);
	gate_wait(&go, 1);
	from = now();
	pthread_mutex_lock(&mutex);
	to = now();
	g_hash_table_insert(table, &map_a, &map_a);
	pthread_mutex_unlock(&mutex);
	g_hash_table_lookup(table, &map_a);
	pthread_join(t, NULL);
	g_hash_table_destroy(table);
	printf("%lld %lld\n", waited_for, to - from);
	return 0;
}

/* ---- the life of a process -------------------------------------------------------------------------------------------------- */

static void *one_operation(void *unused)
{
	race_read_begin(&map_b);
	race_read_end(&map_b);
	return unused;
}

static int many(void)
{
	pthread_attr_t a;
	pthread_t *t = calloc((size_t)number, sizeof(*t));

	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 16384);
	for (long i = 0; i < number; i++) {
		if (pthread_create(&t[i], &a, one_operation, NULL))
			return 3;
	}
	for (long i = 0; i < number; i++)
		pthread_join(t[i], NULL);
	free(t);
	return 0;
}

static int in_fork(void)
{
	int status;
	pid_t child;

	one_operation(NULL);
	child = fork();
	if (child == 0) {
		for (int i = 0; i < 7; i++)
			one_operation(NULL);
		_exit(0);
	}
	waitpid(child, &status, 0);
	child = fork();
	if (child == 0) /* does nothing that is recorded */
		_exit(0);
	waitpid(child, &status, 0);
	printf("%d\n", status);
	return 0;
}

static void handler(int sig)
{
	(void)sig;
	one_operation(NULL);
}

static int signals(void)
{
	struct itimerval every = { { 0, 200 }, { 0, 200 } };
	struct sigaction a = { .sa_handler = handler, .sa_flags = SA_RESTART };

	sigaction(SIGALRM, &a, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	for (long long until = now() + 100000000, n = 0; now() < until || n < 1000; n++)
		one_operation(NULL);
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 0 } }, NULL);
	return 0;
}

static int file_limit(void)
{
	struct rlimit small = { 300000, 300000 };

	setrlimit(RLIMIT_FSIZE, &small);
	for (int i = 0; i < 100000; i++)
		one_operation(NULL);
	puts("alive");
	return 0;
}

static void leave(int signal)
{
	(void)signal;
	_exit(7);
}

/* The signal comes at any place, also where librace holds a lock. */
__attribute__((noreturn)) static int leave_in_handler(void)
{
	struct itimerval once = { { 0, 0 }, { 0, number } };

	signal(SIGALRM, leave);
	setitimer(ITIMER_REAL, &once, NULL);
	for (;;)
		one_operation(NULL);
}

/* Only what the program itself needs is allowed from here on; all else kills. */
static int sandbox(int operations_before)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpid, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	for (int i = 0; i < operations_before; i++)
		one_operation(NULL);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0))
		return 77;
	for (int i = 0; i < 100000; i++)
		one_operation(NULL);
	if (write(1, "alive\n", 6) != 6)
		return 3;
	_exit(4);
}

static int close_all(void)
{
	one_operation(NULL);
	closefrom(3);
	for (int i = 0; i < 20000; i++)
		one_operation(NULL);
	printf("%d\n", dup(1)); /* nothing of librace's lies in the way */
	return 0;
}

static int pipes(void)
{
	char buffer[16];
	int fds[2];

	one_operation(NULL); /* the file is made for this one */
	if (pipe(fds) || write(fds[1], "hello", 5) != 5 || read(fds[0], buffer, sizeof(buffer)) != 5)
		return 3;
	race_context("req=71");
	one_operation(NULL);
	race_context(NULL);
	return 0;
}

static int bracket(void)
{
	one_operation(NULL);
	race_trace_start();
	for (int i = 0; i < 3; i++)
		one_operation(NULL);
	race_trace_stop();
	one_operation(NULL);
	race_trace_start();
	one_operation(NULL);
	race_trace_stop();
	one_operation(NULL);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	number = argc > 2 ? atol(argv[2]) : 100;
	if (!strcmp(what, "overlap") || !strcmp(what, "gap"))
		return two(what[0] == 'o');
	if (!strcmp(what, "count"))
		return count(3);
	if (!strcmp(what, "grow"))
		return grow();
	if (!strcmp(what, "churn"))
		return churn();
	if (!strcmp(what, "slow"))
		return slow();
	if (!strcmp(what, "wait"))
		return wait_for_lock();
	if (!strcmp(what, "many"))
		return many();
	if (!strcmp(what, "fork"))
		return in_fork();
	if (!strcmp(what, "signals"))
		return signals();
	if (!strcmp(what, "limit"))
		return file_limit();
	if (!strcmp(what, "leave"))
		return leave_in_handler();
	if (!strcmp(what, "sandbox"))
		return sandbox((int)number);
	if (!strcmp(what, "closes"))
		return close_all();
	if (!strcmp(what, "pipes"))
		return pipes();
	if (!strcmp(what, "bracket"))
		return bracket();
	if (!strcmp(what, "ops")) {
		for (long i = 0; i < number; i++)
			one_operation(NULL);
		puts("done");
		return 5;
	}
	if (!strcmp(what, "exec")) {
		one_operation(NULL);
		execl(argv[0], argv[0], "ops", argv[2], (char *)NULL);
		return 3;
	}
	if (!strcmp(what, "crash")) {
		one_operation(NULL);
		race_insert_begin(&map_a);
		raise(SIGSEGV);
	}
	if (!strcmp(what, "server")) {
		one_operation(NULL);
		puts("up");
		fflush(stdout);
		for (;;)
			pause();
	}
	return 2;
}
