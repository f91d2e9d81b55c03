/* SPDX-License-Identifier: MIT */
/* test_parser.c - a test without threads that fails by itself: status 3. */
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	if (strtol("12", NULL, 10) == 21)
		return 0;
	puts("12 was not read as 21");
	return 3;
}
