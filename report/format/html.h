/* SPDX-License-Identifier: MIT */
/*
 * html.h - the parts of the HTML page (format_html.c) among themselves.
 *
 * Escaping  whatever comes from a record goes through html_text() or one of the functions here that use it; it is right for
 *           the content of elements and for attributes in double quotes, and nowhere else: no record text gets into the script,
 *           the style sheet or an address. What is printed by fprintf is ours.
 */
#ifndef RACE_REPORT_HTML_H
#define RACE_REPORT_HTML_H

#include <stdio.h>

#include "../findings/findings.h"
#include "format.h"

/* html/page.html, html/style.css and html/page.js, each with a NUL behind it (html_assets.c). */
extern const char html_page[], html_style[], html_script[];

/*
 * Text for content and attributes. Characters that turn the direction of writing or have no shape are shown by number, `<U+202E>`;
 * control characters and bytes that are no UTF-8 become U+FFFD.
 */
void html_text(FILE *to, const char *s);
void html_text_n(FILE *to, const char *s, size_t n);
/* At most `letters` of them, the last one an ellipsis when there are more: for drawings, which cannot wrap. */
void html_short(FILE *to, const char *s, size_t letters);
size_t html_letters(const char *s);

void html_number(FILE *to, int64_t n);             /* 8,200 */
void html_span(FILE *to, int64_t ns);              /* 8.2 µs */
void html_time(FILE *to, const char *rfc3339);     /* 20 Nov 2026, 08:15:30 UTC; what is no such time stays as it is */
void html_plural(FILE *to, int64_t n, const char *one, const char *many);

/* `main thread`, `thread 3 "worker-1"`; plain text into `name`, not yet escaped. */
const char *html_thread(const struct finding_thread *t, char *name, size_t cap);
const char *html_thread_of(const struct finding *f, const struct finding_access *a, char *name, size_t cap);

/* html_finding.c: the inside of a finding. */
void html_finding(FILE *to, const struct finding *f, const struct group *g, const struct format_options *o);
void html_headline(FILE *to, const struct finding *f); /* with the functions marked as code */
/* html_stack.c */
void html_stack(FILE *to, const struct finding_stack *s, const struct format_options *o);
/* html_figure.c: the two drawings. */
void html_timeline(FILE *to, const struct finding *f);
void html_lineage(FILE *to, const struct finding *f);

#endif
