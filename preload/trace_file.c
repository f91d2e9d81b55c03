/* SPDX-License-Identifier: MIT */
/*
 * trace_file.c - the file of a trace: where it is, how it grows, who writes which chunk.
 *
 * Owns      the mapping, the descriptor, the state of each chunk. Nothing that is read back from the file decides anything here: another
 *           process may write to it.
 * Grows     by GROWTH chunks at a time, whose blocks the file system has promised (fallocate, else zeros written) before they are touched:
 *           a full disk is an error of a system call then, and no SIGBUS of the program. Beyond RLIMIT_FSIZE nothing is asked for. What
 *           cannot grow goes on as a ring of what there is.
 * Addresses the largest size is mapped at once, and stays so: a thread that comes late with an event of an earlier recording writes to
 *           memory that is there. A new file is mapped over the old one when it is as large.
 * Locks     trace_file_lock, a leaf, inside trace_words_lock; fork takes both.
 * Must not  run anything but system calls: it is called from any hook.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "emit.h"
#include "helper_host.h"
#include "module.h"
#include "options.h"
#include "sys/fmt.h"
#include "trace_room.h"

#define GROWTH 64 /* chunks, at most: 1 MiB; the first step is a sixteenth of it */
#define SPARES 1024
#define EVENTS_WORTH 16 /* room that makes a chunk worth handing on to another thread */
#define NAMES_TRIED 100
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

struct lock trace_file_lock;
uint32_t trace_generation, trace_here;
uint64_t trace_deadline = UINT64_MAX;

enum chunk_state { CHUNK_FREE, CHUNK_WRITTEN, CHUNK_DONE, CHUNK_WORDS };

static struct {
	int fd; /* -1: none, or lost to a program that closed it */
	struct file_id id;
	uint8_t *at; /* mapping of `limit` chunks, header first; NULL: none yet */
	int open;
	uint32_t limit; /* chunks that fit the mapping */
	uint32_t ready; /* chunks that have blocks */
	uint32_t begun;
	uint32_t cursor; /* where the ring goes on */
	uint64_t serial;
	uint8_t *state; /* [limit] */
	uint32_t spare[SPARES], nspare; /* written halfway by threads that have ended */
	uint32_t words, words_used, nwords; /* chunk of the dictionary, bytes in it; how many there are */
	int stuck; /* it cannot grow */
} file = {.fd = -1};

static struct trace_header *header(void)
{
	return (struct trace_header *)(void *)file.at;
}

static struct trace_chunk *chunk_at(uint32_t i)
{
	return (struct trace_chunk *)(void *)(file.at + TRACE_HEADER + (size_t)i * TRACE_CHUNK);
}

static size_t bytes_of(uint32_t chunks)
{
	return TRACE_HEADER + (size_t)chunks * TRACE_CHUNK;
}

int trace_file_is_open(void)
{
	return file.open;
}

struct trace_header *trace_file_header(void)
{
	return file.open ? header() : NULL;
}

/* ---- growing ------------------------------------------------------------------------------------------------------------------ */

static int may_grow_to(size_t bytes)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

	return os_syscall(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit, 0, 0) != 0 || limit.rlim_cur == RLIM_INFINITY ||
	       bytes <= limit.rlim_cur;
}

static long write_zeros(int fd, size_t from, size_t bytes)
{
	static const char zeros[4096];

	for (size_t at = 0; at < bytes;) {
		size_t n = bytes - at < sizeof(zeros) ? bytes - at : sizeof(zeros);
		long done = os_syscall(SYS_pwrite64, fd, (long)zeros, (long)n, (long)(from + at), 0, 0);

		if (done == -EINTR)
			continue;
		if (done <= 0)
			return done ? done : -EIO;
		at += (size_t)done;
	}
	return 0;
}

/* The limit may be lowered between the question and the call: the signal is ours, then. */
static long make_blocks(int fd, size_t from, size_t bytes)
{
	uint64_t ours = (uint64_t)1 << (SIGXFSZ - 1), before = 0, pending = 0;
	struct timespec no_wait = {0, 0};
	long blocked = os_syscall(SYS_rt_sigprocmask, SIG_BLOCK, (long)&ours, (long)&before, 8, 0, 0), error;

	os_syscall(SYS_rt_sigpending, (long)&pending, 8, 0, 0, 0, 0);
	do {
		error = os_syscall(SYS_fallocate, fd, 0, (long)from, (long)bytes, 0, 0);
	} while (error == -EINTR);
	if (error == -EOPNOTSUPP || error == -ENOSYS)
		error = write_zeros(fd, from, bytes);
	if (error == -EFBIG && !(pending & ours))
		os_syscall(SYS_rt_sigtimedwait, (long)&ours, 0, (long)&no_wait, 8, 0, 0);
	if (blocked == 0)
		os_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, 8, 0, 0);
	return error;
}

