/* SPDX-License-Identifier: MIT */
/*
 * rules_fuzz.c - any bytes as a rules file: every rule that comes out is whole and points into the text, every complaint is
 * one line of printable text with its place, and a line is either a rule or a complaint.
 *
 * With libFuzzer, or alone: RULES_FUZZ_RUNS makes a program that changes the files given to it that many times, the same
 * way in every run.
 */
#include "preload/rules/rules.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rules rules;
static uint32_t lines;

#define CHECK(condition)                                                                                             \
	do {                                                                                                         \
		if (!(condition))                                                                                    \
			abort();                                                                                     \
	} while (0)

static void check_line(const char *line)
{
	CHECK(!strncmp(line, "librace: rules=f:", 17));
	CHECK(line[17] >= '1' && line[17] <= '9');
	CHECK(strlen(line) < 1500);
	lines++;
	for (; *line; line++)
		CHECK((unsigned char)*line >= 0x20 && *line != 0x7f);
}

static const char *text;
static size_t bytes;

static void check_text(struct rule_text t)
{
	CHECK(t.s >= text && t.s + t.n <= text + bytes);
	for (uint32_t i = 0; i < t.n; i++)
		CHECK(t.s[i] && t.s[i] != '\n' && t.s[i] != ' ');
}

static int is_arg(uint8_t n)
{
	return n == RULE_NO_ARG || n < RULE_ARGS;
}

static void check_rule(const struct rule *r, uint32_t after)
{
	check_text(r->module);
	check_text(r->symbol);
	check_text(r->source);
	CHECK(r->module.n && r->symbol.n && r->line > after && r->column >= 3);
	CHECK(r->role < RULE_ROLES);
	CHECK(is_arg(r->key_arg) && is_arg(r->length_arg) && is_arg(r->bucket_arg));
	CHECK((r->key == RULE_KEY_NONE) == (r->key_arg == RULE_NO_ARG));
	CHECK((r->key == RULE_KEY_COUNTED) == (r->length_arg != RULE_NO_ARG));
	CHECK(r->place.kind != PLACE_RESULT || r->role == ROLE_CREATE);
	if (r->place.kind == PLACE_GLOBAL)
		check_text(r->place.global);
	if (r->place.kind == PLACE_ARG || r->place.kind == PLACE_DEREF)
		CHECK(r->place.arg < RULE_ARGS);
	CHECK(r->contract <= CONTRACT_CONCURRENT && r->access <= ACCESS_WRITE && r->when <= WHEN_NOT_ZERO);
	CHECK(r->role >= RULE_ACQUIRE || (!r->read_mode && !r->when));
	CHECK(r->role < RULE_ACQUIRE || (!r->key && !r->access && r->bucket_arg == RULE_NO_ARG));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1); /* exactly as large as the text, so that a read behind its end is seen */
	uint32_t after = 0, meant = 0;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	text = copy;
	bytes = size;
	lines = 0;
	rules_parse(&rules, "f", copy, size, check_line);
	CHECK(rules.n <= RULES);
	for (uint32_t i = 0; i < rules.n; i++) {
		check_rule(&rules.rule[i], after);
		after = rules.rule[i].line;
	}
	if (rules.bad <= 20)
		CHECK(lines == rules.bad + (rules.left_out != 0));
	/* Lines that say something. */
	for (const char *at = copy, *end = copy + size; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (at == copy && size >= 3 && !memcmp(at, "\xef\xbb\xbf", 3))
			at += 3;
		if (!newline)
			newline = end;
		while (at < newline && (*at == ' ' || (*at >= '\t' && *at <= '\r')))
			at++;
		meant += at < newline && *at != '#';
		at = newline + 1;
	}
	CHECK(meant == rules.n + rules.bad + rules.left_out);
	free(copy);
	return 0;
}

#ifdef RULES_FUZZ_RUNS
#include <stdio.h>

static uint64_t random_state = 1;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return n ? (uint32_t)(random_state >> 33) % n : 0;
}

enum { ROOM = 1 << 16 };
static uint8_t now[ROOM + 64], seeds[64][ROOM];
static size_t seed_bytes[64];

/* Words of the grammar, so that changes often mean something. */
static const char *const words[] = { "map=", "key=", "obj=", "arg", "arg0", "arg11", "arg12", "*(", ")", "+0x", "-", ":", "ret", "=",
				     "global:", "len=", "mode=read", "when=ret==0", "contract=", "unsafe", "\n", "\r\n", "#",
				     " ", "\t", "acquire", "insert", "file=", "*", "?", "\xff", "\xef\xbb\xbf" };

static size_t change(size_t n)
{
	const char *word = words[random_below(sizeof(words) / sizeof(words[0]))];
	uint32_t at = random_below((uint32_t)n + 1), length = random_below(12);

	switch (random_below(6)) {
	case 0: /* a word in between */
		memmove(now + at + strlen(word), now + at, n - at);
		memcpy(now + at, word, strlen(word));
		return n + strlen(word);
	case 1: /* a word over what is there */
		memcpy(now + at, word, strlen(word));
		return at + strlen(word) > n ? at + strlen(word) : n;
	case 2: /* some bytes less */
		length = length > n - at ? (uint32_t)(n - at) : length;
		memmove(now + at, now + at + length, n - at - length);
		return n - length;
	case 3: /* another byte */
		if (n)
			now[at < n ? at : 0] = (uint8_t)random_below(256);
		return n;
	case 4: /* the end cut off */
		return at;
	default: /* a piece of the text again, elsewhere */
		length = length > n ? (uint32_t)n : length;
		memmove(now + at + length, now + at, n - at);
		memmove(now + at, now + random_below((uint32_t)(n - length) + 1), length);
		return n + length;
	}
}

int main(int argc, char **argv)
{
	int nseeds = 0;

	for (int i = 1; i < argc && nseeds < 64; i++) {
		FILE *f = fopen(argv[i], "rb");

		if (!f)
			return 2;
		seed_bytes[nseeds] = fread(seeds[nseeds], 1, ROOM / 2, f);
		nseeds++;
		fclose(f);
	}
	for (long run = 0; nseeds && run < RULES_FUZZ_RUNS; run++) {
		int seed = (int)random_below((uint32_t)nseeds);
		size_t n = seed_bytes[seed];

		memcpy(now, seeds[seed], n);
		for (uint32_t changes = random_below(8); changes; changes--) {
			n = change(n);
			if (n > ROOM)
				n = ROOM;
		}
		LLVMFuzzerTestOneInput(now, n);
	}
	printf("%d files, %d changes\n", nseeds, nseeds ? RULES_FUZZ_RUNS : 0);
	return !nseeds;
}
#endif
