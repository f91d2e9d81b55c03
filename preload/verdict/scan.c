/* SPDX-License-Identifier: MIT */
/*
 * scan.c - the marks that inlined synchronisation leaves in machine code.
 *
 * Owns      nothing; pure functions over mapped code.
 * Way       the bytes are searched for what a mark must have (a lock prefix, an opcode, a short jump back); only where that is
 *           found is the code before it stepped through, instruction by instruction from the start of the piece, to see
 *           whether an instruction really begins there. So constants and displacements leave no marks, and code without any is
 *           hardly decoded.
 * Pieces    of a module: from the start of one function to that of the next, by its .eh_frame_hdr, which stripped files have, too.
 *           Behind what is no instruction (tables in hand-written assembly) nothing counts until some are known in a row.
 * No mark   a system call as such. Who waits with one but without a loop on memory shows nothing here.
 * Must not  allocate, lock, or read outside the piece or the module's own mapped segments.
 */
#include "scan.h"

#include <elf.h>
#include <string.h>

#include "../patch/decode.h"
#include "../patch/symbols.h"
#include "../unwind/cfi.h"
#include "scan_loop.h"

#define STEADY 3 /* so many known instructions in a row, and the walk is in step again */

/* ---- one piece ---------------------------------------------------------------------------------------------------------- */

/*
 * What may begin at a byte, and what may go on at the next one, as sets: a mark can only be where both agree. That is one
 * branch for each byte of code, and one byte in a hundred takes it.
 */
enum candidate { LOCK = 1, EXCHANGE = 2, REPEAT = 4, FENCE = 8, JUMP_BACK = 16, JUMP_FAR = 32 };

#define BEGINS(b)                                                                                                            \
	((b) == 0xf0                              ? LOCK                                                                     \
	 : (b) == 0x86 || (b) == 0x87             ? EXCHANGE                                                                 \
	 : (b) == 0xf3                            ? REPEAT                                                                   \
	 : (b) == 0xae                            ? FENCE                                                                    \
	 : ((b) & 0xf0) == 0x70 || (b) == 0xeb    ? JUMP_BACK                                                                \
	 : (b) == 0xe9                            ? JUMP_FAR                                                                 \
						  : 0)
/* Behind lock: other prefixes, or an opcode that may have it. ModRM with memory. 90: pause. ModRM of mfence. A negative number; its
 * lowest byte. */
#define GOES_ON(b)                                                                                                           \
	((((b) < 0x38 && ((b) & 7) < 2) || (b) == 0x0f || ((b) & 0xf0) == 0x40 || ((b) >= 0x64 && (b) <= 0x67) ||            \
			  (b) == 0x2e || (b) == 0x3e || (b) == 0x80 || (b) == 0x81 || (b) == 0x83 || (b) == 0x86 ||          \
			  (b) == 0x87 || (b) >= 0xf0                                                                         \
		  ? LOCK                                                                                                     \
		  : 0) |                                                                                                     \
	 ((b) < 0xc0 ? EXCHANGE : 0) | ((b) == 0x90 ? REPEAT : 0) | ((b) >= 0xf0 && (b) <= 0xf7 ? FENCE : 0) |               \
	 ((b) >= 0x80 && (b) < 0xfe ? JUMP_BACK : 0) | ((b) >= 0x100 - LOOP_BYTES && (b) < 0xfb ? JUMP_FAR : 0))

#define FOUR(of, b) of(b), of((b) + 1), of((b) + 2), of((b) + 3)
#define SIXTEEN(of, b) FOUR(of, b), FOUR(of, (b) + 4), FOUR(of, (b) + 8), FOUR(of, (b) + 12)
#define EVERY_BYTE(of)                                                                                                       \
	SIXTEEN(of, 0x00), SIXTEEN(of, 0x10), SIXTEEN(of, 0x20), SIXTEEN(of, 0x30), SIXTEEN(of, 0x40), SIXTEEN(of, 0x50),    \
		SIXTEEN(of, 0x60), SIXTEEN(of, 0x70), SIXTEEN(of, 0x80), SIXTEEN(of, 0x90), SIXTEEN(of, 0xa0),               \
		SIXTEEN(of, 0xb0), SIXTEEN(of, 0xc0), SIXTEEN(of, 0xd0), SIXTEEN(of, 0xe0), SIXTEEN(of, 0xf0)

