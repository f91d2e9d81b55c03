/* SPDX-License-Identifier: MIT */
/* live.c - says where its things lie, and waits for the end of its input. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int session_table[32] = {1};
static long zeroed[5000];
static sem_t ready;
static void *on_stack;

static void *wait_here(void *unused)
{
	int local[100];
	char c;

	on_stack = &local[50];
	sem_post(&ready);
	read(0, &c, 1);
	return unused;
}

int main(void)
{
	char *block = malloc(4096), *map = mmap(NULL, 40960, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t t;
	int here;

	sem_init(&ready, 0, 0);
	pthread_create(&t, NULL, wait_here, NULL);
	sem_wait(&ready);
	printf("global %p\nzeroed %p\nblock %p\nthread %p\nmain %p\nmapping %p\nfunction %p\n", (void *)&session_table[3],
	       (void *)&zeroed[4000], (void *)(block + 16), on_stack, (void *)&here, (void *)(map + 9000), (void *)&main);
	fflush(stdout);
	pthread_join(t, NULL);
	free(block);
	return 0;
}
