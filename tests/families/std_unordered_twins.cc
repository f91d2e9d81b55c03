/* SPDX-License-Identifier: MIT */
/* std_unordered_twins.cc - std::unordered_map, unordered_set and the multi forms. See family.h. */
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "family.h"

using table = std::unordered_map<int, int>;

static table map, other;
/* Takes a value, so that it is computed; no object that other threads could look at. */
static struct {
	void operator=(size_t value) const
	{
		__asm__ volatile("" : : "r"(value) : "memory");
	}
} sink;

static struct filling {
	filling()
	{
		for (int i = 0; i < 40; i += 2)
			other[i] = i;
	}
} filling;

static void iterate(const table &m)
{
	int sum = 0;

	for (const auto &entry : m)
		sum += entry.second;
	sink = sum;
}

ACCESS(insert_a, map[1] = 1)
ACCESS(insert_b, map.emplace(2, 2))
ACCESS(add_a, other[11] = 1)
ACCESS(add_too, other[13] = 1)
ACCESS(reserve_b, other.reserve(1000))
ACCESS(iterate_b, iterate(other))

LOCK_TWINS(write_write, insert_a(), insert_b())
LOCK_TWINS(write_write_resize, add_a(), reserve_b())
LOCK_TWINS(write_iterate, add_a(), iterate_b())
LOCK_TWINS(write_write_more, add_a(), add_too())
JOIN_TWINS(join, insert_a(), insert_b())
static pthread_mutex_t given = PTHREAD_MUTEX_INITIALIZER;
HANDOVER(handover, (pthread_mutex_lock(&given), pthread_mutex_unlock(&given)),
	 (pthread_mutex_lock(&given), pthread_mutex_unlock(&given)))
READ_LOCK_TWINS(write_under_read_lock, add_a(), add_too(), iterate_b(), iterate_b())

/* ---- other containers, other layouts ------------------------------------------------------------------------------- */

static std::unordered_set<std::string> set;
static std::unordered_multimap<int, int> multimap;
static std::unordered_multiset<int> multiset;
ACCESS(set_a, set.insert("a"))
ACCESS(set_b, set.insert("b"))
ACCESS(multimap_a, multimap.insert({ 1, 1 }))
ACCESS(multimap_b, multimap.insert({ 1, 2 }))
ACCESS(multiset_a, multiset.insert(1))
ACCESS(multiset_b, multiset.insert(1))
LOCK_TWINS(write_write_set, set_a(), set_b())
LOCK_TWINS(write_write_multimap, multimap_a(), multimap_b())
LOCK_TWINS(write_write_multiset, multiset_a(), multiset_b())

struct seeded {
	size_t seed[3] = { 1, 2, 3 };
	size_t operator()(int i) const { return (size_t)i * seed[1] + seed[0]; }
};
static std::unordered_map<int, int, seeded> salted;
ACCESS(salt_a, salted[1] = 1)
ACCESS(salt_b, salted[2] = 1)
LOCK_TWINS(write_write_with_a_large_hash, salt_a(), salt_b())

/* ---- inlined where the compiler optimises ---------------------------------------------------------------------------- */

#ifndef __OPTIMIZE__
ACCESS(find_b, sink = other.find(4) != other.end())
ACCESS(at_b, sink = other.at(4))
ACCESS(present_b, other[4] = 5)
ACCESS(size_b, sink = (int)other.size())
ACCESS(erase_b, other.erase(4))
ACCESS(erase_at_b, other.erase(other.begin()))
ACCESS(clear_b, other.clear())
ACCESS(swap_b, other.swap(map))
ACCESS(copy_b, table copy(other); sink = (int)copy.size())
ACCESS(salted_find_b, sink = salted.count(7) != 0)
RWLOCK_TWINS(rwlock, add_a(), iterate_b())
LOCK_TWINS(find, add_a(), find_b())
LOCK_TWINS(at, add_a(), at_b())
LOCK_TWINS(present, add_a(), present_b())
LOCK_TWINS(size, add_a(), size_b())
LOCK_TWINS(write_write_erase, add_a(), erase_b())
LOCK_TWINS(write_write_erase_at, add_a(), erase_at_b())
LOCK_TWINS(clear, iterate_b(), clear_b())
LOCK_TWINS(swap, iterate_b(), swap_b())
LOCK_TWINS(copy, add_a(), copy_b())
LOCK_TWINS(find_with_a_large_hash, salt_a(), salted_find_b())
#endif

static const struct scenario scenarios[] = {
	SIDES(write_write), SIDES(write_write_resize), SIDES(write_iterate), SIDES(write_write_more), ALONE(join), SIDES(handover),
	SIDES(write_under_read_lock), SIDES(write_write_set), SIDES(write_write_multimap), SIDES(write_write_multiset),
	SIDES(write_write_with_a_large_hash),
#ifndef __OPTIMIZE__
	SIDES(rwlock), SIDES(find), SIDES(at), SIDES(present), SIDES(size), SIDES(write_write_erase), SIDES(write_write_erase_at),
	SIDES(clear), SIDES(swap), SIDES(copy), SIDES(find_with_a_large_hash),
#endif
};

int main(int argc, char **argv)
{
#ifdef __OPTIMIZE__
	UNSEEN("write_iterate")
#else
	UNSEEN_INTERPOSED("write_iterate", "rwlock", "find", "at", "present", "size", "write_write_erase", "write_write_erase_at", "clear",
			  "swap", "copy", "find_with_a_large_hash")
#endif
	return twins_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
