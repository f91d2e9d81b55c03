/* SPDX-License-Identifier: MIT */
/*
 * std_row.h - what a member function of a container template does to its container.
 *
 * The rows are in std_patterns.c, in the section race_std_rows, where `race check` reads them, too.
 */
#ifndef RACE_HOOKS_STD_ROW_H
#define RACE_HOOKS_STD_ROW_H

#include <stdint.h>

#include "../preload/engine/op.h"

struct std_row {
	const char *scope, *method, *name; /* the first two as mangled, see std_mangled.h; name is for reports */
	const struct race_kind *kind;
	uint8_t role, access;
	uint8_t where, flags; /* enums of std_patterns.c */
};

#define STD_ROWS __attribute__((section("race_std_rows"), used, aligned(8)))

#endif
