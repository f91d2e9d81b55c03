/* SPDX-License-Identifier: MIT */
/*
 * room.h - memory of the command, which is never refused: without memory the command ends with one line and status 2.
 */
#ifndef RACE_REPORT_ROOM_H
#define RACE_REPORT_ROOM_H

#include <stddef.h>

__attribute__((noreturn)) void room_none(void);

/* Zeroed; also for 0 bytes never NULL. The caller's, for free(). */
void *room(size_t n, size_t each);
/* realloc(): what is new is not zeroed. */
void *room_again(void *array, size_t n, size_t each);
/* Room for one more after the n of an array that doubles. */
void *room_grow(void *array, size_t n, size_t each);
/* NULL for NULL. */
char *room_copy(const char *text);

#endif
