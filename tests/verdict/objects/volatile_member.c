/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=0 volatiles=1 state::word */
struct state {
	int plain;
	volatile unsigned word;
} state;
