// SPDX-License-Identifier: MIT
//
// exact.cpp - is every captured stack the one that libunwind finds?
//
// Thousands of random calls through frames that make a cache of stacks lie: equal return addresses over other frames. Built
// twice: with UNWIND_NAIVE the cache compares return addresses only, and this very test has to catch it.
//
// UNWIND_SEED=N repeats a run, UNWIND_SHOW=1 prints the first wrong stack.

#include <dlfcn.h>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <pthread.h>
#include <search.h>
#include <stdexcept>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "frames.h"
#include "tap.h"

static thread_local uint64_t state;

static uint32_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

extern "C" NOINLINE long bottom(long x)
{
	touch();
	if (x & 1)
		touch_other();
	touch();
	return x + 1;
}

template <int PAD> static NOINLINE long pass(long x, long (*next)(long))
{
	volatile char pad[PAD];

	pad[0] = (char)x;
	long r = next(x + 1);
	return r + pad[0];
}

static NOINLINE long two(long x)
{
	return pass<24>(x, bottom) + pass<200>(x, bottom);
}

static NOINLINE long three(long x)
{
	long r = pass<72>(x, two);
	return r + ((x & 2) ? pass<40>(x, bottom) : 0);
}

static NOINLINE long recurse(long x, int depth)
{
	if (x & 1)
		touch();
	if (depth <= 0)
		return bottom(x);
	return recurse(x >> 1, depth - 1) + 1;
}

static NOINLINE long with_alloca(long x, int depth)
{
	char *p = (char *)__builtin_alloca(16 + (x & 15) * 16);

	KEEP(p);
	p[0] = (char)x;
	long r = depth > 0 ? with_alloca(x >> 4, depth - 1) : three(x);
	return r + p[0];
}

static NOINLINE long realigned(long x, int depth)
{
	alignas(64) volatile char v[64];

	v[0] = (char)x;
	char *p = (char *)__builtin_alloca(32 + (x & 7) * 32);
	KEEP(p);
	p[0] = v[0];
	long r = depth > 1 ? with_alloca(x, depth - 1) : three(x);
	return r + v[0] + p[0];
}

static NOINLINE long realigned_big(long x, int depth)
{
	alignas(4096) volatile char v[64];

	v[0] = (char)x;
	long r = depth > 0 ? realigned(x, depth - 1) : bottom(x);
	return r + v[0];
}

__attribute__((noinline, force_align_arg_pointer)) static long realigned_argument(long x, int depth)
{
	volatile char v[48];

	v[0] = (char)x;
	long r = depth > 0 ? fp_plain(x, depth - 1) : bottom(x);
	return r + v[0];
}

extern "C" NOINLINE long no_fp(long x, int depth)
{
	volatile char pad[56];

	pad[0] = (char)x;
	long r = depth > 0 ? ((x & 1) ? fp_alloca(x >> 1, depth - 1) : fp_plain(x >> 1, depth - 1)) : bottom(x);
	return r + pad[0];
}

// rbp is an ordinary register here: the values below it belong to nobody's frame.
static NOINLINE long busy_rbp(long x, int depth)
{
	long a = x, b = x * 3, c = x * 5, d = x * 7, e = x * 11, f = x * 13;

	KEEP(a);
	KEEP(b);
	KEEP(c);
	KEEP(d);
	KEEP(e);
	KEEP(f);
	long r = depth > 0 ? with_alloca(x, depth - 1) : bottom(x);
	return r + a + b + c + d + e + f;
}

static NOINLINE long thrower(long x, int depth)
{
	touch();
	if (depth == 0)
		throw std::runtime_error("thrown");
	return with_alloca(x, 1) + thrower(x >> 1, depth - 1);
}

static NOINLINE long catcher(long x)
{
	long r = 0;

	try {
		r = thrower(x, (int)(x & 3));
	} catch (const std::exception &) {
		touch();
		r = three(x);
	}
	touch_other();
	return r;
}

static thread_local jmp_buf jump;

