/* SPDX-License-Identifier: MIT */
/*
 * omp_tsearch_race.c - the threads of an OpenMP region share one binary tree of tsearch().
 *
 *	thread    function    lock    races
 *	each      intern      none    with intern in the other thread
 *
 * tsearch() also writes when the key is there already: it rotates the tree on its way down. Modelled on a binary
 * analysis tool whose type names were interned by a parallel loop.
 *
 * The program holds atomic instructions that OpenMP put there, and each side acts once only: shown with
 * RACE_OPTIONS=report=possible.
 */
#include <omp.h>
#include <search.h>
#include <stdio.h>
#include <string.h>

#include "turns.h"

static void *names;

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* 1 when the name is new. */
static int intern(const char *name)
{
	void *node = tsearch(name, &names, by_name); /* RACE HERE */

	return *(const char **)node == name;
}

int main(void)
{
	static const char *const words[] = { "int", "char", "struct list", "void", "union value", "double" };
	int names_new = 0;

#pragma omp parallel num_threads(2) reduction(+ : names_new)
	{
		int me = omp_get_thread_num();

		for (int i = me; i < 6; i += 2) {
			turn_wait(i);
			names_new += intern(words[i]);
			turn_over();
		}
	}
	printf("%d names\n", names_new);
	return 0;
}
