/* CORPUS label=clean family=glib_hash primitive=std_latch atomics=own repeats=no twin=prim_latch_start_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Two loaders report to a latch when their half of the dictionary is in; main waits for both and reads.
 * The loaders report that they are done, and write under a lock.
 */
#include <cstdio>
#include <glib.h>
#include <latch>
#include <mutex>
#include <string>
#include <thread>

enum { WORDS = 30, PASSES = 300 };

static GHashTable *dictionary;
static std::mutex dictionary_lock;
static std::latch loaded(2);

static int word(int i)
{
	return std::stoi(std::to_string(i % WORDS + 1));
}

static void loader(int base)
{
	for (int i = 0; i < WORDS * PASSES; i++) {
		int number = word(i);
		std::lock_guard<std::mutex> guard(dictionary_lock);

		g_hash_table_insert(dictionary, GINT_TO_POINTER(number), GINT_TO_POINTER(base + i));
	}
	loaded.count_down();
}

int main()
{
	int found = 0;

	dictionary = g_hash_table_new(NULL, NULL);
	for (int i = 1; i <= WORDS; i++)
		g_hash_table_insert(dictionary, GINT_TO_POINTER(i), GINT_TO_POINTER(50 + i));

	std::thread first(loader, 1000), second(loader, 5000);

	loaded.wait();
	for (int i = 0; i < WORDS * PASSES; i++)
		found += g_hash_table_contains(dictionary, GINT_TO_POINTER(word(i)));
	first.join();
	second.join();
	std::printf("%d words found\n", found);
	return 0;
}
