/* SPDX-License-Identifier: MIT */
/*
 * trace_record.c - `race record`: a program under observation for a while, and what was seen in one tar file.
 *
 * What       report.txt (the findings), threads.txt (who lives, holds what, is inside what), calls.folded, time.folded, wait.folded, profile.txt,
 *            graph.dot, trace.json; and what they were made from, in traces/ and records/.
 * A command  is started with librace and the options trace= and record_dir= behind those of the user's; it keeps its input, output and
 *            process group. When the time is over it is told to end (SIGTERM, after GRACE_S SIGKILL), or left alone with --keep.
 * A signal   to end (SIGTERM, SIGHUP) that comes to this command goes on to the one that it watches; what was seen is kept.
 * A process  that runs already is asked by `race ctl`, which its option control=1 makes possible.
 * Own files  lie in a folder made for the purpose, which is removed; the tar file gets its name when it is complete.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../util/console.h"
#include "../format/format.h"
#include "../util/output.h"
#include "../util/tar.h"
#include "trace_show.h"
#include "../verbs.h"
#include "../util/room.h"

#define GRACE_S 5
#define TRACES 512
#define PATH_ROOM 4200

struct recording {
	int64_t ns;
	const char *output;
	int pid, keep;
	char **command;
	char folder[300];
	int status; /* of the command, as a shell tells it */
	int stopped;
};

static int complain(const char *what, const char *value, const char *next)
{
	char line[500];
	struct buf b = buf_on(line, sizeof(line));

	buf_fmt(&b, "race record: %s", what);
	if (value) {
		buf_char(&b, ' ');
		buf_quoted(&b, value, strnlen(value, 120));
	}
	buf_fmt(&b, "; %s\n", next);
	fputs(line, stderr);
	return 2;
}

/* ---- the command ---------------------------------------------------------------------------------------------------------------------------- */

/* librace.so beside this command, in ../lib, or below the prefix. */
static int find_library(char *to, size_t cap)
{
	static const char *const places[] = {"/librace.so", "/../lib/librace.so"};
	char self[PATH_ROOM], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = 0;
		slash = strrchr(self, '/');
		*slash = 0;
		for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
			char path[2 * PATH_ROOM], *real;

			snprintf(path, sizeof(path), "%s%s", self, places[i]);
			real = realpath(path, NULL);
			if (real && access(real, R_OK) == 0) {
				snprintf(to, cap, "%s", real);
				free(real);
				return 1;
			}
			free(real);
		}
	}
	snprintf(to, cap, "%s/lib/librace.so", RACE_PREFIX);
	return access(to, R_OK) == 0;
}

