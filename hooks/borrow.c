/* SPDX-License-Identifier: MIT */
/*
 * borrow.c - see borrow.h.
 */
#include <dlfcn.h>

#include "borrow.h"

int borrowed_is(struct race_hook *h, const void *f, const void *caller)
{
	const void *real = borrowed_address(h, caller);

	if (!real || !f)
		return 0;
	/* `self` of a borrowed slot: the global scope's idea of the address, looked up once. */
	if (unlikely(!load_relaxed(&h->self))) {
		void *global = dlsym(RTLD_DEFAULT, h->name);

		store_relaxed(&h->self, global ? global : (void *)real);
	}
	return f == real || f == load_relaxed(&h->self);
}
