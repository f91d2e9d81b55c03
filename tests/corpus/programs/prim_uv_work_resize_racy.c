/* CORPUS label=racy family=tsearch primitive=uv atomics=none repeats=yes twin=prim_uv_work_resize_clean */
/* SPDX-License-Identifier: MIT */
/* BUILD: libuv */
/*
 * A job goes to libuv's thread pool and comes back to the loop when it is done.
 * Main searches the tree between queueing the job and running the loop.
 */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { SIZES = 24, ROUNDS = 100 };

static int sizes[SIZES];
static void *tree;
static int known;

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void enter_sizes(uv_work_t *unused)
{
	for (int i = 0; i < SIZES * ROUNDS; i++)
		if (!tsearch(&sizes[i % SIZES], &tree, compare))
			abort();
}

static void search(void)
{
	for (int i = 0; i < SIZES * ROUNDS; i++) {
		int size = i % SIZES;

		known += tfind(&size, &tree, compare) != NULL;
	}
}

static void done(uv_work_t *unused, int status)
{
}

int main(void)
{
	uv_work_t job;

	for (int i = 0; i < SIZES; i++)
		sizes[i] = i;
	enter_sizes(NULL);
	uv_queue_work(uv_default_loop(), &job, enter_sizes, done);
	search();
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	printf("%d sizes known\n", known);
	return 0;
}
