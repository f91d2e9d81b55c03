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

__attribute__((noinline, cold)) void *hook_resolve(struct race_hook *h, const void *return_address)
{
	int saved = errno;
	void *real = NULL;

	if (h->state == HOOK_PATCHED)
		return hook_known(h);
	resolving++;
	if (h->version)
		real = dlvsym(RTLD_NEXT, h->name, h->version);
	if (!real && !h->library) /* else the version decides: without it the name may be another library's */
		real = dlsym(RTLD_NEXT, h->name);
	if (!real || real == h->self)
		real = by_caller(h, return_address);
	if (!real)
		dlerror(); /* a failed look-up of ours is not the program's to read */
	resolving--;
	errno = saved;
	if (!real || real == h->self)
		return (void *)absent; /* not remembered: the library may still come */
	store_relaxed(&h->entry, real);
	store_relaxed(h->counting ? &h->counted_real : &h->real, real);
	return real;
}

__attribute__((noinline, cold)) void *hook_called(struct race_hook *h, const void *return_address)
{
	if (h->counting)
		add_relaxed(&h->calls, 1);
	return hook_ask(h, return_address);
}
