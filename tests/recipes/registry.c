/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A registry that threads add to, remove from and walk: the ways to share it, each with a way to get it wrong.
 */
#include <glib.h>

#include "recipe.h"

#define ROUNDS 100

struct listener {
	int id, calls;
};

static struct listener listeners[ROUNDS];

static void *listener_new(int i)
{
	listeners[i].id = i;
	return &listeners[i];
}

/* ---- one mutex around the whole change of state -------------------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *by_id;
static int active;

static void add_locked(struct listener *l)
{
	pthread_mutex_lock(&lock);
	g_hash_table_insert(by_id, GINT_TO_POINTER(l->id), l);
	active++;
	pthread_mutex_unlock(&lock);
}

static void remove_locked(int id)
{
	pthread_mutex_lock(&lock);
	if (g_hash_table_remove(by_id, GINT_TO_POINTER(id)))
		active--;
	pthread_mutex_unlock(&lock);
}

static void count_call(void *key, void *listener, void *unused)
{
	((struct listener *)listener)->calls++;
}

static void notify_locked(void)
{
	pthread_mutex_lock(&lock);
	g_hash_table_foreach(by_id, count_call, NULL);
	pthread_mutex_unlock(&lock);
}

static void *subscriber(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		add_locked(listener_new(i));
		if (i % 2)
			remove_locked(i);
	}
	return unused;
}

static void *notifier(void *unused)
{
	for (int i = 0; i < ROUNDS; i++)
		notify_locked();
	return unused;
}

static void one_mutex(void)
{
	by_id = g_hash_table_new(NULL, NULL);
	both(subscriber, notifier);
}

/* Wrong: the lock covers one half of the state. */
static void *half_subscriber(void *unused)
{
	pthread_mutex_lock(&lock);
	active++;
	pthread_mutex_unlock(&lock);
	g_hash_table_insert(by_id, GINT_TO_POINTER(1), listener_new(1));
	gate_open(&first_done);
	return unused;
}

static void *half_notifier(void *unused)
{
	gate_wait(&first_done, 1);
	notify_locked();
	return unused;
}

static void half_locked(void)
{
	by_id = g_hash_table_new(NULL, NULL);
	both(half_subscriber, half_notifier);
}

/* ---- a snapshot that nobody changes ------------------------------------------------------------------------------------------ */

static GHashTable *current;

static GHashTable *snapshot(void)
{
	GHashTable *t;

	pthread_mutex_lock(&lock);
	t = g_hash_table_ref(current);
	pthread_mutex_unlock(&lock);
	return t;
}

static GHashTable *copy_of(GHashTable *from)
{
	GHashTable *t = g_hash_table_new(NULL, NULL);
	GHashTableIter i;
	void *key, *value;

	g_hash_table_iter_init(&i, from);
	while (g_hash_table_iter_next(&i, &key, &value))
		g_hash_table_insert(t, key, value);
	return t;
}

static void add_to_copy(struct listener *l)
{
	GHashTable *changed, *old;

	pthread_mutex_lock(&lock);
	old = current;
	changed = copy_of(old);
	g_hash_table_insert(changed, GINT_TO_POINTER(l->id), l);
	current = changed;
	pthread_mutex_unlock(&lock);
	g_hash_table_unref(old);
}

static void *copy_subscriber(void *unused)
{
	for (int i = 0; i < ROUNDS; i++)
		add_to_copy(listener_new(i));
	return unused;
}

static void *snapshot_notifier(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		GHashTable *t = snapshot();

		g_hash_table_foreach(t, count_call, NULL);
		g_hash_table_unref(t);
	}
	return unused;
}

static void copy_on_write(void)
{
	current = g_hash_table_new(NULL, NULL);
	both(copy_subscriber, snapshot_notifier);
	g_hash_table_unref(current);
}

/* Wrong: the table that readers hold is changed in place. */
static void *in_place_notifier(void *unused)
{
	GHashTable *t = snapshot();

	g_hash_table_foreach(t, count_call, NULL);
	gate_open(&first_done);
	g_hash_table_unref(t);
	return unused;
}

static void *in_place_subscriber(void *unused)
{
	gate_wait(&first_done, 1);
	pthread_mutex_lock(&lock);
	g_hash_table_insert(current, GINT_TO_POINTER(1), listener_new(1));
	pthread_mutex_unlock(&lock);
	return unused;
}

static void changed_in_place(void)
{
	current = g_hash_table_new(NULL, NULL);
	both(in_place_notifier, in_place_subscriber);
}

/* ---- a reader-writer lock ------------------------------------------------------------------------------------------------------ */

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static GHashTable *sessions;

static void *session_reader(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_rwlock_rdlock(&rwlock);
		g_hash_table_lookup(sessions, GINT_TO_POINTER(i));
		pthread_rwlock_unlock(&rwlock);
	}
	return unused;
}

static void *session_writer(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_rwlock_wrlock(&rwlock);
		g_hash_table_insert(sessions, GINT_TO_POINTER(i), listener_new(i));
		pthread_rwlock_unlock(&rwlock);
	}
	return unused;
}