static NOINLINE void jumper(long x, int depth)
{
	char *p = (char *)__builtin_alloca(16 + (x & 3) * 48);

	KEEP(p);
	p[0] = 0;
	touch();
	if (depth > 0)
		jumper(x / 2, depth - 1);
	else if (x >= 0) // always, but the compiler need not know
		longjmp(jump, 1);
	touch();
	KEEP(p);
}

static NOINLINE long jumps(long x)
{
	if (!setjmp(jump))
		jumper(x, (int)(x & 3));
	touch();
	return two(x);
}

static int compare_touching(const void *a, const void *b)
{
	touch();
	return *(const int *)a - *(const int *)b;
}

static void visit_touching(const void *, VISIT, int)
{
	touch_other();
}

static NOINLINE long libc_callbacks(long x)
{
	int v[6] = { (int)x & 7, 5, (int)(x >> 3) & 7, 1, (int)(x >> 6) & 7, 3 };
	int key = (int)x & 7;

	qsort(v, 2 + (size_t)(x % 5), sizeof(*v), compare_touching);
	if (bsearch(&key, v, 6, sizeof(*v), compare_touching))
		touch();
	void *root = nullptr;
	for (int &i : v)
		tsearch(&i, &root, compare_touching);
	twalk(root, visit_touching);
	for (int &i : v)
		tdelete(&i, &root, compare_touching);
	return v[0];
}

static NOINLINE long through_function(long x)
{
	std::function<long(long)> f = [x](long y) { touch(); return two(x + y); };

	return f(x) + fp_calls(x, 2, (x & 1) ? with_alloca : recurse);
}

// Coroutines: one stack, unmapped and mapped again at the same place with other sizes and other bytes.
static thread_local ucontext_t here, there;
static thread_local uint32_t coroutine_argument;
static thread_local char *coroutine_at;
static long any(uint32_t r);

static void coroutine(void)
{
	for (;;) {
		any(coroutine_argument);
		touch();
		swapcontext(&there, &here);
		with_alloca(coroutine_argument, (int)(coroutine_argument & 3));
	}
}

static NOINLINE void coroutines(uint32_t r)
{
	size_t bytes = 65536 * (size_t)(1 + r % 3);
	char *stack = (char *)mmap(coroutine_at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (stack == MAP_FAILED)
		abort();
	if (r & 8)
		memset(stack, (int)(r >> 8), bytes);
	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	// Now and then the frames begin elsewhere within the same mapping.
	there.uc_stack.ss_size = bytes - (r >> 4 & 3) * 4096;
	there.uc_link = nullptr;
	makecontext(&there, coroutine, 0);
	for (int i = 0; i < 3; i++) {
		coroutine_argument = rnd();
		swapcontext(&here, &there);
	}
	munmap(stack, bytes);
}

// Two libraries, one address. changed: tell of it, as the dlclose hook does.
static struct {
	unsigned opened, same_address, same_return;
} plugin_seen;
static uintptr_t plugin_last_base, plugin_last_return;

static NOINLINE long plugin(const char *dir, int which, int changed, long x)
{
	char path[4096];
	uintptr_t pcs[STACK_FRAMES];
	Dl_info info;

	snprintf(path, sizeof(path), "%s/plugin%d.so", dir, which);
	void *h = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!h) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
	auto call = (long (*)(long, long (*)(long)))dlsym(h, "plugin_call");
	if (changed)
		unwind_modules_changed();
	oracle_modules_changed();
	long r = call(x, bottom);
	plugin_seen.opened++;
	if (touch_frames(pcs) > 1 && dladdr((void *)pcs[1], &info)) {
		plugin_seen.same_address += (uintptr_t)info.dli_fbase == plugin_last_base;
		plugin_seen.same_return += pcs[1] == plugin_last_return;
		plugin_last_base = (uintptr_t)info.dli_fbase;
		plugin_last_return = pcs[1];
	}
	dlclose(h);
	if (changed)
		unwind_modules_changed();
	oracle_modules_changed();
	return r;
}

