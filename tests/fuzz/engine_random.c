/* SPDX-License-Identifier: MIT */
/*
 * engine_random.c - random scripts, asked of the engine and of its oracle.
 *
 * usage: engine_random [STEPS [SEED]]. Prints its seed; the same seed makes the same scripts. Each script starts with empty
 * tables and keeps to what programs may do: a mutex is unlocked by the thread that holds it. Some scripts guard most
 * accesses of a map by its mutex, so that races are rare and the order of everything else matters; some guard none.
 *
 * With full-size tables and slots not reused early, engine and oracle must agree on every access that is due (oracle.h).
 * With tables of eight entries, or with foreign threads, which are taken to come after too much, the engine may miss races;
 * it must not find one that the whole history of the map does not contain.
 */
#include "tests/script/rig.h"

#include <stdio.h>
#include <stdlib.h>

#define SCRIPT_STEPS 1500
#define LIVE 12
#define MUTEXES 6
#define MAPS 10

static uint64_t state;
static int foreigners; /* in this script */
static uint32_t care;  /* of 8 accesses so many are guarded */

static uint32_t pick(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 16) % n);
}

static struct {
	unsigned live[LIVE], nlive;
	unsigned ended[RIG_THREADS], nended;
	unsigned next; /* thread that was not used yet */
	int holder[MUTEXES];           /* -1 free */
	int writer, readers[LIVE * 4]; /* of the rwlock: thread, or how often each live index reads */
} w;

static uintptr_t mutex_at(uint32_t i)
{
	return MUTEX + 8 * i; /* neighbours in the table */
}

static uintptr_t map_at(uint32_t i)
{
	return MAP + 48 * i;
}

static int reads_rwlock(unsigned thread)
{
	return w.readers[thread % (LIVE * 4)];
}

static int busy(unsigned thread)
{
	for (int i = 0; i < MUTEXES; i++) {
		if (w.holder[i] == (int)thread)
			return 1;
	}
	return w.writer == (int)thread;
}

static unsigned nreaders(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < LIVE * 4; i++)
		n += (unsigned)w.readers[i];
	return n;
}

static int sync_step(struct step *s)
{
	uint32_t m = pick(MUTEXES);

	switch (pick(6)) {
	case 0:
	case 1:
		s->what = mutex_at(m);
		if (w.holder[m] < 0) {
			s->act = LOCK;
			w.holder[m] = (int)s->thread;
		} else {
			s->thread = (unsigned)w.holder[m];
			s->act = UNLOCK;
			w.holder[m] = -1;
		}
		return 1;
	case 2:
		s->what = RWLOCK;
		if (w.writer >= 0) {
			s->thread = (unsigned)w.writer;
			s->act = WRUNLOCK;
			w.writer = -1;
		} else if (reads_rwlock(s->thread)) {
			s->act = RDUNLOCK;
			w.readers[s->thread % (LIVE * 4)] = 0;
		} else if (nreaders() || pick(3)) {
			s->act = RDLOCK;
			w.readers[s->thread % (LIVE * 4)] = 1;
		} else {
			s->act = WRLOCK;
			w.writer = (int)s->thread;
		}
		return 1;
	case 3:
		s->act = POST;
		s->what = SEM + 8 * pick(3);
		return 1;
	case 4:
		s->act = WAIT;
		s->what = SEM + 8 * pick(3);
		return 1;
	default:
		s->act = ONCE_LEAVE;
		s->what = ONCE;
		return pick(20) == 0;
	}
}

static int access_step(struct step *s)
{
	uint32_t kind = pick(16), map = pick(MAPS), m = map % MUTEXES;

	s->what = map_at(map);
	s->more = 0;
	if (kind < 11 && pick(8) < care) { /* by the holder of the map's mutex; taken now when it is free */
		if (w.holder[m] < 0) {
			s->act = LOCK;
			s->what = mutex_at(m);
			w.holder[m] = (int)s->thread;
			return 1;
		}
		s->thread = (unsigned)w.holder[m];
	}
	if (kind < 7) {
		s->act = READ;
	} else if (kind < 11) {
		s->act = WRITE;
	} else if (kind < 15) {
		s->what = map_at(MAPS) + 48 * pick(2);
		s->act = kind < 13 ? BREAD : BWRITE;
		s->more = pick(5);
		if (pick(20) == 0)
			s->act = pick(2) ? BRESIZE : pick(2) ? BITERATE : BCLEAR;
	} else {
		s->what = map_at(MAPS + 2);
		s->act = pick(2) ? CREAD : CWRITE;
	}
	return 1;
}

