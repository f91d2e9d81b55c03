/* SPDX-License-Identifier: MIT */
/* scan_asks_test.c - code behind a sleep that asks memory whether to go on, and code that only looks like it. */
#include <stdio.h>
#include <string.h>

#include "../../preload/verdict/scan.h"

struct shape {
	const char *name;
	int asks;
	uint8_t code[24];
};

static const struct shape shapes[] = {
	/* mov ready(%rip),%eax; test %eax,%eax; je */
	{ "a_flag_that_is_loaded_and_tested", 1, { 0x8b, 0x05, 0x10, 0, 0, 0, 0x85, 0xc0, 0x74, 0x05 } },
	/* mov published(%rip),%rsi; test %rsi,%rsi; jne */
	{ "a_pointer_that_is_loaded_and_tested", 1, { 0x48, 0x8b, 0x35, 0x6e, 0x2f, 0, 0, 0x48, 0x85, 0xf6, 0x75, 0x25 } },
	/* cmpb $0,ready(%rip); jne */
	{ "a_flag_that_is_compared_in_memory", 1, { 0x80, 0x3d, 0x10, 0, 0, 0, 0, 0x75, 0x05 } },
	/* movzbl 8(%rbx),%eax; cmp $1,%al; jne */
	{ "a_member_that_is_compared", 1, { 0x0f, 0xb6, 0x43, 0x08, 0x3c, 0x01, 0x75, 0x05 } },
	/* mov n(%rip),%eax; test %eax,%eax; jle: the head of a loop that counts */
	{ "a_count_is_compared_by_size", 0, { 0x8b, 0x05, 0x10, 0, 0, 0, 0x85, 0xc0, 0x7e, 0x05 } },
	/* mov table(%rip),%rdi; call */
	{ "a_table_that_is_passed_on", 0, { 0x48, 0x8b, 0x3d, 0x10, 0, 0, 0, 0xe8, 0, 0, 0, 0, 0x85, 0xc0, 0x74, 0x05 } },
	/* mov -8(%rbp),%eax; test %eax,%eax; je: a local variable */
	{ "a_local_variable", 0, { 0x8b, 0x45, 0xf8, 0x85, 0xc0, 0x74, 0x05 } },
	/* test %eax,%eax; je: the call's own result */
	{ "the_result_of_the_call", 0, { 0x85, 0xc0, 0x74, 0x05 } },
	/* mov table(%rip),%rdi; test %eax,%eax; je: another register is tested */
	{ "another_register_is_tested", 0, { 0x48, 0x8b, 0x3d, 0x10, 0, 0, 0, 0x85, 0xc0, 0x74, 0x05 } },
};

int main(void)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape *s = &shapes[i];
		int got = scan_call_asks(s->code, s->code + sizeof(s->code));

		if (got == s->asks)
			printf("ok %s\n", s->name);
		else
			printf("not ok %s: answered %d\n", s->name, got);
	}
	return 0;
}
