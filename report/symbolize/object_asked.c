/* SPDX-License-Identifier: MIT */
/*
 * object_asked.c - whether a module's code asks a variable before it goes on.
 *
 * A volatile variable may be a flag between threads, or a place where results are thrown so that they are computed. A flag is loaded
 * and compared for equality, and a jump follows; what nobody asks so cannot hold anybody back. All executable sections are
 * gone through once for each variable, by the operands that are relative to the instruction; other ways to reach it, by a
 * pointer, are pointers to volatile and count by their own types.
 */
#include "objects.h"

#include <gelf.h>

#include "../../preload/patch/decode.h"
#include "../../preload/verdict/scan.h"

#define CODE_MAX (32u << 20) /* more code than that is not gone through: then the type alone decides */

static int section_asks(const uint8_t *code, size_t bytes, uint64_t address, uint64_t variable, uint64_t size)
{
	const uint8_t *end = code + bytes;

	for (const uint8_t *p = code; p < end;) {
		struct insn in;

		if (insn_decode(p, end, &in) == INSN_REFUSED) {
			p += insn_length(p, end) ? insn_length(p, end) : 1;
			continue;
		}
		if (in.kind == INSN_RIP && address + (uint64_t)(p - code) + in.length + (uint64_t)(int64_t)in.relative - variable < size &&
		    scan_call_asks(p, end))
			return 1;
		p += in.length;
	}
	return 0;
}

int object_in_library(Elf *elf)
{
	size_t n = 0;

	if (elf_getphdrnum(elf, &n) != 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;

		if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_INTERP)
			return 0;
	}
	return 1;
}

int object_is_asked(Elf *elf, uint64_t variable, uint64_t size)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr head;
		Elf_Data *data;

		if (!gelf_getshdr(section, &head) || head.sh_type != SHT_PROGBITS || !(head.sh_flags & SHF_EXECINSTR))
			continue;
		data = elf_rawdata(section, NULL);
		if (!data || !data->d_buf || head.sh_size > CODE_MAX)
			return 1;
		if (section_asks(data->d_buf, data->d_size, head.sh_addr, variable, size))
			return 1;
	}
	return 0;
}
