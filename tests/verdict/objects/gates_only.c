/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=0 volatiles=0 */
#include "tests/e2e/gate.h"

#include "examples/turns.h"
struct gate gate;
void use(void)
{
	turn_wait(1);
	gate_open(&gate);
	gate_wait(&gate, 1);
	turn_over();
}
