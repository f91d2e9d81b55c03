/* SPDX-License-Identifier: MIT */
/*
 * sys_test.c - preload/sys: text out, text in, files, time, the lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preload/sys/fmt.h"
#include "preload/sys/lock.h"
#include "preload/sys/os.h"

static int failed;

static void result(const char *name, int good, const char *why)
{
	if (good)
		printf("ok %s\n", name);
	else
		printf("not ok %s: %s\n", name, why);
	failed |= !good;
}

static char text[4096];

static void formatted(const char *name, const char *expected, const char *format, ...)
{
	struct buf b = buf_on(text, sizeof(text));
	va_list ap;

	va_start(ap, format);
	buf_vfmt(&b, format, ap);
	va_end(ap);
	result(name, !strcmp(text, expected) && b.len == strlen(expected), text);
}

static void test_format(void)
{
	struct buf b;
	char small[6];

	formatted("format_texts", "a b% c", "%s %.*s%% %c", "a", 1, "bx", 'c');
	formatted("format_a_text_without_end", "ab", "%.*s", 2, (const char[]){ 'a', 'b' });
	formatted("format_numbers", "-2147483648 4294967295 ff", "%d %u %x", INT32_MIN, UINT32_MAX, 255);
	formatted("format_long_numbers", "-9223372036854775808 18446744073709551615 ffffffffffffffff", "%ld %lu %lx",
		  (long)INT64_MIN, (unsigned long)UINT64_MAX, ~0ul);
	formatted("format_pointers", "0x0 0xbeef", "%p %p", NULL, (void *)0xbeef);
	formatted("format_a_null_text", "(null)", "%s", NULL);
	b = buf_on(small, sizeof(small));
	buf_fmt(&b, "%s", "abcdefgh");
	buf_char(&b, 'x');
	result("what_does_not_fit_is_dropped", !strcmp(small, "abcde") && b.cut && b.len == 5, small);
	b = buf_on(NULL, 0);
	buf_str(&b, "x");
	result("a_buffer_of_nothing", b.cut && b.len == 0, "written");
}

static void quoted(const char *name, const char *s, size_t n, const char *expected)
{
	struct buf b = buf_on(text, sizeof(text));

	buf_quoted(&b, s, n);
	result(name, !strcmp(text, expected), text);
}

static void test_quoted(void)
{
	char all[256];
	int good = 1;
	struct buf b;

	quoted("quote_plain", "plain text", 10, "\"plain text\"");
	quoted("quote_quotes", "a\"b\\c", 5, "\"a\\x22b\\x5cc\"");
	quoted("quote_escapes", "\033[0m\n\0\x7f", 7, "\"\\x1b[0m\\x0a\\x00\\x7f\"");
	quoted("quote_characters_of_other_languages", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9,
	       "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
	quoted("quote_8_bit_controls", "\xc2\x9b\x9b", 3, "\"\\xc2\\x9b\\x9b\"");
	quoted("quote_overlong", "\xc0\x9b\xe0\x80\x9b", 5, "\"\\xc0\\x9b\\xe0\\x80\\x9b\"");
	quoted("quote_a_character_cut_in_two", "a\xe2\x82", 3, "\"a\\xe2\\x82\"");
	quoted("quote_text_that_turns_direction", "\xe2\x80\xae", 3, "\"\\xe2\\x80\\xae\"");
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	b = buf_on(text, sizeof(text));
	buf_quoted(&b, all, sizeof(all));
	for (size_t i = 0; i < b.len; i++)
		good &= (unsigned char)text[i] >= 0x20 && (unsigned char)text[i] < 0x7f;
	result("quote_every_byte_is_printable", good, text);
	b = buf_on(text, sizeof(text));
	buf_clean(&b, "a \"b\" \\ \033");
	result("clean_keeps_quotes", !strcmp(text, "a \"b\" \\ \\x1b"), text);
}

static void test_numbers(void)
{
	static const struct {
		const char *text;
		uint64_t min, max, value;
		int good;
	} all[] = {
		{ "0", 0, 10, 0, 1 },     { "10", 0, 10, 10, 1 },  { "11", 0, 10, 0, 0 },  { "2", 3, 10, 0, 0 },
		{ "", 0, 10, 0, 0 },      { "-1", 0, 10, 0, 0 },   { "+1", 0, 10, 0, 0 },  { " 1", 0, 10, 0, 0 },
		{ "1 ", 0, 10, 0, 0 },    { "0x10", 0, 99, 16, 1 }, { "0XfF", 0, 999, 255, 1 }, { "0x", 0, 10, 0, 0 },
		{ "1a", 0, 99, 0, 0 },    { "18446744073709551615", 0, UINT64_MAX, UINT64_MAX, 1 },
		{ "18446744073709551616", 0, UINT64_MAX, 0, 0 },   { "0x10000000000000000", 0, UINT64_MAX, 0, 0 },
		{ "010", 0, 99, 10, 1 },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		uint64_t value = 77;
		int good = parse_u64(all[i].text, strlen(all[i].text), all[i].min, all[i].max, &value);
		char name[80];

		snprintf(name, sizeof(name), "number_\"%s\"", all[i].text);
		result(name, good == all[i].good && value == (good ? all[i].value : 77), "wrong");
	}
}

static int glob(const char *pattern, const char *s)
{
	return glob_match(pattern, strlen(pattern), s, strlen(s));
}

static void test_match(void)
{
	char long_text[3000], many[64];

	result("glob_matches", glob("*", "") && glob("", "") && glob("a?c", "abc") && glob("a*c", "ac") &&
	       glob("*.so*", "libx.so.1") && glob("a*b*c", "a1b2b3c") && glob("**", "x") && glob("*a", "aaa"), "one does not");
	result("glob_does_not_match", !glob("", "a") && !glob("?", "") && !glob("a*c", "acd") && !glob("abc", "ab") &&
	       !glob("a*b*c", "a1c") && !glob("*.so", "libx.so.1"), "one does");
	memset(long_text, 'a', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = 0;
	for (size_t i = 0; i < sizeof(many) - 2; i += 2)
		memcpy(many + i, "*a", 2);
	memcpy(many + sizeof(many) - 2, "b", 2);
	result("glob_with_many_stars_ends_soon", !glob(many, long_text), "matched");
	result("edit_distance", edit_distance("kitten", 6, "sitting", 7) == 3 && edit_distance("", 0, "abc", 3) == 3 &&
	       edit_distance("abc", 3, "abc", 3) == 0 && edit_distance("stat", 4, "stats", 5) == 1, "wrong");
	result("edit_distance_of_long_texts_is_capped", edit_distance(long_text, 2000, "b", 1) == 32, "not");
	result("path_base", !strcmp(path_base("/a/b"), "b") && !strcmp(path_base("b"), "b") && !strcmp(path_base("/a/"), ""),
	       "wrong");
}

static void test_os(void)
{
	static const char path[] = "/tmp/librace_sys_test";
	char back[16];
	int fd, ends[2];
	uint64_t a, b, least;
	long n;

	errno = 77;
	result("a_failing_call_gives_its_error_and_leaves_errno", os_open("/nonexistent/x", O_RDONLY, 0) == -ENOENT && errno == 77,
	       strerror(errno));
	snprintf(text, sizeof(text), "%s.%d", path, os_pid());
	fd = os_open(text, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	result("write_all", fd >= 0 && os_write_all(fd, "0123456789", 10) == 0, "failed");
	os_close(fd);
	result("read_file", os_read_file(text, back, sizeof(back)) == 10 && !memcmp(back, "0123456789", 10), "other bytes");
	result("read_file_of_just_that_size", os_read_file(text, back, 10) == 10, "refused");
	result("read_file_that_is_larger", os_read_file(text, back, 9) == -EFBIG, "accepted");
	result("read_file_of_a_folder", os_read_file("/", back, sizeof(back)) == -EISDIR, "accepted");
	unlink(text);
	n = os_readlink("/proc/self/exe", text, sizeof(text));
	result("readlink", n > 0 && (long)strlen(text) == n, "other length");
	result("readlink_of_no_link", os_readlink("/", text, sizeof(text)) < 0 && text[0] == 0, "accepted");
	result("process_and_thread_ids", os_pid() == getpid() && os_tid() == gettid(), "differ");

	/* A pipe that is full and then read by another thread: write_all waits for room on a non-blocking descriptor too. */
	if (pipe2(ends, O_NONBLOCK) == 0) {
		static char much[1 << 18];
		pid_t child = fork();

		if (child == 0) {
			size_t left = sizeof(much);

			close(ends[1]);
			while (left > 0) {
				long got = os_read(ends[0], much, sizeof(much));

				if (got > 0)
					left -= (size_t)got;
				else if (got != -EAGAIN)
					_exit(1);
			}
			_exit(0);
		}
		result("write_all_into_a_full_pipe", os_write_all(ends[1], much, sizeof(much)) == 0, "gave up");
		close(ends[0]);
		close(ends[1]);
	}

	ticks_calibrate();
	/* The clock around the ticks, and between them: another process may run between any two of these calls. */
	a = os_monotonic_ns();
	b = os_ticks();
	least = os_monotonic_ns();
	os_sleep_ns(20000000);
	least = os_monotonic_ns() - least;
	b = os_ticks() - b;
	a = os_monotonic_ns() - a;
	result("sleep_sleeps", least >= 20000000, "too short");
	ticks_calibrate();
	b = ticks_to_ns(b);
	snprintf(text, sizeof(text), "%lu ns by ticks, %lu to %lu by the clock", (unsigned long)b, (unsigned long)least, (unsigned long)a);
	result("ticks_agree_with_the_clock", b > least - least / 20 && b < a + a / 20, text);
	{
		char *memory = os_map(1 << 20);

		result("map_is_zeroed", memory && memory[0] == 0 && memory[(1 << 20) - 1] == 0, "not");
		os_unmap(memory, 1 << 20);
		result("map_that_the_kernel_refuses", os_map((size_t)1 << 60) == NULL, "mapped");
	}
}

static struct lock lock;
static long counter;

static void *count(void *arg)
{
	for (int i = 0; i < 100000; i++) {
		lock_take(&lock);
		counter++;
		lock_drop(&lock);
	}
	return NULL;
}

static void test_lock(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, count, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	result("the_lock_excludes", counter == 400000 && lock.word == 0, "lost a count");
	result("try_takes_a_free_lock", lock_try(&lock) == 1, "not");
	result("try_does_not_take_a_held_lock", lock_try(&lock) == 0, "taken twice");
	lock_reset(&lock);
	result("reset_frees", lock_try(&lock) == 1, "not");
}

int main(void)
{
	test_format();
	test_quoted();
	test_numbers();
	test_match();
	test_os();
	test_lock();
	return failed;
}
