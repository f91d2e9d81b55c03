/* SPDX-License-Identifier: MIT */
/*
 * annotate.c - the other end of librace.h: maps that only their own program can tell us about.
 *
 * Owns      the kinds that programs name, and each thread's short stack of operations begun and not yet ended.
 * Frames    the callers are macros, so the caller's frame is the user's line. A begin's own frame is gone by the time
 *           of its end: what needs a stack there takes the end's.
 * Unmatched an end without a begin does nothing. A begin whose frames are gone (longjmp, an exception) is dropped at
 *           the next begin above them; the engine settles its half by the same rule. Too many at once: the innermost
 *           are moments (begin and end at once), which only loses their overlap check.
 * Must not  trust an argument: an unknown operation, key type or promise counts as the plainest one.
 */
#include <string.h>

#include "../include/librace.h"
#include "../preload/trace.h"
#include "../preload/sys/lock.h"
#include "sync_rows.h"

/* ---- kinds ----------------------------------------------------------------------------------------------- */

#define KINDS 256
#define KIND_NAME 32

/* What a map is until its program names it, by promise. */
static const struct race_kind plain_kinds[] = {
	[RACE_UNSAFE] = { .name = "map", .contract = CONTRACT_UNSAFE },
	[RACE_BUCKET_LOCKED] = { .name = "map", .contract = CONTRACT_BUCKET_LOCKED },
	[RACE_CONCURRENT] = { .name = "map", .contract = CONTRACT_CONCURRENT },
};

/* Entries are added under the lock and never change; kinds_used is published last. */
static struct {
	struct race_kind kind;
	char name[KIND_NAME];
} kinds[KINDS];
static uint32_t kinds_used;
static struct lock kinds_lock;

static const struct race_kind *kind_known(const char *name, uint32_t from, uint32_t to, enum race_contract contract)
{
	for (uint32_t i = from; i < to; i++) {
		if (kinds[i].kind.contract == contract && strncmp(kinds[i].name, name, KIND_NAME - 1) == 0)
			return &kinds[i].kind;
	}
	return NULL;
}

static const struct race_kind *kind_named(const char *name, int promise)
{
	const struct race_kind *plain = &plain_kinds[promise], *k;
	uint32_t used = load_acquire(&kinds_used); /* partner: the release below */

	if (!name || !*name)
		return plain;
	k = kind_known(name, 0, used, plain->contract);
	if (k)
		return k;
	lock_take(&kinds_lock);
	k = kind_known(name, used, kinds_used, plain->contract);
	if (!k && kinds_used < KINDS) {
		uint32_t i = kinds_used;

		memcpy(kinds[i].name, name, strnlen(name, KIND_NAME - 1));
		kinds[i].kind.name = kinds[i].name;
		kinds[i].kind.contract = plain->contract;
		store_release(&kinds_used, i + 1); /* partner: the acquire above */
		k = &kinds[i].kind;
	}
	lock_drop(&kinds_lock);
	return k ? k : plain; /* full: the common kind, and no map is lost */
}

/* ---- operations ------------------------------------------------------------------------------------------ */

