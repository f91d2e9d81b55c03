/* SPDX-License-Identifier: MIT */
/*
 * library.c - where librace.so is.
 *
 * The other way round than the library looks for its helper: both are installed by one `make install`, or lie in one build
 * directory. Never PATH or LD_LIBRARY_PATH: what is loaded into every process has to be the one that was built with this command.
 */
#include "library.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console.h"

#if defined(__x86_64__)
#define TRIPLET "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define TRIPLET "aarch64-linux-gnu"
#else
#define TRIPLET "linux-gnu"
#endif

static int usable(const char *path, char *to)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && realpath(path, to);
}

const char *library_path(void)
{
	static const char *const beside[] = { "librace.so", "../lib/librace.so", "../lib/" TRIPLET "/librace.so",
						"../lib/librace.so.1", "../lib/" TRIPLET "/librace.so.1" };
	static const char *const installed[] = { RACE_PREFIX "/lib/librace.so", RACE_PREFIX "/lib/" TRIPLET "/librace.so",
						   RACE_PREFIX "/lib/librace.so.1", RACE_PREFIX "/lib/" TRIPLET "/librace.so.1" };
	static char found[PATH_MAX];
	char self[PATH_MAX], path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (found[0])
		return found;
	while (n > 0 && self[n - 1] != '/')
		n--;
	for (size_t i = 0; n > 0 && i < sizeof(beside) / sizeof(beside[0]); i++) {
		snprintf(path, sizeof(path), "%.*s%s", (int)n, self, beside[i]);
		if (usable(path, found))
			return found;
	}
	for (size_t i = 0; i < sizeof(installed) / sizeof(installed[0]); i++) {
		if (usable(installed[i], found))
			return found;
	}
	found[0] = 0;
	return NULL;
}

int library_missing(const char *verb)
{
	return console_complain(verb, "there is no librace.so beside this command, in ../lib, or in %s/lib; `make install` puts both in place",
				RACE_PREFIX);
}
