/* SPDX-License-Identifier: MIT */
/*
 * weigh.h - from what is known of a race to how sure it is: the class of the verdict, and the ledger that decided it.
 */
#ifndef RACE_VERDICT_WEIGH_H
#define RACE_VERDICT_WEIGH_H

#include "../engine/engine.h"
#include "../engine/record.h"
#include "pairs.h"

/*
 * Fills verdict, ledger, severity and confidence of r, which is filled with all else of f.
 *   certain   the engine has seen both calls inside the map
 *   likely    nothing in the ledger speaks for an order that cannot be seen, or something in it speaks for there being none
 *   possible  else
 * Report lock held.
 */
void weigh(struct record *r, const struct race_finding *f, struct pair *p);

/* What is known of f now, and was not when its pair was weighed as possible, makes it likely. */
int weigh_is_more(const struct race_finding *f, const struct pair *p);

#endif
