/* SPDX-License-Identifier: MIT */
/* BUILD: liburcu liburcu-cds */
/*
 * urcu_quiet.c - liburcu's cds_lfht, a hash table that readers walk and writers change without a lock, and that a thread of the
 * library's own resizes; memory goes by call_rcu.
 */
#include <urcu.h>
#include <urcu/rculfhash.h>

#include "family.h"

enum { THREADS = 4, ROUNDS = 3000, KEYS = 500 };

struct item {
	struct cds_lfht_node node;
	struct rcu_head head;
	unsigned long key, value;
};

static struct cds_lfht *table;

static unsigned long hash(unsigned long key)
{
	return key * 0x9E3779B97F4A7C15ul >> 20;
}

static int match(struct cds_lfht_node *node, const void *key)
{
	return caa_container_of(node, struct item, node)->key == *(const unsigned long *)key;
}

static void item_free(struct rcu_head *head)
{
	free(caa_container_of(head, struct item, head));
}

static struct item *item_new(unsigned long key, unsigned long value)
{
	struct item *e = malloc(sizeof(*e));

	cds_lfht_node_init(&e->node);
	e->key = key;
	e->value = value;
	return e;
}

static void add(unsigned long key, unsigned long value)
{
	struct item *e = item_new(key, value);
	struct cds_lfht_node *old = cds_lfht_add_replace(table, hash(key), match, &key, &e->node);

	if (old)
		call_rcu(&caa_container_of(old, struct item, node)->head, item_free);
}

static void *work(void *arg)
{
	unsigned long from = (unsigned long)arg, sum = 0;

	rcu_register_thread();
	for (unsigned long i = 0; i < ROUNDS; i++) {
		unsigned long key = (from * 97 + i) % KEYS;
		struct cds_lfht_iter iter;
		struct cds_lfht_node *node;
		struct item *e;

		rcu_read_lock();
		add(key, i);
		cds_lfht_lookup(table, hash(key), match, &key, &iter);
		node = cds_lfht_iter_get_node(&iter);
		if (node)
			sum += caa_container_of(node, struct item, node)->value;
		if (i % 7 == 0 && node && !cds_lfht_del(table, node))
			call_rcu(&caa_container_of(node, struct item, node)->head, item_free);
		if (i % 500 == 0) {
			cds_lfht_for_each_entry (table, &iter, e, node)
				sum += e->key;
		}
		rcu_read_unlock();
	}
	rcu_unregister_thread();
	return (void *)sum;
}

int main(void)
{
	pthread_t threads[THREADS];
	struct cds_lfht_iter iter;
	struct item *e;

	rcu_register_thread();
	table = cds_lfht_new(1, 1, 0, CDS_LFHT_AUTO_RESIZE | CDS_LFHT_ACCOUNTING, NULL);
	for (unsigned long i = 0; i < THREADS; i++)
		MUST(pthread_create(&threads[i], NULL, work, (void *)i));
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_join(threads[i], NULL));
	rcu_read_lock();
	cds_lfht_for_each_entry (table, &iter, e, node) {
		if (!cds_lfht_del(table, &e->node))
			call_rcu(&e->head, item_free);
	}
	rcu_read_unlock();
	rcu_barrier();
	rcu_unregister_thread();
	return cds_lfht_destroy(table, NULL) != 0;
}
