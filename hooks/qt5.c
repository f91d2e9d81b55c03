/* SPDX-License-Identifier: MIT */
/*
 * qt5.c - QHash, QMultiHash, QSet and QMap, QMultiMap of Qt 5. The rows are qt5.def.
 *
 * Identity   the shared data that one or several containers point at (QHashData, QMapDataBase). Copying a container is a
 *            reference more; who changes a container whose data is shared first makes a copy of it ("detaches").
 *
 * What may be compared. A change of shared data in place is legal for who holds the only reference, and the references are
 * counted by inlined atomics that nobody sees. So:
 *   - A reader may be done with the data, have dropped its reference, and a change may follow without any other order.
 *     Reads are compared with the last change, but not kept for later changes (OP_PASSING).
 *   - A change is ordered before whatever any other thread does with that data later, or the program is wrong: the
 *     changer was alone with it, so every other container got it by a copy made after the change, and copying a container
 *     that somebody changes needs a lock, a queue, a join - which are seen (qt5_lock.c).
 *   - Data dies with the last reference to it, in whatever thread; often behind a second, inlined count (QSharedPointer).
 *     Deaths are not compared with anything. The memory's end, by operator delete, ends what is known of it.
 *
 * Who        calls by code of the program and its libraries. Qt's own libraries and plugins guard many of their tables by
 *            QBasicMutex, which is inlined: their calls are left alone; inside libQt5Core nothing is patched.
 * When       only while libQt5Core's own use of its locks is seen; else every hand-over inside Qt would look like a race.
 */
#define HOOK_POLICY PATCH_PROGRAM
#include <dlfcn.h>
#include <link.h>
#include <string.h>

#include "../preload/engine/layout.h"
#include "map_rows.h"
#include "qt5.h"

/* QHashData and QMapDataBase as Qt's headers publish them; inlined code of every Qt program relies on both. */
struct qhash_data {
	void *end; /* always null: what tells it from a node */
	void **buckets;
	int references, entries, node_bytes;
	short user_bits, bits;
	int capacity;
};
struct qhash_node {
	struct qhash_node *next;
	unsigned hash;
};
struct qmap_node {
	uintptr_t parent; /* and colour; 0 in the header alone */
	void *left, *right;
};
struct qmap_data {
	int references, entries;
	struct qmap_node header;
};

static long hash_entries(uintptr_t map)
{
	return load_relaxed(&((const struct qhash_data *)map)->entries);
}

static long hash_capacity(uintptr_t map)
{
	return load_relaxed(&((const struct qhash_data *)map)->capacity);
}

static long map_entries(uintptr_t map)
{
	return load_relaxed(&((const struct qmap_data *)map)->entries);
}

static const struct race_kind hash_kind = {
	.name = "QHash", .contract = CONTRACT_UNSAFE, .entries = hash_entries, .capacity = hash_capacity, .implicit = 1,
};
static const struct race_kind map_kind = {
	.name = "QMap", .contract = CONTRACT_UNSAFE, .entries = map_entries, .implicit = 1,
};

ORIGIN(hash_kind, "libQt5Core.so.5")
LAYOUT_TYPE(qhash_data, hash_kind, "QHashData", "Qt 5", "none: inlined code of every Qt 5 program relies on it")
LAYOUT(qhash_data, end, "fakeNext", "null: tells the data from a node")
LAYOUT(qhash_data, entries, "size", "entries in reports")
LAYOUT(qhash_data, capacity, "numBuckets", "buckets in reports; growth")
SIZE(hash_kind, NULL, SIZE_AT(qhash_data, entries), SIZE_AT(qhash_data, capacity), SIZE_NONE, 0)
LAYOUT_TYPE(qhash_node, hash_kind, "QHashData::Node", "Qt 5", "none: inlined code of every Qt 5 program relies on it")
LAYOUT(qhash_node, next, "next", "a chain's end is the data that a step goes through")

ORIGIN(map_kind, "libQt5Core.so.5")
LAYOUT_TYPE(qmap_data, map_kind, "QMapDataBase", "Qt 5", "none: inlined code of every Qt 5 program relies on it")
LAYOUT(qmap_data, entries, "size", "entries in reports")
LAYOUT(qmap_data, header, "header", "the data around the node that a walk ends at")
SIZE(map_kind, NULL, SIZE_AT(qmap_data, entries), SIZE_NONE, SIZE_NONE, 0)
LAYOUT_TYPE(qmap_node, map_kind, "QMapNodeBase", "Qt 5", "none: inlined code of every Qt 5 program relies on it")
LAYOUT(qmap_node, parent, "p", "null in the header alone")

static int caller_is_qt(const void *caller)
{
	struct dl_find_object o;
	const char *path, *name;

	if (_dl_find_object((void *)caller, &o) || !o.dlfo_link_map || !o.dlfo_link_map->l_name)
		return 0;
	path = o.dlfo_link_map->l_name;
	name = strrchr(path, '/');
	return !strncmp(name ? name + 1 : path, "libQt5", 6) || strstr(path, "/qt5/plugins/");
}

