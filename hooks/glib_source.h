/* SPDX-License-Identifier: MIT */
/*
 * glib_source.h - main loop sources, seen from the thread that runs them. Shared by glib_source.c and glib_main.c.
 */
#ifndef RACE_HOOKS_GLIB_SOURCE_H
#define RACE_HOOKS_GLIB_SOURCE_H

#include "glib_types.h"
#include "sync_rows.h"

typedef int glib_source_fn(void *source, void *a, void *b);

/* struct _GSourceFuncs and struct _GSource, glib/gmain.h. */
struct glib_source_funcs {
	glib_source_fn *prepare; /* (source, int *timeout) */
	glib_source_fn *check;   /* (source) */
	glib_source_fn *dispatch; /* (source, callback, user data) */
	void (*finalize)(void *source);
};

struct glib_source {
	void *callback_data, *callback_funcs;
	struct glib_source_funcs *funcs;
	unsigned refs;
	void *context;
};

/* 0: each release that such a function would have acquired must be published instead. Latched. */
extern uint32_t source_blind;

/* Makes the three functions pass through here from now on. */
void source_adopt(struct glib_source_funcs *funcs);

#endif
