/* CORPUS label=racy family=glib_hash primitive=qpool atomics=own repeats=yes twin=prim_qpool_hashes_clean cause=forgotten-lock */
/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core glib-2.0 -fPIC */
/*
 * Sums of blocks are computed in a QThreadPool and entered under a mutex.
 * Main looks at the table while the pool works, without the mutex.
 */
#include <glib.h>
#include <QMutex>
#include <QSemaphore>
#include <QString>
#include <QThreadPool>
#include <cstdio>

enum { BLOCKS = 16, JOBS = 8, ROUNDS = 60 };

static GHashTable *sums;
static QMutex sumsMutex;
static QSemaphore begun, go;

static void compute(int job)
{
	if (job == 1) { // not before all jobs are there
		begun.release();
		go.acquire();
	}
	for (int i = 0; i < BLOCKS * ROUNDS; i++) {
		int sum = QString::number(i * job).size();
		QMutexLocker locker(&sumsMutex);

		g_hash_table_insert(sums, GINT_TO_POINTER(i % BLOCKS + 1), GINT_TO_POINTER(100 + sum));
	}
}

static int look()
{
	int found = 0;

	for (int i = 0; i < BLOCKS * ROUNDS * 4; i++)
		found += g_hash_table_contains(sums, GINT_TO_POINTER(QString::number(i % BLOCKS + 1).toInt()));
	return found;
}

int main()
{
	QThreadPool pool;
	int found;

	sums = g_hash_table_new(NULL, NULL);
	for (int i = 1; i <= BLOCKS; i++)
		g_hash_table_insert(sums, GINT_TO_POINTER(i), GINT_TO_POINTER(100));
	pool.setMaxThreadCount(1); /* the other core is the window's */
	for (int job = 1; job <= JOBS; job++)
		pool.start([job] { compute(job); });
	begun.acquire();
	go.release();
	found = look();
	pool.waitForDone();
	std::printf("%d sums found\n", found);
	return 0;
}
