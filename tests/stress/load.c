/* SPDX-License-Identifier: MIT */
/*
 * load.c - programs that are hard on a preload, one a name: `load NAME`. Each checks itself and prints what it did;
 * none has a data race unless its name says so (then both its sides are touch_a and touch_b).
 */
#include "../e2e/twins.h"

#include <errno.h>
#include <limits.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <ucontext.h>

extern char **environ;
static int stop;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static int stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

static long resident_kb(void)
{
	long pages = 0, ignored;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%ld %ld", &ignored, &pages) != 2)
		abort();
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Runs step(i) n times; what the process grew by after the first fifth must stay below limit_kb. */
static void flat(long n, long limit_kb, void (*step)(long))
{
	long early = 0, late;

	for (long i = 0; i < n; i++) {
		if (i == n / 5)
			early = resident_kb();
		step(i);
	}
	late = resident_kb();
	printf("%ld rounds, %ld KiB at a fifth, %+ld KiB at the end\n", n, early, late - early);
	if (late - early > limit_kb) {
		fprintf(stderr, "memory grew by %ld KiB\n", late - early);
		exit(1);
	}
}

static void own_map(uintptr_t seed)
{
	void *root = NULL;

	for (uintptr_t i = 0; i < 4; i++)
		tsearch((void *)(seed + i + 1), &root, touch_compare);
	for (uintptr_t i = 0; i < 4; i++)
		tdelete((void *)(seed + i + 1), &root, touch_compare);
}

static void locked_map(uintptr_t key)
{
	pthread_mutex_lock(&mutex);
	tsearch((void *)(key % 97 + 10), &touch_root, touch_compare);
	tdelete((void *)(key % 97 + 10), &touch_root, touch_compare);
	pthread_mutex_unlock(&mutex);
}

static void *hammer(void *seed)
{
	for (uintptr_t i = 0; !stopped(); i++) {
		locked_map(i + (uintptr_t)seed);
		own_map(i);
		free(malloc(i % 512));
	}
	return NULL;
}

static void with_hammers(int n, void (*body)(void))
{
	pthread_t t[16];

	for (int i = 0; i < n; i++)
		MUST(pthread_create(&t[i], NULL, hammer, (void *)(intptr_t)(i * 31)));
	body();
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < n; i++)
		MUST(pthread_join(t[i], NULL));
}

static int child_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- processes --------------------------------------------------------------------------------------------------- */

/* A child of a threaded process goes on working: maps, locks of its own, threads, another fork. */
static pthread_mutex_t child_mutex = PTHREAD_MUTEX_INITIALIZER;
static void *child_thread(void *unused)
{
	for (int i = 0; i < 20; i++) {
		pthread_mutex_lock(&child_mutex);
		touch_a();
		pthread_mutex_unlock(&child_mutex);
		own_map(i);
	}
	return unused;
}
static __attribute__((noreturn)) void child_end(int depth)
{
	if (depth) {
		pid_t pid = fork();
		if (pid != 0)
			_exit(child_status(pid));
		touch_a();
	}
	_exit(7);
}
static void child_work(int depth)
{
	pthread_t t[2];

	touch_root = NULL; /* as it was when another thread held the lock: nobody knows */
	setenv("STRESS", "child", 1);
	if (strcmp(getenv("STRESS"), "child"))
		_exit(3);
	for (int i = 0; i < 2; i++)
		MUST(pthread_create(&t[i], NULL, child_thread, NULL));
	for (int i = 0; i < 2; i++)
		MUST(pthread_join(t[i], NULL));
	touch_b();
	child_end(depth);
}
static void forks(void)
{
	for (int i = 0; i < 200; i++) {
		pid_t pid = fork();
		if (pid < 0)
			abort();
		if (pid == 0)
			child_work(i % 8 == 0);
		int status = child_status(pid);
		if (status != 7) {
			fprintf(stderr, "child %d: status %d\n", i, status);
			exit(1);
		}
	}
}
static void run_fork(void)
{
	with_hammers(3, forks);
}

static char *const true_argv[] = { "/bin/true", NULL };
static void vforks(void)
{
	for (int i = 0; i < 50; i++) {
		pid_t pid = vfork();
		if (pid == 0) {
			execv(true_argv[0], true_argv);
			_exit(127);
		}
		if (pid < 0 || child_status(pid))
			exit(1);
		pid = vfork();
		if (pid == 0)
			_exit(9);
		if (pid < 0 || child_status(pid) != 9)
			exit(1);
	}
}
static void run_vfork(void)
{
	with_hammers(2, vforks);
}

static void spawns(void)
{
	for (int i = 0; i < 50; i++) {
		pid_t pid;
		MUST(posix_spawn(&pid, true_argv[0], NULL, NULL, true_argv, environ));
		if (child_status(pid))
			exit(1);
	}
}
static void run_spawn(void)
{
	with_hammers(2, spawns);
}

