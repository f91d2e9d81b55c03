/* SPDX-License-Identifier: MIT */
/*
 * fill.c - from a finding of the engine to a record: frames, modules, threads, keys, the map and where it lies.
 *
 * Runs      on the finding thread, inside the guard, with the report lock held and no lock of the engine.
 */
#include "fill.h"

#include <string.h>

#include "../report/report.h"
#include "cause.h"
#include "host.h"
#include "module.h"
#include "options.h"
#include "sys/fmt.h"
#include "sys/os.h"

static void fill_frame(struct record *r, struct record_frame *f, uintptr_t pc, int is_entry)
{
	f->pc = pc;
	f->is_entry = (uint32_t)is_entry;
	f->module = module_of(r, pc);
}

/* The frames below a program's or thread's start routine belong to libc and to us: nobody wants to read them. */
static unsigned without_start_frames(const uintptr_t *pcs, unsigned n)
{
	if (n >= 2 && module_is_program(pcs[n - 1] - 1) && module_is_libc(pcs[n - 2] - 1))
		n--; /* _start, called by the kernel, below __libc_start_main */
	while (n > 1 && (module_is_libc(pcs[n - 1] - 1) || module_is_librace(pcs[n - 1] - 1)))
		n--;
	return n;
}

static void fill_stack(struct record *r, struct record_stack *s, uint32_t id)
{
	uintptr_t pcs[STACK_FRAMES];
	unsigned n = id ? stack_frames(id, pcs, STACK_FRAMES) : 0;
	const struct race_op *op = id ? stack_op(id) : NULL;

	memset(s, 0, sizeof(*s));
	if (!n)
		return;
	n = without_start_frames(pcs, n);
	if (op && !(op->flags & OP_NO_FRAME)) {
		struct buf b = buf_on(s->op, sizeof(s->op));

		buf_str(&b, op->name);
		fill_frame(r, &s->frames[s->nframes++], op->real ? (uintptr_t)load_relaxed(op->real) : 0, 1);
	}
	for (unsigned i = 0; i < n && s->nframes < RECORD_FRAMES; i++) {
		if (!module_is_librace(pcs[i] - 1)) /* hooks that call the program back stand between its frames */
			fill_frame(r, &s->frames[s->nframes++], pcs[i], 0);
	}
}

/* Index of the thread in the record, adding it. */
static uint32_t fill_thread(struct record *r, uint32_t number)
{
	struct thread_facts facts;
	struct record_thread *t;

	for (uint32_t i = 0; i < r->nthreads; i++) {
		if (r->threads[i].number == number)
			return i;
	}
	if (r->nthreads == sizeof(r->threads) / sizeof(r->threads[0]))
		return 0;
	t = &r->threads[r->nthreads];
	memset(t, 0, sizeof(*t));
	t->number = number;
	if (number != RACE_NO_SLOT && thread_facts(number, &facts)) {
		struct thread_facts main_facts;

		t->running = (uint32_t)facts.running;
		t->parent = facts.parent;
		if (!thread_facts(0, &main_facts) || strcmp(facts.name, main_facts.name))
			memcpy(t->name, facts.name, sizeof(t->name));
		t->has_stack = facts.stack != 0;
		fill_stack(r, &t->created, facts.stack);
	}
	return r->nthreads++;
}

static void fill_key(struct record_access *out, const struct race_access *a)
{
	if (!a->have_note || a->key_kind == KEY_NONE)
		return;
	out->key_kind = a->key_kind;
	if (a->key_kind == KEY_STRING) {
		out->key_cut = a->key[RACE_NOTE_KEY - 1] == 1;
		out->key_len = (uint32_t)strnlen(a->key, RACE_NOTE_KEY - out->key_cut);
		memcpy(out->key, a->key, out->key_len);
	} else {
		memcpy(out->key, a->key, sizeof(uint64_t));
		out->key_len = sizeof(uint64_t);
	}
}

