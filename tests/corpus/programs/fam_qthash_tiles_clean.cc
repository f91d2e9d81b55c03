/* CORPUS label=clean family=qt_hash primitive=qmutex atomics=own repeats=yes twin=fam_qthash_tiles_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core -fPIC */
/*
 * Tiles of a map in a QHash, frame by frame: a loader stores new ones, the view keeps those that it drew itself.
 * Both store under the lock.
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
enum { TILES = 400, A_FRAME = 10 };

struct Loader : QThread {
	void run() override
	{
		for (int i = 0; i < TILES; i++) {
			if (i % A_FRAME == 0)
				pthread_barrier_wait(&frame);
			QMutexLocker hold(&tilesLock);
			tiles.insert(i * 2, i);
		}
		pthread_barrier_wait(&frame_over);
	}
};

void draw(int tile)
{
	QMutexLocker hold(&tilesLock);
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
	for (int i = 0; i < TILES; i++) {
		if (i % A_FRAME == 0)
			pthread_barrier_wait(&frame);
		draw(i * 2 + 1);
	}
	pthread_barrier_wait(&frame_over);
	loader.wait();
	std::printf("%s\n", tiles.size() <= 2 * TILES + 1 ? "map drawn" : "map torn");
}
