/* SPDX-License-Identifier: MIT */
/* BUILD: -ldl */
/*
 * come.c - loads and unloads a library over and over, and looks whether anything of that stays.
 *
 *   come LIBRARY ROUNDS [THREADS [WHERE]]   WHERE: local (default), global, new (dlmopen), moving (never twice at one address)
 *   come replace A B ROUNDS                 A and B in turn, under one file name
 *   come fork LIBRARY ROUNDS                threads load and unload while the main thread forks children that call hooked functions
 *   come calls LIBRARY FUNCTION ROUNDS      FUNCTION(0) of a library that it brings along, no counting
 *
 * Prints what come_round answered in sum, the growth of resident memory (KiB) and of the number of mappings after a tenth of the rounds.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *library, *where = "local", *function = "come_round";
static long rounds;
static long argument = 5;

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, dlerror());
	abort();
}

/* "moving" must be true. */
static const char *first_place;
static int places;
static void note_place(const char *at)
{
	if (!first_place)
		first_place = at;
	else if (first_place != at)
		places = 2;
}

static const void *handle_base(void *handle)
{
	struct link_map *map;

	return dlinfo(handle, RTLD_DI_LINKMAP, &map) ? NULL : (void *)map->l_addr;
}

static long load_once(const char *path)
{
	void *handle, *space = NULL;
	size_t bytes = 4096ul * (1 + (size_t)random() % 64);
	long (*round)(long), answer;

	if (!strcmp(where, "moving")) /* what lies where the library was keeps it away from there */
		space = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!strcmp(where, "new"))
		handle = dlmopen(LM_ID_NEWLM, path, RTLD_NOW | RTLD_LOCAL);
	else
		handle = dlopen(path, RTLD_NOW | (strcmp(where, "global") ? RTLD_LOCAL : RTLD_GLOBAL));
	if (!handle)
		die(path);
	*(void **)&round = dlsym(handle, function);
	if (!round)
		die(function);
	note_place((const char *)handle_base(handle));
	answer = round(argument);
	if (dlclose(handle) != 0)
		die("dlclose");
	if (space && space != MAP_FAILED)
		munmap(space, bytes);
	return answer;
}

static long mappings(void)
{
	char text[4096];
	int fd = open("/proc/self/maps", O_RDONLY);
	long lines = 0, n;

	while ((n = read(fd, text, sizeof text)) > 0)
		for (long i = 0; i < n; i++)
			lines += text[i] == '\n';
	close(fd);
	return lines;
}

static long resident(void)
{
	long all, here = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%ld %ld", &all, &here) != 2)
		abort();
	fclose(f);
	return here * 4;
}

static void *load_rounds(void *n)
{
	long sum = 0;

	for (long i = 0; i < (long)n; i++)
		sum += load_once(library);
	return (void *)sum;
}

static long in_threads(int threads, long each)
{
	pthread_t t[16];
	long sum = 0;
	void *one;

	for (int i = 0; i < threads; i++)
		if (pthread_create(&t[i], NULL, load_rounds, (void *)each))
			abort();
	for (int i = 0; i < threads; i++) {
		pthread_join(t[i], &one);
		sum += (long)one;
	}
	return sum;
}

static void tell(long sum, long before_rss, long before_maps)
{
	printf("sum %ld rss %ld maps %ld\n", sum, resident() - before_rss, mappings() - before_maps);
}

static void replace(const char *a, const char *b, const char *to)
{
	long sum = 0;
	char name[4096];

	for (long i = 0; i < rounds; i++) {
		snprintf(name, sizeof name, "%s.new", to);
		unlink(name);
		if (link(i & 1 ? b : a, name) || rename(name, to))
			abort();
		sum += load_once(to);
	}
	printf("sum %ld\n", sum);
}

static void *child_thread(void *unused)
{
	return getenv("COME");
}

static void *load_until(void *stop)
{
	while (!__atomic_load_n((int *)stop, __ATOMIC_ACQUIRE))
		load_once(library);
	return NULL;
}

/* What a child of a process with threads may do; some of it calls hooked functions for the first time. */
static int child_calls(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
	static void *root;
	pthread_t t;

	pthread_mutex_lock(&lock);
	pthread_rwlock_wrlock(&rwlock);
	setenv("COME", "child", 1);
	tsearch("a", &root, (int (*)(const void *, const void *))strcmp);
	tfind("a", &root, (int (*)(const void *, const void *))strcmp);
	tdelete("a", &root, (int (*)(const void *, const void *))strcmp);
	pthread_rwlock_unlock(&rwlock);
	pthread_mutex_unlock(&lock);
	if (pthread_create(&t, NULL, child_thread, NULL) || pthread_join(t, NULL))
		return 2;
	return strcmp(getenv("COME"), "child") != 0;
}

static void fork_rounds(void)
{
	static int stop;
	pthread_t t[2];
	int bad = 0, status;

	for (int i = 0; i < 2; i++)
		if (pthread_create(&t[i], NULL, load_until, &stop))
			abort();
	for (long i = 0; i < rounds; i++) {
		pid_t child = fork();

		if (child == 0) {
			alarm(60); /* hung: a bad child */
			_exit(child_calls());
		}
		if (child < 0 || waitpid(child, &status, 0) != child || status)
			bad++;
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	printf("%d bad children\n", bad);
}

int main(int argc, char **argv)
{
	long sum, rss, maps;
	int threads = 1;

	if (argc == 6 && !strcmp(argv[1], "replace")) {
		rounds = atol(argv[5]);
		replace(argv[2], argv[3], argv[4]);
		return 0;
	}
	if (argc == 4 && !strcmp(argv[1], "fork")) {
		library = argv[2];
		rounds = atol(argv[3]);
		fork_rounds();
		return 0;
	}
	if (argc == 5 && !strcmp(argv[1], "calls")) {
		function = argv[3];
		argument = 0;
		argv[1] = argv[2];
		argv[2] = argv[4];
		argc = 3;
	}
	if (argc < 3)
		return 2;
	library = argv[1];
	rounds = atol(argv[2]);
	if (argc > 3)
		threads = atoi(argv[3]);
	if (argc > 4)
		where = argv[4];
	sum = in_threads(threads, rounds / 10 / threads);
	rss = resident();
	maps = mappings();
	sum += in_threads(threads, rounds / threads - rounds / 10 / threads);
	if (!strcmp(where, "moving") && places != 2)
		abort();
	tell(sum, rss, maps);
	return 0;
}
