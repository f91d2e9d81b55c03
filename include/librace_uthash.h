/* SPDX-License-Identifier: MIT */
/*
 * librace_uthash.h - uthash, seen by librace: include it instead of uthash.h. Nothing else changes.
 *
 * Needs uthash 2.1 or later and gcc or clang; with an older uthash the program builds, and its tables stay unseen.
 * Without librace in the process each operation costs one load and one test more than before.
 *
 * What is seen
 *   - The map is the UT_hash_table, which appears with the first entry and goes with the last. While there is none the
 *     variable that holds the head stands for it: two threads that add to an empty table race on that variable, and a
 *     look-up that finds it NULL has read it.
 *   - HASH_FIND*, HASH_ADD*, HASH_DELETE/HASH_DEL, HASH_CLEAR, HASH_SORT are intervals: the call and its end.
 *     HASH_ITER is one read per step. HASH_COUNT, HASH_SRT, HASH_SELECT, HASH_REPLACE* and the ..._BYHASHVALUE forms
 *     are told as moments, HASH_REPLACE* as the look-up, removal and insertion that it is.
 *   - The bucket of each key; the key itself in the _STR, _INT and _PTR forms.
 *
 * How
 *   uthash's macros call each other by name at the place of use. So those that others build upon stay as they are, with
 *   their Bloom filter steps as the hook points (make, add, test, free are called with the table and the hash value,
 *   in just the right places), and those that only programs use are redefined around them. struct race_uthash_scope
 *   tells a hook point whether it stands inside such a macro, whose interval covers it: the macro hides the outer
 *   struct by one of another size.
 *
 * One restriction: the head must be an lvalue in HASH_FIND, HASH_COUNT and HASH_ITER too, as HASH_ADD has always asked.
 */
#ifndef RACE_LIBRACE_UTHASH_H
#define RACE_LIBRACE_UTHASH_H

#include <uthash.h>

#include "librace.h"

#ifndef HASH_DELETE_HH
#warning "librace_uthash.h: this uthash is older than 2.1: its tables will not be seen"
#else

struct race_uthash_scope {
	char outside[1];
};
#define RACE_UTHASH_INSIDE_                                                                    \
	_Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wshadow\"")          \
	struct race_uthash_scope {                                                             \
		char inside[2];                                                                \
	};                                                                                     \
	_Pragma("GCC diagnostic pop")
#define RACE_UTHASH_COVERED_ (sizeof(struct race_uthash_scope) != 1)

/* The map that `head` means now. */
#define RACE_UTHASH_MAP_(hh, head) ((head) ? (const volatile void *)(head)->hh.tbl : (const volatile void *)&(head))
#define RACE_UTHASH_SLOT_(tbl, hashv) ((hashv) & ((tbl)->num_buckets - 1U))
#define RACE_UTHASH_BUCKET_(hh, head, hashv) ((head) ? RACE_UTHASH_SLOT_((head)->hh.tbl, hashv) : RACE_NO_BUCKET)

/* A moment: begin and end at once. */
#define RACE_UTHASH_AT_(map, op, bucket)                                                       \
	__extension__({                                                                        \
		if (!RACE_UTHASH_COVERED_ && RACE_PRESENT_(race_api_begin)) {                  \
			race_begin((map), (op), (bucket), 0, RACE_KEY_NONE);                   \
			race_end((map));                                                       \
		}                                                                              \
	})
/* The variable itself was looked at or changed while there is no table. */
#define RACE_UTHASH_HEAD_(head, op)                                                            \
	__extension__({                                                                        \
		if (RACE_PRESENT_(race_api_begin)) {                                           \
			race_begin(&(head), (op), RACE_NO_BUCKET, 0, RACE_KEY_NONE);           \
			race_kind(&(head), "uthash");                                          \
			race_end(&(head));                                                     \
		}                                                                              \
	})
