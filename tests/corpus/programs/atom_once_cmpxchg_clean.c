/* CORPUS label=clean family=glib_hash primitive=atomic_flag atomics=own repeats=no twin=atom_once_cmpxchg_racy strip=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * The codec table is set up by whoever needs it first. A state word (0 untouched, 1 being set up, 2 ready) is moved
 * on by compare-exchange; who comes second waits.
 * Who comes second waits for "ready".
 */
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static GHashTable *codecs;
static GHashTable *storage;
static atomic_int state;

static GHashTable *get_codecs(void)
{
	int untouched = 0;

	if (atomic_compare_exchange_strong(&state, &untouched, 1)) {
		g_hash_table_insert(storage, "utf-8", "Unicode");
		g_hash_table_insert(storage, "latin-1", "Western");
		usleep(4000);
		g_hash_table_insert(storage, "koi8-r", "Cyrillic");
		atomic_store_explicit(&state, 2, memory_order_release);
	}
	while (atomic_load_explicit(&state, memory_order_acquire) < 2)
		usleep(100);
	return storage;
}

static void *decoder(void *arg)
{
	const char **name = arg;

	usleep(*name == NULL ? 0 : 1500);
	*name = g_hash_table_lookup(get_codecs(), "utf-8");
	return NULL;
}

int main(void)
{
	const char *names[2] = { NULL, "" };
	pthread_t threads[2];

	storage = g_hash_table_new(g_str_hash, g_str_equal);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, decoder, &names[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	codecs = storage;
	printf("%s, %u codecs\n", names[0] ? names[0] : "none", g_hash_table_size(codecs));
	g_hash_table_destroy(codecs);
	return 0;
}
