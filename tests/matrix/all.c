/* SPDX-License-Identifier: MIT */
/* all.c - a program that has every library of maps that librace knows, for `race check`. It is not run. */
#define _GNU_SOURCE
#include <search.h>
#include <stdlib.h>

void *const libc_maps[] = {
	(void *)tsearch, (void *)tfind, (void *)tdelete, (void *)twalk, (void *)tdestroy, (void *)hsearch, (void *)hcreate,
	(void *)hsearch_r, (void *)getenv, (void *)setenv, (void *)putenv, (void *)unsetenv, (void *)clearenv,
};

int main(void)
{
	return libc_maps[0] == NULL;
}
