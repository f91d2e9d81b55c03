/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=1 volatiles=1 */
_Atomic int a;
volatile int v;
