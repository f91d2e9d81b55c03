/* SPDX-License-Identifier: MIT */
/*
 * copy_twins.cc - copies of std's containers that another thread changes: a copy is a read of all of the original.
 *
 * A tree is copied by a function that calls itself, so it stands out of line in every build; gcc clones it where it optimises. A
 * hash table is copied by one that gcc inlines into a constructor, if no other one of that type needs it.
 */
#include <map>
#include <memory_resource>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "family.h"

/* The copy is looked at, so that it is made. */
/* Takes a value, so that it is computed; no object that other threads could look at. */
static struct {
	void operator=(size_t value) const
	{
		__asm__ volatile("" : : "r"(value) : "memory");
	}
} sink;

template <typename C> static void look(const C &copy)
{
	__asm__ volatile("" : : "r"(&copy) : "memory");
	sink = copy.size();
}

template <typename C> static C made(C c)
{
	return c;
}

/*
 * NAME: a container with elements; insert: a change of it. One twin copies it by the constructor, one by assignment to an empty
 * container, one by assignment to one that has elements, whose nodes are used again.
 */
#define COPIED(name, type, filling, insert)                                                                          \
	static type name filling, name##_empty, name##_used filling;                                                 \
	ACCESS(name##_insert, insert)                                                                                \
	ACCESS(name##_construct, type copy(name); look(copy))                                                        \
	ACCESS(name##_assign, name##_empty = name; look(name##_empty))                                               \
	ACCESS(name##_reuse, name##_used = name; look(name##_used))                                                  \
	LOCK_TWINS(write_##name##_construct, name##_insert(), name##_construct())                                    \
	LOCK_TWINS(write_##name##_assign, name##_insert(), name##_assign())                                          \
	LOCK_TWINS(write_##name##_reuse, name##_insert(), name##_reuse())                                            \
	LOCK_TWINS(construct_##name##_write, name##_construct(), name##_insert())

#define COPIED_LIST(name)                                                                                            \
	SIDES(write_##name##_construct), SIDES(write_##name##_assign), SIDES(write_##name##_reuse), SIDES(construct_##name##_write)
#define COPIED_NAMES(name)                                                                                           \
	"write_" #name "_construct", "write_" #name "_assign", "write_" #name "_reuse", "construct_" #name "_write"

using map_type = std::map<int, int>;
using multimap_type = std::multimap<long, std::string>;
using set_type = std::set<std::string>;
using hash_type = std::unordered_map<int, int>;
using hash_set_type = std::unordered_set<std::string>;
using hash_multi_type = std::unordered_multimap<int, std::string>;

#define FILLED(...) = { __VA_ARGS__ }
COPIED(map, map_type, FILLED({ 1, 1 }, { 2, 2 }, { 3, 3 }, { 4, 4 }), map[5] = 5)
COPIED(multimap, multimap_type, FILLED({ 1, "a" }, { 1, "b" }), multimap.emplace(1, "c"))
COPIED(set, set_type, FILLED("a", "b", "c"), set.insert("d"))
COPIED(single, map_type, FILLED({ 1, 1 }), single[2] = 2)
COPIED(hash, hash_type, FILLED({ 1, 1 }, { 2, 2 }, { 3, 3 }), hash[4] = 4)
COPIED(hash_set, hash_set_type, FILLED("a", "b", "c"), hash_set.insert("d"))
COPIED(hash_multi, hash_multi_type, FILLED({ 1, "a" }, { 1, "b" }), hash_multi.emplace(1, "c"))

/* By value: the copy is made for the callee. */
ACCESS(argument_b, look(made(map)))
LOCK_TWINS(write_argument, map_insert(), argument_b())

/* A comparator before the header, which then lies elsewhere. */
struct by_weight {
	long weight[3] = { 1, 1, 1 };
	bool operator()(int a, int b) const { return a * weight[0] < b * weight[0]; }
};
using weighed_type = std::map<int, int, by_weight>;
COPIED(weighed, weighed_type, FILLED({ 1, 1 }, { 2, 2 }), weighed[3] = 3)

/* Two that copy at once are readers. */
ACCESS(map_insert_too, map[6] = 6)
READ_LOCK_TWINS(two_copies, map_insert(), map_insert_too(), map_construct(), map_construct())
/* Whoever waits for the other one's end may copy. */
JOIN_TWINS(join, map_insert(), map_construct())

static const struct scenario scenarios[] = {
	COPIED_LIST(map), COPIED_LIST(multimap), COPIED_LIST(set), COPIED_LIST(single), COPIED_LIST(weighed), COPIED_LIST(hash),
	COPIED_LIST(hash_set), COPIED_LIST(hash_multi), SIDES(write_argument), SIDES(two_copies), ALONE(join),
};

int main(int argc, char **argv)
{
#if defined(__OPTIMIZE__) && !defined(__clang__)
	UNSEEN("write_hash_construct", "construct_hash_write", "write_hash_set_construct", "construct_hash_set_write",
	       "write_hash_multi_construct", "construct_hash_multi_write")
#endif
	UNSEEN_INTERPOSED(COPIED_NAMES(map), COPIED_NAMES(multimap), COPIED_NAMES(set), COPIED_NAMES(single), COPIED_NAMES(weighed),
			  COPIED_NAMES(hash), COPIED_NAMES(hash_set), COPIED_NAMES(hash_multi), "write_argument", "join")
	return twins_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
