/* SPDX-License-Identifier: MIT */
/*
 * bench.h - what the workloads share: arguments, random numbers, keys, threads, and the depth of the call stack.
 *
 * A workload is `NAME THREADS DEPTH OPERATIONS [WORD]`: each of THREADS workers does OPERATIONS map operations in
 * requests of BENCH_BATCH. Each request descends afresh, so that the operation is called by a function DEPTH frames
 * below (and counting) the worker's start routine. The workers are threads and main waits in pthread_join: the process
 * is never single-threaded. 0 operations is allowed and measures what set-up costs. The last line on stdout is a
 * checksum.
 */
#ifndef RACE_BENCH_H
#define RACE_BENCH_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BENCH_BATCH 64
#ifdef __clang__
#define BENCH_NOINLINE __attribute__((noinline))
#else
#define BENCH_NOINLINE __attribute__((noinline, noclone))
#endif

struct bench_args {
	unsigned threads, depth;
	uint64_t operations;
	const char *word; /* "" when missing */
};

struct bench_worker {
	const struct bench_args *args;
	pthread_t id;
	uint64_t random, sum, left;
	void *state; /* the workload's own, made by the worker: no cache line is shared by accident */
	void *(*prepare)(void);
	void (*request)(struct bench_worker *w, unsigned operations);
} __attribute__((aligned(128)));

static inline uint32_t bench_random(struct bench_worker *w)
{
	uint64_t x = w->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	w->random = x;
	return (uint32_t)(x >> 24);
}

/* 80 % lookup, 10 % insert, 10 % remove */
enum bench_what { BENCH_LOOKUP, BENCH_INSERT, BENCH_REMOVE };
static inline enum bench_what bench_what(uint32_t random)
{
	uint32_t r = random & 1023;

	return r < 819 ? BENCH_LOOKUP : r < 921 ? BENCH_INSERT : BENCH_REMOVE;
}

/* Not a tail call, not a loop: the barrier after the call keeps each frame on the stack. */
static BENCH_NOINLINE void bench_descend(struct bench_worker *w, unsigned frames, unsigned operations)
{
	if (frames)
		bench_descend(w, frames - 1, operations);
	else
		w->request(w, operations);
	__asm__ volatile("" ::: "memory");
}

static BENCH_NOINLINE void *bench_start(void *arg)
{
	struct bench_worker *w = arg;
	/* this frame, the last bench_descend and the request itself are three of DEPTH */
	unsigned frames = w->args->depth > 3 ? w->args->depth - 3 : 0;

	w->state = w->prepare();
	for (w->left = w->args->operations; w->left;) {
		unsigned now = w->left < BENCH_BATCH ? (unsigned)w->left : BENCH_BATCH;

		bench_descend(w, frames, now);
		w->left -= now;
	}
	return NULL;
}

static inline void bench_parse(int argc, char **argv, struct bench_args *a)
{
	if (argc < 4 || atoi(argv[1]) < 1) {
		fprintf(stderr, "usage: %s THREADS DEPTH OPERATIONS [WORD]\n", argv[0]);
		exit(2);
	}
	a->threads = (unsigned)atoi(argv[1]);
	a->depth = (unsigned)atoi(argv[2]);
	a->operations = strtoull(argv[3], NULL, 10);
	a->word = argc > 4 ? argv[4] : "";
}

/* Starts args->threads workers, waits for all, prints the sum of their sums. prepare() runs in each, before its
 * requests. */
static inline int bench_run(const struct bench_args *args, void (*request)(struct bench_worker *, unsigned),
			    void *(*prepare)(void))
{
	struct bench_worker *w = aligned_alloc(sizeof(*w), args->threads * sizeof(*w));
	uint64_t sum = 0;

	for (unsigned i = 0; i < args->threads; i++) {
		w[i].args = args;
		w[i].random = 88172645463325252ull + i * 0x9e3779b97f4a7c15ull;
		w[i].request = request;
		w[i].sum = 0;
		w[i].prepare = prepare;
	}
	for (unsigned i = 0; i < args->threads; i++)
		if (pthread_create(&w[i].id, NULL, bench_start, &w[i])) {
			perror("pthread_create");
			exit(2);
		}
	for (unsigned i = 0; i < args->threads; i++) {
		pthread_join(w[i].id, NULL);
		sum += w[i].sum;
	}
	printf("%llu\n", (unsigned long long)sum);
	free(w);
	return 0;
}

#endif
