/* SPDX-License-Identifier: MIT */
/*
 * flat.c - does memory grow with run time? `flat WHAT COUNT`, WHAT one of
 *
 *   maps     COUNT tables are created, filled with an entry, read and destroyed, 256 alive at any time
 *   locks    COUNT mutexes are created, held around a map operation and destroyed, 4096 alive, at ever other addresses
 *   spread   as locks, but each at an address of its own in one arena
 *   threads  COUNT threads, one after another, each works on a map under a lock
 *
 * Prints resident KiB at 20 % and at the end. What the program itself needs is in place before 20 %.
 */
#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static GHashTable *table;
static unsigned long count;
static const char *what;

/* No stdio: its buffers would be part of the figure. */
static long resident(void)
{
	char text[128];
	long pages = 0;
	int fd = open("/proc/self/statm", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = 0;
	sscanf(text, "%*d %ld", &pages);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static long at_fifth;

static void tick(unsigned long i)
{
	if (i == count / 5)
		at_fifth = resident();
}

static void maps(void)
{
	static GHashTable *alive[256];

	for (unsigned long i = 0; i < count; i++) {
		GHashTable **slot = &alive[i * 2654435761u % 256];

		tick(i);
		if (*slot)
			g_hash_table_destroy(*slot);
		*slot = g_hash_table_new(NULL, NULL);
		g_hash_table_insert(*slot, &count, &count);
		g_hash_table_lookup(*slot, &count);
	}
}

static void lock_use(pthread_mutex_t *m)
{
	pthread_mutex_init(m, NULL);
	pthread_mutex_lock(m);
	g_hash_table_insert(table, m, m);
	pthread_mutex_unlock(m);
	pthread_mutex_lock(m);
	g_hash_table_remove(table, m);
	pthread_mutex_unlock(m);
}

static void locks(void)
{
	static pthread_mutex_t *alive[4096];
	unsigned long random = 88172645463325252ul;

	for (unsigned long i = 0; i < count; i++) {
		pthread_mutex_t **slot;

		tick(i);
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		slot = &alive[random % 4096];
		if (*slot) {
			pthread_mutex_destroy(*slot);
			free(*slot);
		}
		*slot = malloc(sizeof(**slot) + (random >> 20) % 200);
		lock_use(*slot);
	}
}

static void spread(void)
{
	size_t bytes = count * sizeof(pthread_mutex_t);
	pthread_mutex_t *arena = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (arena == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	memset(arena, 1, bytes);
	for (unsigned long i = 0; i < count; i++) {
		tick(i);
		lock_use(&arena[i]);
		pthread_mutex_destroy(&arena[i]);
	}
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *short_life(void *arg)
{
	pthread_mutex_lock(&lock);
	g_hash_table_insert(table, &lock, arg);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void threads(void)
{
	for (unsigned long i = 0; i < count; i++) {
		pthread_t id;

		tick(i);
		if (pthread_create(&id, NULL, short_life, NULL)) {
			perror("pthread_create");
			exit(2);
		}
		pthread_join(id, NULL);
	}
}

static void *work(void *arg)
{
	(void)arg;
	if (!strcmp(what, "maps"))
		maps();
	else if (!strcmp(what, "locks"))
		locks();
	else if (!strcmp(what, "spread"))
		spread();
	else
		threads();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t id;

	if (argc < 3) {
		fprintf(stderr, "usage: %s maps|locks|spread|threads COUNT\n", argv[0]);
		return 2;
	}
	what = argv[1];
	resident(); /* so that its own first use is not taken for growth */
	count = strtoul(argv[2], NULL, 10);
	table = g_hash_table_new(NULL, NULL);
	/* in a second thread: nothing may be left out for the process being single-threaded */
	if (pthread_create(&id, NULL, work, NULL)) {
		perror("pthread_create");
		return 2;
	}
	pthread_join(id, NULL);
	printf("%ld %ld\n", at_fifth, resident());
	return 0;
}
