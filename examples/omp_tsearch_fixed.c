/* SPDX-License-Identifier: MIT */
/*
 * omp_tsearch_fixed.c - the twin of omp_tsearch_race.c: a mutex around the tree.
 *
 *	thread    function    lock
 *	each      intern      names_lock
 *
 * A POSIX mutex rather than an OpenMP critical section: what libgomp does inside (its locks, the barrier that ends a
 * region) are inlined atomics and futexes, which librace does not follow yet.
 */
#include <omp.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <string.h>

static void *names;
static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* 1 when the name is new. */
static int intern(const char *name)
{
	void *node;

	pthread_mutex_lock(&names_lock);
	node = tsearch(name, &names, by_name);
	pthread_mutex_unlock(&names_lock);
	return *(const char **)node == name;
}

int main(void)
{
	static const char *const words[] = { "int", "char", "struct list", "void", "union value", "double" };
	int names_new = 0;

#pragma omp parallel num_threads(2) reduction(+ : names_new)
	{
		int me = omp_get_thread_num();

		for (int i = me; i < 6; i += 2)
			names_new += intern(words[i]);
	}
	printf("%d names\n", names_new);
	return 0;
}
