/* SPDX-License-Identifier: MIT */
/*
 * render_test.c - SHA-256, fingerprints and JSON of records, with the sanitizers.
 *
 *	render_test sha256              standard input's digest, fed in pieces of changing size
 *	render_test random SEED N       N lines of records made of random bytes, in buffers of random size
 *	render_test names               lines from standard input: the name as it goes into a fingerprint
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preload/sys/os.h"
#include "report/fingerprint.h"
#include "report/json.h"

static uint64_t state;

static uint32_t any(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}

static int sha256(void)
{
	static char all[1 << 20];
	size_t n = fread(all, 1, sizeof(all), stdin), at = 0;
	struct sha256 s;
	uint8_t digest[32];

	state = n;
	sha256_begin(&s);
	while (at < n) {
		size_t piece = 1 + any(200);

		if (piece > n - at)
			piece = n - at;
		sha256_add(&s, all + at, piece);
		at += piece;
	}
	sha256_end(&s, digest);
	for (int i = 0; i < 32; i++)
		printf("%02x", digest[i]);
	printf("\n");
	return 0;
}

static int names(void)
{
	char line[1024], to[512];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		fingerprint_function(line, to, sizeof(to));
		printf("%s\t%.*s\n", to, (int)fingerprint_module(line), line);
	}
	return 0;
}

static void fill(char *to, size_t cap)
{
	static const char *const pieces[] = { "name", "\"", "\\", "\n", "\x1b[31m", "\xff", "\xc3", "\xc3\xa4", "\xe2\x80\xae", "\xf0\x9f\x98\x80", "\xed\xa0\x80",
					      "\xc2\x9b", "\x7f", "(int)", "<a, b>", "/" };
	struct buf b = buf_on(to, cap);

	for (uint32_t n = any(4) ? any(6) : any(200); n; n--)
		buf_str(&b, pieces[any(sizeof(pieces) / sizeof(pieces[0]))]);
}

static int frame(void *unused, const struct record *r, const struct record_frame *f, struct frame_text *out, int max)
{
	int n = 1 + (int)any(3);

	for (int i = 0; i < n && i < max; i++) {
		fill(out[i].function, sizeof(out[i].function));
		fill(out[i].file, sizeof(out[i].file));
		out[i].line = any(3);
		out[i].offset = any(1 << 30);
		out[i].inlined = i + 1 < n;
	}
	return n < max ? n : max;
}

static int object(void *unused, const struct record *r, uint64_t address, char *to, size_t cap)
{
	fill(to, cap);
	return 1;
}

static const struct resolver resolver = { NULL, frame, object, "/src" };

static void random_stack(struct record_stack *s)
{
	s->nframes = any(3) ? any(8) : any(100);
	if (any(2))
		fill(s->op, sizeof(s->op));
	for (int i = 0; i < RECORD_FRAMES; i++)
		s->frames[i].module = any(60);
}

static void random_access(struct record_access *a)
{
	random_stack(&a->stack);
	a->thread = any(6);
	a->nlocks = any(6);
	a->have_note = any(2);
	a->write = any(2);
	a->bucket = any(2) ? any(1000) : 0xffffffffu;
	a->time_ns = any(2) ? any(1 << 30) : 0;
	a->key_kind = any(8);
	fill(a->key, sizeof(a->key));
	a->key_len = any(80);
	a->key_cut = any(2);
	fill(a->context, sizeof(a->context));
	for (int i = 0; i < RECORD_LOCKS; i++)
		a->locks[i] = any(2) ? (uint64_t)any(1u << 31) << 33 | any(1 << 30) : 0;
}

static void random_record(struct record *r)
{
	memset(r, 0, sizeof(*r));
	r->sequence = 1 + any(1000);
	r->kind = any(4); /* the helper checks it */
	r->verdict = any(4);
	r->cause = any(10);
	r->wall_ns = (uint64_t)any(1u << 31) * any(1u << 31);
	fill(r->program, sizeof(r->program));
	fill(r->map_kind, sizeof(r->map_kind));
	if (!r->map_kind[0])
		r->map_kind[0] = 'm';
	fill(r->label, sizeof(r->label));
	r->entries = any(3) - 1;
	r->buckets = any(3);
	r->has_created = any(2);
	r->created_thread = any(6);
	r->location_module = any(60);
	r->location_thread = any(6);
	r->resize_from = any(3);
	r->resize_to = any(3);
	r->nevidence = any(10);
	r->severity = any(5);
	r->confidence = any(200);
	r->usual_lacks = any(5);
	r->usual_lock = any(2) ? 0x1000 : 0;
	r->has_checked = any(2);
	r->compound = any(6);
	for (int i = 0; i < RECORD_EVIDENCE; i++) {
		r->evidence[i].kind = any(14);
		r->evidence[i].module = any(60);
		r->evidence[i].at = any(3);
		fill(r->evidence[i].text, sizeof(r->evidence[i].text));
	}
	random_access(&r->now);
	random_access(&r->before);
	random_stack(&r->created);
	random_stack(&r->checked);
	r->nthreads = any(5);
	r->nmodules = any(RECORD_MODULES + 1);
	for (int i = 0; i < 4; i++) {
		r->threads[i].number = any(3) ? any(5) : RECORD_UNKNOWN_THREAD;
		fill(r->threads[i].name, sizeof(r->threads[i].name));
		random_stack(&r->threads[i].created);
	}
	for (int i = 0; i < RECORD_MODULES; i++) {
		fill(r->modules[i].path, sizeof(r->modules[i].path) - 1);
		strcat(r->modules[i].path, "m");
		r->modules[i].build_id_len = (uint8_t)any(30);
	}
}

static int lines(const char *seed, const char *n)
{
	static char text[1 << 20], line[4 << 20];
	static struct record r;
	struct json_context context = { text, 0, "suite=nightly,bad,x=\x1b,x=2", "", "" };

	state = (uint64_t)atoll(seed);
	for (long i = 0; i < atol(n); i++) {
		size_t room = any(2) ? sizeof(line) : 2000 + any(400000);
		char *exact = malloc(room); /* so that a byte too many is seen */
		struct buf b, t = buf_on(text, any(2) ? sizeof(text) : 1000 + any(20000));

		random_record(&r);
		record_redact(&r, (int)any(2), (int)any(2));
		text_render(&r, &resolver, &t);
		context.text_bytes = t.len;
		b = buf_on(exact, room);
		if (json_render(&r, &resolver, &context, &b))
			fwrite(exact, 1, b.len, stdout);
		else if (room > 60000)
			printf("no room in %zu bytes\n", room);
		free(exact);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "sha256"))
		return sha256();
	if (argc == 2 && !strcmp(argv[1], "names"))
		return names();
	if (argc == 4 && !strcmp(argv[1], "random"))
		return lines(argv[2], argv[3]);
	return 2;
}
