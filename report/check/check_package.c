/* SPDX-License-Identifier: MIT */
/*
 * check_package.c - which Debian package owns a file, from dpkg's own lists; no other program is started.
 */
#include "check_package.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LISTS "/var/lib/dpkg/info"

/* The text has this line. */
static int has_line(const char *text, size_t bytes, const char *line)
{
	size_t n = strlen(line);
	const char *at = text, *end = text + bytes;

	while ((at = memmem(at, (size_t)(end - at), line, n)) != NULL) {
		if ((at == text || at[-1] == '\n') && at + n < end && at[n] == '\n')
			return 1;
		at++;
	}
	return 0;
}

static int list_has(int folder, const char *name, const char *a, const char *b)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC), found = 0;
	struct stat st;
	void *at;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (at != MAP_FAILED) {
			found = has_line(at, (size_t)st.st_size, a) || has_line(at, (size_t)st.st_size, b);
			munmap(at, (size_t)st.st_size);
		}
	}
	close(fd);
	return found;
}

void check_package(const char *path, char *to, size_t cap)
{
	char other[PATH_MAX + 8];
	DIR *d = opendir(LISTS);
	struct dirent *e;

	to[0] = 0;
	/* /bin and /usr/bin are one today; the lists may have either. */
	if (!strncmp(path, "/usr/", 5))
		snprintf(other, sizeof(other), "%s", path + 4);
	else
		snprintf(other, sizeof(other), "/usr%s", path);
	while (d && !to[0] && (e = readdir(d)) != NULL) {
		size_t n = strlen(e->d_name);

		if (n > 5 && !strcmp(e->d_name + n - 5, ".list") && list_has(dirfd(d), e->d_name, path, other))
			snprintf(to, cap, "%.*s",
				 (int)strcspn(e->d_name, ":") < (int)n - 5 ? (int)strcspn(e->d_name, ":") : (int)n - 5,
				 e->d_name);
	}
	if (d)
		closedir(d);
}
