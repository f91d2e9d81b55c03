/* CORPUS label=clean family=glib_hash primitive=qrwlock atomics=own repeats=no twin=prim_qrwlock_fonts_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core glib-2.0 -fPIC */
/*
 * Metrics of fonts are kept under a QReadWriteLock and measured anew by two threads.
 * They are entered under a QWriteLocker.
 */
#include <glib.h>
#include <QReadWriteLock>
#include <QSemaphore>
#include <QString>
#include <QThread>
#include <cstdio>

enum { FONTS = 16, ROUNDS = 400 };

static GHashTable *metrics;
static QReadWriteLock metricsLock;
static QSemaphore begun;

static void measure(int base)
{
	begun.release();
	for (int i = 0; i < FONTS * ROUNDS; i++) {
		int width = QString("Font %1 %2").arg(base).arg(i).size();
		QWriteLocker locker(&metricsLock);

		g_hash_table_insert(metrics, GINT_TO_POINTER(i % FONTS + 1), GINT_TO_POINTER(100 + width));
	}
}

int main()
{
	metrics = g_hash_table_new(NULL, NULL);
	for (int i = 1; i <= FONTS; i++)
		g_hash_table_insert(metrics, GINT_TO_POINTER(i), GINT_TO_POINTER(100));

	QThread *first = QThread::create(measure, 1), *second = QThread::create(measure, 1000);

	first->start();
	second->start();
	begun.acquire(2);
	first->wait();
	second->wait();
	delete first;
	delete second;
	std::printf("%u fonts\n", g_hash_table_size(metrics));
	return 0;
}
