/* SPDX-License-Identifier: MIT */
/*
 * advice.c - from a finding to what can be done about it: a table of causes x circumstances.
 *
 * The rows are asked from the top; each that fits gives one advice, until there are ADVICE_MOST. So the order is the order of
 * preference, and what is special stands above what always helps. A repair with its costs is in docs/recipes.md.
 */
#include <string.h>

#include "advice.h"

enum {
	FORGOTTEN = 1 << 0, DIFFERENT = 1 << 1, READ_LOCK = 1 << 2, ITERATE = 1 << 3, FIRST_USE = 1 << 4, DESTROYED = 1 << 5,
	PUBLISHED = 1 << 6, UNSYNCHRONISED = 1 << 7, STALE = 1 << 8, TORN = 1 << 9, UNKNOWN = 1 << 10,
	RACES = FORGOTTEN | DIFFERENT | READ_LOCK | ITERATE | FIRST_USE | PUBLISHED | UNSYNCHRONISED | UNKNOWN,
};

/* Who is to change: computed from the finding. */
enum who { WHO_BOTH, WHO_LACKS, WHO_WRITES, WHO_WALKS, WHO_DESTROYS, WHO_NOW };

static const struct row {
	unsigned causes;
	uint32_t needs, not;
	enum who who;
	const char *label, *title, *text, *recipe;
} rows[] = {
	/* ---- what only one kind of map, or one kind of finding, asks for ---- */
	{ RACES, ENVIRONMENT, 0, WHO_WRITES, "environment-before-threads", "Set the environment before the first thread starts",
	  "Nothing can protect getenv() from setenv(): libraries read the environment without asking. Do all changes at the start of main, or "
	  "hand the value to a child process by execve() or posix_spawn() with an environment of its own.", "recipes.md#filled-at-the-first-use" },
	{ RACES, ENVIRONMENT, 0, WHO_BOTH, "copy-of-the-environment", "Or ask it once, and keep the answer",
	  "If the value is the program's own, read it at the start into a variable, and change that under a lock: the environment is then left alone.",
	  "recipes.md#filled-at-the-first-use" },
	{ STALE, SAME_THREAD, 0, WHO_BOTH, "remove-through-the-iterator", "Remove through the iterator, or collect first",
	  "The loop changes the map it walks over. Use the iterator's own removal (g_hash_table_iter_remove, the iterator that erase returns), or "
	  "collect the keys during the walk and change the map after it.", "recipes.md#a-registry-listeners-callbacks-sessions" },
	{ STALE, 0, SAME_THREAD, WHO_WALKS, "lock-the-walk", "Hold the lock over the whole walk",
	  "The lock is given back between two steps of the iteration, and the map changes meanwhile. Hold it from the first step to the last, or "
	  "collect the keys under the lock, let it go, and look each one up again.", "recipes.md#a-registry-listeners-callbacks-sessions" },
	{ TORN, 0, 0, WHO_NOW, "lock-check-and-act", "One lock around the check and the act",
	  "Each call was made under the lock, but the lock was given back between the look-up and what was done because of it. Take it once, around "
	  "both; or look again after taking it; or use one call that does both, as an insertion that tells whether the key was new.",
	  "compound.md#repair" },
	{ TORN, 0, 0, WHO_NOW, "own-the-value", "Let the value belong to its user",
	  "If the value is used after the lock was given back, give each user a reference of its own (or a copy), taken while the lock is still held.",
	  "compound.md#repair" },
	{ DESTROYED, BY_MAIN, 0, WHO_DESTROYS, "join-first", "End the users first, then destroy",
	  "Join the threads, remove the sources and timers, or cancel and await the requests that use the map, before it is destroyed.",
	  "recipes.md#handed-over" },
	{ DESTROYED, 0, 0, WHO_DESTROYS, "own-a-reference", "Let each user hold a reference",
	  "Count the owners of the map (g_hash_table_ref and unref, std::shared_ptr): whoever drops the last one destroys it, and nobody is left who could use it.",
	  "recipes.md#handed-over" },
	{ DESTROYED, OTHER_LOCK, 0, WHO_LACKS, "destroy-under-the-lock", "Take the map out of sight under the lock, then destroy it",
	  "Under the lock, set the pointer that leads to the map to NULL; destroy it after the unlock. Users test the pointer under the same lock.",
	  "recipes.md#a-registry-listeners-callbacks-sessions" },

	/* ---- a lock for reading does not protect a change ---- */
	{ READ_LOCK, READ_WRITES, 0, WHO_WRITES, "write-lock-for-writing-reads", "This look-up changes the map: lock it for writing",
	  "The call reads for you, but writes for itself (statistics, reference counts, work put off). Under a lock held for reading, two of these meet. "
	  "Take the lock for writing, or use a mutex.", "recipes.md#a-registry-listeners-callbacks-sessions" },
	{ READ_LOCK, 0, 0, WHO_WRITES, "write-lock", "Take the reader-writer lock for writing, and look again",
	  "A lock held for reading lets others in. Give it back, take it for writing, and repeat the look-up before the change: somebody may have been faster.",
	  "recipes.md#a-registry-listeners-callbacks-sessions" },

	/* ---- the habit of the map's users is the best witness ---- */
	{ RACES, HABIT, 0, WHO_LACKS, "take-the-usual-lock", "Take the lock that the others take",
	  "Most uses of this map hold it; this one does not. If the function counts on its caller to hold the lock, look at all its callers, and at early "
	  "returns that unlock twice.", "recipes.md#a-registry-listeners-callbacks-sessions" },
	{ FORGOTTEN | ITERATE, OTHER_LOCK, HABIT, WHO_LACKS, "take-the-same-lock", "Take the same lock on the other side",
	  "One side held a lock, the other did not. If that lock belongs to the map, take it here too; if the function counts on its caller to hold it, look at all its callers.",
	  "recipes.md#a-registry-listeners-callbacks-sessions" },
	{ DIFFERENT, 0, HABIT, WHO_BOTH, "one-lock-beside-the-map", "One lock beside the map",
	  "Both sides lock, but not the same lock. The lock belongs to the map, not to who uses it: keep it beside the map, and take it everywhere.",
	  "recipes.md#a-registry-listeners-callbacks-sessions" },

	/* ---- what the map is used for ---- */
	{ RACES, ITERATES, MOSTLY_READ, WHO_WALKS, "lock-the-walk", "Hold the lock over the whole walk, or walk over a copy",
	  "A walk that lasts longer than one call needs the lock from its first step to its last. If callbacks take the same lock, or the walk is slow, copy under the lock "
	  "what it needs, and walk over the copy.", "recipes.md#a-registry-listeners-callbacks-sessions" },
	{ RACES, ITERATES | MOSTLY_READ, 0, WHO_WRITES, "snapshot", "A snapshot that nobody changes",
	  "The map is walked and read much, and seldom changed. Change a copy, and swap it in under the lock; each walker takes a reference to the state it began with. "
	  "Look-ups and walks then need no lock while they last.", "recipes.md#a-registry-listeners-callbacks-sessions" },
	{ RACES, ITERATES, MOSTLY_READ | BOTH_WRITE, WHO_WALKS, "snapshot", "Or walk over a snapshot that nobody changes",
	  "Where walks are frequent or slow and changes rare: change a copy, swap it in under the lock, and let each walker keep a reference to the state it began with.",
	  "recipes.md#a-registry-listeners-callbacks-sessions" },
	{ FIRST_USE, 0, 0, WHO_BOTH, "fill-before-threads", "Fill it before the threads start",
	  "Create and fill the map before pthread_create(): what was done before is seen by every new thread, at no cost.", "recipes.md#filled-at-the-first-use" },
	{ FIRST_USE, 0, 0, WHO_BOTH, "once", "Fill it exactly once",
	  "If it must be filled at its first use: pthread_once(), g_once_init_enter(), std::call_once(), or a static of a function. A plain flag is not enough.",
	  "recipes.md#filled-at-the-first-use" },
	{ PUBLISHED, 0, 0, WHO_BOTH, "hand-over", "Hand it over by something that orders",
	  "Finish the map first; then give its address away under a lock, by a queue, or by starting the thread that uses it. Do not touch it afterwards.",
	  "recipes.md#handed-over" },
	{ PUBLISHED, 0, 0, WHO_BOTH, "atomic-pointer", "Or publish the pointer with release, and read it with acquire",
	  "If the address already travels in an atomic with release and acquire, the order exists and librace cannot see it: tell it by race_release() and race_acquire().",
	  "hidden-orders.md#publication" },
	{ UNSYNCHRONISED | UNKNOWN, GLOBAL, MOSTLY_READ | HABIT, WHO_BOTH, "one-lock-beside-the-map", "One lock beside the map",
	  "Nobody locks. The map is reached from a global variable: put one mutex beside it, and take it around every use, also those that librace has not met.",
	  "recipes.md#a-registry-listeners-callbacks-sessions" },
	{ RACES & ~READ_LOCK, ONE_READS | MOSTLY_READ, ITERATES, WHO_BOTH, "reader-writer-lock", "A reader-writer lock, as the map is mostly read",
	  "Most places only look up. Readers may then go on beside each other; whoever changes the map takes the lock for writing. With short look-ups a plain mutex is as fast.",
	  "recipes.md#a-registry-listeners-callbacks-sessions" },
	{ RACES & ~READ_LOCK, BOTH_WRITE | SAME_KEY, 0, WHO_BOTH, "lock-check-and-act", "Put the look-up into the same locked part",
	  "Both sides write the same key. Most such code looks first whether the key is there: the look-up and the change belong under one lock, or both threads find it missing.",
	  "compound.md#repair" },
	{ UNSYNCHRONISED | UNKNOWN, 0, HABIT, WHO_BOTH, "mutex", "One mutex around every use",
	  "Nobody locks. Put a mutex beside the map, and take it around every use: reads too, because a look-up beside a change walks through what is being moved.",
	  "recipes.md#a-registry-listeners-callbacks-sessions" },
	{ RACES, RESIZED, 0, WHO_WRITES, "reserve", "Reserve the room before the threads start",
	  "The map was growing. That does not repair the race, but with enough room from the start (std::unordered_map::reserve) its worst outcome, a "
	  "walk through a freed array, gets rarer, and each change shorter.", "recipes.md#filled-at-the-first-use" },
	{ RACES, DOUBTFUL, 0, WHO_BOTH, "tell-the-order", "If an order exists, tell it",
	  "The verdict is possible only: code of its own may order the two. Then say so with race_release() and race_acquire() of librace.h, and the finding is gone in every class.",
	  "hidden-orders.md#the-annotations" },
	{ UNSYNCHRONISED | UNKNOWN | FORGOTTEN | DIFFERENT, 0, MOSTLY_READ, WHO_BOTH, "single-owner", "Or let one thread own it",
	  "The others send requests to its queue or event loop: no lock in the map's code at all.", "recipes.md#a-registry-listeners-callbacks-sessions" },
};

