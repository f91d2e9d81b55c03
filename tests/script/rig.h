/* SPDX-License-Identifier: MIT */
/*
 * rig.h - logical threads for the engine: a table of steps, run one after another on one real thread.
 *
 * Every step is asked of the engine and of its oracle; they must agree on whether it is a race. The rig is the engine's
 * embedder: stack ids say which operation and which step of the script, and the last findings are kept.
 */
#ifndef RACE_TESTS_RIG_H
#define RACE_TESTS_RIG_H

#include "preload/engine/engine.h"
#include "preload/engine/oracle.h"
#include "preload/engine/state.h"

enum { T0, T1, T2, T3, T4, T5 }; /* T0 is the main thread */

enum act {
	LOCK, UNLOCK,         /* a mutex */
	RDLOCK, RDUNLOCK,     /* a rwlock: writers' clock at obj, readers' at obj + 1 */
	WRLOCK, WRUNLOCK,
	POST, WAIT,           /* a semaphore, a barrier's arrival and leaving, a condition, a queue */
	ONCE_LEAVE,           /* released for those who see the flag inline */
	START, JOIN, END,     /* of thread `what` */
	FOREIGN,              /* this thread is met without a creation */
	READ, WRITE,          /* the map `what` */
	BREAD, BWRITE, BRESIZE, BITERATE, BCLEAR, /* a bucket-locked map; bucket in `more` - 1, 0 not known */
	CREAD, CWRITE,        /* a concurrent map */
	CREATE, CREATE_WRITES, DESTROY, DESTROY_B, /* of a map; DESTROY is the operation and the death */
	FREE,                 /* the 64 bytes at `what` */
	MOVE,                 /* realloc of the 64 bytes at `what` to `more` */
	FORK,
};

enum object { NOTHING, MUTEX = 0x1000, MUTEX2 = 0x1080, RWLOCK = 0x1100, SEM = 0x1180, SEM2 = 0x1200, ONCE = 0x1280,
	      MOVED = 0x1300, MAP = 0x20000, MAP2 = 0x20080, HANDLES = 0x400000 };

struct step {
	unsigned thread;
	enum act act;
	uintptr_t what;
	uintptr_t more;
};

#define RIG_THREADS 300

extern struct race_thread rig_threads[RIG_THREADS];
extern const struct race_kind rig_unsafe, rig_bucketed, rig_concurrent, rig_header, rig_implicit, rig_sized;

enum rig_op { OP_READ, OP_WRITE, OP_FOREACH, OP_FOREACH_WRITE, OP_DESTROY_U, OP_CREATE_U, OP_CREATE_W, OP_BREAD, OP_BWRITE, OP_BRESIZE,
	      OP_BITERATE, OP_BCLEAR, OP_DESTROY_BL, OP_CREAD, OP_CWRITE, OP_HREAD, OP_HWRITE, OP_HDESTROY, OP_HCREATE, OP_IWRITE,
	      OP_IDESTROY, OP_STRING_WRITE, OP_SREAD, OP_SWRITE, OP_SENDS, OP_SDESTROY, OP_SCREATE, OP_KLOOK, OP_KINSERT,
	      OP_KREMOVE, OP_KUPDATE, OP_KABSENT, OP_KUNTOLD, OP_KLOOK_C, OP_KINSERT_C, OP_KLOOK_S, OP_KINSERT_S, RIG_OPS };
extern const struct race_op rig_ops[RIG_OPS];

extern unsigned rig_found;               /* findings since rig_begin */
extern struct race_finding rig_last;     /* the last one */
extern unsigned rig_captures;
extern long rig_capacity, rig_entries;   /* of every Sized map */
extern unsigned rig_asked;               /* how often the capacity was asked for */

/* An engine and an oracle without history, and the main thread. */
void rig_begin(int small);
void rig_start(unsigned parent, unsigned child);
void rig_end(unsigned thread);
/* One operation, entered and left. */
void rig_touch(unsigned thread, enum rig_op op, uintptr_t map, uint32_t bucket);
/* One step; 1 when the engine found something. Aborts when engine and oracle disagree, unless lenient, where the engine
 * may miss what the oracle sees. */
int rig_step(const struct step *s, int lenient);
/* The whole script on a fresh engine; threads that no step starts are started by main first. Returns the races. */
unsigned rig_races(const struct step *script, size_t n);
#define RACES_IN(script) rig_races(script, sizeof(script) / sizeof((script)[0]))

#endif
