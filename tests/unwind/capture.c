/* SPDX-License-Identifier: MIT */
/*
 * capture.c - stack_capture where things are missing or odd: no libunwind, no cache, refused frames, signals, small stacks,
 * recycled caches, fork, generations that start again.
 */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../preload/unwind/rules.h"
#include "refused.h"
#include "tap.h"
#include "touch.h"

static uint64_t refused(void)
{
	struct unwind_stats s;

	unwind_stats(&s);
	return s.refused;
}

static void fresh(void)
{
	stack_cache_free(touch_state.cache);
	memset(&touch_state, 0, sizeof(touch_state));
	touch_state.cache = stack_cache_new();
}

static NOINLINE void refused_twice(void)
{
	call_refused(touch);
	__asm__ volatile("");
}

static NOINLINE void refused_deep(void)
{
	call_refused(refused_twice);
	__asm__ volatile("");
}

static NOINLINE void refused_in_a_row(void)
{
	touch();
	__asm__ volatile("");
}

/* Before unwind_load_library: as on a machine without libunwind. */
static void without_library(void)
{
	uintptr_t pcs[STACK_FRAMES];
	uint64_t before = refused();
	unsigned n;

	refused_deep();
	n = touch_frames(pcs);
	/* touch is called by call_refused at once: its frame is the last one that is known */
	tap(n == 1 && pcs[0] - (uintptr_t)call_refused < 64, "without_libunwind_the_stack_ends_at_the_refused_frame",
	    "%u frames", n);
	tap(refused() == before + 1, "a_stack_cut_short_is_counted", "%lu, %lu before", (unsigned long)refused(),
	    (unsigned long)before);
	touch_state.wrong = 0;
	touch();
	tap(touch_state.wrong == 0 && refused() == before + 1, "other_stacks_need_no_libunwind", "%lu wrong",
	    (unsigned long)touch_state.wrong);
}

static void with_library(const char *name)
{
	uint64_t before = refused();

	fresh();
	for (int i = 0; i < 3; i++) {
		refused_deep();
		refused_twice();
		call_refused(refused_in_a_row);
		call_refused(refused_deep);
	}
	tap(touch_state.wrong == 0 && touch_state.captures == 12 && refused() == before,
	    name, "%lu of %lu wrong, %lu cut short", (unsigned long)touch_state.wrong,
	    (unsigned long)touch_state.captures, (unsigned long)(refused() - before));
}

static void no_cfi(void)
{
	uintptr_t pcs[STACK_FRAMES];
	unsigned n;

	call_without_cfi(refused_in_a_row);
	n = touch_frames(pcs);
	tap(n == 2 && pcs[1] - (uintptr_t)call_without_cfi < 16, "code_without_cfi_ends_the_stack", "%u frames", n);
}

static void no_cache(void)
{
	uint32_t id;

	fresh();
	touch();
	id = touch_state.id;
	stack_cache_free(touch_state.cache);
	touch_state.cache = NULL;
	touch();
	refused_deep();
	tap(touch_state.wrong == 0 && id, "captures_work_without_a_cache", "%lu wrong", (unsigned long)touch_state.wrong);
	stack_cache_free(NULL);
}

/* ---- the cache itself --------------------------------------------------------------------------------------------------- */

enum step { TOUCH, CHANGE_MODULES, RECYCLE };

/* One call site, so that every touch has the same stack. walks[i]: captures of step i that were walked. */
static NOINLINE void steps(const enum step *step, unsigned n, uint64_t *walks)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t before = stack_cache_walks(touch_state.cache);

		switch (step[i]) {
		case TOUCH:
			touch();
			break;
		case CHANGE_MODULES:
			unwind_modules_changed();
			break;
		case RECYCLE:
			stack_cache_free(touch_state.cache);
			touch_state.cache = stack_cache_new();
			break;
		}
		walks[i] = stack_cache_walks(touch_state.cache) - before;
	}
}

