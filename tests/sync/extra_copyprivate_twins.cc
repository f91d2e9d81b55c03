/* SPDX-License-Identifier: MIT */
/* BUILD: -fopenmp */
/* extra_copyprivate_twins.cc - what OpenMP's copyprivate runs between the single construct and the barrier at its end. */
#include <omp.h>

#include "after.h"

/* The copy is made by each other thread, before the barrier at the construct's end. */
struct copied {
	int who = 0;
	copied &operator=(const copied &from)
	{
		who = from.who;
		if (!racy)
			touch_b();
		return *this;
	}
};
static void *copyprivate_alone(void *unused)
{
#pragma omp parallel num_threads(2)
	{
		copied c;

		if (racy && omp_get_thread_num() == 0) {
			touch_a();
			gate_open(&a_done);
		} else if (racy) {
			gate_wait(&a_done, 1);
			touch_b();
		}
#pragma omp single copyprivate(c)
		{
			if (!racy)
				touch_a();
			c.who = 1;
		}
	}
	return unused;
}

static const struct scenario list[] = { ALONE(copyprivate) };

int main(int argc, char **argv)
{
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
