/* CORPUS label=racy family=qt_hash primitive=qmutex atomics=own repeats=yes twin=fam_qthash_tiles_clean cause=forgotten-lock */
/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core -fPIC */
/*
 * Tiles of a map in a QHash: a loader stores new ones, the view keeps those that it drew itself.
 * The view stores without the lock.
 */
#include <QHash>
#include <QMutex>
#include <QThread>
#include <cstdio>
#include <pthread.h>

namespace
{
QHash<int, int> tiles;
QMutex tilesLock;
pthread_barrier_t frame, frame_over;

struct Loader : QThread {
	void run() override
	{
		pthread_barrier_wait(&frame);
		for (int i = 0; i < 400; i++) {
			QMutexLocker hold(&tilesLock);
			tiles.insert(i * 2, i);
		}
		pthread_barrier_wait(&frame_over);
	}
};

void draw(int tile)
{
	tiles.insert(tile, -tile);
}
}

int main()
{
	Loader loader;

	tiles.reserve(4096);
	tiles.insert(-1, 0);
	pthread_barrier_init(&frame, nullptr, 2);
	pthread_barrier_init(&frame_over, nullptr, 2);
	loader.start();
	pthread_barrier_wait(&frame);
	for (int i = 0; i < 400; i++)
		draw(i * 2 + 1);
	pthread_barrier_wait(&frame_over);
	loader.wait();
	std::printf("%s\n", tiles.size() <= 801 ? "map drawn" : "map torn");
}
