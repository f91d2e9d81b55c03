/* SPDX-License-Identifier: MIT */
/*
 * ctl.c - `race ctl`: asks a running process, by its control socket.
 *
 * Status    0 answered; 1 the process answered that it cannot, or (health) that something is not as it should be; 2 wrong usage, no answer.
 */
#include "ctl.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../../preload/sys/fmt.h"
#include "../verbs.h"
#include "../util/room.h"

#define ANSWER_MAX (64u << 20)
#define PIDS 4096

static void complain(const char *what)
{
	char text[2048];
	struct buf b = buf_on(text, sizeof(text));

	buf_clean(&b, what);
	fprintf(stderr, "race ctl: %s\n", text);
}

/* ---- one request ---------------------------------------------------------------------------------------------------------- */

static int wait_for(int socket, short what)
{
	struct pollfd one = { socket, what, 0 };
	int n;

	do {
		n = poll(&one, 1, CTL_WAIT_S * 1000);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* The line without its newline; NULL: none came. */
static char *receive_line(int socket)
{
	size_t cap = 65536, n = 0;
	char *text = room(1, cap);

	while (wait_for(socket, POLLIN)) {
		ssize_t more;
		char *end;

		if (n + 1 >= cap) {
			char *larger = cap < ANSWER_MAX ? realloc(text, cap * 2) : NULL;

			if (!larger)
				break;
			text = larger;
			cap *= 2;
		}
		more = recv(socket, text + n, cap - n - 1, 0);
		if (more < 0 && errno == EINTR)
			continue;
		if (more <= 0)
			break;
		end = memchr(text + n, '\n', (size_t)more);
		n += (size_t)more;
		if (end) {
			*end = 0;
			return text;
		}
	}
	free(text);
	return NULL;
}

json_t *ctl_ask(int socket, const char *request, char **raw)
{
	char *line, *text;
	json_error_t why;
	json_t *answer;
	int n = asprintf(&line, "librace/1 %s\n", request);

	if (n < 0)
		return NULL;
	for (const char *at = line; n > 0;) {
		ssize_t sent = send(socket, at, (size_t)n, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			break;
		at += sent > 0 ? sent : 0;
		n -= sent > 0 ? (int)sent : 0;
	}
	free(line);
	text = receive_line(socket);
	if (!text) {
		complain("the process gave no answer: it may be about to end, or be stopped; try again");
		return NULL;
	}
	answer = json_loads(text, 0, &why);
	if (!json_is_object(answer) || !json_is_integer(json_object_get(answer, "librace"))) {
		complain("the answer is none of librace's");
		json_decref(answer);
		free(text);
		return NULL;
	}
	if (raw)
		*raw = text;
	else
		free(text);
	return answer;
}

/* ---- arguments -------------------------------------------------------------------------------------------------------------- */

struct asked {
	int pid, list, stop;
	int ended;          /* the process has, before its time of recording was over */
	const char *verb, *format, *map, *file;
	uint64_t seconds, limit;
};

static int usage(const char *what)
{
	fprintf(stderr, "race ctl: %s; `race help ctl` shows what there is\n", what);
	return 2;
}

static int is_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	return parse_u64(text, strlen(text), min, max, out);
}

/* The value of an option: --name=VALUE or --name VALUE. */
static const char *value(const char *name, int *i, int argc, char **argv)
{
	size_t n = strlen(name);

	if (strncmp(argv[*i], name, n))
		return NULL;
	if (argv[*i][n] == '=')
		return argv[*i] + n + 1;
	return !argv[*i][n] && *i + 1 < argc ? argv[++*i] : NULL;
}

static int is_verb(const char *word)
{
	static const char *const verbs[] = { "stats", "dump", "trace", "reload", "health" };

	for (unsigned i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!strcmp(word, verbs[i]))
			return 1;
	}
	return 0;
}

/* 0, or 2 with one line on stderr. */
static int parse(struct asked *a, int argc, char **argv)
{
	char text[200];
	uint64_t number;

	for (int i = 0; i < argc; i++) {
		const char *v;

		if (!strcmp(argv[i], "--list")) {
			a->list = 1;
		} else if (!strcmp(argv[i], "--stop")) {
			a->stop = 1;
		} else if ((v = value("--format", &i, argc, argv))) {
			a->format = v;
		} else if ((v = value("--map", &i, argc, argv))) {
			if (!is_number(v, 1, UINT64_MAX, &number))
				return usage("--map is an address, as 0x55d0c0a4f2a0");
			a->map = v;
		} else if ((v = value("--limit", &i, argc, argv))) {
			if (!is_number(v, 0, 100000, &a->limit))
				return usage("--limit is a number of maps, 0..100000");
		} else if ((v = value("--seconds", &i, argc, argv))) {
			if (!is_number(v, 1, 86400, &a->seconds))
				return usage("--seconds is a number, 1..86400");
		} else if ((v = value("-o", &i, argc, argv))) {
			a->file = v;
		} else if (argv[i][0] == '-') {
			snprintf(text, sizeof(text), "unknown option, or one without its value: %.60s", argv[i]);
			complain(text);
			return 2;
		} else if (!a->pid && is_number(argv[i], 1, INT_MAX, &number)) {
			a->pid = (int)number;
		} else if (a->pid && !a->verb && is_verb(argv[i])) {
			a->verb = argv[i];
		} else {
			snprintf(text, sizeof(text), "not understood: %.60s; wanted is `race ctl PID stats|dump|trace|reload|health`", argv[i]);
			complain(text);
			return 2;
		}
	}
	if (!a->list && !a->pid)
		return usage("whom to ask? `race ctl --list` shows who answers; wanted is a process id");
	if (!a->list && !a->verb)
		return usage("what to ask? stats, dump, trace, reload or health");
	if (strcmp(a->format, "text") && strcmp(a->format, "json") &&
	    (strcmp(a->format, "prometheus") || a->list || strcmp(a->verb, "stats")))
		return usage("--format is text or json; for stats also prometheus");
	if (a->verb && ((a->map && strcmp(a->verb, "dump")) || ((a->seconds || a->file || a->stop) && strcmp(a->verb, "trace"))))
		return usage("--map belongs to dump; --seconds, --stop and -o belong to trace");
	return 0;
}

/* A path as the protocol wants it: absolute, what is no plain character as %XX. */
static void put_path(struct buf *b, const char *path)
{
	char cwd[PATH_MAX] = "";

	if (path[0] != '/' && getcwd(cwd, sizeof(cwd)))
		strncat(cwd, "/", sizeof(cwd) - strlen(cwd) - 1);
	for (int part = 0; part < 2; part++) {
		for (const unsigned char *at = (const unsigned char *)(part ? path : cwd); *at; at++) {
			if (*at > ' ' && *at < 0x7f && *at != '%')
				buf_char(b, (char)*at);
			else
				buf_fmt(b, "%%%c%c", "0123456789abcdef"[*at >> 4], "0123456789abcdef"[*at & 15]);
		}
	}
}

/* ---- the verb ----------------------------------------------------------------------------------------------------------------- */

static int list(const char *format)
{
	static int pids[PIDS];
	size_t n = ctl_list(pids, PIDS);
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++) {
		int s = ctl_try(pids[i]);
		json_t *answer = s >= 0 ? ctl_ask(s, "health", NULL) : NULL;

		if (answer)
			json_array_append_new(all, json_pack("{s:i, s:O, s:O, s:O}", "pid", pids[i], "program", json_object_get(answer, "program"),
							     "version", json_object_get(answer, "version"), "status",
							     json_object_get(answer, "status")));
		json_decref(answer);
		if (s >= 0)
			close(s);
	}
	if (!strcmp(format, "json")) {
		json_dumpf(all, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		size_t i;
		json_t *one;

		json_array_foreach(all, i, one) {
			char name[300];
			struct buf b = buf_on(name, sizeof(name));
			const char *program = json_string_value(json_object_get(one, "program"));

			buf_clean(&b, program ? program : "?");
			printf("%7d  %-24s librace %s, %s\n", (int)json_integer_value(json_object_get(one, "pid")), name,
			       json_string_value(json_object_get(one, "version")), json_string_value(json_object_get(one, "status")));
		}
		if (!json_array_size(all))
			puts("no process of yours answers; programs do that when they are started with RACE_OPTIONS=control=1");
	}
	json_decref(all);
	return 0;
}

static int wants_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(1) && !(no && no[0]);
}

