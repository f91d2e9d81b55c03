/* SPDX-License-Identifier: MIT */
/*
 * baseline.h - findings that are known: they pass the gate, and are told when they are gone.
 *
 * A baseline is a text file (a fingerprint a line, then a comment), or any record, text log or directory of a run.
 */
#ifndef RACE_REPORT_BASELINE_H
#define RACE_REPORT_BASELINE_H

#include <stdio.h>
#include <uthash.h>

#include "../findings/findings.h"

struct baseline_entry {
	char fingerprint[FINGERPRINT_DIGITS + 1];
	char *note;             /* what the comment says; "" */
	int seen;
	UT_hash_handle hh;
};

struct baseline {
	struct baseline_entry *entries; /* in the order of the file */
	const char *name;               /* NULL: there is none */
};

/* name NULL: an empty one. 0, or 2 after one line. */
int baseline_load(struct baseline *b, const char *verb, const char *name);
void baseline_free(struct baseline *b);
struct baseline_entry *baseline_find(const struct baseline *b, const char *fingerprint);

/* The counted findings of the set as a text file. */
void baseline_print(struct findings *set, FILE *to);
/* The same into a file, which is replaced whole. 0, or 2 after one line. */
int baseline_write(struct findings *set, const char *verb, const char *name);

#endif
