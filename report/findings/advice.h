/* SPDX-License-Identifier: MIT */
/*
 * advice.h - from a finding to what can be done about it.
 *
 * Pure      the same finding and the same sites give the same advice; nothing is read, kept or allocated.
 * Words     are ours (no markup, one line); what is foreign in an advice (the lock, the call sites) is handed out as data.
 */
#ifndef RACE_REPORT_ADVICE_H
#define RACE_REPORT_ADVICE_H

#include "finding.h"
#include "sites.h"

#define ADVICE_MOST 4

/* What else is true of a finding, besides its cause. */
enum circumstance {
	BOTH_WRITE = 1 << 0,
	ONE_READS = 1 << 1,
	ITERATES = 1 << 2,     /* one of the two walks over the map */
	DESTROYS = 1 << 3,     /* one of the two destroys it */
	HABIT = 1 << 4,        /* the map has a usual lock, and a side lacked it */
	OTHER_LOCK = 1 << 5,   /* no habit is known, but one side held a lock */
	READ_MODE = 1 << 6,    /* a side that changes the map held a lock for reading */
	MOSTLY_READ = 1 << 7,  /* of the sites in the records, three of four only read */
	RESIZED = 1 << 8,
	ENVIRONMENT = 1 << 9,  /* the map is the environment */
	GLOBAL = 1 << 10,      /* it is reached from a global variable */
	READ_WRITES = 1 << 11, /* a look-up that changes the map: statistics, reference counts, lazy work */
	SAME_KEY = 1 << 12,
	DOUBTFUL = 1 << 13,    /* class possible: an order that librace cannot see may exist */
	BY_MAIN = 1 << 14,     /* one side is the main thread */
	SAME_THREAD = 1 << 15,
};

enum advice_side { SIDE_BOTH, SIDE_NOW, SIDE_BEFORE };

struct advice {
	const char *label;    /* for programs: take-the-lock, snapshot ... */
	const char *title, *text;
	const char *recipe;   /* a place in the documents: recipes.md#... */
	enum advice_side side; /* whose call is to be changed */
	const struct finding_lock *lock; /* that one; NULL: none in particular */
};

uint32_t circumstances_of(const struct finding *f, const struct sites *sites);
/* The best first; at most ADVICE_MOST. sites may be NULL: then only the finding speaks. */
int advice_for(const struct finding *f, const struct sites *sites, struct advice *list);
/* One sentence on what the label after `Cause:` means. */
const char *cause_meaning(const struct finding *f);

#endif
