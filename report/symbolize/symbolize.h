/* SPDX-License-Identifier: MIT */
/*
 * symbolize.h - names, lines and inline frames from DWARF and symbol tables, for files by their path. In the command only;
 * the resolver for records is names_of_debug_info (helper.h). Addresses are those in the file: without a load bias.
 */
#ifndef RACE_REPORT_SYMBOLIZE_H
#define RACE_REPORT_SYMBOLIZE_H

#include "../report.h"

/* Where separate debug files are looked for, in libdwfl's syntax; stays the caller's. Before the first file is opened. */
void symbolize_search(char *directories);

/* The frames of a return address, of an address that is meant as it is (entry), or of whichever it looks like. At least one; nothing
 * is known when it has neither file nor function. */
enum { SYMBOLIZE_RETURN, SYMBOLIZE_ENTRY, SYMBOLIZE_MAYBE_ENTRY };
int symbolize_address(const char *path, uint64_t address, int is_entry, struct frame_text *out, int max);

/* "session_table+0x8": the variable or function at an address; 0 none. */
int symbolize_symbol(const char *path, uint64_t address, char *to, size_t cap);

/* Functions that a report shows as `shown` ("name()"): how many there are, where the last one begins, and whether one of
 * them holds the (return) address. */
struct symbolize_named {
	unsigned n;
	uint64_t start;
	int holds;
};
void symbolize_name(const char *path, const char *shown, uint64_t address, struct symbolize_named *out);

/* The file of a module that a process has mapped, opened with its debug file; NULL when it is another one by now. Stays valid until
 * the next call of anything here. */
struct Dwfl_Module;
struct Dwfl_Module *symbolize_open(const struct record_module *m);

#endif
