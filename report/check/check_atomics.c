/* SPDX-License-Identifier: MIT */
/*
 * check_atomics.c - the marks of inlined synchronisation in a file: those that count at run time, by the code that finds them
 * there (preload/verdict/scan.c).
 */
#include "check.h"

#include "../../preload/verdict/scan.h"

void check_atomics_count(struct check_module *m)
{
	struct check_atomics *a = &m->atomics;
	struct scan_marks marks = {0};

	scan_module(&m->map, 0, &marks);
	a->locked = marks.count[SCAN_ATOMIC] - marks.exchanges;
	a->exchanges = marks.exchanges;
	a->fences = marks.count[SCAN_FENCE];
	a->pauses = marks.count[SCAN_PAUSE];
	a->waits = marks.count[SCAN_WAIT];
	for (size_t i = 0; i < m->elf.nheaders; i++) {
		if (m->elf.headers[i].p_type == PT_LOAD && (m->elf.headers[i].p_flags & PF_X))
			a->bytes += m->elf.headers[i].p_filesz;
	}
}
