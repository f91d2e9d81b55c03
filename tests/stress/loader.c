/* SPDX-License-Identifier: MIT */
/*
 * loader.c - libraries that come and go.
 *
 *   loader plugin LIBRARY [racy]     loads a GLib plugin RTLD_LOCAL and runs it; racy: it takes two different locks
 *   loader unload LIBRARY N [keep]   two threads in turn load the library, use its static table and unload it, N times; nothing but
 *                                    the loader orders them. keep: it stays loaded, so that it is one table: a race.
 */
#include "../e2e/twins.h"

#include <dlfcn.h>

static const char *library;
static int rounds;
static struct gate turn;

static void use_once(int b)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	void (*touch)(int);

	if (!handle)
		abort();
	*(void **)&touch = dlsym(handle, "table_touch");
	touch(b);
	dlclose(handle);
}

static void *in_turn(void *number)
{
	int b = number != NULL;

	for (int i = 0; i < rounds; i++) {
		gate_wait(&turn, 2 * i + b);
		use_once(b);
		gate_open(&turn);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t a, b;

	if (argc < 3)
		return 2;
	library = argv[2];
	if (!strcmp(argv[1], "plugin")) {
		void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
		int (*run)(int);

		if (!handle) {
			fprintf(stderr, "%s\n", dlerror());
			return 2;
		}
		*(void **)&run = dlsym(handle, "plugin_run");
		printf("%d entries\n", run(argc > 3));
		return 0;
	}
	rounds = atoi(argv[3]) / 2;
	if (argc > 4)
		dlopen(library, RTLD_NOW | RTLD_LOCAL);
	MUST(pthread_create(&a, NULL, in_turn, NULL));
	MUST(pthread_create(&b, NULL, in_turn, &turn));
	MUST(pthread_join(a, NULL));
	MUST(pthread_join(b, NULL));
	puts("done");
	return 0;
}
