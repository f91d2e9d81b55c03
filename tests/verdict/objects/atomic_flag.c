/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=1 volatiles=0 busy */
#include <stdatomic.h>
atomic_flag busy = ATOMIC_FLAG_INIT;
