/* SPDX-License-Identifier: MIT */
/*
 * rules_test.c - the parser of rules files: what each line means, and what is said of each bad one, to the letter.
 *
 * A test is a sentence, a text, and what must come out: the rules (written down again in a form of the test's own), and
 * the lines that are said.
 */
#include "preload/rules/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char said[1 << 16];
static size_t said_len;
static unsigned lines;
static struct rules rules;
static int failed;

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

/* The text lies in memory of just its size, so that a read behind its end is seen. */
static char *text_now;
static void parse_bytes(const char *text, size_t n)
{
	free(text_now);
	text_now = malloc(n ? n : 1);
	memcpy(text_now, text, n);
	said_len = lines = 0;
	said[0] = 0;
	memset(&rules, 0xa5, sizeof(rules));
	rules_parse(&rules, "f", text_now, n, collect);
}

static void put_place(struct buf *b, const struct rule_place *p)
{
	switch (p->kind) {
	case PLACE_RESULT:
		buf_str(b, "ret");
		break;
	case PLACE_ARG:
		buf_fmt(b, "arg%u", p->arg);
		break;
	case PLACE_DEREF:
		buf_fmt(b, "*(arg%u%s%d)", p->arg, p->offset < 0 ? "" : "+", p->offset);
		break;
	case PLACE_GLOBAL:
		buf_fmt(b, "global:%.*s", (int)p->global.n, p->global.s);
		break;
	}
}

/* All that a rule says, defaults too. */
static const char *written(const struct rule *r)
{
	static const char *const roles[] = { "create", "destroy", "insert", "lookup", "remove", "update",
					     "iterate", "resize", "clear", "acquire", "release" };
	static const char *const keys[] = { "none", "ptr", "int", "long", "string", "len" };
	static char text[4096];
	struct buf b = buf_on(text, sizeof(text));

	buf_fmt(&b, "%u:%u %.*s%s %.*s%s %s ", r->line, r->column, (int)r->module.n, r->module.s, r->module_glob ? "(glob)" : "",
		(int)r->symbol.n, r->symbol.s, r->symbol_glob ? "(glob)" : "", roles[r->role]);
	put_place(&b, &r->place);
	if (r->key)
		buf_fmt(&b, " key=arg%u:%s", r->key_arg, keys[r->key]);
	if (r->key == RULE_KEY_COUNTED)
		buf_fmt(&b, "=arg%u", r->length_arg);
	if (r->bucket_arg != RULE_NO_ARG)
		buf_fmt(&b, " bucket=arg%u", r->bucket_arg);
	if (r->access)
		buf_fmt(&b, " access=%s", r->access == ACCESS_READ ? "read" : "write");
	if (r->contract)
		buf_fmt(&b, " contract=%s", r->contract == CONTRACT_BUCKET_LOCKED ? "bucket-locked" : "concurrent");
	if (r->read_mode)
		buf_str(&b, " mode=read");
	if (r->when)
		buf_fmt(&b, " when=ret%s0", r->when == WHEN_ZERO ? "==" : "!=");
	if (r->source.n)
		buf_fmt(&b, " file=%.*s", (int)r->source.n, r->source.s);
	return text;
}

static void result(const char *name, int good, const char *why)
{
	if (good) {
		printf("ok %s\n", name);
		return;
	}
	failed = 1;
	printf("not ok %s: %s; rules \"", name, why);
	for (uint32_t i = 0; i < rules.n && i < 8; i++)
		printf("%s%s", i ? "|" : "", written(&rules.rule[i]));
	printf("\" said \"");
	for (const char *s = said; *s; s++)
		putchar(*s == '\n' ? '|' : *s);
	printf("\"\n");
}

static void takes(const char *name, const char *text, size_t n, const char *expected)
{
	static char all[1 << 14];
	struct buf b = buf_on(all, sizeof(all));

	parse_bytes(text, n);
	for (uint32_t i = 0; i < rules.n; i++)
		buf_fmt(&b, "%s%s", i ? "|" : "", written(&rules.rule[i]));
	result(name, lines == 0 && rules.bad == 0 && !strcmp(all, expected), lines ? "something was said" : "other rules");
}

static void refuses(const char *name, const char *text, size_t n, const char *expected, uint32_t left)
{
	parse_bytes(text, n);
	result(name, !strcmp(said, expected) && rules.n == left && rules.bad > 0,
	       strcmp(said, expected) ? "other lines than expected" : "another number of rules is left");
}

