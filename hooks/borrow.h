/* SPDX-License-Identifier: MIT */
/*
 * borrow.h - functions of a hooked library that adapters call or compare with, but do not hook.
 *
 * Resolved like hooks are, at first use, in the library that the hook's caller sees; not part of the table of hooks.
 */
#ifndef RACE_HOOKS_BORROW_H
#define RACE_HOOKS_BORROW_H

#include "hook.h"

#define BORROW(returns, symbol, params)                                                                              \
	typedef returns borrowed_##symbol##_fn params;                                                               \
	static struct race_hook borrowed_##symbol = { .name = #symbol };

/* To call it; an absent one returns 0. */
#define BORROWED(symbol, caller) ((borrowed_##symbol##_fn *)hook_ask(&borrowed_##symbol, caller))

/* Its address, or NULL when the library has no such symbol; data too. */
static inline void *borrowed_address(struct race_hook *h, const void *caller)
{
	(void)hook_ask(h, caller);
	return hook_known(h);
}

/*
 * The address that the global scope knows it by, or NULL: another one where the executable is not position-independent
 * and names the function (its own PLT entry), or where it holds a copy of the variable (copy relocation).
 */
void *borrowed_global(struct race_hook *h, const void *caller);

/* Is f that function, by either address? */
static inline int borrowed_is(struct race_hook *h, const void *f, const void *caller)
{
	return f && (f == borrowed_address(h, caller) || f == borrowed_global(h, caller));
}

#endif
