/* SPDX-License-Identifier: MIT */
/*
 * tests.h - a suite of tests, one folder of reports for each: what `race wrap` leaves and `race tests` reads.
 *
 *	ROOT/FOLDER/        what `race run -o` writes
 *	ROOT/FOLDER.test    one line of JSON: the test's own name, its command, and how it ended. Written when the test starts,
 *	                    so that one that is killed is not lost, and once more when it has ended.
 */
#ifndef RACE_REPORT_TESTS_H
#define RACE_REPORT_TESTS_H

#define TESTS_ROOT "./librace.tests"   /* without -o and RACE_TESTS */
#define TESTS_ROOT_VARIABLE "RACE_TESTS"
#define TESTS_SUFFIX ".test"
#define TESTS_SCHEMA 1
#define TEST_NAME_MAX 512 /* bytes kept of a name, the end of it included */
#define TEST_FOLDER_MAX 128

struct test_name {
	char text[TEST_NAME_MAX];
	int exact; /* told, or known to the harness; else made of the command, which two tests of one suite may share */
};

/* Who this test is: `given`, else what pytest or Meson say, else the command. */
void test_name_find(struct test_name *name, const char *given, char **command);
/* A folder's name for it: readable, and different for different names. */
void test_name_folder(const struct test_name *name, char to[TEST_FOLDER_MAX]);

#endif
