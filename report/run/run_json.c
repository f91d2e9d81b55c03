/* SPDX-License-Identifier: MIT */
/*
 * run_json.c - run.json: what was run, where, and how it ended. Written at start without an end, so that a run that was killed is
 * known as such; docs/RECORD.md has the fields.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../findings/finding.h"
#include "run.h"
#include "../util/room.h"

void run_time(char *to, size_t cap)
{
	struct timespec now;
	struct tm tm;
	char seconds[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(to, cap, "%s.%09ldZ", seconds, now.tv_nsec);
}

/* JSON is UTF-8; arguments and paths are whatever they are. A byte that belongs to no character becomes U+FFFD. */
static json_t *text(const char *s)
{
	json_t *j = json_string(s);
	char *fixed, *p;

	if (j)
		return j;
	fixed = p = room(1, 3 * strlen(s) + 1);
	while (*s) {
		int n = 1;

		/* as many bytes as make one character that jansson takes */
		if ((unsigned char)*s >= 0x80) {
			char one[5];

			for (n = 2; n <= 4; n++) {
				snprintf(one, sizeof(one), "%.*s", n, s);
				j = strlen(one) == (size_t)n ? json_string(one) : NULL;
				if (j)
					break;
			}
			json_decref(j);
			if (n > 4) {
				memcpy(p, "\xef\xbf\xbd", 3);
				p += 3;
				s++;
				continue;
			}
		}
		memcpy(p, s, (size_t)n);
		p += n;
		s += n;
	}
	*p = 0;
	j = json_string(fixed);
	free(fixed);
	return j;
}

static void add(json_t *to, const char *key, const char *value)
{
	if (value)
		json_object_set_new(to, key, text(value));
}

/* The files that formats leave in the directory itself: the next run may replace them too. */
static json_t *files_inside(const struct run_dir *d, const struct config *c)
{
	json_t *files = json_array();

	for (size_t i = 0; i < c->nformats; i++) {
		const char *file = c->formats[i].value, *slash = strrchr(file, '/');
		char parent[PATH_MAX], real[PATH_MAX];

		snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - file) : 1, slash ? file : ".");
		if (*parent && realpath(parent, real) && !strcmp(real, d->path))
			json_array_append_new(files, text(slash ? slash + 1 : file));
	}
	return files;
}

int run_json_write(struct run_dir *d, const struct config *c, const struct run_state *s, const struct gate_outcome *gate)
{
	json_t *run = json_object(), *command = json_array(), *tags = json_object(), *files = files_inside(d, c);
	char host[256] = "", here[PATH_MAX], now[40];
	int status;

	json_object_set_new(run, "type", json_string("run"));
	json_object_set_new(run, "schema", json_integer(RECORD_SCHEMA));
	json_object_set_new(run, "librace", json_string(RACE_VERSION));
	for (char **word = s->command; *word; word++)
		json_array_append_new(command, text(*word));
	json_object_set_new(run, "command", command);
	if (getcwd(here, sizeof(here)))
		add(run, "cwd", here);
	gethostname(host, sizeof(host) - 1);
	add(run, "host", host);
	add(run, "started", s->started);
	if (s->status >= 0) {
		run_time(now, sizeof(now));
		add(run, "ended", now);
		json_object_set_new(run, "status", json_integer(s->status));
	}
	json_object_set_new(run, "runs", json_integer(s->runs));
	if (gate)
		json_object_set_new(run, "gate", json_pack("{s:s, s:I, s:I, s:I}", "result", gate_result_name(gate->result), "new", (json_int_t)gate->fresh,
							   "known", (json_int_t)gate->known, "threshold", (json_int_t)gate->allowed));
	add(run, "branch", c->branch);
	add(run, "revision", c->revision);
	for (size_t i = 0; i < c->ntags; i++)
		add(tags, c->tags[i].key, c->tags[i].value);
	if (c->ntags)
		json_object_set(run, "tags", tags);
	json_decref(tags);
	if (json_array_size(files))
		json_object_set(run, "files", files);
	json_decref(files);
	status = run_dir_write(d, run);
	json_decref(run);
	return status;
}