enum shape {
	PLAIN, ALLOCA, REALIGNED, RECURSION, FRAME_POINTERS, EXCEPTIONS, LONGJMP, CALLBACKS, FUNCTIONS, COROUTINES, SHAPES
};
static const char *const shape_names[SHAPES] = {
	"plain_frames", "alloca_of_random_size", "realigned_frames", "deep_recursion", "frame_pointers_mixed_with_none",
	"exceptions", "longjmp", "libc_callbacks", "std_function", "coroutines_on_remapped_stacks",
};

static NOINLINE long one(enum shape shape, uint32_t r)
{
	long x = r >> 8;

	switch (shape) {
	case PLAIN:
		return three(x) + busy_rbp(x, 0);
	case ALLOCA:
		return with_alloca(x, (int)(r & 3)) + busy_rbp(x, 2);
	case REALIGNED:
		switch (r >> 4 & 3) {
		case 0:
			return realigned(x, (int)(r & 3));
		case 1:
			return realigned_big(x, (int)(r & 3));
		case 2:
			return realigned_argument(x, (int)(r & 3));
		}
		return busy_rbp(x, 1) + realigned_big(x, 2);
	case RECURSION:
		return recurse(x, (int)((r & 31) == 0 ? 200 : r % 24));
	case FRAME_POINTERS:
		return no_fp(x, (int)(r % 6)) + fp_calls(x, (int)(r % 3), (r & 16) ? no_fp : realigned);
	case EXCEPTIONS:
		return catcher(x);
	case LONGJMP:
		return jumps(x);
	case CALLBACKS:
		return libc_callbacks(x & 511);
	case FUNCTIONS:
		return through_function(x & 15);
	case COROUTINES:
		coroutines(r);
		return 0;
	case SHAPES:
		break;
	}
	return 0;
}

// What a coroutine runs: everything but coroutines, and no jump across stacks.
static long any(uint32_t r)
{
	return one((enum shape)((r >> 20) % COROUTINES), r);
}

struct tally {
	uint64_t captures[SHAPES], wrong[SHAPES], walks, all, wrongs;
};

static void run(struct tally *t, int rounds, uint64_t seed, char *stack_at)
{
	touch_state = {};
	touch_state.cache = stack_cache_new();
	uint64_t walks = stack_cache_walks(touch_state.cache);
	state = seed;
	coroutine_at = stack_at;
	for (int i = 0; i < rounds; i++) {
		for (int s = 0; s < SHAPES; s++) {
			uint64_t captures = touch_state.captures, wrong = touch_state.wrong;
			one((enum shape)s, rnd());
			t->captures[s] += touch_state.captures - captures;
			t->wrong[s] += touch_state.wrong - wrong;
		}
	}
	t->all = touch_state.captures;
	t->wrongs = touch_state.wrong;
	t->walks = stack_cache_walks(touch_state.cache) - walks;
	stack_cache_free(touch_state.cache);
	touch_state.cache = nullptr;
}

static uint64_t seed_of_run;

struct job {
	struct tally tally;
	int number;
};

static void *thread_main(void *p)
{
	struct job *j = (struct job *)p;

	run(&j->tally, 150, seed_of_run + 1 + (uint64_t)j->number, (char *)0x210000000000 + ((uintptr_t)j->number << 32));
	return nullptr;
}

// New generations all the time: rules and entries go out of date in the middle of walks.
static bool changing;

static void *change_modules(void *)
{
	while (__atomic_load_n(&changing, __ATOMIC_RELAXED))
		unwind_modules_changed();
	return nullptr;
}

