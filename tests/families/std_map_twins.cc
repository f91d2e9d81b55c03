/* SPDX-License-Identifier: MIT */
/* std_map_twins.cc - std::map, set and the multi forms. See family.h. */
#include <map>
#include <memory_resource>
#include <set>
#include <string>
#include <utility>

#include "family.h"

using table = std::map<int, int>;

static table map, other;
/* Takes a value, so that it is computed; no object that other threads could look at. */
static struct {
	void operator=(size_t value) const
	{
		__asm__ volatile("" : : "r"(value) : "memory");
	}
} sink;

/* Something to iterate over, made while there is one thread. */
static struct filling {
	filling()
	{
		for (int i = 0; i < 40; i += 2)
			other[i] = i;
	}
} filling;

template <typename M> static void iterate(const M &m)
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
ACCESS(erase_b, other.erase(4))
ACCESS(erase_at_b, other.erase(std::next(other.begin())))
ACCESS(iterate_b, iterate(other))
ACCESS(one_step_b, auto i = other.begin(); sink = (++i)->second)
ACCESS(backwards_b, int sum = 0; for (auto i = other.rbegin(); i != other.rend(); ++i) sum += i->second; sink = sum)
ACCESS(extract_b, auto node = other.extract(6); map.insert(std::move(node)))
ACCESS(merge_b, map.merge(other))

LOCK_TWINS(write_write, insert_a(), insert_b())
LOCK_TWINS(write_write_erase, add_a(), erase_b())
LOCK_TWINS(write_write_erase_at, add_a(), erase_at_b())
LOCK_TWINS(write_write_extract, add_a(), extract_b())
LOCK_TWINS(write_write_merge, add_a(), merge_b())
LOCK_TWINS(write_iterate, add_a(), iterate_b())
LOCK_TWINS(write_iterate_one_step, add_a(), one_step_b())
LOCK_TWINS(write_iterate_backwards, add_a(), backwards_b())
LOCK_TWINS(iterate_write, iterate_b(), add_a())
RWLOCK_TWINS(rwlock, add_a(), iterate_b())
READ_LOCK_TWINS(write_under_read_lock, add_a(), add_too(), iterate_b(), iterate_b())
JOIN_TWINS(join, insert_a(), insert_b())
static pthread_mutex_t given = PTHREAD_MUTEX_INITIALIZER;
HANDOVER(handover, (pthread_mutex_lock(&given), pthread_mutex_unlock(&given)),
	 (pthread_mutex_lock(&given), pthread_mutex_unlock(&given)))

/* ---- other containers, other layouts ------------------------------------------------------------------------------- */

static std::set<std::string> set;
static std::multimap<int, int> multimap;
static std::multiset<int> multiset;
ACCESS(set_a, set.insert("a"))
ACCESS(set_b, set.insert("b"))
ACCESS(multimap_a, multimap.insert({ 1, 1 }))
ACCESS(multimap_b, multimap.insert({ 1, 2 }))
ACCESS(multiset_a, multiset.insert(1))
ACCESS(multiset_b, multiset.insert(1))
LOCK_TWINS(write_write_set, set_a(), set_b())
LOCK_TWINS(write_write_multimap, multimap_a(), multimap_b())
LOCK_TWINS(write_write_multiset, multiset_a(), multiset_b())

struct by_weight {
	long weight[3] = { 1, 1, 1 };
	bool operator()(int a, int b) const { return a * weight[0] < b * weight[0]; }
};
static std::map<int, int, by_weight> weighed;
static struct weighing {
	weighing()
	{
		for (int i = 0; i < 8; i++)
			weighed[i] = i;
	}
} weighing;
ACCESS(weigh_a, weighed[10] = 1)
ACCESS(weigh_b, iterate(weighed))
LOCK_TWINS(write_iterate_with_a_large_comparator, weigh_a(), weigh_b())

static std::pmr::monotonic_buffer_resource arena;
static std::pmr::map<int, int> pooled(&arena);
static struct pooling {
	pooling()
	{
		for (int i = 0; i < 8; i++)
			pooled[i] = i;
	}
} pooling;
ACCESS(pool_a, pooled[10] = 1)
ACCESS(pool_b, iterate(pooled))
LOCK_TWINS(write_iterate_in_an_arena, pool_a(), pool_b())

/* ---- nodes that change hands --------------------------------------------------------------------------------------- */

