// SPDX-License-Identifier: MIT
// containers.cc - containers of libstdc++, and where what librace reads of them is: what their own public functions say.
#include <map>
#include <unordered_map>

static std::map<int, int> tree;
static std::unordered_map<int, int> table, empty;

extern "C" void *tree_header(int n)
{
	for (int i = 0; i < n; i++)
		tree[i] = i;
	return tree.end()._M_node;
}

extern "C" void *tree_first()
{
	return tree.begin()._M_node;
}

extern "C" void *tree_last()
{
	return (--tree.end())._M_node;
}

// With hash and comparison that hold nothing, the table begins with _M_buckets.
extern "C" void *table_begin(int n)
{
	for (int i = 0; i < n; i++)
		table[i] = i;
	return &table;
}

extern "C" long table_buckets()
{
	return (long)table.bucket_count();
}

extern "C" float table_load()
{
	return table.max_load_factor();
}

extern "C" void *empty_begin()
{
	return &empty;
}
