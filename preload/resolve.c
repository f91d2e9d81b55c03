/* SPDX-License-Identifier: MIT */
/*
 * resolve.c - finding the real function behind a hook.
 *
 * Order     the next object after librace (RTLD_NEXT), by the hook's version first where two exist; then the module that
 *           called us, with its dependencies: a plugin loaded RTLD_LOCAL brings its libraries into no global scope.
 * Safety    dlsym may call calloc and free, and a failing one even formats a message. `resolving` keeps that from coming
 *           back here; free() consults it too. It is volatile because glibc declares dlsym leaf, so that the compiler would
 *           otherwise move our flag across the call.
 * Keeps     errno; and no failed look-up of ours stays pending for the program's dlerror.
 */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <string.h>

#include "core.h"
#include "resolve.h"

static __thread volatile int resolving;

int resolve_running(void)
{
	return resolving;
}

/* What absent functions do: nothing, with result 0. Reached only when a program calls through our export a function that
 * no loaded library has. */
static long absent(void)
{
	return 0;
}

static void *by_caller(const struct race_hook *h, const void *return_address)
{
	struct dl_find_object found;
	struct link_map *caller;
	void *handle, *real;

	if (_dl_find_object((void *)return_address, &found) != 0)
		return NULL;
	caller = found.dlfo_link_map;
	if (!caller || !caller->l_name || !caller->l_name[0])
		return NULL;
	handle = dlopen(caller->l_name, RTLD_LAZY | RTLD_NOLOAD);
	if (!handle)
		return NULL;
	real = h->library ? dlvsym(handle, h->name, h->version) : dlsym(handle, h->name);
	dlclose(handle); /* drops the reference that RTLD_NOLOAD took; the caller keeps its own module loaded */
	return real;
}

/* Any function of that name that the caller sees, also ourselves; NULL: none. *local: not in the global scope. */
static void *look_up(struct race_hook *h, const void *return_address, int *local)
{
	int saved = errno;
	void *real = NULL;

	resolving++;
	if (h->version)
		real = dlvsym(RTLD_NEXT, h->name, h->version);
	if (!real && !h->library) /* else the version decides: without it the name may be another library's */
		real = dlsym(RTLD_NEXT, h->name);
	*local = !real || real == h->self;
	if (*local)
		real = by_caller(h, return_address);
	if (!real)
		dlerror(); /* a failed look-up of ours is not the program's to read */
	resolving--;
	errno = saved;
	return real;
}

__attribute__((noinline, cold)) void *hook_resolve(struct race_hook *h, const void *return_address)
{
	void *real;
	int local;

	if (h->state == HOOK_PATCHED)
		return hook_known(h);
	real = look_up(h, return_address, &local);
	if (!real || real == h->self)
		return (void *)absent; /* not remembered: the library may still come */
	if (local)
		store_relaxed(&h->copies, 1); /* another module may see another one */
	store_relaxed(&h->entry, real);
	store_relaxed(h->counting || h->copies ? &h->counted_real : &h->real, real);
	return real;
}

/*
 * There is no one original: two libraries have the function (a plugin brings its own copy of what the program has, too), or a plugin's
 * library has it, which others do not see.
 * Each caller gets what the loader would have given it. Looking up is slow: a thread remembers a few answers, until a
 * module comes or goes.
 */
uint32_t resolve_generation = 1;

static __attribute__((noinline)) void *original_of(struct race_hook *h, const void *return_address)
{
	static __thread struct {
		const struct race_hook *hook;
		const struct link_map *caller;
		void *real;
		uint32_t generation;
	} known[4], *k;
	uint32_t generation = load_relaxed(&resolve_generation);
	struct dl_find_object found;
	void *real;
	int local;

	/* the library that is patched calls itself, or it called in tail position of another hooked function */
	if (range_holds(&h->code, (uintptr_t)return_address) || range_holds(&race_self, (uintptr_t)return_address) ||
	    _dl_find_object((void *)return_address, &found) != 0)
		return hook_ask(h, return_address);
	k = &known[((uintptr_t)h >> 7) % 4];
	if (k->hook == h && k->caller == found.dlfo_link_map && k->generation == generation)
		return k->real;
	real = look_up(h, return_address, &local);
	if (!real || real == h->self)
		return hook_ask(h, return_address);
	if (real == load_relaxed(&h->entry))
		real = hook_ask(h, return_address); /* its trampoline, where it is patched */
	k->hook = h;
	k->caller = found.dlfo_link_map;
	k->real = real;
	k->generation = generation;
	return real;
}

extern const char __start_race_runs[] __attribute__((visibility("hidden")));
extern const char __stop_race_runs[] __attribute__((visibility("hidden")));

/*
 * The return address lies in the library, or in librace. A library calls its own functions directly, and those of others through its
 * table of addresses; what it calls by a pointer is a callback, and a callback that ends with the hooked call returns there, too.
 */
int hook_is_own_call(const struct race_hook *h, const void *return_address)
{
	const struct race_range runs = { (uintptr_t)__start_race_runs, (uintptr_t)__stop_race_runs };
	uintptr_t back = (uintptr_t)return_address;
	const unsigned char *code = return_address;
	int32_t distance;

	if (!range_holds(&h->code, back))
		return !range_holds(&runs, back);
	if (back - h->code.lo < 6)
		return 1;
	memcpy(&distance, code - 4, sizeof(distance));
	return (code[-5] == 0xe8 && range_holds(&h->code, back + (uintptr_t)(intptr_t)distance)) || /* call there */
	       (code[-6] == 0xff && code[-5] == 0x15);                                               /* call *there(%rip) */
}

__attribute__((noinline, cold)) void *hook_called(struct race_hook *h, const void *return_address)
{
	void *thunk;

	if (h->counting & HOOK_COUNTED)
		add_relaxed(&h->calls, 1);
	if (unlikely(load_relaxed(&h->copies)))
		return original_of(h, return_address);
	thunk = load_relaxed(&h->thunk);
	return unlikely(thunk != NULL) ? thunk : hook_ask(h, return_address);
}

void resolve_unloaded(void)
{
	struct dl_find_object found;

	add_relaxed(&resolve_generation, 1);
	for (struct race_hook *h = race_hooks_start; h < race_hooks_stop; h++) {
		void *real = load_relaxed(&h->state) == HOOK_PATCHED ? NULL : hook_known(h);

		if (!real || _dl_find_object(real, &found) == 0)
			continue;
		store_relaxed(&h->real, NULL);
		store_relaxed(&h->counted_real, NULL);
		store_relaxed(&h->entry, NULL);
	}
}
