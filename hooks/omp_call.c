/* SPDX-License-Identifier: MIT */
/*
 * omp_call.c - a function of ours for each of those functions of the program. See omp_call.h.
 *
 * Where such a function is given to the run time, only its address is ours to choose: so each distinct one (there are as many as
 * constructs in the program) gets one of a fixed number of entries, which differ by a number only.
 *
 * Order     after all that asked for such calls and all tasks of the region so far; before whoever waits for tasks later.
 * When full the run time gets the program's function: what that does is not ordered, and may be reported without reason.
 */
#include "omp_call.h"

enum { CALLS = 256, ENTRY = 16 };

static omp_call_fn *calls[CALLS]; /* each written once */
static char asked;

extern const char omp_call_entries[] __attribute__((visibility("hidden")));
void omp_call(void *a, void *b, unsigned n) __attribute__((visibility("hidden")));

__asm__(".pushsection race_runs, \"ax\", @progbits\n"
	"	.p2align 4\n"
	"	.type omp_call_entries, @function\n"
	"	.hidden omp_call_entries\n"
	"	.globl omp_call_entries\n"
	"omp_call_entries:\n"
	"	.cfi_startproc\n"
	"	.set n, 0\n"
	"	.rept 256\n"
	"	.p2align 4\n"
	"	movl $n, %edx\n"
	"	jmp omp_call\n"
	"	.set n, n + 1\n"
	"	.endr\n"
	"	.p2align 4\n"
	"	.cfi_endproc\n"
	"	.size omp_call_entries, .-omp_call_entries\n"
	"	.popsection\n");

RUNS_CALLBACKS void omp_call(void *a, void *b, unsigned n)
{
	SYNC_ENTER(sync_acquire(t, KEY(&asked)); tasks_waited(t));
	load_acquire(&calls[n])(a, b); /* partner: the exchange in omp_call_for */
	SYNC_ENTER(sync_release_join(t, KEY(&omp_events)));
}

void omp_call_asked(struct race_thread *t)
{
	sync_release_join(t, KEY(&asked));
}

omp_call_fn *omp_call_for(omp_call_fn *f)
{
	if ((uintptr_t)f - (uintptr_t)omp_call_entries < CALLS * ENTRY)
		return f; /* given again, from where we wrote it */
	for (unsigned i = 0; i < CALLS; i++) {
		omp_call_fn *had = load_acquire(&calls[i]); /* partner: the exchange */

		if (!had && cas_acq_rel(&calls[i], &had, f))
			had = f;
		if (had == f)
			return (omp_call_fn *)(uintptr_t)(omp_call_entries + (size_t)i * ENTRY);
	}
	return f;
}
