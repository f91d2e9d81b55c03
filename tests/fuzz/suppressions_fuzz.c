/* SPDX-License-Identifier: MIT */
/*
 * suppressions_fuzz.c - any bytes as a suppression file, then matched against a record whose names are the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct suppressions rules;
static struct record record;
static const uint8_t *bytes;
static size_t nbytes;

static void complain(const char *line)
{
	if (strncmp(line, "librace: f:", 11) || strchr(line, '\n') || strchr(line, '\033'))
		abort();
}

static void take(char *to, size_t cap)
{
	size_t n = nbytes < cap - 1 ? nbytes : cap - 1;

	memcpy(to, bytes, n);
	to[n] = 0;
}

static int frame(void *state, const struct record *r, const struct record_frame *f, struct frame_text *out, int max)
{
	memset(out, 0, sizeof(*out));
	take(out->function, sizeof(out->function));
	take(out->file, sizeof(out->file));
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct resolver names = { NULL, frame, NULL, NULL };
	static char text[1 << 16];
	struct buf b = buf_on(text, sizeof(text));

	bytes = data;
	nbytes = size;
	suppressions_parse(&rules, "f", (const char *)data, size, complain);
	for (uint32_t i = 0; i < rules.n; i++) {
		if (!rules.rule[i].pattern[0] || rules.rule[i].line == 0)
			abort();
	}
	record.nthreads = 1;
	record.now.stack.nframes = record.before.stack.nframes = 2;
	take(record.map_kind, sizeof(record.map_kind));
	take(record.label, sizeof(record.label));
	take(record.threads[0].name, sizeof(record.threads[0].name));
	take(record.now.stack.op, sizeof(record.now.stack.op));
	if (suppressions_match(&rules, &record, &names) >= (int)rules.n)
		abort();
	text_render(&record, &names, &b);
	for (size_t i = 0; i < b.len; i++) {
		if ((unsigned char)text[i] < 0x20 && text[i] != '\n')
			abort();
	}
	return 0;
}
