/* SPDX-License-Identifier: MIT */
/*
 * report.h - from record to bytes.
 *
 * Renderers take a const record, a resolver for names and a buffer; they allocate nothing and run in the host process
 * (names from dynamic symbol tables) as well as in the helper (names, lines and inline frames from DWARF).
 */
#ifndef RACE_REPORT_REPORT_H
#define RACE_REPORT_REPORT_H

#include "../preload/engine/record.h"
#include "../preload/sys/fmt.h"

/* One source-level frame; a machine frame with inlined calls gives several, innermost first. */
struct frame_text {
	char function[256];   /* "" when unknown: shown as ?? */
	char file[512];       /* "" without debug info */
	uint32_t line;
	uint64_t offset;      /* shown as +0x: from the function's start with debug info, else from the module's base */
	int inlined;
};
#define FRAME_TEXTS 8

struct resolver {
	void *state;
	/* Fills at most max frames, returns how many (>= 1). */
	int (*frame)(void *state, const struct record *r, const struct record_frame *f, struct frame_text *out, int max);
	/* "session_table+0x0": the global variable at an address; 0 when unknown. */
	int (*object)(void *state, const struct record *r, uint64_t address, char *to, size_t cap);
	const char *strip_prefix; /* left out of file names; NULL none */
};

/* The whole report of contract grammar, including both ========= lines. */
void text_render(const struct record *r, const struct resolver *names, struct buf *out);

/* 1 when the frame belongs to a library that is not the user's: system directories, and what owns hooked functions. */
int module_is_system(const char *path);
/* Index of the user's first frame, the one that is marked; -1 when the stack has none. */
int stack_user_frame(const struct record *r, const struct record_stack *s);
/* The same, passing over code of headers that was inlined or instantiated there; *text: which of the frame's texts. */
int stack_user_text(const struct record *r, const struct resolver *names, const struct record_stack *s, int *text);

/* The two lines of a frame; module: its base name, shown where there is no file. */
void text_frame(struct buf *out, const char *module, const struct frame_text *t, int mark, const char *prefix);
/* `main thread`, `thread 3`. */
void text_thread(struct buf *out, const struct record *r, uint32_t index);
/* The finding is about two calls; else nothing is known of what came before. */
int text_has_before(const struct record *r);
/* The name of the user's first function in a stack, "" when there is none. */
void text_user_name(struct buf *out, const struct record *r, const struct resolver *names, const struct record_stack *s);
/* The line `Verdict: CLASS: why; ledger; severity, confidence` (verdict.c). */
void verdict_render(const struct record *r, const struct resolver *names, struct buf *out);
/* `name()`, without the parameters that the name has. */
void text_name(struct buf *out, const char *name);
/* The text is code of headers that was inlined or instantiated: not what the user wrote. */
int text_is_library_code(const struct frame_text *t);

/* redact=: takes the texts of keys, or of race_context(), out of the record before anybody else sees it. */
void record_redact(struct record *r, int keys, int notes);

/* ---- suppressions -------------------------------------------------------------------------------------------------- */

enum suppression_type { SUPPRESS_RACE, SUPPRESS_RACE_TOP, SUPPRESS_CALLED_FROM_LIB, SUPPRESS_MAP, SUPPRESS_THREAD };
struct suppression {
	enum suppression_type type;
	char pattern[200];
	uint32_t line, matched;
};
#define SUPPRESSIONS 512
struct suppressions {
	char file[512];
	uint32_t n;
	struct suppression rule[SUPPRESSIONS];
};
/* Parses TSan's syntax. complain gets one complete line per bad place: file:line:column, what, what is allowed. */
void suppressions_parse(struct suppressions *s, const char *file, const char *text, size_t bytes,
			void (*complain)(const char *line));
/* Index of the first rule that matches, or -1. */
int suppressions_match(const struct suppressions *s, const struct record *r, const struct resolver *names);
const char *suppression_type_name(enum suppression_type type);
int suppression_pattern_matches(const char *pattern, const char *text);

/* ---- host <-> helper -------------------------------------------------------------------------------------------------
 * A stream socket; each message is a header and its body. The host sends HELLO once, then RECORDs; the helper answers
 * an ASK with OBJECTS, and each RECORD with WRITING just before it writes the text (not when suppressed), and DONE after text and line of
 * the record are out. A helper that is gone without having said WRITING has printed nothing; with it, the text counts as printed, and
 * the record can be asked (preload/record_file.h). End of file ends the helper. */

enum helper_message_type { HELPER_HELLO = 1, HELPER_RECORD = 2, HELPER_DONE = 3, HELPER_WRITING = 4, HELPER_ASK = 5, HELPER_OBJECTS = 6 };
struct helper_header {
	uint32_t magic, type, bytes; /* bytes of the body */
};
#define HELPER_MAGIC 0x5248454cu
#define HELPER_PATH 5400
struct helper_hello {
	uint32_t version;             /* RECORD_VERSION */
	uint32_t suppression_bytes;   /* that much text follows the struct */
	char strip_prefix[1024];
	char suppression_file[512];
	char output_path[HELPER_PATH]; /* "": write to the descriptor; else opened for appending at the first report */
	char tags[1024], traceparent[64];
	char on_report[1024];         /* a command for /bin/sh; "" none */
};
struct helper_done {
	uint32_t sequence;
	int32_t suppressed_by;        /* rule index, -1: printed */
	int32_t write_error;          /* errno, 0 fine */
};
/* ASK: whether the debug information of a module knows atomic or volatile objects of its own; OBJECTS answers it. */
struct helper_ask {
	uint32_t sequence;
	struct record_module module;
};
struct helper_objects {
	uint32_t sequence;
	uint32_t known;               /* 0: no debug information, or too much of it */
	uint32_t atomic, is_volatile; /* how many; counting may stop at the first */
	char atomic_text[sizeof(((struct record_evidence *)0)->text)]; /* "ready (src/main.c:12)" */
	char volatile_text[sizeof(((struct record_evidence *)0)->text)];
};

#endif
