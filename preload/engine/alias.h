/* SPDX-License-Identifier: MIT */
/*
 * alias.h - one lock at two addresses: shared memory that is mapped more than once in this process. See alias.c.
 */
#ifndef RACE_ENGINE_ALIAS_H
#define RACE_ENGINE_ALIAS_H

#include "state.h"

/* What a shared mapping shows, and from where on. Never all zero. */
struct alias_file {
	uint64_t device, inode, at;
};
#define ALIAS_SEGMENT (~(uint64_t)0)     /* as device: a System V segment, by its id */
#define ALIAS_NAMELESS (~(uint64_t)0 - 1) /* shared memory without a file, counted */

/* Some shared mapping is known: unmapping matters. */
static inline int alias_any(void)
{
	return load_relaxed(&race_tables.views) != 0;
}

/* A shared mapping is there now; whatever was at these addresses is gone. Its sync objects stay when it shows what was there. */
void alias_mapped(struct race_thread *t, uintptr_t lo, size_t bytes, const struct alias_file *file);
/* These addresses are about to be unmapped, or have just been replaced by something that is no shared mapping. */
void alias_unmapped(struct race_thread *t, uintptr_t lo, size_t bytes);
/* What is shown at an address; 0 when it lies in no known mapping. */
int alias_file_at(uintptr_t at, struct alias_file *out);
/* A name for shared memory that has none. */
struct alias_file alias_nameless(void);
/* Length of the System V segment that is attached at an address; 0 when none is known. */
size_t alias_segment_bytes(uintptr_t at);

/* What sync.c asks. The key under which an object is filed, and whether it lies where not all mappings are known. */
uintptr_t alias_key(uintptr_t obj);
int alias_is_spilled(uintptr_t obj);
#define ALIAS_COMMON ((uintptr_t)1 << 61)

static inline uintptr_t sync_key(uintptr_t obj)
{
	return likely(!load_relaxed(&race_tables.aliased)) ? obj : alias_key(obj);
}

void aliases_reset(void);
void aliases_forked(void);
extern struct lock aliases_lock;
extern uint32_t race_alias_limit; /* settable for tests */

#endif
