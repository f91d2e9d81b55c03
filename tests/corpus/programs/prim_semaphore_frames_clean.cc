/* CORPUS label=clean family=glib_hash primitive=std_semaphore atomics=own repeats=no twin=prim_semaphore_frames_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A decoder fills the frame table and hands it to the renderer by a semaphore.
 * It fills first and hands over then.
 */
#include <cstdio>
#include <glib.h>
#include <semaphore>
#include <string>
#include <thread>

enum { FRAMES = 24, PASSES = 500 };

static GHashTable *frames;
static std::counting_semaphore<4> decoded(0);

static int number_of(int i)
{
	return std::stoi(std::to_string(i % FRAMES + 1));
}

static void decode()
{
	for (int i = 0; i < FRAMES * PASSES; i++)
		g_hash_table_insert(frames, GINT_TO_POINTER(number_of(i)), GINT_TO_POINTER(100 + i));
}

static void renderer(int &rendered)
{
	decoded.acquire();
	for (int i = 0; i < FRAMES * PASSES; i++)
		rendered += g_hash_table_contains(frames, GINT_TO_POINTER(number_of(i)));
}

int main()
{
	int rendered = 0;

	frames = g_hash_table_new(NULL, NULL);
	for (int i = 1; i <= FRAMES; i++)
		g_hash_table_insert(frames, GINT_TO_POINTER(i), GINT_TO_POINTER(50 + i));

	std::thread thread(renderer, std::ref(rendered));

	decode();
	decoded.release();
	thread.join();
	std::printf("%d frames rendered\n", rendered);
	return 0;
}
