/* SPDX-License-Identifier: MIT */
/*
 * record_file.c - record_dir=DIR: each process leaves DIR/PROGRAM.PID.jsonl, one line of JSON for itself, each finding and its end.
 *
 * Owns      the record's descriptor, and the lines `process` and `end`. Findings are rendered where their text is (report/json_finding.c).
 * Invariant one line is one write to a file opened for appending, so that lines of several processes never mix, and a program that
 *           becomes another one under the same PID goes on behind its own lines. Nothing is written to a descriptor that is not the file
 *           it was when we opened it.
 * Keeps     the parts that a forked child says again (command, options, host ...) as text: the program may write over its arguments.
 * Runs      start: the constructor; forked: the child's only thread; the rest: any thread.
 * Must not  create DIR: a name with a slip in it would make folders all over the place.
 */
#include "record_file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../report/json.h"
#include "emit.h"
#include "exit.h"
#include "helper_host.h"
#include "module.h"
#include "options.h"
#include "sys/atomic.h"
#include "sys/lock.h"
#include "sys/os.h"

#ifndef RACE_REVISION
#define RACE_REVISION ""
#endif

#define PATH_ROOM (OPTION_TEXT + 4200)
#define WORDS 64       /* of the command, at most; and so many bytes of each */
#define WORD_BYTES 256
#define ESCAPED 6      /* a byte becomes at most so many */

static struct lock file_lock; /* guards `file` and `line`; inside the report lock, no other lock is taken under it */
static struct {
	int fd;            /* -1: none */
	struct file_id id;
} file = { -1, { 0, 0 } };
static char base[PATH_ROOM];  /* DIR/PROGRAM, absolute; "": no record */
static char constant[40 << 10]; /* members of the process line that stay: ,"command":[...] ... */
static char line[56 << 10], end_line[400];
static char traceparent[64];
static uint64_t start_wall, start_ticks;
static long start_error;      /* of DIR, told by record_file_complain */
static uint32_t ended;
static int own_pid;           /* 0 before the first line; in a forked child the parent's until its own line */

/* In a sandbox even asking for the time may be deadly. */
static uint64_t wall_now(void)
{
	return emit_is_sandboxed() ? start_wall + ticks_to_ns(os_ticks() - start_ticks) : os_wall_ns();
}

/* ---- names -------------------------------------------------------------------------------------------------------------- */

static const char *program_path(void)
{
	return module_program();
}

/* The base name as it can stand in a file name anywhere. */
static void put_clean_name(struct buf *b, const char *path)
{
	static const char deleted[] = " (deleted)"; /* as the kernel says of a file that was replaced */
	const char *name = path_base(path), *end = name + strnlen(name, 100);

	if ((size_t)(end - name) >= sizeof(deleted) && !strcmp(end - (sizeof(deleted) - 1), deleted))
		end -= sizeof(deleted) - 1;
	if (name == end)
		buf_str(b, "program");
	for (; name < end; name++) {
		char c = *name;
		int plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-' ||
			    (c == '.' && b->len && b->text[b->len - 1] != '/');

		buf_char(b, plain ? c : '_');
	}
}

/* ---- the file ------------------------------------------------------------------------------------------------------------ */

static long open_file(void)
{
	static char path[PATH_ROOM + 24];
	struct buf b = buf_on(path, sizeof(path));
	int fd, high;

	buf_fmt(&b, "%s.%d.jsonl", base, os_pid());
	if (b.cut)
		return -ENAMETOOLONG;
	/* For reading as well: a line that was cut by a full disk must not swallow the next one. */
	fd = os_open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
	if (fd < 0)
		return fd;
	high = emit_high_fd(fd);
	if (high < 0 || file_id_of(high, &file.id) < 0) {
		if (high >= 0)
			os_close(high);
		return high < 0 ? high : -EBADF;
	}
	file.fd = high;
	return 0;
}

/* Caller holds the lock. */
static int descriptor(void)
{
	if (!base[0])
		return -1;
	if (file.fd >= 0 && file_is(file.fd, &file.id))
		return file.fd;
	file.fd = -1;
	if (!emit_is_sandboxed())
		open_file();
	return file.fd;
}

int record_file_descriptor(void)
{
	int fd;

	lock_take(&file_lock);
	fd = descriptor();
	lock_drop(&file_lock);
	return fd;
}

static void append(const char *text, unsigned long bytes)
{
	int fd = descriptor();

	if (fd >= 0)
		emit_append(fd, text, bytes);
}

void record_file_append(const char *text, unsigned long bytes)
{
	lock_take(&file_lock);
	append(text, bytes);
	lock_drop(&file_lock);
}

