/* CORPUS label=clean family=glib_hash primitive=once atomics=none repeats=no twin=prim_once_defaults_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Defaults are put into a table by whoever needs one first, by pthread_once; afterwards nobody writes.
 * Both threads pass through pthread_once each time.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

static GHashTable *defaults;
static pthread_once_t defaults_once = PTHREAD_ONCE_INIT;

static void set_defaults(void)
{
	g_hash_table_insert(defaults, "timeout", GINT_TO_POINTER(30));
	g_hash_table_insert(defaults, "retries", GINT_TO_POINTER(3));
	g_hash_table_insert(defaults, "port", GINT_TO_POINTER(8080));
	g_hash_table_insert(defaults, "backlog", GINT_TO_POINTER(128));
}

static int setting(const char *name)
{
	pthread_once(&defaults_once, set_defaults);
	return GPOINTER_TO_INT(g_hash_table_lookup(defaults, name));
}

static void *listener(void *port)
{
	*(int *)port = setting("port") + setting("backlog");
	return NULL;
}

static void *connector(void *timeout)
{
	*(int *)timeout = setting("timeout") * setting("retries");
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	int port = 0, timeout = 0;

	defaults = g_hash_table_new(g_str_hash, g_str_equal);
	g_hash_table_insert(defaults, "version", GINT_TO_POINTER(7));
	pthread_create(&threads[0], NULL, listener, &port);
	pthread_create(&threads[1], NULL, connector, &timeout);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("listening on %d\n", port - 128);
	return 0;
}
