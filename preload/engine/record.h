/* SPDX-License-Identifier: MIT */
/*
 * record.h - one finding as plain data: what the run time knows, before anybody looked up a name.
 *
 * The host fills it, the helper process (or, without one, the host) renders it. It is versioned, holds no pointers, and is
 * sent as it lies in memory between two processes of the same build. All other formats come from it.
 */
#ifndef RACE_ENGINE_RECORD_H
#define RACE_ENGINE_RECORD_H

#include <stdint.h>

#define RECORD_MAGIC 0x31434552u /* "REC1" */
#define RECORD_VERSION 4
#define RECORD_FRAMES 64
#define RECORD_MODULES 48
#define RECORD_LOCKS 4

struct record_module {
	uint64_t base;       /* load bias: pc - base is the address in the file */
	uint8_t build_id[20];
	uint8_t build_id_len;
	char path[239];      /* absolute; the executable by its real path */
};

struct record_frame {
	uint64_t pc;          /* return address; of the operation itself: its entry */
	uint32_t module;      /* index into modules, or RECORD_NO_MODULE */
	uint32_t is_entry;    /* pc is a function's first byte, not a return address */
};
#define RECORD_NO_MODULE 0xffffffffu

struct record_stack {
	uint32_t nframes;     /* 0: the stack was lost */
	char op[52];          /* name of the operation when frame 0 is its entry, else "" */
	struct record_frame frames[RECORD_FRAMES];
};

struct record_thread {
	uint32_t number;      /* 0 main; RECORD_UNKNOWN_THREAD when no longer known */
	uint32_t running;
	uint32_t parent;
	uint32_t has_stack;   /* created holds where it was created */
	char name[16];        /* "" when equal to the program's */
	struct record_stack created;
};
#define RECORD_UNKNOWN_THREAD 0xffffffffu

struct record_access {
	uint32_t write;
	uint32_t thread;      /* index into threads */
	uint32_t nlocks;      /* held; the innermost ones are in locks */
	uint32_t have_note;   /* locks, key, bucket, context, ticks are known */
	uint64_t locks[RECORD_LOCKS]; /* as engine.h packs them: address | type << 56 | read << 63 */
	uint64_t time_ns;     /* monotonic */
	uint32_t bucket;      /* 0xffffffff unknown */
	uint32_t key_kind;    /* enum race_key_kind */
	char key[64];         /* text (KEY_STRING), or the 8 bytes of the value */
	uint32_t key_len, key_cut;
	uint32_t key_redacted; /* redact=keys: key[0] is an ordinal, the same for the same key */
	char context[64];
	struct record_stack stack;
};

/* Words of `locks` and values of `key_kind`; the same as engine.h and op.h have them, which emit.c asserts. */
#define RECORD_LOCK_ADDRESS(word) ((word) & 0x00ffffffffffffffull)
#define RECORD_LOCK_TYPE(word) ((unsigned)((word) >> 56 & 7))
#define RECORD_LOCK_READ_MODE(word) ((word) >> 63)
enum record_lock_type { RECORD_LOCK_MUTEX, RECORD_LOCK_RWLOCK, RECORD_LOCK_SPIN, RECORD_LOCK_OTHER };
enum record_key_kind { RECORD_KEY_NONE, RECORD_KEY_BY_MAP, RECORD_KEY_STRING, RECORD_KEY_POINTER, RECORD_KEY_INT,
		       RECORD_KEY_LONG };

enum record_kind { RECORD_RACE, RECORD_DEAD_MAP, RECORD_STALE_ITERATOR, RECORD_CHECK_THEN_ACT };
enum record_verdict { RECORD_POSSIBLE, RECORD_LIKELY, RECORD_CERTAIN };
enum record_cause {
	CAUSE_FORGOTTEN_LOCK, CAUSE_DIFFERENT_LOCKS, CAUSE_READ_LOCK_WRITE, CAUSE_ITERATE_WRITE, CAUSE_FIRST_USE,
	CAUSE_USE_AFTER_DESTROY, CAUSE_PUBLICATION, CAUSE_UNSYNCHRONISED
};

