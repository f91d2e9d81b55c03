/* CORPUS label=racy family=glib_hash primitive=sysv_sem atomics=none repeats=yes twin=prim_sysv_sem_shift_clean */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Two shifts share a rota; a System V semaphore hands it from the early one to the late one.
 * The early shift hands over before it has written its last lines.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/sem.h>

enum { LINES = 12, ROUNDS = 100 };

static GHashTable *rota;
static int semaphore;

static void add_to_semaphore(short n)
{
	struct sembuf operation = { .sem_num = 0, .sem_op = n };

	while (semop(semaphore, &operation, 1))
		;
}

static void write_lines(int base)
{
	for (int i = 0; i < LINES * ROUNDS; i++)
		g_hash_table_insert(rota, GINT_TO_POINTER(i % LINES + 1), GINT_TO_POINTER(base + i));
}

static void *late_shift(void *unused)
{
	add_to_semaphore(-1);
	write_lines(9000);
	return unused;
}

int main(void)
{
	pthread_t thread;

	semaphore = semget(IPC_PRIVATE, 1, 0600);
	if (semaphore < 0)
		return 1;
	rota = g_hash_table_new(NULL, NULL);
	write_lines(20);
	pthread_create(&thread, NULL, late_shift, NULL);
	add_to_semaphore(1);
	write_lines(400);
	pthread_join(thread, NULL);
	semctl(semaphore, 0, IPC_RMID);
	printf("%u lines in the rota\n", g_hash_table_size(rota));
	g_hash_table_destroy(rota);
	return 0;
}
