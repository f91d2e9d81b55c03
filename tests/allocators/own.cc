/* SPDX-License-Identifier: MIT */
/*
 * own.cc - a program whose blocks are not those of libc's malloc.
 *
 *   POOL      operator new and delete are its own, everything else is libc's
 *   MALLOC    all of malloc is its own, as in programs that are linked with an allocator
 *   SIZE      ... with malloc_usable_size
 *
 * Its blocks begin at the start of a page behind one that must not be touched: who reads a header in front of a block, as
 * libc's malloc_usable_size does, dies there; so does who touches a freed block. A freed block is the next one of its size
 * to be given, and the spin lock that orders that is nobody's to see: two threads own a std::map at one address, one after
 * the other. With the argument `racy` the second one uses the first one's map instead.
 */
#include <filesystem>
#include <iostream>
#include <map>
#include <thread>
#include <vector>

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "../e2e/gate.h"

namespace
{
enum { PAGE = 4096, SLOTS = 4096, SLOT = 24 * PAGE }; /* a slot: one page that nobody may touch, the block */
char *arena;
uint32_t given[SLOTS];
int freed[SLOTS], nfreed, used; /* the last one freed is at the end */
int lock;

void locked()
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		__builtin_ia32_pause();
}

void unlocked()
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

int slot_of(const void *p)
{
	return (int)(((const char *)p - arena) / SLOT);
}

void *give(size_t bytes)
{
	void *p = nullptr;
	int slot = -1;

	if (bytes > SLOT - PAGE)
		return nullptr;
	locked();
	if (!arena) {
		arena = (char *)mmap(nullptr, (size_t)SLOTS * SLOT, PROT_NONE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (arena == MAP_FAILED)
			__builtin_trap();
	}
	for (int i = nfreed - 1; i >= 0 && slot < 0; i--) {
		if (given[freed[i]] == bytes) {
			slot = freed[i];
			memmove(&freed[i], &freed[i + 1], (size_t)(--nfreed - i) * sizeof(int));
		}
	}
	if (slot < 0 && used < SLOTS)
		slot = used++;
	if (slot >= 0) {
		char *at = arena + (size_t)slot * SLOT + PAGE;

		given[slot] = (uint32_t)bytes;
		if (mprotect(at, SLOT - PAGE, PROT_READ | PROT_WRITE) == 0)
			p = at;
	}
	unlocked();
	return p;
}

void take(void *p)
{
	if (!p)
		return;
	locked();
	freed[nfreed++] = slot_of(p);
	mprotect(p, SLOT - PAGE, PROT_NONE);
	unlocked();
}
} // namespace

#ifdef POOL
void *operator new(size_t n)
{
	void *p = give(n);

	if (!p)
		throw std::bad_alloc();
	return p;
}
void operator delete(void *p) noexcept
{
	take(p);
}
void operator delete(void *p, size_t) noexcept
{
	take(p);
}
#else
extern "C" {
void *malloc(size_t n)
{
	return give(n);
}
void *memalign(size_t, size_t n)
{
	return give(n);
} /* a page is enough for everybody here */
void *aligned_alloc(size_t, size_t n)
{
	return give(n);
}
void free(void *p)
{
	take(p);
}

int posix_memalign(void **p, size_t, size_t n)
{
	*p = give(n);
	return *p ? 0 : ENOMEM;
}

void *calloc(size_t n, size_t of)
{
	void *p = give(n * of);

	return p ? memset(p, 0, n * of) : nullptr;
}

void *realloc(void *p, size_t n)
{
	void *q = give(n);

	if (p && q) {
		memcpy(q, p, given[slot_of(p)] < n ? given[slot_of(p)] : n);
		take(p);
	}
	return q;
}
#ifdef SIZE
size_t malloc_usable_size(void *p)
{
	return p ? given[slot_of(p)] : 0;
}
#endif
}
#endif

namespace
{
using numbers = std::map<int, int>;
numbers *first;
gate gone;
bool racy;

__attribute__((noinline)) void put(numbers *m, int key)
{
	(*m)[key] = key;
}

void one()
{
	first = new numbers;
	put(first, 1);
	if (!racy)
		delete first;
}

void two()
{
	gate_wait(&gone, 1);

	numbers *m = racy ? first : new numbers;

	if (m != first) {
		std::cout << "the memory was not used again\n";
		exit(3);
	}
	put(m, 2);
	delete m;
}
} // namespace

int main(int argc, char **)
{
	racy = argc > 1;
	std::thread b(two), a(one);

	a.join();
	gate_open(&gone);
	b.join();

	/* Blocks that one side makes and the other one releases: libstdc++ is compiled code of its own. */
	std::filesystem::path p = "/a";
	std::vector<std::string> many;

	for (int i = 0; i < 50; i++) {
		p /= std::string(40, 'x') + std::to_string(i);
		many.push_back(p.string().substr(0, 100));
	}
	std::cout << p.string().size() << " " << many.back().size() << std::endl;
	if (char *line = strdup("line"))
		free(line);
	return 0;
}
