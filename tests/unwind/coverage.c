/* SPDX-License-Identifier: MIT */
/*
 * coverage.c - coverage FILE ...: which share of a file's unwind rows the walker handles. A report, not a test.
 *
 * A row is a range of code with one rule. The files are mapped as a loader would place them, but nothing of them is run
 * or relocated: .eh_frame is position independent.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../preload/unwind/cfi.h"

#define PAGE 4096ul

struct image {
	char *at;
	size_t bytes;
	const uint8_t *header;
};

static int image_map(struct image *m, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	const Elf64_Ehdr *e;
	const Elf64_Phdr *ph;
	char *file;
	uintptr_t lo = UINTPTR_MAX, hi = 0, header = 0;

	if (fd < 0 || fstat(fd, &st) || (size_t)st.st_size < sizeof(*e))
		return -1;
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	e = (const Elf64_Ehdr *)file;
	if (file == MAP_FAILED || memcmp(e->e_ident, ELFMAG, SELFMAG) || e->e_ident[EI_CLASS] != ELFCLASS64 ||
	    e->e_machine != EM_X86_64 || e->e_phoff + e->e_phnum * sizeof(*ph) > (size_t)st.st_size)
		return -1;
	ph = (const Elf64_Phdr *)(file + e->e_phoff);
	for (int i = 0; i < e->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD && ph[i].p_vaddr < lo)
			lo = ph[i].p_vaddr & ~(PAGE - 1);
		if (ph[i].p_type == PT_LOAD && ph[i].p_vaddr + ph[i].p_memsz > hi)
			hi = ph[i].p_vaddr + ph[i].p_memsz;
		if (ph[i].p_type == PT_GNU_EH_FRAME)
			header = ph[i].p_vaddr;
	}
	if (!header || hi <= lo)
		return -1;
	m->bytes = hi - lo;
	m->at = mmap(NULL, m->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->at == MAP_FAILED)
		return -1;
	for (int i = 0; i < e->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && ph[i].p_offset + ph[i].p_filesz <= (size_t)st.st_size)
			memcpy(m->at + (ph[i].p_vaddr - lo), file + ph[i].p_offset, ph[i].p_filesz);
	munmap(file, (size_t)st.st_size);
	m->header = (const uint8_t *)m->at + (header - lo);
	return 0;
}

int main(int argc, char **argv)
{
	int bad = 0;

	printf("%-34s %9s %9s %8s %8s %8s %8s %8s %8s %10s\n", "file", "functions", "rows", "rsp %", "rbp %", "realign %",
	       "end %", "signal %", "refused %", "handled %");
	for (int i = 1; i < argc; i++) {
		const char *base = strrchr(argv[i], '/');
		unsigned long kind[CFI_SIGNAL + 1] = { 0 }, rows = 0, touched = 0;
		struct image m;
		uint32_t n;

		if (image_map(&m, argv[i])) {
			fprintf(stderr, "%s: no x86-64 ELF file with .eh_frame_hdr\n", argv[i]);
			bad = 1;
			continue;
		}
		n = cfi_functions(m.header);
		for (uint32_t f = 0; f < n; f++) {
			uintptr_t pc, end, next;
			int whole = 1;

			cfi_function(m.header, f, &pc, &end);
			for (; pc < end; pc = next) {
				enum cfi_base k = rule_base(cfi_rule_in(m.header, pc, &next));

				kind[k]++;
				rows++;
				whole &= k < CFI_REFUSED;
			}
			touched += !whole;
		}
		munmap(m.at, m.bytes);
		printf("%-34s %9u %9lu", base ? base + 1 : argv[i], n, rows);
		for (int k = 0; k <= CFI_SIGNAL; k++) {
			static const int order[] = { CFI_RSP, CFI_RBP, CFI_DEREF, CFI_END, CFI_SIGNAL, CFI_REFUSED };

			printf(" %8.4f", rows ? 100.0 * (double)kind[order[k]] / (double)rows : 0);
		}
		printf(" %10.4f  (%lu functions not wholly)\n",
		       rows ? 100.0 * (double)(rows - kind[CFI_REFUSED] - kind[CFI_SIGNAL]) / (double)rows : 0, touched);
	}
	return bad;
}