static void systems(void)
{
	for (int i = 0; i < 30; i++) {
		char line[16] = "";
		if (system("exit 5") >> 8 != 5)
			exit(1);
		FILE *f = popen("echo popen", "r");
		if (!f || !fgets(line, sizeof line, f) || strcmp(line, "popen\n") || pclose(f))
			exit(1);
	}
}
static void run_system(void)
{
	with_hammers(2, systems);
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

static void *short_life(void *number)
{
	locked_map((uintptr_t)number);
	return number;
}
static void one_thread(long i)
{
	pthread_t t;
	void *result;

	MUST(pthread_create(&t, NULL, short_life, (void *)i));
	MUST(pthread_join(t, &result));
	if (result != (void *)i)
		exit(1);
}
static void run_threads_10000(void)
{
	flat(10000, 1024, one_thread);
}
static void run_threads_100000(void)
{
	flat(100000, 1024, one_thread);
}

static void one_detached(long i)
{
	static sem_t done;
	pthread_attr_t attr;
	pthread_t t;

	if (i == 0)
		MUST(sem_init(&done, 0, 0));
	MUST(pthread_attr_init(&attr));
	MUST(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED));
	MUST(pthread_create(&t, &attr, (void *(*)(void *))(void *)sem_post, &done));
	MUST(pthread_attr_destroy(&attr));
	MUST(sem_wait(&done));
	locked_map(i);
}
static void run_threads_detached(void)
{
	flat(10000, 2048, one_detached);
}

static pthread_barrier_t all;
static void *among_500(void *number)
{
	pthread_barrier_wait(&all);
	for (int i = 0; i < 20; i++) {
		locked_map((uintptr_t)number);
		own_map((uintptr_t)number);
	}
	pthread_barrier_wait(&all);
	return NULL;
}
static void run_threads_500(void)
{
	static pthread_t t[500];
	pthread_attr_t attr;

	MUST(pthread_barrier_init(&all, NULL, 500));
	MUST(pthread_attr_init(&attr));
	MUST(pthread_attr_setstacksize(&attr, 128 << 10));
	for (int i = 0; i < 500; i++)
		MUST(pthread_create(&t[i], &attr, among_500, (void *)(intptr_t)i));
	for (int i = 0; i < 500; i++)
		MUST(pthread_join(t[i], NULL));
}

/* More than there are slots for clocks (8,192) are alive over time, a hundred at once. */
static void *one_of_many(void *number)
{
	locked_map((uintptr_t)number);
	return NULL;
}
static void run_threads_waves(void)
{
	pthread_t t[100];

	for (int wave = 0; wave < 100; wave++) {
		for (int i = 0; i < 100; i++)
			MUST(pthread_create(&t[i], NULL, one_of_many, (void *)(intptr_t)i));
		for (int i = 0; i < 100; i++)
			MUST(pthread_join(t[i], NULL));
	}
}

