/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A map that is filled at its first use, shared by worker threads: the ways to do it, and two that are wrong.
 */
#include <glib.h>

#include "recipe.h"

#define WORKERS 4
#define ROUNDS 200

static GHashTable *defaults;

static GHashTable *load_defaults(void)
{
	GHashTable *t = g_hash_table_new(g_str_hash, g_str_equal);

	g_hash_table_insert(t, (void *)"timeout", (void *)"30");
	g_hash_table_insert(t, (void *)"retries", (void *)"3");
	return t;
}

static void run_workers(void *(*routine)(void *))
{
	pthread_t workers[WORKERS];

	for (int i = 0; i < WORKERS; i++)
		workers[i] = start(routine, NULL);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
}

/* ---- filled before the threads start ------------------------------------------------------------------------------------ */

static void *reader(void *unused)
{
	for (int i = 0; i < ROUNDS; i++)
		g_hash_table_lookup(defaults, "timeout");
	return unused;
}

static void filled_first(void)
{
	defaults = load_defaults();
	run_workers(reader);
}

/* ---- pthread_once ------------------------------------------------------------------------------------------------------- */

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill(void)
{
	defaults = load_defaults();
}

static void *once_worker(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_once(&once, fill);
		g_hash_table_lookup(defaults, "timeout");
	}
	return unused;
}

static void by_pthread_once(void)
{
	run_workers(once_worker);
}

/* ---- g_once_init_enter -------------------------------------------------------------------------------------------------- */

static GHashTable *shared_defaults(void)
{
	static gsize made;

	if (g_once_init_enter(&made))
		g_once_init_leave(&made, (gsize)load_defaults());
	return (GHashTable *)made;
}

static void *g_once_worker(void *unused)
{
	for (int i = 0; i < ROUNDS; i++)
		g_hash_table_lookup(shared_defaults(), "timeout");
	return unused;
}

static void by_g_once_init(void)
{
	run_workers(g_once_worker);
}

/* ---- a mutex around every use ------------------------------------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *locked_lookup(const char *name)
{
	const char *value;

	pthread_mutex_lock(&lock);
	if (!defaults)
		defaults = load_defaults();
	value = g_hash_table_lookup(defaults, name);
	pthread_mutex_unlock(&lock);
	return value;
}

static void *locked_worker(void *unused)
{
	for (int i = 0; i < ROUNDS; i++)
		locked_lookup("timeout");
	return unused;
}

static void under_a_mutex(void)
{
	run_workers(locked_worker);
}

/* ---- whoever is first fills it under the lock; afterwards it is only read ---------------------------------------------------- */

static void *first_fills(void *unused)
{
	GHashTable *mine;

	pthread_mutex_lock(&lock);
	if (!defaults)
		defaults = load_defaults();
	mine = defaults;
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < ROUNDS; i++)
		g_hash_table_lookup(mine, "timeout");
	return unused;
}

static void by_the_first_thread(void)
{
	run_workers(first_fills);
}

/* ---- one thread fills it, the others wait until it has -------------------------------------------------------------------------- */

static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;

static void *waiting_worker(void *unused)
{
	pthread_mutex_lock(&lock);
	while (!defaults)
		pthread_cond_wait(&filled, &lock);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < ROUNDS; i++)
		g_hash_table_lookup(defaults, "timeout");
	return unused;
}

static void *loader(void *unused)
{
	GHashTable *t = load_defaults();

	pthread_mutex_lock(&lock);
	defaults = t;
	pthread_cond_broadcast(&filled);
	pthread_mutex_unlock(&lock);
	return unused;
}

static void by_blocking(void)
{
	pthread_t l = start(loader, NULL);

	run_workers(waiting_worker);
	pthread_join(l, NULL);
}

/* ---- wrong: two threads find it empty -------------------------------------------------------------------------------------------- */

static GHashTable *names;

static void remember(void *name)
{
	if (!g_hash_table_size(names))
		g_hash_table_insert(names, (void *)"admin", names);
	g_hash_table_insert(names, name, names);
}

static void *first_guest(void *unused)
{
	remember("alice");
	gate_open(&first_done);
	return unused;
}

static void *second_guest(void *unused)
{
	gate_wait(&first_done, 1);
	remember("bob");
	return unused;
}

static void unguarded(void)
{
	names = g_hash_table_new(g_str_hash, g_str_equal);
	both(first_guest, second_guest);
}

/* ---- wrong: a plain flag is looked at before the lock ------------------------------------------------------------------------------ */

static int ready;

static const char *checked_twice(const char *name)
{
	if (!ready) {
		pthread_mutex_lock(&lock);
		if (!defaults)
			defaults = load_defaults();
		ready = 1;
		pthread_mutex_unlock(&lock);
	}
	return g_hash_table_lookup(defaults, name);
}

static void *first_checker(void *unused)
{
	checked_twice("timeout");
	gate_open(&first_done);
	return unused;
}

static void *second_checker(void *unused)
{
	gate_wait(&first_done, 1);
	checked_twice("retries");
	return unused;
}

static void plain_double_check(void)
{
	both(first_checker, second_checker);
}

RECIPES({ "filled_first", filled_first, "silent" }, { "by_pthread_once", by_pthread_once, "silent" },
	{ "by_g_once_init", by_g_once_init, "silent" }, { "under_a_mutex", under_a_mutex, "silent" },
	{ "by_the_first_thread", by_the_first_thread, "silent" }, { "by_blocking", by_blocking, "silent" },
	{ "unguarded", unguarded, "reported" }, { "plain_double_check", plain_double_check, "reported" })