static int thread_step(struct step *s)
{
	uint32_t i;

	switch (pick(5)) {
	case 0:
		if (w.nlive == LIVE || w.next == RIG_THREADS)
			return 0;
		if (foreigners && pick(6) == 0) {
			s->thread = w.next;
			s->act = FOREIGN;
		} else {
			s->act = START;
			s->what = w.next;
		}
		w.live[w.nlive++] = w.next++;
		return 1;
	case 1:
		i = pick(w.nlive);
		if (!i || busy(w.live[i]) || reads_rwlock(w.live[i]))
			return 0;
		s->thread = w.live[i];
		s->act = END;
		w.ended[w.nended++] = s->thread;
		w.live[i] = w.live[--w.nlive];
		return 1;
	case 2:
	case 3:
		if (!w.nended)
			return 0;
		s->act = JOIN;
		i = pick(w.nended);
		s->what = w.ended[i];
		w.ended[i] = w.ended[--w.nended];
		return 1;
	default:
		if (pick(3))
			return 0;
		switch (pick(4)) {
		case 0:
			s->act = FREE; /* two maps */
			s->what = map_at(pick(MAPS + 3));
			break;
		case 1:
			s->act = FREE; /* all mutexes, held or not */
			s->what = pick(2) ? MUTEX : SEM;
			break;
		default:
			s->act = pick(2) ? CREATE : CREATE_WRITES;
			s->what = map_at(pick(MAPS));
		}
		return 1;
	}
}

static unsigned run_script(int small, unsigned *accesses)
{
	unsigned races = 0;

	foreigners = pick(4) == 0;
	care = pick(3) == 0 ? 0 : pick(3) == 0 ? 6 : 8;

	rig_begin(small);
	memset(&w, 0, sizeof(w));
	w.nlive = w.next = 1;
	w.writer = -1;
	for (int i = 0; i < MUTEXES; i++)
		w.holder[i] = -1;
	for (unsigned n = 0; n < SCRIPT_STEPS;) {
		struct step s = { w.live[pick(w.nlive)], READ, 0, 0 };
		uint32_t what = pick(100);
		int made = what < 45 ? access_step(&s) : what < 92 ? sync_step(&s) : thread_step(&s);

		if (!made)
			continue;
		n++;
		*accesses += what < 45;
		races += (unsigned)rig_step(&s, small || foreigners);
	}
	return races;
}

int main(int argc, char **argv)
{
	unsigned long steps = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : os_monotonic_ns() | 1;
	unsigned races[2] = { 0, 0 }, accesses[2] = { 0, 0 };

	printf("# engine_random: seed %#lx, %lu steps\n", (unsigned long)seed, steps);
	fflush(stdout);
	state = seed ? seed : 1;
	for (unsigned long n = 0; n < steps; n += SCRIPT_STEPS) {
		int small = n / SCRIPT_STEPS % 4 == 3;

		/* Small tables also mean few slots: the engine then reuses them early and knows less. */
		race_slot_limit = small && pick(2) ? 5 : RACE_SLOTS - 1;
		race_quarantine = small ? 2 : 256;
		race_clock_max = pick(4) ? RACE_CLOCK_MAX - 2 : 40; /* used-up clocks lose nothing */
		races[small] += run_script(small, &accesses[small]);
	}
	printf("# %u accesses, %u races; small tables: %u accesses, %u races\n", accesses[0], races[0], accesses[1], races[1]);
	if (races[0] && (races[1] || steps < 10 * SCRIPT_STEPS)) {
		printf("ok engine_and_oracle_agree_on_random_scripts\n");
		return 0;
	}
	printf("not ok engine_and_oracle_agree_on_random_scripts: no races in %u accesses\n", accesses[0] + accesses[1]);
	return 1;
}
