/* SPDX-License-Identifier: MIT */
/*
 * sites.h - all places in the records that use one map: what `race explain` lists, and what advice is weighed by.
 *
 * Same map  the same process and address; else, in the same program, the same kind and label, or the same kind created at the
 *           same place. Two maps that one line of code creates are taken for one: what is wrong with one is wrong with both.
 * Limits    of each finding only its first report is looked at. SITES_LOOKED groups are, the most important first.
 */
#ifndef RACE_REPORT_SITES_H
#define RACE_REPORT_SITES_H

#include "findings.h"

#define SITES_LOOKED 2000

enum op_role { OP_LOOKUP, OP_ITERATE, OP_INSERT, OP_REMOVE, OP_CLEAR, OP_DESTROY, OP_CREATE, OP_READ, OP_WRITE };

/* By the name of the function; where that says nothing, a read or a write. */
enum op_role op_role(const struct finding_access *a);

struct site {
	char *program, *function, *file, *module; /* copies; NULL as in a frame */
	char *operation;
	int line;
	int64_t offset;
	int write, iterates;
	int without_lock;     /* accesses here that held none */
	int lacks_usual;      /* accesses here that the record says lacked the usual lock */
	int accesses;
	char *locks;          /* what the first of them held, in words */
	char fingerprint[FINGERPRINT_DIGITS + 1]; /* of the first finding with it */
};

struct sites {
	struct site *list;    /* in the order they were met: those of the finding asked for come first */
	size_t n;
	int findings;         /* of this map */
	size_t not_looked_at; /* groups, when there are more than SITES_LOOKED */
	int reads, writes, iterations; /* sites */
};

/* Walks over the whole set; `f` must come from it by findings_get and is NOT valid afterwards: get it again. */
void sites_collect(struct sites *s, struct findings *set, const struct group *g);
/* Of one finding alone: what it says itself. */
void sites_of(struct sites *s, const struct finding *f);
void sites_free(struct sites *s);

#endif