int64_t record_file_bytes(void)
{
	int fd = emit_is_sandboxed() ? -1 : record_file_descriptor();

	return fd < 0 ? -1 : os_syscall(SYS_lseek, fd, 0, SEEK_END, 0, 0, 0);
}

/* Texts inside a line have their quotes escaped: what is looked for is a member of the finding. */
int record_file_has(int64_t from, uint32_t sequence)
{
	static char piece[4096]; /* under the report lock */
	char wanted[40];
	struct buf b = buf_on(wanted, sizeof(wanted));
	size_t kept = 0;
	int found = 0;
	int fd = record_file_descriptor();
	long n;

	buf_fmt(&b, ",\"sequence\":%u,", sequence);
	while (fd >= 0 && from >= 0 && (n = os_syscall(SYS_pread64, fd, (long)(piece + kept), (long)(sizeof(piece) - kept), from, 0, 0)) > 0) {
		size_t have = kept + (size_t)n;
		const char *rest = piece + kept, *at = found ? NULL : memmem(piece, have, wanted, b.len);

		from += n;
		if (at) {
			found = 1;
			rest = at + b.len; /* the end of a line before it says nothing */
		}
		if (found && memchr(rest, '\n', (size_t)(piece + have - rest)))
			return 1; /* whole */
		kept = have < b.len ? have : b.len;
		memmove(piece, piece + have - kept, kept);
	}
	return 0;
}

/* ---- the line of the process --------------------------------------------------------------------------------------------- */

static void put_command(struct buf *b, int argc, char **argv)
{
	int cut = argc > WORDS;

	line_name(b, "command");
	buf_char(b, '[');
	for (int i = 0; i < argc && i < WORDS && argv && argv[i]; i++) {
		size_t n = strnlen(argv[i], WORD_BYTES + 1);

		if (b->cap - b->len < 4096 + OPTION_TEXT * ESCAPED + WORD_BYTES * ESCAPED) {
			cut = 1;
			break;
		}
		line_name(b, NULL);
		if (i && race_options.redact == REDACT_ALL)
			line_string(b, "[redacted]", 10);
		else
			line_string(b, argv[i], n > WORD_BYTES ? WORD_BYTES : n);
		cut |= n > WORD_BYTES;
	}
	buf_char(b, ']');
	if (cut)
		line_flag(b, "command_cut", 1);
}

static void put_build_id(struct buf *b)
{
	const ElfW(Phdr) *ph = (const void *)getauxval(AT_PHDR);
	unsigned n = (unsigned)getauxval(AT_PHNUM);
	uintptr_t bias = 0;
	const uint8_t *id;
	uint32_t bytes;

	if (!ph)
		return;
	for (unsigned i = 0; i < n; i++) {
		if (ph[i].p_type == PT_PHDR)
			bias = (uintptr_t)ph - ph[i].p_vaddr;
	}
	id = module_build_id(bias, ph, n, &bytes);
	if (id)
		line_build_id(b, "build_id", id, bytes);
}

static void put_constant(int argc, char **argv, const char *options)
{
	static struct utsname host;
	struct buf b = buf_on(constant, sizeof(constant));

	buf_char(&b, '{'); /* so that no comma comes first; it is the line's own */
	put_command(&b, argc, argv);
	if (os_syscall(SYS_uname, (long)&host, 0, 0, 0, 0, 0) == 0) {
		line_text(&b, "host", host.nodename, strnlen(host.nodename, sizeof(host.nodename)));
		line_text(&b, "kernel", host.release, strnlen(host.release, sizeof(host.release)));
		line_text(&b, "machine", host.machine, strnlen(host.machine, sizeof(host.machine)));
	}
	put_build_id(&b);
	line_text(&b, "options", options, strnlen(options, OPTION_TEXT));
	line_tags(&b, race_options.tags, traceparent);
	if (b.cut) /* the tags: 32 of them fit but for those that are nothing but escapes */
		buf_on(constant, sizeof(constant));
}

static void put_process(void)
{
	static char cwd[4100];
	struct buf b = buf_on(line, sizeof(line));
	const char *path = program_path();
	int sandboxed = emit_is_sandboxed(), parent = own_pid;
	long n = 0;

	own_pid = os_pid();
	if (!sandboxed) {
		start_wall = os_wall_ns();
		start_ticks = os_ticks();
	}
	buf_str(&b, "\n{\"type\":\"process\"");
	line_number(&b, "schema", RECORD_SCHEMA_NUMBER);
	line_word(&b, "librace", RACE_VERSION);
	if (RACE_REVISION[0])
		line_word(&b, "revision", RACE_REVISION);
	line_text(&b, "program", path_base(path), strnlen(path_base(path), sizeof(((struct record *)0)->program) - 1));
	line_word(&b, "path", path);
	line_number(&b, "pid", own_pid);
	line_number(&b, "ppid", sandboxed ? parent : os_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0));
	line_time(&b, "time", wall_now());
	if (!sandboxed)
		n = os_syscall(SYS_getcwd, (long)cwd, sizeof(cwd), 0, 0, 0, 0);
	if (n > 1 && cwd[0] == '/')
		line_text(&b, "cwd", cwd, strnlen(cwd, (size_t)n));
	if (constant[0]) {
		buf_char(&b, ',');
		buf_str(&b, constant + 1);
	}
	buf_str(&b, "}\n");
	if (!b.cut)
		append(line, b.len);
}

