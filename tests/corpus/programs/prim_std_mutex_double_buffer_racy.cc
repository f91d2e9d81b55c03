/* CORPUS label=racy family=glib_hash primitive=std_mutex atomics=none repeats=yes twin=prim_std_mutex_double_buffer_clean cause=forgotten-lock */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A double buffer: the sampler fills the back table without a lock and swaps it to the front under the lock; the
 * reader looks at the front table under the lock.
 * The reader remembers which table was in front when it began, and does not ask again.
 */
#include <cstdio>
#include <glib.h>
#include <mutex>
#include <thread>
#include <utility>

enum { CHANNELS = 16, SWAPS = 150 };

static GHashTable *front, *back;
static std::mutex front_lock;

static void fill(GHashTable *table, int base)
{
	for (int channel = 1; channel <= CHANNELS; channel++)
		g_hash_table_insert(table, GINT_TO_POINTER(channel), GINT_TO_POINTER(base + channel));
}

static void sampler()
{
	for (int i = 0; i < SWAPS; i++) {
		fill(back, 100 * i + 50);

		std::lock_guard<std::mutex> guard(front_lock);
		std::swap(front, back);
	}
}

static int count(GHashTable *table)
{
	int found = 0;

	for (int channel = 1; channel <= CHANNELS; channel++)
		found += g_hash_table_contains(table, GINT_TO_POINTER(channel));
	return found;
}

int main()
{
	long found = 0;

	front = g_hash_table_new(NULL, NULL);
	back = g_hash_table_new(NULL, NULL);
	fill(front, 50);
	fill(back, 50);
	GHashTable *view = front;

	std::thread thread(sampler);

	for (int i = 0; i < SWAPS; i++) {
		found += count(view);
	}
	thread.join();
	std::printf("%ld channels read\n", found);
	return 0;
}
