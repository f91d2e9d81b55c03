/* SPDX-License-Identifier: MIT */
/*
 * learn.h - what one run found out about orders that nobody sees, for the next one: learn=FILE.
 *
 * A text file, one thing a line, `#` comments; it only grows, by whole lines, so that several processes may write to it:
 *
 *   ordered SIDE SIDE OPERATION OPERATION   a pair of calls that the delay test found ordered; SIDE: hash of a call chain
 *   module BUILD-ID (COUNT ADDRESS) x 4     marks of atomics in a module: atomics, fences, pauses, waits
 *
 * Report lock held in all calls but learn_start.
 */
#ifndef RACE_VERDICT_LEARN_H
#define RACE_VERDICT_LEARN_H

#include "../engine/record.h"
#include "pairs.h"
#include "scan.h"

/* Reads the file, when one was named; it need not exist yet. A bad line costs one message, which names it; the others count. */
void learn_start(void);
/* Whether the file knows the pair that r tells of as ordered: then p->learned. Gives p the names by which it will be written. */
void learn_recall(struct pair *p, const struct record *r);
/* Marks of a module by its build-id. */
int learn_module(const uint8_t *id, uint32_t bytes, struct scan_marks *marks);
void learn_module_is(const uint8_t *id, uint32_t bytes, const struct scan_marks *marks);
/* Adds what this run has found out to the file. */
void learn_write(void);

#endif
