/* SPDX-License-Identifier: MIT */
/*
 * metrics.h - every counter and gauge of the process at one moment, and the ways to write them down.
 */
#ifndef RACE_PRELOAD_METRICS_H
#define RACE_PRELOAD_METRICS_H

#include "engine/engine.h"
#include "sys/fmt.h"

enum metric_tag {
#define METRIC(tag, type, at_exit, name, label, trouble, words, help) METRIC_##tag,
#include "metrics.def"
#undef METRIC
	METRICS
};

enum metric_type { COUNTER, GAUGE, SECONDS, MOMENT };

#define METRIC_UNKNOWN UINT64_MAX

struct metrics {
	uint64_t value[METRICS]; /* METRIC_UNKNOWN: not to be had here */
	uint32_t nfamilies;
	struct race_family_count family[RACE_FAMILIES + 1];
};

void metrics_start(void);  /* start-up and forked child: the clock starts */
void metrics_take(struct metrics *m); /* any thread */
void metrics_tell(void);   /* stats=1: the lines at exit */
void metrics_write(void);  /* metrics=FILE: the file at exit */

/* Prometheus text exposition, whole. */
void metrics_prometheus(const struct metrics *m, struct buf *b);
/* The members "metrics" and "kinds" of a JSON object, without a comma around them. */
void metrics_json(const struct metrics *m, struct buf *b);

#endif
