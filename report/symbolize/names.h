/* SPDX-License-Identifier: MIT */
/*
 * names.h - names of C++ functions as people would write them.
 */
#ifndef RACE_REPORT_NAMES_H
#define RACE_REPORT_NAMES_H

#include <stddef.h>

/*
 * A demangled name, shortened: std::string for its long form, no default template arguments, no inline namespaces, no result
 * type, no ">  >". Anything that is not understood stays as it is. Always terminated; what does not fit is cut.
 */
void name_shorten(const char *demangled, char *to, size_t cap);
/* The same for a small place: where it is too long, the parameters go, then the end does (`...`). */
void name_fit(const char *demangled, char *to, size_t cap);

#endif
