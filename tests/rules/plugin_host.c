/* SPDX-License-Identifier: MIT */
/*
 * plugin_host.c - the table of table.c as a plugin: `plugin_host PLUGIN ROUNDS [racy]`.
 *
 * Loads and unloads it ROUNDS times, using it in each, and then lets two threads use it, with a lock or without.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../e2e/gate.h"
#include "table.h"

static __typeof__(&table_new) new_table;
static __typeof__(&table_put) put;
static __typeof__(&table_get) get;
static __typeof__(&table_free) delete_table;
static struct table *shared;
static int racy;
static struct gate done;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *load(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!handle) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
	new_table = (__typeof__(new_table))dlsym(handle, "table_new");
	put = (__typeof__(put))dlsym(handle, "table_put");
	get = (__typeof__(get))dlsym(handle, "table_get");
	delete_table = (__typeof__(delete_table))dlsym(handle, "table_free");
	return handle;
}

static void *side_a(void *unused)
{
	pthread_mutex_lock(&mutex);
	put(shared, "alice", 1);
	pthread_mutex_unlock(&mutex);
	gate_open(&done);
	return unused;
}

static void *side_b(void *unused)
{
	gate_wait(&done, 1);
	if (!racy)
		pthread_mutex_lock(&mutex);
	put(shared, "bob", 2);
	if (!racy)
		pthread_mutex_unlock(&mutex);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t a, b;

	if (argc < 3)
		return 2;
	racy = argc > 3 && !strcmp(argv[3], "racy");
	for (int i = atoi(argv[2]); i; i--) {
		void *handle = load(argv[1]);
		struct table *t = new_table(8);

		put(t, "alice", i);
		if (get(t, "alice") != i)
			abort();
		delete_table(t);
		dlclose(handle);
	}
	load(argv[1]);
	shared = new_table(8);
	if (pthread_create(&a, NULL, side_a, NULL) || pthread_create(&b, NULL, side_b, NULL))
		return 1;
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	puts("done");
	return 0;
}
