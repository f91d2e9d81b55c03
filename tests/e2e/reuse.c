/* SPDX-License-Identifier: MIT */
/*
 * reuse.c - memory that had a map and has another one now, and maps that are used when they are gone.
 *
 * The allocator orders the two owners by locks of its own that nobody sees, so only the end of the first map tells
 * them apart. Each clean scenario asserts that the address really came back (status 3 when it did not); its racy twin
 * leaves the first map alive and uses that. See twins.h.
 */
#include <glib.h>

#include "twins.h"

#include <sys/mman.h>

static struct gate first_gone, end;
static void *old;

/* Side A runs to its end before side B begins, and nothing orders them: main joins A, then opens a gate. */
static void *a_then_b(void *(*a)(void *), void *(*b)(void *))
{
	pthread_t ta, tb;

	MUST(pthread_create(&tb, NULL, b, NULL));
	MUST(pthread_create(&ta, NULL, a, NULL));
	MUST(pthread_join(ta, NULL));
	gate_open(&first_gone);
	MUST(pthread_join(tb, NULL));
	return NULL;
}
#define A_THEN_B(name)                                                                                               \
	static void *name##_alone(void *unused)                                                                      \
	{                                                                                                            \
		return a_then_b(name##_first, name##_second);                                                        \
	}

static void no_reuse(void)
{
	fprintf(stderr, "the memory was not used again\n");
	exit(3);
}

static __attribute__((noinline)) void tree_a(void **root)
{
	tsearch((void *)1, root, touch_compare);
	KEEP(tree_a);
}
static __attribute__((noinline)) void tree_b(void **root)
{
	tsearch((void *)2, root, touch_compare);
	KEEP(tree_b);
}
static void tree_empty(void **root)
{
	tdelete((void *)1, root, touch_compare);
}

/* ---- malloc, free ------------------------------------------------------------------------------------------------ */

static void *free_root_first(void *unused)
{
	void **root = malloc(104);

	*root = NULL;
	old = root;
	tree_a(root);
	if (!racy) {
		tree_empty(root);
		free(root);
	}
	return unused;
}
static void *free_root_second(void *unused)
{
	void **root = NULL;

	gate_wait(&first_gone, 1);
	if (racy) {
		tree_b(old);
		return unused;
	}
	for (int i = 0; i < 10000 && root != old; i++)
		root = malloc(104);
	if (root != old)
		no_reuse();
	*root = NULL;
	tree_b(root);
	return unused;
}
A_THEN_B(free_root)

/* realloc moves the block away: what follows at the old address is something else */
static void *realloc_root_first(void *unused)
{
	void **root = malloc(104);

	*root = NULL;
	old = root;
	tree_a(root);
	if (!racy) {
		tree_empty(root);
		void *stop = malloc(104); /* so that the block cannot grow in place */
		root = realloc(root, 1 << 20);
		if (root == old)
			no_reuse();
		free(stop);
		free(root);
	}
	return unused;
}
static void *realloc_root_second(void *unused)
{
	return free_root_second(unused);
}
A_THEN_B(realloc_root)

/* ---- mmap, munmap ------------------------------------------------------------------------------------------------ */

static void *munmap_root_first(void *unused)
{
	void **root = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	old = root;
	tree_a(root);
	if (!racy) {
		tree_empty(root);
		munmap(root, 1 << 16);
	}
	return unused;
}
static void *munmap_root_second(void *unused)
{
	gate_wait(&first_gone, 1);
	if (!racy && mmap(old, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		0) != old)
		no_reuse();
	tree_b(old);
	return unused;
}
A_THEN_B(munmap_root)

/* ---- the stack of a thread that has ended ------------------------------------------------------------------------ */

static void *stack_owner(void *second)
{
	void *root = NULL;

	if (!second) {
		old = &root;
		tree_a(&root);
		if (racy) {
			gate_open(&first_gone);
			gate_wait(&end, 1);
		}
		return NULL;
	}
	if (!racy && old != &root)
		no_reuse();
	tree_b(racy ? old : &root);
	return NULL;
}
static void *stack_second(void *unused)
{
	pthread_t t;

	gate_wait(&first_gone, 1);
	MUST(pthread_create(&t, NULL, stack_owner, &end));
	MUST(pthread_join(t, NULL));
	gate_open(&end);
	return unused;
}
static void *stack_root_alone(void *unused)
{
	pthread_t ta, tb;

	MUST(pthread_create(&tb, NULL, stack_second, NULL));
	MUST(pthread_create(&ta, NULL, stack_owner, NULL));
	MUST(pthread_join(ta, NULL));
	if (!racy)
		gate_open(&first_gone);
	MUST(pthread_join(tb, NULL));
	return unused;
}

/* ---- GHashTable -------------------------------------------------------------------------------------------------- */

static __attribute__((noinline)) void insert_a(GHashTable *table)
{
	g_hash_table_insert(table, GINT_TO_POINTER(1), NULL);
	KEEP(insert_a);
}
static __attribute__((noinline)) void insert_b(GHashTable *table)
{
	g_hash_table_insert(table, GINT_TO_POINTER(2), NULL);
	KEEP(insert_b);
}

static void *new_table_first(void *unused)
{
	GHashTable *table = g_hash_table_new(NULL, NULL);

	old = table;
	insert_a(table);
	if (!racy)
		g_hash_table_destroy(table);
	return unused;
}
static void *new_table_second(void *unused)
{
	GHashTable *table = NULL;

	gate_wait(&first_gone, 1);
	if (racy) {
		insert_b(old);
		return unused;
	}
	for (int i = 0; i < 10000 && (void *)table != old; i++)
		table = g_hash_table_new(NULL, NULL);
	if ((void *)table != old)
		no_reuse();
	insert_b(table);
	return unused;
}
A_THEN_B(new_table)

/* A thread destroys the table while another one, unordered, still uses it: the core loop and its media thread. */
static GHashTable *shared;
static pthread_mutex_t destroy_lock = PTHREAD_MUTEX_INITIALIZER;
static void *destroy_a(void *unused)
{
	pthread_mutex_lock(&destroy_lock);
	insert_a(shared);
	pthread_mutex_unlock(&destroy_lock);
	gate_open(&a_done);
	return unused;
}
static __attribute__((noinline)) void destroy_table(void)
{
	g_hash_table_destroy(shared);
	KEEP(destroy_table);
}
static void *destroy_b(void *unused)
{
	gate_wait(&a_done, 1);
	if (!racy) {
		pthread_mutex_lock(&destroy_lock);
		destroy_table();
		pthread_mutex_unlock(&destroy_lock);
	} else {
		destroy_table();
	}
	return unused;
}
static void *destroy_alone(void *unused)
{
	static const struct scenario s = { "destroy", destroy_a, destroy_b };

	shared = g_hash_table_new(NULL, NULL);
	run_sides(&s);
	return unused;
}

/* One thread only. The size is a plain load from the header, so that the program survives its own mistake. */
static __attribute__((noinline)) guint size_of(GHashTable *table)
{
	guint size = g_hash_table_size(table);
	KEEP(size_of);
	return size;
}
static __attribute__((noinline)) gint nodes_of(GTree *tree)
{
	gint n = g_tree_nnodes(tree);
	KEEP(nodes_of);
	return n;
}
static void *nothing(void *unused)
{
	return unused;
}
static void *dead_table_alone(void *unused)
{
	GHashTable *table = g_hash_table_new(NULL, NULL);
	pthread_t t;

	MUST(pthread_create(&t, NULL, nothing, NULL));
	MUST(pthread_join(t, NULL));
	insert_a(table);
	if (!racy)
		size_of(table);
	shared = table;
	destroy_table();
	if (racy)
		size_of(table);
	return unused;
}
static int compare_pointers(const void *a, const void *b)
{
	return (a > b) - (a < b);
}
static __attribute__((noinline)) void destroy_tree(GTree *tree)
{
	g_tree_destroy(tree);
	KEEP(destroy_tree);
}
static void *dead_tree_alone(void *unused)
{
	GTree *tree = g_tree_new(compare_pointers);
	pthread_t t;

	MUST(pthread_create(&t, NULL, nothing, NULL));
	MUST(pthread_join(t, NULL));
	g_tree_insert(tree, GINT_TO_POINTER(1), NULL);
	if (!racy)
		nodes_of(tree);
	destroy_tree(tree);
	if (racy)
		nodes_of(tree);
	return unused;
}

/* A reference keeps the table alive through a destroy. */
static void *referenced_table_alone(void *unused)
{
	GHashTable *table = g_hash_table_new(NULL, NULL);
	pthread_t t;

	MUST(pthread_create(&t, NULL, nothing, NULL));
	MUST(pthread_join(t, NULL));
	if (!racy)
		g_hash_table_ref(table);
	shared = table;
	destroy_table();
	size_of(table);
	return unused;
}

/* ---- iterators --------------------------------------------------------------------------------------------------- */

static __attribute__((noinline)) gboolean step(GHashTableIter *iter)
{
	gpointer key;
	gboolean more = g_hash_table_iter_next(iter, &key, NULL);
	KEEP(step);
	return more;
}
static GHashTable *filled(int n)
{
	GHashTable *table = g_hash_table_new(NULL, NULL);

	for (int i = 1; i <= n; i++)
		g_hash_table_insert(table, GINT_TO_POINTER(i), NULL);
	return table;
}
/* Same thread: removing by the table what the iterator stands on; by the iterator is fine. */
static void *stale_iterator_alone(void *unused)
{
	GHashTable *table = filled(4);
	GHashTableIter iter;
	gpointer key;
	pthread_t t;

	MUST(pthread_create(&t, NULL, nothing, NULL));
	MUST(pthread_join(t, NULL));
	g_hash_table_iter_init(&iter, table);
	if (!g_hash_table_iter_next(&iter, &key, NULL))
		abort();
	if (racy)
		g_hash_table_remove(table, key);
	else
		g_hash_table_iter_remove(&iter);
	step(&iter);
	g_hash_table_destroy(table);
	return unused;
}
/* Another thread inserts between two steps: a data race. */
static pthread_mutex_t iterate_lock[2] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };
static void *iterate_a(void *unused)
{
	GHashTableIter iter;

	pthread_mutex_lock(&iterate_lock[0]);
	g_hash_table_iter_init(&iter, shared);
	step(&iter);
	pthread_mutex_unlock(&iterate_lock[0]);
	gate_open(&a_done);
	return unused;
}
static void *iterate_b(void *unused)
{
	gate_wait(&a_done, 1);
	pthread_mutex_lock(&iterate_lock[racy]);
	insert_b(shared);
	pthread_mutex_unlock(&iterate_lock[racy]);
	return unused;
}
static void *iterate_alone(void *unused)
{
	static const struct scenario s = { "iterate", iterate_a, iterate_b };

	shared = filled(4);
	run_sides(&s);
	return unused;
}

