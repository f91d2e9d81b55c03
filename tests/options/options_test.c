/* SPDX-License-Identifier: MIT */
/*
 * options_test.c - the parser of RACE_OPTIONS: what it takes, what it says, and what it leaves alone.
 *
 * A test is a sentence, a text, and what must come out: the lines (all of them, in order), and a question about the result.
 */
#include "preload/options.h"

#include <stdio.h>
#include <string.h>

static char said[32768];
static size_t said_len;
static unsigned lines;

static void collect(const char *line)
{
	size_t n = strlen(line);

	lines++;
	if (said_len + n + 2 > sizeof(said))
		return;
	memcpy(said + said_len, line, n);
	said[said_len + n] = '\n';
	said_len += n + 1;
	said[said_len] = 0;
}

static struct race_options o;
static int failed;

static void parse(const char *text, int secure)
{
	memset(&o, 0xa5, sizeof(o));
	said_len = lines = 0;
	said[0] = 0;
	options_parse(&o, text, secure, collect);
}

static void result(const char *name, int good, const char *why)
{
	if (good) {
		printf("ok %s\n", name);
	} else {
		failed = 1;
		printf("not ok %s: %s; said \"", name, why);
		for (const char *s = said; *s; s++)
			putchar(*s == '\n' ? '|' : *s);
		printf("\"\n");
	}
}

