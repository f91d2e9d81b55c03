/* SPDX-License-Identifier: MIT */
/*
 * shape_test.c - what shape.c says of the functions of values_functions.c, as some compiler made them.
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "preload/patch/stub.h"
#include "values.h"

static const struct code_range everything = { NULL, (const uint8_t *)-1 };

static int failed;

static uint32_t words_of(void *function)
{
	Dl_info info;
	Elf64_Sym *symbol;

	if (!dladdr1(function, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol)
		return 0;
	return stub_stack_words(function, symbol->st_size, &everything);
}

static void expect(const char *name, void *function, uint32_t least, uint32_t most)
{
	uint32_t got = words_of(function) & STUB_WORDS;

	if (got >= least && got <= most) {
		printf("ok stack_words_of_%s\n", name);
	} else {
		printf("not ok stack_words_of_%s: %u, not %u to %u\n", name, got, least, most);
		failed = 1;
	}
}
#define EXPECT(f, least, most) expect(#f, (void *)(f), least, most)

int main(void)
{
	EXPECT(pt_nothing, 0, 0);
	EXPECT(ptl_none, 0, 0);
	EXPECT(ptl_one, 0, 0);
	EXPECT(ptl_six, 0, 0);
	EXPECT(ptl_factorial, 0, 8);
	EXPECT(ptl_apply, 0, 8);
	EXPECT(pt_two_doubles, 0, 0);
	EXPECT(pt_float, 0, 0);
	EXPECT(pt_twelve, 6, 8);
	EXPECT(pt_twelve_doubles, 4, 8);
	EXPECT(pt_mixed, 0, 8);
	EXPECT(pt_long_double, 4, 8);
	EXPECT(pt_big, 5, 64);
	EXPECT(pt_huge, 24, 64);
	EXPECT(pt_sum, 20, 64);
	EXPECT(pt_sum_doubles, 20, 64);
	EXPECT(pt_sum_long_doubles, 20, 64);
	EXPECT(pt_sum_by_letters, 28, 64);
	EXPECT(pt_print, 20, 64);
	EXPECT(pt_six_and_more, 14, 64);
	return failed;
}
