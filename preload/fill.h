/* SPDX-License-Identifier: MIT */
/*
 * fill.h - from a finding of the engine to a record.
 */
#ifndef RACE_PRELOAD_FILL_H
#define RACE_PRELOAD_FILL_H

#include "engine/engine.h"
#include "engine/record.h"

/* All of r but its verdict and ledger (verdict/weigh.h). Report lock held. */
void fill_record(struct record *r, struct race_thread *t, const struct race_finding *f);

#endif