/* Overlap: the insertion happens while the walk is inside the map. */
static struct gate inside;
static void foreach_stops(gpointer key, gpointer value, gpointer data)
{
	if (GPOINTER_TO_INT(key) != 1)
		return;
	gate_open(&inside);
	if (racy)
		gate_wait(&a_done, 1);
}
static __attribute__((noinline)) void walk(void)
{
	g_hash_table_foreach(shared, foreach_stops, NULL);
	KEEP(walk);
}
static void *overlap_a(void *unused)
{
	pthread_mutex_lock(&iterate_lock[0]);
	walk();
	pthread_mutex_unlock(&iterate_lock[0]);
	gate_open(&end);
	return unused;
}
static void *overlap_b(void *unused)
{
	gate_wait(racy ? &inside : &end, 1);
	pthread_mutex_lock(&iterate_lock[racy]);
	insert_b(shared);
	pthread_mutex_unlock(&iterate_lock[racy]);
	gate_open(&a_done);
	return unused;
}
static void *overlap_alone(void *unused)
{
	static const struct scenario s = { "overlap", overlap_a, overlap_b };

	/* Roomy enough that one insertion does not resize under the walker's feet. */
	shared = filled(4);
	run_sides(&s);
	return unused;
}

/* The other way round: the reader comes while the writer is inside (its hash function waits). */
static guint hash_stops(gconstpointer key)
{
	if (GPOINTER_TO_INT(key) == 99) {
		gate_open(&inside);
		if (racy)
			gate_wait(&a_done, 1);
	}
	return GPOINTER_TO_UINT(key);
}
static __attribute__((noinline)) void insert_slowly(void)
{
	g_hash_table_insert(shared, GINT_TO_POINTER(99), NULL);
	KEEP(insert_slowly);
}
static __attribute__((noinline)) void lookup_b(void)
{
	g_hash_table_lookup(shared, GINT_TO_POINTER(2));
	KEEP(lookup_b);
}
static void *overlap_writer_a(void *unused)
{
	pthread_mutex_lock(&iterate_lock[0]);
	insert_slowly();
	pthread_mutex_unlock(&iterate_lock[0]);
	gate_open(&inside);
	return unused;
}
static void *overlap_writer_b(void *unused)
{
	gate_wait(&inside, racy ? 1 : 2);
	pthread_mutex_lock(&iterate_lock[racy]);
	lookup_b();
	pthread_mutex_unlock(&iterate_lock[racy]);
	gate_open(&a_done);
	return unused;
}
static void *overlap_writer_alone(void *unused)
{
	static const struct scenario s = { "overlap_writer", overlap_writer_a, overlap_writer_b };

	shared = g_hash_table_new(hash_stops, NULL);
	g_hash_table_insert(shared, GINT_TO_POINTER(2), NULL);
	run_sides(&s);
	return unused;
}

