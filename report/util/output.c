/* SPDX-License-Identifier: MIT */
/*
 * output.c - writes beside and renames (output.h).
 */
#include "output.h"
#include "room.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A link to nothing is followed by whoever opens it. */
static int replaces(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? S_ISREG(st.st_mode) : lstat(path, &st) != 0;
}

static char *joined(const char *a, const char *b)
{
	char *text;

	if (asprintf(&text, "%s%s", a, b) < 0)
		room_none();
	return text;
}

int output_open(struct output *o, const char *path)
{
	char real[PATH_MAX];
	int fd;

	o->to = NULL;
	o->path = joined(realpath(path, real) ? real : path, "");
	o->beside = replaces(path) ? joined(o->path, ".new") : NULL;
	if (o->beside)
		unlink(o->beside); /* of one that was killed */
	fd = o->beside ? open(o->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd >= 0)
		o->to = fdopen(fd, "w");
	if (o->to)
		return 0;
	free(o->path);
	free(o->beside);
	return -1;
}

int output_close(struct output *o, int keep)
{
	int error = 0;

	errno = 0;
	if (fflush(o->to) || ferror(o->to))
		error = errno ? errno : EIO;
	if (fclose(o->to) && !error)
		error = errno ? errno : EIO;
	if (o->beside && keep && !error && rename(o->beside, o->path))
		error = errno;
	if (o->beside && (!keep || error))
		unlink(o->beside);
	free(o->path);
	free(o->beside);
	errno = error;
	return error && keep ? -1 : 0;
}

int output_check(const char *path)
{
	const char *slash = strrchr(path, '/');
	char real[PATH_MAX], *parent;
	int bad;

	if (slash && !slash[1]) {
		errno = EISDIR;
		return -1;
	}
	if (!replaces(path))
		return access(path, W_OK);
	path = realpath(path, real) ? real : path;
	slash = strrchr(path, '/');
	parent = joined(slash ? path : ".", "");
	if (slash)
		parent[slash - path + 1] = 0;
	bad = access(parent, W_OK | X_OK);
	free(parent);
	return bad;
}
