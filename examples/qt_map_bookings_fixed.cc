/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core -fPIC */
/*
 * qt_map_bookings_fixed.cc - bookings are cancelled under a lock that the one who books forgets.
 *
 * The twin of qt_map_bookings_race.cc: every member takes the lock.
 */
#include <QMap>
#include <QReadWriteLock>
#include <QThread>
#include <cstdio>
#include <memory>

class Bookings {
	mutable QReadWriteLock lock;
	QMap<int, int> seats;

public:
	void book(int row, int n)
	{
		QWriteLocker locker(&lock);

		seats.insert(row, n);
	}
	void cancel(int row)
	{
		QWriteLocker locker(&lock);

		seats.remove(row);
	}
	int total() const
	{
		QReadLocker locker(&lock);
		int n = 0;

		for (auto i = seats.constBegin(); i != seats.constEnd(); ++i)
			n += i.value();
		return n;
	}
};

int main()
{
	Bookings bookings;
	int n;

	std::unique_ptr<QThread> counter(QThread::create([&] {
		for (int i = 0; i < 5; i++)
			bookings.book(i, 2 * i + 1);
	}));
	counter->start();
	n = bookings.total();
	bookings.cancel(1);
	counter->wait();
	printf("%d, then %d\n", n, bookings.total());
	return 0;
}