/* ---- the same lock again and again: the previous access is the last one, not the first of the series ------------------- */

static pthread_mutex_t series_lock = PTHREAD_MUTEX_INITIALIZER;

static __attribute__((noinline)) void series_fill(int key)
{
	pthread_mutex_lock(&series_lock);
	g_hash_table_insert(shared, GINT_TO_POINTER(key), NULL);
	pthread_mutex_unlock(&series_lock);
	KEEP(series_fill);
}
static __attribute__((noinline)) void series_evict(int key)
{
	pthread_mutex_lock(&series_lock);
	g_hash_table_remove(shared, GINT_TO_POINTER(key));
	pthread_mutex_unlock(&series_lock);
	KEEP(series_evict);
}
static void *series_a(void *unused)
{
	for (int key = 1; key < 6; key++)
		series_fill(key);
	series_evict(3);
	gate_open(&a_done);
	return unused;
}
static void *series_b(void *unused)
{
	gate_wait(&a_done, 1);
	if (!racy)
		pthread_mutex_lock(&series_lock);
	lookup_b();
	if (!racy)
		pthread_mutex_unlock(&series_lock);
	return unused;
}
static void *series_alone(void *unused)
{
	static const struct scenario s = { "series", series_a, series_b };

	shared = g_hash_table_new(NULL, NULL);
	run_sides(&s);
	return unused;
}

static const struct scenario list[] = {
	ALONE(free_root), ALONE(realloc_root), ALONE(munmap_root), ALONE(stack_root), ALONE(new_table), ALONE(destroy),
	ALONE(dead_table), ALONE(dead_tree), ALONE(referenced_table), ALONE(stale_iterator), ALONE(iterate),
		ALONE(overlap), ALONE(overlap_writer), ALONE(series),
};

int main(int argc, char **argv)
{
	return twins_main(argc, argv, list, sizeof list / sizeof *list);
}
