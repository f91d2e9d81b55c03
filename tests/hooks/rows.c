/* SPDX-License-Identifier: MIT */
/*
 * rows.c - every function of every map, against a plain read and a plain write of the same map.
 *
 * `rows --list` prints "FUNCTION read|write|none". `rows FUNCTION read|write` makes thread A call the function and
 * then, after a gate that librace cannot see, thread B do a read or a write. A function that reads races with the write
 * only; one that writes races with both; none is no access at all.
 */
#define GLIB_DISABLE_DEPRECATION_WARNINGS 1
#include <glib.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../e2e/gate.h"

/* 2.76 */
GPtrArray *g_hash_table_get_keys_as_ptr_array(GHashTable *) __attribute__((weak));
GPtrArray *g_hash_table_get_values_as_ptr_array(GHashTable *) __attribute__((weak));
GPtrArray *g_hash_table_steal_all_keys(GHashTable *) __attribute__((weak));
GPtrArray *g_hash_table_steal_all_values(GHashTable *) __attribute__((weak));

static GHashTable *h;
static GTree *tree;
static void *root;
static struct hsearch_data htab;
static char name_a[] = "ROW_A=1";

#define K(n) GINT_TO_POINTER(n)

static void nothing(gpointer a, gpointer b, gpointer c) {}
static gboolean no(gpointer a, gpointer b, gpointer c) { return FALSE; }
static gboolean yes(gpointer a, gpointer b, gpointer c) { return TRUE; }
static gboolean tree_no(gpointer a, gpointer b) { return FALSE; }
static int tree_search(gconstpointer a, gconstpointer b) { return 0; }
static int compare(gconstpointer a, gconstpointer b) { return (a > b) - (a < b); }
static int compare_data(gconstpointer a, gconstpointer b, gpointer data) { return compare(a, b); }
static void walk(const void *node, VISIT v, int depth) {}
static void walk_r(const void *node, VISIT v, void *data) {}
static void drop(void *key) {}

static void hash_make(void)
{
	h = g_hash_table_new(NULL, NULL);
	for (int i = 1; i < 4; i++)
		g_hash_table_insert(h, K(i), K(i));
}
static void hash_read(void) { g_hash_table_lookup(h, K(2)); }
static void hash_write(void) { g_hash_table_insert(h, K(9), K(9)); }

static void tree_make(void)
{
	tree = g_tree_new(compare);
	for (int i = 1; i < 4; i++)
		g_tree_insert(tree, K(i), K(i));
}
static void tree_read(void) { g_tree_lookup(tree, K(2)); }
static void tree_write(void) { g_tree_insert(tree, K(9), K(9)); }

static void root_make(void)
{
	for (int i = 1; i < 4; i++)
		tsearch(K(i), &root, compare);
}
static void root_read(void) { tfind(K(2), &root, compare); }
static void root_write(void) { tsearch(K(9), &root, compare); }

static ENTRY entry(const char *key) { return (ENTRY){ (char *)key, NULL }; }
static void one_make(void)
{
	if (!hcreate(16) || !hsearch(entry("one"), ENTER))
		abort();
}
static void one_read(void) { hsearch(entry("one"), FIND); }
static void one_write(void) { hsearch(entry("nine"), ENTER); }

static void htab_make(void)
{
	ENTRY *e;

	if (!hcreate_r(16, &htab) || !hsearch_r(entry("one"), ENTER, &e, &htab))
		abort();
}
static void htab_read(void) { ENTRY *e; hsearch_r(entry("one"), FIND, &e, &htab); }
static void htab_write(void) { ENTRY *e; hsearch_r(entry("nine"), ENTER, &e, &htab); }

static void env_make(void) { setenv("ROW_HERE", "1", 1); }
static void env_read(void) { getenv("ROW_HERE"); }
static void env_write(void) { setenv("ROW_B", "1", 1); }

struct row {
	const char *name, *access;
	void (*make)(void), (*call)(void), (*read)(void), (*write)(void);
};

#define ROW(family, function, access, call) static void call_##function(void) { call; }
#include "rows.def"
#undef ROW
#define ROW(family, function, access, call)                                                                          \
	{ #function, access, family##_make, call_##function, family##_read, family##_write },
static const struct row rows[] = {
#include "rows.def"
};

static const struct row *row;
static gboolean b_writes;
static struct gate a_done;

static gpointer side_a(gpointer unused)
{
	row->call();
	gate_open(&a_done);
	return NULL;
}

static gpointer side_b(gpointer unused)
{
	gate_wait(&a_done, 1);
	(b_writes ? row->write : row->read)();
	return NULL;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (argc == 2 && !strcmp(argv[1], "--list"))
			printf("%s %s\n", rows[i].name, rows[i].access);
		else if (argc == 3 && !strcmp(argv[1], rows[i].name)) {
			GThread *a, *b;

			row = &rows[i];
			b_writes = !strcmp(argv[2], "write");
			row->make();
			a = g_thread_new("a", side_a, NULL);
			b = g_thread_new("b", side_b, NULL);
			g_thread_join(a);
			g_thread_join(b);
			puts("done");
			return 0;
		}
	}
	return argc == 2 ? 0 : 2;
}
