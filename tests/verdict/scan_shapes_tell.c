/* SPDX-License-Identifier: MIT */
/*
 * scan_shapes_tell.c - the functions of scan_shapes.c as compiled: are they what their names say? One test for each function;
 *
 *	scan_shapes_tell FILE SUFFIX
 */
#include <stdio.h>
#include <string.h>

#include "preload/patch/decode.h"
#include "preload/verdict/scan.h"
#include "tests/patch-unit/functions.h"

static int begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* Calls in the function that only wait. */
static unsigned calls_that_wait(const struct function *f)
{
	const uint8_t *at = f->code, *end = f->code + f->bytes;
	unsigned n = 0;
	struct insn in;

	while (at < end && insn_decode(at, end, &in) != INSN_REFUSED) {
		at += in.length;
		if (in.kind == INSN_CALL || in.kind == INSN_CALL_INDIRECT)
			n += (unsigned)scan_call_waits(at, f->code, end);
	}
	return n;
}

int main(int argc, char **argv)
{
	struct functions all;
	int bad = 0;

	if (argc != 3 || functions_read(&all, argv[1]))
		return 2;
	for (size_t i = 0; i < all.n; i++) {
		const struct function *f = &all.all[i];
		struct scan_marks m = { { 0 }, { 0 }, 0 };
		uint32_t other;
		unsigned calls;
		int right;

		if (!f->bytes || strchr(f->name, '.'))
			continue;
		scan_code(f->code, f->bytes, f->address, 0, &m);
		calls = calls_that_wait(f);
		other = m.count[SCAN_ATOMIC] + m.count[SCAN_FENCE] + m.count[SCAN_PAUSE];
		if (begins(f->name, "waits_"))
			right = m.count[SCAN_WAIT] >= 1 && m.first[SCAN_WAIT] >= f->address &&
				m.first[SCAN_WAIT] < f->address + f->bytes;
		else if (begins(f->name, "none_"))
			right = !m.count[SCAN_WAIT];
		else if (begins(f->name, "polls_"))
			right = calls >= 1 && !m.count[SCAN_WAIT];
		else if (begins(f->name, "works_"))
			right = !calls && !m.count[SCAN_WAIT];
		else
			continue;
		bad |= !right || other;
		if (right && !other)
			printf("ok %s_%s\n", f->name, argv[2]);
		else
			printf("not ok %s_%s: %u loops that wait, %u calls that wait, %u other marks\n", f->name, argv[2],
			       m.count[SCAN_WAIT], calls, other);
	}
	return bad;
}
