/* SPDX-License-Identifier: MIT */
/*
 * recorder.c - stands in for librace: writes down each annotation that reaches it, one a line, maps as letters
 * in the order in which they were first seen.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Here the addresses are values to compare, whatever the callers promise about what lies there. */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include "../../include/librace.h"

#define SEEN __attribute__((visibility("default")))
SEEN race_api_create_f race_api_create;
SEEN race_api_destroy_f race_api_destroy;
SEEN race_api_label_f race_api_label;
SEEN race_api_begin_f race_api_begin;
SEEN race_api_end_f race_api_end;
SEEN race_api_acquire_f race_api_acquire;
SEEN race_api_release_f race_api_release;
SEEN race_api_ignore_f race_api_ignore;
SEEN race_api_context_f race_api_context;
SEEN race_api_version_f race_api_version;

static const char *const operations[] = { "read", "write", "insert", "lookup", "remove", "iterate", "resize", "clear" };

static void line(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void line(const char *format, ...)
{
	char text[200];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (write(2, text, (size_t)n) != n)
		_exit(3);
}

static const volatile void *maps[26];

static int index_of(const volatile void *map)
{
	int i;

	for (i = 0; i < 25 && maps[i] != map; i++)
		;
	return i;
}

/* The first free letter for a map not met before. */
static char name_of(const volatile void *map)
{
	int i = index_of(map);

	if (maps[i] != map) {
		i = index_of(NULL);
		maps[i] = map;
	}
	return (char)('A' + i);
}

void race_api_create(const volatile void *map, const char *kind, int promise)
{
	line("create %c %s %d\n", name_of(map), kind, promise);
}

void race_api_destroy(const volatile void *map)
{
	line("destroy %c\n", name_of(map));
	maps[index_of(map)] = NULL;
}

void race_api_label(const volatile void *map, const char *kind, const char *text)
{
	line("label %c %s %s\n", name_of(map), kind ? kind : "-", text ? text : "-");
}

void race_api_begin(const volatile void *map, int op, unsigned bucket, const void *key, int type)
{
	char shown[64] = "";

	if (type == RACE_KEY_STRING)
		snprintf(shown, sizeof(shown), " \"%s\"", (const char *)key);
	else if (type == RACE_KEY_INT)
		snprintf(shown, sizeof(shown), " %d", *(const int *)key);
	else if (type == RACE_KEY_LONG)
		snprintf(shown, sizeof(shown), " %ld", *(const long *)key);
	else if (type == RACE_KEY_POINTER)
		snprintf(shown, sizeof(shown), " %lx", (unsigned long)key);
	if (bucket == RACE_NO_BUCKET)
		line("%s %c%s\n", operations[op], name_of(map), shown);
	else
		line("%s %c[%u]%s\n", operations[op], name_of(map), bucket, shown);
}

void race_api_end(const volatile void *map)
{
	line("end %c\n", name_of(map));
}

void race_api_acquire(const volatile void *obj)
{
	line("acquire %c\n", name_of(obj));
}

void race_api_release(const volatile void *obj)
{
	line("release %c\n", name_of(obj));
}

void race_api_ignore(int change)
{
	line("ignore %+d\n", change);
}

void race_api_context(const char *text)
{
	line("context %s\n", text ? text : "-");
}

const char *race_api_version(void)
{
	return "recorder";
}