#define TAKES(name, text, expected) takes(#name, text, sizeof(text) - 1, expected)
/* what is said, and that no rule is left of it */
#define REFUSES(name, text, expected) refuses(#name, text, sizeof(text) - 1, "librace: rules=f:" expected "\n", 0)
#define REFUSES_BUT(name, text, expected, left) refuses(#name, text, sizeof(text) - 1, "librace: rules=f:" expected "\n", left)

#define ROLES "create destroy insert lookup remove update iterate resize clear acquire release"
#define MAP_WORDS "map= key= bucket= access= contract= file="
#define LOCK_WORDS "obj= mode=read when=ret==0 when=ret!=0 file="
#define PLACES "argN, *argN, *(argN+OFF), global:SYMBOL; N is 0..11"

static void good_lines(void)
{
	TAKES(an_empty_file_has_no_rules, "", "");
	TAKES(blank_lines_and_comments_are_no_rules, "\n  \n# a\n\t# b\n#", "");
	TAKES(the_example_of_the_manual, "redis-server:dictAdd insert map=arg0 key=arg1:string",
	      "1:14 redis-server dictAdd insert arg0 key=arg1:string");
	TAKES(the_map_is_arg0_unless_said, "p:f lookup", "1:3 p f lookup arg0");
	TAKES(the_map_of_a_creation_is_arg0_unless_said, "p:f create", "1:3 p f create arg0");
	TAKES(a_creation_returns_its_map, "p:f create map=ret", "1:3 p f create ret");
	TAKES(every_role_of_maps, "p:a create\np:b destroy\np:c insert\np:d lookup\np:e remove\np:f update\np:g iterate\n"
	      "p:h resize\np:i clear",
	      "1:3 p a create arg0|2:3 p b destroy arg0|3:3 p c insert arg0|4:3 p d lookup arg0|5:3 p e remove arg0|"
	      "6:3 p f update arg0|7:3 p g iterate arg0|8:3 p h resize arg0|9:3 p i clear arg0");
	TAKES(a_lock_and_its_release, "p:a acquire obj=arg0\np:b release obj=arg0", "1:3 p a acquire arg0|2:3 p b release arg0");
	TAKES(a_read_lock_that_may_fail, "p:a acquire obj=arg1 mode=read when=ret==0",
	      "1:3 p a acquire arg1 mode=read when=ret==0");
	TAKES(a_try_that_returns_true, "p:a acquire when=ret!=0 obj=*arg0", "1:3 p a acquire *(arg0+0) when=ret!=0");
	TAKES(every_argument_in_reach, "p:a lookup map=arg11 key=arg10", "1:3 p a lookup arg11 key=arg10:ptr");
	TAKES(a_pointer_to_the_map, "p:a lookup map=*arg3", "1:3 p a lookup *(arg3+0)");
	TAKES(a_member_of_a_structure, "p:a lookup map=*(arg1+16)", "1:3 p a lookup *(arg1+16)");
	TAKES(offsets_may_be_hexadecimal, "p:a lookup map=*(arg1+0x1F)", "1:3 p a lookup *(arg1+31)");
	TAKES(offsets_may_be_negative, "p:a lookup map=*(arg1-8)\np:b lookup map=*(arg1+-0x8)",
	      "1:3 p a lookup *(arg1-8)|2:3 p b lookup *(arg1-8)");
	TAKES(an_offset_may_be_left_out, "p:a lookup map=*(arg10)", "1:3 p a lookup *(arg10+0)");
	TAKES(a_global_map, "p:a lookup map=global:server_table", "1:3 p a lookup global:server_table");
	TAKES(a_global_lock, "p:a acquire obj=global:big_lock", "1:3 p a acquire global:big_lock");
	TAKES(every_kind_of_key, "p:a lookup key=arg1\np:b lookup key=arg1:ptr\np:c lookup key=arg1:int\np:d lookup key=arg1:long\n"
	      "p:e lookup key=arg1:string\np:f lookup key=arg1:len=arg11",
	      "1:3 p a lookup arg0 key=arg1:ptr|2:3 p b lookup arg0 key=arg1:ptr|3:3 p c lookup arg0 key=arg1:int|"
	      "4:3 p d lookup arg0 key=arg1:long|5:3 p e lookup arg0 key=arg1:string|6:3 p f lookup arg0 key=arg1:len=arg11");
	TAKES(words_come_in_any_order, "p:a insert contract=bucket-locked access=read bucket=arg2 key=arg1:int map=arg3 file=a.c",
	      "1:3 p a insert arg3 key=arg1:int bucket=arg2 access=read contract=bucket-locked file=a.c");
	TAKES(every_contract, "p:a insert contract=unsafe\np:b insert contract=bucket-locked\np:c insert contract=concurrent",
	      "1:3 p a insert arg0|2:3 p b insert arg0 contract=bucket-locked|3:3 p c insert arg0 contract=concurrent");
	TAKES(both_accesses, "p:a lookup access=write\np:b insert access=read",
	      "1:3 p a lookup arg0 access=write|2:3 p b insert arg0 access=read");
	TAKES(patterns_in_both_names, "lib*.so.?:ht_* lookup", "1:11 lib*.so.?(glob) ht_*(glob) lookup arg0");
	TAKES(a_comment_behind_a_rule, "p:a lookup # key=arg9999", "1:3 p a lookup arg0");
	TAKES(a_hash_inside_a_word_is_text, "p#1:a#b lookup file=x#.c", "1:5 p#1 a#b lookup arg0 file=x#.c");
	TAKES(tabs_and_spaces_separate, " \tp:a\t\tlookup  \tkey=arg1 \t", "1:5 p a lookup arg0 key=arg1:ptr");
	TAKES(lines_may_end_in_cr_lf, "p:a lookup\r\n\r\np:b insert key=arg1:int\r\n",
	      "1:3 p a lookup arg0|3:3 p b insert arg0 key=arg1:int");
	TAKES(a_byte_order_mark_is_skipped, "\xef\xbb\xbfp:a lookup", "1:3 p a lookup arg0");
	TAKES(mangled_names_are_names, "p:_ZN3foo3getEi lookup map=arg0", "1:3 p _ZN3foo3getEi lookup arg0");
	TAKES(names_need_not_be_ascii, "\xc3\xa4:\xff\xfe lookup", "1:4 \xc3\xa4 \xff\xfe lookup arg0");
	TAKES(two_files_may_have_one_name, "p:a lookup file=a.c\np:a insert file=b.c\nq:a lookup",
	      "1:3 p a lookup arg0 file=a.c|2:3 p a insert arg0 file=b.c|3:3 q a lookup arg0");
}