#define RACE_UTHASH_LOOK_(hh, head, op)                                                        \
	__extension__({                                                                        \
		if (head)                                                                      \
			RACE_UTHASH_AT_((head)->hh.tbl, op, RACE_NO_BUCKET);                   \
		else                                                                           \
			RACE_UTHASH_HEAD_(head, op);                                           \
	})

/* A changing operation. The table may appear in it, or go: then its end came with race_map_destroy(). */
#define RACE_UTHASH_CHANGE_(hh, head, op, bucket, key, type, statement)                        \
	do {                                                                                   \
		RACE_UTHASH_INSIDE_                                                                    \
		const volatile void *race_map_ = 0;                                            \
		int race_empty_ = 0;                                                           \
		if (RACE_PRESENT_(race_api_begin)) {                                           \
			race_map_ = RACE_UTHASH_MAP_(hh, head);                                \
			race_empty_ = !(head);                                                 \
			race_begin(race_map_, op, bucket, key, type);                          \
		}                                                                              \
		statement;                                                                     \
		if (race_map_ && !race_empty_) {                                               \
			if (head)                                                              \
				race_end(race_map_);                                           \
			else                                                                   \
				RACE_UTHASH_HEAD_(head, RACE_OP_WRITE);                        \
		} else if (race_map_) {                                                        \
			race_kind(race_map_, "uthash");                                        \
			if (head) {                                                            \
				RACE_UTHASH_BORN_((head)->hh.tbl);                             \
				race_begin((head)->hh.tbl, op, bucket, key, type);             \
				race_end((head)->hh.tbl);                                      \
			}                                                                      \
			race_end(race_map_);                                                   \
		}                                                                              \
	} while (0)

#define RACE_UTHASH_FIND_(hh, head, keyptr, keylen, out, key, type)                            \
	do {                                                                                   \
		RACE_UTHASH_INSIDE_                                                                    \
		(out) = NULL;                                                                  \
		if (head) {                                                                    \
			const volatile void *race_map_ = 0;                                    \
			unsigned race_hashv_;                                                  \
			HASH_VALUE(keyptr, keylen, race_hashv_);                               \
			if (RACE_PRESENT_(race_api_begin)) {                                   \
				race_map_ = (head)->hh.tbl;                                    \
				race_begin(race_map_, RACE_OP_LOOKUP,                          \
					   RACE_UTHASH_BUCKET_(hh, head, race_hashv_), key, type); \
			}                                                                      \
			HASH_FIND_BYHASHVALUE(hh, head, keyptr, keylen, race_hashv_, out);     \
			if (race_map_)                                                         \
				race_end(race_map_);                                           \
		} else {                                                                       \
			RACE_UTHASH_HEAD_(head, RACE_OP_LOOKUP);                               \
		}                                                                              \
	} while (0)

#define RACE_UTHASH_ADD_(hh, head, keyptr, keylen, add, key, type)                             \
	do {                                                                                   \
		unsigned race_hashv_, race_keylen_ = (unsigned)(keylen);                       \
		HASH_VALUE(keyptr, race_keylen_, race_hashv_);                                 \
		RACE_UTHASH_CHANGE_(hh, head, RACE_OP_INSERT, RACE_UTHASH_BUCKET_(hh, head, race_hashv_), key, type, \
			HASH_ADD_KEYPTR_BYHASHVALUE(hh, head, keyptr, race_keylen_, race_hashv_, add)); \
	} while (0)

#define RACE_UTHASH_POINTER_(at)                                                               \
	__extension__({                                                                        \
		const void *race_pointer_;                                                     \
		memcpy(&race_pointer_, (at), sizeof(race_pointer_));                           \
		race_pointer_;                                                                 \
	})

/* ---- the hook points: the table and the hash value at birth, insertion, look-up and death ---------------- */

