/* SPDX-License-Identifier: MIT */
/*
 * log_builds.c - the modules of the finding that is at hand, and the files that have their build-ids.
 *
 * Invariant a file of another build is never taken, whatever its name. A separate debug file does for the file itself: it has the same
 *           addresses.
 */
#include "log_builds.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <libelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../util/arena.h"
#include "log_modules.h"
#include "../util/room.h"

static struct log_build *expected;
static size_t nexpected;
static const char *debug_directories = "/usr/lib/debug";

void log_modules_debug_directories(const char *list)
{
	debug_directories = list;
}

void log_modules_expect_none(void)
{
	for (size_t i = 0; i < nexpected; i++) {
		free(expected[i].name);
		free(expected[i].id);
		free(expected[i].path);
	}
	nexpected = 0;
}

void log_modules_expect(const char *name, const char *build_id, const char *path)
{
	if (!name || !build_id || strlen(build_id) < 4 || strspn(build_id, "0123456789abcdef") != strlen(build_id) ||
	    log_build_expected(name))
		return;
	expected = room_grow(expected, nexpected, sizeof(*expected));
	expected[nexpected++] = (struct log_build){ room_copy(name), room_copy(build_id), path ? room_copy(path) : NULL };
}

const struct log_build *log_build_expected(const char *name)
{
	for (size_t i = 0; i < nexpected; i++) {
		if (!strcmp(expected[i].name, name))
			return &expected[i];
	}
	return NULL;
}

int log_build_is(const char *path, const char *id)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), same = 0;
	const void *bits;
	ssize_t n;
	Elf *elf;

	if (fd < 0)
		return 0;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	n = elf && elf_kind(elf) == ELF_K_ELF ? dwelf_elf_gnu_build_id(elf, &bits) : -1;
	if (n > 0 && (size_t)n * 2 == strlen(id)) {
		same = 1;
		for (ssize_t i = 0; i < n && same; i++) {
			char hex[3];

			snprintf(hex, sizeof(hex), "%02x", ((const unsigned char *)bits)[i]);
			same = !memcmp(hex, id + 2 * i, 2);
		}
	}
	elf_end(elf);
	close(fd);
	return same;
}

char *log_build_find(const struct log_build *b, char *other)
{
	const char *list = debug_directories;
	char path[PATH_MAX];

	if (b->path && log_build_is(b->path, b->id)) {
		free(other);
		return room_copy(b->path);
	}
	if (other && log_build_is(other, b->id))
		return other;
	free(other);
	while (*list) {
		size_t n = strcspn(list, ":");

		if (list[0] == '/' &&
		    (size_t)snprintf(path, sizeof(path), "%.*s/.build-id/%.2s/%s.debug", (int)n, list, b->id, b->id + 2) < sizeof(path) &&
		    log_build_is(path, b->id))
			return room_copy(path);
		list += n + (list[n] == ':');
	}
	return NULL;
}