/* The smallest stack there is: 16 KiB, of which the thread's own data takes a part. */
static void tiny(void *(*a)(void *), void *(*b)(void *))
{
	pthread_attr_t attr;
	pthread_t ta, tb;

	MUST(pthread_attr_init(&attr));
	MUST(pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN));
	MUST(pthread_create(&ta, &attr, a, NULL));
	MUST(pthread_create(&tb, &attr, b, NULL));
	MUST(pthread_join(ta, NULL));
	MUST(pthread_join(tb, NULL));
}
static void *tiny_locked(void *unused)
{
	for (int i = 0; i < 1000; i++) {
		locked_map(i);
		own_map(i);
		setenv("TINY", "1", 1);
		getenv("TINY");
	}
	return unused;
}
static pthread_mutex_t env_mutex = PTHREAD_MUTEX_INITIALIZER;
static void *tiny_locked_env(void *unused)
{
	pthread_mutex_lock(&env_mutex);
	tiny_locked(unused);
	pthread_mutex_unlock(&env_mutex);
	return unused;
}
static void run_tiny(void)
{
	tiny(tiny_locked_env, tiny_locked_env);
}
static void *tiny_a(void *unused)
{
	touch_a();
	gate_open(&a_done);
	return unused;
}
static void *tiny_b(void *unused)
{
	gate_wait(&a_done, 1);
	touch_b();
	return unused;
}
static void run_tiny_race(void)
{
	tiny(tiny_a, tiny_b);
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static void one_map(long i)
{
	void **root = malloc(sizeof *root); /* a fresh address as often as the allocator likes */

	*root = NULL;
	tsearch((void *)i, root, touch_compare);
	tdelete((void *)i, root, touch_compare);
	free(root);
}
static void *idle_until_stop(void *unused)
{
	gate_wait(&a_done, 1);
	return unused;
}
static void with_second_thread(void (*body)(void))
{
	pthread_t t;

	MUST(pthread_create(&t, NULL, idle_until_stop, NULL));
	body();
	gate_open(&a_done);
	MUST(pthread_join(t, NULL));
}
static void maps(void)
{
	flat(10000000, 1024, one_map);
}
static void run_maps_10000000(void)
{
	with_second_thread(maps);
}

/* Many alive at a time, each batch at other addresses: sizes grow. */
static void batch(long round)
{
	enum { N = 2000 };
	static void **roots[N];

	for (int i = 0; i < N; i++) {
		roots[i] = malloc(sizeof **roots + 16 * (round % 50));
		*roots[i] = NULL;
		tsearch((void *)1, roots[i], touch_compare);
	}
	for (int i = 0; i < N; i++) {
		tdelete((void *)1, roots[i], touch_compare);
		free(roots[i]);
	}
}
static void batches(void)
{
	flat(500, 4096, batch);
}
static void run_maps_batches(void)
{
	with_second_thread(batches);
}

static void one_lock(long i)
{
	pthread_mutex_t *m = malloc(sizeof *m);

	MUST(pthread_mutex_init(m, NULL));
	MUST(pthread_mutex_lock(m));
	locked_map(i);
	MUST(pthread_mutex_unlock(m));
	if (i & 1)
		MUST(pthread_mutex_destroy(m)); /* the others die with their memory */
	free(m);
}
static void locks(void)
{
	flat(1000000, 1024, one_lock);
}
static void run_locks_1000000(void)
{
	with_second_thread(locks);
}

/* Locks that never die: full tables may miss races but must not invent any, nor stop the program. */
static void run_locks_alive(void)
{
	enum { N = 300000 };
	pthread_mutex_t *m = calloc(N, sizeof *m);
	pthread_t t;

	MUST(pthread_create(&t, NULL, hammer, NULL));
	for (int i = 0; i < N; i++) {
		MUST(pthread_mutex_lock(&m[i]));
		locked_map(i);
		MUST(pthread_mutex_unlock(&m[i]));
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	MUST(pthread_join(t, NULL));
	free(m);
}
static void run_maps_alive(void)
{
	enum { N = 300000 };
	void **roots = calloc(N, sizeof *roots);
	pthread_t t;

	MUST(pthread_create(&t, NULL, hammer, NULL));
	for (int i = 0; i < N; i++)
		tsearch((void *)1, &roots[i], touch_compare);
	for (int i = 0; i < N; i++)
		tdelete((void *)1, &roots[i], touch_compare);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	MUST(pthread_join(t, NULL));
	free(roots);
}

/* ---- signals ----------------------------------------------------------------------------------------------------- */

static sem_t ticks;
static void on_alarm(int signal)
{
	int saved = errno;

	sem_post(&ticks);
	getenv("HOME");
	errno = saved;
}
static void run_signals(void)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	struct itimerspec every = { { 0, 1000000 }, { 0, 1000000 } };
	pthread_t t[2];
	timer_t timer;

	MUST(sem_init(&ticks, 0, 0));
	sigaction(SIGALRM, &action, NULL);
	for (int i = 0; i < 2; i++)
		MUST(pthread_create(&t[i], NULL, hammer, (void *)(intptr_t)i));
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &every, NULL))
		abort();
	for (int i = 0; i < 1000; i++)
		while (sem_wait(&ticks))
			;
	timer_delete(timer);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		MUST(pthread_join(t[i], NULL));
	puts("handled"); /* each handler has posted, and 1000 were waited for */
}

/* ---- leaving a map operation by other doors ---------------------------------------------------------------------- */

static jmp_buf away;
static int jumps_from_compare(const void *a, const void *b)
{
	longjmp(away, 1);
	return 0;
}
static void after_leaving(void)
{
	/* The map is free again: the left operation must not look as if it were still going on. */
	pthread_t t;

	MUST(pthread_create(&t, NULL, short_life, (void *)5));
	MUST(pthread_join(t, NULL));
	pthread_mutex_lock(&mutex);
	touch_a();
	pthread_mutex_unlock(&mutex);
}
static void *long_jumps(void *unused)
{
	for (volatile int i = 0; i < 1000; i++) {
		pthread_mutex_lock(&mutex);
		tsearch((void *)1, &touch_root, touch_compare);
		if (!setjmp(away))
			tsearch((void *)2, &touch_root, jumps_from_compare);
		pthread_mutex_unlock(&mutex);
	}
	after_leaving();
	return unused;
}
static void run_longjmp(void)
{
	pthread_t t, other;

	MUST(pthread_create(&other, NULL, hammer, NULL));
	MUST(pthread_create(&t, NULL, long_jumps, NULL));
	MUST(pthread_join(t, NULL));
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	MUST(pthread_join(other, NULL));
}

