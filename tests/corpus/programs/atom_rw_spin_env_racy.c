/* CORPUS label=racy family=env primitive=atomic_rwlock atomics=own repeats=yes twin=atom_rw_spin_env_clean cause=read_lock_for_write */
/* SPDX-License-Identifier: MIT */
/*
 * The locale settings live in the environment; a reader-writer spin lock keeps the formatter (getenv) and the
 * settings page (setenv) apart. The word counts readers; a writer sets the top bit.
 * The settings page takes the lock for reading and writes all the same.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITER 0x80000000u
enum { ROUNDS = 18000 };

static atomic_uint word;
static atomic_int progress[2];

static void read_lock(void)
{
	while (atomic_fetch_add_explicit(&word, 1, memory_order_acquire) & WRITER) {
		atomic_fetch_sub_explicit(&word, 1, memory_order_relaxed);
		while (atomic_load_explicit(&word, memory_order_relaxed) & WRITER)
			__builtin_ia32_pause();
	}
}

static void read_unlock(void)
{
	atomic_fetch_sub_explicit(&word, 1, memory_order_release);
}

static int more(int me)
{
	atomic_fetch_add_explicit(&progress[me], 1, memory_order_relaxed);
	return atomic_load_explicit(&progress[me], memory_order_relaxed) < ROUNDS ||
	       atomic_load_explicit(&progress[!me], memory_order_relaxed) < ROUNDS;
}

static void *formatter(void *arg)
{
	size_t *longest = arg, length;

	do {
		read_lock();
		length = strlen(getenv("APP_LOCALE"));
		read_unlock();
		*longest = length > *longest ? length : *longest;
	} while (more(0));
	return NULL;
}

static void *settings_page(void *arg)
{
	static const char *const locales[] = { "de_AT", "en_GB", "fr_CA" };
	int n = 0;

	do {
		read_lock();
		setenv("APP_LOCALE", locales[n++ % 3], 1);
		read_unlock();
	} while (more(1));
	return arg;
}

int main(void)
{
	pthread_t threads[2];
	size_t longest = 0;

	setenv("APP_LOCALE", "C", 1);
	pthread_create(&threads[0], NULL, formatter, &longest);
	pthread_create(&threads[1], NULL, settings_page, NULL);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	printf("locale %s\n", longest ? "set" : "unset");
	return 0;
}
