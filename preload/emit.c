/* SPDX-License-Identifier: MIT */
/*
 * emit.c - where run-time text goes: the standard error of the start, or PATH.PID.
 *
 * Owns      the output descriptor, the suppressions of this process, the buffer for reports rendered here.
 * Invariant nothing is ever written to a descriptor that is not the file it was when we opened it: programs close and reuse
 *           numbers. A broken pipe never kills the program (SIGPIPE is held back around our write).
 * Runs      lines from any thread; emit_record under the report lock.
 * Must not  create the log before there is something to say.
 */
#include "emit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../report/json.h"
#include "engine/engine.h"
#include "helper_host.h"
#include "options.h"
#include "record_file.h"
#include "sys/fmt.h"
#include "sys/lock.h"
#include "sys/os.h"

_Static_assert(LOCK_READ_MODE == (uint64_t)1 << 63 && (int)RECORD_LOCK_OTHER == (int)LOCK_OTHER &&
	       (int)RECORD_LOCK_RWLOCK == (int)LOCK_RWLOCK, "record.h and engine.h pack locks alike");
_Static_assert((int)RECORD_KEY_STRING == (int)KEY_STRING && (int)RECORD_KEY_LONG == (int)KEY_LONG,
	       "record.h and op.h number the kinds of keys alike");

#define FD_FROM 512
#define PATH_ROOM (OPTION_TEXT + 4200)
#define RULES_FILE_MAX (1 << 20)

static struct lock output_lock; /* guards `log` and `plain`; inside the report lock, no other lock is taken under it */
static struct output {
	int fd;            /* -1: none */
	struct file_id id;
} plain = { -1, { 0, 0 } }, log_file = { -1, { 0, 0 } };
static char log_path[PATH_ROOM]; /* absolute, without .PID; "": no log */
static const char *log_suffix = ""; /* behind the PID */
static uint32_t sandboxed;
static struct suppressions rules; /* written at start-up */

/* ---- descriptors ---------------------------------------------------------------------------------------------------- */

int file_id_of(int fd, struct file_id *out)
{
	struct stat st;
	long error = os_syscall(SYS_fstat, fd, (long)&st, 0, 0, 0, 0);

	if (error == 0) {
		out->device = st.st_dev;
		out->inode = st.st_ino;
	}
	return (int)error;
}

int file_is(int fd, const struct file_id *id)
{
	struct file_id now = { 0, 0 };

	if (fd < 0)
		return 0;
	if (load_relaxed(&sandboxed)) /* a filter may kill for a call that the program itself never makes */
		return 1;
	return file_id_of(fd, &now) == 0 && now.device == id->device && now.inode == id->inode;
}

static int duplicate_high(int fd)
{
	struct rlimit limit = { 0, 0 };
	long from = FD_FROM, high;

	if (os_syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long)&limit, 0, 0) == 0 && limit.rlim_cur <= FD_FROM)
		from = (long)limit.rlim_cur / 2;
	high = os_syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, from, 0, 0, 0);
	if (high < 0)
		high = os_syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3, 0, 0, 0);
	return (int)high;
}

int emit_high_fd(int fd)
{
	int high = duplicate_high(fd);

	if (high < 0 && fd > 2) /* a low limit: better in the program's way than not at all */
		return fd;
	os_close(fd);
	return high;
}

static void output_set(struct output *o, int fd)
{
	o->fd = fd;
	if (fd >= 0 && file_id_of(fd, &o->id) < 0)
		o->fd = -1;
}

