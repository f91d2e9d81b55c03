/* SPDX-License-Identifier: MIT */
/* table.c - libtable.so: a library with a static table, which dies when the library is unloaded. */
#include "../e2e/touch.h"

void table_touch(int b);
void table_touch(int b)
{
	if (b)
		touch_b();
	else
		touch_a();
	tdelete((void *)(uintptr_t)(1 + b), &touch_root, touch_compare);
}
