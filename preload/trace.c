/* SPDX-License-Identifier: MIT */
/*
 * trace.c - recording: when it begins and ends, and the events of maps, threads and findings.
 *
 * Owns      whether something is recorded, and into which file.
 * Events    are written by their own thread inside the guard, into a chunk that nobody else writes to (trace_room.h). A lost event is
 *           counted; nothing ever waits for room.
 * Files     the option's file is made at the first operation on a map or the first new thread: a process that has neither leaves none,
 *           such as a forked child that calls exec at once. Whether it could be made is asked at the start, so that a bad name is told
 *           there and then. After an exec the new program finds its predecessor's file and takes another name (trace_file.c).
 * Locks     trace_file_lock guards the state below.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emit.h"
#include "helper_host.h"
#include "engine/record.h"
#include "options.h"
#include "sys/fmt.h"
#include "trace_room.h"

#define PATH_ROOM (OPTION_TEXT + 4200)

static struct {
	char option[PATH_ROOM]; /* absolute, without .PID; "": none */
	int exact;              /* the present file was named by trace_start */
	int late;               /* the option's file is opened at the first event */
	int on;
} state;

static uint64_t lost_elsewhere; /* while there was no file */

/* ---- on and off ---------------------------------------------------------------------------------------------------------------- */

static void begin(void)
{
	struct trace_header *h = trace_file_header();

	if (h && !h->started_ticks)
		h->started_ticks = os_ticks();
	state.on = 1;
	trace_switch(1);
	trace_calls_on();
}

static void set_deadline(uint32_t seconds)
{
	struct trace_header *h = trace_file_header();
	uint64_t until = UINT64_MAX, span, ns;

	if (seconds && h) {
		trace_file_look();
		span = h->ticks1 - h->ticks0;
		ns = h->ns1 - h->ns0;
		until = h->ticks1 + (uint64_t)((unsigned __int128)seconds * 1000000000u * span / (ns ? ns : 1));
	}
	if (h)
		h->deadline_ticks = until;
	store_relaxed(&trace_deadline, until);
}

int trace_open_late(void)
{
	int error;

	if (!state.late)
		return trace_file_is_open();
	state.late = 0;
	error = emit_is_sandboxed() ? -EPERM : trace_file_open(state.option, 0);
	if (error) {
		state.on = 0;
		trace_switch(0);
		trace_calls_off();
		return 0;
	}
	begin();
	return 1;
}

/* The program's own recording: the file is made when there is something for it. */
static void begin_late(void)
{
	state.late = 1;
	race_tracer = &trace_events;
	begin();
}

int trace_start(const char *path, uint32_t seconds)
{
	int error = 0;

	if (!load_relaxed(&race_once_ready))
		return -EAGAIN;
	if (!path && !state.option[0])
		return -ENOENT;
	lock_take(&trace_file_lock);
	if (state.on && path)
		error = -EBUSY;
	else if (emit_is_sandboxed() && (path || state.exact || !trace_file_is_open()))
		error = -EPERM;
	else if (trace_words_start() != 0)
		error = -ENOMEM;
	else if (path || state.exact || (!state.on && !state.late && !trace_file_is_open()))
		error = trace_file_open(path ? path : state.option, path != NULL);
	if (!error) {
		state.exact = path != NULL;
		state.late = 0;
		race_tracer = &trace_events;
		begin();
		set_deadline(seconds);
	}
	lock_drop(&trace_file_lock);
	return error;
}

void trace_stop(void)
{
	struct trace_header *h;

	lock_take(&trace_file_lock);
	if (state.on) {
		state.on = 0;
		trace_switch(0);
		trace_calls_off();
		h = trace_file_header();
		if (h) {
			h->stops++;
			trace_file_look();
		}
		store_relaxed(&trace_deadline, UINT64_MAX);
	}
	lock_drop(&trace_file_lock);
}

uint64_t trace_lost(void)
{
	struct trace_header *h;
	uint64_t n;

	lock_take(&trace_file_lock);
	h = trace_file_header();
	n = h ? load_relaxed(&h->lost) : load_relaxed(&lost_elsewhere);
	lock_drop(&trace_file_lock);
	return n;
}

/* ---- start, end, fork -------------------------------------------------------------------------------------------------------------- */

/* A file could be made in that folder. 0, or -errno. */
static long may_make(const char *path)
{
	static char folder[PATH_ROOM]; /* start-up */
	size_t n = (size_t)(path_base(path) - path);
	long error;

	if (!path[n])
		return -EISDIR;
	memcpy(folder, path, n);
	folder[n ? n - 1 : 0] = 0;
	error = os_syscall(SYS_faccessat, AT_FDCWD, (long)(folder[0] ? folder : "/"), W_OK | X_OK, 0, 0, 0);
	return error;
}