/* Descriptor 2 as it was at start. Programs that close all descriptors and keep 2 are common: take that again. */
static int plain_descriptor(void)
{
	if (plain.fd < 0)
		return -1;
	if (file_is(plain.fd, &plain.id))
		return plain.fd;
	if (file_is(2, &plain.id)) {
		int fd = duplicate_high(2);

		plain.fd = fd >= 0 ? fd : 2;
		return plain.fd;
	}
	plain.fd = -1;
	return -1;
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

#define SIGNAL_BYTES 8 /* of the kernel's signal set */
#define BIT(sig) ((uint64_t)1 << ((sig) - 1))

/* A pipe without a reader and a limit of file sizes answer by a signal, which is meant for the program's own writes. */
static uint64_t hold_signals(uint64_t *before)
{
	uint64_t ours = BIT(SIGPIPE) | BIT(SIGXFSZ), pending = 0;

	if (os_syscall(SYS_rt_sigprocmask, SIG_BLOCK, (long)&ours, (long)before, SIGNAL_BYTES, 0, 0) != 0)
		return 0;
	os_syscall(SYS_rt_sigpending, (long)&pending, SIGNAL_BYTES, 0, 0, 0, 0);
	return ours & ~pending;
}

static void release_signals(uint64_t take_back, const uint64_t *before)
{
	struct timespec no_wait = { 0, 0 };

	if (take_back)
		os_syscall(SYS_rt_sigtimedwait, (long)&take_back, 0, (long)&no_wait, SIGNAL_BYTES, 0, 0);
	os_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)before, 0, SIGNAL_BYTES, 0, 0);
}

void emit_append(int fd, const char *line, unsigned long bytes)
{
	uint64_t before = 0, ours;
	int error;

	if (load_relaxed(&sandboxed)) { /* a plain file, and not a call more than needed */
		record_append(fd, line, bytes, 0);
		return;
	}
	ours = hold_signals(&before);
	error = record_append(fd, line, bytes, 1);
	release_signals(error == -EPIPE || error == -EFBIG ? ours : 0, &before);
}

static void write_without_sigpipe(int fd, const char *text, size_t bytes)
{
	uint64_t before = 0, ours = hold_signals(&before);
	int error = os_write_all(fd, text, bytes);

	release_signals(error == -EPIPE || error == -EFBIG ? ours : 0, &before);
}

static const char *error_text(long error)
{
	switch (-error) {
	case ENOENT:
		return "no such file or directory";
	case EACCES:
	case EPERM:
		return "permission denied";
	case EISDIR:
		return "is a directory";
	case ENOTDIR:
		return "a part of the path is not a directory";
	case EROFS:
		return "read-only file system";
	case EFBIG:
		return "larger than 1 MiB";
	case ENAMETOOLONG:
		return "name too long";
	default:
		return "cannot be opened";
	}
}

static void put_complaint(struct buf *b, const char *what, const char *value, long error)
{
	buf_fmt(b, "librace: RACE_OPTIONS: %s=", what);
	buf_clean(b, value);
	buf_fmt(b, ": %s\n", error_text(error));
}

/* ---- the log ------------------------------------------------------------------------------------------------------ */

static int log_descriptor(void)
{
	static char path[PATH_ROOM + 16], complaint[PATH_ROOM + 200];
	struct buf b;
	int fd;

	if (log_file.fd >= 0 && file_is(log_file.fd, &log_file.id))
		return log_file.fd;
	b = buf_on(path, sizeof(path));
	buf_fmt(&b, "%s.%d%s", log_path, os_pid(), log_suffix);
	fd = os_open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
	output_set(&log_file, fd < 0 ? fd : emit_high_fd(fd));
	if (log_file.fd < 0) {
		/* The probe at start could not know (a full disk, rights given up since): told once, then stderr it is. */
		b = buf_on(complaint, sizeof(complaint));
		put_complaint(&b, log_suffix[0] ? "record_dir" : "log_path", log_path, fd);
		log_path[0] = 0;
		fd = plain_descriptor();
		if (fd >= 0)
			write_without_sigpipe(fd, complaint, b.len);
		return -1;
	}
	return log_file.fd;
}

static int descriptor(void)
{
	int fd = log_path[0] ? log_descriptor() : -1;

	return fd >= 0 ? fd : plain_descriptor();
}

int emit_descriptor(void)
{
	int fd;

	lock_take(&output_lock);
	fd = descriptor();
	lock_drop(&output_lock);
	return fd;
}

/* The helper opens the log itself, when it has something to write: a run whose findings are all suppressed leaves none. */
int emit_for_helper(char *path, unsigned long cap)
{
	struct buf b = buf_on(path, cap);
	int fd = -1;

	lock_take(&output_lock);
	if (log_path[0] && log_file.fd >= 0 && file_is(log_file.fd, &log_file.id))
		fd = log_file.fd;
	else if (log_path[0])
		buf_fmt(&b, "%s.%d%s", log_path, os_pid(), log_suffix);
	if (fd < 0)
		fd = plain_descriptor();
	lock_drop(&output_lock);
	return fd;
}

