/* CORPUS label=racy family=glib_hash primitive=qcond atomics=own repeats=yes twin=prim_qcond_results_clean */
/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core glib-2.0 -fPIC */
/*
 * Main waits on a QWaitCondition for the end of a search and then goes through what was found.
 * The searcher wakes main when it has found enough, and goes on refining.
 */
#include <glib.h>
#include <QMutex>
#include <QString>
#include <QThread>
#include <QWaitCondition>
#include <cstdio>

enum { HITS = 20, ROUNDS = 500 };

static GHashTable *hits;
static QMutex mutex;
static QWaitCondition enough;
static bool isEnough;

static void refine()
{
	for (int i = 0; i < HITS * ROUNDS; i++)
		g_hash_table_insert(hits, GINT_TO_POINTER(i % HITS + 1), GINT_TO_POINTER(100 + QString::number(i).size()));
}

static void tellMain()
{
	QMutexLocker locker(&mutex);

	isEnough = true;
	enough.wakeAll();
}

static void search()
{
	tellMain();
	refine();
}

int main()
{
	int read = 0;

	hits = g_hash_table_new(NULL, NULL);
	for (int i = 1; i <= HITS; i++)
		g_hash_table_insert(hits, GINT_TO_POINTER(i), GINT_TO_POINTER(100));

	QThread *thread = QThread::create(search);

	thread->start();
	mutex.lock();
	while (!isEnough)
		enough.wait(&mutex);
	mutex.unlock();
	for (int i = 0; i < HITS * ROUNDS; i++)
		read += QString::number(GPOINTER_TO_INT(g_hash_table_lookup(hits, GINT_TO_POINTER(i % HITS + 1)))).size() > 0;
	thread->wait();
	delete thread;
	std::printf("%d hits read\n", read);
	return 0;
}
