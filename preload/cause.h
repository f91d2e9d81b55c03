/* SPDX-License-Identifier: MIT */
#ifndef RACE_PRELOAD_CAUSE_H
#define RACE_PRELOAD_CAUSE_H

#include "engine/engine.h"
#include "engine/record.h"

/* The label of the Cause line; r already holds both accesses with their locks. */
enum record_cause cause_of(const struct race_finding *f, const struct record *r);

#endif
