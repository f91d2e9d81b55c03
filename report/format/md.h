/* SPDX-License-Identifier: MIT */
/*
 * md.h - Markdown that no foreign text can leave: what comes from a record is a code span, wherever it stands.
 */
#ifndef RACE_REPORT_MD_H
#define RACE_REPORT_MD_H

#include "../findings/advice.h"
#include "format.h"
#include "tell.h"

/* In running text and headings; in a cell of a table, where a bar must not end the cell. */
struct pen pen_md(FILE *to, const struct format_options *o);
struct pen pen_md_cell(FILE *to, const struct format_options *o);

/* "# librace: ..." with the table of findings; at most `limit` bytes of sections follow (0: all). Gives how many were left out. */
size_t md_document(struct findings *set, const struct format_options *o, FILE *to, size_t limit);
/* Pieces of a section, also of other documents. */
void md_stack(struct pen *cell, const struct finding_stack *s, const struct finding_access *a);
void md_facts(FILE *to, const struct format_options *o, const struct finding *f, const struct group *g);
void md_flow(FILE *to, const struct format_options *o, const struct finding *f);
void md_advice(FILE *to, const struct format_options *o, const struct finding *f, const struct sites *sites);
void md_threads(FILE *to, const struct format_options *o, const struct finding *f);

#endif
