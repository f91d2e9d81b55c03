/* SPDX-License-Identifier: MIT */
/*
 * states.c - what a report tells of a map, and the lives of maps and iterators. `states NAME` runs one scenario;
 * tests/hooks/check knows what each must print.
 */
#include <glib.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../e2e/gate.h"

static struct gate a_done;
static void (*first)(void), (*second)(void);

static gpointer side_a(gpointer unused)
{
	first();
	gate_open(&a_done);
	return NULL;
}
static gpointer side_b(gpointer unused)
{
	gate_wait(&a_done, 1);
	second();
	return NULL;
}
static void race(void (*a)(void), void (*b)(void))
{
	GThread *t[2];

	a_done.count = 0;
	first = a;
	second = b;
	t[0] = g_thread_new("a", side_a, NULL);
	t[1] = g_thread_new("b", side_b, NULL);
	g_thread_join(t[0]);
	g_thread_join(t[1]);
}

static GHashTable *h;
static GTree *tree;
static void *root;
static int numbers[2] = { 42, -7 };
static gint64 wide[2] = { 5000000000, -1 };
static int compare(const void *a, const void *b) { return (a > b) - (a < b); }

static void string_a(void) { g_hash_table_insert(h, (gpointer)"alice", NULL); }
static void string_b(void) { g_hash_table_lookup(h, "bob"); }
static void keys_string(void)
{
	h = g_hash_table_new(g_str_hash, g_str_equal);
	g_hash_table_insert(h, (gpointer)"carol", NULL);
	race(string_a, string_b);
}
static void int_a(void) { g_hash_table_insert(h, &numbers[0], NULL); }
static void int_b(void) { g_hash_table_lookup(h, &numbers[1]); }
static void keys_int(void)
{
	h = g_hash_table_new(g_int_hash, g_int_equal);
	race(int_a, int_b);
}
static void wide_a(void) { g_hash_table_insert(h, &wide[0], NULL); }
static void wide_b(void) { g_hash_table_lookup(h, &wide[1]); }
static void keys_int64(void)
{
	h = g_hash_table_new(g_int64_hash, g_int64_equal);
	race(wide_a, wide_b);
}
static void pointer_a(void) { g_hash_table_insert(h, GINT_TO_POINTER(17), NULL); }
static void pointer_b(void) { g_hash_table_lookup(h, GINT_TO_POINTER(18)); }
static void keys_pointer(void)
{
	h = g_hash_table_new(NULL, NULL);
	race(pointer_a, pointer_b);
}
static void tree_a(void) { g_tree_insert(tree, (gpointer)"alice", NULL); }
static void tree_b(void) { g_tree_lookup(tree, "bob"); }
static void keys_tree(void)
{
	tree = g_tree_new((GCompareFunc)g_strcmp0);
	race(tree_a, tree_b);
}
static void root_a(void) { tsearch(GINT_TO_POINTER(17), &root, compare); }
static void root_b(void) { tfind(GINT_TO_POINTER(18), &root, compare); }
static void keys_tsearch(void) { race(root_a, root_b); }
static char entry[] = "WHO=alice";
static void env_a(void) { putenv(entry); }
static void env_b(void) { getenv("HOME"); }
static void keys_putenv(void) { race(env_a, env_b); }

/* ---- the lock of GRWLock and GRecMutex goes by the name the program knows -------------------------------------- */