int main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : ".";
	const char *given = getenv("UNWIND_SEED");
	static struct tally t;
	char name[96];

	seed_of_run = given ? strtoull(given, nullptr, 0) : (uint64_t)time(nullptr) * 1000003u + (uint64_t)getpid();
	if (!seed_of_run)
		seed_of_run = 1;
	printf("# seed %llu\n", (unsigned long long)seed_of_run);
	if (!oracle_load()) {
		tap_not_run("exact", "no libunwind.so.8 to compare with");
		return 0;
	}
	if (unwind_init()) {
		tap(0, "exact", "unwind_init failed");
		return 1;
	}
	unwind_load_library();

	run(&t, 700, seed_of_run, (char *)0x200000000000);
	printf("# %llu captures, %llu walked, %llu wrong\n", (unsigned long long)t.all, (unsigned long long)t.walks,
	       (unsigned long long)t.wrongs);

#ifdef UNWIND_NAIVE
	uint64_t by_rbp = t.wrong[ALLOCA] + t.wrong[REALIGNED] + t.wrong[FRAME_POINTERS] + t.wrong[COROUTINES];

	for (int s = 0; s < SHAPES; s++)
		printf("# %s: %llu wrong of %llu\n", shape_names[s], (unsigned long long)t.wrong[s],
		       (unsigned long long)t.captures[s]);
	tap(by_rbp > 0, "naive_cache_is_caught_by_this_test", "comparing return addresses alone gave no wrong stack");
	(void)name;
	(void)thread_main;
	(void)change_modules;
	(void)plugin;
	(void)dir;
	return tap_failed;
#else
	for (int s = 0; s < SHAPES; s++) {
		snprintf(name, sizeof(name), "exact_under_%s", shape_names[s]);
		tap(t.wrong[s] == 0 && t.captures[s] >= 700, name, "%llu of %llu stacks differ from libunwind's",
		    (unsigned long long)t.wrong[s], (unsigned long long)t.captures[s]);
	}
	// Without hits all this would prove nothing.
	tap(t.walks * 4 < t.all * 3, "exact_test_reuses_stacks", "%llu of %llu captures walked",
	    (unsigned long long)t.walks, (unsigned long long)t.all);

	pthread_t thread[2];
	static struct job job[2];
	for (int i = 0; i < 2; i++) {
		job[i].number = i;
		pthread_create(&thread[i], nullptr, thread_main, &job[i]);
	}
	for (pthread_t i : thread)
		pthread_join(i, nullptr);
	tap(job[0].tally.wrongs + job[1].tally.wrongs == 0 && job[0].tally.all && job[1].tally.all,
	    "exact_on_two_threads_at_once", "%llu and %llu stacks differ", (unsigned long long)job[0].tally.wrongs,
	    (unsigned long long)job[1].tally.wrongs);

	static struct tally changed;
	changing = true;
	pthread_create(&thread[0], nullptr, change_modules, nullptr);
	run(&changed, 60, seed_of_run + 3, (char *)0x200000000000);
	__atomic_store_n(&changing, false, __ATOMIC_RELAXED);
	pthread_join(thread[0], nullptr);
	tap(changed.wrongs == 0 && changed.all, "exact_while_modules_come_and_go", "%llu of %llu stacks differ",
	    (unsigned long long)changed.wrongs, (unsigned long long)changed.all);

	touch_state = {};
	touch_state.cache = stack_cache_new();
	for (int i = 0; i < 60; i++)
		plugin(dir, (int)(rnd() & 1), 1, i);
	tap(touch_state.wrong == 0, "exact_after_a_library_took_the_place_of_another", "%llu of %llu stacks differ",
	    (unsigned long long)touch_state.wrong, (unsigned long long)touch_state.captures);
	// Without the new generation the old library's rules are taken: this is what the test above would see.
	plugin(dir, 0, 0, 1);
	plugin(dir, 1, 0, 1);
	tap(plugin_seen.same_return > 0 && touch_state.wrong > 0, "old_rules_are_seen_without_a_new_generation",
	    "%u of %u at the same address, %u with the same return address, none wrong", plugin_seen.same_address,
	    plugin_seen.opened, plugin_seen.same_return);
	stack_cache_free(touch_state.cache);
	return tap_failed;
#endif
}
