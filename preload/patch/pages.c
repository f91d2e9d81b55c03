/* SPDX-License-Identifier: MIT */
/*
 * pages.c - memory for generated code near a module, and writing into the module's own code.
 *
 * W^X        a chunk is writable first and executable afterwards, never both. The module's code becomes writable and
 *            executable for the time of the batch, since it may be running (libc, the loader); the batch is opened only
 *            after the kernel agreed to both, so that a process that forbids it (systemd's MemoryDenyWriteExecute, SELinux,
 *            PR_SET_MDWE, a seccomp filter) is left as it was.
 * Reach      a rel32 jump reaches 2 GiB. Chunks lie below the module; above it only where there is nothing else, because
 *            the heap grows there behind an executable.
 */
#include "pages.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "../sys/atomic.h"
#include "../sys/os.h"

#define PAGE 4096ul
#define CHUNK_BYTES (64ul << 10) /* reserved; only touched pages cost memory */

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static int protect(uintptr_t at, size_t bytes, int how)
{
	return (int)os_syscall(SYS_mprotect, (long)at, (long)bytes, how, 0, 0, 0);
}

static uint8_t *map_at(uintptr_t hint, int flags)
{
	long at = os_syscall(SYS_mmap, (long)hint, CHUNK_BYTES, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);

	return at < 0 && at > -4096 ? NULL : (uint8_t *)at;
}

static int reaches(const struct elf_module *m, const uint8_t *at)
{
	return code_near((uintptr_t)at, m->text_lo) && code_near((uintptr_t)at + CHUNK_BYTES, m->text_hi) &&
	       code_near((uintptr_t)at + CHUNK_BYTES, m->text_lo) && code_near((uintptr_t)at, m->text_hi);
}

/* Where the kernel puts it by itself lies among the libraries; an executable is far from there. */
static uint8_t *map_near(const struct elf_module *m)
{
	uint8_t *at = m->is_program ? NULL : map_at(0, 0);

	if (at && reaches(m, at))
		return at;
	if (at)
		os_unmap(at, CHUNK_BYTES);
	for (int above = 0; above <= 1; above++) {
		for (uintptr_t away = CHUNK_BYTES; away < 0x78000000; away += away < (4ul << 20) ? CHUNK_BYTES : away / 8) {
			uintptr_t hint = above ? (m->hi + away + (1ul << 29)) & -PAGE : (m->lo - away) & -PAGE;

			if (!above && m->lo < away + (1ul << 16))
				break;
			at = map_at(hint, MAP_FIXED_NOREPLACE);
			if (at && (uintptr_t)at == hint && reaches(m, at))
				return at;
			if (at)
				os_unmap(at, CHUNK_BYTES);
		}
	}
	return NULL;
}

static struct code_chunk *chunk_new(struct code_batch *b)
{
	struct code_chunk *c = &b->area->chunks[b->area->nchunks];

	if (b->area->nchunks == CODE_CHUNKS || !(c->at = map_near(b->m)))
		return NULL;
	c->bytes = CHUNK_BYTES;
	c->used = 0;
	b->area->nchunks++;
	return c;
}

/* The protection that the module's file asks for: a few old programs have writable code. */
static int text_protection(const struct elf_module *m)
{
	const ElfW(Ehdr) *e = (const ElfW(Ehdr) *)m->lo;
	int how = PROT_READ | PROT_EXEC;

	if (memcmp(e->e_ident, ELFMAG, SELFMAG) || e->e_phentsize != sizeof(ElfW(Phdr)) || e->e_phoff > 4096)
		return how;
	for (unsigned i = 0; i < e->e_phnum; i++) {
		const ElfW(Phdr) *ph = (const ElfW(Phdr) *)(m->lo + e->e_phoff) + i;

		if (ph->p_type == PT_LOAD && (ph->p_flags & (PF_X | PF_W)) == (PF_X | PF_W))
			how |= PROT_WRITE;
	}
	return how;
}

static size_t text_bytes(const struct elf_module *m)
{
	return ((m->text_hi + PAGE - 1) & -PAGE) - (m->text_lo & -PAGE);
}

int code_open(struct code_batch *b, const struct elf_module *m, struct code_area *area)
{
	static int asked; /* 1 generated code is allowed, -1 not; the same for the whole process */

	*b = (struct code_batch){ .m = m, .area = area };
	if (!asked) {
		uint8_t *page = map_at(0, 0);

		asked = page && protect((uintptr_t)page, PAGE, PROT_READ | PROT_EXEC) == 0 ? 1 : -1;
		if (page)
			os_unmap(page, CHUNK_BYTES);
	}
	if (asked < 0)
		return -1;
	b->text_was = text_protection(m);
	if (protect(m->text_lo & -PAGE, text_bytes(m), PROT_READ | PROT_WRITE | PROT_EXEC) != 0) {
		/* refused for a part of it, perhaps: as it was */
		protect(m->text_lo & -PAGE, text_bytes(m), b->text_was);
		return -1;
	}
	b->may_write = 1;
	return 0;
}

uint8_t *code_take(struct code_batch *b, size_t bytes)
{
	struct code_chunk *c = b->area->nchunks ? &b->area->chunks[b->area->nchunks - 1] : NULL;
	uint8_t *at;

	bytes = (bytes + 15) & ~(size_t)15;
	if (!c || c->bytes - c->used < bytes)
		c = chunk_new(b);
	if (!c)
		return NULL;
	at = c->at + c->used;
	c->used += bytes;
	return at;
}

void code_trim(struct code_batch *b, uint8_t *from, size_t used)
{
	struct code_chunk *c = &b->area->chunks[b->area->nchunks - 1];

	c->used = (size_t)(from - c->at) + ((used + 15) & ~(size_t)15);
}

int code_seal(struct code_batch *b)
{
	for (unsigned i = 0; i < b->area->nchunks; i++) {
		const struct code_chunk *c = &b->area->chunks[i];

		if (protect((uintptr_t)c->at, c->bytes, PROT_READ | PROT_EXEC) != 0)
			return -1;
	}
	return 0;
}

/* Five bytes that lie within eight aligned ones appear at once. Functions are aligned to sixteen, nearly always. */
static int write_code(uintptr_t entry, const uint8_t *bytes, size_t n, int alone)
{
	uintptr_t word = entry & ~(uintptr_t)7;
	uint64_t now;

	if (entry + n <= word + 8) {
		now = load_relaxed((const uint64_t *)word);
		memcpy((char *)&now + (entry - word), bytes, n);
		store_release((uint64_t *)word, now); /* partner: whoever calls the function */
		return 0;
	}
	if (!alone)
		return -1;
	memcpy((void *)entry, bytes, n);
	return 0;
}

int code_jump(const struct code_batch *b, uintptr_t entry, uintptr_t target, int alone)
{
	uint8_t jump[5] = { 0xe9 };
	int32_t relative = (int32_t)(target - (entry + sizeof(jump)));

	if (!b->may_write || !code_near(target, entry))
		return -1;
	memcpy(jump + 1, &relative, sizeof(relative));
	return write_code(entry, jump, sizeof(jump), alone);
}

void code_close(struct code_batch *b)
{
	if (b->may_write)
		protect(b->m->text_lo & -PAGE, text_bytes(b->m), b->text_was);
	b->may_write = 0;
}

void code_free(struct code_area *area)
{
	for (unsigned i = 0; i < area->nchunks; i++)
		os_unmap(area->chunks[i].at, area->chunks[i].bytes);
	area->nchunks = 0;
}
