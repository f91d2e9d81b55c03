/* SPDX-License-Identifier: MIT */
/*
 * findings_files.c - from directories and names to files that are read, and what is told of them.
 *
 * Owns      the list of sources: sorted by path, each file once, whatever name it has.
 * Must not  wait: only regular files are opened, and standard input where it is asked for by `-`.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../preload/sys/fmt.h"
#include "findings_load.h"
#include "findings_record.h"
#include "../util/room.h"

#define TOLD_MOST 20 /* for one file */
#define RUN_MOST ((size_t)1 << 20)

void loader_complain(const char *verb, const char *path, const char *what)
{
	char line[8192];
	struct buf b = buf_on(line, sizeof(line));

	buf_fmt(&b, "race %s: ", verb);
	buf_clean(&b, path);
	fprintf(stderr, "%s%s\n", line, what);
}

void source_told(struct loader *l, uint32_t source, int64_t line, const char *what)
{
	l->set->bad++;
	source_remark(l, source, line, what);
}

void source_remark(struct loader *l, uint32_t source, int64_t line, const char *what)
{
	struct source *s = &l->source[source];
	char text[400];

	if (s->bad++ > TOLD_MOST)
		return;
	if (s->bad > TOLD_MOST)
		what = "more places like these follow, not told one by one";
	if (line > 0)
		snprintf(text, sizeof(text), ":%lld: %s", (long long)line, what);
	else
		snprintf(text, sizeof(text), ": %s", what);
	loader_complain(l->verb, s->path, text);
}

static int ends(const char *s, const char *with)
{
	size_t n = strlen(s), k = strlen(with);

	return n > k && !strcmp(s + n - k, with);
}

/* Behind the last dot there are only digits. */
static const char *pid_at(const char *name, const char *end)
{
	const char *s = end;

	while (s > name && s[-1] >= '0' && s[-1] <= '9')
		s--;
	return s < end && end - s <= 10 && s > name + 1 && s[-1] == '.' ? s : NULL;
}

void source_facts(struct arena *a, const char *path, const char **program, int64_t *pid)
{
	const char *name = path_base(path), *end = name + strlen(name), *digits;
	struct jr_value text = { .type = JR_TEXT };
	int text_log = ends(name, ".txt");

	*program = NULL;
	*pid = -1;
	digits = pid_at(name, text_log ? end - 4 : end);
	if (!digits)
		return;
	*pid = strtoll(digits, NULL, 10);
	if (!text_log)
		return;
	text.text = arena_copy(a, name, (size_t)(digits - 1 - name));
	text.n = (uint32_t)(digits - 1 - name);
	*program = record_text(a, &text);
}

int source_is_run(const struct source *s)
{
	return !strcmp(path_base(s->path), "run.json");
}

static void add(struct loader *l, const char *path, const struct stat *st, int named)
{
	struct source *s;

	l->source = room_grow(l->source, l->nsources, sizeof(*l->source));
	s = &l->source[l->nsources++];
	memset(s, 0, sizeof(*s));
	s->path = arena_copy(&l->keep, path, strlen(path));
	s->named = named;
	if (st) {
		s->dev = st->st_dev;
		s->ino = st->st_ino;
	}
}

/* A log of log_path= in a directory: by its name. Traces and others are named alike; they hold bytes that no log begins with. */
static int is_log(const char *path, const char *name)
{
	char head[4096];
	ssize_t n;
	int fd;

	if (!ends(name, ".log") && !pid_at(name, name + strlen(name)))
		return 0;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return 1; /* told when it is read */
	n = read(fd, head, sizeof(head));
	close(fd);
	return n > 0 && !memchr(head, 0, (size_t)n);
}