static int set_environment(const struct recording *r)
{
	const char *options = getenv("RACE_OPTIONS"), *preload = getenv("LD_PRELOAD");
	char library[PATH_ROOM], text[3 * PATH_ROOM];

	if (!find_library(library, sizeof(library)))
		return complain("librace.so is not found beside this command, in ../lib or in " RACE_PREFIX "/lib", NULL,
				"install it there");
	snprintf(text, sizeof(text), "%s exitcode=0 log_path= record_dir='%s/records' trace='%s/traces/trace'", options ? options : "",
		 r->folder, r->folder);
	setenv("RACE_OPTIONS", text, 1);
	snprintf(text, sizeof(text), "%s%s%s", library, preload && *preload ? ":" : "", preload ? preload : "");
	setenv("LD_PRELOAD", text, 1);
	return 0;
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static volatile sig_atomic_t told_to_end; /* SIGTERM or SIGHUP came to this command alone */

static void tell_end(int signal)
{
	told_to_end = signal;
}

/* Only what this process was not born to ignore (nohup); exec gives the command its own again. */
static void hear(int signal, struct sigaction *was)
{
	struct sigaction hearing = {.sa_handler = tell_end, .sa_flags = SA_RESTART};

	if (sigaction(signal, NULL, was) == 0 && was->sa_handler != SIG_IGN)
		sigaction(signal, &hearing, NULL);
}

/* 1: it has ended. */
static int wait_until(int child_fd, pid_t child, int64_t deadline, int *status)
{
	for (;;) {
		int64_t left = deadline - now_ns();
		struct pollfd p = {child_fd, POLLIN, 0};

		if (waitpid(child, status, WNOHANG) == child)
			return 1;
		if (left <= 0 || told_to_end)
			return 0;
		if (child_fd >= 0) /* a signal just before the wait is seen after it */
			poll(&p, 1, left > 100000000 ? 100 : (int)(left / 1000000) + 1);
		else
			usleep(10000); /* a kernel without pidfd_open */
	}
}

static int child_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_command(struct recording *r)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, was_int, was_quit, was_term, was_hup;
	int tell[2], error = 0, status = 0, fd, told;
	pid_t child;

	if (pipe2(tell, O_CLOEXEC))
		return complain("no pipe can be made", NULL, strerror(errno));
	sigaction(SIGINT, &ignore, &was_int);
	sigaction(SIGQUIT, &ignore, &was_quit);
	hear(SIGTERM, &was_term);
	hear(SIGHUP, &was_hup);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		sigaction(SIGINT, &was_int, NULL);
		sigaction(SIGQUIT, &was_quit, NULL);
		if (set_environment(r))
			_exit(2);
		execvp(r->command[0], r->command);
		error = errno;
		if (write(tell[1], &error, sizeof(error)) < 0)
			_exit(126);
		_exit(error == ENOENT ? 127 : 126);
	}
	close(tell[1]);
	if (child < 0)
		return complain("no process can be made", NULL, strerror(errno));
	if (read(tell[0], &error, sizeof(error)) == (ssize_t)sizeof(error))
		complain("cannot start", r->command[0], strerror(error));
	close(tell[0]);
	fd = (int)syscall(SYS_pidfd_open, child, 0);
	if (!wait_until(fd, child, now_ns() + r->ns, &status)) {
		told = told_to_end;
		told_to_end = 0;
		r->stopped = !told || r->keep; /* told to end, it ends by that, with the status it has then */
		if (!r->keep) {
			kill(child, told ? told : SIGTERM);
			if (!wait_until(fd, child, now_ns() + GRACE_S * 1000000000ll, &status)) {
				kill(child, SIGKILL);
				waitpid(child, &status, 0);
			}
		}
	}
	if (fd >= 0)
		close(fd);
	sigaction(SIGINT, &was_int, NULL);
	sigaction(SIGQUIT, &was_quit, NULL);
	sigaction(SIGTERM, &was_term, NULL);
	sigaction(SIGHUP, &was_hup, NULL);
	r->status = error ? (error == ENOENT ? 127 : 126) : r->stopped ? 0 : child_status(status);
	return error ? 2 : 0;
}

/* ---- a process that runs --------------------------------------------------------------------------------------------------------------------- */

/* `race VERB...`, its output into a file. */
static int ask(const char *path, const char *const *words)
{
	pid_t child;
	int status = 0;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		if (fd < 0 || dup2(fd, 1) < 0)
			_exit(2);
		execv("/proc/self/exe", (char *const *)words);
		_exit(2);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 2;
	return child_status(status);
}

static int run_process(struct recording *r)
{
	char pid[16], seconds[24], trace[PATH_ROOM], file[PATH_ROOM];
	const char *record[] = {"race", "ctl", pid, "trace", "--seconds", seconds, "-o", trace, NULL};
	const char *dump[] = {"race", "ctl", pid, "dump", NULL};

	snprintf(pid, sizeof(pid), "%d", r->pid);
	snprintf(seconds, sizeof(seconds), "%" PRId64, (r->ns + 999999999) / 1000000000);
	snprintf(trace, sizeof(trace), "%s/traces/trace.%d", r->folder, r->pid);
	snprintf(file, sizeof(file), "%s/ctl.txt", r->folder);
	if (ask(file, record))
		return complain("process cannot be recorded:", pid,
				"it must be yours and run with RACE_OPTIONS=control=1; try `race ctl PID health`");
	snprintf(file, sizeof(file), "%s/dump.txt", r->folder);
	ask(file, dump);
	return 0;
}

