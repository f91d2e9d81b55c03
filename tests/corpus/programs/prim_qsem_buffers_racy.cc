/* CORPUS label=racy family=glib_hash primitive=qsem atomics=own repeats=yes twin=prim_qsem_buffers_clean */
/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core glib-2.0 -fPIC */
/*
 * A capture thread fills the table of buffers and releases a QSemaphore; main acquires it and reads.
 * The release comes before the filling.
 */
#include <glib.h>
#include <QSemaphore>
#include <QString>
#include <QThread>
#include <cstdio>

enum { BUFFERS = 24, ROUNDS = 400 };

static GHashTable *buffers;
static QSemaphore filled;

static void fill()
{
	for (int i = 0; i < BUFFERS * ROUNDS; i++)
		g_hash_table_insert(buffers, GINT_TO_POINTER(i % BUFFERS + 1),
			GINT_TO_POINTER(100 + QString::number(i).toInt()));
}

static void capture()
{
	filled.release();
	fill();
}

int main()
{
	int read = 0;

	buffers = g_hash_table_new(NULL, NULL);
	for (int i = 1; i <= BUFFERS; i++)
		g_hash_table_insert(buffers, GINT_TO_POINTER(i), GINT_TO_POINTER(100));

	QThread *thread = QThread::create(capture);

	thread->start();
	filled.acquire();
	for (int i = 0; i < BUFFERS * ROUNDS; i++)
		read += g_hash_table_contains(buffers, GINT_TO_POINTER(QString::number(i % BUFFERS + 1).toInt()));
	thread->wait();
	delete thread;
	std::printf("%d buffers read\n", read);
	return 0;
}
