/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core -fPIC */
/*
 * qt_hash_thumbnails_fixed.cc - thumbnails are shown while a loader still stores some.
 *
 * The twin of qt_hash_thumbnails_race.cc: every member takes the lock.
 */
#include <QHash>
#include <QMutex>
#include <QString>
#include <QStringList>
#include <QThread>
#include <cstdio>
#include <memory>

class Thumbnails {
	mutable QMutex lock;
	QHash<QString, int> sizes;

public:
	void add(const QString &name, int size)
	{
		QMutexLocker locker(&lock);

		sizes.insert(name, size);
	}
	QStringList list() const
	{
		QMutexLocker locker(&lock);
		QStringList names;

		for (auto i = sizes.constBegin(); i != sizes.constEnd(); ++i)
			names << i.key();
		return names;
	}
	void drop(const QString &name)
	{
		QMutexLocker locker(&lock);

		sizes.remove(name);
	}
};

int main()
{
	Thumbnails thumbnails;
	int n;

	std::unique_ptr<QThread> loader(QThread::create([&] {
		for (int i = 0; i < 5; i++)
			thumbnails.add(QString("image%1.jpeg").arg(i), 128 << i);
	}));
	loader->start();
	n = thumbnails.list().size();
	thumbnails.drop("image1.jpeg");
	loader->wait();
	printf("%d, then %d\n", n, thumbnails.list().size());
	return 0;
}