static void reuse(void)
{
	static const enum step script[] = { TOUCH, TOUCH, TOUCH, CHANGE_MODULES, TOUCH, TOUCH, RECYCLE, TOUCH, TOUCH };
	uint64_t walks[9];

	fresh();
	steps(script, 9, walks);
	tap(walks[0] == 1 && !walks[1] && !walks[2], "an_equal_stack_is_not_walked_again", "walks %lu %lu %lu",
	    (unsigned long)walks[0], (unsigned long)walks[1], (unsigned long)walks[2]);
	tap(walks[4] == 1 && !walks[5], "a_changed_module_list_forgets_stacks", "walks %lu %lu", (unsigned long)walks[4],
	    (unsigned long)walks[5]);
	tap(walks[7] == 1 && !walks[8], "a_recycled_cache_knows_nothing", "walks %lu %lu", (unsigned long)walks[7],
	    (unsigned long)walks[8]);
	tap(touch_state.wrong == 0, "reused_stacks_are_right", "%lu wrong", (unsigned long)touch_state.wrong);
}

static void recycled(void)
{
	struct stack_cache *c = stack_cache_new(), *again;

	stack_cache_free(c);
	again = stack_cache_new();
	tap(c && again == c, "a_freed_cache_is_used_again", "got another one");
	stack_cache_free(again);
}

static void ops_differ(void)
{
	uint32_t one, other;

	fresh();
	touch();
	one = touch_state.id;
	touch_other();
	other = touch_state.id;
	tap(one != other && stack_op(one) == &touch_ops[0] && stack_op(other) == &touch_ops[1],
	    "the_operation_is_part_of_a_stack", "ids %u and %u", one, other);
}

/* 16-bit generations of rules come round: no rule of 65535 changes ago may be believed. */
static void generations(void)
{
	uint32_t zero = 0;

	fresh();
	refused_in_a_row();
	for (uint32_t i = 0; i < 70000; i++) {
		unwind_modules_changed();
		zero += (uint16_t)load_relaxed(&rules_generation) == 0;
	}
	tap(zero == 0, "generation_0_is_never_used", "used %u times", zero);
	touch_state.wrong = 0;
	refused_in_a_row();
	tap(touch_state.wrong == 0, "stacks_are_right_after_generations_came_round", "%lu wrong",
	    (unsigned long)touch_state.wrong);
}

/* A rule stored in one generation must be gone when its number is used again. */
static void wiped(void)
{
	uintptr_t ra = (uintptr_t)wiped + 5;
	uint32_t generation = load_relaxed(&rules_generation);
	struct rule_slot *slot = &rules_small[rules_hash(ra) >> (64 - RULES_SMALL_BITS)];
	uint64_t odd = rule_with_generation(rule_pack(CFI_RSP, CFI_RBP_KEPT, 4096, 0), (uint16_t)generation);

	rule_of(ra, generation);
	for (unsigned i = 0; i < 8 && load_relaxed(&slot->ra) != ra; i++)
		slot++;
	if (load_relaxed(&slot->ra) != ra) {
		tap(0, "old_rules_are_wiped_before_their_generation_returns", "the rule is not where it should be");
		return;
	}
	store_relaxed(&slot->rule, odd);
	do
		unwind_modules_changed();
	while ((uint16_t)load_relaxed(&rules_generation) != (uint16_t)generation);
	tap(rule_of(ra, load_relaxed(&rules_generation)) != odd, "old_rules_are_wiped_before_their_generation_returns",
	    "an old rule is believed");
}

/* More return addresses than the tables hold. The last test of rules: from here on most are worked out at each use. */
static void rules_full(void)
{
	struct unwind_stats s;
	uint32_t generation = load_relaxed(&rules_generation);

	for (uintptr_t i = 1; i < 150000; i++)
		rule_of(i * 16, generation);
	fresh();
	refused_deep();
	with_library("refused_frames_go_to_libunwind_with_full_rule_tables");
	unwind_stats(&s);
	tap(s.rules_no_room > 0 && touch_state.wrong == 0, "stacks_are_right_when_the_rule_tables_are_full",
	    "%lu rules without room, %lu wrong", (unsigned long)s.rules_no_room, (unsigned long)touch_state.wrong);
}

/* ---- signals ------------------------------------------------------------------------------------------------------------ */

static volatile int in_handler;

static void handler(int sig)
{
	in_handler++;
	refused_in_a_row();
}

static NOINLINE void raiser(void)
{
	volatile char pad[300];

	pad[0] = 1;
	raise(SIGUSR1);
	pad[1] = pad[0];
}

static volatile int *volatile nowhere;

static void segv(int sig, siginfo_t *info, void *context)
{
	in_handler++;
	touch();
	mprotect((void *)((uintptr_t)info->si_addr & ~4095ul), 4096, PROT_READ | PROT_WRITE);
}

