/* SPDX-License-Identifier: MIT */
/*
 * verbs.h - the functions behind the verbs, each in a file of its own: arguments after the verb in, the status out. What is
 * printed goes to stdout, complaints to stderr, each a line that begins with `race VERB: `. The caller flushes stdout.
 */
#ifndef RACE_REPORT_VERBS_H
#define RACE_REPORT_VERBS_H

#define VERB(name, function, arguments, summary, text) int function(int argc, char **argv);
#include "verbs.def"
#undef VERB

#endif
