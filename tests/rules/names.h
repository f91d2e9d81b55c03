/* SPDX-License-Identifier: MIT */
/*
 * names.h - functions of names_a.c and names_b.c. Neither file exports anything: only the symbol table knows names.
 */
#ifndef TESTS_NAMES_H
#define TESTS_NAMES_H

#define NOINLINE __attribute__((noinline, noclone))

void touch_a(int which); /* calls names_a.c's functions */
void touch_b(int which); /* calls names_b.c's */

enum { TWICE, LONELY, CLONE, PART, TINY, WHOLE };

#endif
