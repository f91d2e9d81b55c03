/* CORPUS label=clean family=rules primitive=pthread_mutex atomics=none repeats=yes twin=fam_rules_striped_racy rules=fam_rules_striped.rules tricky=yes */
/* SPDX-License-Identifier: MIT */
/*
 * An inode table whose buckets have locks, four of them for sixteen buckets. The rules say
 * contract=bucket-locked.
 * Both take the bucket's lock of the table, who counts that of its statistics, too.
 */
#include <pthread.h>
#include <stdio.h>

#define BUCKETS 16
#define LOCKS 4
#define DEPTH 8

struct inodes {
	unsigned long number[BUCKETS][DEPTH];
};

static struct inodes inodes;
static pthread_mutex_t locks[LOCKS], stats_locks[LOCKS];
static pthread_barrier_t mounted, mounted_over;

__attribute__((noipa)) void bucket_enter(struct inodes *t, unsigned bucket, unsigned long number)
{
	t->number[bucket][number / BUCKETS % DEPTH] = number;
}

__attribute__((noipa)) unsigned bucket_count(struct inodes *t, unsigned bucket)
{
	unsigned n = 0;

	for (int i = 0; i < DEPTH; i++)
		n += t->number[bucket][i] != 0;
	return n;
}

static void *enter_all(void *unused)
{
	(void)unused;
	pthread_barrier_wait(&mounted);
	for (unsigned long number = 1; number <= 2000; number++) {
		unsigned bucket = number % BUCKETS;

		pthread_mutex_lock(&locks[bucket % LOCKS]);
		bucket_enter(&inodes, bucket, number);
		pthread_mutex_unlock(&locks[bucket % LOCKS]);
	}
	pthread_barrier_wait(&mounted_over);
	return NULL;
}

int main(void)
{
	pthread_t thread;
	unsigned sum = 0;

	for (int i = 0; i < LOCKS; i++) {
		pthread_mutex_init(&locks[i], NULL);
		pthread_mutex_init(&stats_locks[i], NULL);
	}
	pthread_barrier_init(&mounted, NULL, 2);
	pthread_barrier_init(&mounted_over, NULL, 2);
	pthread_create(&thread, NULL, enter_all, NULL);
	pthread_barrier_wait(&mounted);
	for (unsigned i = 0; i < 2000; i++) {
		unsigned bucket = i % BUCKETS;

		pthread_mutex_lock(&stats_locks[bucket % LOCKS]);
		pthread_mutex_lock(&locks[bucket % LOCKS]);
		sum += bucket_count(&inodes, bucket);
		pthread_mutex_unlock(&locks[bucket % LOCKS]);
		pthread_mutex_unlock(&stats_locks[bucket % LOCKS]);
	}
	pthread_barrier_wait(&mounted_over);
	pthread_join(thread, NULL);
	printf("inodes %s\n", sum <= 2000 * DEPTH ? "counted" : "doubled");
	return 0;
}
