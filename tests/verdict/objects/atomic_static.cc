/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=1 volatiles=0 counter::value */
#include <atomic>
namespace app
{
class counter {
public:
	static std::atomic<unsigned> value;
};
std::atomic<unsigned> counter::value;
}