/* The thread, when this call is one to look at. */
static inline struct race_thread *qt_enter(const void *caller)
{
	return qt5_locks_are_seen() && load_relaxed(&race_multi) && !caller_is_qt(caller) ? thread_enter() : NULL;
}

#define QT_OP(tag, symbol, shown, kind, role, access, flags)                                                         \
	static const struct race_op op_##tag __attribute__((section("race_ops"), used, aligned(8))) = {              \
		shown, &kind, (void *const *)&hook_##symbol.entry, ROLE_##role, ACCESS_##access, KEY_NONE, flags     \
	};

#define QT_HOOK(returns, symbol, params, args, shown, kind, role)                                                    \
	RACE_EXPORT returns symbol params;                                                                           \
	HOOK_SLOT(symbol)                                                                                            \
	QT_OP(symbol, symbol, shown, kind, role, WRITE, 0)                                                           \
	returns symbol params                                                                                        \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t = qt_enter(CALLER);                                                            \
		struct race_op_open open;                                                                            \
		returns result;                                                                                      \
		if (likely(!t))                                                                                      \
			return real args;                                                                            \
		hook_op_enter(t, &op_##symbol, KEY(d), 0, RACE_NO_BUCKET, FRAME, &open);                             \
		result = real args;                                                                                  \
		hook_op_exit(t, &open);                                                                              \
		return result;                                                                                       \
	}
#define QT_HOOK_VOID(symbol, params, args, shown, kind, role)                                                        \
	RACE_EXPORT void symbol params;                                                                              \
	HOOK_SLOT(symbol)                                                                                            \
	QT_OP(symbol, symbol, shown, kind, role, WRITE, 0)                                                           \
	void symbol params                                                                                           \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t = qt_enter(CALLER);                                                            \
		struct race_op_open open;                                                                            \
		if (likely(!t)) {                                                                                    \
			real args;                                                                                   \
			return;                                                                                      \
		}                                                                                                    \
		hook_op_enter(t, &op_##symbol, KEY(d), 0, RACE_NO_BUCKET, FRAME, &open);                             \
		real args;                                                                                           \
		hook_op_exit(t, &open);                                                                              \
	}

#include "qt5.def"

/* ---- walks --------------------------------------------------------------------------------------------------------
 * A step is given a node. The data is known where it stands at the end of what the step itself looks at: a chain of a QHash
 * ends at its data, whose first word is null; a step beyond the last node of a QMap gives its header. Nothing else is read.
 */
RACE_EXPORT void *_ZN9QHashData8nextNodeEPNS_4NodeE(struct qhash_node *node);
HOOK_SLOT(_ZN9QHashData8nextNodeEPNS_4NodeE)
QT_OP(hash_next, _ZN9QHashData8nextNodeEPNS_4NodeE, "QHashData::nextNode", hash_kind, ITERATE, READ, OP_PASSING)
void *_ZN9QHashData8nextNodeEPNS_4NodeE(struct qhash_node *node)
{
	__typeof__(&_ZN9QHashData8nextNodeEPNS_4NodeE) real = REAL(_ZN9QHashData8nextNodeEPNS_4NodeE);
	struct race_thread *t = qt_enter(CALLER);
	struct qhash_node *next;
	struct race_op_open open;
	void *result;

	if (likely(!t))
		return real(node);
	next = load_relaxed(&node->next);
	if (!next || load_relaxed(&next->next)) {
		thread_leave(t);
		return real(node);
	}
	hook_op_enter(t, &op_hash_next, KEY(next), 0, RACE_NO_BUCKET, FRAME, &open);
	result = real(node);
	hook_op_exit(t, &open);
	return result;
}

#define HEADER_AT offsetof(struct qmap_data, header)

RACE_EXPORT void *_ZNK12QMapNodeBase8nextNodeEv(const struct qmap_node *node);
HOOK_SLOT(_ZNK12QMapNodeBase8nextNodeEv)
QT_OP(map_next, _ZNK12QMapNodeBase8nextNodeEv, "QMapNodeBase::nextNode", map_kind, ITERATE, READ, OP_PASSING)
void *_ZNK12QMapNodeBase8nextNodeEv(const struct qmap_node *node)
{
	struct qmap_node *result = REAL(_ZNK12QMapNodeBase8nextNodeEv)(node);
	struct race_thread *t = result && !load_relaxed(&result->parent) ? qt_enter(CALLER) : NULL;
	struct race_op_open open;

	if (likely(!t))
		return result;
	hook_op_enter(t, &op_map_next, KEY(result) - HEADER_AT, 0, RACE_NO_BUCKET, FRAME, &open);
	hook_op_exit(t, &open);
	return result;
}

