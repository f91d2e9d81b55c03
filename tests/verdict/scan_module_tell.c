/* SPDX-License-Identifier: MIT */
/*
 * scan_module_tell.c - the marks of whole files, one line each, and what it took.
 */
#include <stdio.h>
#include <time.h>

#include "preload/verdict/scan.h"
#include "tests/verdict/scan_image.h"

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct scan_marks m = { { 0 }, { 0 }, 0 };
		struct timespec from, to;
		struct image image;
		int whole;

		if (image_open(&image, argv[i]) != 0) {
			printf("%s: not read\n", argv[i]);
			continue;
		}
		clock_gettime(CLOCK_MONOTONIC, &from);
		whole = scan_module(&image.map, 0, &m);
		clock_gettime(CLOCK_MONOTONIC, &to);
		printf("%s %s atomic=%u fence=%u pause=%u wait=%u\n", image.name, whole ? "whole" : "part", m.count[SCAN_ATOMIC],
		       m.count[SCAN_FENCE], m.count[SCAN_PAUSE], m.count[SCAN_WAIT]);
		fprintf(stderr, "# %s: %.2f MB, %.2f ms\n", image.name, (double)image.code_bytes / 1e6,
			1e3 * (double)(to.tv_sec - from.tv_sec) + 1e-6 * (double)(to.tv_nsec - from.tv_nsec));
	}
	return 0;
}
