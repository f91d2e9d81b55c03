/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=0 volatiles=1 ready */
static volatile int ready;
extern void act(void);

void make_ready(void)
{
	ready = 1;
}

void act_if_ready(void)
{
	if (ready)
		act();
}