void trace_begin(void)
{
	long error;

	if (!race_options.trace[0])
		return;
	if (!emit_absolute(race_options.trace, state.option, sizeof(state.option))) {
		state.option[0] = 0;
		emit_complain("trace", race_options.trace, -ENAMETOOLONG);
		return;
	}
	error = trace_words_start() ? -ENOMEM : may_make(state.option);
	if (!error && race_options.trace_at_start)
		begin_late();
	if (error) {
		state.option[0] = 0;
		emit_complain("trace", race_options.trace, error);
	}
}

/* Without the lock: a handler that calls _exit may have come over whoever holds it. The memory of a file that is open stays. */
void trace_end(int status)
{
	struct trace_header *h = trace_file_header();

	if (!h)
		return;
	trace_file_look();
	h->ended = 1 + (uint32_t)(status & 0xff);
}

/* A filter may kill for any call: the file is made now, as large as it is going to be. */
void trace_sandboxed(void)
{
	lock_take(&trace_file_lock);
	if (state.on && !emit_is_sandboxed() && trace_open_late())
		trace_file_last_growth();
	lock_drop(&trace_file_lock);
}

void trace_fork_lock(void)
{
	lock_take(&trace_words_lock);
	lock_take(&trace_file_lock);
}

void trace_fork_unlock(void)
{
	lock_drop(&trace_file_lock);
	lock_drop(&trace_words_lock);
}

/* The parent's file is not ours. The engine has forgotten the switch. */
void trace_forked(void)
{
	int on = state.on && !state.exact;

	lock_reset(&trace_words_lock);
	lock_reset(&trace_file_lock);
	if (!state.on && !trace_file_is_open())
		return;
	trace_file_forget();
	state.exact = 0;
	store_relaxed(&trace_deadline, UINT64_MAX);
	state.late = on;
	if (race_me)
		memset(trace_of(race_me), 0, sizeof(struct trace_thread));
	if (on) {
		trace_switch(1);
	} else if (state.on) {
		state.on = 0;
		trace_calls_off();
	}
}

/* ---- room ------------------------------------------------------------------------------------------------------------------------------ */

static void lose(unsigned n)
{
	struct trace_header *h = trace_file_header();

	add_relaxed(h ? &h->lost : &lost_elsewhere, n);
}

__attribute__((noinline, cold)) struct trace_event *trace_slow(struct race_thread *t, unsigned units)
{
	struct trace_thread *tt = trace_of(t);
	int there = 0;

	lock_take(&trace_file_lock);
	if (trace_open_late())
		there = trace_file_chunk(tt, t);
	if (!there || tt->end - tt->at < (ptrdiff_t)units) {
		lose(1);
		there = 0;
	}
	lock_drop(&trace_file_lock);
	if (there && tt->told != tt->generation) {
		tt->told = tt->generation;
		trace_word_thread(t->number, emit_is_sandboxed() ? 0 : (uint32_t)os_tid());
	}
	return there ? tt->at : NULL;
}

/* ---- maps ------------------------------------------------------------------------------------------------------------------------------ */

static uint32_t locks_held(const struct race_thread *t)
{
	uint32_t n = t->nheld + t->held_lost;

	return n < 255 ? n : 255;
}

static uint32_t frame_of(const struct race_touch *touch)
{
	return (uint32_t)(uintptr_t)(touch->op->flags & OP_NO_FRAME ? touch->fp + 2 : touch->fp);
}

static uint64_t put_begin(struct race_thread *t, const struct race_op *op, uintptr_t map, const struct race_cell *c, uint32_t stack, uint32_t frame,
		      enum trace_type type)
{
	uint32_t gen = c ? cell_incarnation(c) & 0xffffff : 0;
	struct trace_event *e;
	uint64_t ticks;
	uint16_t id;

	if (c)
		trace_word_map(c, map, 0);
	id = trace_word_op(op);
	stack = trace_word_stack(stack);
	e = trace_room(t, 1);
	if (!e)
		return 0;
	e->type = (uint8_t)type;
	e->flags = op->access == ACCESS_WRITE;
	e->id = id;
	e->stack = stack;
	e->object = map;
	e->a = locks_held(t) | gen << 8;
	e->b = frame;
	e->ticks = ticks = os_ticks();
	trace_put(t, 1);
	return ticks;
}

static void op_begins(struct race_thread *t, const struct race_touch *touch, struct race_cell *c)
{
	uint32_t stack = stack_capture(((struct host_thread *)t->host)->cache, touch->op, touch->fp);

	trace_is_over(put_begin(t, touch->op, touch->map, c, stack, frame_of(touch), TRACE_OP_BEGIN));
}