static void show_reload(const json_t *answer)
{
	const json_t *line;
	size_t i;
	char text[1200];

	printf("%d suppressions are in force\n", (int)json_integer_value(json_object_get(answer, "suppressions")));
	json_array_foreach(json_object_get(answer, "complaints"), i, line) {
		struct buf b = buf_on(text, sizeof(text));

		buf_clean(&b, json_string_value(line) ? json_string_value(line) : "");
		puts(text);
	}
}

static void show_trace(const struct asked *a, const json_t *answer, const char *path)
{
	char text[PATH_MAX * 4];
	struct buf b = buf_on(text, sizeof(text));

	buf_clean(&b, path);
	if (a->stop)
		puts("the recording has ended");
	else if (a->ended)
		printf("process %d ended before %lu s were over; what it did until then is in %s; `race trace %s` reads it\n", a->pid,
		       (unsigned long)a->seconds, text, text);
	else if (!a->seconds)
		printf("recording into %s; `race ctl %d trace --stop` ends it\n", text, a->pid);
	else
		printf("recorded %lu s into %s; `race trace %s` reads it\n", (unsigned long)a->seconds, text, text);
	(void)answer;
}

static void show(const struct asked *a, const json_t *answer, const char *raw, const char *path)
{
	if (!strcmp(a->format, "json"))
		puts(raw);
	else if (!strcmp(a->format, "prometheus"))
		fputs(json_string_value(json_object_get(answer, "text")) ? json_string_value(json_object_get(answer, "text")) : "", stdout);
	else if (!strcmp(a->verb, "stats"))
		ctl_show_stats(answer, wants_colour());
	else if (!strcmp(a->verb, "health"))
		ctl_show_health(answer, wants_colour());
	else if (!strcmp(a->verb, "dump"))
		ctl_show_dump(answer);
	else if (!strcmp(a->verb, "reload"))
		show_reload(answer);
	else
		show_trace(a, answer, path);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The time that was asked for goes by; a process that ends first ends the wait: 1. The process itself is watched, not a connection: one
 * that asks nothing for some seconds is dropped, and takes the place of another. */
static int wait_seconds(int pid, uint64_t seconds)
{
	uint64_t end = now_ms() + seconds * 1000, now;
	struct pollfd one = { (int)syscall(SYS_pidfd_open, pid, 0), POLLIN, 0 };
	int ended = 0;

	while (!ended && (now = now_ms()) < end) {
		poll(&one, 1, end - now < 200 ? (int)(end - now) : 200);
		ended = one.fd >= 0 ? one.revents & POLLIN : kill(pid, 0) != 0 && errno == ESRCH;
	}
	if (one.fd >= 0)
		close(one.fd);
	return ended != 0;
}

static int trace_over(int pid)
{
	int s = ctl_try(pid), stopped = 0;
	json_t *answer = s >= 0 ? ctl_ask(s, "trace do=stop", NULL) : NULL;

	stopped = json_is_true(json_object_get(answer, "ok"));
	json_decref(answer);
	if (s >= 0)
		close(s);
	return stopped;
}

int ctl_main(int argc, char **argv)
{
	struct asked a = { .format = "text", .limit = 1000 };
	char request[PATH_MAX * 3 + 100], path[64], *raw = NULL;
	struct buf b = buf_on(request, sizeof(request));
	const char *error;
	json_t *answer;
	int s, status = parse(&a, argc, argv);

	if (status)
		return status;
	if (a.list)
		return list(a.format);
	s = ctl_connect(a.pid);
	if (s < 0)
		return 2;
	buf_str(&b, a.verb);
	if (!strcmp(a.format, "prometheus"))
		buf_str(&b, " format=prometheus");
	if (!strcmp(a.verb, "dump"))
		buf_fmt(&b, " limit=%lu%s%s", (unsigned long)a.limit, a.map ? " map=" : "", a.map ? a.map : "");
	if (!strcmp(a.verb, "trace")) {
		snprintf(path, sizeof(path), "race-%d.trace", a.pid);
		if (!a.file)
			a.file = path;
		buf_fmt(&b, " do=%s", a.stop ? "stop" : "start");
		if (!a.stop) {
			buf_str(&b, " file=");
			put_path(&b, a.file);
		}
		if (a.seconds)
			buf_fmt(&b, " seconds=%lu", (unsigned long)a.seconds);
	}
	answer = ctl_ask(s, request, &raw);
	if (!answer) {
		close(s);
		return 2;
	}
	error = json_string_value(json_object_get(answer, "error"));
	if (!json_is_true(json_object_get(answer, "ok"))) {
		complain(error ? error : "the process says that it cannot");
		status = 1;
	} else {
		if (!strcmp(a.verb, "trace") && a.seconds) {
			close(s);
			s = -1;
			a.ended = wait_seconds(a.pid, a.seconds);
			trace_over(a.pid);
		}
		show(&a, answer, raw, a.file ? a.file : "");
		error = json_string_value(json_object_get(answer, "status"));
		status = error && strcmp(error, "ok") ? 1 : 0;
	}
	json_decref(answer);
	free(raw);
	if (s >= 0)
		close(s);
	return status;
}
