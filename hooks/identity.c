/* SPDX-License-Identifier: MIT */
/*
 * identity.c - ids, namespaces, root: what the kernel keeps for each thread. With control=1 librace has a thread that libc does not know
 * and therefore would leave as it was; it is not there while these calls are made (preload/control.c). Nothing else is done here.
 */
#include <grp.h>
#include <sched.h>
#include <unistd.h>

#define HOOK_POLICY PATCH_NEVER
#include "../preload/control.h"
#include "sync_rows.h"

#define IDENTITY_HOOK(symbol, params, args)                                                                          \
	RACE_EXPORT int symbol params;                                                                               \
	HOOK_SLOT(symbol)                                                                                            \
	int symbol params                                                                                            \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		int paused = control_pause(), result = real args;                                                    \
                                                                                                                     \
		if (paused)                                                                                          \
			control_resume();                                                                            \
		return result;                                                                                       \
	}

IDENTITY_HOOK(setuid, (uid_t id), (id))
IDENTITY_HOOK(seteuid, (uid_t id), (id))
IDENTITY_HOOK(setreuid, (uid_t real_id, uid_t effective), (real_id, effective))
IDENTITY_HOOK(setresuid, (uid_t real_id, uid_t effective, uid_t saved), (real_id, effective, saved))
IDENTITY_HOOK(setgid, (gid_t id), (id))
IDENTITY_HOOK(setegid, (gid_t id), (id))
IDENTITY_HOOK(setregid, (gid_t real_id, gid_t effective), (real_id, effective))
IDENTITY_HOOK(setresgid, (gid_t real_id, gid_t effective, gid_t saved), (real_id, effective, saved))
IDENTITY_HOOK(setgroups, (size_t n, const gid_t *groups), (n, groups))
IDENTITY_HOOK(initgroups, (const char *user, gid_t group), (user, group))
IDENTITY_HOOK(unshare, (int flags), (flags))
IDENTITY_HOOK(setns, (int fd, int type), (fd, type))
IDENTITY_HOOK(chroot, (const char *path), (path))