static char file_name[PATH_MAX + 32]; /* absolute; under the file's lock */

/*
 * The file's descriptor, or -1. Ours may be gone: programs close what they do not know, and who began the recording may have a table of
 * descriptors of its own (the control thread, a vfork child). Then the same file is opened for the moment only: what is kept in one
 * table is lost, and left open, for the others.
 */
static int descriptor(void)
{
	int fd;

	if (emit_is_sandboxed())
		return -1;
	if (file.fd >= 0 && file_is(file.fd, &file.id))
		return file.fd;
	fd = os_open(file_name, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	fd = emit_high_fd(fd);
	if (fd >= 0 && !file_is(fd, &file.id)) {
		os_close(fd);
		return -1;
	}
	return fd;
}

static long grow(uint32_t to)
{
	size_t from = file.ready ? bytes_of(file.ready) : 0;
	long error;
	int fd;

	if (to > file.limit)
		to = file.limit;
	if (to <= file.ready)
		return 0;
	fd = file.stuck ? -1 : descriptor();
	if (fd < 0)
		return -EBADF;
	error = may_grow_to(bytes_of(to)) ? make_blocks(fd, from, bytes_of(to) - from) : -EFBIG;
	if (error == 0)
		file.ready = to;
	if (fd != file.fd)
		os_close(fd);
	return error;
}

/* ---- opening ------------------------------------------------------------------------------------------------------------------ */

/* Field 22 of /proc/self/stat: when this process was started, in ticks since the machine was. */
static uint64_t process_start(void)
{
	char text[1024], *at;
	long n = os_read_file("/proc/self/stat", text, sizeof(text) - 1);
	uint64_t value = 0;

	if (n <= 0)
		return 0;
	text[n] = 0;
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++) {
		at = strchr(at + 1, ' ');
	}
	for (at = at ? at + 1 : NULL; at && *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	return value;
}

enum there { THERE_OTHER, THERE_OURS, THERE_OLD };

/* What lies under that name: a trace that this very process has left before an exec, an old trace (or an empty file), or what is not ours. */
static enum there look_there(const char *path, uint64_t start)
{
	struct trace_header h;
	int fd = os_open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	long n;

	if (fd < 0)
		return THERE_OTHER;
	n = os_read(fd, &h, sizeof(h));
	os_close(fd);
	if (n == 0)
		return THERE_OLD;
	if (n < (long)offsetof(struct trace_header, wall_ns) || h.magic != TRACE_MAGIC)
		return THERE_OTHER;
	return h.pid == (uint32_t)os_pid() && h.process_start == start ? THERE_OURS : THERE_OLD;
}

static int open_new(const char *path)
{
	return os_open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0644);
}

static int open_named(const char *path, int exact, uint64_t start)
{
	char *const name = file_name;
	int fd = -EEXIST;

	for (int i = 1; i < NAMES_TRIED && fd == -EEXIST; i++) {
		struct buf b = buf_on(name, sizeof(file_name));

		if (path[0] != '/') {
			if (!emit_absolute(path, name, sizeof(file_name)))
				return -ENAMETOOLONG;
			b.len = strlen(name);
		} else {
			buf_str(&b, path);
		}
		if (!exact)
			buf_fmt(&b, ".%d", os_pid());
		if (i > 1)
			buf_fmt(&b, ".%d", i);
		if (b.cut)
			return -ENAMETOOLONG;
		fd = open_new(name);
		if (fd != -EEXIST)
			break;
		switch (look_there(name, start)) {
		case THERE_OTHER:
			return -EEXIST;
		case THERE_OURS:
			if (!exact)
				continue;
			/* fall through */
		case THERE_OLD:
			os_syscall(SYS_unlinkat, AT_FDCWD, (long)name, 0, 0, 0, 0);
			fd = open_new(name);
			break;
		}
	}
	return fd;
}

