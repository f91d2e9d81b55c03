/* CORPUS label=racy family=lhash primitive=pthread_rwlock atomics=none repeats=yes twin=fam_lhash_tickets_clean cause=read-lock-write */
/* SPDX-License-Identifier: MIT */
/* BUILD: libcrypto */
/*
 * Session tickets in an OpenSSL hash table: a server thread renews them, a second one looks them up.
 * Renewing takes the lock in read mode, as if it were a look-up: a replaced ticket is a write.
 */
#include <openssl/lhash.h>
#include <pthread.h>
#include <stdio.h>

#define TICKETS 60

struct ticket {
	unsigned id;
	int uses;
};

static struct ticket issued[2][TICKETS];
static OPENSSL_LHASH *tickets;
static pthread_rwlock_t tickets_lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t handshakes, handshakes_over;

static unsigned long ticket_hash(const void *t)
{
	return ((const struct ticket *)t)->id * 2654435761u;
}

static int ticket_compare(const void *a, const void *b)
{
	return ((const struct ticket *)a)->id != ((const struct ticket *)b)->id;
}

static void ticket_renew(struct ticket *t)
{
	pthread_rwlock_rdlock(&tickets_lock);
	OPENSSL_LH_insert(tickets, t);
	pthread_rwlock_unlock(&tickets_lock);
}

static void *renew_all(void *unused)
{
	(void)unused;
	pthread_barrier_wait(&handshakes);
	for (int i = 0; i < 2400; i++)
		ticket_renew(&issued[i / TICKETS & 1][i % TICKETS]);
	pthread_barrier_wait(&handshakes_over);
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int resumed = 0;

	tickets = OPENSSL_LH_new(ticket_hash, ticket_compare);
	for (unsigned i = 0; i < TICKETS; i++) {
		issued[0][i].id = issued[1][i].id = i * 31;
		ticket_renew(&issued[0][i]);
	}
	pthread_barrier_init(&handshakes, NULL, 2);
	pthread_barrier_init(&handshakes_over, NULL, 2);
	pthread_create(&thread, NULL, renew_all, NULL);
	pthread_barrier_wait(&handshakes);
	for (unsigned i = 0; i < 2400; i++) {
		struct ticket asked = { .id = i % TICKETS * 31 };

		pthread_rwlock_rdlock(&tickets_lock);
		resumed += OPENSSL_LH_retrieve(tickets, &asked) != NULL;
		pthread_rwlock_unlock(&tickets_lock);
	}
	pthread_barrier_wait(&handshakes_over);
	pthread_join(thread, NULL);
	printf("sessions %s\n", resumed ? "resumed" : "refused");
	OPENSSL_LH_free(tickets);
	return 0;
}
