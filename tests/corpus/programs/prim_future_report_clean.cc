/* CORPUS label=clean family=glib_hash primitive=std_future atomics=own repeats=no twin=prim_future_report_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A report is computed by std::async into a table that main reads.
 * Main has the future's result before it reads the table.
 */
#include <cstdio>
#include <future>
#include <glib.h>
#include <string>

enum { ROWS = 20, PASSES = 500 };

static GHashTable *rows;

static int compute()
{
	int work = 0;

	for (int i = 0; i < ROWS * PASSES; i++) {
		std::string text = std::to_string(i * 37);

		g_hash_table_insert(rows, GINT_TO_POINTER(i % ROWS + 1), GINT_TO_POINTER(std::stoi(text) + 100));
		work++;
	}
	return work;
}

static int read_all()
{
	int found = 0;

	for (int i = 0; i < ROWS * PASSES; i++) {
		std::string text = std::to_string(i % ROWS + 1);

		found += g_hash_table_contains(rows, GINT_TO_POINTER(std::stoi(text)));
	}
	return found;
}

int main()
{
	rows = g_hash_table_new(NULL, NULL);
	for (int row = 1; row <= ROWS; row++)
		g_hash_table_insert(rows, GINT_TO_POINTER(row), GINT_TO_POINTER(100 + row));

	std::future<int> done = std::async(std::launch::async, compute);
	int work, found;

	work = done.get();
	found = read_all();
	std::printf("%d computed, %d read\n", work, found);
	return 0;
}