/* Addresses for the largest file, for as long as the process lives. */
static int reserve(void)
{
	uint32_t limit = race_options.trace_mb * (uint32_t)((1 << 20) / TRACE_CHUNK);

	if (file.at)
		return 0;
	for (; limit >= GROWTH / 4; limit /= 2) {
		long at = os_syscall(SYS_mmap, 0, (long)bytes_of(limit), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (at < 0 && at > -4096)
			continue;
		file.state = os_map(limit);
		if (file.state) {
			file.at = (uint8_t *)at;
			file.limit = limit;
			return 0;
		}
		os_unmap((void *)at, bytes_of(limit));
	}
	return -ENOMEM;
}

static void write_header(uint64_t start)
{
	struct trace_header *h = header();
	struct buf b;

	memset(h, 0, sizeof(*h));
	h->version = TRACE_VERSION;
	h->order = TRACE_ORDER;
	h->header_bytes = TRACE_HEADER;
	h->chunk_bytes = TRACE_CHUNK;
	h->limit = file.limit;
	h->pid = (uint32_t)os_pid();
	h->ppid = (uint32_t)os_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0);
	h->process_start = start;
	ticks_first(&h->ticks0, &h->ns0);
	h->wall_ns = os_wall_ns() - (os_monotonic_ns() - h->ns0);
	h->deadline_ticks = UINT64_MAX;
	b = buf_on(h->program, sizeof(h->program));
	buf_str(&b, module_program());
	b = buf_on(h->version_text, sizeof(h->version_text));
	buf_str(&b, RACE_VERSION);
	h->magic = TRACE_MAGIC;
	trace_file_look();
}

int trace_file_open(const char *path, int exact)
{
	uint64_t start = process_start();
	uint32_t had = file.ready;
	long error = reserve();
	int fd = error ? (int)error : open_named(path, exact, start);

	if (fd < 0)
		return fd;
	if (file.fd >= 0 && file_is(file.fd, &file.id))
		os_close(file.fd);
	file.open = 0;
	store_relaxed(&trace_here, 0);
	file.fd = emit_high_fd(fd);
	file.ready = 0;
	file.stuck = 0;
	error = file.fd < 0 ? -EMFILE : file_id_of(file.fd, &file.id);
	/* As large as the one before: a thread that comes late with an event must find memory there. */
	if (error == 0)
		error = grow(had > GROWTH / 16 ? had : GROWTH / 16);
	if (error == 0) {
		long at = os_syscall(SYS_mmap, (long)file.at, (long)bytes_of(file.limit), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_FIXED | MAP_NORESERVE, file.fd, 0);

		error = at < 0 && at > -4096 ? at : 0;
	}
	if (error) {
		if (file.fd >= 0)
			os_close(file.fd);
		file.fd = -1;
		return (int)error;
	}
	memset(file.state, 0, file.limit);
	file.begun = file.cursor = file.nspare = file.words = file.words_used = file.nwords = 0;
	file.serial = 0;
	file.open = 1;
	store_relaxed(&trace_here, 1);
	write_header(start);
	store_release(&trace_generation, load_relaxed(&trace_generation) + 1); /* partner: none; threads notice sooner or later */
	return 0;
}

void trace_file_forget(void)
{
	uint8_t *at = file.at, *state = file.state;
	uint32_t limit = file.limit;
	long now;

	if (file.fd >= 0 && !emit_is_sandboxed() && file_is(file.fd, &file.id))
		os_close(file.fd);
	/* A handler may have forked over its own thread's half-written event, which goes on in the child: into memory that nobody reads. */
	if (at && !emit_is_sandboxed() && (now = os_syscall(SYS_mmap, (long)at, (long)bytes_of(limit), PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0)) < 0 && now > -4096) {
		os_unmap(at, bytes_of(limit));
		os_unmap(state, limit);
		at = NULL;
	}
	memset(&file, 0, sizeof(file));
	if (at) {
		file.at = at;
		file.state = state;
		file.limit = limit;
	}
	store_relaxed(&trace_here, 0);
	file.fd = -1;
	store_relaxed(&trace_generation, load_relaxed(&trace_generation) + 1);
}

/* What there will be room for from now on, where nothing can be asked for any more. */
void trace_file_last_growth(void)
{
	if (file.open && grow(file.ready + GROWTH) != 0)
		file.stuck = 1;
}

void trace_file_look(void)
{
	struct trace_header *h = header();
	uint64_t ticks = 0, ns = 0;

	if (emit_is_sandboxed()) { /* nothing may be asked */
		h->ticks1 = os_ticks();
		h->ns1 = h->ns0 + ticks_to_ns(h->ticks1 - h->ticks0);
		return;
	}
	ticks_now(&ticks, &ns);
	h->ns1 = ns;
	h->ticks1 = ticks;
}

/* ---- chunks --------------------------------------------------------------------------------------------------------------------- */

