/* SPDX-License-Identifier: MIT */
/*
 * functions.c - the functions of an ELF file. The files are those of the system: what is read is
 * trusted. Mappings are kept.
 */
#include "functions.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int by_address(const void *x, const void *y)
{
	const struct function *a = x, *b = y;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->bytes > b->bytes ? -1 : a->bytes < b->bytes;
}

/* The code at an address of an executable segment; NULL elsewhere. */
static const uint8_t *code_at(const uint8_t *file, uint64_t address, size_t *readable)
{
	const Elf64_Ehdr *e = (const void *)file;
	const Elf64_Phdr *p = (const void *)(file + e->e_phoff);

	for (unsigned i = 0; i < e->e_phnum; i++)
		if (p[i].p_type == PT_LOAD && (p[i].p_flags & PF_X) && address >= p[i].p_vaddr &&
		    address - p[i].p_vaddr < p[i].p_filesz) {
			*readable = p[i].p_filesz - (address - p[i].p_vaddr);
			return file + p[i].p_offset + (address - p[i].p_vaddr);
		}
	return NULL;
}

static void read_table(struct functions *f, const uint8_t *file, const Elf64_Shdr *table, const Elf64_Shdr *strings,
		       size_t *room)
{
	const Elf64_Sym *s = (const void *)(file + table->sh_offset);

	for (size_t i = 0; i < table->sh_size / sizeof(*s); i++) {
		struct function one = {.name = (const char *)file + strings->sh_offset + s[i].st_name,
				       .address = s[i].st_value,
				       .bytes = s[i].st_size};

		if (ELF64_ST_TYPE(s[i].st_info) != STT_FUNC || s[i].st_shndx == SHN_UNDEF)
			continue;
		one.code = code_at(file, one.address, &one.readable);
		if (!one.code)
			continue;
		if (f->n == *room) {
			*room = *room ? *room * 2 : 4096;
			f->all = realloc(f->all, *room * sizeof(*f->all));
			if (!f->all)
				abort();
		}
		f->all[f->n++] = one;
	}
}

int functions_read(struct functions *f, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t room = 0, kept = 0;
	const Elf64_Shdr *sections;
	const Elf64_Ehdr *e;
	const uint8_t *file;
	struct stat st;

	memset(f, 0, sizeof(*f));
	if (fd < 0 || fstat(fd, &st))
		return -1;
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (file == MAP_FAILED)
		return -1;
	e = (const void *)file;
	if (memcmp(e->e_ident, ELFMAG, SELFMAG) != 0 || e->e_machine != EM_X86_64)
		return -1;
	f->name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	sections = (const void *)(file + e->e_shoff);
	for (unsigned i = 0; i < e->e_shnum; i++)
		if (sections[i].sh_type == SHT_DYNSYM || sections[i].sh_type == SHT_SYMTAB)
			read_table(f, file, &sections[i], &sections[sections[i].sh_link], &room);
	qsort(f->all, f->n, sizeof(*f->all), by_address);
	for (size_t i = 0; i < f->n; i++)
		if (!kept || f->all[i].address != f->all[kept - 1].address)
			f->all[kept++] = f->all[i];
	f->n = kept;
	return 0;
}
