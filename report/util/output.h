/* SPDX-License-Identifier: MIT */
/*
 * output.h - a document that takes the place of an older one only when all of it is written.
 *
 * It is written beside (`PATH.new`) and renamed. A device, a pipe, a terminal is written into as it is: there is nothing to put in its
 * place. Of a link, the file behind it is replaced.
 */
#ifndef RACE_REPORT_OUTPUT_H
#define RACE_REPORT_OUTPUT_H

#include <stdio.h>

struct output {
	FILE *to;
	char *path;
	char *beside; /* NULL: written as it is */
};

/* 0; or -1 with errno, and nothing is open. */
int output_open(struct output *o, const char *path);
/* Ends what output_open began. keep 0: what was there before stays. 0; or -1 with errno where it could not be kept, and then, too, stays
 * what was there, unless it is written as it is. */
int output_close(struct output *o, int keep);
/* 0 when output_open is going to work, as far as can be told without a trace; or -1 with errno. */
int output_check(const char *path);

#endif
