/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=1 volatiles=0 */
#include <atomic>
struct flag : std::atomic<bool> {
	int more = 0;
} flag;
