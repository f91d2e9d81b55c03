/* SPDX-License-Identifier: MIT */
/*
 * trampoline.h - moving the first instructions of a function elsewhere.
 *
 * A patched function starts with a 5-byte jump to our wrapper. The instructions that the jump overwrites run in a trampoline,
 * which then jumps back behind them: to call the trampoline is to call the original function.
 */
#ifndef RACE_PATCH_TRAMPOLINE_H
#define RACE_PATCH_TRAMPOLINE_H

#include <stddef.h>
#include <stdint.h>

#define PATCH_BYTES 5
#define TRAMPOLINE_MAX 128 /* bytes of one trampoline, at most */

enum patch_refusal {
	REFUSED_NOT,
	REFUSED_SHORT,   /* fewer than five bytes, and no padding behind */
	REFUSED_INSN,    /* an instruction that the decoder does not move */
	REFUSED_BRANCH,  /* something in the function may branch into the overwritten bytes, or loops to the entry */
	REFUSED_FAR,     /* an operand would be out of reach from the trampoline */
};
const char *patch_refusal_text(enum patch_refusal why); /* half a sentence: "too short to patch" */

/*
 * Writes to out (at least TRAMPOLINE_MAX bytes; it will be executed at address `at`) what the first instructions of the function
 * at address `entry` do, and a jump behind them. `code` is where its bytes can be read (usually (const uint8_t *)entry;
 * tools pass bytes of a file), `bytes` the function's size by its symbol, 0 unknown (then only the first 64 bytes are
 * searched for branches back), `readable` how many bytes can be read at code (padding behind the function included).
 * A displaced call pushes the return address of the original. Returns the trampoline's length and sets *displaced (>= 5, whole
 * instructions); or 0 and *why. Pure: touches nothing but its arguments.
 */
size_t trampoline_make(uint8_t *out, uintptr_t at, const uint8_t *code, uintptr_t entry, size_t bytes, size_t readable,
		       unsigned *displaced, enum patch_refusal *why);

#endif