#undef HASH_BLOOM_ADD
#undef HASH_BLOOM_TEST
#undef HASH_BLOOM_FREE
#ifdef HASH_BLOOM
#define RACE_UTHASH_BORN_(tbl) race_map_create(tbl, "uthash", RACE_UNSAFE)
#define RACE_UTHASH_BIT_(tbl, hashv) ((uint32_t)(hashv) & (uint32_t)(((uint64_t)1 << (tbl)->bloom_nbits) - 1U))
#define HASH_BLOOM_ADD(tbl, hashv)                                                             \
	do {                                                                                   \
		RACE_UTHASH_AT_(tbl, RACE_OP_INSERT, RACE_UTHASH_SLOT_(tbl, hashv));           \
		HASH_BLOOM_BITSET((tbl)->bloom_bv, RACE_UTHASH_BIT_(tbl, hashv));              \
	} while (0)
#define HASH_BLOOM_TEST(tbl, hashv)                                                            \
	(RACE_UTHASH_AT_(tbl, RACE_OP_LOOKUP, RACE_UTHASH_SLOT_(tbl, hashv)),                  \
	 HASH_BLOOM_BITTEST((tbl)->bloom_bv, RACE_UTHASH_BIT_(tbl, hashv)))
#define HASH_BLOOM_FREE(tbl)                                                                   \
	do {                                                                                   \
		race_map_destroy(tbl);                                                         \
		uthash_free((tbl)->bloom_bv, HASH_BLOOM_BYTELEN);                              \
	} while (0)
#else
#undef HASH_BLOOM_MAKE
#define RACE_UTHASH_BORN_(tbl) ((void)0) /* HASH_BLOOM_MAKE has said it */
#define HASH_BLOOM_MAKE(tbl, oomed) race_map_create(tbl, "uthash", RACE_UNSAFE)
#define HASH_BLOOM_ADD(tbl, hashv) RACE_UTHASH_AT_(tbl, RACE_OP_INSERT, RACE_UTHASH_SLOT_(tbl, hashv))
#define HASH_BLOOM_TEST(tbl, hashv) (RACE_UTHASH_AT_(tbl, RACE_OP_LOOKUP, RACE_UTHASH_SLOT_(tbl, hashv)), 1)
#define HASH_BLOOM_FREE(tbl) race_map_destroy(tbl)
#endif

/* The end of each changing macro, with its name, which is told by its length: a sort, or a first insertion from
 * outside. */
#ifndef HASH_DEBUG
#undef HASH_FSCK
#define HASH_FSCK(hh, head, where)                                                             \
	do {                                                                                   \
		if (RACE_UTHASH_COVERED_)                                                      \
			break;                                                                 \
		if (sizeof(where) == sizeof("HASH_SRT"))                                       \
			RACE_UTHASH_AT_((head)->hh.tbl, RACE_OP_WRITE, RACE_NO_BUCKET);        \
		else if (sizeof(where) >= sizeof("HASH_ADD_KEYPTR_BYHASHVALUE") && (head) &&   \
			 (head)->hh.tbl->num_items == 1U)                                      \
			RACE_UTHASH_HEAD_(head, RACE_OP_INSERT);                               \
	} while (0)
#endif

/* ---- what programs use ----------------------------------------------------------------------------------- */

#undef HASH_FIND
#undef HASH_FIND_STR
#undef HASH_FIND_INT
#undef HASH_FIND_PTR
#define HASH_FIND(hh, head, keyptr, keylen, out) RACE_UTHASH_FIND_(hh, head, keyptr, keylen, out, 0, RACE_KEY_NONE)
#define HASH_FIND_STR(head, findstr, out)                                                      \
	do {                                                                                   \
		unsigned race_keylen_ = (unsigned)uthash_strlen(findstr);                      \
		RACE_UTHASH_FIND_(hh, head, findstr, race_keylen_, out, (findstr), RACE_KEY_STRING); \
	} while (0)