static unsigned cause_bit(const struct finding *f)
{
	static const char *const labels[] = { "forgotten-lock", "different-locks", "read-lock-write", "iterate-write", "first-use",
					      "use-after-destroy", "publication", "unsynchronised" };

	switch (f->kind) {
	case FINDING_DEAD_MAP: return DESTROYED;
	case FINDING_STALE_ITERATOR: return STALE;
	case FINDING_CHECK_THEN_ACT: return TORN;
	case FINDING_RACE: break;
	}
	for (size_t i = 0; f->cause && i < sizeof(labels) / sizeof(labels[0]); i++) {
		if (!strcmp(f->cause, labels[i]))
			return 1u << i;
	}
	return UNKNOWN;
}

const char *cause_meaning(const struct finding *f)
{
	static const struct { unsigned bit; const char *meaning; } table[] = {
		{ FORGOTTEN, "One side held a lock, the other none." },
		{ DIFFERENT, "Both sides held locks, but no common one." },
		{ READ_LOCK, "Both held the same lock, but a side that changes the map held it for reading only." },
		{ ITERATE, "One side walked over the map while the other changed it." },
		{ FIRST_USE, "Two threads changed the map in its very first operations: both fill it at its first use." },
		{ DESTROYED, "One side destroyed the map, the other used it." },
		{ PUBLISHED, "One side used a map that the other had just created, and nothing ordered the hand-over." },
		{ UNSYNCHRONISED, "Neither side held a lock." },
		{ STALE, "An iterator was used after the map had changed behind it." },
		{ TORN, "A look-up and what was done because of it were torn apart by another thread." },
		{ UNKNOWN, "The record names no cause." },
	};
	unsigned bit = cause_bit(f);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].bit & bit)
			return table[i].meaning;
	}
	return "";
}

