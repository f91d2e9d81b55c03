/* SPDX-License-Identifier: MIT */
/*
 * fork_twins.c - fork: the child starts with one thread and nothing that could race with it, the parent keeps what it knows.
 * See twins.h.
 */
#include "twins.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

static struct gate child_done, end;
static pthread_mutex_t mutex[2] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };

static void *touches_and_stays(void *unused)
{
	touch_a();
	gate_open(&a_done);
	gate_wait(&end, 1);
	return unused;
}

static void *touches(void *unused)
{
	touch_a();
	gate_open(&child_done);
	return unused;
}

/* Two threads of a child that are not ordered. */
static void race_in_child(void)
{
	pthread_t t;

	MUST(pthread_create(&t, NULL, touches, NULL));
	gate_wait(&child_done, 1);
	touch_b();
	MUST(pthread_join(t, NULL));
}

static void wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && !racy))
		abort();
}

/* A thread of the parent had touched it, and is gone in the child. */
static void *child_alone(void *unused)
{
	pthread_t t;
	pid_t child;

	MUST(pthread_create(&t, NULL, touches_and_stays, NULL));
	gate_wait(&a_done, 1);
	child = fork();
	if (child == 0) {
		touch_b();
		if (racy)
			race_in_child();
		_exit(0);
	}
	wait_for(child);
	gate_open(&end);
	MUST(pthread_join(t, NULL));
	return unused;
}

/* A lock that was passed on in the parent is still an order in the child's own threads. */
static void *locked_touch(void *which)
{
	MUST(pthread_mutex_lock(which));
	touch_a();
	MUST(pthread_mutex_unlock(which));
	gate_open(&child_done);
	return NULL;
}

static void *locks_in_child_alone(void *unused)
{
	pid_t child;

	MUST(pthread_mutex_lock(&mutex[0]));
	touch_a();
	MUST(pthread_mutex_unlock(&mutex[0]));
	child = fork();
	if (child == 0) {
		pthread_t t;

		MUST(pthread_create(&t, NULL, locked_touch, &mutex[0]));
		gate_wait(&child_done, 1);
		MUST(pthread_mutex_lock(&mutex[racy]));
		touch_b();
		MUST(pthread_mutex_unlock(&mutex[racy]));
		MUST(pthread_join(t, NULL));
		_exit(0);
	}
	wait_for(child);
	return unused;
}

/* What a thread did under a lock before the fork is known to the parent afterwards, when it takes that lock. */
static void *parent_a(void *unused)
{
	MUST(pthread_mutex_lock(&mutex[0]));
	touch_a();
	MUST(pthread_mutex_unlock(&mutex[0]));
	gate_open(&a_done);
	gate_wait(&end, 1);
	return unused;
}
static void *parent_b(void *unused)
{
	pid_t child;

	gate_wait(&a_done, 1);
	if (!racy) {
		MUST(pthread_mutex_lock(&mutex[0]));
		MUST(pthread_mutex_unlock(&mutex[0]));
	}
	child = fork();
	if (child == 0)
		_exit(0);
	touch_b();
	wait_for(child);
	gate_open(&end);
	return unused;
}

/* The lock is taken by the handler before the fork and dropped by the two after it. */
static int which;
static void prepare(void)
{
	MUST(pthread_mutex_lock(&mutex[which]));
}
static void release(void)
{
	touch_b();
	MUST(pthread_mutex_unlock(&mutex[which]));
}

static void *atfork_alone(void *unused)
{
	pthread_t t;
	pid_t child;

	which = racy;
	MUST(pthread_atfork(prepare, release, release));
	MUST(pthread_create(&t, NULL, parent_a, NULL));
	gate_wait(&a_done, 1);
	child = fork();
	if (child == 0) {
		MUST(pthread_mutex_lock(&mutex[0]));
		touch_b();
		MUST(pthread_mutex_unlock(&mutex[0]));
		_exit(0);
	}
	wait_for(child);
	gate_open(&end);
	MUST(pthread_join(t, NULL));
	return unused;
}

/* A child of a child, from a thread that is not the first. */
static void *forks_again(void *unused)
{
	pid_t child = fork();

	if (child == 0) {
		pid_t grandchild;

		touch_b();
		grandchild = fork();
		if (grandchild == 0) {
			touch_a();
			if (racy)
				race_in_child();
			_exit(0);
		}
		wait_for(grandchild);
		_exit(0);
	}
	wait_for(child);
	return unused;
}

static void *twice_alone(void *unused)
{
	pthread_t t, other;

	MUST(pthread_create(&other, NULL, touches_and_stays, NULL));
	gate_wait(&a_done, 1);
	MUST(pthread_create(&t, NULL, forks_again, NULL));
	MUST(pthread_join(t, NULL));
	gate_open(&end);
	MUST(pthread_join(other, NULL));
	return unused;
}

/* vfork shares the memory: the parent waits for the child, and neither forgets anything. */
static void *vfork_alone(void *unused)
{
	pthread_t t;
	pid_t child;

	MUST(pthread_create(&t, NULL, parent_a, NULL));
	gate_wait(&a_done, 1);
	if (!racy) {
		MUST(pthread_mutex_lock(&mutex[0]));
		MUST(pthread_mutex_unlock(&mutex[0]));
	}
	child = vfork();
	if (child == 0)
		_exit(0);
	touch_b();
	wait_for(child);
	gate_open(&end);
	MUST(pthread_join(t, NULL));
	return unused;
}

static const struct scenario list[] = {
	ALONE(child), ALONE(locks_in_child), SIDES(parent), ALONE(atfork), ALONE(twice), ALONE(vfork),
};

int main(int argc, char **argv)
{
	return twins_main(argc, argv, list, sizeof(list) / sizeof(*list));
}
