/* SPDX-License-Identifier: MIT */
/*
 * run_dir.c - the directory that a run leaves its records in.
 *
 * Deletes   only what is librace's own: the directory has a run.json that `race run` wrote, and nothing in it but regular files that
 *           librace writes, told by name (and records by their beginning), or that run.json lists. Anything else: one line, and nothing is touched.
 *           No link is followed, neither the directory itself nor what is in it; no directory is ever removed.
 * Invariant run.json is there at every moment after the first one (written beside and renamed), so that a run that was killed
 *           leaves a directory that is still known as its own.
 * Lock      flock on the directory: two runs do not replace each other's records.
 */
#include "run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>

#include "../util/console.h"
#include "../util/room.h"

#define RUN_JSON_MAX (4 << 20)
#define SETTLE_MS 3000
#define REPORT_NAME "race-report." /* what `race report -o DIR` writes */

static int complain_errno(const char *what, const char *name)
{
	return console_complain("run", "%s: %s: %s; `race run -o DIR` takes another directory", name, what, strerror(errno));
}

/* ---- what is ours ----------------------------------------------------------------------------------------------------- */

/* PROGRAM.PID SUFFIX: 1, and the pid. */
static int record_name(const char *name, const char *suffix, long *pid)
{
	size_t n = strlen(name), ns = strlen(suffix);
	const char *p;

	if (n <= ns || strcmp(name + n - ns, suffix) != 0)
		return 0;
	for (p = name + n - ns; p > name && p[-1] >= '0' && p[-1] <= '9'; p--)
		;
	*pid = strtol(p, NULL, 10);
	return p < name + n - ns && p > name + 1 && p[-1] == '.';
}

static int begins_with(int dir, const char *name, const char *const *beginnings)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	char start[32] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, start, sizeof(start) - 1);

	if (fd >= 0)
		close(fd);
	if (n == 0)
		return 1;
	for (; n > 0 && *beginnings; beginnings++) {
		size_t want = strlen(*beginnings);

		/* cut short by the end of the process: as far as it goes */
		if (!strncmp(start, *beginnings, want < (size_t)n ? want : (size_t)n))
			return 1;
	}
	return 0;
}

static int is_regular(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

/* Reports and their record are of one process: the text is ours when the record is. */
static int is_record(int dir, const char *name)
{
	static const char *const record[] = { "{\"type\":\"process\"", NULL }, *const text[] = { "==================\n", "librace: ", NULL };
	char twin[NAME_MAX + 8];
	long pid;

	if (record_name(name, ".jsonl", &pid))
		return begins_with(dir, name, record);
	if (!record_name(name, ".txt", &pid))
		return 0;
	if (begins_with(dir, name, text))
		return 1;
	snprintf(twin, sizeof(twin), "%.*s.jsonl", (int)(strlen(name) - 4), name);
	return is_regular(dir, twin) && begins_with(dir, twin, record);
}

/* NULL: no run.json of ours. */
static json_t *read_run_json(int dir)
{
	int fd = is_regular(dir, "run.json") ? openat(dir, "run.json", O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	struct stat st;
	json_t *run = NULL;
	const char *type;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= RUN_JSON_MAX)
		run = json_loadfd(fd, JSON_DISABLE_EOF_CHECK, NULL);
	if (fd >= 0)
		close(fd);
	type = run ? json_string_value(json_object_get(run, "type")) : NULL;
	if (!type || strcmp(type, "run") != 0 || !json_string_value(json_object_get(run, "librace")) ||
	    !json_is_integer(json_object_get(run, "schema"))) {
		json_decref(run);
		return NULL;
	}
	return run;
}

static int is_listed(const json_t *run, const char *name)
{
	size_t i;
	json_t *file;

	json_array_foreach(json_object_get(run, "files"), i, file) {
		if (json_string_value(file) && !strcmp(json_string_value(file), name))
			return 1;
	}
	return 0;
}

static int is_ours(int dir, const json_t *run, const char *name)
{
	return is_regular(dir, name) && (!strcmp(name, "run.json") || !strcmp(name, "run.json.new") || is_listed(run, name) ||
					 !strncmp(name, REPORT_NAME, strlen(REPORT_NAME)) || is_record(dir, name));
}

/* A second descriptor: a DIR owns the one it reads. */
static DIR *list(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	return d;
}

static const char *next_name(DIR *d)
{
	struct dirent *e;

	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			return e->d_name;
	}
	return NULL;
}

/* 0 when the directory may be taken. */
static int check_owner(struct run_dir *d)
{
	json_t *run = read_run_json(d->fd);
	DIR *all = list(d->fd);
	const char *name;
	int status = 0;

	if (!all) {
		json_decref(run);
		return complain_errno("cannot be read", d->shown);
	}
	while (!status && (name = next_name(all))) {
		if (!run && strcmp(name, "run.json.new") != 0)
			status = console_complain("run", "%s is not empty and has no run.json of librace; it is left alone: `race run -o DIR` takes "
						  "another directory", d->shown);
		else if (run && !is_ours(d->fd, run, name))
			status = console_complain("run", "%s holds \"%s\", which is not librace's; it is left alone: `race run -o DIR` takes another "
						  "directory", d->shown, name);
	}
	closedir(all);
	d->earlier = run;
	return status;
}

/* ---- open, clear, close ----------------------------------------------------------------------------------------------- */

static int make_parents(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", name);
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		if (mkdir(path, 0777) && errno != EEXIST)
			return -1;
		*p = '/';
	}
	return mkdir(path, 0777) && errno != EEXIST ? -1 : 0;
}

