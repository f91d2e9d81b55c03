/* SPDX-License-Identifier: MIT */
/*
 * apr_atomic.c - apr_atomic_*: the one synchronisation of APR that no pthread hook sees. The rows are apr_atomic.def.
 *
 * httpd hands pools and counts of idle workers from thread to thread by them. APR's mutexes, conditions, read-write
 * locks, thread starts and joins are pthread's, called through the PLT.
 */
#include "sync_rows.h"

#define RELEASED(m) sync_release_join(t, KEY(m))

#include "apr_atomic.def"