RACE_EXPORT void *_ZNK12QMapNodeBase12previousNodeEv(const struct qmap_node *node);
HOOK_SLOT(_ZNK12QMapNodeBase12previousNodeEv)
QT_OP(map_previous, _ZNK12QMapNodeBase12previousNodeEv, "QMapNodeBase::previousNode", map_kind, ITERATE, READ, OP_PASSING)
void *_ZNK12QMapNodeBase12previousNodeEv(const struct qmap_node *node)
{
	__typeof__(&_ZNK12QMapNodeBase12previousNodeEv) real = REAL(_ZNK12QMapNodeBase12previousNodeEv);
	struct race_thread *t = !load_relaxed(&node->parent) ? qt_enter(CALLER) : NULL;
	struct race_op_open open;
	void *result;

	if (likely(!t))
		return real(node);
	hook_op_enter(t, &op_map_previous, KEY(node) - HEADER_AT, 0, RACE_NO_BUCKET, FRAME, &open);
	result = real(node);
	hook_op_exit(t, &open);
	return result;
}

/* ---- births and deaths ------------------------------------------------------------------------------------------
 * Detaching walks the data and makes new one. Deaths: see above; forgotten before the memory is given back.
 */
typedef void *qhash_detach_fn(void *d, void *duplicate, void *remove, int bytes, int alignment);
RACE_EXPORT qhash_detach_fn _ZN9QHashData13detach_helperEPFvPNS_4NodeEPvEPFvS1_Eii;
HOOK_SLOT(_ZN9QHashData13detach_helperEPFvPNS_4NodeEPvEPFvS1_Eii)
QT_OP(hash_copied, _ZN9QHashData13detach_helperEPFvPNS_4NodeEPvEPFvS1_Eii, "QHashData::detach_helper", hash_kind, ITERATE, READ,
      OP_PASSING | OP_INTERVAL)
QT_OP(hash_born, _ZN9QHashData13detach_helperEPFvPNS_4NodeEPvEPFvS1_Eii, "QHashData::detach_helper", hash_kind, CREATE, WRITE, 0)
void *_ZN9QHashData13detach_helperEPFvPNS_4NodeEPvEPFvS1_Eii(void *d, void *duplicate, void *remove, int bytes, int alignment)
{
	qhash_detach_fn *real = REAL(_ZN9QHashData13detach_helperEPFvPNS_4NodeEPvEPFvS1_Eii);
	struct race_thread *t = qt_enter(CALLER);
	struct race_op_open open;
	void *result;

	if (likely(!t))
		return real(d, duplicate, remove, bytes, alignment);
	hook_op_enter(t, &op_hash_copied, KEY(d), 0, RACE_NO_BUCKET, FRAME, &open);
	result = real(d, duplicate, remove, bytes, alignment);
	hook_op_exit(t, &open);
	hook_reenter(t);
	map_create(t, &op_hash_born, KEY(result), KEY_NONE, FRAME);
	thread_leave(t);
	return result;
}

RACE_EXPORT void *_ZN12QMapDataBase10createDataEv(void);
HOOK_SLOT(_ZN12QMapDataBase10createDataEv)
QT_OP(map_born, _ZN12QMapDataBase10createDataEv, "QMapDataBase::createData", map_kind, CREATE, WRITE, 0)
void *_ZN12QMapDataBase10createDataEv(void)
{
	void *result = REAL(_ZN12QMapDataBase10createDataEv)();
	struct race_thread *t = qt_enter(CALLER);

	if (unlikely(t != NULL)) {
		map_create(t, &op_map_born, KEY(result), KEY_NONE, FRAME);
		thread_leave(t);
	}
	return result;
}

#define QT_DEATH(symbol, params, args, shown, kind)                                                                  \
	RACE_EXPORT void symbol params;                                                                              \
	HOOK_SLOT(symbol)                                                                                            \
	QT_OP(symbol, symbol, shown, kind, DESTROY, NONE, 0)                                                         \
	void symbol params                                                                                           \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t = map_incarnation(KEY(d)) ? thread_enter() : NULL;                             \
		struct race_touch touch = { &op_##symbol, KEY(d), 0, RACE_NO_BUCKET, FRAME };                        \
		struct race_op_open open;                                                                            \
		if (unlikely(t != NULL)) {                                                                           \
			op_enter(t, &touch, &open);                                                                  \
			if (open.cell)                                                                               \
				op_exit(t, &open);                                                                   \
			map_destroy(t, &op_##symbol, KEY(d), FRAME);                                                 \
			thread_leave(t);                                                                             \
		}                                                                                                    \
		real args;                                                                                           \
	}

QT_DEATH(_ZN9QHashData11free_helperEPFvPNS_4NodeEE, (void *d, void *remove), (d, remove), "QHashData::free_helper", hash_kind)
QT_DEATH(_ZN12QMapDataBase8freeDataEPS_, (void *d), (d), "QMapDataBase::freeData", map_kind)
