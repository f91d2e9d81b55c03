/* SPDX-License-Identifier: MIT */
/*
 * suppress_match.h - suppressions held against findings that were read back.
 */
#ifndef RACE_REPORT_SUPPRESS_MATCH_H
#define RACE_REPORT_SUPPRESS_MATCH_H

#include "finding.h"
#include "../report.h"

/* As far as a record tells: modules by their base names, functions without their parameters. */
int suppression_covers(const struct suppression *rule, const struct finding *f);

#endif