static int side_has(const struct finding *f, enum op_role role)
{
	return op_role(&f->now) == role || (f->has_before && op_role(&f->before) == role);
}

static int writes_shared(const struct finding_access *a)
{
	for (int i = 0; a->write && i < a->nlocks; i++) {
		if (a->locks[i].shared)
			return 1;
	}
	return 0;
}

static int reads_that_write(const struct finding_access *a)
{
	static const char *const names[] = { "retrieve", "lookup", "_get", "search", "find", "to_json_string" };

	for (size_t i = 0; a->write && a->operation && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strstr(a->operation, names[i]) && !strstr(a->operation, "tsearch") && !strstr(a->operation, "hsearch"))
			return 1;
	}
	return 0;
}

static int in_main(const struct finding *f, const struct finding_access *a)
{
	const struct finding_thread *t = finding_thread_of(f, a);

	return t && t->number == 0;
}

uint32_t circumstances_of(const struct finding *f, const struct sites *sites)
{
	const struct finding_access *a = &f->now, *b = &f->before;
	int reads = sites ? sites->reads : !a->write + (f->has_before && !b->write);
	int writes = sites ? sites->writes : a->write + (f->has_before && b->write);
	uint32_t c = 0;

	if (f->has_before && a->write && b->write)
		c |= BOTH_WRITE;
	if (!a->write || (f->has_before && !b->write))
		c |= ONE_READS;
	if (side_has(f, OP_ITERATE) || (f->cause && !strcmp(f->cause, "iterate-write")))
		c |= ITERATES;
	if (side_has(f, OP_DESTROY) || f->kind == FINDING_DEAD_MAP)
		c |= DESTROYS;
	if ((f->usual_lock.type || f->usual_lock.address) && f->usual_lacks)
		c |= HABIT;
	if (a->nlocks || (f->has_before && b->nlocks))
		c |= OTHER_LOCK;
	if (writes_shared(a) || (f->has_before && writes_shared(b)))
		c |= READ_MODE;
	if (reads + writes >= 3 && reads >= 3 * writes)
		c |= MOSTLY_READ;
	if (f->resize_from >= 0 && f->resize_to >= 0 && f->resize_from != f->resize_to)
		c |= RESIZED;
	if (f->map_kind && !strcmp(f->map_kind, "environment"))
		c |= ENVIRONMENT;
	if (f->location && !strncmp(f->location, "global ", 7))
		c |= GLOBAL;
	if (reads_that_write(a) || (f->has_before && reads_that_write(b)))
		c |= READ_WRITES;
	if (f->has_before && a->key && b->key && !strcmp(a->key, b->key))
		c |= SAME_KEY;
	if (f->class == CLASS_POSSIBLE)
		c |= DOUBTFUL;
	if (in_main(f, a) || (f->has_before && in_main(f, b)))
		c |= BY_MAIN;
	if (f->has_before && a->thread >= 0 && a->thread == b->thread)
		c |= SAME_THREAD;
	return c;
}

