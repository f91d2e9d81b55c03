/* SPDX-License-Identifier: MIT */
/*
 * mapping.c - memory that is mapped, unmapped and moved: old maps and locks go with it, shared memory is known by what it shows.
 *
 * Shared     a shared and writable mapping of a regular file, or an attached System V segment, is told to the engine, which finds
 *            out when the same memory is there twice (preload/engine/alias.c). It costs one fstat. Shared memory without a
 *            file has one address until mremap copies it.
 * Order      forget before munmap: afterwards another thread may have the addresses already. What a fixed mapping replaces is
 *            forgotten after it: nobody else can be given those addresses meanwhile.
 * Start-up   an allocator may map while its first block is being asked for by the search for our real mmap. Until that is known,
 *            at start-up, the kernel is asked.
 */
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define HOOK_POLICY PATCH_PROGRAM
#include "../preload/engine/alias.h"
#include "../preload/exit.h"
#include "hook.h"

#define PAGES(bytes) (((bytes) + 4095) & ~(size_t)4095)

/* Something new is, or nothing will be, at these addresses. */
static void range_gone(struct race_thread *t, uintptr_t lo, size_t bytes)
{
	if (alias_any())
		alias_unmapped(t, lo, bytes);
	if (memory_is_watched(lo, bytes))
		memory_forget(lo, bytes);
}

static inline int range_matters(uintptr_t lo, size_t bytes)
{
	return race_me && (unlikely(alias_any()) || unlikely(memory_is_watched(lo, bytes)));
}

/* ---- mmap ------------------------------------------------------------------------------------------------------------- */

static int file_of(int fd, struct alias_file *f)
{
	struct stat s;

	if (os_syscall(SYS_fstat, fd, (long)&s, 0, 0, 0, 0) < 0 || !S_ISREG(s.st_mode))
		return 0;
	f->device = s.st_dev;
	f->inode = s.st_ino;
	return 1;
}

static inline int is_shared(int flags)
{
	return (flags & MAP_TYPE) != MAP_PRIVATE && !(flags & MAP_ANONYMOUS);
}

static __attribute__((noinline)) void mapped(uintptr_t lo, size_t bytes, int prot, int flags, int fd, off_t at)
{
	struct alias_file f = { 0, 0, (uint64_t)at };
	int known = is_shared(flags) && (prot & PROT_WRITE) && file_of(fd, &f);
	struct race_thread *t;

	if (!known && !range_matters(lo, bytes))
		return;
	t = thread_enter();
	if (!t)
		return;
	if (known)
		alias_mapped(t, lo, bytes, &f);
	else
		range_gone(t, lo, bytes);
	thread_leave(t);
}

static void *kernel_mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
	long result = os_syscall(SYS_mmap, (long)at, (long)bytes, prot, flags, fd, offset);

	if (result < 0 && result > -4096) {
		errno = (int)-result;
		return MAP_FAILED;
	}
	return (void *)result;
}