void emit_text(const char *text, unsigned long bytes)
{
	int fd;

	lock_take(&output_lock);
	fd = descriptor();
	if (fd >= 0)
		write_without_sigpipe(fd, text, bytes);
	lock_drop(&output_lock);
}

void emit_line(const char *line)
{
	char small[512];
	size_t n = strlen(line);

	if (n + 1 <= sizeof(small)) {
		memcpy(small, line, n);
		small[n] = '\n';
		emit_text(small, n + 1);
	} else {
		/* Long lines are rare (start-up, help): one write still, so that lines of processes do not mix. */
		char *large = os_map(n + 1);

		if (!large)
			return;
		memcpy(large, line, n);
		large[n] = '\n';
		emit_text(large, n + 1);
		os_unmap(large, n + 1);
	}
}

/* ---- start ---------------------------------------------------------------------------------------------------------- */

void emit_complain(const char *what, const char *value, long error)
{
	static char text[PATH_ROOM + 200]; /* start-up, one thread; later the report lock */
	struct buf b = buf_on(text, sizeof(text));

	put_complaint(&b, what, value, error);
	emit_text(text, b.len);
}

static long may_write(const char *path)
{
	return os_syscall(SYS_faccessat, AT_FDCWD, (long)path, W_OK, 0, 0, 0);
}

/* Whether PATH.PID could be created, without creating it: a run without findings leaves no file. */
static long probe_log(void)
{
	static char path[PATH_ROOM + 16];
	struct buf b = buf_on(path, sizeof(path));
	char *slash;
	long error;

	buf_fmt(&b, "%s.%d%s", log_path, os_pid(), log_suffix);
	if (b.cut)
		return -ENAMETOOLONG;
	error = may_write(path);
	if (error != -ENOENT)
		return error;
	slash = strrchr(path, '/');
	slash[slash == path] = 0;
	if (path_base(log_path)[0] == 0)
		return -EISDIR;
	error = may_write(path);
	if (error == 0 && os_syscall(SYS_faccessat, AT_FDCWD, (long)path, X_OK, 0, 0, 0) != 0)
		error = -ENOTDIR;
	return error;
}

int emit_absolute(const char *path, char *to, unsigned long cap)
{
	struct buf b = buf_on(to, cap);

	if (path[0] != '/') {
		long n = os_syscall(SYS_getcwd, (long)to, (long)cap - 2, 0, 0, 0, 0);

		b.len = n > 1 ? (size_t)n - 1 : 0;
		if (b.len == 0 || to[b.len - 1] != '/')
			buf_char(&b, '/');
	}
	buf_str(&b, path);
	return !b.cut;
}

static void set_log_path(const char *option)
{
	long error;

	if (!option[0] && record_file_text()[0]) { /* beside the record, which proves that files can be made there */
		struct buf b = buf_on(log_path, sizeof(log_path));

		buf_str(&b, record_file_text());
		log_suffix = ".txt";
		return;
	}
	if (!option[0] || !strcmp(option, "stderr"))
		return;
	error = emit_absolute(option, log_path, sizeof(log_path)) ? probe_log() : -ENAMETOOLONG;
	if (error < 0) {
		log_path[0] = 0;
		emit_complain("log_path", option, error);
	}
}

static char rules_path[PATH_ROOM]; /* absolute: it may be read again, from elsewhere */

static long read_rules(const char *option, const char *path, void (*complain)(const char *line))
{
	char *text = os_map(RULES_FILE_MAX);
	long n;

	if (!text)
		return -ENOMEM;
	n = os_read_file(path, text, RULES_FILE_MAX);
	if (n >= 0)
		suppressions_parse(&rules, option, text, (size_t)n, complain);
	os_unmap(text, RULES_FILE_MAX);
	return n < 0 ? n : 0;
}

static void load_rules(const char *option)
{
	long error;

	if (!option[0])
		return;
	if (!emit_absolute(option, rules_path, sizeof(rules_path)))
		rules_path[0] = 0;
	error = read_rules(option, option, emit_line);
	if (error < 0 && error != -ENOMEM)
		emit_complain("suppressions", option, error);
}

