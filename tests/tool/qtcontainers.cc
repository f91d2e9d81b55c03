// SPDX-License-Identifier: MIT
// qtcontainers.cc - containers of Qt 5: their shared data is what they point at.
#include <QHash>
#include <QMap>

static QHash<int, int> hash;
static QMap<int, int> map;

extern "C" void *hash_data(int n)
{
	for (int i = 0; i < n; i++)
		hash.insert(i, i);
	return *reinterpret_cast<void **>(&hash);
}

extern "C" void *hash_first()
{
	QHash<int, int>::iterator i = hash.begin();

	return *reinterpret_cast<void **>(&i);
}

extern "C" int hash_capacity()
{
	return hash.capacity();
}

extern "C" void *map_data(int n)
{
	for (int i = 0; i < n; i++)
		map.insert(i, i);
	return *reinterpret_cast<void **>(&map);
}
