/* SPDX-License-Identifier: MIT */
/*
 * apr.h - rows of the Apache Portable Runtime's containers that map_rows.h has no macro for: functions with two maps.
 *
 *   APR_COPY(symbol, (parameters), (arguments), one, two, flags, learn)
 *             reads the maps `one` and `two` (0: none) from end to end and creates a third one, its result
 */
#ifndef RACE_HOOKS_APR_H
#define RACE_HOOKS_APR_H

#include "map_rows.h"

/* Two operations of one call. */
struct apr_two {
	struct race_op_open one, two;
};

static inline void apr_two_enter(struct race_thread *t, struct apr_two *o, const struct race_op *op_one, uintptr_t one,
				 const struct race_op *op_two, uintptr_t two, const uintptr_t *fp)
{
	o->two.cell = NULL;
	hook_op_enter(t, op_one, one, 0, RACE_NO_BUCKET, fp, &o->one);
	if (two && two != one) {
		hook_reenter(t);
		hook_op_enter(t, op_two, two, 0, RACE_NO_BUCKET, fp, &o->two);
	}
}

static inline void apr_two_exit(struct race_thread *t, struct apr_two *o)
{
	hook_op_exit(t, &o->two);
	hook_op_exit(t, &o->one);
}

#define APR_COPY(symbol, params, args, first, second, flags, learn)                                                  \
	RACE_EXPORT void *symbol params;                                                                             \
	HOOK_EXTRA_OP(symbol, source, &HOOK_KIND, ITERATE, READ, flags)                                              \
	HOOK_SLOT(symbol)                                                                                            \
	HOOK_OP(symbol, &HOOK_KIND, CREATE, WRITE, KEY_NONE, 0)                                                      \
	void *symbol params                                                                                          \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t = thread_enter();                                                              \
		struct apr_two o;                                                                                    \
		void *result;                                                                                        \
		if (unlikely(!t))                                                                                    \
			return real args;                                                                            \
		apr_two_enter(t, &o, &op_source_##symbol, KEY(first), &op_source_##symbol, KEY(second), FRAME);      \
		result = real args;                                                                                  \
		apr_two_exit(t, &o);                                                                                 \
		if (unlikely(!result))                                                                               \
			return NULL;                                                                                 \
		learn;                                                                                               \
		hook_reenter(t);                                                                                     \
		map_create(t, &op_##symbol, KEY(result), KEY_NONE, FRAME);                                           \
		thread_leave(t);                                                                                     \
		return result;                                                                                       \
	}

#endif
