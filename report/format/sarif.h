/* SPDX-License-Identifier: MIT */
/*
 * sarif.h - the pieces that a SARIF document is made of. Each function gives a new JSON value to its caller.
 */
#ifndef RACE_REPORT_SARIF_H
#define RACE_REPORT_SARIF_H

#include <jansson.h>

#include "format.h"
#include "tell.h"

/* A string of foreign text, made visible; of text that text_end() gave, which is freed. */
json_t *sarif_text(const char *s);
json_t *sarif_made(char *s);
/* {"text": ...} */
json_t *sarif_message(char *made);
/* Percent-encoded: file:///src/a.c, or relative to the source root (with its id). */
json_t *sarif_artifact(const struct format_options *o, const char *file);
/* id < 0: none. message may be NULL (else it is freed). */
json_t *sarif_location(const struct format_options *o, const struct finding_frame *fr, int id, char *message);
json_t *sarif_stack(const struct format_options *o, const struct finding *f, const struct finding_stack *s, char *message);
/* One thread's way to its access, outermost frame first; `order` is the place in time of the last step. */
json_t *sarif_thread_flow(const struct format_options *o, const struct finding *f, const struct finding_access *a, int order);
/* The table of rules, in the order of enum finding_kind. */
json_t *sarif_rules(void);

#endif