/* Interrupted in the middle of its own code, not behind a call. */
static NOINLINE int faulting(void)
{
	volatile char pad[200];

	pad[0] = 1;
	return *nowhere + pad[0];
}

static void signals(void)
{
	static char other_stack[65536];
	stack_t alternative = { .ss_sp = other_stack, .ss_size = sizeof(other_stack) };
	struct sigaction action = { .sa_handler = handler };
	uint64_t before = refused();

	fresh();
	sigaction(SIGUSR1, &action, NULL);
	raiser();
	tap(touch_state.wrong == 0 && in_handler == 1, "exact_in_a_signal_handler", "%lu wrong",
	    (unsigned long)touch_state.wrong);

	sigaltstack(&alternative, NULL);
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR1, &action, NULL);
	raiser();
	tap(touch_state.wrong == 0 && in_handler == 2, "exact_on_an_alternative_signal_stack", "%lu wrong",
	    (unsigned long)touch_state.wrong);

	action.sa_sigaction = segv;
	action.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigaction(SIGSEGV, &action, NULL);
	nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	faulting();
	signal(SIGSEGV, SIG_DFL);
	tap(touch_state.wrong == 0 && in_handler == 3 && refused() == before, "exact_where_a_fault_interrupted_code",
	    "%lu wrong, %lu cut short", (unsigned long)touch_state.wrong, (unsigned long)(refused() - before));
}

/* ---- small stacks ------------------------------------------------------------------------------------------------------- */

static void *small_thread(void *p)
{
	uint64_t *wrong = p;
	uintptr_t pcs[STACK_FRAMES];

	touch_state.cache = stack_cache_new();
	/* Without the comparison: that one needs room of its own. */
	touch_state.id = stack_capture(touch_state.cache, &touch_ops[0], FRAME);
	*wrong += touch_frames(pcs) < 1;
	stack_cache_free(touch_state.cache);
	return NULL;
}

static NOINLINE void capture_only(void)
{
	touch_state.id = stack_capture(touch_state.cache, &touch_ops[0], FRAME);
	__asm__ volatile("");
}

static void *small_thread_refused(void *p)
{
	uint64_t *wrong = p;
	uintptr_t pcs[STACK_FRAMES];

	touch_state.cache = stack_cache_new();
	call_refused(capture_only);
	*wrong += touch_frames(pcs) < 2;
	stack_cache_free(touch_state.cache);
	return NULL;
}

static void in_small_thread(const char *name, void *(*body)(void *))
{
	pthread_attr_t attr;
	pthread_t t;
	uint64_t wrong = 0;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	err = pthread_create(&t, &attr, body, &wrong);
	if (!err)
		pthread_join(t, NULL);
	tap(!err && !wrong, name, "create %d, %lu wrong", err, (unsigned long)wrong);
	pthread_attr_destroy(&attr);
}

/* ---- fork --------------------------------------------------------------------------------------------------------------- */

static void forked(void)
{
	int status = 0;
	pid_t child;

	fresh();
	fflush(stdout);
	child = fork();
	if (child == 0) {
		unwind_forked();
		touch();
		refused_deep();
		fresh();
		touch();
		_exit(touch_state.wrong != 0);
	}
	waitpid(child, &status, 0);
	tap(status == 0, "a_forked_child_captures_on", "status %#x", (unsigned)status);
}

int main(void)
{
	uintptr_t pcs[STACK_FRAMES];
	uint32_t early;

	if (!oracle_load()) {
		tap_not_run("capture", "no libunwind.so.8 to compare with");
		return 0;
	}
	early = stack_capture(NULL, &touch_ops[0], FRAME);
	tap(early == 0 && stack_frames(early, pcs, STACK_FRAMES) == 0, "before_set_up_there_is_no_stack", "id %u", early);
	if (unwind_init()) {
		tap(0, "capture", "unwind_init failed");
		return 1;
	}
	touch_state.cache = stack_cache_new();
	without_library();
	unwind_load_library();
	with_library("refused_frames_go_to_libunwind");
	no_cfi();
	no_cache();
	reuse();
	recycled();
	ops_differ();
	generations();
	wiped();
	signals();
	in_small_thread("a_16_KiB_stack_is_enough", small_thread);
	in_small_thread("a_16_KiB_stack_is_enough_for_libunwind", small_thread_refused);
	forked();
	rules_full();
	return tap_failed;
}
