/* SPDX-License-Identifier: MIT */
/*
 * micro.c - what single calls cost, in ns, without and with the preload: `micro LIBRACE.so [ROUNDS]`.
 *
 * The program runs itself in turn without and with LD_PRELOAD (`micro -` is one such run: `NAME<tab>NS` lines) and
 * prints medians. CPU time of the thread that calls, of the process where threads are created. Calls are made by a
 * second thread, never by main, so that nothing is left out for the process being single-threaded.
 */
#include <glib.h>
#include <search.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <pthread.h>

#ifdef __clang__
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noinline, noclone))
#endif
#define MANY 4096
#define SLICES 3
#define SLICE_NS 4e6

static GHashTable *table, *many[MANY];
static GTree *tree;
static void *root;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, mutex2 = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t sem;
static GMutex gmutex;
static GRWLock grwlock;
static volatile uintptr_t sink;

#define KEY(i) GUINT_TO_POINTER(((unsigned)(i) * 37 & 63) + 1)
#define LOOP(name, body)                                                                                             \
	static NOINLINE void name(long n)                                                                            \
	{                                                                                                            \
		for (long i = 0; i < n; i++) {                                                                       \
			body;                                                                                        \
		}                                                                                                    \
	}

LOOP(lookup, sink = (uintptr_t)g_hash_table_lookup(table, KEY(i)))
LOOP(lookup_many, sink = (uintptr_t)g_hash_table_lookup(many[i * 2654435761u % MANY], KEY(i)))
LOOP(insert, g_hash_table_insert(table, KEY(i), KEY(i)))
LOOP(insert_remove, g_hash_table_insert(table, &mutex, &mutex); g_hash_table_remove(table, &mutex))
LOOP(size, sink = g_hash_table_size(table))
#define LOOKUP (sink = (uintptr_t)g_hash_table_lookup(table, KEY(i)))
#define LOCKED(m, what) pthread_mutex_lock(&m); what; pthread_mutex_unlock(&m)
LOOP(locked_lookup, LOCKED(mutex, LOOKUP))
LOOP(locked_insert, LOCKED(mutex, g_hash_table_insert(table, KEY(i), KEY(i))))
/* another lock each time: what the engine knows of the lock given last does not help */
LOOP(locked_in_turn, if (i & 1) { LOCKED(mutex, LOOKUP); } else { LOCKED(mutex2, LOOKUP); })
LOOP(locked_twice, LOCKED(mutex2, LOCKED(mutex, LOOKUP)))
LOOP(gmutex_lookup, g_mutex_lock(&gmutex); LOOKUP; g_mutex_unlock(&gmutex))
LOOP(rdlocked_lookup, pthread_rwlock_rdlock(&rwlock); LOOKUP; pthread_rwlock_unlock(&rwlock))
LOOP(tree_lookup, sink = (uintptr_t)g_tree_lookup(tree, KEY(i)))
LOOP(environment, sink = (uintptr_t)getenv("HOME"))
LOOP(table_life, GHashTable *t = g_hash_table_new(NULL, NULL); g_hash_table_insert(t, t, t); g_hash_table_destroy(t))
LOOP(mutex_pair, pthread_mutex_lock(&mutex); pthread_mutex_unlock(&mutex))
LOOP(trylock_pair, pthread_mutex_trylock(&mutex); pthread_mutex_unlock(&mutex))
LOOP(rd_pair, pthread_rwlock_rdlock(&rwlock); pthread_rwlock_unlock(&rwlock))
LOOP(wr_pair, pthread_rwlock_wrlock(&rwlock); pthread_rwlock_unlock(&rwlock))
LOOP(spin_pair, pthread_spin_lock(&spin); pthread_spin_unlock(&spin))
LOOP(gmutex_pair, g_mutex_lock(&gmutex); g_mutex_unlock(&gmutex))
LOOP(grw_pair, g_rw_lock_reader_lock(&grwlock); g_rw_lock_reader_unlock(&grwlock))
LOOP(sem_pair, sem_post(&sem); sem_wait(&sem))
LOOP(signal_none, pthread_cond_signal(&cond))
static void nothing(void)
{
}
LOOP(once_again, pthread_once(&once, nothing))
LOOP(malloc_small, void *p = malloc(32); sink = (uintptr_t)p; free(p))
LOOP(malloc_page, void *p = malloc(4096); sink = (uintptr_t)p; free(p))
LOOP(calloc_small, void *p = calloc(1, 64); sink = (uintptr_t)p; free(p))
LOOP(realloc_grow, void *p = malloc(32); p = realloc(p, 400); sink = (uintptr_t)p; free(p))