static const uint8_t begins[256] = { EVERY_BYTE(BEGINS) };
static const uint8_t goes_on[256] = { EVERY_BYTE(GOES_ON) };

struct walk {
	const uint8_t *code, *end;
	const uint8_t *at; /* an instruction begins here, if steady */
	unsigned bytes;    /* of it; 0: not looked at yet, or none */
	unsigned steady;
	uint64_t address;
	struct scan_marks *m;
};

static uint32_t marks_total(const struct scan_marks *m)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < SCAN_MARKS; i++)
		n += m->count[i];
	return n;
}

/* Walks to the instruction that holds p. 0: that is behind p already, or what is there cannot be trusted. */
static int walk_to(struct walk *w, const uint8_t *p)
{
	while (w->at <= p) {
		if (!w->bytes)
			w->bytes = insn_length(w->at, w->end);
		if (w->bytes && p < w->at + w->bytes)
			return w->steady >= STEADY;
		if (w->bytes) {
			w->steady++;
			w->at += w->bytes;
		} else {
			w->steady = 0;
			w->at++;
		}
		w->bytes = 0;
	}
	return 0;
}

static void mark(struct walk *w, enum scan_mark what)
{
	if (!w->m->count[what]++)
		w->m->first[what] = w->address + (uint64_t)(w->at - w->code);
}

static int jump_waits(const struct walk *w, const uint8_t *end, int32_t relative)
{
	if (relative >= 0 || end - w->code < -(ptrdiff_t)relative)
		return 0;
	return loop_waits(end + relative, end, NULL);
}

