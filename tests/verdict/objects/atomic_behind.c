/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=3 volatiles=0 */
#include <stdatomic.h>
typedef atomic_uint word;
struct ring {
	int size;
	word head[4];
} ring;
word *other;
int use(const word *argument)
{
	return (int)atomic_load(argument) + ring.size + (other != 0);
}
