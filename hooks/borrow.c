/* SPDX-License-Identifier: MIT */
/*
 * borrow.c - see borrow.h.
 */
#include <dlfcn.h>

#include "borrow.h"

void *borrowed_global(struct race_hook *h, const void *caller)
{
	void *real = borrowed_address(h, caller), *global;

	if (!real)
		return NULL;
	/* `self` of a borrowed slot keeps it; looked up once. */
	if (likely(load_relaxed(&h->self)))
		return load_relaxed(&h->self);
	global = dlsym(RTLD_DEFAULT, h->name);
	if (!global)
		dlerror(); /* a failed look-up of ours is not the program's to read */
	store_relaxed(&h->self, global ? global : real);
	return load_relaxed(&h->self);
}
