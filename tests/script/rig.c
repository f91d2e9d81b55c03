/* SPDX-License-Identifier: MIT */
/*
 * rig.c - see rig.h.
 */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>

struct race_thread rig_threads[RIG_THREADS];
unsigned rig_found, rig_captures;
struct race_finding rig_last;

static uint32_t step_number;

const struct race_kind rig_unsafe = { "Unsafe", CONTRACT_UNSAFE, NULL, 0, 0, NULL };
const struct race_kind rig_bucketed = { "Bucketed", CONTRACT_BUCKET_LOCKED, NULL, 0, 0, NULL };
const struct race_kind rig_concurrent = { "Concurrent", CONTRACT_CONCURRENT, NULL, 0, 0, NULL };
const struct race_kind rig_header = { "Header", CONTRACT_UNSAFE, NULL, 64, 0, NULL };
const struct race_kind rig_implicit = { "Implicit", CONTRACT_UNSAFE, NULL, 0, 1, NULL };

long rig_capacity, rig_entries;
unsigned rig_asked;

static long capacity_of(uintptr_t map)
{
	rig_asked++;
	return map ? rig_capacity : 0;
}

static long entries_of(uintptr_t map)
{
	return map ? rig_entries : 0;
}

const struct race_kind rig_sized = { "Sized", CONTRACT_UNSAFE, entries_of, 0, 0, capacity_of };

#define OP(index, kind, role, access, flags) [index] = { #index, &kind, NULL, role, access, KEY_NONE, flags }
#define KEYED(index, kind, role, access, key, flags) [index] = { #index, &kind, NULL, role, access, key, flags }
const struct race_op rig_ops[RIG_OPS] = {
	OP(OP_READ, rig_unsafe, ROLE_LOOKUP, ACCESS_READ, 0),
	OP(OP_WRITE, rig_unsafe, ROLE_INSERT, ACCESS_WRITE, 0),
	OP(OP_FOREACH, rig_unsafe, ROLE_ITERATE, ACCESS_READ, OP_INTERVAL),
	OP(OP_FOREACH_WRITE, rig_unsafe, ROLE_ITERATE, ACCESS_WRITE, OP_INTERVAL),
	OP(OP_DESTROY_U, rig_unsafe, ROLE_DESTROY, ACCESS_WRITE, 0),
	OP(OP_CREATE_U, rig_unsafe, ROLE_CREATE, ACCESS_NONE, 0),
	OP(OP_CREATE_W, rig_unsafe, ROLE_CREATE, ACCESS_WRITE, 0),
	OP(OP_BREAD, rig_bucketed, ROLE_LOOKUP, ACCESS_READ, 0),
	OP(OP_BWRITE, rig_bucketed, ROLE_INSERT, ACCESS_WRITE, 0),
	OP(OP_BRESIZE, rig_bucketed, ROLE_RESIZE, ACCESS_WRITE, 0),
	OP(OP_BITERATE, rig_bucketed, ROLE_ITERATE, ACCESS_READ, 0),
	OP(OP_BCLEAR, rig_bucketed, ROLE_CLEAR, ACCESS_WRITE, 0),
	OP(OP_DESTROY_BL, rig_bucketed, ROLE_DESTROY, ACCESS_WRITE, 0),
	OP(OP_CREAD, rig_concurrent, ROLE_LOOKUP, ACCESS_READ, 0),
	OP(OP_CWRITE, rig_concurrent, ROLE_INSERT, ACCESS_WRITE, 0),
	OP(OP_HREAD, rig_header, ROLE_LOOKUP, ACCESS_READ, 0),
	OP(OP_HWRITE, rig_header, ROLE_INSERT, ACCESS_WRITE, 0),
	OP(OP_HDESTROY, rig_header, ROLE_DESTROY, ACCESS_WRITE, 0),
	OP(OP_HCREATE, rig_header, ROLE_CREATE, ACCESS_NONE, 0),
	OP(OP_IWRITE, rig_implicit, ROLE_INSERT, ACCESS_WRITE, OP_FIRST_USE),
	OP(OP_IDESTROY, rig_implicit, ROLE_DESTROY, ACCESS_WRITE, 0),
	OP(OP_SREAD, rig_sized, ROLE_LOOKUP, ACCESS_READ, 0),
	OP(OP_SWRITE, rig_sized, ROLE_INSERT, ACCESS_WRITE, 0),
	OP(OP_SENDS, rig_sized, ROLE_CLEAR, ACCESS_WRITE, OP_MAY_END),
	OP(OP_SDESTROY, rig_sized, ROLE_DESTROY, ACCESS_WRITE, 0),
	OP(OP_SCREATE, rig_sized, ROLE_CREATE, ACCESS_WRITE, 0),
	KEYED(OP_KLOOK, rig_unsafe, ROLE_LOOKUP, ACCESS_READ, KEY_LONG, 0),
	KEYED(OP_KINSERT, rig_unsafe, ROLE_INSERT, ACCESS_WRITE, KEY_LONG, 0),
	KEYED(OP_KREMOVE, rig_unsafe, ROLE_REMOVE, ACCESS_WRITE, KEY_LONG, 0),
	KEYED(OP_KUPDATE, rig_unsafe, ROLE_UPDATE, ACCESS_WRITE, KEY_LONG, 0),
	KEYED(OP_KABSENT, rig_unsafe, ROLE_INSERT, ACCESS_WRITE, KEY_LONG, OP_IF_ABSENT),
	KEYED(OP_KUNTOLD, rig_unsafe, ROLE_INSERT, ACCESS_WRITE, KEY_LONG, OP_NO_IDENTITY),
	KEYED(OP_KLOOK_C, rig_concurrent, ROLE_LOOKUP, ACCESS_READ, KEY_LONG, 0),
	KEYED(OP_KINSERT_C, rig_concurrent, ROLE_INSERT, ACCESS_WRITE, KEY_LONG, 0),
	KEYED(OP_KLOOK_S, rig_unsafe, ROLE_LOOKUP, ACCESS_READ, KEY_STRING, 0),
	KEYED(OP_KINSERT_S, rig_unsafe, ROLE_INSERT, ACCESS_WRITE, KEY_STRING, 0),
	[OP_STRING_WRITE] = { "OP_STRING_WRITE", &rig_unsafe, NULL, ROLE_INSERT, ACCESS_WRITE, KEY_STRING, 0 },
};