int run_dir_open(struct run_dir *d, const char *name)
{
	char path[PATH_MAX];
	size_t n = strlen(name);
	int status;

	*d = (struct run_dir){ .fd = -1, .shown = name };
	while (n > 1 && name[n - 1] == '/')
		n--;
	if (n == 0 || n >= sizeof(path) - 64)
		return console_complain("run", "-o \"%.60s\": allowed is the path of a directory", name);
	snprintf(path, sizeof(path), "%.*s", (int)n, name);
	if (make_parents(path))
		return complain_errno("cannot be made", name);
	d->fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (d->fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return console_complain("run", "%s is a link or a file, no directory; it is left alone: `race run -o DIR` takes another directory", name);
	if (d->fd < 0)
		return complain_errno("cannot be opened", name);
	if (!realpath(path, d->path))
		status = complain_errno("cannot be found", name);
	else if (flock(d->fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		status = console_complain("run", "%s is in use by another `race run`; `race run -o DIR` takes another directory", name);
	else
		status = check_owner(d);
	if (status)
		run_dir_close(d);
	return status;
}

void run_dir_close(struct run_dir *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	json_decref(d->earlier);
	d->earlier = NULL;
}

int run_dir_clear(struct run_dir *d)
{
	DIR *all = list(d->fd);
	const char *name;
	int status = 0;

	if (!all)
		return complain_errno("cannot be read", d->shown);
	while (!status && (name = next_name(all))) {
		if (strcmp(name, "run.json") != 0 && is_ours(d->fd, d->earlier, name) && unlinkat(d->fd, name, 0) && errno != ENOENT)
			status = complain_errno(name, d->shown);
	}
	closedir(all);
	return status;
}

static int write_all(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, text, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return -1;
		text += done;
		n -= (size_t)done;
	}
	return 0;
}

int run_dir_write(struct run_dir *d, const json_t *run)
{
	char *text = json_dumps(run, JSON_INDENT(1));
	int fd = -1, bad = 1;

	if (text) {
		unlinkat(d->fd, "run.json.new", 0);
		fd = openat(d->fd, "run.json.new", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	}
	if (fd >= 0) {
		bad = write_all(fd, text, strlen(text)) || write_all(fd, "\n", 1);
		bad = close(fd) || bad || renameat(d->fd, "run.json.new", d->fd, "run.json");
	}
	free(text);
	return bad ? complain_errno("run.json cannot be written", d->shown) : 0;
}

/* ---- records ---------------------------------------------------------------------------------------------------------- */

/* A process that was killed may leave its helper writing the last report. Nobody else has a record open for writing, which is what
 * a lease for reading asks the kernel; of processes that live on, nothing is waited for. */
static int is_being_written(struct run_dir *d, const char *name)
{
	long pid;
	int fd, busy;

	if (!record_name(name, ".jsonl", &pid) || (pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM)))
		return 0;
	fd = openat(d->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return 0;
	busy = fcntl(fd, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
	close(fd);
	return busy;
}

void run_dir_settle(struct run_dir *d)
{
	for (int waited = 0; waited < SETTLE_MS; waited += 10) {
		DIR *all = list(d->fd);
		const char *name;
		int busy = 0;

		while (all && !busy && (name = next_name(all)))
			busy = is_being_written(d, name);
		if (all)
			closedir(all);
		if (!busy)
			return;
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	}
}

/* A text is made when there is a report to write. That of a process which has ended and is empty still met a full disk. An empty record
 * tells nothing: many a process is killed before it has said who it is. */
static int is_lost(struct run_dir *d, const char *name)
{
	struct stat st;
	long pid;

	return record_name(name, ".txt", &pid) && (pid <= 0 || (kill((pid_t)pid, 0) != 0 && errno == ESRCH)) &&
	       fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_size == 0;
}

int run_dir_lost(struct run_dir *d)
{
	DIR *all = list(d->fd);
	const char *name;
	int status = 0;

	while (all && !status && (name = next_name(all))) {
		if (is_lost(d, name))
			status = console_complain("run", "%s/%s is empty, so at least one report could not be written: was the disk full? `race run -o DIR` "
						  "takes another directory", d->shown, name);
	}
	if (all)
		closedir(all);
	return status;
}

struct run_seen {
	UT_hash_handle hh;
	off_t bytes;
	char name[];
};

static int is_fresh(struct run_dir *d, struct run_seen **seen, const char *name)
{
	struct run_seen *s;
	struct stat st;
	long pid;

	if (!record_name(name, ".jsonl", &pid) || fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return 0;
	HASH_FIND_STR(*seen, name, s);
	if (s && s->bytes == st.st_size)
		return 0;
	if (!s) {
		s = room(1, sizeof(*s) + strlen(name) + 1);
		strcpy(s->name, name);
		HASH_ADD_STR(*seen, name, s);
	}
	s->bytes = st.st_size;
	return 1;
}

size_t run_dir_fresh(struct run_dir *d, struct run_seen **seen, char ***names)
{
	DIR *all = list(d->fd);
	const char *name;
	size_t n = 0;

	*names = NULL;
	while (all && (name = next_name(all))) {
		if (!is_fresh(d, seen, name))
			continue;
		*names = room_again(*names, n + 1, sizeof(**names));
		if (asprintf(&(*names)[n++], "%s/%s", d->path, name) < 0)
			room_none();
	}
	if (all)
		closedir(all);
	return n;
}

void run_seen_free(struct run_seen *seen)
{
	struct run_seen *s, *next;

	HASH_ITER(hh, seen, s, next) {
		HASH_DEL(seen, s);
		free(s);
	}
}