/* By what `usual_lacks` says; without it, by who held none. */
static enum advice_side side_lacking(const struct finding *f)
{
	if (f->usual_lacks && f->usual_lock.type) {
		if (!strcmp(f->usual_lacks, "current"))
			return SIDE_NOW;
		return !strcmp(f->usual_lacks, "previous") ? SIDE_BEFORE : SIDE_BOTH;
	}
	if (f->has_before && !f->now.nlocks != !f->before.nlocks)
		return f->now.nlocks ? SIDE_BEFORE : SIDE_NOW;
	return SIDE_BOTH;
}

static enum advice_side side_by(int now, int before)
{
	return !now == !before ? SIDE_BOTH : now ? SIDE_NOW : SIDE_BEFORE;
}

static enum advice_side side_of(const struct finding *f, enum who who)
{
	if (!f->has_before)
		return SIDE_NOW;
	switch (who) {
	case WHO_LACKS: return side_lacking(f);
	case WHO_WRITES: return side_by(f->now.write, f->before.write);
	case WHO_WALKS: return side_by(op_role(&f->now) == OP_ITERATE, op_role(&f->before) == OP_ITERATE);
	case WHO_DESTROYS: return side_by(op_role(&f->now) == OP_DESTROY, op_role(&f->before) == OP_DESTROY);
	case WHO_NOW: return SIDE_NOW;
	case WHO_BOTH: break;
	}
	return SIDE_BOTH;
}

/* The usual lock; else what the side held that need not change. */
static const struct finding_lock *lock_for(const struct finding *f, enum advice_side side)
{
	if (f->usual_lock.type)
		return &f->usual_lock;
	if (side == SIDE_NOW && f->has_before && f->before.nlocks)
		return &f->before.locks[0];
	if (side == SIDE_BEFORE && f->now.nlocks)
		return &f->now.locks[0];
	return NULL;
}

int advice_for(const struct finding *f, const struct sites *sites, struct advice *list)
{
	uint32_t c = circumstances_of(f, sites);
	unsigned cause = cause_bit(f);
	int n = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && n < ADVICE_MOST; i++) {
		const struct row *r = &rows[i];
		int known = 0;

		/* the environment is everybody's: no lock of the program's would be taken by the libraries that read it */
		if ((c & ENVIRONMENT) && !(r->needs & ENVIRONMENT) && cause & RACES)
			continue;
		if (!(r->causes & cause) || (c & r->needs) != r->needs || (c & r->not))
			continue;
		for (int k = 0; k < n; k++)
			known |= !strcmp(list[k].label, r->label);
		if (known)
			continue;
		list[n] = (struct advice){ r->label, r->title, r->text, r->recipe, side_of(f, r->who), NULL };
		if (strstr(r->label, "lock") || !strcmp(r->label, "snapshot"))
			list[n].lock = lock_for(f, list[n].side);
		n++;
	}
	return n;
}