/* ---- start, fork, end ------------------------------------------------------------------------------------------------------ */

static const char *value_of(char **envp, const char *name)
{
	size_t n = strlen(name);

	for (; envp && *envp; envp++) {
		if (!strncmp(*envp, name, n) && (*envp)[n] == '=')
			return *envp + n + 1;
	}
	return "";
}

void record_file_start(int argc, char **argv, char **envp)
{
	const char *parent = value_of(envp, "TRACEPARENT");
	struct buf b = buf_on(base, sizeof(base)), t = buf_on(traceparent, sizeof(traceparent));

	if (traceparent_is_valid(parent))
		buf_str(&t, parent);
	if (!race_options.record_dir[0])
		return;
	start_error = emit_absolute(race_options.record_dir, base, sizeof(base)) ? 0 : -ENAMETOOLONG;
	b.len = strlen(base);
	if (b.len && base[b.len - 1] != '/')
		buf_char(&b, '/');
	put_clean_name(&b, program_path());
	if (b.cut)
		start_error = -ENAMETOOLONG;
	if (!start_error)
		start_error = open_file();
	if (start_error < 0) {
		base[0] = 0;
		return;
	}
	put_constant(argc, argv, value_of(envp, "RACE_OPTIONS"));
	put_process();
}

void record_file_complain(void)
{
	const char *at = race_options.tags;
	char text[200];
	struct tag t;
	int n = 0;

	if (start_error < 0)
		emit_complain("record_dir", race_options.record_dir, start_error);
	while (tag_next(&at, &t)) {
		struct buf b = buf_on(text, sizeof(text));

		if (!t.bad && n++ < TAGS_MAX)
			continue;
		buf_str(&b, "librace: RACE_OPTIONS: tags: ");
		buf_quoted(&b, t.key, t.nkey < 40 ? t.nkey : 40);
		if (t.bad)
			buf_str(&b, " is left out; a tag is KEY=VALUE, KEY of letters, digits and _.-/");
		else
			buf_fmt(&b, " and what follows is left out; at most %d tags", TAGS_MAX);
		emit_line(text);
		if (!t.bad)
			break;
	}
}

const char *record_file_text(void)
{
	return base;
}

const char *record_file_tags(void)
{
	return race_options.tags;
}

const char *record_file_traceparent(void)
{
	return traceparent;
}

/* A process of its own, with its own file. Where none can be opened (a sandbox, rights given up), it goes on in its parent's: each line
 * tells its PID. */
void record_file_forked(void)
{
	lock_reset(&file_lock);
	ended = 0;
	if (!base[0])
		return;
	if (!emit_is_sandboxed()) {
		int parents = file.fd >= 0 && file_is(file.fd, &file.id) ? file.fd : -1;

		if (open_file() == 0 && parents >= 0)
			os_close(parents);
	}
	put_process();
}

/* A handler may end the process on top of our own write: that one is not waited for. */
static int lock_in_time(void)
{
	for (int i = 0; i < 200; i++) {
		if (lock_try(&file_lock))
			return 1;
		if (emit_is_sandboxed())
			return 0;
		os_sleep_ns(1000000);
	}
	return 0;
}

void record_file_end(int status, const struct finding_counts *c)
{
	struct buf b;
	int locked;

	if (!base[0] || swap_acquire(&ended, 1))
		return;
	locked = lock_in_time();
	b = buf_on(end_line, sizeof(end_line));
	buf_str(&b, "\n{\"type\":\"end\"");
	line_number(&b, "schema", RECORD_SCHEMA_NUMBER);
	line_number(&b, "pid", os_pid());
	line_time(&b, "time", wall_now());
	line_number(&b, "status", status & 0xff);
	line_number(&b, "races", c->races);
	line_number(&b, "misuses", c->misuses);
	line_number(&b, "reports", c->printed);
	line_number(&b, "suppressed", c->suppressed);
	line_number(&b, "below_level", c->below_level);
	line_number(&b, "repeated", c->repeated);
	if (c->over_limit)
		line_number(&b, "over_limit", c->over_limit);
	buf_str(&b, "}\n");
	append(end_line, b.len);
	if (locked)
		lock_drop(&file_lock);
}