/*
 * The ledger: what speaks against an order that librace would have seen, or for there being none. `supports` tells which: 1 the
 * race, 0 the doubt.
 */
enum record_evidence_kind {
	EVIDENCE_ATOMICS,         /* count read-modify-write instructions in module, the first at `at` (address in the file) */
	EVIDENCE_FENCES,
	EVIDENCE_PAUSES,
	EVIDENCE_WAITS,           /* count loops that only wait for memory to change */
	EVIDENCE_ATOMIC_OBJECT,   /* debug information of module knows atomic objects: text is one of them, with its place */
	EVIDENCE_VOLATILE_OBJECT,
	EVIDENCE_UNKNOWN_CODE,    /* the code of module could not be read, or lies in no file */
	EVIDENCE_POLLED,          /* the later thread slept or gave way count times at one place just before */
	EVIDENCE_HELD_BACK,       /* one side was held inside its call count times, and each time the other came just after */
	EVIDENCE_LEARNED,         /* the same, seen in an earlier run */
	EVIDENCE_USUAL_LOCK,      /* the map's usual lock is missing on one side, and was used by the other before and after */
	EVIDENCE_MET,             /* one side was held inside its call, and the other came all the same */
};
struct record_evidence {
	uint32_t kind, supports;
	uint32_t module;          /* index, or RECORD_NO_MODULE */
	uint32_t count;
	uint64_t at;
	char text[112];
};
#define RECORD_EVIDENCE 8

/* CHECK THEN ACT: what the current thread did with what it had asked before. */
enum record_compound { COMPOUND_INSERT, COMPOUND_REMOVE, COMPOUND_UPDATE, COMPOUND_VALUE_FREED };

/* How much the two accesses can break: the worst first. */
enum record_severity { SEVERITY_HIGH /* two changes of structure */, SEVERITY_MEDIUM /* a resize against a read */,
		       SEVERITY_LOW /* a read against a write */ };

struct record {
	uint32_t magic, version, size; /* size = sizeof(struct record) */
	uint32_t sequence;             /* 1, 2, ... within the process */
	uint32_t pid;
	uint32_t kind, verdict, cause;
	uint64_t wall_ns, time_ns;
	char program[64];

	uint64_t map;
	char map_kind[32], label[48];
	int64_t entries;               /* -1: not known */
	uint32_t buckets;              /* of how many; 0 not known */
	uint32_t has_created;
	uint32_t created_thread;       /* index into threads */
	uint32_t location_module;      /* the map lies in this module's data, or RECORD_NO_MODULE */
	uint32_t location_thread;      /* 1 + index: the map lies on this thread's stack; 0 not */
	uint32_t heap_bytes;           /* size of its heap block, 0 not known */
	uint32_t resize_from, resize_to; /* one of the two accesses resized the map: buckets before and after; else 0 */
	int64_t entries_at_resize;     /* -1: not known */

	uint32_t nevidence;
	uint32_t severity;             /* enum record_severity */
	uint32_t confidence;           /* 0..100: that this is a race of the program */
	uint32_t usual_lacks;          /* 1: now is without the usual lock, 2: before is */
	struct record_evidence evidence[RECORD_EVIDENCE];
	uint64_t usual_lock;           /* the lock held in most accesses of the map, as in locks; 0: there is none, or nobody lacked it */
	uint32_t usual_held, usual_of; /* accesses with it, of all */
	uint32_t has_checked;          /* CHECK THEN ACT: `checked` is where the current thread asked for the key before */
	uint32_t compound;             /* what kind of CHECK THEN ACT: enum record_compound */

	struct record_access now, before;
	struct record_stack created, checked;

	uint32_t nthreads, nmodules;
	struct record_thread threads[4];
	struct record_module modules[RECORD_MODULES];
};

/* It is one of those that the exit status 66 stands for: misuses are reported only where they were asked for. */
static inline int record_counts(const struct record *r)
{
	return r->kind == RECORD_STALE_ITERATOR || r->kind == RECORD_CHECK_THEN_ACT || r->verdict != RECORD_POSSIBLE;
}

#endif
