/* SPDX-License-Identifier: MIT */
/*
 * mapped.c - the list of mappings behind mapped.h.
 *
 * Writers   any thread, no lock: a place is taken by compare-and-swap of its address, and its length follows. Who reads in between
 *           sees length 0 and leaves it out.
 * A range that goes while it is looked at is told by the kernel (ENOMEM) and left out, too.
 */
#include "mapped.h"

#include <sys/syscall.h>

#include "atomic.h"
#include "os.h"

#define PAGE 4096ul
#define ROOM 4096u
#define PROBES 64u

static struct {
	uintptr_t at;
	size_t bytes;
} list[ROOM];
static uint64_t total;

static uint32_t home_of(uintptr_t at)
{
	return (uint32_t)((at >> 12) * 0x9E3779B97F4A7C15ull >> 52);
}
_Static_assert(ROOM == 1u << (64 - 52), "a hash fits the list");

void mapped_came(const void *at, size_t bytes)
{
	uint32_t home = home_of((uintptr_t)at);

	add_relaxed(&total, bytes);
	for (uint32_t i = 0; i < PROBES; i++) {
		uintptr_t none = 0;
		uint32_t k = (home + i) % ROOM;

		if (!load_relaxed(&list[k].at) && cas_acq_rel(&list[k].at, &none, (uintptr_t)at)) { /* partner: mapped_went */
			store_relaxed(&list[k].bytes, bytes);
			return;
		}
	}
}

void mapped_went(const void *at, size_t bytes)
{
	uint32_t home = home_of((uintptr_t)at);

	sub_relaxed(&total, bytes);
	for (uint32_t i = 0; i < PROBES; i++) {
		uint32_t k = (home + i) % ROOM;

		if (load_relaxed(&list[k].at) != (uintptr_t)at)
			continue;
		store_relaxed(&list[k].bytes, 0);
		store_release(&list[k].at, 0); /* partner: mapped_came */
		return;
	}
}

uint64_t mapped_bytes(void)
{
	return load_relaxed(&total);
}

uint64_t mapped_resident_range(uintptr_t lo, uintptr_t hi)
{
	unsigned char pages[1024];
	uint64_t resident = 0;

	for (lo &= ~(PAGE - 1); lo < hi; lo += sizeof(pages) * PAGE) {
		size_t n = (hi - lo + PAGE - 1) / PAGE;
		long error;

		n = n < sizeof(pages) ? n : sizeof(pages);
		error = os_syscall(SYS_mincore, (long)lo, (long)(n * PAGE), (long)pages, 0, 0, 0);
		if (error != 0)
			return error == -38 /* ENOSYS */ ? UINT64_MAX : resident;
		for (size_t i = 0; i < n; i++)
			resident += (pages[i] & 1) * PAGE;
	}
	return resident;
}

uint64_t mapped_resident(void)
{
	uint64_t resident = 0;

	for (uint32_t i = 0; i < ROOM; i++) {
		uintptr_t at = load_acquire(&list[i].at); /* partner: mapped_came */
		size_t bytes = load_relaxed(&list[i].bytes);
		uint64_t more = at && bytes ? mapped_resident_range(at, at + bytes) : 0;

		if (more == UINT64_MAX)
			return more;
		resident += more;
	}
	return resident;
}