static void fill_access(struct record *r, struct record_access *out, const struct race_access *a)
{
	memset(out, 0, sizeof(*out));
	out->write = a->write;
	out->thread = fill_thread(r, a->thread);
	out->have_note = a->have_note;
	out->bucket = RACE_NO_BUCKET;
	if (a->ticks)
		out->time_ns = ticks_to_ns(a->ticks);
	if (a->have_note) {
		out->nlocks = a->nlocks;
		memcpy(out->locks, a->locks, sizeof(a->locks));
		out->bucket = a->bucket;
		if (a->context)
			context_text(a->context, out->context, sizeof(out->context));
	}
	fill_key(out, a);
	fill_stack(r, &out->stack, word_stack(a->word));
}

/* The finding thread knows all its locks, not only what the note has room for. */
static void fill_held(struct record_access *out, const struct race_thread *t)
{
	uint32_t n = t->nheld < RECORD_LOCKS ? t->nheld : RECORD_LOCKS;

	out->nlocks = t->nheld + t->held_lost;
	for (uint32_t i = 0; i < n; i++)
		out->locks[i] = t->held[t->nheld - 1 - i];
}

static void copy_text(char *to, size_t cap, const char *from)
{
	struct buf b = buf_on(to, cap);

	buf_str(&b, from);
}

static uint32_t buckets_of(const struct race_kind *kind, uintptr_t map)
{
	long n = kind->capacity(map);

	return n > 0 && n <= UINT32_MAX ? (uint32_t)n : 0;
}

/* It may be asked. A value that was freed may have outlived its map. */
static int map_is_alive(const struct race_finding *f)
{
	return f->kind != FOUND_DEAD_MAP && !(f->kind == FOUND_CHECK_THEN_ACT && f->compound == COMPOUND_VALUE_FREED);
}

void fill_record(struct record *r, struct race_thread *t, const struct race_finding *f)
{
	static uint32_t sequence; /* under the report lock */
	uint32_t owner;

	memset(r, 0, offsetof(struct record, now));
	r->nthreads = r->nmodules = 0;
	memset(&r->created, 0, sizeof(r->created));
	memset(&r->checked, 0, sizeof(r->checked));
	r->magic = RECORD_MAGIC;
	r->version = RECORD_VERSION;
	r->size = sizeof(*r);
	r->sequence = ++sequence;
	r->pid = (uint32_t)race_process;
	r->kind = (uint32_t)f->kind;
	r->verdict = (uint32_t)f->verdict;
	r->wall_ns = os_wall_ns();
	r->time_ns = os_monotonic_ns();
	copy_text(r->program, sizeof(r->program), path_base(module_program()));

	r->map = f->map;
	copy_text(r->map_kind, sizeof(r->map_kind), f->map_kind ? f->map_kind->name : "map");
	copy_text(r->label, sizeof(r->label), f->label);
	r->entries = -1;
	if (map_is_alive(f) && f->map_kind && f->map_kind->entries)
		r->entries = f->map_kind->entries(f->map);
	r->resize_from = f->resize_from;
	r->resize_to = f->resize_to;
	r->entries_at_resize = f->resize_to ? f->resize_entries : -1;
	if (map_is_alive(f) && f->now.bucket != RACE_NO_BUCKET && f->op->kind && f->op->kind->capacity)
		r->buckets = buckets_of(f->op->kind, f->map);

	fill_access(r, &r->now, &f->now);
	fill_held(&r->now, t);
	fill_access(r, &r->before, &f->before);
	/* What was noted of it is gone: an access that came between, or ours, is noted over it. That happens at this moment only. */
	if (f->kind == FOUND_RACE && !r->before.time_ns)
		r->before.time_ns = r->now.time_ns;
	if (f->created_stack) {
		r->has_created = 1;
		r->created_thread = fill_thread(r, f->created_thread);
		fill_stack(r, &r->created, f->created_stack);
	}
	if (f->kind == FOUND_CHECK_THEN_ACT) {
		r->has_checked = 1;
		r->compound = f->compound;
		fill_stack(r, &r->checked, f->checked_stack);
	}
	r->location_module = module_of(r, f->map);
	if (r->location_module == RECORD_NO_MODULE) {
		owner = thread_stack_owner(f->map);
		if (owner)
			r->location_thread = 1 + fill_thread(r, owner - 1);
	}
	r->cause = (uint32_t)cause_of(f, r);
	record_redact(r, race_options.redact == REDACT_KEYS || race_options.redact == REDACT_ALL,
		      race_options.redact == REDACT_NOTES || race_options.redact == REDACT_ALL);
}