static NOINLINE void malloc_held(long n)
{
	static void *held[1024];

	for (long i = 0; i < n; i++) {
		void **p = &held[i * 2654435761u % 1024];

		free(*p);
		*p = malloc(16 + (size_t)(i & 255));
	}
}

static NOINLINE void iterate(long n)
{
	GHashTableIter it;
	gpointer k, v;

	for (long i = 0; i < n;) {
		g_hash_table_iter_init(&it, table);
		for (; i < n && g_hash_table_iter_next(&it, &k, &v); i++)
			sink = (uintptr_t)v;
	}
}

static int by_address(const void *a, const void *b)
{
	return a < b ? -1 : a > b;
}
LOOP(tree_find, sink = (uintptr_t)tfind(KEY(i), &root, by_address))

static void *empty_thread(void *arg)
{
	return arg;
}
LOOP(thread_life, pthread_t id; if (pthread_create(&id, NULL, empty_thread, NULL)) abort(); pthread_join(id, NULL))

static const struct item {
	const char *name;
	void (*run)(long n);
	unsigned depth;
	int process; /* CPU of the whole process */
} items[] = {
	{ "g_hash_table_lookup, same epoch", lookup, 5, 0 },
	{ "g_hash_table_lookup, same epoch, depth 40", lookup, 40, 0 },
	{ "g_hash_table_lookup, same epoch, 4096 tables", lookup_many, 5, 0 },
	{ "g_hash_table_insert of a present key, same epoch", insert, 5, 0 },
	{ "g_hash_table_insert + remove, same epoch", insert_remove, 5, 0 },
	{ "g_hash_table_size, same epoch", size, 5, 0 },
	{ "g_hash_table_iter_next", iterate, 5, 0 },
	{ "g_tree_lookup, same epoch", tree_lookup, 5, 0 },
	{ "tfind, same epoch", tree_find, 5, 0 },
	{ "getenv, same epoch", environment, 5, 0 },
	{ "mutex lock + lookup + unlock, depth 5", locked_lookup, 5, 0 },
	{ "mutex lock + lookup + unlock, depth 20", locked_lookup, 20, 0 },
	{ "mutex lock + lookup + unlock, depth 40", locked_lookup, 40, 0 },
	{ "mutex lock + insert + unlock, depth 5", locked_insert, 5, 0 },
	{ "two mutexes in turn, lock + lookup + unlock, depth 5", locked_in_turn, 5, 0 },
	{ "two mutexes in turn, lock + lookup + unlock, depth 20", locked_in_turn, 20, 0 },
	{ "two mutexes in turn, lock + lookup + unlock, depth 40", locked_in_turn, 40, 0 },
	{ "two mutexes, one inside the other, + lookup, depth 5", locked_twice, 5, 0 },
	{ "GMutex lock + lookup + unlock, depth 5", gmutex_lookup, 5, 0 },
	{ "rwlock rdlock + lookup + unlock, depth 5", rdlocked_lookup, 5, 0 },
	{ "pthread_mutex lock + unlock", mutex_pair, 5, 0 },
	{ "pthread_mutex trylock + unlock", trylock_pair, 5, 0 },
	{ "pthread_rwlock rdlock + unlock", rd_pair, 5, 0 },
	{ "pthread_rwlock wrlock + unlock", wr_pair, 5, 0 },
	{ "pthread_spin lock + unlock", spin_pair, 5, 0 },
	{ "GMutex lock + unlock", gmutex_pair, 5, 0 },
	{ "GRWLock reader lock + unlock", grw_pair, 5, 0 },
	{ "sem_post + sem_wait", sem_pair, 5, 0 },
	{ "pthread_cond_signal, nobody waits", signal_none, 5, 0 },
	{ "pthread_once, done", once_again, 5, 0 },
	{ "malloc(32) + free", malloc_small, 5, 0 },
	{ "malloc(4096) + free", malloc_page, 5, 0 },
	{ "malloc + free, 1024 alive", malloc_held, 5, 0 },
	{ "calloc(1, 64) + free", calloc_small, 5, 0 },
	{ "malloc + realloc + free", realloc_grow, 5, 0 },
	{ "g_hash_table_new + insert + destroy", table_life, 5, 0 },
	{ "pthread_create + pthread_join", thread_life, 5, 1 },
};
#define ITEMS (sizeof(items) / sizeof(items[0]))

