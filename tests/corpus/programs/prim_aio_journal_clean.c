/* CORPUS label=clean family=glib_hash primitive=aio atomics=none repeats=no twin=prim_aio_journal_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A journal is written with aio_write(); when it is on disk, a thread of the library runs the callback, which commits
 * the pending transactions.
 * All transactions are pending before the request.
 */
#define _GNU_SOURCE
#include <aio.h>
#include <glib.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

enum { TRANSACTIONS = 6 };

static GHashTable *pending;
static sem_t committed;
static int commits;

static void commit(union sigval unused)
{
	for (int i = 1; i < TRANSACTIONS; i++)
		commits += g_hash_table_contains(pending, GINT_TO_POINTER(i));
	sem_post(&committed);
}

static void begin(int transaction)
{
	g_hash_table_insert(pending, GINT_TO_POINTER(transaction), GINT_TO_POINTER(7000 + transaction));
}

int main(void)
{
	static char journal[] = "begin begin begin";
	static struct aiocb request;

	pending = g_hash_table_new(NULL, NULL);
	sem_init(&committed, 0, 0);
	request.aio_fildes = memfd_create("journal", 0);
	request.aio_buf = journal;
	request.aio_nbytes = sizeof(journal);
	request.aio_sigevent.sigev_notify = SIGEV_THREAD;
	request.aio_sigevent.sigev_notify_function = commit;
	for (int i = 1; i < TRANSACTIONS; i++)
		begin(i);
	begin(TRANSACTIONS);
	if (aio_write(&request))
		return 1;
	while (sem_wait(&committed))
		;
	printf("%d commits\n", commits);
	return 0;
}
