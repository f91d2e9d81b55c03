/* CORPUS label=clean family=rules primitive=barrier atomics=none repeats=no twin=fam_rules_parts_racy rules=fam_rules_parts.rules tricky=yes */
/* SPDX-License-Identifier: MIT */
/*
 * A parts list in a binary tree of the program's own. One thread fills it, then three look parts
 * up, without a lock.
 * The filler adds them before the barrier; afterwards all only read.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct part {
	const char *name;
	int price;
	struct part *less, *more;
};

struct parts {
	struct part *root;
};

static struct part stock[] = { { .name = "bolt", .price = 2 }, { .name = "nut", .price = 1 },
			       { .name = "gear", .price = 30 }, { .name = "belt", .price = 12 } };
static struct part spare[] = { { .name = "washer", .price = 1 }, { .name = "axle", .price = 50 } };
static struct parts parts;
static pthread_barrier_t filled;

__attribute__((noipa)) void parts_add(struct parts *p, struct part *part)
{
	struct part **at = &p->root;

	while (*at)
		at = strcmp(part->name, (*at)->name) < 0 ? &(*at)->less : &(*at)->more;
	*at = part;
}

__attribute__((noipa)) int parts_price(struct parts *p, const char *name)
{
	struct part *at = p->root;
	int order;

	while (at && (order = strcmp(name, at->name)) != 0)
		at = order < 0 ? at->less : at->more;
	return at ? at->price : 0;
}

static void *mechanic(void *name)
{
	pthread_barrier_wait(&filled);
	return (void *)(long)parts_price(&parts, name);
}

int main(void)
{
	static char *const asked[] = { "gear", "axle", "wheel" };
	pthread_t threads[3];
	long sum = 0;

	pthread_barrier_init(&filled, NULL, 4);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, mechanic, asked[i]);
	for (int i = 0; i < 4; i++)
		parts_add(&parts, &stock[i]);
	for (int i = 0; i < 2; i++)
		parts_add(&parts, &spare[i]);
	pthread_barrier_wait(&filled);
	for (int i = 0; i < 3; i++) {
		void *price;

		pthread_join(threads[i], &price);
		sum += (long)price;
	}
	printf("repair costs %s\n", sum <= 80 ? "little" : "much");
	return 0;
}
