/* SPDX-License-Identifier: MIT */
/*
 * ctl_find.c - from a process id to its control socket; and when there is none, why.
 *
 * Trust     a socket is believed when the kernel says that the process behind it is the one that was asked for, or, where process ids
 *           differ between here and there, that it is of this user; and only in a directory that belongs to this user.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../preload/sys/fmt.h"
#include "ctl.h"
#include "../verbs.h"
#include "../util/room.h"

/* ---- /proc -------------------------------------------------------------------------------------------------------------- */

/* A whole file of /proc; NULL when it cannot be read. */
static char *read_proc(int pid, const char *name, size_t *bytes)
{
	char path[64], *text = NULL;
	size_t room = 0, n = 0, more;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	f = fopen(path, "re");
	if (!f)
		return NULL;
	do {
		char *larger = realloc(text, room + 65536 + 1);

		if (!larger)
			break;
		text = larger;
		room += 65536;
		more = fread(text + n, 1, room - n, f);
		n += more;
	} while (n == room && n < 64u << 20);
	fclose(f);
	if (text)
		text[n] = 0;
	if (bytes)
		*bytes = n;
	return text;
}

/* Its id as it sees it itself: the last of the line NSpid. */
static int inner_pid(int pid)
{
	char *status = read_proc(pid, "status", NULL), *line = status ? strstr(status, "\nNSpid:") : NULL, *word, *rest = NULL;
	int inner = pid;

	if (line) {
		line[1 + strcspn(line + 1, "\n")] = 0;
		for (word = strtok_r(line + 7, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest))
			inner = atoi(word);
	}
	free(status);
	return inner > 0 ? inner : pid;
}

/* The value of a variable in the environment that it was started with; to be freed. */
static char *environment_of(int pid, const char *name)
{
	size_t n, length = strlen(name);
	char *all = read_proc(pid, "environ", &n), *found = NULL;

	for (char *at = all; all && at < all + n && !found; at += strlen(at) + 1) {
		if (!strncmp(at, name, length) && at[length] == '=')
			found = room_copy(at + length + 1);
	}
	free(all);
	return found;
}

/* ---- the socket ----------------------------------------------------------------------------------------------------------- */

/* In a directory that must be this user's; by a name below it, so that no path is too long. */
static int connect_in(const char *directory, int pid, int inner)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct ucred peer;
	socklen_t bytes = sizeof(peer);
	struct stat st;
	int place = open(directory, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), s = -1, saved;

	if (place < 0)
		return -1;
	errno = EACCES;
	if (fstat(place, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & 077))
		s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/%d.sock", place, inner);
	if (s >= 0 && connect(s, (struct sockaddr *)&at, sizeof(at)) == 0) {
		if (getsockopt(s, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0 && peer.uid == geteuid() &&
		    (peer.pid == pid || peer.pid == 0)) {
			close(place);
			return s;
		}
		errno = EACCES;
	} else if (s >= 0 && errno == ECONNREFUSED && kill(pid, 0) != 0 && errno == ESRCH) {
		snprintf(at.sun_path, sizeof(at.sun_path), "%d.sock", inner);
		unlinkat(place, at.sun_path, 0); /* left over from a process that a signal ended */
	}
	saved = errno;
	if (s >= 0)
		close(s);
	close(place);
	errno = saved;
	return -1;
}

/* refused: somebody was there, and did not answer. */
static int try_all(int pid, int *refused)
{
	char path[PATH_MAX], *theirs = environment_of(pid, "XDG_RUNTIME_DIR");
	const char *bases[3] = { theirs, getenv("XDG_RUNTIME_DIR"), NULL }, *roots[2] = { "", NULL };
	char root[40];
	int inner = inner_pid(pid), s = -1;

	*refused = 0;
	snprintf(root, sizeof(root), "/proc/%d/root", pid);
	roots[1] = root; /* a container, a chroot */
	for (unsigned r = 0; r < 2 && s < 0; r++) {
		for (unsigned i = 0; i < 4 && s < 0; i++) {
			if (i < 2 && bases[i] && bases[i][0] == '/')
				snprintf(path, sizeof(path), "%s%s/librace", roots[r], bases[i]);
			else if (i == 2)
				snprintf(path, sizeof(path), "%s/run/user/%u/librace", roots[r], geteuid());
			else if (i == 3)
				snprintf(path, sizeof(path), "%s/tmp/librace-%u", roots[r], geteuid());
			else
				continue;
			s = connect_in(path, pid, inner);
			*refused |= s < 0 && (errno == ECONNREFUSED || errno == EAGAIN);
		}
	}
	free(theirs);
	return s;
}

int ctl_try(int pid)
{
	int refused;

	return try_all(pid, &refused);
}

/* ---- why not ---------------------------------------------------------------------------------------------------------------- */

static int has_librace(int pid)
{
	char *maps = read_proc(pid, "maps", NULL);
	int has = !maps ? -1 : strstr(maps, "librace.so") != NULL;

	free(maps);
	return has;
}

static int asks_for_control(int pid)
{
	char *options = environment_of(pid, "RACE_OPTIONS");
	int asks = options && strstr(options, "control=1") && !strstr(options, "control=0");

	free(options);
	return asks;
}

static void explain(int pid, int refused)
{
	char path[40], name[64];
	struct passwd *user;
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (stat(path, &st) != 0) {
		fprintf(stderr, "race ctl: there is no process %d; `race ctl --list` shows those that answer\n", pid);
		return;
	}
	if (st.st_uid != geteuid()) {
		user = getpwuid(st.st_uid);
		if (user)
			snprintf(name, sizeof(name), "%.60s", user->pw_name);
		else
			snprintf(name, sizeof(name), "#%u", st.st_uid);
		fprintf(stderr, "race ctl: process %d belongs to user %s, and answers to that user only; `sudo -u %s race ctl %d ...`\n", pid,
			name, name, pid);
		return;
	}
	switch (has_librace(pid)) {
	case 0:
		fprintf(stderr, "race ctl: process %d runs without librace; start it with LD_PRELOAD=/absolute/path/to/librace.so and "
				"RACE_OPTIONS=control=1\n", pid);
		return;
	case 1:
		if (!asks_for_control(pid))
			fprintf(stderr, "race ctl: control is off in process %d; start it with RACE_OPTIONS=control=1\n", pid);
		else
			fprintf(stderr, "race ctl: process %d does not answer%s; its standard error may say why (sandboxed processes never do)\n",
				pid, refused ? " any more: it is about to end" : "");
		return;
	default:
		fprintf(stderr, "race ctl: process %d does not answer, and cannot be looked at; is it yours, and started with "
				"RACE_OPTIONS=control=1?\n", pid);
	}
}

int ctl_connect(int pid)
{
	int refused, s = try_all(pid, &refused);

	if (s < 0)
		explain(pid, refused);
	return s;
}

/* ---- who answers -------------------------------------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* By /proc, so that no list of directories is needed; only processes that have the library are asked. */
size_t ctl_list(int *pids, size_t max)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	size_t n = 0;

	while (proc && (e = readdir(proc)) && n < max) {
		char path[300];
		struct stat st;
		int pid = atoi(e->d_name), s;

		snprintf(path, sizeof(path), "/proc/%s", e->d_name);
		if (pid <= 0 || pid == getpid() || stat(path, &st) != 0 || st.st_uid != geteuid() || has_librace(pid) != 1)
			continue;
		s = ctl_try(pid);
		if (s < 0)
			continue;
		close(s);
		pids[n++] = pid;
	}
	if (proc)
		closedir(proc);
	qsort(pids, n, sizeof(*pids), by_number);
	return n;
}
