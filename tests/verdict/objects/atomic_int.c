/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=1 volatiles=0 ready */
#include <stdatomic.h>
atomic_int ready;
