/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=1 volatiles=0 queue::head */
#include <atomic>
struct queue {
	std::atomic<int> head{ 0 };
	int plain = 0;
} q;
int use()
{
	return q.head.load(std::memory_order_acquire) + q.plain;
}