/* ---- the embedder ------------------------------------------------------------------------------------------------- */

uint32_t engine_capture(struct race_thread *t, const struct race_op *op, const uintptr_t *fp)
{
	(void)t;
	(void)fp;
	add_relaxed(&rig_captures, 1);
	return (uint32_t)(op - rig_ops) + 1 + 64 * (load_relaxed(&step_number) % 16000);
}

const struct race_op *engine_stack_op(uint32_t stack)
{
	return stack ? &rig_ops[(stack - 1) % 64] : NULL;
}

int engine_stack_begins(uint32_t stack, const struct race_op *op, uintptr_t return_address)
{
	return engine_stack_op(stack) == op;
}

uint32_t engine_found(struct race_thread *t, const struct race_finding *f)
{
	(void)t;
	rig_found++;
	rig_last = *f;
	return 0;
}

int engine_hold(struct race_thread *t)
{
	(void)t;
	return 0;
}

uint32_t engine_first(struct race_thread *t, uint32_t stack)
{
	(void)t;
	(void)stack;
	return 0;
}

/* ---- steps ---------------------------------------------------------------------------------------------------------- */

void rig_begin(int small)
{
	if (engine_init(small) != 0) {
		perror("engine_init");
		exit(2);
	}
	oracle_reset();
	memset(rig_threads, 0, sizeof(rig_threads));
	rig_found = rig_captures = 0;
	step_number = 0;
	thread_start(&rig_threads[0], NULL, 0);
}

void rig_start(unsigned parent, unsigned child)
{
	struct thread_birth *b = thread_publish(&rig_threads[parent], 7);

	memset(&rig_threads[child], 0, sizeof(rig_threads[child]));
	thread_start(&rig_threads[child], b, b == NULL);
	if (b)
		oracle_create(parent, child);
	else
		oracle_foreign(child);
}

void rig_end(unsigned thread)
{
	thread_end(&rig_threads[thread], HANDLES + 64 * thread);
	oracle_release(thread, HANDLES + 64 * thread);
}

void rig_touch(unsigned thread, enum rig_op op, uintptr_t map, uint32_t bucket)
{
	struct race_touch touch = { &rig_ops[op], map, 0, bucket, NULL };
	struct race_op_open open;

	op_enter(&rig_threads[thread], &touch, &open);
	op_exit(&rig_threads[thread], &open);
}

static const struct {
	enum rig_op op;
} access_op[] = {
	[READ] = { OP_READ }, [WRITE] = { OP_WRITE }, [BREAD] = { OP_BREAD }, [BWRITE] = { OP_BWRITE }, [BRESIZE] = { OP_BRESIZE },
	[BITERATE] = { OP_BITERATE }, [BCLEAR] = { OP_BCLEAR }, [CREAD] = { OP_CREAD }, [CWRITE] = { OP_CWRITE },
	[DESTROY] = { OP_DESTROY_U }, [DESTROY_B] = { OP_DESTROY_BL },
};

static struct oracle_verdict step_access(const struct step *s)
{
	enum rig_op o = access_op[s->act].op;
	const struct race_op *op = &rig_ops[o];
	struct race_thread *t = &rig_threads[s->thread];

	rig_touch(s->thread, o, s->what, s->more ? (uint32_t)s->more - 1 : RACE_NO_BUCKET);
	if (s->act == DESTROY || s->act == DESTROY_B)
		map_destroy(t, op, s->what, NULL);
	return oracle_access(s->thread, s->what, op->kind->contract, op->role, op->access == ACCESS_WRITE, (long)s->more - 1);
}

