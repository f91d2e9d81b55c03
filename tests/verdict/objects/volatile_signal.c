/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=0 volatiles=1 caught */
#include <signal.h>
volatile sig_atomic_t caught;
