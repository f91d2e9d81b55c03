/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=0 volatiles=1 stop */
volatile int stop;
