/* CORPUS label=racy family=tsearch primitive=futex atomics=own repeats=yes twin=atom_futex_mutex_raw_clean cause=check_outside_lock strip=yes */
/* SPDX-License-Identifier: MIT */
/*
 * Two crawlers share a tree of URLs that they have seen. The mutex is a word and a futex; the system call is made by
 * an instruction in the program itself, so no library function takes part.
 * A crawler asks the tree without the mutex, and takes the mutex only to add what is missing.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { URLS = 180 };

static int mutex;
static void *seen;
static long urls[URLS];
static int added[2];

static void futex(int op, int value)
{
	register void *timeout __asm__("r10") = NULL;
	long result = SYS_futex;

	__asm__ volatile("syscall" : "+a"(result) : "D"(&mutex), "S"(op), "d"(value), "r"(timeout) : "rcx", "r11", "memory");
}

static void mutex_lock(void)
{
	int was = __sync_val_compare_and_swap(&mutex, 0, 1);

	while (was) {
		if (was == 2 || __sync_val_compare_and_swap(&mutex, 1, 2))
			futex(FUTEX_WAIT_PRIVATE, 2);
		was = __sync_val_compare_and_swap(&mutex, 0, 2);
	}
}

static void mutex_unlock(void)
{
	if (__sync_fetch_and_sub(&mutex, 1) != 1) {
		__atomic_store_n(&mutex, 0, __ATOMIC_RELEASE);
		futex(FUTEX_WAKE_PRIVATE, 1);
	}
}

static int compare(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static void *crawler(void *arg)
{
	int me = arg != NULL;

	for (int i = 0; i < URLS; i++) {
		long *url = &urls[me ? URLS - 1 - i : i];

		if (!tfind(url, &seen, compare)) {
			mutex_lock();
			tsearch(url, &seen, compare);
			added[me]++;
			mutex_unlock();
		}
		usleep(100);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	for (long i = 0; i < URLS; i++)
		urls[i] = i * 37 % 1021;
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, crawler, i ? &added : NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("%s seen\n", added[0] + added[1] >= URLS ? "all URLs" : "some URLs");
	return 0;
}