static struct gate in_compare;
static __attribute__((noreturn)) int waits_in_compare(const void *a, const void *b)
{
	gate_open(&in_compare);
	for (;;)
		pause(); /* cancelled here */
}
static void unlock_mutex(void *m)
{
	pthread_mutex_unlock(m);
}
static void *cancelled_in_compare(void *unused)
{
	pthread_mutex_lock(&mutex);
	pthread_cleanup_push(unlock_mutex, &mutex);
	tsearch((void *)1, &touch_root, touch_compare);
	tsearch((void *)2, &touch_root, waits_in_compare);
	pthread_cleanup_pop(1);
	return unused;
}
static void run_cancel(void)
{
	for (int i = 0; i < 50; i++) {
		pthread_t t;
		void *result;

		MUST(pthread_create(&t, NULL, cancelled_in_compare, NULL));
		gate_wait(&in_compare, i + 1);
		MUST(pthread_cancel(t));
		MUST(pthread_join(t, &result));
		if (result != PTHREAD_CANCELED)
			exit(1);
		after_leaving();
	}
}

/* Coroutines on stacks of their own, two in each of two threads, switching in the middle of map operations. */
struct coroutines {
	ucontext_t home, one, two;
	void *root_one, *root_two;
	char stack[2][64 << 10];
	int left;
};
static __thread struct coroutines *co;
static int switching_one(const void *a, const void *b)
{
	swapcontext(&co->one, &co->two);
	return touch_compare(a, b);
}
static int switching_two(const void *a, const void *b)
{
	swapcontext(&co->two, &co->one);
	return touch_compare(a, b);
}
static void coroutine_one(void)
{
	for (uintptr_t i = 0; i < 200; i++)
		tsearch((void *)(i % 50 + 1), &co->root_one, switching_one);
	co->left--;
	swapcontext(&co->one, co->left ? &co->two : &co->home);
}
static void coroutine_two(void)
{
	for (uintptr_t i = 0; i < 200; i++)
		tsearch((void *)(i % 50 + 1), &co->root_two, switching_two);
	co->left--;
	swapcontext(&co->two, co->left ? &co->one : &co->home);
}
static void *runs_coroutines(void *unused)
{
	struct coroutines *c = calloc(1, sizeof *c);

	co = c;
	c->left = 2;
	getcontext(&c->one);
	c->one.uc_stack.ss_sp = c->stack[0];
	c->one.uc_stack.ss_size = sizeof c->stack[0];
	makecontext(&c->one, coroutine_one, 0);
	getcontext(&c->two);
	c->two.uc_stack.ss_sp = c->stack[1];
	c->two.uc_stack.ss_size = sizeof c->stack[1];
	makecontext(&c->two, coroutine_two, 0);
	swapcontext(&c->home, &c->one);
	tdestroy(c->root_one, (void (*)(void *))(void *)touch_compare);
	tdestroy(c->root_two, (void (*)(void *))(void *)touch_compare);
	free(c);
	return unused;
}
static void run_coroutines(void)
{
	for (int i = 0; i < 20; i++) {
		pthread_t t[2];
		for (int k = 0; k < 2; k++)
			MUST(pthread_create(&t[k], NULL, runs_coroutines, NULL));
		for (int k = 0; k < 2; k++)
			MUST(pthread_join(t[k], NULL));
	}
}

/* ---- the plain race, for the hostile surroundings ---------------------------------------------------------------- */

static void run_race(void)
{
	static const struct scenario s = { "race", tiny_a, tiny_b };

	run_sides(&s);
}
static void run_hammer(void)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		MUST(pthread_create(&t[i], NULL, child_thread, NULL));
	for (int i = 0; i < 4; i++)
		MUST(pthread_join(t[i], NULL));
}

static const struct {
	const char *name;
	void (*run)(void);
} list[] = {
#define RUN(name) { #name, run_##name }
	RUN(fork), RUN(vfork), RUN(spawn), RUN(system), RUN(threads_10000), RUN(threads_100000), RUN(threads_detached),
	RUN(threads_500), RUN(threads_waves), RUN(tiny), RUN(tiny_race), RUN(maps_10000000), RUN(maps_batches),
		RUN(locks_1000000),
	RUN(locks_alive), RUN(maps_alive), RUN(signals), RUN(longjmp), RUN(cancel), RUN(coroutines), RUN(race),
		RUN(hammer),
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		if (argc == 2 && !strcmp(argv[1], list[i].name)) {
			list[i].run();
			puts("done");
			return 0;
		}
	return 2;
}
