/* SPDX-License-Identifier: MIT */
/* BUILD: libcrypto */
/*
 * lhash_sessions_fixed.c - the same table: insertions hold the lock in write mode, and so nothing else is inside; looking up and
 * listing hold it in read mode, side by side.
 */
#include <openssl/lhash.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static OPENSSL_LHASH *sessions;
static pthread_rwlock_t sessions_lock = PTHREAD_RWLOCK_INITIALIZER;
static char names[2][4][16] = { { "alice", "bob", "carol", "dave" }, { "erin", "frank", "grace", "heidi" } };

static void session_add(char *name)
{
	pthread_rwlock_wrlock(&sessions_lock);
	OPENSSL_LH_insert(sessions, name);
	pthread_rwlock_unlock(&sessions_lock);
}

static int session_known(const char *name)
{
	int known;

	pthread_rwlock_rdlock(&sessions_lock);
	known = OPENSSL_LH_retrieve(sessions, name) != NULL;
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

	pthread_rwlock_rdlock(&sessions_lock);
	OPENSSL_LH_doall_arg(sessions, print_name, &count);
	pthread_rwlock_unlock(&sessions_lock);
	return count;
}

static void *acceptor(void *arg)
{
	int me = arg == names[1];

	for (int i = 0; i < 4; i++)
		session_add(names[me][i]);
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	int known, count;

	sessions = OPENSSL_LH_new((OPENSSL_LH_HASHFUNC)OPENSSL_LH_strhash, (OPENSSL_LH_COMPFUNC)strcmp);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, acceptor, names[i]);
	known = session_known("grace");
	count = session_list();
	printf("- %d sessions, grace is %s\n", count, known ? "here" : "not here");
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	OPENSSL_LH_free(sessions);
	return 0;
}