#define MMAP_HOOK(symbol)                                                                                            \
	RACE_EXPORT void *symbol(void *at, size_t bytes, int prot, int flags, int fd, off_t offset);                 \
	HOOK_SLOT(symbol)                                                                                            \
	void *symbol(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)                              \
	{                                                                                                            \
		__typeof__(&symbol) real = load_relaxed(&hook_##symbol.real);                                        \
		void *result;                                                                                        \
		if (unlikely(!real))                                                                                 \
			real = hook_known(&hook_##symbol) ? hook_called(&hook_##symbol, CALLER) : kernel_mmap;       \
		if (likely(!is_shared(flags) && !(flags & MAP_FIXED)))                                               \
			return real(at, bytes, prot, flags, fd, offset);                                             \
		result = real(at, bytes, prot, flags, fd, offset);                                                   \
		if (result != MAP_FAILED)                                                                            \
			mapped((uintptr_t)result, bytes, prot, flags, fd, offset);                                   \
		return result;                                                                                       \
	}

MMAP_HOOK(mmap)
MMAP_HOOK(mmap64)

void hooks_resolve_mapping(void)
{
	hook_resolve(&hook_mmap, CALLER);
	hook_resolve(&hook_mmap64, CALLER);
}

/* ---- munmap ----------------------------------------------------------------------------------------------------------- */

static __attribute__((noinline)) void unmapping(uintptr_t lo, size_t bytes)
{
	struct race_thread *t = thread_enter();

	if (!t)
		return;
	range_gone(t, lo, bytes);
	thread_leave(t);
}

RACE_EXPORT int munmap(void *p, size_t bytes);
HOOK_SLOT(munmap)
int munmap(void *p, size_t bytes)
{
	__typeof__(&munmap) real = REAL(munmap);

	if (!((uintptr_t)p & 4095) && range_matters((uintptr_t)p, bytes)) /* else it is refused */
		unmapping((uintptr_t)p, bytes);
	return real(p, bytes);
}

/* ---- mremap ----------------------------------------------------------------------------------------------------------- */

struct remap {
	uintptr_t from, to;
	size_t had, bytes;
};

/* Shared memory: the new place is known before the old one is given up, so that it has the same locks. */
static void view_moved(struct race_thread *t, const struct remap *r, struct alias_file *f)
{
	if (r->to != r->from) {
		alias_mapped(t, r->to, r->bytes, f);
		if (r->had)
			range_gone(t, r->from, r->had);
	} else if (r->bytes > r->had) {
		f->at += r->had;
		alias_mapped(t, r->from + r->had, r->bytes - r->had, f);
	}
}

static void remapped(struct race_thread *t, const struct remap *r)
{
	struct memory_move old = { r->from, r->had < r->bytes ? r->had : r->bytes };
	struct alias_file f;

	if (r->to != r->from)
		memory_forget(r->to, r->bytes);
	if (alias_any() && alias_file_at(r->from, &f)) {
		view_moved(t, r, &f);
	} else if (!r->had) {
		f = alias_nameless();
		alias_mapped(t, r->from, r->bytes, &f);
		alias_mapped(t, r->to, r->bytes, &f);
	} else if (r->to != r->from) {
		if (alias_any())
			alias_unmapped(t, r->to, r->bytes);
		memory_moved(&old, r->to);
	}
	if (r->had > r->bytes)
		range_gone(t, r->from + r->bytes, r->had - r->bytes);
}

RACE_EXPORT void *mremap(void *p, size_t had, size_t bytes, int flags, ...);
HOOK_SLOT(mremap)
void *mremap(void *p, size_t had, size_t bytes, int flags, ...)
{
	__typeof__(&mremap) real = REAL(mremap);
	struct remap r = { (uintptr_t)p, 0, PAGES(had), PAGES(bytes) };
	struct race_thread *t;
	void *to, *result;
	va_list ap;

	va_start(ap, flags);
	to = va_arg(ap, void *); /* means something with MREMAP_FIXED only */
	va_end(ap);
	result = real(p, had, bytes, flags, to);
	r.to = (uintptr_t)result;
	if (result == MAP_FAILED || !race_me || (had && !alias_any() && !memory_is_watched(r.from, r.had)))
		return result;
	t = thread_enter();
	if (t) {
		remapped(t, &r);
		thread_leave(t);
	}
	return result;
}

/* ---- System V --------------------------------------------------------------------------------------------------------- */

static void attached(int id, uintptr_t at)
{
	struct alias_file f = { ALIAS_SEGMENT, (unsigned)id, 0 };
	struct race_thread *t;
	struct shmid_ds s;

	if (os_syscall(SYS_shmctl, id, IPC_STAT, (long)&s, 0, 0, 0) < 0)
		return;
	t = thread_enter();
	if (!t)
		return;
	alias_mapped(t, at, s.shm_segsz, &f);
	thread_leave(t);
}

RACE_EXPORT void *shmat(int id, const void *at, int flags);
HOOK_SLOT(shmat)
void *shmat(int id, const void *at, int flags)
{
	__typeof__(&shmat) real = REAL(shmat);
	void *result = real(id, at, flags);

	if (result != (void *)-1 && !(flags & SHM_RDONLY)) /* locks are written */
		attached(id, (uintptr_t)result);
	return result;
}

static __attribute__((noinline)) void detaching(uintptr_t at)
{
	struct race_thread *t = thread_enter();
	size_t bytes;

	if (!t)
		return;
	bytes = alias_segment_bytes(at);
	if (bytes)
		range_gone(t, at, bytes);
	thread_leave(t);
}

RACE_EXPORT int shmdt(const void *at);
HOOK_SLOT(shmdt)
int shmdt(const void *at)
{
	__typeof__(&shmdt) real = REAL(shmdt);

	if (race_me && alias_any())
		detaching((uintptr_t)at);
	return real(at);
}
