/* CORPUS label=clean family=glib_hash primitive=pthread_mutex atomics=none repeats=no twin=prim_mutex_hand_over_hand_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Three stages of a pipeline, each with its table and its lock. An order moves on by taking the next stage's lock
 * before the present one is let go. The totals table belongs to the last stage and its lock.
 * The auditor takes the last stage's lock for the totals, too.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

enum { STAGES = 3, ORDERS = 6 };

static struct stage {
	pthread_mutex_t lock;
	GHashTable *orders;
} stages[STAGES];
static GHashTable *totals;

static void *mover(void *unused)
{
	for (int order = 1; order <= ORDERS; order++) {
		pthread_mutex_lock(&stages[0].lock);
		for (int s = 0; s < STAGES; s++) {
			g_hash_table_insert(stages[s].orders, GINT_TO_POINTER(order), GINT_TO_POINTER(s + 10));
			if (s + 1 < STAGES) {
				pthread_mutex_lock(&stages[s + 1].lock);
				pthread_mutex_unlock(&stages[s].lock);
			}
		}
		g_hash_table_insert(totals, GINT_TO_POINTER(order), GINT_TO_POINTER(order * 5 + 1));
		pthread_mutex_unlock(&stages[STAGES - 1].lock);
	}
	return unused;
}

static void *auditor(void *sum)
{
	for (int order = 1; order <= ORDERS; order++) {
		pthread_mutex_t *lock = &stages[STAGES - 1].lock;

		pthread_mutex_lock(lock);
		*(int *)sum += GPOINTER_TO_INT(g_hash_table_lookup(totals, GINT_TO_POINTER(order)));
		pthread_mutex_unlock(lock);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	int sum = 0;

	for (int s = 0; s < STAGES; s++) {
		pthread_mutex_init(&stages[s].lock, NULL);
		stages[s].orders = g_hash_table_new(NULL, NULL);
	}
	totals = g_hash_table_new(NULL, NULL);
	pthread_create(&threads[0], NULL, mover, NULL);
	pthread_create(&threads[1], NULL, auditor, &sum);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	printf("%u orders\n", g_hash_table_size(totals));
	return 0;
}
