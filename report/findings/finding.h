/* SPDX-License-Identifier: MIT */
/*
 * finding.h - findings as the `race` command reads them back: from records (PROGRAM.PID.jsonl) or from text logs.
 *
 * Owns      nothing: a finding and all its texts live in the arena of whoever loaded it, and are not changed after that.
 * Trust     none. The loader has checked every text (valid UTF-8, no control characters) and every count, so renderers
 *           need only the quoting of their own format.
 * Missing   a text that is not known is NULL, never ""; numbers that are not known are -1.
 */
#ifndef RACE_REPORT_FINDING_H
#define RACE_REPORT_FINDING_H

#include <stddef.h>
#include <stdint.h>

#define FINGERPRINT_DIGITS 32 /* hexadecimal; people type the first few */
#define RECORD_SCHEMA 1       /* "schema" of every line; docs/RECORD.md */

enum finding_kind { FINDING_RACE, FINDING_DEAD_MAP, FINDING_STALE_ITERATOR, FINDING_CHECK_THEN_ACT };
enum finding_class { CLASS_NONE /* not a data race, or not said */, CLASS_POSSIBLE, CLASS_LIKELY, CLASS_CERTAIN };

struct finding_frame {
	const char *function; /* without (); NULL: unknown */
	const char *file;     /* source file; NULL without debug information */
	int line;             /* -1 */
	const char *module;   /* base name of the file that holds the code; NULL in a text log where the frame has a source line */
	const char *build_id; /* hexadecimal; NULL */
	int64_t offset;       /* what the text shows as +0x; -1 */
	int64_t address;      /* in the file of the module; -1 */
	uint8_t user;         /* the user's first frame: the one that is marked */
	uint8_t system;       /* code of a library that is not the user's */
	uint8_t inlined;
};

struct finding_stack {
	struct finding_frame *frames; /* innermost first; the first is the operation where `operation` is given */
	int n;                        /* 0: lost */
};

struct finding_lock {
	const char *type;    /* "mutex", "rwlock", "spin lock", "lock" */
	const char *address; /* "0x..." */
	int shared;          /* held in read mode */
};

struct finding_access {
	int write;
	const char *operation; /* "g_hash_table_insert"; NULL */
	int thread;            /* index into the finding's threads; -1 */
	struct finding_lock *locks;
	int nlocks;            /* in `locks` */
	int held;              /* all that were held, of which locks has the innermost; -1 */
	const char *key_type, *key; /* "string", "pointer", "int", "long"; text without quotes */
	int key_cut;          /* the key goes on */
	int64_t bucket;
	const char *context;   /* race_context() of the thread */
	int64_t time_ns;       /* monotonic */
	struct finding_stack stack;
};

struct finding_thread {
	int number;           /* 0: main */
	const char *name;
	int running;          /* -1 not known */
	int parent;           /* number; -1 */
	struct finding_stack created;
};

struct finding_evidence {
	const char *kind;     /* "atomics", "polled" ...: docs/RECORD.md */
	int supports;         /* 1 the race, 0 the doubt */
	int64_t count;
	const char *module, *text;
	int64_t at;           /* address in the module; -1 */
};

struct finding {
	char fingerprint[FINGERPRINT_DIGITS + 1];
	enum finding_kind kind;
	enum finding_class class;
	int counts;               /* for the gate: as the exit status 66 counts it */
	const char *severity;     /* "high", "medium", "low" */
	int confidence;           /* 0..100 */
	const char *cause, *cause_text; /* label of the closed list; the words behind it */
	const char *verdict;      /* the words of the Verdict line */
	const char *compound;     /* CHECK THEN ACT: "insert", "remove", "update", "value-freed"; NULL */
	const char *text;         /* the whole report as it was printed, both rules included; control characters taken out */

	const char *program;
	int64_t pid, sequence;
	const char *time;         /* RFC 3339, UTC */
	int64_t gap_ns;           /* between the two accesses */

	const char *map_kind, *map_address, *map_label, *location;
	int64_t entries, buckets;
	int64_t resize_from, resize_to, resize_entries;
	int created_by;           /* index into threads; -1 */
	struct finding_stack created;

	struct finding_access now, before;
	int has_before;
	struct finding_stack checked; /* CHECK THEN ACT: where it was asked for */

	struct finding_lock usual_lock; /* type NULL: none */
	int64_t usual_held, usual_of;
	const char *usual_lacks;  /* "current", "previous", "both" */

	struct finding_evidence *evidence;
	int nevidence;
	struct finding_thread *threads;
	int nthreads;
	const char *const *tags;  /* "key=value", NULL-terminated; NULL when there are none */
};

/* "DATA RACE", "USE OF DEAD MAP", ... */
const char *finding_kind_name(enum finding_kind kind);
const char *finding_class_name(enum finding_class class); /* "" for CLASS_NONE */
/* The marked frame, else the first that is not a system library's, else the first; NULL when the stack is lost. */
const struct finding_frame *finding_user_frame(const struct finding_stack *s);
const struct finding_thread *finding_thread_of(const struct finding *f, const struct finding_access *a); /* NULL: unknown */
/* "Write to GHashTable \"session cache\" in cache_put() races with read in cache_get()": one line without markup. */
void finding_headline(const struct finding *f, char *to, size_t cap);

#endif
