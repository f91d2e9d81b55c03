/* SPDX-License-Identifier: MIT */
/*
 * both.cc - two run times in one process: a program with libgomp that loads a library (this file again, by clang, with AS_LIBRARY)
 * with libomp. `both LIBRARY [racy]`.
 */
#include "omp_twins.h"

#include <dlfcn.h>
#include <stdlib.h>

/* Fork, lock, critical section and join; racy: one thread does without the lock. */
extern "C" void use(std::map<int, int> *map, int is_racy);
extern "C" void use(std::map<int, int> *map, int is_racy)
{
	static omp_lock_t lock;
	gate first = {};

	omp_init_lock(&lock);
	put_into(*map, (int)map->size());
#pragma omp parallel num_threads(2)
	{
		if (omp_get_thread_num() == 1)
			gate_wait(&first, 1);
		if (!is_racy || omp_get_thread_num() == 0)
			omp_set_lock(&lock);
		put_into(*map, 100 + (int)map->size());
		if (!is_racy || omp_get_thread_num() == 0)
			omp_unset_lock(&lock);
		if (omp_get_thread_num() == 0)
			gate_open(&first);
#pragma omp barrier
#pragma omp critical
		put_into(*map, 1000 + (int)map->size());
	}
	put_into(*map, (int)map->size());
	omp_destroy_lock(&lock);
}

#ifndef AS_LIBRARY
int main(int argc, char **argv)
{
	void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	__typeof__(&use) theirs = library ? (__typeof__(&use))dlsym(library, "use") : NULL;

	if (!theirs || theirs == use)
		return 3;
	warm();
	use(&m, 0);
	theirs(&m, argc > 2);
	use(&m, 0);
	theirs(&m, 0);
	puts("done");
	return 0;
}
#endif
