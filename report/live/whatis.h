/* SPDX-License-Identifier: MIT */
/*
 * whatis.h - `race whatis`: what lies at an address.
 */
#ifndef RACE_REPORT_WHATIS_H
#define RACE_REPORT_WHATIS_H

#include <stdint.h>

/* The verb: status 0 something is known, 1 nothing is, 2 for wrong usage and what cannot be read. */
int whatis_main(int argc, char **argv);

/* Prints what a live process has there. 1 something, 0 nothing; -1 with one line on stderr: its maps cannot be read. */
int whatis_process(const char *verb, unsigned pid, uint64_t address);

#endif
