/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 -Iinclude */
/*
 * values.c - values that a look-up gave, used after another thread freed them. The frame is that of torn.h with the act of A
 * after B's; both hold the lock for what they do to the map, and A uses the value when it has dropped it.
 */
#include <glib.h>
#include <librace.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate.h"

/* Keeps the call before it from becoming a jump, and equal functions from becoming one. */
#define STAY(name) __asm__ volatile("/* " #name " */" ::: "memory")
#define PLACE static __attribute__((noinline, unused)) void

static GHashTable *map, *other;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct gate looked, freed;
static char *value;
static volatile int seen;

static char *new_value(void)
{
	char *v = malloc(40);

	strcpy(v, "a value");
	return v;
}

#define HOLD(what)                                                                                                   \
	do {                                                                                                         \
		pthread_mutex_lock(&lock);                                                                           \
		what;                                                                                                \
		pthread_mutex_unlock(&lock);                                                                         \
	} while (0)

PLACE a_looks(void) { value = g_hash_table_lookup(map, "k"); STAY(a_looks); }
PLACE a_frees(void) { free(value); STAY(a_frees); }
PLACE a_moves(void) { value = realloc(value, 4000); STAY(a_moves); }
PLACE a_asks(void) { seen += g_hash_table_contains(other, value); STAY(a_asks); }
PLACE a_reads(void) { race_begin(value, RACE_OP_LOOKUP, RACE_NO_BUCKET, NULL, RACE_KEY_NONE); race_end(value); STAY(a_reads); }
PLACE a_names(void) { seen += g_hash_table_contains(map, "k") + g_hash_table_contains(other, "x"); STAY(a_names); }
PLACE a_steals(void) { g_hash_table_steal(map, "k"); STAY(a_steals); }
PLACE b_frees(void) { char *v = g_hash_table_lookup(map, "k"); g_hash_table_remove(map, "k"); free(v); STAY(b_frees); }
PLACE b_moves(void) { char *v = realloc(g_hash_table_lookup(map, "k"), 4000); g_hash_table_insert(map, "k", v); STAY(b_moves); }
PLACE b_replaces(void) { b_frees(); g_hash_table_insert(map, "k", new_value()); STAY(b_replaces); }
PLACE b_drops(void) { g_hash_table_remove(map, "k"); STAY(b_drops); }
PLACE b_looks(void) { seen += g_hash_table_lookup(map, "k") != NULL; STAY(b_looks); }

/* Many blocks of that size come and go: one of them would have the address of the freed one, were it free. */
PLACE a_allocates(void)
{
	void *blocks[500];

	for (int i = 0; i < 500; i++)
		blocks[i] = malloc(40);
	for (int i = 0; i < 500; i++) {
		seen += g_hash_table_contains(other, strcpy(blocks[i], "x"));
		free(blocks[i]);
	}
}

#define SCENARIO(name, check, between, act)                                                                          \
	PLACE name##_check(void) { check; }                                                                          \
	PLACE name##_between(void) { between; }                                                                      \
	PLACE name##_act(void) { act; }
#define IS(name) { #name, name##_check, name##_between, name##_act }

SCENARIO(torn_free, HOLD(a_looks()), HOLD(b_frees()), a_frees())
SCENARIO(torn_realloc, HOLD(a_looks()), HOLD(b_frees()), a_moves())
SCENARIO(torn_moved, HOLD(a_looks()), HOLD(b_moves()), a_frees())
SCENARIO(torn_key, HOLD(a_looks()), HOLD(b_frees()), HOLD(a_asks()))
SCENARIO(torn_map, HOLD(a_looks()), HOLD(b_frees()), a_reads())
SCENARIO(fine_not_used, HOLD(a_looks()), HOLD(b_frees()), HOLD(a_names()))
SCENARIO(fine_reused, HOLD(a_looks()), HOLD(b_frees()), HOLD(a_allocates()))
SCENARIO(fine_stolen, HOLD(a_looks(); a_steals()), HOLD(b_looks()), a_frees())
SCENARIO(fine_referenced, HOLD(a_looks()), HOLD(b_drops()), HOLD(a_asks()); a_frees())
SCENARIO(fine_looked_again, HOLD(a_looks()), HOLD(b_replaces()), HOLD(a_looks(); a_steals()); a_frees())
SCENARIO(fine_before, , HOLD(b_replaces()), HOLD(a_looks(); a_steals()); a_frees())
SCENARIO(fine_in_hand, HOLD(a_looks()), HOLD(b_looks()), HOLD(a_asks(); a_steals()); a_frees())

static const struct scenario {
	const char *name;
	void (*check)(void), (*between)(void), (*act)(void);
} list[] = {
	IS(torn_free), IS(torn_realloc), IS(torn_moved), IS(torn_key), IS(torn_map), IS(fine_not_used), IS(fine_reused),
	IS(fine_stolen), IS(fine_referenced), IS(fine_looked_again), IS(fine_before), IS(fine_in_hand),
}, *now;

static void *a_side(void *unused)
{
	now->check();
	gate_open(&looked);
	gate_wait(&freed, 1);
	now->act();
	return unused;
}

static void *b_side(void *unused)
{
	gate_wait(&looked, 1);
	now->between();
	gate_open(&freed);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t a, b;

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (argc > 1 && !strcmp(argv[1], "--list"))
			puts(list[i].name);
		else if (argc > 1 && !strcmp(argv[1], list[i].name))
			now = &list[i];
	}
	if (!now)
		return argc > 1 && !strcmp(argv[1], "--list") ? 0 : 2;
	map = g_hash_table_new(g_str_hash, g_str_equal);
	other = g_hash_table_new(g_str_hash, g_str_equal);
	g_hash_table_insert(map, "k", new_value());
	if (pthread_create(&a, NULL, a_side, NULL) || pthread_create(&b, NULL, b_side, NULL))
		abort();
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	puts("done");
	return 0;
}