/* text must give exactly these lines, and the condition must hold */
#define TAKES(name, text, expected, condition)                                                      \
	do {                                                                                        \
		parse(text, 0);                                                                     \
		result(#name, strcmp(said, expected) == 0 && (condition),                           \
		       strcmp(said, expected) ? "other lines than expected" : "not " #condition);   \
	} while (0)

#define P "librace: RACE_OPTIONS: "

static int all_defaults(void)
{
	return o.exitcode == 66 && o.halt_on_error == 0 && o.report == 1 && o.attach == 0 && o.history_size == 1 &&
	       o.log_path[0] == 0 && o.suppressions[0] == 0 && o.rules[0] == 0 && o.strip_path_prefix[0] == 0 &&
	       o.atexit_sleep_ms == 0 && o.help == 0 && o.stats == 0 && o.verbosity == 0 && o.max_reports == 0;
}

static void good_texts(void)
{
	TAKES(no_text_gives_defaults, NULL, "", all_defaults());
	TAKES(empty_text_gives_defaults, "", "", all_defaults());
	TAKES(separators_alone_give_defaults, " :\t\n: ", "", all_defaults());
	TAKES(one_number_is_taken, "exitcode=5", "", o.exitcode == 5 && o.report == 1);
	TAKES(zero_is_a_number, "exitcode=0", "", o.exitcode == 0);
	TAKES(hexadecimal_is_a_number, "exitcode=0x10", "", o.exitcode == 16);
	TAKES(spaces_separate, "stats=1 misuse=1", "", o.stats == 1 && o.misuse == 1);
	TAKES(colons_separate, "stats=1:misuse=1", "", o.stats == 1 && o.misuse == 1);
	TAKES(tabs_and_newlines_separate, "stats=1\tmisuse=1\nexitcode=3", "",
	      o.stats == 1 && o.misuse == 1 && o.exitcode == 3);
	TAKES(many_separators_count_as_one, "::stats=1 : misuse=1: ", "", o.stats == 1 && o.misuse == 1);
	TAKES(the_last_value_wins, "exitcode=5 exitcode=7", "", o.exitcode == 7);
	TAKES(a_word_is_taken, "report=possible attach=interpose", "", o.report == 2 && o.attach == 1);
	TAKES(the_first_word_is_index_0, "report=certain", "", o.report == 0);
	TAKES(a_path_is_taken, "log_path=/tmp/x", "", !strcmp(o.log_path, "/tmp/x"));
	TAKES(double_quotes_keep_separators, "log_path=\"/a b:c\" stats=1", "", !strcmp(o.log_path, "/a b:c") && o.stats);
	TAKES(single_quotes_keep_separators, "log_path='/a b:c':stats=1", "", !strcmp(o.log_path, "/a b:c") && o.stats);
	TAKES(the_other_quote_is_text, "log_path='/a\"b'", "", !strcmp(o.log_path, "/a\"b"));
	TAKES(a_quote_inside_a_value_is_text, "log_path=/a'b", "", !strcmp(o.log_path, "/a'b"));
	TAKES(quotes_may_be_empty, "log_path=\"\"", "", o.log_path[0] == 0);
	TAKES(numbers_may_be_quoted, "exitcode='9'", "", o.exitcode == 9);
	TAKES(an_equals_sign_in_a_value_is_text, "log_path=/a=b", "", !strcmp(o.log_path, "/a=b"));
	TAKES(stdout_as_part_of_a_path_is_fine, "log_path=stdout.log", "", !strcmp(o.log_path, "stdout.log"));
}

static void bad_texts(void)
{
	TAKES(a_misspelt_key_names_the_nearest, "    exitcod=5",
	      P "unknown option \"exitcod\" at column 5 (did you mean \"exitcode\"?)\n", all_defaults());
	TAKES(a_key_like_no_other_names_help, "zzzzzz=5", P "unknown option \"zzzzzz\" at column 1 (help=1 lists all)\n",
	      all_defaults());
	TAKES(a_key_differs_by_case, "Stats=1", P "unknown option \"Stats\" at column 1 (did you mean \"stats\"?)\n",
	      all_defaults());
	TAKES(a_missing_key_is_told, "=5", P "unknown option \"\" at column 1 (help=1 lists all)\n", all_defaults());
	TAKES(the_rest_is_taken_after_a_bad_key, "exitcod=5 stats=1",
	      P "unknown option \"exitcod\" at column 1 (did you mean \"exitcode\"?)\n", o.stats == 1);
	TAKES(a_word_for_a_number_is_refused, "exitcode=x",
	      P "exitcode=\"x\" at column 10: allowed is 0..255; using 66\n", all_defaults());
	TAKES(an_empty_number_is_refused, "exitcode=", P "exitcode=\"\" at column 10: allowed is 0..255; using 66\n",
	      all_defaults());
	TAKES(a_number_with_a_tail_is_refused, "exitcode=5x",
	      P "exitcode=\"5x\" at column 10: allowed is 0..255; using 66\n", all_defaults());
	TAKES(a_negative_number_is_refused, "exitcode=-1",
	      P "exitcode=\"-1\" at column 10: allowed is 0..255; using 66\n", all_defaults());
	TAKES(a_number_above_the_range_is_refused, "exitcode=256",
	      P "exitcode=\"256\" at column 10: allowed is 0..255; using 66\n", all_defaults());
	TAKES(a_number_beyond_64_bits_is_refused, "exitcode=99999999999999999999999",
	      P "exitcode=\"99999999999999999999999\" at column 10: allowed is 0..255; using 66\n", all_defaults());
	TAKES(the_largest_number_is_taken, "exitcode=255 history_size=7", "", o.exitcode == 255 && o.history_size == 7);
	TAKES(an_unknown_word_is_refused, "report=all",
	      P "report=\"all\" at column 8: allowed is certain|likely|possible; using likely\n", all_defaults());
	TAKES(part_of_a_word_is_refused, "report=like",
	      P "report=\"like\" at column 8: allowed is certain|likely|possible; using likely\n", all_defaults());
	TAKES(two_words_are_refused, "report=certain|likely",
	      P "report=\"certain|likely\" at column 8: allowed is certain|likely|possible; using likely\n", all_defaults());
	TAKES(a_bad_value_undoes_an_earlier_good_one, "exitcode=5 exitcode=x",
	      P "exitcode=\"x\" at column 21: allowed is 0..255; using 66\n", all_defaults());
	TAKES(a_word_alone_is_told, "stats misuse=1", P "\"stats\" at column 1 is no key=value: \"=\" is missing\n",
	      o.stats == 0 && o.misuse == 1);
	TAKES(an_unquoted_colon_ends_a_path, "log_path=/a:b", P "\"b\" at column 13 is no key=value: \"=\" is missing\n",
	      !strcmp(o.log_path, "/a"));
	TAKES(an_open_quote_is_told, "stats=1 log_path=\"/a b",
	      P "log_path=\"/a b\" at column 18: the closing quote is missing; ignored\n", o.stats == 1 && !o.log_path[0]);
	TAKES(an_open_quote_at_the_end_is_told, "exitcode='",
	      P "exitcode=\"\" at column 10: the closing quote is missing; using 66\n", all_defaults());
	TAKES(text_behind_a_quote_is_told, "log_path='/a'b stats=1",
	      P "log_path=\"/a\" at column 10: a separator must follow the closing quote; ignored\n",
	      o.stats == 1 && !o.log_path[0]);
	TAKES(log_path_stdout_is_refused, "log_path=stdout",
	      P "log_path=\"stdout\" at column 10: standard output belongs to the program; ignored\n", !o.log_path[0]);
	TAKES(quoted_log_path_stdout_is_refused, "log_path='stdout'",
	      P "log_path=\"stdout\" at column 10: standard output belongs to the program; ignored\n", !o.log_path[0]);
	TAKES(control_bytes_never_reach_the_terminal, "\x1b[31m=1",
	      P "unknown option \"\\x1b[31m\" at column 1 (help=1 lists all)\n", all_defaults());
	TAKES(each_mistake_has_its_line, "a stats=9 exitcode=1",
	      P "\"a\" at column 1 is no key=value: \"=\" is missing\n" P "stats=\"9\" at column 9: allowed is 0..2; using 0\n",
	      o.exitcode == 1);
}

static void long_texts(void)
{
	static char text[5000];

	memset(text, 'k', sizeof(text));
	text[3000] = 0;
	parse(text, 0);
	result("a_long_word_is_cut_in_its_line", lines == 1 && strlen(said) < 200 && strstr(said, "k\"...") != NULL,
	       "not one short line");

	memcpy(text, "log_path=", 9);
	memset(text + 9, 'p', OPTION_TEXT - 1);
	text[9 + OPTION_TEXT - 1] = 0;
	parse(text, 0);
	result("the_longest_path_is_taken", lines == 0 && strlen(o.log_path) == OPTION_TEXT - 1, "not taken whole");

	memset(text + 9, 'p', OPTION_TEXT);
	text[9 + OPTION_TEXT] = 0;
	parse(text, 0);
	result("a_longer_path_is_refused", lines == 1 && o.log_path[0] == 0 && strstr(said, "longer than 1023 bytes"),
	       "taken, or not told");
}

static void secure_processes(void)
{
	static const char text[] = "log_path=/a suppressions=/b rules=/c exitcode=5 strip_path_prefix=/s";

	parse(text, 1);
	result("set_id_processes_ignore_files",
	       lines == 0 && !o.log_path[0] && !o.suppressions[0] && !o.rules[0] && o.exitcode == 5 &&
	       !strcmp(o.strip_path_prefix, "/s"), "a file was taken, another option was not, or something was said");
	parse(text, 0);
	result("other_processes_take_files",
	       lines == 0 && !strcmp(o.log_path, "/a") && !strcmp(o.suppressions, "/b") && !strcmp(o.rules, "/c"),
	       "a file was not taken");
}

static void told(void)
{
	unsigned rows = 0;

	parse("help=1 exitcode=4", 0);
#define ROW(name) rows += strstr(said, "\n  " #name " ") != NULL;
#define OPTION_NUMBER(name, value, min, max, meaning) ROW(name)
#define OPTION_CHOICE(name, value, words, meaning) ROW(name)
#define OPTION_STRING(name, value, meaning) ROW(name)
#define OPTION_FILE(name, value, meaning) ROW(name)
#include "preload/options.def"
	result("help_lists_every_option_and_goes_on", rows >= 17 && lines == rows + 2 && o.exitcode == 4,
	       "a row is missing, or the option behind help was not taken");
	result("help_tells_types_and_defaults", strstr(said, "certain|likely|possible") && strstr(said, "0..255") &&
	       strstr(said, " 66 "), "no type or default");
	parse("help=0", 0);
	result("without_help_nothing_is_listed", lines == 0, "something was said");
	TAKES(verbosity_tells_what_was_understood, "verbosity=1 exitcode=5 report=possible log_path='/a b' stats=0",
	      "librace: options: log_path=\"/a b\" exitcode=5 report=possible verbosity=1\n", 1);
	options_parse(&o, "exitcod=1 stats=x nonsense log_path=stdout help=1 verbosity=1", 0, NULL);
	result("without_a_listener_nothing_breaks", o.exitcode == 66 && o.verbosity == 1, "options were not taken");
}

int main(void)
{
	good_texts();
	bad_texts();
	long_texts();
	secure_processes();
	told();
	return failed;
}
