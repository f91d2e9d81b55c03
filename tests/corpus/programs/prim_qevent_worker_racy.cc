/* CORPUS label=racy family=glib_hash primitive=qevent atomics=own repeats=yes twin=prim_qevent_worker_clean */
/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core glib-2.0 -fPIC */
/*
 * An object lives in a worker thread with an event loop; main calls it there by a queued invocation.
 * Main edits the table after it has posted the call.
 */
#include <glib.h>
#include <QCoreApplication>
#include <QObject>
#include <QSemaphore>
#include <QString>
#include <QThread>
#include <cstdio>

enum { ITEMS = 20, ROUNDS = 500 };

static GHashTable *items;
static QSemaphore begun;
static int counted;

static void countItems()
{
	for (int i = 0; i < ITEMS * ROUNDS; i++)
		counted += g_hash_table_contains(items, GINT_TO_POINTER(QString::number(i % ITEMS + 1).toInt()));
	QThread::currentThread()->quit();
}

static void edit()
{
	for (int i = 0; i < ITEMS * ROUNDS; i++)
		g_hash_table_insert(items, GINT_TO_POINTER(i % ITEMS + 1), GINT_TO_POINTER(100 + QString::number(i).size()));
}

int main(int argc, char **argv)
{
	QCoreApplication application(argc, argv);
	QThread thread;
	QObject worker;

	items = g_hash_table_new(NULL, NULL);
	for (int i = 1; i <= ITEMS; i++)
		g_hash_table_insert(items, GINT_TO_POINTER(i), GINT_TO_POINTER(100));
	worker.moveToThread(&thread);
	thread.start();
	QMetaObject::invokeMethod(&worker, [] { begun.release(); }, Qt::QueuedConnection);
	begun.acquire();
	QMetaObject::invokeMethod(&worker, countItems, Qt::QueuedConnection);
	edit();
	thread.wait();
	std::printf("%d items counted\n", counted);
	return 0;
}
