/* CORPUS label=clean family=rules primitive=pthread_mutex atomics=none repeats=yes twin=fam_rules_routes_racy rules=fam_rules_routes.rules strip=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: -rdynamic */
/*
 * A routing table with open addressing, private to the program, which is stripped; its functions are exported.
 * The forwarding path asks with the lock.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOTS 256

struct routes {
	unsigned net[SLOTS], via[SLOTS];
};

struct routes *routes_new(void);
void routes_put(struct routes *r, unsigned net, unsigned via);
unsigned routes_get(const struct routes *r, unsigned net);

static pthread_mutex_t routes_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t up, up_over;

__attribute__((noipa)) struct routes *routes_new(void)
{
	return calloc(1, sizeof(struct routes));
}

static unsigned slot(const struct routes *r, unsigned net)
{
	unsigned i = net * 2654435761u >> 24;

	while (r->net[i] && r->net[i] != net)
		i = (i + 1) % SLOTS;
	return i;
}

__attribute__((noipa)) void routes_put(struct routes *r, unsigned net, unsigned via)
{
	unsigned i = slot(r, net);

	r->via[i] = via;
	r->net[i] = net;
}

__attribute__((noipa)) unsigned routes_get(const struct routes *r, unsigned net)
{
	unsigned i = slot(r, net);

	return r->net[i] ? r->via[i] : 0;
}

static void *learn(void *routes)
{
	pthread_barrier_wait(&up);
	for (unsigned i = 0; i < 1500; i++) {
		pthread_mutex_lock(&routes_lock);
		routes_put(routes, 10 + i % 90, i);
		pthread_mutex_unlock(&routes_lock);
	}
	pthread_barrier_wait(&up_over);
	return NULL;
}

int main(void)
{
	struct routes *routes = routes_new();
	unsigned forwarded = 0;
	pthread_t thread;

	for (unsigned i = 10; i < 50; i++)
		routes_put(routes, i, 1);
	pthread_barrier_init(&up, NULL, 2);
	pthread_barrier_init(&up_over, NULL, 2);
	pthread_create(&thread, NULL, learn, routes);
	pthread_barrier_wait(&up);
	for (unsigned i = 0; i < 1500; i++) {
		pthread_mutex_lock(&routes_lock);
		forwarded += routes_get(routes, i % 120) != 0;
		pthread_mutex_unlock(&routes_lock);
	}
	pthread_barrier_wait(&up_over);
	pthread_join(thread, NULL);
	printf("packets %s\n", forwarded ? "forwarded" : "dropped");
	free(routes);
	return 0;
}
