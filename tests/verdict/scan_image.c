/* SPDX-License-Identifier: MIT */
/*
 * scan_image.c - segments of a file, in place.
 */
#include "scan_image.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/unwind/cfi.h"

int image_open(struct image *out, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ElfW(Phdr) *p;
	const ElfW(Ehdr) *e;
	uintptr_t hi = 0, dynamic = 0, frame = 0;
	const uint8_t *file;
	struct stat st;
	uint8_t *at;

	memset(out, 0, sizeof(*out));
	if (fd < 0 || fstat(fd, &st) || st.st_size < (off_t)sizeof(*e))
		return -1;
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (file == MAP_FAILED)
		return -1;
	e = (const void *)file;
	if (memcmp(e->e_ident, ELFMAG, SELFMAG) != 0 || e->e_ident[EI_CLASS] != ELFCLASS64 || e->e_machine != EM_X86_64)
		return -1;
	p = (const void *)(file + e->e_phoff);
	for (unsigned i = 0; i < e->e_phnum; i++) {
		if (p[i].p_type == PT_LOAD && p[i].p_vaddr + p[i].p_memsz > hi)
			hi = p[i].p_vaddr + p[i].p_memsz;
		if (p[i].p_type == PT_DYNAMIC)
			dynamic = p[i].p_vaddr;
		if (p[i].p_type == PT_GNU_EH_FRAME)
			frame = p[i].p_vaddr;
	}
	if (!dynamic)
		return -1;
	at = mmap(NULL, hi, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return -1;
	for (unsigned i = 0; i < e->e_phnum; i++) {
		if (p[i].p_type != PT_LOAD)
			continue;
		memcpy(at + p[i].p_vaddr, file + p[i].p_offset, p[i].p_filesz);
		if (p[i].p_flags & PF_X)
			out->code_bytes += p[i].p_filesz;
	}
	/* A program with an address of its own has its headers there; a loaded one would be found by what the kernel says. */
	if (memcmp(at, ELFMAG, SELFMAG) != 0)
		memcpy(at, file, sizeof(*e) + e->e_phnum * sizeof(*p));
	out->name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	out->map.l_addr = (uintptr_t)at;
	out->map.l_ld = (ElfW(Dyn) *)(at + dynamic);
	out->map.l_name = (char *)path;
	out->map.l_prev = &out->map; /* not the program of this process */
	out->table = frame ? at + frame : NULL;
	out->headers = p;
	out->nheaders = e->e_phnum;
	return 0;
}

void image_pieces(const struct image *i, void (*visit)(const uint8_t *code, size_t bytes, uint64_t address, void *to), void *to)
{
	for (size_t k = 0; k < i->nheaders; k++) {
		const ElfW(Phdr) *p = &i->headers[k];
		uintptr_t at = i->map.l_addr + p->p_vaddr, end = at + p->p_memsz;
		uint32_t n = i->table ? cfi_functions(i->table) : 0;

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
			continue;
		for (uint32_t f = 0; f < n; f++) {
			uintptr_t start = cfi_function_start(i->table, f);

			if (start <= at || start >= end)
				continue;
			visit((const uint8_t *)at, start - at, at - i->map.l_addr, to);
			at = start;
		}
		visit((const uint8_t *)at, end - at, at - i->map.l_addr, to);
	}
}