/* An index, or -1. Its pages are there when it is given out: what the file system cannot give is found out here. */
static long chunk_new(enum trace_chunk_kind kind, uint32_t thread)
{
	uint32_t i = file.begun, looked;
	struct trace_chunk *c;

	if (i >= file.ready && grow(i + (i < GROWTH ? i : GROWTH)) != 0 && grow(i + 1) != 0)
		file.stuck = 1;
	if (i < file.ready) {
		file.begun++;
		store_relaxed(&header()->chunks, file.begun);
	} else {
		for (looked = 0; looked < file.begun && file.state[file.cursor] != CHUNK_DONE; looked++)
			file.cursor = (file.cursor + 1) % file.begun;
		if (looked < file.begun) {
			i = file.cursor;
			file.cursor = (file.cursor + 1) % file.begun;
		} else if (file.nspare) {
			i = file.spare[0];
			memmove(file.spare, file.spare + 1, --file.nspare * sizeof(file.spare[0]));
		} else {
			return -1;
		}
		header()->overwritten++;
	}
	c = chunk_at(i);
	/* A filter may kill for asking. */
	if (!emit_is_sandboxed() &&
	    os_syscall(SYS_madvise, (long)((uintptr_t)c & ~4095ul), (long)TRACE_CHUNK, MADV_POPULATE_WRITE, 0, 0, 0) == -EFAULT) {
		file.state[i] = CHUNK_WRITTEN; /* somebody has made the file shorter: never to be touched */
		return -1;
	}
	store_relaxed(&c->magic, 0);
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* a crash in here leaves a chunk that says so */
	c->kind = kind;
	c->serial = ++file.serial;
	c->thread = thread;
	c->used = 0;
	memset(c->pad, 0, sizeof(c->pad));
	store_release(&c->magic, TRACE_CHUNK_MAGIC); /* partner: the reader of the file */
	file.state[i] = kind == TRACE_WORDS ? CHUNK_WORDS : CHUNK_WRITTEN;
	trace_file_look();
	return i;
}

static uint32_t chunk_index(const struct trace_chunk *c)
{
	return (uint32_t)(((const uint8_t *)c - file.at - TRACE_HEADER) / TRACE_CHUNK);
}

static void use(struct trace_thread *tt, uint32_t i)
{
	tt->head = chunk_at(i);
	tt->end = (struct trace_event *)(void *)((uint8_t *)tt->head + TRACE_CHUNK);
	tt->generation = trace_generation;
}

int trace_file_chunk(struct trace_thread *tt, struct race_thread *t)
{
	int is_first = tt->generation != trace_generation;
	struct trace_event *e;
	long i;

	if (!is_first && tt->head)
		file.state[chunk_index(tt->head)] = CHUNK_DONE;
	tt->head = NULL;
	tt->at = tt->end = NULL;
	if (is_first && file.nspare) {
		use(tt, file.spare[--file.nspare]);
		e = tt->at = (struct trace_event *)(void *)((uint8_t *)(tt->head + 1) + tt->head->used / sizeof(*e) * sizeof(*e));
		if (tt->end - e >= 2 && tt->head->used < TRACE_CHUNK) { /* always, unless somebody else wrote to the file */
			memset(e, 0, sizeof(*e));
			e->type = TRACE_THREAD;
			e->ticks = os_ticks();
			e->object = t->number;
			trace_put(t, 1);
			return 1;
		}
	}
	i = chunk_new(TRACE_EVENTS, t->number);
	tt->generation = trace_generation;
	if (i < 0) {
		tt->head = NULL;
		tt->at = tt->end = NULL;
		return 0;
	}
	use(tt, (uint32_t)i);
	tt->at = (struct trace_event *)(void *)(tt->head + 1);
	return 1;
}

void trace_chunk_give(struct trace_thread *tt)
{
	lock_take(&trace_file_lock);
	if (file.open && tt->head && tt->generation == trace_generation) {
		uint32_t i = chunk_index(tt->head);

		if (tt->end - tt->at >= EVENTS_WORTH && file.nspare < SPARES)
			file.spare[file.nspare++] = i; /* goes on counting as written: the ring leaves it alone */
		else
			file.state[i] = CHUNK_DONE;
	}
	lock_drop(&trace_file_lock);
	memset(tt, 0, sizeof(*tt));
}

/* ---- the dictionary ---------------------------------------------------------------------------------------------------------------- */

void *trace_file_word(uint32_t bytes)
{
	uint8_t *at = NULL;
	long i = -1;

	lock_take(&trace_file_lock);
	if (!file.open || bytes > TRACE_CHUNK - sizeof(struct trace_chunk))
		goto out;
	if (!file.nwords || file.words_used + bytes > TRACE_CHUNK - sizeof(struct trace_chunk)) {
		if (file.nwords < file.limit / 2)
			i = chunk_new(TRACE_WORDS, 0);
		if (i < 0) {
			header()->lost_words++;
			goto out;
		}
		file.words = (uint32_t)i;
		file.words_used = 0;
		file.nwords++;
	}
	at = (uint8_t *)(chunk_at(file.words) + 1) + file.words_used;
	memset(at, 0, bytes);
out:
	lock_drop(&trace_file_lock);
	return at;
}

void trace_file_word_done(uint32_t bytes)
{
	file.words_used += bytes;
	store_release(&chunk_at(file.words)->used, file.words_used); /* partner: the reader of the file */
}
