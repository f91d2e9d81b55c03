/* CORPUS label=clean family=qt_map primitive=qrwlock atomics=own repeats=yes twin=fam_qtmap_bookings_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core -fPIC */
/*
 * Bookings of a hall in a QMap, by hour: the office enters them, the porter prints the plan.
 * The office enters under the lock's write mode.
 */
#include <QMap>
#include <QReadWriteLock>
#include <QThread>
#include <cstdio>
#include <pthread.h>

namespace
{
const int Days = 40;
QMap<int, int> bookings;
QReadWriteLock bookingsLock;
pthread_barrier_t morning, evening;

class Office : public QThread
{
	void run() override
	{
		for (int day = 0; day < Days; day++) {
			pthread_barrier_wait(&morning);
			for (int n = 0; n < 10; n++) {
				QWriteLocker hold(&bookingsLock);
				bookings.insert(1000 + day * 10 + n, n);
			}
			pthread_barrier_wait(&evening);
		}
	}
};

long printPlan()
{
	QReadLocker hold(&bookingsLock);
	long people = 0;

	for (auto it = bookings.constBegin(), end = bookings.constEnd(); it != end; ++it)
		people += it.value();
	return people;
}
}

int main()
{
	Office office;
	long people = 0;

	for (int hour = 0; hour < 50; hour++)
		bookings.insert(hour, 10);
	pthread_barrier_init(&morning, nullptr, 2);
	pthread_barrier_init(&evening, nullptr, 2);
	office.start();
	for (int day = 0; day < Days; day++) {
		pthread_barrier_wait(&morning);
		for (int print = 0; print < 10; print++)
			people += printPlan();
		pthread_barrier_wait(&evening);
	}
	office.wait();
	std::printf("plan %s\n", people > 0 ? "printed" : "blank");
}