static void *write_iterate_moved_a(void *unused)
{
	pthread_mutex_lock(&mutexes[0]);
	map = std::move(other);
	insert_a();
	pthread_mutex_unlock(&mutexes[0]);
	gate_open(&a_done);
	return unused;
}
ACCESS(moved_b, iterate(map))
static void *write_iterate_moved_b(void *unused)
{
	gate_wait(&a_done, 1);
	pthread_mutex_lock(&mutexes[racy]);
	moved_b();
	pthread_mutex_unlock(&mutexes[racy]);
	return unused;
}

/* The nodes of one map belong to the other one now: each has its own lock. */
ACCESS(swapped_b, iterate(racy ? map : other))
static void *write_iterate_swapped_a(void *unused)
{
	pthread_mutex_lock(&mutexes[0]);
	pthread_mutex_lock(&mutexes[1]);
	insert_a();
	insert_b();
	map.swap(other);
	pthread_mutex_unlock(&mutexes[1]);
	insert_a();
	pthread_mutex_unlock(&mutexes[0]);
	gate_open(&a_done);
	return unused;
}
static void *write_iterate_swapped_b(void *unused)
{
	gate_wait(&a_done, 1);
	pthread_mutex_lock(&mutexes[1]);
	swapped_b();
	pthread_mutex_unlock(&mutexes[1]);
	return unused;
}

static table copied;
static void *write_iterate_copied_a(void *unused)
{
	pthread_mutex_lock(&mutexes[0]);
	copied = other;
	copied[100] = 1;
	pthread_mutex_unlock(&mutexes[0]);
	gate_open(&a_done);
	return unused;
}
ACCESS(copied_b, iterate(copied))
static void *write_iterate_copied_b(void *unused)
{
	gate_wait(&a_done, 1);
	pthread_mutex_lock(&mutexes[racy]);
	copied_b();
	pthread_mutex_unlock(&mutexes[racy]);
	return unused;
}

/* ---- inlined where the compiler optimises ---------------------------------------------------------------------------- */

ACCESS(first_b, sink = other.begin()->second)
LOCK_TWINS(read_first, add_a(), first_b())

#ifndef __OPTIMIZE__
ACCESS(find_b, sink = other.find(4) != other.end())
ACCESS(at_b, sink = other.at(4))
ACCESS(present_b, other.emplace(4, 4))
ACCESS(absent_b, other.erase(5))
ACCESS(clear_b, other.clear())
ACCESS(swap_b, other.swap(map))
ACCESS(move_b, map = std::move(other))
ACCESS(copy_b, table copy(other); sink = (int)copy.size())
ACCESS(assign_b, other = map)
LOCK_TWINS(find, add_a(), find_b())
LOCK_TWINS(at, add_a(), at_b())
LOCK_TWINS(insert_of_a_present_key, add_a(), present_b())
LOCK_TWINS(erase_of_an_absent_key, iterate_b(), absent_b())
LOCK_TWINS(clear, iterate_b(), clear_b())
LOCK_TWINS(swap, iterate_b(), swap_b())
LOCK_TWINS(move, iterate_b(), move_b())
LOCK_TWINS(copy, add_a(), copy_b())
LOCK_TWINS(assign, iterate_b(), assign_b())
#endif

static const struct scenario scenarios[] = {
	SIDES(write_write), SIDES(write_write_erase), SIDES(write_write_erase_at), SIDES(write_write_extract), SIDES(write_write_merge),
	SIDES(write_iterate), SIDES(write_iterate_one_step), SIDES(write_iterate_backwards), SIDES(iterate_write), SIDES(rwlock),
	SIDES(write_under_read_lock), ALONE(join), SIDES(handover), SIDES(write_write_set), SIDES(write_write_multimap),
	SIDES(write_write_multiset), SIDES(write_iterate_with_a_large_comparator), SIDES(write_iterate_in_an_arena),
	SIDES(write_iterate_moved), SIDES(write_iterate_swapped), SIDES(write_iterate_copied), SIDES(read_first),
#ifndef __OPTIMIZE__
	SIDES(find), SIDES(at), SIDES(insert_of_a_present_key), SIDES(erase_of_an_absent_key), SIDES(clear), SIDES(swap), SIDES(move),
	SIDES(copy), SIDES(assign),
#endif
};

int main(int argc, char **argv)
{
#ifdef __OPTIMIZE__
	UNSEEN("read_first")
#else
	UNSEEN_INTERPOSED("read_first", "find", "at", "insert_of_a_present_key", "erase_of_an_absent_key", "clear", "swap", "move", "copy",
			  "assign")
#endif
	return twins_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
