/* SPDX-License-Identifier: MIT */
/*
 * ruins.h - a module that no loader loaded: the segments of a file, laid out in memory that ends where the module does.
 */
#ifndef RACE_TESTS_RUINS_H
#define RACE_TESTS_RUINS_H

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#endif

struct ruin {
	uint8_t *image;
	size_t bytes;
	size_t dynamic, ndynamic; /* offset of the dynamic section, its bytes */
	struct link_map map;
};

/* The whole file in memory of exactly its size. */
static inline uint8_t *file_load(const char *path, size_t *bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *at;

	ck_assert_msg(fd >= 0, "%s cannot be opened", path);
	ck_assert_int_eq(fstat(fd, &st), 0);
	*bytes = (size_t)st.st_size;
	at = malloc(*bytes);
	ck_assert(at && read(fd, at, *bytes) == (ssize_t)*bytes);
	close(fd);
	return at;
}

/* Lays out the segments; with ASan what lies between them is poison. The dynamic section stays unrelocated. */
static inline void ruin_build(struct ruin *r, const uint8_t *file)
{
	const Elf64_Ehdr *e = (const Elf64_Ehdr *)file;
	const Elf64_Phdr *p = (const Elf64_Phdr *)(file + e->e_phoff);
	int i;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < e->e_phnum; i++)
		if (p[i].p_type == PT_LOAD && p[i].p_vaddr + p[i].p_memsz > r->bytes)
			r->bytes = p[i].p_vaddr + p[i].p_memsz;
	r->bytes = (r->bytes + 4095) & ~(size_t)4095;
	r->image = aligned_alloc(4096, r->bytes);
	memset(r->image, 0, r->bytes);
	for (i = 0; i < e->e_phnum; i++) {
		if (p[i].p_type == PT_LOAD)
			memcpy(r->image + p[i].p_vaddr, file + p[i].p_offset, p[i].p_filesz);
		if (p[i].p_type == PT_DYNAMIC) {
			r->dynamic = p[i].p_vaddr;
			r->ndynamic = p[i].p_memsz;
		}
	}
	r->map.l_addr = (uintptr_t)r->image;
	r->map.l_ld = (Elf64_Dyn *)(r->image + r->dynamic);
	r->map.l_name = (char *)"/nowhere/libruin.so";
	r->map.l_prev = &r->map; /* not the first: no program */
	ASAN_POISON_MEMORY_REGION(r->image, r->bytes);
	for (i = 0; i < e->e_phnum; i++)
		if (p[i].p_type == PT_LOAD)
			ASAN_UNPOISON_MEMORY_REGION(r->image + p[i].p_vaddr, p[i].p_memsz);
}

static inline void ruin_free(struct ruin *r)
{
	ASAN_UNPOISON_MEMORY_REGION(r->image, r->bytes);
	free(r->image);
}

/* The same numbers in every run. */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
