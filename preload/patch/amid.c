/* SPDX-License-Identifier: MIT */
/*
 * amid.c - symbols amid the bytes that a jump overwrites.
 *
 * Hand-written code has functions with a second entry behind the first instruction or two (libc's _nocancel ones were such).
 * Who calls that one would land in the middle of the jump: such a function is not patched.
 *
 * Owns      marks: a bit for the address of each symbol of the module in work, so that most questions cost four look-ups.
 *           A set bit is looked after in the tables themselves.
 * Lock      patch_lock, held by the caller.
 */
#include "amid.h"

#include <string.h>

#include "trampoline.h"

enum { MARK_BITS = 18, MARKS = 1 << MARK_BITS };
static uint64_t marks[MARKS / 64];
static const struct elf_module *marked;

static uint32_t mark_of(uintptr_t address)
{
	return (uint32_t)((uint64_t)address * 0x9E3779B97F4A7C15ull >> (64 - MARK_BITS));
}

/* want 0: marks all of them; else 1 when there is one at that address. Names and types do not matter: a label is a label. */
static int symbols_at(uintptr_t base, const uint8_t *table, size_t n, uintptr_t want)
{
	for (size_t i = 0; i < n; i++) {
		ElfW(Sym) s;
		uintptr_t at;

		memcpy(&s, table + i * sizeof(s), sizeof(s));
		if (s.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(s.st_info) == STT_SECTION || ELF64_ST_TYPE(s.st_info) == STT_TLS)
			continue;
		at = base + s.st_value;
		if (want && at == want)
			return 1;
		if (!want)
			marks[mark_of(at) / 64] |= 1ull << mark_of(at) % 64;
	}
	return 0;
}

static int module_symbols(const struct elf_module *m, const struct elf_file *f, uintptr_t want)
{
	if (m->symbols && symbols_at(m->base, (const uint8_t *)m->symbols, m->nsymbols, want))
		return 1;
	return f && f->symtab && symbols_at(m->base, f->symtab, f->nsymbols, want);
}

int amid_symbol(const struct elf_module *m, const struct elf_file *f, uintptr_t entry)
{
	if (marked != m) {
		memset(marks, 0, sizeof(marks));
		module_symbols(m, f, 0);
		marked = m;
	}
	for (uintptr_t at = entry + 1; at < entry + PATCH_BYTES; at++) {
		if (marks[mark_of(at) / 64] >> mark_of(at) % 64 & 1 && module_symbols(m, f, at))
			return 1;
	}
	return 0;
}

void amid_forget(void)
{
	marked = NULL;
}