static void readers_and_writers(void)
{
	sessions = g_hash_table_new(NULL, NULL);
	both(session_reader, session_writer);
}

/* Wrong: a look-up that inserts what it misses, under the lock of readers. */
static void *cached(int id)
{
	void *s;

	pthread_rwlock_rdlock(&rwlock);
	s = g_hash_table_lookup(sessions, GINT_TO_POINTER(id));
	if (!s)
		g_hash_table_insert(sessions, GINT_TO_POINTER(id), s = listener_new(id));
	pthread_rwlock_unlock(&rwlock);
	return s;
}

static void *first_cacher(void *unused)
{
	cached(1);
	gate_open(&first_done);
	return unused;
}

static void *second_cacher(void *unused)
{
	gate_wait(&first_done, 1);
	cached(2);
	return unused;
}

static void written_as_reader(void)
{
	sessions = g_hash_table_new(NULL, NULL);
	both(first_cacher, second_cacher);
}

/* ---- a lock for each bucket ------------------------------------------------------------------------------------------------------- */

#define BUCKETS 16

static struct table {
	pthread_mutex_t lock[BUCKETS];
	struct node {
		struct node *next;
		unsigned key;
	} *head[BUCKETS];
} table;

static struct node nodes[2][ROUNDS];

static void table_init(void)
{
	for (int i = 0; i < BUCKETS; i++)
		pthread_mutex_init(&table.lock[i], NULL);
	race_map_create(&table, "session table", RACE_BUCKET_LOCKED);
}

/* held: the bucket whose lock is taken; it should be the key's. */
static void table_insert(struct node *n, unsigned held)
{
	unsigned bucket = n->key % BUCKETS;

	pthread_mutex_lock(&table.lock[held]);
	race_begin(&table, RACE_OP_INSERT, bucket, &n->key, RACE_KEY_INT);
	n->next = table.head[bucket];
	table.head[bucket] = n;
	race_end(&table);
	pthread_mutex_unlock(&table.lock[held]);
}

static void *bucket_worker(void *mine)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct node *n = (struct node *)mine + i;

		n->key = i;
		table_insert(n, i % BUCKETS);
	}
	return NULL;
}

static void bucket_locks(void)
{
	pthread_t a, b;

	table_init();
	a = start(bucket_worker, nodes[0]);
	b = start(bucket_worker, nodes[1]);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
}

/* Wrong: the lock is that of the bucket which the key had before it changed. */
static void *right_bucket(void *unused)
{
	nodes[0][0].key = 5;
	table_insert(&nodes[0][0], 5);
	gate_open(&first_done);
	return unused;
}

static void *old_bucket(void *unused)
{
	gate_wait(&first_done, 1);
	nodes[1][0].key = 5;
	table_insert(&nodes[1][0], 4);
	return unused;
}

static void wrong_bucket(void)
{
	table_init();
	both(right_bucket, old_bucket);
}

/* ---- one thread owns it, the others send it requests ----------------------------------------------------------------------------------- */

static GAsyncQueue *requests;
static char stop_request;

static void *owner(void *unused)
{
	GHashTable *own = g_hash_table_new(NULL, NULL);
	void *request;

	while ((request = g_async_queue_pop(requests)) != &stop_request)
		g_hash_table_insert(own, request, request);
	g_hash_table_destroy(own);
	return unused;
}

static void *client(void *unused)
{
	for (int i = 0; i < ROUNDS; i++)
		g_async_queue_push(requests, listener_new(i));
	g_async_queue_push(requests, &stop_request);
	return unused;
}

static void single_owner(void)
{
	requests = g_async_queue_new();
	both(owner, client);
}

/* Wrong: "only a look" past the owner. */
static GHashTable *owned;

static void *careful_owner(void *unused)
{
	g_hash_table_insert(owned, g_async_queue_pop(requests), unused);
	gate_open(&first_done);
	return unused;
}

static void *impatient_client(void *unused)
{
	g_async_queue_push(requests, listener_new(1));
	gate_wait(&first_done, 1);
	g_hash_table_size(owned);
	g_hash_table_contains(owned, &listeners[1]);
	return unused;
}

static void past_the_owner(void)
{
	requests = g_async_queue_new();
	owned = g_hash_table_new(NULL, NULL);
	both(careful_owner, impatient_client);
}

RECIPES({ "one_mutex", one_mutex, "silent" }, { "half_locked", half_locked, "reported" },
	{ "copy_on_write", copy_on_write, "silent" }, { "changed_in_place", changed_in_place, "reported" },
	{ "readers_and_writers", readers_and_writers, "silent" }, { "written_as_reader", written_as_reader, "reported" },
	{ "bucket_locks", bucket_locks, "silent" }, { "wrong_bucket", wrong_bucket, "reported" },
	{ "single_owner", single_owner, "silent" }, { "past_the_owner", past_the_owner, "reported" })