long emit_reload(void (*complain)(const char *line), uint32_t *n)
{
	long error = rules_path[0] ? read_rules(race_options.suppressions, rules_path, complain) : -ENAMETOOLONG;

	*n = rules.n;
	return error;
}

void emit_start(void)
{
	int fd;

	if (plain.fd < 0 && file_id_of(2, &plain.id) == 0) {
		fd = duplicate_high(2);
		output_set(&plain, fd >= 0 ? fd : 2);
	}
	names_start();
	set_log_path(race_options.log_path);
	record_file_complain();
	load_rules(race_options.suppressions);
}

void emit_forked(void)
{
	lock_reset(&output_lock);
	pending_forked();
	if (!load_relaxed(&sandboxed)) { /* in a sandbox no file can be opened: the child goes on in its parent's */
		if (log_file.fd >= 0 && file_is(log_file.fd, &log_file.id))
			os_close(log_file.fd);
		log_file.fd = -1;
	}
	record_file_forked();
	for (uint32_t i = 0; i < rules.n; i++)
		rules.rule[i].matched = 0;
}

/* The log is opened while that is still allowed: a sandboxed process is the only one that may leave an empty log. */
void emit_sandboxed(void)
{
	if (load_relaxed(&sandboxed))
		return;
	emit_descriptor();
	ticks_calibrate(); /* what is asked for the time from now on */
	store_relaxed(&sandboxed, 1);
}

int emit_is_sandboxed(void)
{
	return (int)load_relaxed(&sandboxed);
}

const struct suppressions *emit_rules(void)
{
	return &rules;
}

void emit_suppressions(void)
{
	static char line[400];

	for (uint32_t i = 0; i < rules.n; i++) {
		const struct suppression *s = &rules.rule[i];
		struct buf b = buf_on(line, sizeof(line));

		buf_fmt(&b, "librace: suppression %s:", suppression_type_name(s->type));
		buf_clean(&b, s->pattern);
		buf_fmt(&b, " (line %u): ", s->line);
		if (s->matched)
			buf_fmt(&b, "matched %u", s->matched);
		else
			buf_str(&b, "unused");
		emit_line(line);
	}
}

/* ---- records -------------------------------------------------------------------------------------------------------- */

/* guarded by the report lock; the threads of a program may have 16 KiB of stack */
static char text[96 << 10], line[320 << 10];
static struct resolver names;

static void append_here(const struct record *r, const struct buf *report)
{
	static struct json_context context;
	struct buf b = buf_on(line, sizeof(line));

	if (record_file_descriptor() < 0)
		return;
	context.text = report->text;
	context.text_bytes = report->len;
	context.tags = record_file_tags();
	context.traceparent = record_file_traceparent();
	buf_char(&b, '\n');
	if (json_render(r, &names, &context, &b))
		record_file_append(line, b.len);
}

/* The report without a helper: names from the dynamic symbol tables. text_is_out: only its line in the record is missing. */
static int render_here(const struct record *r, int text_is_out)
{
	struct buf b = buf_on(text, sizeof(text));
	int rule;

	names = names_of_host;
	names.strip_prefix = race_options.strip_path_prefix;
	rule = text_is_out ? -1 : suppressions_match(&rules, r, &names);
	if (rule >= 0)
		return rule;
	text_render(r, &names, &b);
	if (!text_is_out)
		emit_text(text, b.len);
	append_here(r, &b);
	return -1;
}

int emit_record(const struct record *r)
{
	int64_t before;
	int rule = -1;

	pending_begin();
	before = record_file_bytes();
	switch (helper_send(r, &rule)) {
	case HELPER_NONE:
		rule = render_here(r, 0);
		break;
	case HELPER_LOST:
		if (before >= 0 && !record_file_has(before, r->sequence))
			render_here(r, 1);
		rule = -1;
		break;
	case HELPER_PRINTED:
		rule = -1;
		break;
	case HELPER_SUPPRESSED:
		break;
	}
	pending_end();
	if (rule >= 0 && (uint32_t)rule < rules.n)
		rules.rule[rule].matched++;
	return rule;
}
