/* SPDX-License-Identifier: MIT */
/*
 * clients.c - two threads that use a daemon's own table functions, loaded into the daemon as it is.
 *
 * LD_PRELOAD="librace.so clients.so" CLIENTS="TABLE FIRST SECOND LOCK" DAEMON --version: before main, thread A does FIRST (insert,
 * lookup) and then thread B does SECOND on one table, each holding LOCK (none, mutex, rwlock: a look-up in read mode). The order is
 * forced by what no tool sees (examples/turns.h); whether it is an order to librace is up to the lock. The functions are
 * those that the stripped program exports: nothing but a rule can tell of them.
 *
 * The layouts declared here are those of the versions named in docs/rules-daemons.md.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../examples/turns.h"

static void *function(const char *name)
{
	void *f = dlsym(RTLD_DEFAULT, name);

	if (!f) {
		fprintf(stderr, "clients: the program does not export %s\n", name);
		_exit(99);
	}
	return f;
}

static const char *const words[] = { "alpha", "beta", "gamma" };

/* ---- redis: dict -------------------------------------------------------------------------------------------------- */

static uint64_t dict_hash(const void *key)
{
	return (uint64_t)*(const char *)key * 31;
}

static void *dict_type[8] = { (void *)dict_hash };
static void *dict;

static void redis_setup(void)
{
	void *(*create)(void *) = function("dictCreate");

	dict = create(dict_type);
}

static void redis_insert(int i)
{
	int (*add)(void *, const char *, void *) = function("dictAdd");

	add(dict, words[i], NULL);
}

static void redis_lookup(int i)
{
	void *(*find)(void *, const char *) = function("dictFind");

	find(dict, words[i]);
}

/* ---- redis: rax ----------------------------------------------------------------------------------------------------- */

static void *rax;

static void rax_setup(void)
{
	void *(*new)(void) = function("raxNew");

	rax = new();
}

static void rax_insert(int i)
{
	int (*insert)(void *, const char *, size_t, void *, void **) = function("raxInsert");

	insert(rax, words[i], strlen(words[i]), NULL, NULL);
}

static void rax_lookup(int i)
{
	void *(*find)(void *, const char *, size_t) = function("raxFind");

	find(rax, words[i], strlen(words[i]));
}

/* ---- mariadb -------------------------------------------------------------------------------------------------------- */

static long hash[64]; /* HASH: 120 bytes */

static unsigned my_hash(const void *charset, const unsigned char *key, size_t length)
{
	(void)charset;
	(void)length;
	return *key;
}

static void mariadb_setup(void)
{
	char (*init)(unsigned, void *, unsigned, void *, unsigned long, size_t, size_t, void *, void *, void *, unsigned) =
		function("my_hash_init2");

	init(0, hash, 0, function("my_charset_bin"), 16, 0, 4, NULL, (void *)my_hash, NULL, 0);
}

static void mariadb_insert(int i)
{
	char (*insert)(void *, const char *) = function("my_hash_insert");

	insert(hash, words[i]);
}

static void mariadb_lookup(int i)
{
	void *(*search)(void *, const char *, size_t) = function("my_hash_search");

	search(hash, words[i], 4);
}

/* ---- rsyslog -------------------------------------------------------------------------------------------------------- */

static void *hashtable;

static int same(void *a, void *b)
{
	return strcmp(a, b) == 0;
}

static void rsyslog_setup(void)
{
	void *(*create)(unsigned, void *, void *, void *) = function("create_hashtable");

	hashtable = create(16, function("hash_from_string"), (void *)same, NULL);
}

static void rsyslog_insert(int i)
{
	int (*insert)(void *, void *, void *) = function("hashtable_insert");

	insert(hashtable, strdup(words[i]), NULL);
}

static void rsyslog_lookup(int i)
{
	void *(*search)(void *, const char *) = function("hashtable_search");

	search(hashtable, words[i]);
}

/* ---- nginx ---------------------------------------------------------------------------------------------------------- */

