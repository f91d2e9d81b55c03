/* SPDX-License-Identifier: MIT */
/*
 * tell.h - what a finding says, in words: the phrases that all formats for people share.
 *
 * Words     of ours are written as they are, and hold nothing that Markdown or a terminal takes for markup. What comes from a
 *           record (names, keys, paths) goes through the pen's `foreign`, which quotes it for the format at hand.
 * Foreign   texts never bring marks that turn the direction of writing or hide a letter: tell_shown() has made them visible.
 */
#ifndef RACE_REPORT_TELL_H
#define RACE_REPORT_TELL_H

#include <stdio.h>

#include "../findings/findings.h"
#include "format.h"

struct pen {
	FILE *to;
	void (*foreign)(FILE *to, const char *text, size_t n); /* one item, n > 0 */
	const struct format_options *options;                  /* for file names; NULL: as they are */
};

struct pen pen_plain(FILE *to);

/* A text that is built piece by piece. text_end gives a string to free. Out of memory ends the command with one line. */
struct text {
	char *at;
	size_t n;
	FILE *to;
};
FILE *text_begin(struct text *t);
char *text_end(struct text *t);

/*
 * A copy (to free) with every mark that has no shape of its own (direction overrides and isolates, zero-width letters, line and
 * paragraph separators, what is left of control characters) as <U+202E>.
 */
char *tell_shown(const char *s);

/* Foreign text by a printf format: the result is one item. */
void pen_put(struct pen *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pen_say(struct pen *p, const char *format, ...) __attribute__((format(printf, 2, 3))); /* words of ours */

void tell_thread(struct pen *p, const struct finding_thread *t);       /* main thread; thread 3 "worker-1" */
void tell_thread_of(struct pen *p, const struct finding *f, const struct finding_access *a); /* the same; unknown thread */
void tell_place(struct pen *p, const struct finding_frame *fr);        /* src/cache.c:42; prog +0x1b */
void tell_where(struct pen *p, const struct finding_stack *s);         /* cache_put() at src/cache.c:42: the user's frame */
/* The call of that side; of both sides once when it is the same place. */
void tell_sides(struct pen *p, const struct finding *f, int now, int before);
void tell_locks(struct pen *p, const struct finding_access *a);        /* no lock; mutex 0x55 (read) and rwlock 0x66 */
void tell_lock(struct pen *p, const struct finding_lock *l);
void tell_map(struct pen *p, const struct finding *f);                 /* GHashTable "session cache" */
void tell_key(struct pen *p, const struct finding_access *a);          /* "alice"; 17 */
void tell_time(struct pen *p, int64_t ns);                             /* 8.2 us */
void tell_apart(struct pen *p, const struct finding *f);               /* overlapped; 8.2 us after it */
void tell_class(struct pen *p, const struct finding *f);               /* data race, certain */
void tell_headline(struct pen *p, const struct finding *f);
const char *tell_access(const struct finding_access *a);               /* "write" */

/* data-race, use-of-dead-map, ...: a name for programs. */
const char *tell_rule(enum finding_kind kind);
/* The stack that belongs to a thread other than main, or NULL. */
const struct finding_stack *tell_created(const struct finding_thread *t);
/* The first frame with a source file, the user's before others; of the current access, else of the previous one. NULL. */
const struct finding_frame *tell_source(const struct finding *f);

/* What is shown of a set: `all` or what counts. NULL at the end. *at begins with 0. */
const struct group *tell_next(const struct findings *set, int all, size_t *at);

/* Takes --source-root=DIR out of the arguments, wherever it stands; gives how many are left. -1: another option, told. */
int tell_options(int argc, char **argv, struct format_options *o, const char *verb);

#endif
