/* CORPUS label=racy family=glib_hash primitive=qmutex atomics=own repeats=yes twin=prim_qmutex_notes_clean cause=forgotten-lock */
/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core glib-2.0 -fPIC */
/*
 * Notes are saved by a QThread and shown by main, under a QMutex.
 * The code that shows them has no QMutexLocker.
 */
#include <glib.h>
#include <QMutex>
#include <QSemaphore>
#include <QString>
#include <QThread>
#include <cstdio>

enum { NOTES = 20, ROUNDS = 400 };

static GHashTable *notes;
static QSemaphore begun;
static QMutex notesMutex;

class Saver : public QThread {
protected:
	void run() override
	{
		begun.release();
		for (int i = 0; i < NOTES * ROUNDS; i++) {
			int size = QString("note %1").arg(i).size();
			QMutexLocker locker(&notesMutex);

			g_hash_table_insert(notes, GINT_TO_POINTER(i % NOTES + 1), GINT_TO_POINTER(100 + size));
		}
	}
};

static int show(int note)
{
	return GPOINTER_TO_INT(g_hash_table_lookup(notes, GINT_TO_POINTER(note)));
}

int main()
{
	Saver saver;
	long length = 0;

	notes = g_hash_table_new(NULL, NULL);
	for (int i = 1; i <= NOTES; i++)
		g_hash_table_insert(notes, GINT_TO_POINTER(i), GINT_TO_POINTER(100));
	saver.start();
	begun.acquire();
	for (int i = 0; i < NOTES * ROUNDS; i++)
		length += QString::number(show(i % NOTES + 1)).size();
	saver.wait();
	std::printf("%d notes shown, %s\n", NOTES * ROUNDS, length ? "none empty" : "all empty");
	return 0;
}