static void bad_lines(void)
{
	REFUSES(a_line_without_a_colon, "dictAdd insert", "1:8: expected \":\" and a function behind the file; allowed: FILE:SYMBOL ROLE [word ...]");
	REFUSES(a_line_without_a_file, ":f lookup",
		"1:1: expected the name of a program or library before \":\"; allowed: a base name or SONAME; * and ? match any");
	REFUSES(a_line_without_a_function, "p: lookup",
		"1:3: expected the name of a function behind \":\"; allowed: a symbol of the file; * and ? match any");
	REFUSES(a_path_for_a_file, "/usr/bin/p:f lookup", "1:1: a folder in the name of a file; allowed: its base name or SONAME");
	REFUSES(a_name_as_cxx_writes_it, "p:foo::get lookup",
		"1:6: \":\" in the name of a function; allowed: a symbol as nm prints it (mangled, for C++)");
	REFUSES(a_function_with_its_arguments, "p:get(int) lookup",
		"1:6: \"(\" in the name of a function; allowed: a symbol as nm prints it (mangled, for C++)");
	REFUSES(a_line_without_a_role, "p:f", "1:4: expected a role behind FILE:SYMBOL; allowed: " ROLES);
	REFUSES(a_role_that_is_a_comment, "p:f # lookup", "1:4: expected a role behind FILE:SYMBOL; allowed: " ROLES);
	REFUSES(a_misspelt_role, "p:f lokup", "1:5: unknown role \"lokup\", did you mean \"lookup\"?; allowed: " ROLES);
	REFUSES(a_role_like_no_other, "p:f zzzzzz", "1:5: unknown role \"zzzzzz\"; allowed: " ROLES);
	REFUSES(a_role_in_capitals, "p:f Insert", "1:5: unknown role \"Insert\", did you mean \"insert\"?; allowed: " ROLES);
	REFUSES(a_misspelt_word, "p:f lookup kee=arg1", "1:12: unknown word \"kee\", did you mean \"key=\"?; allowed: " MAP_WORDS);
	REFUSES(a_word_like_no_other, "p:f lookup zzzzzz=1", "1:12: unknown word \"zzzzzz\"; allowed: " MAP_WORDS);
	REFUSES(an_argument_alone, "p:f lookup arg1", "1:12: unknown word \"arg1\"; allowed: " MAP_WORDS);
	REFUSES(a_word_without_its_value, "p:f lookup key", "1:15: expected \"=\" and a value; allowed: " MAP_WORDS);
	REFUSES(an_empty_value, "p:f lookup key=",
		"1:16: key=\"\": allowed is argN, argN:ptr, argN:int, argN:long, argN:string, argN:len=argM; N and M are 0..11");
	REFUSES(a_word_given_twice, "p:f lookup key=arg1 key=arg2", "1:21: \"key=\" is given twice; allowed is one");
	REFUSES(a_map_for_a_lock, "p:f acquire map=arg0", "1:13: \"map=\" has no meaning for acquire; allowed: " LOCK_WORDS);
	REFUSES(a_key_for_a_lock, "p:f release obj=arg0 key=arg1", "1:22: \"key=\" has no meaning for release; allowed: " LOCK_WORDS);
	REFUSES(a_mode_without_a_lock, "p:f lookup mode=read", "1:12: \"mode=\" has no meaning for lookup; allowed: " MAP_WORDS);
	REFUSES(an_object_for_a_map, "p:f insert obj=arg0", "1:12: \"obj=\" has no meaning for insert; allowed: " MAP_WORDS);
	REFUSES(a_lock_without_an_object, "p:f acquire mode=read", "1:22: expected obj= for acquire; allowed is " PLACES);
	REFUSES(an_argument_out_of_reach, "p:f lookup map=arg12", "1:16: map=\"arg12\": allowed is " PLACES);
	REFUSES(an_argument_without_a_number, "p:f lookup map=arg", "1:16: map=\"arg\": allowed is " PLACES);
	REFUSES(an_argument_with_a_zero_before, "p:f lookup map=arg01", "1:16: map=\"arg01\": allowed is " PLACES);
	REFUSES(an_argument_with_a_huge_number, "p:f lookup map=arg99999999999999999999",
		"1:16: map=\"arg99999999999999999999\": allowed is " PLACES);
	REFUSES(a_result_that_is_no_creation, "p:f insert map=ret",
		"1:16: map=\"ret\": allowed is argN, *argN, *(argN+OFF), global:SYMBOL (ret is for create)");
	REFUSES(a_lock_that_is_a_result, "p:f acquire obj=ret", "1:17: obj=\"ret\": allowed is " PLACES);
	REFUSES(a_creation_of_nothing, "p:f create map=rett",
		"1:16: map=\"rett\": allowed is ret, argN, *argN, *(argN+OFF), global:SYMBOL; N is 0..11");
	REFUSES(a_global_without_a_name, "p:f lookup map=global:", "1:16: map=\"global:\": allowed is " PLACES);
	REFUSES(an_open_parenthesis, "p:f lookup map=*(arg0+8", "1:16: map=\"*(arg0+8\": allowed is " PLACES);
	REFUSES(an_offset_that_is_none, "p:f lookup map=*(arg0+x)", "1:16: map=\"*(arg0+x)\": allowed is " PLACES);
	REFUSES(an_offset_too_large, "p:f lookup map=*(arg0+0x80000000)", "1:16: map=\"*(arg0+0x80000000)\": allowed is " PLACES);
	REFUSES(two_stars, "p:f lookup map=**arg0", "1:16: map=\"**arg0\": allowed is " PLACES);
	REFUSES(a_misspelt_kind_of_key, "p:f lookup key=arg1:strng",
		"1:21: unknown kind of key \"strng\", did you mean \"string\"?; allowed: ptr int long string len=argM");
	REFUSES(a_kind_of_key_like_no_other, "p:f lookup key=arg1:zzzzzz",
		"1:21: unknown kind of key \"zzzzzz\"; allowed: ptr int long string len=argM");
	REFUSES(a_length_that_is_no_argument, "p:f lookup key=arg1:len=8",
		"1:25: key=\"8\": allowed is argM with M in 0..11, behind len=");
	REFUSES(a_key_that_is_no_argument, "p:f lookup key=*arg1",
		"1:16: key=\"*arg1\": allowed is argN, argN:ptr, argN:int, argN:long, argN:string, argN:len=argM; N and M are 0..11");
	REFUSES(a_bucket_that_is_no_argument, "p:f lookup bucket=7", "1:19: bucket=\"7\": allowed is argN; N is 0..11");
	REFUSES(a_misspelt_access, "p:f lookup access=wirte", "1:19: access=\"wirte\", did you mean \"write\"?; allowed is read|write");
	REFUSES(a_misspelt_contract, "p:f lookup contract=bucketlocked",
		"1:21: contract=\"bucketlocked\", did you mean \"bucket-locked\"?; allowed is unsafe|bucket-locked|concurrent");
	REFUSES(a_mode_that_is_none, "p:f acquire obj=arg0 mode=write", "1:27: mode=\"write\"; allowed is read");
	REFUSES(a_condition_that_is_none, "p:f acquire obj=arg0 when=ret=0",
		"1:27: when=\"ret=0\", did you mean \"ret==0\"?; allowed is ret==0|ret!=0");
	REFUSES(a_source_file_without_a_name, "p:f lookup file=", "1:17: file=\"\": allowed is the name of a source file, as NAME.c");
	REFUSES_BUT(a_function_with_two_rules, "p:f lookup\np:g lookup\np:f insert",
		    "3:3: \"f\" has a rule in line 1; allowed is one for each function", 2);
	REFUSES(a_nul_byte, "p:f look\0up", "1:9: a NUL byte; allowed: text");
	REFUSES(a_nul_byte_in_front, "\0p:f lookup", "1:1: a NUL byte; allowed: text");
	REFUSES(control_bytes_never_reach_the_terminal, "p:f \x1b[31m", "1:5: unknown role \"\\x1b[31m\"; allowed: " ROLES);
	REFUSES(bytes_that_are_no_text_are_shown_as_numbers, "p:f \xff\x80", "1:5: unknown role \"\\xff\\x80\"; allowed: " ROLES);
	REFUSES_BUT(the_rest_counts_after_a_bad_line, "p:f lookup\np:g lokup\r\np:h lookup key=arg1\n",
		    "2:5: unknown role \"lokup\", did you mean \"lookup\"?; allowed: " ROLES, 2);
	REFUSES_BUT(each_bad_line_has_its_line, "p:f nonsense\np:g zzzzzz",
		    "1:5: unknown role \"nonsense\"; allowed: " ROLES "\nlibrace: rules=f:2:5: unknown role \"zzzzzz\"; allowed: " ROLES, 0);
	REFUSES(only_the_first_mistake_of_a_line_is_told, "p:f lookup map=x key=y", "1:16: map=\"x\": allowed is " PLACES);
}