struct rbtree_node {
	uintptr_t key;
	struct rbtree_node *left, *right, *parent;
	unsigned char color, data;
	struct {
		size_t n;
		const char *s;
	} text;
};
static struct rbtree_node nodes[3], sentinel;
static struct {
	struct rbtree_node *root, *sentinel;
	void *insert;
} rbtree;

static void nginx_setup(void)
{
	rbtree.root = rbtree.sentinel = &sentinel;
	rbtree.insert = function("ngx_str_rbtree_insert_value");
}

static void nginx_insert(int i)
{
	void (*insert)(void *, void *) = function("ngx_rbtree_insert");

	nodes[i].key = (uintptr_t)i;
	nodes[i].text.s = words[i];
	nodes[i].text.n = strlen(words[i]);
	insert(&rbtree, &nodes[i]);
}

static void nginx_lookup(int i)
{
	void *(*lookup)(void *, void *, uint32_t) = function("ngx_str_rbtree_lookup");

	lookup(&rbtree, &nodes[i].text, (uint32_t)i);
}

/* nginx's own lock, which is inline atomics but for its entry and exit. */
static uintptr_t ngx_lock;

static void ngx_lock_take(int read)
{
	void (*take)(void *) = function(read ? "ngx_rwlock_rlock" : "ngx_rwlock_wlock");

	take(&ngx_lock);
}

static void ngx_lock_drop(void)
{
	void (*drop)(void *) = function("ngx_rwlock_unlock");

	drop(&ngx_lock);
}

/* ---- haproxy -------------------------------------------------------------------------------------------------------- */

static void *eb_root[2];
static long eb_nodes[3][16];

static void haproxy_setup(void)
{
}

static void haproxy_insert(int i)
{
	void *(*insert)(void *, void *) = function("eb32_insert");

	insert(eb_root, eb_nodes[i]);
}

static void haproxy_lookup(int i)
{
	void *(*lookup)(void *, uint32_t) = function("eb32_lookup");

	lookup(eb_root, (uint32_t)i);
}

/* ---- the two threads ---------------------------------------------------------------------------------------------------- */

static const struct table {
	const char *name;
	void (*setup)(void), (*insert)(int), (*lookup)(int);
} tables[] = {
	{ "dict", redis_setup, redis_insert, redis_lookup },
	{ "rax", rax_setup, rax_insert, rax_lookup },
	{ "my_hash", mariadb_setup, mariadb_insert, mariadb_lookup },
	{ "hashtable", rsyslog_setup, rsyslog_insert, rsyslog_lookup },
	{ "rbtree", nginx_setup, nginx_insert, nginx_lookup },
	{ "ebtree", haproxy_setup, haproxy_insert, haproxy_lookup },
};
static const struct table *table;
static char what[2][16], lock[16];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static void *client(void *arg)
{
	int n = (int)(intptr_t)arg, insert = !strcmp(what[n], "insert");

	turn_wait(n);
	if (!strcmp(lock, "mutex"))
		pthread_mutex_lock(&mutex);
	else if (!strcmp(lock, "rwlock"))
		insert ? pthread_rwlock_wrlock(&rwlock) : pthread_rwlock_rdlock(&rwlock);
	else if (!strcmp(lock, "ngx"))
		ngx_lock_take(!insert);
	(insert ? table->insert : table->lookup)(n + 1);
	if (!strcmp(lock, "mutex"))
		pthread_mutex_unlock(&mutex);
	else if (!strcmp(lock, "rwlock"))
		pthread_rwlock_unlock(&rwlock);
	else if (!strcmp(lock, "ngx"))
		ngx_lock_drop();
	turn_over();
	return NULL;
}

static __attribute__((constructor)) void clients(void)
{
	const char *text = getenv("CLIENTS");
	pthread_t t[2];
	char name[16];

	if (!text || sscanf(text, "%15s %15s %15s %15s", name, what[0], what[1], lock) != 4)
		return;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (!strcmp(tables[i].name, name))
			table = &tables[i];
	}
	if (!table)
		_exit(98);
	unsetenv("CLIENTS");
	table->setup();
	table->insert(0);
	for (intptr_t i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, client, (void *)i);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}
