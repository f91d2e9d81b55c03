/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core -fPIC */
/*
 * qt_hash_thumbnails_race.cc - thumbnails are shown while a loader still stores some.
 *
 *	thread   function           lock           races
 *	loader   Thumbnails::add    none           with both
 *	main     Thumbnails::list   Thumbnails'    with the insertion
 *	main     Thumbnails::drop   Thumbnails'    with the insertion
 *
 * Qt's containers are reentrant, not thread-safe: each object needs a lock of its own, also when its data is shared.
 *
 * The program holds atomic instructions that Qt's headers put there, and each side acts once only: shown with
 * RACE_OPTIONS=report=possible.
 */
#include <QHash>
#include <QMutex>
#include <QString>
#include <QStringList>
#include <QThread>
#include <cstdio>
#include <memory>

#include "turns.h"

class Thumbnails {
	mutable QMutex lock;
	QHash<QString, int> sizes;

public:
	void add(const QString &name, int size)
	{
		sizes.insert(name, size); /* RACE HERE */
		turn_over();
	}
	QStringList list() const
	{
		QMutexLocker locker(&lock);
		QStringList names;

		for (auto i = sizes.constBegin(); i != sizes.constEnd(); ++i) /* RACE HERE */
			names << i.key();
		return names;
	}
	void drop(const QString &name)
	{
		QMutexLocker locker(&lock);

		sizes.remove(name); /* RACE HERE */
	}
};

int main()
{
	Thumbnails thumbnails;
	int n;

	std::unique_ptr<QThread> loader(QThread::create([&] {
		for (int i = 0; i < 5; i++) {
			turn_wait(i < 3 ? i : i + 1);
			thumbnails.add(QString("image%1.jpeg").arg(i), 128 << i);
		}
	}));
	loader->start();
	turn_wait(3);
	n = thumbnails.list().size();
	thumbnails.drop("image1.jpeg");
	turn_over();
	loader->wait();
	printf("%d, then %d\n", n, thumbnails.list().size());
	return 0;
}
