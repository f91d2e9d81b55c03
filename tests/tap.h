/* SPDX-License-Identifier: MIT */
/*
 * tap.h - runs a Check suite and prints one line per test: `ok NAME` or `not ok NAME: reason`.
 */
#ifndef RACE_TESTS_TAP_H
#define RACE_TESTS_TAP_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static inline int tap_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	TestResult **results;
	int failed, n;

	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	n = srunner_ntests_run(runner);
	results = srunner_results(runner);
	for (int i = 0; i < n; i++) {
		if (tr_rtype(results[i]) == CK_PASS)
			printf("ok %s\n", tr_tcname(results[i]));
		else
			printf("not ok %s: %s:%d: %s\n", tr_tcname(results[i]), tr_lfile(results[i]) ? tr_lfile(results[i]) : "?",
			       tr_lno(results[i]), tr_msg(results[i]));
	}
	free(results);
	srunner_free(runner);
	return failed ? 1 : 0;
}

/* A test case of its own for each test, so that its name is known whatever happens to it. */
#define TAP_ADD(suite, test) tap_add(suite, #test, test, NULL)
static inline void tap_add(Suite *suite, const char *name, const TTest *test, void (*setup)(void))
{
	TCase *c = tcase_create(name);

	if (setup)
		tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, test);
	tcase_set_timeout(c, 120);
	suite_add_tcase(suite, c);
}

#endif