/* ---- the bundle ------------------------------------------------------------------------------------------------------------------------------ */

static int list(const char *folder, char **names, int max)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	int n = 0;

	while (d && n < max && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		names[n] = room(1, strlen(folder) + strlen(e->d_name) + 2);
		sprintf(names[n++], "%s/%s", folder, e->d_name);
	}
	if (d)
		closedir(d);
	return n;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct bundle {
	FILE *tar;
	const char *top;
	int64_t time;
	int bad;
	char *text;
	size_t bytes;
	FILE *to;
};

static FILE *part_begin(struct bundle *b)
{
	b->text = NULL;
	b->to = open_memstream(&b->text, &b->bytes);
	return b->to;
}

static void part_end(struct bundle *b, const char *name)
{
	char path[300];

	fclose(b->to);
	snprintf(path, sizeof(path), "%s/%s", b->top, name);
	b->bad |= tar_add(b->tar, path, b->text, b->bytes, b->time);
	free(b->text);
}

static void add_report(struct bundle *b, const struct recording *r)
{
	struct format_options o = {.all = 1};
	struct findings set;
	char folder[PATH_ROOM], *names[] = {folder};

	snprintf(folder, sizeof(folder), "%s/records", r->folder);
	if (r->pid || findings_load(&set, "record", 1, names))
		return;
	if (part_begin(b)) {
		format_text(&set, &o, b->to);
		part_end(b, "report.txt");
	}
	findings_free(&set);
}

static void add_views(struct bundle *b, struct trace *traces, int n)
{
	static const char *const folded[] = {"calls.folded", "time.folded", "wait.folded"};
	struct trace_filter f = FILTER_NONE;
	struct profile_options o = {.slow = 5000000, .growth = -1};

	for (int i = 0; i < 3; i++) {
		if (part_begin(b)) {
			trace_flame(b->to, traces, n, &f, (enum flame_weight)i);
			part_end(b, folded[i]);
		}
	}
	if (part_begin(b)) {
		trace_threads(b->to, traces, n);
		part_end(b, "threads.txt");
	}
	if (part_begin(b)) {
		trace_profile(b->to, traces, n, &f, &o);
		part_end(b, "profile.txt");
	}
	if (part_begin(b)) {
		trace_graph(b->to, traces, n, &f);
		part_end(b, "graph.dot");
	}
	if (part_begin(b)) {
		trace_json(b->to, traces, n, &f);
		part_end(b, "trace.json");
	}
}

static void add_files(struct bundle *b, const struct recording *r, const char *folder)
{
	char path[PATH_ROOM], name[PATH_ROOM + 300], *names[TRACES];
	int n;

	snprintf(path, sizeof(path), "%s/%s", r->folder, folder);
	n = list(path, names, TRACES);
	qsort(names, (size_t)n, sizeof(names[0]), by_name);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s/%s", b->top, folder, path_base(names[i]));
		b->bad |= tar_add_file(b->tar, name, names[i]);
		free(names[i]);
	}
}

