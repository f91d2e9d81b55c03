/* SPDX-License-Identifier: MIT */
/*
 * glib_task.c - GTask and GCancellable (libgio). The rows are glib_task.def.
 *
 * GTask is built on a GThreadPool, idle sources, GMutex and GCond, which libgio reaches through the PLT: glib_pool.c,
 * glib_main.c and glib_lock.c see the way there and back. The rows here are for the direct way: a result set by one
 * thread and taken by another that learnt of it by other means.
 */
#include "glib_types.h"
#include "sync_rows.h"

#include "glib_task.def"
