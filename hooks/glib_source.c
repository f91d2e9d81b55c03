/* SPDX-License-Identifier: MIT */
/*
 * glib_source.c - the functions of main loop sources, wrapped, so that whatever a source runs is ordered after what was
 * done before it was attached.
 *
 * libglib calls a source's prepare, check and dispatch through the GSourceFuncs table its owner gave it. When a table
 * is first seen, its entries are replaced in place by thunks: one thunk for each distinct original function, so that a
 * copy of a table, or of one entry, still leads to the right original. Sources, callbacks and user data are never
 * replaced: programs remove sources by them.
 *
 * Thunks     a fixed number; number n calls originals[n]. Claimed by compare-and-swap, never given back: no lock.
 * Tables     may lie in read-only memory (const, relocated): the page is made writable for one store.
 * When full  or when a page cannot be made writable, the entry stays as it is and source_blind is set: glib_main.c then
 *            publishes its releases (sync_publish_once), so that an edge that nobody can see is not missed.
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "../preload/sys/os.h"
#include "glib_source.h"

uint32_t source_blind;

enum { THUNKS = 512 };
static glib_source_fn *originals[THUNKS];

/*
 * Before: what was released into the source (attach, set_callback, set_ready_time ...) and into its context (posts to
 * it, the thread that owned it last). After: the context goes on to whoever owns it next; a source destroyed meanwhile
 * by another thread drops its callback data on this one.
 */
static RUNS_CALLBACKS int source_run(unsigned n, void *source, void *a, void *b)
{
	glib_source_fn *original = load_relaxed(&originals[n]);
	uintptr_t context = KEY(load_relaxed(&((struct glib_source *)source)->context));
	int result;

	if (!load_relaxed(&race_multi))
		return original(source, a, b);
	SYNC_ENTER(sync_acquire(t, KEY(source)); if (context) sync_acquire(t, context));
	result = original(source, a, b);
	SYNC_ENTER(if (context) sync_release_join(t, context); sync_acquire(t, KEY(source)));
	return result;
}

#define THUNK(n)                                                                                                     \
	static __attribute__((section("race_thunks"))) int thunk_##n(void *source, void *a, void *b)                 \
	{                                                                                                            \
		return source_run(0##n, source, a, b);                                                               \
	}
#define NAMED(n) thunk_##n,
#define TIMES_8(what, n) what(n##0) what(n##1) what(n##2) what(n##3) what(n##4) what(n##5) what(n##6) what(n##7)
#define TIMES_64(what, n)                                                                                            \
	TIMES_8(what, n##0) TIMES_8(what, n##1) TIMES_8(what, n##2) TIMES_8(what, n##3)                              \
	TIMES_8(what, n##4) TIMES_8(what, n##5) TIMES_8(what, n##6) TIMES_8(what, n##7)
#define TIMES_512(what)                                                                                              \
	TIMES_64(what, 0) TIMES_64(what, 1) TIMES_64(what, 2) TIMES_64(what, 3)                                      \
	TIMES_64(what, 4) TIMES_64(what, 5) TIMES_64(what, 6) TIMES_64(what, 7)

TIMES_512(THUNK)
static glib_source_fn *const thunks[THUNKS] = { TIMES_512(NAMED) };

extern const char __start_race_thunks[] __attribute__((visibility("hidden")));
extern const char __stop_race_thunks[] __attribute__((visibility("hidden")));

static inline int is_thunk(glib_source_fn *f)
{
	return KEY(f) - KEY(__start_race_thunks) < (uintptr_t)(__stop_race_thunks - __start_race_thunks);
}

static glib_source_fn *thunk_of(glib_source_fn *original)
{
	for (unsigned n = 0; n < THUNKS; n++) {
		glib_source_fn *there = NULL;

		if (load_relaxed(&originals[n]) == original || cas_acq_rel(&originals[n], &there, original) ||
		    there == original)
			return thunks[n];
	}
	return NULL;
}

#define NO_MODULE (-1)
#define NOT_KNOWN (-2)

/* The protection that the loader left on that address. Memory of no module is assumed to be writable. */
static int module_protection(const void *at, uintptr_t page_mask)
{
	struct dl_find_object found;
	const ElfW(Ehdr) *header;
	const ElfW(Phdr) *segment;
	uintptr_t bias;
	int protection = NOT_KNOWN;

	if (_dl_find_object((void *)at, &found) != 0)
		return NO_MODULE;
	header = found.dlfo_map_start;
	if (memcmp(header->e_ident, ELFMAG, SELFMAG))
		return NOT_KNOWN;
	bias = found.dlfo_link_map->l_addr;
	segment = (const ElfW(Phdr) *)((const char *)header + header->e_phoff);
	for (unsigned i = 0; i < header->e_phnum; i++, segment++) {
		uintptr_t from = bias + segment->p_vaddr, to = from + segment->p_memsz;

		if (segment->p_type != PT_LOAD && segment->p_type != PT_GNU_RELRO)
			continue;
		if (segment->p_type == PT_GNU_RELRO)
			to &= page_mask; /* what ld.so protects: whole pages */
		if (KEY(at) < from || KEY(at) >= to)
			continue;
		if (segment->p_type == PT_GNU_RELRO)
			return PROT_READ;
		protection = (segment->p_flags & PF_R ? PROT_READ : 0) | (segment->p_flags & PF_W ? PROT_WRITE : 0) |
			     (segment->p_flags & PF_X ? PROT_EXEC : 0);
	}
	return protection;
}

static int entry_set(glib_source_fn **entry, glib_source_fn *f)
{
	uintptr_t page_bytes = getauxval(AT_PAGESZ), page = KEY(entry) & -page_bytes;
	int protection = module_protection(entry, -page_bytes);

	if (protection == NOT_KNOWN)
		return 0;
	if (protection == NO_MODULE || protection & PROT_WRITE) {
		store_relaxed(entry, f);
		return 1;
	}
	if (os_syscall(SYS_mprotect, (long)page, (long)page_bytes, protection | PROT_WRITE, 0, 0, 0) != 0)
		return 0;
	store_relaxed(entry, f);
	os_syscall(SYS_mprotect, (long)page, (long)page_bytes, protection, 0, 0, 0);
	return 1;
}

static __attribute__((noinline, cold)) void entry_adopt(glib_source_fn **entry, glib_source_fn *original)
{
	glib_source_fn *thunk = thunk_of(original);

	if (!thunk || !entry_set(entry, thunk))
		store_relaxed(&source_blind, 1);
}

void source_adopt(struct glib_source_funcs *funcs)
{
	glib_source_fn **entries[] = { &funcs->prepare, &funcs->check, &funcs->dispatch };

	for (unsigned i = 0; i < 3; i++) {
		glib_source_fn *f = load_relaxed(entries[i]);

		if (f && unlikely(!is_thunk(f)))
			entry_adopt(entries[i], f);
	}
}
