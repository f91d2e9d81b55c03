/* SPDX-License-Identifier: MIT */
/* empty_annotations.c - a library with the usual empty definitions: they are called, and the meaning stays. */
#include <unistd.h>

void AnnotateHappensBefore(const char *file, int line, const volatile void *p);
void AnnotateHappensAfter(const char *file, int line, const volatile void *p);

void AnnotateHappensBefore(const char *file, int line, const volatile void *p)
{
	(void)file;
	(void)line;
	(void)p;
	if (write(1, "empty before\n", 13) < 0)
		_exit(3);
}

void AnnotateHappensAfter(const char *file, int line, const volatile void *p)
{
	(void)file;
	(void)line;
	(void)p;
	if (write(1, "empty after\n", 12) < 0)
		_exit(3);
}
