/* SPDX-License-Identifier: MIT */
/*
 * fingerprint.h - what makes two reports the same finding, over processes, runs and builds.
 *
 * SHA-256, cut to 128 bits, over the kind of finding, the kind of map, and the two call chains. A chain is, for each frame, the
 * function (without parameters and without what compilers append: .isra.0, .part.0, .constprop.0, .cold, .lto_priv.0) and the
 * module's base name up to `.so`; of a frame without a name the build-id and the address in the file. No addresses of a run,
 * no lines, no thread numbers, no class. The two chains go in in the order of their own hashes: either way round is the same.
 *
 * Runs in the host (no allocation) and in the tool.
 */
#ifndef RACE_REPORT_FINGERPRINT_H
#define RACE_REPORT_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

#define FINGERPRINT_BYTES 16

struct sha256 {
	uint32_t h[8];
	uint64_t bytes;
	uint8_t block[64];
};

struct fingerprint {
	struct sha256 chain;
	uint8_t chains[2][32];
	int nchains;
};

void fingerprint_begin(struct fingerprint *f);
/* Frames of one chain, innermost first; texts may be NULL or ""; address < 0: unknown. */
void fingerprint_frame(struct fingerprint *f, const char *function, const char *module, const char *build_id, int64_t address);
void fingerprint_chain_end(struct fingerprint *f); /* at most two */
/* kind: "DATA RACE" ...; map_kind: "GHashTable". digits: 32 hexadecimal ones and a NUL. */
void fingerprint_end(struct fingerprint *f, const char *kind, const char *map_kind, char *digits);

#endif
