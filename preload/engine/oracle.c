/* SPDX-License-Identifier: MIT */
/*
 * oracle.c - see oracle.h.
 */
#include "oracle.h"

#include <string.h>

struct oracle_clock {
	uint32_t at[ORACLE_THREADS];
};

static struct oracle_thread {
	struct oracle_clock clock; /* clock.at[self]: the epoch the thread is in; of others: covered up to and including */
	int accessed;              /* in this epoch */
	int exists, loaded;
} threads[ORACLE_THREADS];

static struct oracle_object {
	uintptr_t at;
	struct oracle_clock clock;
} objects[ORACLE_OBJECTS];

/* One place that is read or written: a map's table, or one bucket of it. */
static struct oracle_place {
	uintptr_t map;
	long bucket; /* -1: the table */
	int written;
	unsigned writer;
	uint32_t write_clock;
	uint32_t reads[ORACLE_THREADS]; /* clock of each thread's last read since the last write; 0 none */
	uint32_t ever_read[ORACLE_THREADS], ever_written[ORACLE_THREADS]; /* of its last one at all */
	/* All writes and accesses, each thread's own ones, and how many by others there were when it was last judged. */
	uint32_t writes, accesses, own_writes[ORACLE_THREADS], own_accesses[ORACLE_THREADS];
	uint32_t judged_writes[ORACLE_THREADS], judged_accesses[ORACLE_THREADS]; /* plus 1; 0 never */
} places[ORACLE_MAPS];

static struct oracle_clock once;
static int multi;

void oracle_reset(void)
{
	memset(threads, 0, sizeof(threads));
	memset(objects, 0, sizeof(objects));
	memset(places, 0, sizeof(places));
	memset(&once, 0, sizeof(once));
	multi = 0;
	threads[0].exists = 1;
	threads[0].clock.at[0] = 1;
}

static void join(struct oracle_clock *to, const struct oracle_clock *from)
{
	for (unsigned i = 0; i < ORACLE_THREADS; i++) {
		if (to->at[i] < from->at[i])
			to->at[i] = from->at[i];
	}
}

/* The end of an epoch: only one with an access in it needs an end. */
static void epoch_end(unsigned thread)
{
	if (threads[thread].accessed)
		threads[thread].clock.at[thread]++;
	threads[thread].accessed = 0;
}

/* What a release hands over: everything the thread knows, and its own epochs that have ended. */
static struct oracle_clock published(unsigned thread)
{
	struct oracle_clock c;

	epoch_end(thread);
	c = threads[thread].clock;
	c.at[thread]--;
	return c;
}

void oracle_create(unsigned parent, unsigned child)
{
	multi = 1;
	threads[child].exists = 1;
	threads[child].clock = published(parent);
	threads[child].clock.at[child] = 1;
}

void oracle_foreign(unsigned thread)
{
	multi = 1;
	threads[thread].exists = 1;
	for (unsigned i = 0; i < ORACLE_THREADS; i++) {
		threads[thread].clock.at[i] = threads[i].exists ? threads[i].clock.at[i] : 0;
		if (threads[i].exists)
			threads[i].clock.at[i]++;
		threads[i].accessed = 0;
	}
	threads[thread].clock.at[thread] = 1;
}

void oracle_fork(unsigned self)
{
	for (unsigned i = 0; i < ORACLE_THREADS; i++) {
		if (i != self && threads[i].exists)
			threads[self].clock.at[i] = threads[i].clock.at[i];
	}
	multi = 0;
}

static struct oracle_object *object_of(uintptr_t obj, int make)
{
	struct oracle_object *free_one = NULL;

	for (unsigned i = 0; i < ORACLE_OBJECTS; i++) {
		if (objects[i].at == obj)
			return &objects[i];
		if (!objects[i].at && !free_one)
			free_one = &objects[i];
	}
	if (!make || !free_one)
		return NULL;
	memset(free_one, 0, sizeof(*free_one));
	free_one->at = obj;
	return free_one;
}

