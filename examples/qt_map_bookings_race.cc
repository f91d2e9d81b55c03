/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core -fPIC */
/*
 * qt_map_bookings_race.cc - bookings are cancelled under a lock that the one who books forgets.
 *
 *	thread    function          lock         races
 *	counter   Bookings::book    none         with both
 *	main      Bookings::cancel  Bookings'    with the insertion
 *	main      Bookings::total   Bookings'    with the insertion
 *
 * The program holds atomic instructions that Qt's headers put there, and each side acts once only: shown with
 * RACE_OPTIONS=report=possible.
 */
#include <QMap>
#include <QReadWriteLock>
#include <QThread>
#include <cstdio>
#include <memory>

#include "turns.h"

class Bookings {
	mutable QReadWriteLock lock;
	QMap<int, int> seats;

public:
	void book(int row, int n)
	{
		seats.insert(row, n); /* RACE HERE */
		turn_over();
	}
	void cancel(int row)
	{
		QWriteLocker locker(&lock);

		seats.remove(row); /* RACE HERE */
	}
	int total() const
	{
		QReadLocker locker(&lock);
		int n = 0;

		for (auto i = seats.constBegin(); i != seats.constEnd(); ++i) /* RACE HERE */
			n += i.value();
		return n;
	}
};

int main()
{
	Bookings bookings;
	int n;

	std::unique_ptr<QThread> counter(QThread::create([&] {
		for (int i = 0; i < 5; i++) {
			turn_wait(i < 3 ? i : i + 1);
			bookings.book(i, 2 * i + 1);
		}
	}));
	counter->start();
	turn_wait(3);
	n = bookings.total();
	bookings.cancel(1);
	turn_over();
	counter->wait();
	printf("%d, then %d\n", n, bookings.total());
	return 0;
}
