/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=4 volatiles=0 */
#include <atomic>
#include <memory>
#include <vector>
std::atomic_bool stop;
std::atomic_flag busy = ATOMIC_FLAG_INIT;
std::vector<std::atomic<int>> many;
std::unique_ptr<std::atomic<long>> one;