#define KEY_TYPES (RACE_KEY_LONG + 1)
#define PROMISES (RACE_CONCURRENT + 1)
#define ROW(role, access, key, flags, name, promise)                                                                 \
	{ name, &plain_kinds[promise], NULL, ROLE_##role, ACCESS_##access, key, OP_NO_FRAME | (flags) }

static const struct race_op begin_ops[][KEY_TYPES] __attribute__((section("race_ops"), used, aligned(8))) = {
#define ANNOTATION(operation, role, access, flags, name)                                                             \
	[RACE_OP_##operation] = {                                                                                    \
		[RACE_KEY_NONE] = ROW(role, access, KEY_NONE, flags, name, RACE_UNSAFE),                             \
		[RACE_KEY_STRING] = ROW(role, access, KEY_STRING, flags, name, RACE_UNSAFE),                         \
		[RACE_KEY_POINTER] = ROW(role, access, KEY_POINTER, flags, name, RACE_UNSAFE),                       \
		[RACE_KEY_INT] = ROW(role, access, KEY_INT_AT, flags, name, RACE_UNSAFE),                            \
		[RACE_KEY_LONG] = ROW(role, access, KEY_LONG_AT, flags, name, RACE_UNSAFE),                          \
	},
#include "annotate.def"
#undef ANNOTATION
};
#define OPERATIONS (sizeof(begin_ops) / sizeof(begin_ops[0]))

static const struct race_op create_ops[PROMISES] __attribute__((section("race_ops"), used, aligned(8))) = {
	ROW(CREATE, WRITE, KEY_NONE, 0, "create", RACE_UNSAFE),
	ROW(CREATE, WRITE, KEY_NONE, 0, "create", RACE_BUCKET_LOCKED),
	ROW(CREATE, WRITE, KEY_NONE, 0, "create", RACE_CONCURRENT),
};
static const struct race_op destroy_op __attribute__((section("race_ops"), used, aligned(8))) =
	ROW(DESTROY, WRITE, KEY_NONE, 0, "destroy", RACE_UNSAFE);

/* ---- what a thread has begun ----------------------------------------------------------------------------- */

#define BEGUN 16
static __thread struct {
	uint32_t n;
	struct {
		uintptr_t map, sp;
		struct race_op_open open;
	} at[BEGUN];
} begun __attribute__((tls_model("initial-exec")));
_Static_assert(sizeof(begun) < 1536, "comes out of every thread's stack, also of the smallest");

static void begun_remove(uint32_t i)
{
	begun.n--;
	memmove(&begun.at[i], &begun.at[i + 1], (begun.n - i) * sizeof(begun.at[0]));
}

/* Frames at or below sp belong to calls that were left. Both must lie on this thread's own stack to be comparable. */
static void begun_settle(const struct race_thread *t, uintptr_t sp)
{
	if (sp < t->stack_lo || sp >= t->stack_hi)
		return;
	while (begun.n && begun.at[begun.n - 1].sp <= sp && begun.at[begun.n - 1].sp >= t->stack_lo)
		begun.n--;
}

static void operation_end(struct race_thread *t, struct race_op_open *open, const uintptr_t *fp)
{
	if (!open->cell)
		return;
	open->fp = fp;
	op_exit(t, open);
}

/* ---- the calls; each is what its macro in librace.h says ------------------------------------------------- */

RACE_EXPORT race_api_create_f race_api_create;
RACE_EXPORT race_api_destroy_f race_api_destroy;
RACE_EXPORT race_api_label_f race_api_label;
RACE_EXPORT race_api_begin_f race_api_begin;
RACE_EXPORT race_api_end_f race_api_end;
RACE_EXPORT race_api_acquire_f race_api_acquire;
RACE_EXPORT race_api_release_f race_api_release;
RACE_EXPORT race_api_ignore_f race_api_ignore;
RACE_EXPORT race_api_context_f race_api_context;
RACE_EXPORT race_api_trace_f race_api_trace;
RACE_EXPORT race_api_version_f race_api_version;

/* Callers promise nothing about what lies at `map`; we use its address only. */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

void race_api_create(const volatile void *map, const char *kind, int promise)
{
	const uintptr_t *fp = FRAME;

	if ((unsigned)promise >= PROMISES)
		promise = RACE_UNSAFE;
	SYNC_ENTER({
		map_create(t, &create_ops[promise], KEY(map), KEY_NONE, fp);
		map_label(KEY(map), kind_named(kind, promise), NULL);
	});
}

void race_api_destroy(const volatile void *map)
{
	const uintptr_t *fp = FRAME;
	struct race_touch touch = { &destroy_op, KEY(map), 0, RACE_NO_BUCKET, fp };
	struct race_thread *t = thread_enter();
	struct race_op_open open;

	if (!t)
		return;
	for (uint32_t i = begun.n; i-- > 0;) {
		if (begun.at[i].map == KEY(map)) {
			operation_end(t, &begun.at[i].open, fp);
			begun_remove(i);
		}
	}
	op_enter(t, &touch, &open);
	operation_end(t, &open, fp);
	/* One that was never created has no next creation to wake it from the dead either: it is forgotten. */
	if (map_unref(t, KEY(map)) == 1)
		map_destroy(t, &destroy_op, KEY(map), fp);
	thread_leave(t);
}

void race_api_label(const volatile void *map, const char *kind, const char *text)
{
	SYNC_ENTER(map_label(KEY(map), kind ? kind_named(kind, RACE_UNSAFE) : NULL, text));
}

void race_api_begin(const volatile void *map, int op, unsigned bucket, const void *key, int type)
{
	const uintptr_t *fp = FRAME;
	struct race_touch touch = { NULL, KEY(map), KEY(key), bucket, fp };
	struct race_thread *t = thread_enter();
	struct race_op_open moment, *open = &moment;

	if (!t)
		return;
	if ((unsigned)op >= OPERATIONS)
		op = RACE_OP_WRITE;
	if ((unsigned)type >= KEY_TYPES || !key)
		type = RACE_KEY_NONE;
	touch.op = &begin_ops[op][type];
	begun_settle(t, KEY(fp));
	if (begun.n < BEGUN) {
		begun.at[begun.n].map = KEY(map);
		begun.at[begun.n].sp = KEY(fp + 2); /* of the caller at the call: what it calls next lies below */
		open = &begun.at[begun.n++].open;
	}
	op_enter(t, &touch, open);
	if (open == &moment)
		operation_end(t, open, fp);
	thread_leave(t);
}

void race_api_end(const volatile void *map)
{
	const uintptr_t *fp = FRAME;
	struct race_thread *t = thread_enter();

	if (!t)
		return;
	for (uint32_t i = begun.n; i-- > 0;) {
		if (begun.at[i].map == KEY(map)) {
			operation_end(t, &begun.at[i].open, fp);
			begun_remove(i);
			break;
		}
	}
	thread_leave(t);
}

void race_api_acquire(const volatile void *obj)
{
	SYNC_ENTER(sync_acquire(t, KEY(obj)));
}

void race_api_release(const volatile void *obj)
{
	SYNC_ENTER(sync_release_join(t, KEY(obj)));
}

void race_api_ignore(int change)
{
	SYNC_ENTER({
		if (change > 0)
			t->ignore++;
		else if (t->ignore)
			t->ignore--;
	});
}

void race_api_context(const char *text)
{
	SYNC_ENTER({
		t->context = context_set(t, text);
		if (trace_is_on())
			trace_context(t, text);
	});
}

void race_api_trace(int on)
{
	SYNC_ENTER({
		if (!on)
			trace_stop();
		else
			trace_start(NULL, 0);
	});
}

const char *race_api_version(void)
{
	return RACE_VERSION;
}