static void op_ends(struct race_thread *t, const struct race_op_open *open)
{
	uint64_t ticks = os_ticks();
	struct trace_event *e;
	uint32_t buckets;
	long entries = map_entries_after(open->op, open->map, &buckets);
	struct race_touch touch = { .op = open->op, .fp = open->fp };

	e = trace_room(t, 1);
	if (!e)
		return;
	e->ticks = ticks;
	e->type = TRACE_OP_END;
	e->flags = 0;
	e->id = (uint16_t)op_id(open->op);
	e->stack = buckets;
	e->object = open->map;
	e->a = entries < 0 || entries >= TRACE_UNKNOWN ? TRACE_UNKNOWN : (uint32_t)entries;
	e->b = frame_of(&touch);
	trace_put(t, 1);
}

static void map_created(struct race_thread *t, const struct race_op *op, uintptr_t map, struct race_cell *c, uint32_t stack)
{
	put_begin(t, op, map, c, stack, 0, TRACE_MAP_BEGIN);
}

static void map_named(struct race_cell *c, uintptr_t map)
{
	trace_word_map(c, map, 1);
}

static void thread_named(uint32_t number, const char *name)
{
	trace_word_name(number, name);
}

const struct race_tracer trace_events = {
	.begin = op_begins,
	.end = op_ends,
	.created = map_created,
	.thread_named = thread_named,
	.map_named = map_named,
};

/* ---- threads --------------------------------------------------------------------------------------------------------------------------- */

static void put_plain(struct race_thread *t, enum trace_type type, uint64_t object, uint32_t a, uint32_t stack)
{
	struct trace_event *e = trace_room(t, 1);

	if (!e)
		return;
	memset(e, 0, sizeof(*e));
	e->ticks = os_ticks();
	e->object = object;
	e->a = a;
	e->stack = stack;
	e->type = (uint8_t)type;
	trace_put(t, 1);
}

void trace_thread_created(struct race_thread *t, uint32_t number, uint32_t stack)
{
	put_plain(t, TRACE_CREATE, number, 0, trace_word_stack(stack));
	trace_word_thread(number, 0);
}

void trace_thread_begun(struct race_thread *t)
{
	struct thread_facts facts;

	put_plain(t, TRACE_BORN, t->number, thread_facts(t->number, &facts) ? facts.parent : 0, 0);
}

void trace_thread_gone(struct race_thread *t)
{
	put_plain(t, TRACE_GONE, t->number, 0, 0);
	trace_chunk_give(trace_of(t));
}

void trace_context(struct race_thread *t, const char *text)
{
	unsigned n = text ? (unsigned)strnlen(text, TRACE_TEXT - 1) : 0, units = 1 + (n + 31) / 32;
	struct trace_event *e = trace_room(t, units);

	if (!e)
		return;
	memset(e, 0, units * sizeof(*e));
	e->ticks = os_ticks();
	e->type = TRACE_CONTEXT;
	e->a = n;
	if (n)
		memcpy(e + 1, text, n);
	trace_put(t, units);
}

/* ---- findings -------------------------------------------------------------------------------------------------------------------------- */

void trace_finding(struct race_thread *t, const struct race_finding *f, const struct record *r)
{
	struct trace_word_finding w;
	struct trace_event *e;

	memset(&w, 0, sizeof(w));
	w.word.id = r->sequence;
	w.kind = r->kind;
	w.verdict = r->verdict;
	w.cause = r->cause;
	w.map = f->map;
	w.now_ticks = f->now.ticks;
	w.before_ticks = f->before.ticks;
	w.now_thread = f->now.thread;
	w.before_thread = f->before.thread;
	w.now_write = f->now.write;
	w.before_write = f->before.write;
	w.now_stack = trace_word_stack(word_stack(f->now.word));
	w.before_stack = trace_word_stack(word_stack(f->before.word));
	trace_word_finding(&w);
	e = trace_room(t, 1);
	if (!e)
		return;
	memset(e, 0, sizeof(*e));
	e->ticks = f->now.ticks ? f->now.ticks : os_ticks();
	e->type = TRACE_FINDING;
	e->id = (uint16_t)r->kind;
	e->flags = (uint8_t)r->verdict;
	e->object = f->map;
	e->a = r->sequence;
	trace_put(t, 1);
}

void trace_paused(struct race_thread *t, uint64_t since, int report)
{
	uint64_t now = os_ticks();
	struct trace_event *e = trace_room(t, 1);

	if (!e)
		return;
	memset(e, 0, sizeof(*e));
	e->ticks = now;
	e->type = TRACE_PAUSE;
	e->flags = (uint8_t)report;
	e->begin = since;
	trace_put(t, 1);
}
