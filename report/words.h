/* SPDX-License-Identifier: MIT */
/*
 * words.h - what the text (text.c, verdict.c) and the record (json.c) of a finding say alike: each word stands once.
 *
 * Runs      as text.c does: in the helper and in the host, no allocation, no stdio, one report at a time.
 */
#ifndef RACE_REPORT_WORDS_H
#define RACE_REPORT_WORDS_H

#include "report.h"

/* NULL when the index is bad or nothing is known of it. */
const struct record_thread *words_thread_at(const struct record *r, uint32_t index);
const struct record_module *words_module_at(const struct record *r, const struct record_frame *f);
/* The source frames of machine frame i, innermost first: how many, at least 1, at most FRAME_TEXTS. */
int words_frames(const struct record *r, const struct resolver *names, const struct record_stack *s, uint32_t i,
		 struct frame_text *texts);
const char *words_file(const char *file, const char *prefix); /* without the prefix */
/* Length of a demangled name without its parameters. */
size_t words_name_length(const char *name);

int words_has_key(const struct record_access *a);
uint32_t words_key_length(const struct record_access *a); /* RECORD_KEY_STRING */
int64_t words_key_value(const struct record_access *a);   /* the others */
extern const char words_redacted[];                       /* what stands for a text that was asked to be left out */

const char *words_kind(const struct record *r);        /* "DATA RACE" */
const char *words_class(const struct record *r);       /* "likely" */
const char *words_severity(const struct record *r);
uint32_t words_confidence(const struct record *r);     /* 0..100 */
const char *words_cause_label(const struct record *r); /* "forgotten-lock" */
const char *words_lock_type(uint64_t word);            /* "mutex" */
void words_cause(struct buf *out, const struct record *r);   /* "thread 3 holds no lock that main thread held" */
void words_verdict(struct buf *out, const struct record *r, const struct resolver *names); /* the line behind "Verdict: " */
int words_location(struct buf *out, const struct record *r, const struct resolver *names); /* 0: not known */

#endif
