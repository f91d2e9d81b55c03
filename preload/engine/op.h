/* SPDX-License-Identifier: MIT */
/*
 * op.h - what a hooked operation means: static descriptions, written as tables in hooks/.
 *
 * A kind describes a family of maps, an op one function of it. Both are constant data; the ops of all adapters lie in one
 * linker section (race_ops), so that an op is also a small number: op_id().
 */
#ifndef RACE_ENGINE_OP_H
#define RACE_ENGINE_OP_H

#include <stddef.h>
#include <stdint.h>

enum race_role {
	ROLE_CREATE,
	ROLE_DESTROY,
	ROLE_INSERT,
	ROLE_LOOKUP,
	ROLE_REMOVE,
	ROLE_UPDATE,
	ROLE_ITERATE,
	ROLE_RESIZE,
	ROLE_CLEAR,
};

/* The effective access: what the library really does to the map, not what the function's name promises. */
enum race_access_type { ACCESS_NONE, ACCESS_READ, ACCESS_WRITE };

/* Which cells decide (docs/DESIGN.md, "Conflict rule"). */
enum race_contract { CONTRACT_UNSAFE, CONTRACT_BUCKET_LOCKED, CONTRACT_CONCURRENT };

/* How a key prints. KEY_BY_MAP: as the map was told at its creation (map_set_key_kind). */
/* KEY_INT_AT, KEY_LONG_AT: a pointer to the number; recorded as KEY_INT and KEY_LONG. */
enum race_key_kind { KEY_NONE, KEY_BY_MAP, KEY_STRING, KEY_POINTER, KEY_INT, KEY_LONG, KEY_INT_AT, KEY_LONG_AT };

enum race_op_flags {
	OP_INTERVAL = 1,   /* user callbacks run inside: the overlap check is off once the thread released a lock in there */
	OP_NO_FRAME = 2,   /* an annotation: the report starts with the caller, not with the operation's own name */
	OP_FIRST_USE = 4,  /* on an empty map creates it (tsearch): no creation call exists */
	OP_PASSING = 8,    /* a read that no later write is compared with: a count that nobody sees may order them (Qt 5) */
	OP_MAY_END = 16,   /* the map may be gone when the call returns (a dropped reference): it is not looked at then */
	OP_IF_ABSENT = 32, /* an insertion that leaves a present key alone: it needs no look-up before it (compound.h) */
	OP_NO_IDENTITY = 64, /* the key is for the report only: it does not tell whether two keys are the same */
};

/* A family of maps. */
struct race_kind {
	const char *name; /* "GHashTable": as in reports and in map: suppressions */
	enum race_contract contract;
	/* Entries of a live map, for the report only; may be NULL. Called on the racing thread, outside all locks. */
	long (*entries)(uintptr_t map);
	/* Bytes of the map's own header that change when a dead one is reborn (see map_destroy); 0: unknown. */
	uint32_t header_bytes;
	/* 1: no creation call exists, so that reuse of memory is told only by free(). */
	uint8_t implicit;
	/* Buckets of a live map, or 0; may be NULL. Asked before and after writes: a change is told as a resize. Must be
	 * cheap and readable at any moment of the map's life. Called on the racing thread. */
	long (*capacity)(uintptr_t map);
};

/* One function, or one annotation. */
struct race_op {
	const char *name; /* "g_hash_table_insert" */
	const struct race_kind *kind; /* never NULL */
	void *const *real; /* where the resolved function's address is kept: the report's innermost frame; may be NULL */
	uint8_t role, access, key_kind, flags;
};

/* The op section's bounds; the linker makes them. */
extern const struct race_op race_ops_start[] __asm__("__start_race_ops") __attribute__((weak, visibility("hidden")));
extern const struct race_op race_ops_stop[] __asm__("__stop_race_ops") __attribute__((weak, visibility("hidden")));

static inline uint32_t op_id(const struct race_op *op)
{
	return (uint32_t)(op - race_ops_start);
}

#endif
