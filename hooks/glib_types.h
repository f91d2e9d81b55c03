/* SPDX-License-Identifier: MIT */
/*
 * glib_types.h - GLib's types as far as the hooks need them. glib.h is not included: the library is built without it.
 *
 * Objects are void *, gboolean is int. Layouts are declared only where GLib's own headers publish them (struct bodies
 * in installed headers are part of its ABI) or where a check at run time confirms them.
 */
#ifndef RACE_HOOKS_GLIB_TYPES_H
#define RACE_HOOKS_GLIB_TYPES_H

#include <stdint.h>

typedef void (*glib_fn)(void);                       /* any callback that is only passed on */
typedef int (*glib_source_func)(void *data);         /* GSourceFunc */
typedef void (*glib_func)(void *data, void *user);   /* GFunc */

#endif