static int32_t word_at(const uint8_t *p)
{
	int32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* A jump if above or below to a place in this piece: the commonest of what has an exchange's opcode in it. */
static int far_jump(const struct walk *w, const uint8_t *p)
{
	ptrdiff_t to;

	if (p == w->code || p[-1] != 0x0f || w->end - p < 5)
		return 0;
	to = p + 5 - w->code + word_at(p + 1);
	return to >= 0 && to < w->end - w->code;
}

/* What more than two bytes tell. */
static int may_be(const struct walk *w, const uint8_t *p, unsigned sort)
{
	struct insn in;

	switch (sort) {
	case LOCK:
		return insn_decode(p, w->end, &in) != INSN_REFUSED; /* which lets it stand where it may only */
	case EXCHANGE:
		return !far_jump(w, p);
	case REPEAT:
		return 1;
	case FENCE:
		return p > w->code && p[-1] == 0x0f;
	case JUMP_BACK:
		return jump_waits(w, p + 2, (int8_t)p[1]);
	case JUMP_FAR: /* clang makes no short ones without optimising */
		return w->end - p >= 5 && p[2] == 0xff && p[4] == 0xff && jump_waits(w, p + 5, word_at(p + 1));
	}
	return 0;
}

/* The walk stands at the instruction that holds p: does p have the place in it that makes it a mark? */
static void take(struct walk *w, const uint8_t *p, unsigned sort)
{
	const uint8_t *opcode = w->at;
	int locked = 0, repeated = 0, opsize = 0; /* locked: has been taken by its prefix */

	for (;; opcode++) {
		if (*opcode == 0xf0)
			locked = 1;
		else if (*opcode == 0xf2 || *opcode == 0xf3)
			repeated = 1;
		else if (*opcode == 0x66)
			opsize = 1;
		else if (*opcode != 0x67 && (*opcode & 0xfe) != 0x64 && (*opcode & 0xe7) != 0x26)
			break;
	}
	if (sort == LOCK) {
		if (p < opcode)
			mark(w, SCAN_ATOMIC);
		return;
	}
	if (sort == REPEAT) {
		if (p < opcode && *opcode == 0x90)
			mark(w, SCAN_PAUSE);
		return;
	}
	if ((*opcode & 0xf0) == 0x40)
		opcode++;
	if (sort == FENCE) {
		if (p == opcode + 1 && *opcode == 0x0f && !repeated && !opsize)
			mark(w, SCAN_FENCE);
	} else if (p == opcode && sort != EXCHANGE) {
		mark(w, SCAN_WAIT);
	} else if (p == opcode && !locked) {
		mark(w, SCAN_ATOMIC);
		w->m->exchanges++;
	}
}

void scan_code(const uint8_t *code, size_t bytes, uint64_t address, uint32_t enough, struct scan_marks *m)
{
	struct walk w = { .code = code, .end = code + bytes, .at = code, .steady = STEADY, .address = address, .m = m };

	for (const uint8_t *p = code; bytes >= 2 && p < w.end - 1; p++) {
		unsigned sort = begins[p[0]] & goes_on[p[1]];

		if (!sort || !may_be(&w, p, sort) || !walk_to(&w, p))
			continue;
		take(&w, p, sort);
		if (enough && marks_total(m) >= enough)
			return;
	}
}

/* ---- a module ----------------------------------------------------------------------------------------------------------- */

/* The readable segment that holds all of it. */
static const ElfW(Phdr) *segment_of(const struct elf_module *e, uintptr_t address, size_t bytes)
{
	for (size_t i = 0; i < e->nheaders; i++) {
		const ElfW(Phdr) *p = &e->headers[i];
		uintptr_t at = e->base + p->p_vaddr;

		if (p->p_type == PT_LOAD && (p->p_flags & PF_R) && address >= at && address - at <= p->p_memsz &&
		    bytes <= p->p_memsz - (address - at))
			return p;
	}
	return NULL;
}

/* Its table of functions, when all of that can be read. */
static const uint8_t *functions_of(const struct elf_module *e)
{
	for (size_t i = 0; i < e->nheaders; i++) {
		const ElfW(Phdr) *p = &e->headers[i];
		const uint8_t *header = (const uint8_t *)(e->base + p->p_vaddr);

		if (p->p_type != PT_GNU_EH_FRAME || !segment_of(e, (uintptr_t)header, 12))
			continue;
		if (segment_of(e, (uintptr_t)header, 12 + (size_t)cfi_functions(header) * 8))
			return header;
	}
	return NULL;
}

static int is_enough(const struct scan_marks *m, uint32_t enough)
{
	return enough && marks_total(m) >= enough;
}

#define LAST_FUNCTION 512

/* One executable segment, cut where functions begin. The table is sorted by address; where it is not, the cut is left out. A segment
 * that begins with the file's header holds data as well: before the first function, and behind the last. */
static void segment_scan(const struct elf_module *e, const ElfW(Phdr) *segment, const uint8_t *table, uint32_t enough,
			 struct scan_marks *m)
{
	uintptr_t at = e->base + segment->p_vaddr, end = at + segment->p_memsz;
	uint32_t n = table ? cfi_functions(table) : 0;
	int mixed = n && segment->p_offset == 0, code = !mixed;

	for (uint32_t i = 0; i < n && !is_enough(m, enough); i++) {
		uintptr_t start = cfi_function_start(table, i);

		if (start <= at || start >= end)
			continue;
		if (code)
			scan_code((const uint8_t *)at, start - at, at - e->base, enough, m);
		code = 1;
		at = start;
	}
	if (mixed && end - at > LAST_FUNCTION)
		end = at + LAST_FUNCTION;
	if (!is_enough(m, enough) && code)
		scan_code((const uint8_t *)at, end - at, at - e->base, enough, m);
}

int scan_module(const struct link_map *module, uint32_t enough, struct scan_marks *m)
{
	const uint8_t *table;
	struct elf_module e;
	int all = 1;

	if (elf_module_read(&e, module, NULL) != 0)
		return 0;
	table = functions_of(&e);
	for (size_t i = 0; i < e.nheaders && !is_enough(m, enough); i++) {
		const ElfW(Phdr) *p = &e.headers[i];

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
			continue;
		if (p->p_flags & PF_R)
			segment_scan(&e, p, table, enough, m);
		else
			all = 0;
	}
	return all || is_enough(m, enough);
}
