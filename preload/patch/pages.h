/* SPDX-License-Identifier: MIT */
/*
 * pages.h - memory for generated code near a module, and writing into the module's own code.
 *
 * One batch per module: code_open, then code_take and code_jump any number of times, then code_close, which makes
 * everything executable first and lets the jumps appear last. Nothing that runs is ever changed before it is complete.
 */
#ifndef RACE_PATCH_PAGES_H
#define RACE_PATCH_PAGES_H

#include "symbols.h"

struct code_chunk {
	uint8_t *at; /* NULL: none */
	size_t bytes, used;
};

#define CODE_CHUNKS 8

/* What a module owns of us. */
struct code_area {
	struct code_chunk chunks[CODE_CHUNKS];
	unsigned nchunks;
};

struct code_batch {
	const struct elf_module *m;
	struct code_area *area;
	int text_was; /* protection of the module's code before */
	int may_write;
};

/* 0 when the process may have generated code and change the module's; -1 when it is not let (W^X, seccomp): then nothing was
 * changed. */
int code_open(struct code_batch *b, const struct elf_module *m, struct code_area *area);
/* Room for `bytes` of code, aligned to 16, writable until code_close; NULL: none within reach. */
uint8_t *code_take(struct code_batch *b, size_t bytes);
/* Gives back what the last code_take did not use. */
void code_trim(struct code_batch *b, uint8_t *from, size_t used);
/* Protects the area; 0, or -1: then no jump may be written. */
int code_seal(struct code_batch *b);
/* Writes `jmp target` over the first bytes of a function. 0; -1 when it is out of reach, or when other threads run and it
 * cannot be written at once. */
int code_jump(const struct code_batch *b, uintptr_t entry, uintptr_t target, int alone);
void code_close(struct code_batch *b);
void code_free(struct code_area *area);

static inline int code_near(uintptr_t a, uintptr_t b)
{
	intptr_t d = (intptr_t)(a - b);

	return d < 0x7fff0000 && d > -0x7fff0000;
}

#endif
