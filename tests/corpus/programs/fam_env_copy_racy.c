/* CORPUS label=racy family=env primitive=pthread_rwlock atomics=none repeats=yes twin=fam_env_copy_clean cause=read-lock-write */
/* SPDX-License-Identifier: MIT */
/*
 * A shell's variables live in the environment: one thread expands them in prompts, one unsets and sets its own.
 * Who sets and unsets holds the lock in read mode, like those who expand.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_rwlock_t variables_lock = PTHREAD_RWLOCK_INITIALIZER;

static void last_status(int status)
{
	char text[16];

	snprintf(text, sizeof text, "%d", status);
	pthread_rwlock_rdlock(&variables_lock);
	setenv("LITTLESH_STATUS", text, 1);
	pthread_rwlock_unlock(&variables_lock);
}

static size_t prompt(void)
{
	char text[64];
	const char *level;

	pthread_rwlock_rdlock(&variables_lock);
	level = getenv("LITTLESH_LEVEL");
	snprintf(text, sizeof text, "[%.8s] $ ", level ? level : "?");
	pthread_rwlock_unlock(&variables_lock);
	return strlen(text);
}

static void *commands(void *unused)
{
	(void)unused;
	for (int i = 0; i < 1500; i++)
		last_status(i % 3);
	return NULL;
}

int main(void)
{
	size_t printed = 0;
	pthread_t thread;

	setenv("LITTLESH_LEVEL", "1", 1);
	setenv("LITTLESH_STATUS", "0", 1);
	pthread_create(&thread, NULL, commands, NULL);
	for (int i = 0; i < 1500; i++)
		printed += prompt();
	pthread_join(thread, NULL);
	printf("%zu characters\n", printed);
	return 0;
}
