/* SPDX-License-Identifier: MIT */
/*
 * trace_format.h - a trace file, as it lies on disk: written by librace.so through a mapping, read by `race`.
 *
 *   header   one page
 *   chunks   of TRACE_CHUNK bytes each: a chunk header, then either events of one thread after another (32 bytes each, some
 *            with text behind them), or entries of the dictionary (of any size that is a multiple of 8)
 *
 * Order      chunks have a serial number that grows with the time at which they were begun. A thread's events lie in chunks of growing
 *            serial numbers, in the order in which they happened. Dictionary entries likewise: the last one about something holds.
 * Ring       when all chunks are used, the one of events with the lowest number that no thread is writing is begun anew. The dictionary is
 *            never overwritten; it ends at half of the file.
 * Crash      a chunk is valid up to `used`, which is set after the event was written. Nothing else has to be closed or flushed.
 * Times      ticks (of the time stamp counter on x86-64), turned into ns of CLOCK_MONOTONIC by the two points in the header.
 *
 * Plain data, in the byte order of the machine; `order` tells which. A reader trusts nothing in here.
 */
#ifndef RACE_TRACE_FORMAT_H
#define RACE_TRACE_FORMAT_H

#include <stdint.h>

#define TRACE_MAGIC 0x3154454341524c52ull /* "RLRACET1" */
#define TRACE_VERSION 1
#define TRACE_ORDER 0x01020304u
#define TRACE_HEADER 4096
#define TRACE_CHUNK 16384
#define TRACE_CHUNK_MAGIC 0x4b4e4843u /* "CHNK" */

struct trace_header {
	uint64_t magic;
	uint32_t version, order;
	uint32_t header_bytes, chunk_bytes;
	uint32_t chunks;             /* that were ever begun, in the file's order */
	uint32_t limit;              /* of them there may be so many */
	uint32_t pid, ppid;
	uint64_t process_start;      /* field 22 of /proc/PID/stat: the same process goes on after an exec */
	uint64_t wall_ns;            /* CLOCK_REALTIME at point 0 */
	uint64_t ticks0, ns0;        /* point 0: the start of the process */
	uint64_t ticks1, ns1;        /* point 1: the last time that anybody looked */
	uint64_t started_ticks;      /* when recording began for the first time; 0: it has not */
	uint64_t deadline_ticks;     /* not to be believed after that; UINT64_MAX: none */
	uint64_t lost;               /* events that found no room */
	uint64_t lost_words;         /* dictionary entries that found no room */
	uint64_t overwritten;        /* chunks of events that were begun anew */
	uint32_t stops;              /* times that recording was stopped */
	uint32_t ended;              /* the process ended by itself: 1 + its status */
	char program[256];           /* path */
	char version_text[32];       /* of librace */
};

enum trace_chunk_kind { TRACE_EVENTS = 1, TRACE_WORDS };
struct trace_chunk {
	uint32_t magic, kind;
	uint64_t serial;             /* from 1 */
	uint32_t thread;             /* number of the thread whose events come first */
	uint32_t used;               /* bytes behind this header */
	uint64_t pad[5];
};
_Static_assert(sizeof(struct trace_chunk) == 64, "events are aligned");

/* ---- events ------------------------------------------------------------------------------------------------------------ */

enum trace_type {
	TRACE_NONE,
	TRACE_OP_BEGIN,   /* id: word of the op; object: map; stack; a: locks held (8 bits), incarnation of the map << 8; b: frame */
	TRACE_OP_END,     /* the same op: id, object, b; a: entries or TRACE_UNKNOWN; stack: buckets, 0 not known */
	TRACE_CALL,       /* a call that has ended: id: word of the call; object; stack or 0; begin: when it began; flags: TRACE_OK ... */
	TRACE_THREAD,     /* from here on the events are of thread `object`; a: kernel's number */
	TRACE_CREATE,     /* thread `object` is about to be created; stack */
	TRACE_BORN,       /* the thread runs; a: parent */
	TRACE_GONE,       /* the thread ends */
	TRACE_FINDING,    /* id: kind; flags: class; object: map; a: sequence in the process */
	TRACE_PAUSE,      /* librace kept the thread: begin; flags: 1 a report, 0 a held call */
	TRACE_CONTEXT,    /* race_context(): a: bytes of text, which lies in the 32-byte units behind; 0: cleared */
	TRACE_MAP_BEGIN,  /* a map was created: id: op; object: map; stack; a: incarnation << 8 */
	TRACE_TYPES
};
#define TRACE_UNKNOWN 0xffffffffu
#define TRACE_TEXT 64 /* bytes of a context that are kept */

enum trace_call_flags { TRACE_OK = 1 /* got what it asked for */, TRACE_HOLDS = 2 /* the thread held locks when it began */ };

struct trace_event {
	uint64_t ticks;
	uint8_t type, flags;
	uint16_t id;
	uint32_t stack;
	uint64_t object;
	union {
		struct {
			uint32_t a, b;
		};
		uint64_t begin;
	};
};
_Static_assert(sizeof(struct trace_event) == 32, "two in a cache line");

/* ---- the dictionary ------------------------------------------------------------------------------------------------------ */

enum trace_word_type { WORD_OP = 1, WORD_CALL, WORD_MODULE, WORD_STACK, WORD_THREAD, WORD_NAME, WORD_MAP, WORD_FINDING, WORD_TYPES };

struct trace_word {
	uint16_t type, bytes; /* with this header: a multiple of 8 */
	uint32_t id;
};
struct trace_word_op {
	struct trace_word word;  /* id: as in events */
	uint8_t role, access, flags, pad;
	char name[52], kind[32];
};
/* What a call does, for locks: who takes what. */
enum trace_category { CATEGORY_MAP, CATEGORY_LOCK, CATEGORY_THREAD, CATEGORY_IO, CATEGORY_LIBRACE, CATEGORIES };
enum trace_call_role { CALL_TAKE, CALL_TAKE_SHARED, CALL_GIVE, CALL_WAIT /* gives the lock `object`, and has it again at its end */,
		       CALL_SIGNAL, CALL_ACQUIRE /* waits for something that is not held after it */, CALL_CREATE, CALL_JOIN,
		       CALL_SLEEP, CALL_IO, CALL_ROLES };
struct trace_word_call {
	struct trace_word word;
	uint8_t category, role, pad[6];
	char name[48];
};
struct trace_word_module {
	struct trace_word word;
	uint64_t lo, hi, base;
	uint64_t build_id_bytes;
	uint8_t build_id[24];
	char path[256];
};
struct trace_word_stack {
	struct trace_word word;  /* id: of the stack */
	uint32_t op, n;          /* id of its op + 1, 0 none; return addresses, innermost first */
	uint64_t pc[];
};
struct trace_word_thread {
	struct trace_word word;  /* id: number */
	uint32_t parent, stack, kernel, pad;
};
struct trace_word_name {
	struct trace_word word;  /* id: number of the thread */
	char name[16];
};
struct trace_word_map {
	struct trace_word word;  /* id: incarnation */
	uint64_t map;
	uint32_t created_stack, created_thread;
	char kind[32], label[48];
};
struct trace_word_finding {
	struct trace_word word;  /* id: sequence */
	uint32_t kind, verdict;  /* as record.h numbers them */
	uint64_t map;
	uint64_t now_ticks, before_ticks;
	uint32_t now_thread, before_thread;
	uint32_t now_stack, before_stack;
	uint32_t now_write, before_write;
	uint32_t cause, pad;
};

#endif
