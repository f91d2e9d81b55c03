/* SPDX-License-Identifier: MIT */
/*
 * plain.c - a small threaded program, in as many variants as `race check` has things to tell: each macro adds one of them.
 * It is never run.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *tree;
int counter;

static int compare(const void *a, const void *b)
{
	return (a > b) - (a < b);
}

#ifdef WITH_ATOMICS
/* Three of them are locked, one is an exchange with memory, then a fence and a pause. */
int atomic_part(int *p);
int atomic_part(int *p)
{
	int old = __atomic_fetch_add(p, 3, __ATOMIC_SEQ_CST), expected = 7;

	__atomic_compare_exchange_n(p, &expected, old, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	__atomic_fetch_or(p, 64, __ATOMIC_SEQ_CST);
	old += __atomic_exchange_n(p, 9, __ATOMIC_SEQ_CST);
	__asm__ volatile("mfence\n\tpause" ::: "memory");
	return old;
}
#endif

#ifdef WITH_ANNOTATIONS
#include "include/librace.h"
void annotated_part(void *map);
void annotated_part(void *map)
{
	race_lookup_begin(map);
	race_lookup_end(map);
	race_release(map);
}
#endif

#ifdef WITH_DLOPEN
void *opening_part(const char *name);
void *opening_part(const char *name)
{
	return dlopen(name, RTLD_NOW);
}
#endif

#ifdef WITH_CLONE
/* What gcc makes of a function whose last argument nobody uses. */
int clone_of_tfind(int x) __asm__("tfind.isra.0");
__attribute__((noinline)) int clone_of_tfind(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x + counter;
}
#endif

#if defined(WITH_LOOP) || defined(WITH_OWN) || defined(WITH_CLOSE)
void *g_tree_lookup(void *tree, const void *key);
void (*volatile somewhere)(void);
#define FUNCTION(code)                                                                                                 \
	__asm__(".text\n.globl g_tree_lookup\n.type g_tree_lookup, @function\ng_tree_lookup:\n\tdec %edi\n" code       \
		"\tret\n.size g_tree_lookup, . - g_tree_lookup\n");
#endif
#ifdef WITH_LOOP
/* The program's own function loops back to its third byte: a jump cannot be put over the first five. */
FUNCTION("1:\tadd $1, %eax\n\tsub $1, %edi\n\tjnz 1b\n\tcall *somewhere(%rip)\n")
#endif
#ifdef WITH_OWN
/* The same with the loop behind the first five bytes. */
FUNCTION("\tadd $1, %eax\n1:\tsub $1, %edi\n\tjnz 1b\n\tcall *somewhere(%rip)\n")
#endif
#ifdef WITH_CLOSE
/* Nothing is called: a compiler that knows this function could let its callers keep values in any other register. */
FUNCTION("\tadd $1, %eax\n1:\tsub $1, %edi\n\tjnz 1b\n")
#endif

#ifdef WITH_LIBRARY
int library_part(int x);
#endif

#ifdef WITH_RUST
const char rust_path[] = "/rustc/90c541806f23a127002de5b4038be731ba1458ca/library/core/src/panicking.rs";
#endif
#ifdef WITH_LIBCXX
int libcxx_part(void) __asm__("_ZNSt3__13mapIiiE4findERKi");
int libcxx_part(void)
{
	return 1;
}
#endif
#ifdef WITH_NAME
const char *const spoken = "g_hash_table_lookup";
#endif

static void *worker(void *argument)
{
	pthread_mutex_lock(&lock);
	tsearch(argument, &tree, compare);
	pthread_mutex_unlock(&lock);
	return NULL;
}

int main(int argc, char **argv)
{
#ifndef WITHOUT_THREADS
	pthread_t t;

	if (pthread_create(&t, NULL, worker, argv[0]) == 0)
		pthread_join(t, NULL);
#else
	worker(argv[0]);
#endif
#ifdef WITH_ATOMICS
	counter += atomic_part(&counter);
#endif
#ifdef WITH_ANNOTATIONS
	annotated_part(&tree);
#endif
#ifdef WITH_DLOPEN
	opening_part(argv[0]);
#endif
#ifdef WITH_CLONE
	counter += clone_of_tfind(argc);
#endif
#if defined(WITH_LOOP) || defined(WITH_OWN) || defined(WITH_CLOSE)
	counter += g_tree_lookup(tree, argv[0]) != NULL;
#endif
#ifdef WITH_LIBRARY
	counter += library_part(argc);
#endif
#ifdef WITH_RUST
	puts(rust_path);
#endif
#ifdef WITH_NAME
	puts(spoken);
#endif
	return counter ? 0 : 1;
}