static double now(const struct item *item)
{
	struct timespec t;

	clock_gettime(item->process ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double measure(const struct item *item)
{
	double slice[SLICES];
	long n = 16;

	for (;;) {
		double from = now(item), took;

		item->run(n);
		took = now(item) - from;
		if (took > SLICE_NS / 4) {
			n = (long)((double)n * SLICE_NS / took) + 1;
			break;
		}
		n *= 4;
	}
	for (int i = 0; i < SLICES; i++) {
		double from = now(item);

		item->run(n);
		slice[i] = (now(item) - from) / (double)n;
	}
	qsort(slice, SLICES, sizeof(slice[0]), by_value);
	return slice[SLICES / 2];
}

static NOINLINE double descend(const struct item *item, unsigned frames)
{
	double ns = frames ? descend(item, frames - 1) : measure(item);

	__asm__ volatile("" ::: "memory");
	return ns;
}

static void *measure_all(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < ITEMS; i++) /* this frame, descend(0), measure and the loop are four of the depth */
		printf("%s\t%.3f\n", items[i].name, descend(&items[i], items[i].depth > 4 ? items[i].depth - 4 : 0));
	return NULL;
}

static gint compare(gconstpointer a, gconstpointer b)
{
	return a < b ? -1 : a > b;
}

static int one_run(void)
{
	pthread_t id;

	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	sem_init(&sem, 0, 0);
	pthread_once(&once, nothing);
	table = g_hash_table_new(NULL, NULL);
	tree = g_tree_new(compare);
	for (int i = 0; i < 64; i++) {
		g_hash_table_insert(table, KEY(i), KEY(i));
		g_tree_insert(tree, KEY(i), KEY(i));
		if (!tsearch(KEY(i), &root, by_address))
			return 2;
	}
	for (int i = 0; i < MANY; i++) {
		many[i] = g_hash_table_new(NULL, NULL);
		g_hash_table_insert(many[i], KEY(i), KEY(i));
	}
	if (pthread_create(&id, NULL, measure_all, NULL))
		return 2;
	pthread_join(id, NULL);
	return 0;
}

/* ---- the comparing run ---- */

static double found[2][ITEMS][64];

static int collect(char *self, const char *library, double (*to)[64], int round)
{
	int fd[2], status;
	char line[256];
	FILE *f;
	pid_t child;

	if (pipe(fd))
		return -1;
	child = fork();
	if (!child) {
		char *args[] = { self, "-", NULL };

		dup2(fd[1], 1);
		close(fd[0]);
		close(fd[1]);
		if (library)
			setenv("LD_PRELOAD", library, 1);
		execv("/proc/self/exe", args);
		_exit(127);
	}
	close(fd[1]);
	f = fdopen(fd[0], "r");
	for (size_t i = 0; i < ITEMS && fgets(line, sizeof(line), f); i++) {
		char *tab = strchr(line, '\t');

		to[i][round] = tab ? strtod(tab + 1, NULL) : 0;
	}
	fclose(f);
	waitpid(child, &status, 0);
	return status;
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[2]) : 5;

	if (argc > 1 && !strcmp(argv[1], "-"))
		return one_run();
	if (argc < 2 || access(argv[1], R_OK) || rounds < 1 || rounds > 64) {
		fprintf(stderr, "usage: %s LIBRACE.so [ROUNDS]\n", argv[0]);
		return 2;
	}
	for (int r = 0; r < rounds; r++)
		for (int with = 0; with < 2; with++) {
			int status = collect(argv[0], with ? realpath(argv[1], NULL) : NULL, found[with], r);

			if (status) {
				fprintf(stderr, "micro: the run %s preload ended with wait status %d\n",
					with ? "with" : "without", status);
				return 1;
			}
		}
	printf("| ns a call or sequence | native | librace | more |\n|---|---:|---:|---:|\n");
	for (size_t i = 0; i < ITEMS; i++) {
		qsort(found[0][i], (size_t)rounds, sizeof(double), by_value);
		qsort(found[1][i], (size_t)rounds, sizeof(double), by_value);
		double a = found[0][i][rounds / 2], b = found[1][i][rounds / 2];

		printf("| %s | %.1f | %.1f | %+.1f |\n", items[i].name, a, b, b - a);
	}
	return 0;
}