/* NAME.PID.jsonl and NAME.PID.txt are what processes leave; what else lies in the directory of a run was made from them. */
static int is_left_by_process(const char *name)
{
	const char *end = strrchr(name, '.'), *at = end;

	while (at && at > name && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return at && at < end && at > name + 1 && at[-1] == '.';
}

static int expand_directory(struct loader *l, const char *dir)
{
	DIR *d = opendir(dir);
	int of_run = d && faccessat(dirfd(d), "run.json", F_OK, 0) == 0;
	struct dirent *e;
	int error;

	if (!d)
		return -1;
	for (errno = 0; (e = readdir(d)) != NULL; errno = 0) {
		const char *name = e->d_name;
		size_t n = strlen(dir);
		struct stat st;
		char *path;

		if (name[0] == '.' || (of_run && strcmp(name, "run.json") != 0 && !is_left_by_process(name)))
			continue;
		if (asprintf(&path, "%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name) < 0)
			break;
		if (ends(name, ".jsonl") || ends(name, ".txt") || !strcmp(name, "run.json"))
			add(l, path, stat(path, &st) == 0 ? &st : NULL, 0);
		else if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && is_log(path, name))
			add(l, path, &st, 0);
		free(path);
	}
	error = errno;
	closedir(d);
	errno = error;
	return error ? -1 : 0;
}

/* Standard input cannot be read twice: a copy without a name. */
static int copy_input(struct loader *l)
{
	static char block[65536];
	FILE *f = tmpfile();
	ssize_t n;

	if (!f)
		return -1;
	while ((n = read(0, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || fwrite(block, 1, (size_t)n, f) != (size_t)n)
			break;
	}
	if (n == 0 && fflush(f) == 0)
		l->input = fcntl(fileno(f), F_DUPFD_CLOEXEC, 3);
	fclose(f);
	return l->input >= 0 ? 0 : -1;
}

static int by_path(const void *x, const void *y)
{
	const struct source *a = x, *b = y;
	int order = strcmp(a->path, b->path);

	return order ? order : b->named - a->named;
}

static int by_inode(const void *x, const void *y)
{
	const struct source *a = *(struct source *const *)x, *b = *(struct source *const *)y;

	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	return a < b ? -1 : 1;
}

static void drop_repeated(struct loader *l)
{
	struct source **order = room(1, (l->nsources + 1) * sizeof(*order));
	size_t kept = 0;

	for (size_t i = 0; order && i < l->nsources; i++)
		order[i] = &l->source[i];
	if (order)
		qsort(order, l->nsources, sizeof(*order), by_inode);
	for (size_t i = 1; order && i < l->nsources; i++) {
		if (order[i]->ino && order[i]->ino == order[i - 1]->ino && order[i]->dev == order[i - 1]->dev)
			order[i]->path = NULL;
	}
	free(order);
	for (size_t i = 0; i < l->nsources; i++) {
		if (l->source[i].path)
			l->source[kept++] = l->source[i];
	}
	l->nsources = kept;
}

int sources_expand(struct loader *l, int n, char **names)
{
	static char latest[] = "./librace.out";
	char *only[] = { latest };
	char what[300];

	for (int i = 0; i < (n > 0 ? n : 1); i++) {
		char *name = n > 0 ? names[i] : only[0];
		struct stat st;

		if (!strcmp(name, "-")) {
			if (l->input < 0 && copy_input(l) != 0) {
				loader_complain(l->verb, "standard input", " cannot be read");
				return 2;
			}
			add(l, "-", NULL, 1);
			continue;
		}
		if (stat(name, &st) != 0) {
			if (n <= 0) {
				loader_complain(l->verb, latest, " is not here; name a directory or a log, or make one: race run -- COMMAND");
				return 2;
			}
		} else if (S_ISDIR(st.st_mode)) {
			if (expand_directory(l, name) == 0)
				continue;
		} else if (!S_ISREG(st.st_mode)) {
			snprintf(what, sizeof(what), " is neither a directory nor a regular file; `race %s -` reads standard input", l->verb);
			loader_complain(l->verb, name, what);
			return 2;
		} else {
			int fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

			if (fd >= 0) {
				close(fd);
				add(l, name, &st, 1);
				continue;
			}
		}
		snprintf(what, sizeof(what), " cannot be read: %m");
		loader_complain(l->verb, name, what);
		return 2;
	}
	if (l->nsources)
		qsort(l->source, l->nsources, sizeof(*l->source), by_path);
	drop_repeated(l);
	return 0;
}

int source_open(struct loader *l, uint32_t source, struct lines *lines, const char **why)
{
	int fd;

	if (strcmp(l->source[source].path, "-"))
		return lines_open(lines, l->source[source].path, why);
	fd = fcntl(l->input, F_DUPFD_CLOEXEC, 3);
	lines_on(lines, fd);
	if (fd < 0 || lines_seek(lines, 0, 1) != 0) {
		*why = strerror(errno);
		lines_close(lines);
		return -1;
	}
	return 0;
}

/* ---- run.json ----------------------------------------------------------------------------------------------------- */

/* As a shell would have to be told: words with anything but plain letters in quotes. */
static const char *command_text(struct arena *a, const struct jr_value *v)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
	size_t room = 1;
	struct buf b;

	if (!v || v->type != JR_ARRAY)
		return record_text(a, v);
	for (const struct jr_value *w = v->first; w; w = w->next)
		room += 16 * (size_t)w->n + 4;
	b = buf_on(arena_take(a, room), room);
	for (const struct jr_value *w = v->first; w; w = w->next) {
		const char *text = record_text(a, w);

		if (b.len)
			buf_char(&b, ' ');
		if (text && strspn(text, plain) == strlen(text)) {
			buf_str(&b, text);
			continue;
		}
		buf_char(&b, '\'');
		for (; text && *text; text++)
			buf_str(&b, *text == '\'' ? "'\\''" : (char[]){ *text, 0 });
		buf_char(&b, '\'');
	}
	return b.len ? b.text : NULL;
}

const char *gate_result_name(enum gate_result r)
{
	static const char *const names[] = { NULL, "passed", "warned", "failed", "unchecked" };

	return names[r];
}

int findings_unread(const struct findings *set)
{
	return set->bad && !set->nprocesses && !set->ngroups && !set->started;
}

static struct gate_outcome gate_outcome_of(const struct jr_value *v)
{
	struct gate_outcome o = { .fresh = jr_integer(jr_get(v, "new"), -1), .known = jr_integer(jr_get(v, "known"), -1), .allowed = jr_integer(jr_get(v, "threshold"), -1) };

	/* their sum is compared with what is found: it must not overflow */
	if (o.fresh < 0 || o.known < 0 || o.allowed < 0 || o.fresh > INT32_MAX || o.known > INT32_MAX)
		return o;
	for (enum gate_result r = GATE_PASSED; r <= GATE_UNCHECKED; r++) {
		if (jr_is(jr_get(v, "result"), gate_result_name(r)))
			o.result = r;
	}
	return o;
}

static void run_facts(struct loader *l, const struct jr_value *v)
{
	struct findings *set = l->set;
	const struct jr_value *status = jr_get(v, "status");

	set->gate.result = GATE_UNKNOWN; /* that of one run is not that of several */
	if (l->runs++)
		return; /* the rest is the first directory's */
	set->gate = gate_outcome_of(jr_get(v, "gate"));
	set->command = command_text(&l->keep, jr_get(v, "command"));
	set->started = record_time(jr_get(v, "started"));
	set->branch = record_text(&l->keep, jr_get(v, "branch"));
	set->revision = record_text(&l->keep, jr_get(v, "revision"));
	set->host = record_text(&l->keep, jr_get(v, "host"));
	set->version = record_text(&l->keep, jr_get(v, "librace"));
	set->tags = record_tags(&l->keep, jr_get(v, "tags"));
	if (status && status->type == JR_INTEGER && status->integer >= 0 && status->integer <= 255)
		set->command_status = (int)status->integer;
}

void source_read_run(struct loader *l, uint32_t source)
{
	const char *why;
	struct lines lines;
	char *text, what[200];
	size_t n = 0, cap, at;
	ssize_t got = 0;
	struct stat st;
	const struct jr_value *v = NULL, *schema;

	if (source_open(l, source, &lines, &why) != 0) {
		source_told(l, source, 0, why);
		return;
	}
	if (fstat(lines.fd, &st) != 0 || (size_t)st.st_size > RUN_MOST) {
		source_told(l, source, 0, "it is too large for what a run tells of itself");
		lines_close(&lines);
		return;
	}
	cap = (size_t)st.st_size;
	text = arena_take(&l->keep, cap + 1);
	while (n < cap && (got = read(lines.fd, text + n, cap - n)) > 0)
		n += (size_t)got;
	lines_close(&lines);
	v = jr_read(&l->keep, text, n, &why, &at);
	if (!v) {
		snprintf(what, sizeof(what), "byte %zu: %s", at + 1, why);
		source_told(l, source, 0, what);
		return;
	}
	schema = jr_get(v, "schema");
	if (jr_integer(schema, 0) > RECORD_SCHEMA) {
		snprintf(what, sizeof(what), "schema %lld is newer than this race (%d)", (long long)schema->integer, RECORD_SCHEMA);
		source_told(l, source, 0, what);
	} else if (!jr_is(jr_get(v, "type"), "run") || jr_integer(schema, 0) < 1) {
		source_told(l, source, 0, "it does not tell of a run");
	} else {
		run_facts(l, v);
	}
}