void oracle_acquire(unsigned thread, uintptr_t obj)
{
	const struct oracle_object *o = object_of(obj, 0);
	uint32_t own = threads[thread].clock.at[thread];

	if (o)
		join(&threads[thread].clock, &o->clock);
	threads[thread].clock.at[thread] = own; /* of which others have ended epochs only */
}

void oracle_release(unsigned thread, uintptr_t obj)
{
	object_of(obj, 1)->clock = published(thread);
}

void oracle_release_join(unsigned thread, uintptr_t obj)
{
	struct oracle_clock c = published(thread);

	join(&object_of(obj, 1)->clock, &c);
}

void oracle_publish_once(unsigned thread)
{
	struct oracle_clock c = published(thread);

	join(&once, &c);
}

void oracle_forget(uintptr_t lo, size_t bytes)
{
	for (unsigned i = 0; i < ORACLE_OBJECTS; i++) {
		if (objects[i].at - lo < bytes)
			objects[i].at = 0;
	}
	for (unsigned i = 0; i < ORACLE_MAPS; i++) {
		if (places[i].map - lo < bytes)
			places[i].map = 0;
	}
}

static struct oracle_place *place_of(uintptr_t map, long bucket)
{
	struct oracle_place *free_one = NULL;

	for (unsigned i = 0; i < ORACLE_MAPS; i++) {
		if (places[i].map == map && places[i].bucket == bucket)
			return &places[i];
		if (!places[i].map && !free_one)
			free_one = &places[i];
	}
	memset(free_one, 0, sizeof(*free_one));
	free_one->map = map;
	free_one->bucket = bucket;
	return free_one;
}

static int before(unsigned other, uint32_t clock, unsigned thread)
{
	return other == thread || clock <= threads[thread].clock.at[other] || clock <= once.at[other];
}

static void place_access(struct oracle_place *p, unsigned thread, int write, struct oracle_verdict *v)
{
	uint32_t now = threads[thread].clock.at[thread];
	uint32_t writes = p->writes - p->own_writes[thread], accesses = p->accesses - p->own_accesses[thread];
	int race = 0, judged = write ? p->judged_accesses[thread] == accesses + 1 : p->judged_writes[thread] == writes + 1;

	if (p->written && !before(p->writer, p->write_clock, thread)) {
		race = 1;
		v->with = p->writer;
	}
	for (unsigned i = 0; i < ORACLE_THREADS; i++) {
		v->ever |= p->ever_written[i] && !before(i, p->ever_written[i], thread);
		v->ever |= write && p->ever_read[i] && !before(i, p->ever_read[i], thread);
		if (write && p->reads[i] && !before(i, p->reads[i], thread)) {
			race = 1;
			v->with = i;
		}
	}
	v->race |= race;
	v->due |= race && !judged;
	p->judged_writes[thread] = writes + 1; /* a write is judged against the writes as well */
	if (write)
		p->judged_accesses[thread] = accesses + 1;
	p->accesses++;
	p->own_accesses[thread]++;
	*(write ? &p->ever_written[thread] : &p->ever_read[thread]) = now;
	if (write) {
		p->writes++;
		p->own_writes[thread]++;
		p->written = 1;
		p->writer = thread;
		p->write_clock = now;
		memset(p->reads, 0, sizeof(p->reads));
	} else {
		p->reads[thread] = now;
	}
	threads[thread].accessed = 1;
}

struct oracle_verdict oracle_access(unsigned thread, uintptr_t map, enum race_contract contract, enum race_role role, int write,
				    long bucket)
{
	struct oracle_verdict v = { 0, 0, 0, 0 };
	int whole = role == ROLE_RESIZE || role == ROLE_CLEAR || role == ROLE_DESTROY;

	if (!multi || contract == CONTRACT_CONCURRENT)
		return v;
	if (contract == CONTRACT_UNSAFE || whole) {
		place_access(place_of(map, -1), thread, write, &v);
	} else {
		place_access(place_of(map, -1), thread, 0, &v);
		if (bucket >= 0)
			place_access(place_of(map, bucket), thread, write, &v);
	}
	return v;
}
