/* CORPUS label=clean family=rules primitive=pthread_rwlock atomics=none repeats=yes twin=fam_rules_lru_racy rules=fam_rules_lru.rules */
/* SPDX-License-Identifier: MIT */
/*
 * A cache of rendered glyphs with a list of least recent use, private to the program;
 * fam_rules_lru.rules names its functions.
 * Look-ups hold the write lock, because they move what they find to the front of the list.
 */
#include <pthread.h>
#include <stdio.h>

#define GLYPHS 32

struct glyph {
	int code;
	struct glyph *next;
};

struct cache {
	struct glyph *recent;
	unsigned hits;
};

static struct glyph glyphs[GLYPHS];
static struct cache cache;
static pthread_rwlock_t cache_lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t pages, pages_over;

__attribute__((noipa)) void cache_add(struct cache *c, struct glyph *g)
{
	g->next = c->recent;
	c->recent = g;
}

__attribute__((noipa)) struct glyph *cache_find(struct cache *c, int code)
{
	struct glyph *before = NULL, *g = c->recent;

	for (int n = 0; g && g->code != code && n < GLYPHS; n++, g = g->next)
		before = g;
	if (!g || g->code != code)
		return NULL;
	c->hits++;
	if (before) {
		before->next = g->next;
		g->next = c->recent;
		c->recent = g;
	}
	return g;
}

static void *print_page(void *drawn)
{
	pthread_barrier_wait(&pages);
	for (int i = 0; i < 1000; i++) {
		pthread_rwlock_wrlock(&cache_lock);
		*(int *)drawn += cache_find(&cache, i * 5 % GLYPHS) != NULL;
		pthread_rwlock_unlock(&cache_lock);
	}
	pthread_barrier_wait(&pages_over);
	return NULL;
}

int main(void)
{
	int left = 0, right = 0;
	pthread_t thread;

	for (int i = 0; i < GLYPHS; i++) {
		glyphs[i].code = i;
		cache_add(&cache, &glyphs[i]);
	}
	pthread_barrier_init(&pages, NULL, 2);
	pthread_barrier_init(&pages_over, NULL, 2);
	pthread_create(&thread, NULL, print_page, &left);
	print_page(&right);
	pthread_join(thread, NULL);
	printf("pages %s\n", left <= 1000 && right <= 1000 ? "printed" : "garbled");
	return 0;
}
