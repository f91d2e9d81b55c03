/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core -fPIC */
/* qt_map_twins.cc - Qt 5's QMap, shared rightly and (racy) wrongly. The scenarios are qt_twins.h. */
#include <QMap>

#include "family.h"

typedef QMap<int, int> Container;

static Container table, source, copies[2];
static int total;

static inline void change(Container &c)
{
	c.insert(50, 1);
	c.remove(50);
}

ACCESS(insert_a, table.insert(10, 1))
ACCESS(insert_b, table.insert(11, 1))
ACCESS(remove_b, table.remove(8))
ACCESS(look_up_b, total += table.value(3) + table.contains(4))
ACCESS(walk_a, for (auto i = table.constBegin(); i != table.constEnd(); ++i) total += i.value())
ACCESS(walk_b, for (auto i = table.constBegin(); i != table.constEnd(); ++i) total += i.value())

#include "qt_twins.h"

int main(int argc, char **argv)
{
	return qt_main(argc, argv);
}
