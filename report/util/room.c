/* SPDX-License-Identifier: MIT */
/*
 * room.c - malloc, or the end (room.h).
 */
#include "room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void room_none(void)
{
	fputs("race: there is not enough memory; fewer files at a time need less\n", stderr);
	exit(2);
}

void *room(size_t n, size_t each)
{
	void *p = calloc(n ? n : 1, each);

	if (!p)
		room_none();
	return p;
}

void *room_again(void *array, size_t n, size_t each)
{
	void *p = reallocarray(array, n ? n : 1, each);

	if (!p)
		room_none();
	return p;
}

void *room_grow(void *array, size_t n, size_t each)
{
	if (n & (n - 1) || (n && n < 16)) /* room for 16, or for the next power of two, is there */
		return array;
	return room_again(array, n ? n * 2 : 16, each);
}

char *room_copy(const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		room_none();
	return copy;
}