static int bundle(const struct recording *r)
{
	struct trace_filter f = FILTER_NONE;
	char path[PATH_ROOM], *names[TRACES];
	struct output o;
	struct bundle b = {.top = "race-record", .time = time(NULL)};
	struct trace *traces;
	int n, status;

	if (output_open(&o, r->output))
		return complain("cannot write", r->output, strerror(errno));
	b.tar = o.to;
	snprintf(path, sizeof(path), "%s/traces", r->folder);
	n = list(path, names, TRACES);
	qsort(names, (size_t)n, sizeof(names[0]), by_name);
	traces = room((size_t)n + 1, sizeof(*traces));
	status = traces_load(traces, n, names, "record", &f);
	if (!status) {
		add_report(&b, r);
		add_views(&b, traces, n);
		if (r->pid) {
			snprintf(path, sizeof(path), "%s/dump.txt", r->folder);
			if (access(path, R_OK) == 0)
				b.bad |= tar_add_file(b.tar, "race-record/dump.txt", path);
		}
		add_files(&b, r, "traces");
		add_files(&b, r, "records");
		b.bad |= tar_end(b.tar);
	}
	traces_free(traces, n);
	for (int i = 0; i < n; i++)
		free(names[i]);
	if (output_close(&o, !status && !b.bad) || (!status && b.bad))
		status = complain("cannot write", r->output, errno ? strerror(errno) : "is the disk full?");
	if (!status)
		fprintf(stderr, "race record: %d process%s in %s; `tar -xf %s` unpacks it\n", n, n == 1 ? "" : "es", r->output, r->output);
	return status;
}

static void remove_folder(const char *folder)
{
	static const char *const parts[] = {"/traces", "/records", ""};
	char path[PATH_ROOM], *names[TRACES];

	for (int i = 0; i < 3; i++) {
		int n;

		snprintf(path, sizeof(path), "%s%s", folder, parts[i]);
		do {
			n = list(path, names, TRACES);
			for (int k = 0; k < n; k++) {
				if (unlink(names[k]))
					rmdir(names[k]);
				free(names[k]);
			}
		} while (n == TRACES);
		rmdir(path);
	}
}

static int make_folder(struct recording *r)
{
	const char *tmp = getenv("TMPDIR");
	char path[400];

	snprintf(r->folder, sizeof(r->folder), "%.200s/race-record.XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp");
	if (!mkdtemp(r->folder))
		return complain("no folder can be made for what is recorded:", r->folder, strerror(errno));
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", r->folder, i ? "traces" : "records");
		if (mkdir(path, 0700))
			return complain("no folder can be made for what is recorded:", path, strerror(errno));
	}
	return 0;
}

static int parse_seconds(const char *value, int64_t *ns)
{
	char text[40];

	snprintf(text, sizeof(text), "%.30ss", value);
	return parse_duration(text, ns) && *ns > 0;
}

static int parse(struct recording *r, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const char *value;
		uint64_t pid;

		if (!strcmp(argv[i], "--")) {
			r->command = argv[i + 1] ? argv + i + 1 : NULL;
			break;
		}
		if ((value = option_value("record", "--seconds", argc, argv, &i))) {
			if (i >= argc)
				return 2;
			if (!parse_seconds(value, &r->ns))
				return complain("--seconds cannot be", value, "it is a number above 0");
		} else if ((value = option_value("record", "--pid", argc, argv, &i))) {
			if (i >= argc)
				return 2;
			if (!parse_u64(value, strlen(value), 1, 1 << 30, &pid))
				return complain("--pid cannot be", value, "it is the number of a process");
			r->pid = (int)pid;
		} else if ((value = option_value("record", "-o", argc, argv, &i))) {
			if (i >= argc)
				return 2;
			r->output = value;
		} else if (!strcmp(argv[i], "--keep")) {
			r->keep = 1;
		} else {
			return trace_bad_option("record", argv[i]);
		}
	}
	if (!r->pid == !r->command)
		return complain("either -- COMMAND or --pid PID is needed", NULL, "`race help record` shows both");
	return 0;
}

int record_main(int argc, char **argv)
{
	struct recording r = {.ns = 30000000000, .output = "race-record.tar"};
	int status = parse(&r, argc, argv);

	if (status)
		return status;
	status = make_folder(&r);
	if (!status) {
		status = r.pid ? run_process(&r) : run_command(&r);
		if (!status)
			status = bundle(&r);
		if (!r.keep || !r.stopped)
			remove_folder(r.folder);
		if (r.command && (!status || r.status))
			status = r.status;
	}
	return status;
}