static void large_files(void)
{
	static char text[1 << 20];
	struct buf b = buf_on(text, sizeof(text));

	for (int i = 0; i < RULES; i++)
		buf_fmt(&b, "p:f%d lookup\n", i);
	parse_bytes(text, b.len);
	result("as_many_rules_as_fit", lines == 0 && rules.n == RULES && rules.left_out == 0, "not all taken");
	buf_str(&b, "p:more lookup\np:bad lokup\np:even_more lookup\n");
	parse_bytes(text, b.len);
	result("rules_beyond_the_table_are_counted_and_told_once",
	       lines == 2 && rules.n == RULES && rules.left_out == 2 && rules.bad == 1 &&
	       strstr(said, "librace: rules=f:513:1: more than 512 rules; this one and those that follow are left out\n") &&
	       strstr(said, "librace: rules=f:514:7: unknown role"), "other lines or counts");

	b = buf_on(text, sizeof(text));
	for (int i = 0; i < 100; i++)
		buf_str(&b, "nonsense\n");
	buf_str(&b, "p:f lookup\n");
	parse_bytes(text, b.len);
	result("of_many_bad_lines_the_first_are_told",
	       lines == 21 && rules.n == 1 && rules.bad == 100 &&
	       strstr(said, "librace: rules=f:21:1: more bad lines follow, not told one by one\n"), "other lines or counts");

	memset(text, 'x', sizeof(text));
	parse_bytes(text, sizeof(text));
	result("a_huge_line_is_one_short_complaint", lines == 1 && said_len < 200 && strstr(said, "f:1:1048577: expected \":\""),
	       "not one short line");
	memcpy(text, "p:f ", 4);
	parse_bytes(text, sizeof(text));
	result("a_huge_word_is_cut_in_its_line", lines == 1 && said_len < 300 && strstr(said, "x\"...; allowed: "),
	       "not one short line");
	memcpy(text, "p:xx", 4);
	memcpy(text + sizeof(text) - 8, " lookup\n", 8);
	parse_bytes(text, sizeof(text));
	result("a_huge_name_is_a_name", lines == 0 && rules.n == 1 && rules.rule[0].symbol.n == sizeof(text) - 10, "not taken");

	rules_parse(&rules, "a\x1b" "b", "x", 1, collect);
	result("the_name_of_the_file_is_shown_clean", strstr(said, "rules=a\\x1bb:1:2: ") != NULL, "not so");
	rules_parse(&rules, "f", "p:f zzz\np:g lookup\n", 19, NULL);
	result("without_a_listener_nothing_breaks", rules.n == 1 && rules.bad == 1, "other counts");
}

int main(void)
{
	good_lines();
	bad_lines();
	large_files();
	free(text_now);
	return failed;
}