#define HASH_FIND_INT(head, findint, out)                                                      \
	RACE_UTHASH_FIND_(hh, head, findint, sizeof(int), out, (findint), RACE_KEY_INT)
#define HASH_FIND_PTR(head, findptr, out)                                                      \
	RACE_UTHASH_FIND_(hh, head, findptr, sizeof(void *), out, RACE_UTHASH_POINTER_(findptr), RACE_KEY_POINTER)

#undef HASH_ADD_KEYPTR
#undef HASH_ADD_KEYPTR_INORDER
#undef HASH_ADD_BYHASHVALUE
#undef HASH_ADD_BYHASHVALUE_INORDER
#undef HASH_ADD_STR
#undef HASH_ADD_INT
#undef HASH_ADD_PTR
#define HASH_ADD_KEYPTR(hh, head, keyptr, keylen_in, add)                                      \
	RACE_UTHASH_ADD_(hh, head, keyptr, keylen_in, add, 0, RACE_KEY_NONE)
#define HASH_ADD_KEYPTR_INORDER(hh, head, keyptr, keylen_in, add, cmpfcn)                      \
	do {                                                                                   \
		unsigned race_hashv_;                                                          \
		HASH_VALUE(keyptr, keylen_in, race_hashv_);                                    \
		RACE_UTHASH_CHANGE_(hh, head, RACE_OP_INSERT, RACE_UTHASH_BUCKET_(hh, head, race_hashv_), 0,   \
			RACE_KEY_NONE,                                                         \
			HASH_ADD_KEYPTR_BYHASHVALUE_INORDER(hh, head, keyptr, keylen_in, race_hashv_, add, cmpfcn)); \
	} while (0)
#define HASH_ADD_BYHASHVALUE(hh, head, fieldname, keylen_in, hashval, add)                     \
	RACE_UTHASH_CHANGE_(hh, head, RACE_OP_INSERT, RACE_UTHASH_BUCKET_(hh, head, hashval), 0, RACE_KEY_NONE, \
		HASH_ADD_KEYPTR_BYHASHVALUE(hh, head, &((add)->fieldname), keylen_in, hashval, add))
#define HASH_ADD_BYHASHVALUE_INORDER(hh, head, fieldname, keylen_in, hashval, add, cmpfcn)     \
	RACE_UTHASH_CHANGE_(hh, head, RACE_OP_INSERT, RACE_UTHASH_BUCKET_(hh, head, hashval), 0, RACE_KEY_NONE, \
		HASH_ADD_KEYPTR_BYHASHVALUE_INORDER(hh, head, &((add)->fieldname), keylen_in, hashval, add, cmpfcn))
#define HASH_ADD_STR(head, strfield, add)                                                      \
	RACE_UTHASH_ADD_(hh, head, &((add)->strfield[0]), uthash_strlen((add)->strfield), add, (add)->strfield, \
			 RACE_KEY_STRING)
#define HASH_ADD_INT(head, intfield, add)                                                      \
	RACE_UTHASH_ADD_(hh, head, &((add)->intfield), sizeof(int), add, &((add)->intfield), RACE_KEY_INT)
#define HASH_ADD_PTR(head, ptrfield, add)                                                      \
	RACE_UTHASH_ADD_(hh, head, &((add)->ptrfield), sizeof(void *), add,                    \
			 RACE_UTHASH_POINTER_(&((add)->ptrfield)), RACE_KEY_POINTER)

#undef HASH_DELETE
#define HASH_DELETE(hh, head, delptr)                                                          \
	RACE_UTHASH_CHANGE_(hh, head, RACE_OP_REMOVE, RACE_UTHASH_BUCKET_(hh, head, (delptr)->hh.hashv), 0,    \
		RACE_KEY_NONE, HASH_DELETE_HH(hh, head, &(delptr)->hh))

/* Removing an entry that has no neighbours frees the table and leaves the entries alone: that is what clearing means.
 * */