static GRWLock rwlock;
static GRecMutex rec;
static void rw_a(void)
{
	g_rw_lock_reader_lock(&rwlock);
	g_hash_table_insert(h, GINT_TO_POINTER(17), NULL);
	g_rw_lock_reader_unlock(&rwlock);
}
static void rw_b(void)
{
	g_rw_lock_reader_lock(&rwlock);
	g_hash_table_lookup(h, GINT_TO_POINTER(17));
	g_rw_lock_reader_unlock(&rwlock);
}
static void locks_rw(void)
{
	h = g_hash_table_new(NULL, NULL);
	printf("%p\n", (void *)&rwlock);
	race(rw_a, rw_b);
}
static void rec_a(void)
{
	g_rec_mutex_lock(&rec);
	g_rec_mutex_lock(&rec);
	g_rec_mutex_unlock(&rec);
	g_hash_table_insert(h, GINT_TO_POINTER(17), NULL);
	g_rec_mutex_unlock(&rec);
}
static void locks_rec(void)
{
	h = g_hash_table_new(NULL, NULL);
	printf("%p\n", (void *)&rec);
	race(rec_a, pointer_b);
}

/* ---- death and rebirth ----------------------------------------------------------------------------------------- */

static void dead(void)
{
	h = g_hash_table_new(NULL, NULL);
	g_hash_table_unref(h);
	g_hash_table_size(h); /* reads one number of memory that is still mapped */
}
static void dead_not_yet(void)
{
	h = g_hash_table_ref(g_hash_table_new(NULL, NULL));
	g_hash_table_unref(h);
	g_hash_table_contains(h, NULL);
}
static void dead_tree(void)
{
	tree = g_tree_new(compare);
	g_tree_destroy(tree);
	g_tree_nnodes(tree);
}
static void none(void) {}
static void unref_h(void) { g_hash_table_insert(h, &h, &h); g_hash_table_unref(h); }
/* A table at the address of a dead one, by another thread: nothing of the old one counts. */
static void rebirth_b(void)
{
	void *was = h;

	for (int i = 0; i < 64; i++) {
		h = g_hash_table_new(NULL, NULL);
		g_hash_table_insert(h, &h, &h);
		if (h == was)
			break;
	}
}
static void rebirth(void)
{
	h = g_hash_table_new(NULL, NULL);
	race(none, none);
	race(unref_h, rebirth_b);
}
static void hsearch_again(void)
{
	ENTRY e = { (char *)"one", NULL };

	for (int i = 0; i < 3; i++) {
		if (!hcreate(8) || !hsearch(e, ENTER))
			abort();
		hdestroy();
	}
}
static void drop(void *unused) {}
static void tsearch_again(void)
{
	for (int i = 0; i < 3; i++) {
		root_a();
		tdestroy(root, drop);
		root = NULL;
	}
}

/* ---- iterators (misuse=1) -------------------------------------------------------------------------------------- */

static void iterate(int how)
{
	GHashTableIter i;
	gpointer k;

	h = g_hash_table_new(NULL, NULL);
	race(none, none);
	for (int n = 1; n < 4; n++)
		g_hash_table_add(h, GINT_TO_POINTER(n));
	g_hash_table_iter_init(&i, h);
	g_hash_table_iter_next(&i, &k, NULL);
	if (how == 0)
		g_hash_table_remove(h, k);
	else if (how == 1)
		g_hash_table_iter_remove(&i);
	else
		g_hash_table_insert(h, k, k); /* a present key: nothing comes or goes */
	if (how == 0)
		g_log_set_always_fatal(0);
	g_hash_table_iter_next(&i, &k, NULL);
}
static void stale_iterator(void) { iterate(0); }
static void own_removal(void) { iterate(1); }
static void present_key(void) { iterate(2); }

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} list[] = {
#define IT(name) { #name, name }
		IT(keys_string), IT(keys_int), IT(keys_int64), IT(keys_pointer), IT(keys_tree), IT(keys_tsearch), IT(keys_putenv),
		IT(locks_rw), IT(locks_rec), IT(dead), IT(dead_not_yet), IT(dead_tree), IT(rebirth), IT(hsearch_again),
		IT(tsearch_again), IT(stale_iterator), IT(own_removal), IT(present_key),
	};

	for (size_t i = 0; argc > 1 && i < sizeof(list) / sizeof(list[0]); i++) {
		if (!strcmp(argv[1], list[i].name)) {
			list[i].run();
			return 0;
		}
	}
	return 2;
}
