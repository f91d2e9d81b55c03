/* SPDX-License-Identifier: MIT */
/*
 * interposed.c - correct programs that hide what they do by calling libc by its address: where nothing is patched (attach=interpose),
 * librace does not see it, and must take too much for ordered rather than too little.
 */
#include "../e2e/twins.h"

#include <dlfcn.h>

static pthread_t hidden;
static struct gate b_done;

static void *ends_later(void *unused)
{
	gate_wait(&a_done, 1);
	return unused;
}

/* A thread that librace never hears of, which ends after side A's access, and is joined. */
static void *join_hidden_a(void *unused)
{
	touch_a();
	gate_open(&a_done);
	gate_wait(&b_done, 1); /* its handle is not free before */
	return unused;
}
static void *join_hidden_b(void *unused)
{
	int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

	create = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))(uintptr_t)dlsym(
		dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD), "pthread_create");
	MUST(create(&hidden, NULL, ends_later, NULL));
	MUST(pthread_join(hidden, NULL));
	touch_b();
	gate_open(&b_done);
	return unused;
}

static const struct scenario list[] = { SIDES(join_hidden) };

int main(int argc, char **argv)
{
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
