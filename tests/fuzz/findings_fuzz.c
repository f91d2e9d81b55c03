/* SPDX-License-Identifier: MIT */
/*
 * findings_fuzz.c - any bytes as a record or as a text log: loaded, found again, and written in every format that this part has.
 *
 * Holds     nothing but printable text and newlines comes out, on either stream; JSON that is accepted is accepted by jansson, too,
 *           and the other way round, but for the limits of each.
 *
 * With FINDINGS_FUZZ_RUNS it has a main of its own that mutates the files it is given, always the same way: for the tests.
 */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/findings/findings.h"
#include "report/findings/findings_text.h"
#include "report/format/format.h"
#include "report/util/json_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/rt-fuzz.XXXXXX", path[2][80];

static void cleanup(void)
{
	unlink(path[0]);
	unlink(path[1]);
	rmdir(folder);
}

static void start(void)
{
	if (path[0][0])
		return;
	if (!mkdtemp(folder))
		abort();
	snprintf(path[0], sizeof(path[0]), "%s/record.1.jsonl", folder);
	snprintf(path[1], sizeof(path[1]), "%s/log.1.txt", folder);
	atexit(cleanup);
}

/* What a terminal could obey: control bytes, the 8-bit ones too, and bytes that are no text. */
static void check_text(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c < 0x20 && c != '\n') || c == 0x7f || (c == 0xc2 && (unsigned char)s[i + 1] < 0xa0))
			abort();
	}
}

static void write_file(const char *name, const uint8_t *data, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

static void load(char *name)
{
	static format_function *const formats[] = { format_text, format_json, format_jsonl };
	static const struct format_options options = { .source_root = "/src", .all = 1 };
	char *out = NULL, *complaints = NULL;
	size_t n = 0, ncomplaints = 0;
	FILE *to = open_memstream(&out, &n), *real = stderr;
	struct findings set;

	stderr = open_memstream(&complaints, &ncomplaints);
	if (findings_load(&set, "fuzz", 1, &name) != 0)
		abort();
	for (unsigned i = 0; i < 3; i++)
		formats[i](&set, &options, to);
	for (size_t i = 0; i < set.ngroups && i < 4; i++) {
		const struct group *g = findings_find(&set, "fuzz", set.groups[i].fingerprint);

		if (g != &set.groups[i])
			abort();
	}
	/* the file is another one by now: what it held is gone, and told */
	if (set.ngroups) {
		write_file(name, (const uint8_t *)"{}\n", 3);
		if (findings_get(&set, &set.groups[0]))
			abort();
	}
	findings_free(&set);
	fclose(to);
	fclose(stderr);
	stderr = real;
	check_text(out, n);
	check_text(complaints, ncomplaints);
	free(out);
	free(complaints);
}

/* Numbers that only one of the two can hold; nesting and NUL bytes in names, which only one takes. */
static int comparable(const uint8_t *data, size_t size)
{
	size_t digits = 0, depth = 0;

	for (size_t i = 0; i < size; i++) {
		digits = data[i] >= '0' && data[i] <= '9' ? digits + 1 : 0;
		depth += data[i] == '[' || data[i] == '{';
		if (digits > 15 || depth > 40 || ((data[i] | 32) == 'e' && i + 1 < size && strchr("0123456789+-", data[i + 1])))
			return 0;
	}
	return !memmem(data, size, "\\u0000", 6);
}

static void compare(const uint8_t *data, size_t size)
{
	struct arena arena = { NULL, 0 };
	const char *why;
	json_error_t error;
	json_t *theirs;
	char *copy;
	size_t at;
	int ours;

	if (!comparable(data, size))
		return;
	copy = malloc(size + 1);
	memcpy(copy, data, size);
	copy[size] = 0;
	ours = jr_read(&arena, copy, size, &why, &at) != NULL;
	theirs = json_loadb((const char *)data, size, JSON_DECODE_ANY, &error);
	if (ours != (theirs != NULL)) {
		fprintf(stderr, "%s here, %s there: %.*s\n", ours ? "accepted" : why, theirs ? "accepted" : error.text, (int)size, data);
		abort();
	}
	json_decref(theirs);
	arena_free(&arena);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = memchr(data, '\n', size);

	start();
	compare(data, newline ? (size_t)(newline - data) : size);
	for (int i = 0; i < 2; i++) {
		write_file(path[i], data, size);
		load(path[i]);
	}
	return 0;
}

#ifdef FINDINGS_FUZZ_RUNS

static uint64_t state = 88172645463325252u;

static uint64_t draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static size_t mutate(uint8_t *d, size_t n, size_t cap)
{
	static const char *const words[] = { "\033[31m", "\xc2\x9b", "\xff", "\\u001b", "\\u0000", "\"", "\\", "{", "[", "}", "]", "-1", "1e999",
					     "99999999999999999999", "null", "true", "==================\n", "WARNING: DATA RACE\n", "\n",
					     "\r", "  [failed to restore the stack]\n", "\\ud800", "\"schema\":2", "/", "..", "+0x" };

	for (uint64_t k = 1 + draw(4); k-- > 0 && n > 4;) {
		const char *word = words[draw(sizeof(words) / sizeof(words[0]))];
		size_t at = draw(n), some = 1 + draw(draw(8) ? 16 : n / 2), len = strlen(word);

		switch (draw(5)) {
		case 0:
			d[at] ^= (uint8_t)(1u << draw(8));
			break;
		case 1:
			if (n + len <= cap) {
				memmove(d + at + len, d + at, n - at);
				memcpy(d + at, word, len);
				n += len;
			}
			break;
		case 2:
			some = some < n - at ? some : n - at;
			memmove(d + at, d + at + some, n - at - some);
			n -= some;
			break;
		case 3:
			some = some < n - at ? some : n - at;
			if (n + some <= cap) {
				memmove(d + at + some, d + at, n - at);
				n += some;
			}
			break;
		case 4:
			n = draw(6) ? n : at;
			break;
		}
	}
	return n;
}

int main(int argc, char **argv)
{
	static uint8_t seed[1 << 16], data[1 << 17];

	for (int run = 0; run < FINDINGS_FUZZ_RUNS; run++) {
		FILE *f = fopen(argv[1 + run % (argc - 1)], "r");
		size_t n = f ? fread(seed, 1, sizeof(seed), f) : 0;

		if (!f)
			return 2;
		fclose(f);
		memcpy(data, seed, n);
		n = mutate(data, n, sizeof(data));
		LLVMFuzzerTestOneInput(data, n);
	}
	printf("%d runs\n", FINDINGS_FUZZ_RUNS);
	return 0;
}

#endif
