/* SPDX-License-Identifier: MIT */
/*
 * words.h - what stays invisible, in words: of `race check`, which looks at files, and of stats=1, which tells of a run.
 *
 * The ids are those of docs/race-check.md. Formats take strings only.
 */
#ifndef RACE_PATCH_WORDS_H
#define RACE_PATCH_WORDS_H

/* What libstdc++ has out of line of each sort of container; everything else of them is compiled into the user. */
enum { CONTAINERS = 2, MARKERS = 3 };
static const struct container {
	const char *marker[MARKERS], *name, *inlined;
} containers[CONTAINERS] = {
	{{"_ZSt29_Rb_tree_insert_and_rebalancebPSt18_Rb_tree_node_baseS0_RS_",
	  "_ZSt28_Rb_tree_rebalance_for_erasePSt18_Rb_tree_node_baseRS_",
	  "_ZSt18_Rb_tree_incrementPSt18_Rb_tree_node_base"},
	 "std::map, set, multimap, multiset",
	 "find, count, at, lower_bound, begin, and operator[] of a key that is there"},
	{{"_ZNKSt8__detail20_Prime_rehash_policy14_M_need_rehashEmmm",
	  "_ZNKSt8__detail20_Prime_rehash_policy11_M_next_bktEm", 0},
	 "std::unordered_map, unordered_set",
	 "find, count, at, iteration, and operator[] of a key that is there"},
};

/* A program that holds the C++ run time holds the name of this type. */
#define CXX_RUN_TIME "N10__cxxabiv117__class_type_infoE"

#define HINT_INLINED "%s: %s are %scompiled into %s and then cannot be seen%s" /* sort, members, "partly ", modules, */
#define HINT_INLINED_REST "; insertions and removals are"
#define HINT_STATIC_CXX "%s holds its own copy of libstdc++: its containers are seen because the symbol table names it"
#define HINT_INVISIBLE_CXX_NAMED                                                                                     \
	"%s holds its own copy of libstdc++, whose functions cannot be patched there: insertions and "               \
	"removals of its std::map and std::unordered_map are invisible"
#define HINT_INVISIBLE_CXX                                                                                           \
	"%s holds its own C++ run time and no names for it: its std::map and std::unordered_map, if it has "         \
	"any, are invisible"
#define HINT_GO "%s holds Go code: Go's maps, channels and locks are invisible; what C code does in it is seen"
#define HINT_LIBCXX "%s: containers of libc++ are compiled in and invisible"
#define HINT_QT6 "QHash, QSet and QMutex of Qt 6 are compiled into their users: these maps and locks are invisible"

#endif
