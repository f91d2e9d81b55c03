/* CORPUS label=clean family=env primitive=once atomics=none repeats=no twin=fam_env_defaults_racy */
/* SPDX-License-Identifier: MIT */
/*
 * A library for temporary files puts a default folder into the environment when nobody named one.
 * That is done once.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_once_t defaults = PTHREAD_ONCE_INIT;

static void set_defaults(void)
{
	if (!getenv("SCRATCH_DIR"))
		setenv("SCRATCH_DIR", "/var/scratch", 0);
}

static void scratch_name(char *to, size_t n, int id)
{
	pthread_once(&defaults, set_defaults);
	snprintf(to, n, "%s/file-%d", getenv("SCRATCH_DIR"), id);
}

static void *worker(void *id)
{
	static char names[3][64];
	char *name = names[*(int *)id];

	scratch_name(name, sizeof names[0], *(int *)id);
	return name;
}

int main(void)
{
	static int ids[] = { 0, 1, 2 };
	pthread_t threads[3];
	void *name = NULL;

	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, worker, &ids[i]);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], &name);
	printf("%s\n", (char *)name);
	return 0;
}
