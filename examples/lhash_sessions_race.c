/* SPDX-License-Identifier: MIT */
/* BUILD: libcrypto */
/*
 * lhash_sessions_race.c - a table of session names is filled under a lock that is held for reading.
 *
 *	thread      function         lock                     races
 *	acceptor    session_add      sessions, read mode      with the other acceptor's and with both readers
 *	main        session_known    sessions, read mode      with the insertions
 *	main        session_list     none                     with the insertions
 *
 * Looking up needs the lock in read mode: OPENSSL_LH_retrieve() writes nothing. Whoever copies these lines for an insertion lets
 * two threads move the same chain: LHASH splits a bucket with nearly every insertion.
 */
#include <openssl/lhash.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "turns.h"

static OPENSSL_LHASH *sessions;
static pthread_rwlock_t sessions_lock = PTHREAD_RWLOCK_INITIALIZER;
static char names[2][4][16] = { { "alice", "bob", "carol", "dave" }, { "erin", "frank", "grace", "heidi" } };

static void session_add(char *name)
{
	pthread_rwlock_rdlock(&sessions_lock);
	OPENSSL_LH_insert(sessions, name); /* RACE HERE */
	pthread_rwlock_unlock(&sessions_lock);
}

static int session_known(const char *name)
{
	int known;

	pthread_rwlock_rdlock(&sessions_lock);
	known = OPENSSL_LH_retrieve(sessions, name) != NULL; /* RACE HERE */
	pthread_rwlock_unlock(&sessions_lock);
	return known;
}

static void print_name(void *name, void *count)
{
	printf("%s ", (char *)name);
	++*(int *)count;
}

static int session_list(void)
{
	int count = 0;

	OPENSSL_LH_doall_arg(sessions, print_name, &count); /* RACE HERE */
	return count;
}

static void *acceptor(void *arg)
{
	int me = arg == names[1];

	for (int i = 0; i < 4; i++) {
		turn_wait(2 * i + me);
		session_add(names[me][i]);
		turn_over();
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	int known, count;

	sessions = OPENSSL_LH_new((OPENSSL_LH_HASHFUNC)OPENSSL_LH_strhash, (OPENSSL_LH_COMPFUNC)strcmp);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, acceptor, names[i]);
	turn_wait(8);
	known = session_known("grace");
	count = session_list();
	printf("- %d sessions, grace is %s\n", count, known ? "here" : "not here");
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	OPENSSL_LH_free(sessions);
	return 0;
}