static void step_create(const struct step *s)
{
	int writes = s->act == CREATE_WRITES;

	map_create(&rig_threads[s->thread], &rig_ops[writes ? OP_CREATE_W : OP_CREATE_U], s->what, KEY_NONE, NULL);
	oracle_forget(s->what, 1);
	if (writes)
		oracle_access(s->thread, s->what, CONTRACT_UNSAFE, ROLE_CREATE, 1, -1);
}

static void both_acquire(unsigned thread, uintptr_t obj)
{
	sync_acquire(&rig_threads[thread], obj);
	oracle_acquire(thread, obj);
}

static void both_acquire_alone(unsigned thread, uintptr_t obj)
{
	sync_acquire_alone(&rig_threads[thread], obj);
	oracle_acquire(thread, obj);
}

static void both_release(unsigned thread, uintptr_t obj, int join)
{
	if (join) {
		sync_release_join(&rig_threads[thread], obj);
		oracle_release_join(thread, obj);
	} else {
		sync_release(&rig_threads[thread], obj);
		oracle_release(thread, obj);
	}
}

/* Edges only. */
static void step_sync(const struct step *s)
{
	struct race_thread *t = &rig_threads[s->thread];
	unsigned i = s->thread;
	uintptr_t obj = s->what;

	switch (s->act) {
	case LOCK:
		lock_held(t, obj, LOCK_MUTEX, 0);
		both_acquire_alone(i, obj);
		break;
	case UNLOCK:
		lock_dropped(t, obj);
		both_release(i, obj, 0);
		break;
	case RDLOCK:
		lock_held(t, obj, LOCK_RWLOCK, 1);
		both_acquire(i, obj);
		break;
	case RDUNLOCK:
		lock_dropped(t, obj);
		both_release(i, obj + 1, 1);
		break;
	case WRLOCK:
		lock_held(t, obj, LOCK_RWLOCK, 0);
		both_acquire(i, obj + 1);
		both_acquire_alone(i, obj);
		break;
	case WRUNLOCK:
		lock_dropped(t, obj);
		both_release(i, obj, 0);
		break;
	case POST:
		both_release(i, obj, 1);
		break;
	case WAIT:
		both_acquire(i, obj);
		break;
	case ONCE_LEAVE:
		both_release(i, obj, 1);
		sync_publish_once(t, obj);
		oracle_publish_once(i);
		break;
	default:
		abort();
	}
}

int rig_step(const struct step *s, int lenient)
{
	struct oracle_verdict v = { 0, 0, 0, 0 };
	unsigned had = rig_found;

	step_number++;
	switch (s->act) {
	case START:
		rig_start(s->thread, (unsigned)s->what);
		break;
	case END:
		rig_end(s->thread);
		break;
	case JOIN:
		both_acquire(s->thread, HANDLES + 64 * s->what);
		break;
	case FOREIGN:
		memset(&rig_threads[s->thread], 0, sizeof(rig_threads[0]));
		thread_start(&rig_threads[s->thread], NULL, 1);
		oracle_foreign(s->thread);
		break;
	case FREE:
		if (memory_is_watched(s->what, 64))
			memory_forget(s->what, 64);
		oracle_forget(s->what, 64);
		break;
	case MOVE: {
		struct memory_move move = { s->what, 64 };

		memory_moved(&move, s->more);
		break;
	}
	case FORK:
		engine_lock_all();
		engine_forked(&rig_threads[s->thread]);
		oracle_fork(s->thread);
		break;
	case CREATE:
	case CREATE_WRITES:
		step_create(s);
		break;
	case READ: case WRITE: case BREAD: case BWRITE: case BRESIZE: case BITERATE: case BCLEAR: case CREAD: case CWRITE:
	case DESTROY: case DESTROY_B:
		v = step_access(s);
		break;
	default:
		step_sync(s);
	}
	if (rig_found > had + 1) {
		printf("step %u: %u findings for one step\n", step_number, rig_found - had);
		abort();
	}
	if ((rig_found > had && rig_last.kind == FOUND_RACE && !(lenient ? v.ever : v.race)) || (rig_found == had && v.due && !lenient)) {
		printf("step %u (thread %u, act %d, %#lx): engine %s, oracle %s (with thread %u)\n", step_number, s->thread, s->act,
		       (unsigned long)s->what, rig_found > had ? "race" : "no race", v.race ? "race" : "no race", v.with);
		fflush(stdout);
		abort();
	}
	return rig_found > had;
}

unsigned rig_races(const struct step *script, size_t n)
{
	unsigned races = 0;

	rig_begin(0);
	for (unsigned t = 1; t < RIG_THREADS; t++) {
		int used = 0, own_start = 0;

		for (size_t i = 0; i < n; i++) {
			used |= script[i].thread == t;
			own_start |= (script[i].act == START && script[i].what == t) || (script[i].act == FOREIGN && script[i].thread == t);
		}
		if (used && !own_start)
			rig_start(0, t);
	}
	for (size_t i = 0; i < n; i++)
		races += (unsigned)rig_step(&script[i], 0);
	return races;
}
