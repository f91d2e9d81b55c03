/* SPDX-License-Identifier: MIT */
/*
 * ring.c - more events than a small trace holds, from several threads, so that each event can be told: thread I reads map J of its own in turn.
 * `ring THREADS OPERATIONS` prints where the first map is; each thread has 100.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../include/librace.h"

static char maps[64][100];
static long number;

static void *work(void *arg)
{
	char *mine = arg;

	for (long i = 0; i < number; i++) {
		race_read_begin(&mine[i % 100]);
		race_read_end(&mine[i % 100]);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 2;
	pthread_t t[64];

	number = argc > 2 ? atol(argv[2]) : 1000;
	for (int i = 0; i < threads && i < 64; i++)
		pthread_create(&t[i], NULL, work, maps[i]);
	for (int i = 0; i < threads && i < 64; i++)
		pthread_join(t[i], NULL);
	printf("%lu\n", (unsigned long)maps);
	return 0;
}