#undef HASH_CLEAR
#define HASH_CLEAR(hh, head)                                                                   \
	do {                                                                                   \
		UT_hash_handle race_alone_;                                                    \
		memset(&race_alone_, 0, sizeof(race_alone_));                                  \
		if (head)                                                                      \
			RACE_UTHASH_CHANGE_(hh, head, RACE_OP_CLEAR, RACE_NO_BUCKET, 0, RACE_KEY_NONE, \
				HASH_DELETE_HH(hh, head, &race_alone_));                       \
		else                                                                           \
			RACE_UTHASH_HEAD_(head, RACE_OP_READ);                                 \
	} while (0)

#undef HASH_SORT
#define HASH_SORT(head, cmpfcn)                                                                \
	do {                                                                                   \
		if (head)                                                                      \
			RACE_UTHASH_CHANGE_(hh, head, RACE_OP_WRITE, RACE_NO_BUCKET, 0, RACE_KEY_NONE, \
				HASH_SRT(hh, head, cmpfcn));                                   \
		else                                                                           \
			RACE_UTHASH_HEAD_(head, RACE_OP_READ);                                 \
	} while (0)

/* The selected entries, bucket by bucket, into the other table through their second handle. */
#undef HASH_SELECT
#define HASH_SELECT(hh_dst, dst, hh_src, src, cond)                                            \
	do {                                                                                   \
		unsigned race_bucket_ = 0;                                                     \
		UT_hash_handle *race_entry_ = NULL;                                            \
		RACE_UTHASH_LOOK_(hh_src, src, RACE_OP_ITERATE);                               \
		while ((race_entry_ = RACE_UTHASH_AFTER_(hh_src, src, race_entry_, race_bucket_))) { \
			void *race_item_ = ELMT_FROM_HH((src)->hh_src.tbl, race_entry_);       \
			if (cond(race_item_)) {                                                \
				__typeof__(dst) race_chosen_ = (__typeof__(dst))race_item_;    \
				HASH_ADD_KEYPTR_BYHASHVALUE(hh_dst, dst, race_entry_->key, race_entry_->keylen, \
							    race_entry_->hashv, race_chosen_); \
			}                                                                      \
		}                                                                              \
	} while (0)
/* The entry after `entry` in bucket order (NULL: the first one); `bucket` counts the buckets that were begun. */
#define RACE_UTHASH_AFTER_(hh, head, entry, bucket)                                            \
	__extension__({                                                                        \
		UT_hash_handle *race_after_ = (entry) ? (entry)->hh_next : NULL;               \
		while (!race_after_ && (head) && (bucket) < (head)->hh.tbl->num_buckets)       \
			race_after_ = (head)->hh.tbl->buckets[(bucket)++].hh_head;             \
		race_after_;                                                                   \
	})

#undef HASH_CNT
#define HASH_CNT(hh, head) (RACE_UTHASH_LOOK_(hh, head, RACE_OP_READ), (head) ? (head)->hh.tbl->num_items : 0U)

/* One read per step: a walk that is left early has no end. */
#undef HASH_ITER
#define HASH_ITER(hh, head, el, tmp)                                                           \
	for (RACE_UTHASH_LOOK_(hh, head, RACE_OP_ITERATE), (el) = (head), RACE_UTHASH_NEXT_(hh, el, tmp); (el); \
	     (el) = (tmp), RACE_UTHASH_STEP_(hh, el), RACE_UTHASH_NEXT_(hh, el, tmp))
#define RACE_UTHASH_NEXT_(hh, el, tmp) ((tmp) = (__typeof__(el))((el) ? (el)->hh.next : NULL))
#define RACE_UTHASH_STEP_(hh, el)                                                              \
	__extension__({                                                                        \
		if (el)                                                                        \
			RACE_UTHASH_AT_((el)->hh.tbl, RACE_OP_ITERATE, RACE_NO_BUCKET);        \
	})

#endif
#endif
