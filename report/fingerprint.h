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
	struct sha256 chain, until_user, until_starter; /* hashed so far; up to the last frame of those kinds */
	int frames, users;                              /* of the chain so far */
	uint8_t chains[2][32];
	int nchains;
};

void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *from, size_t bytes);
void sha256_end(struct sha256 *s, uint8_t digest[32]);

void fingerprint_begin(struct fingerprint *f);
/*
 * Frames of one chain, innermost first, all of them: which ones count is decided in here, so that everybody decides alike. A chain runs from
 * the operation to the last frame that is neither below main or a thread's first function (libc, the loader) nor of a library that
 * starts threads (libstdc++, GLib, libgomp, Qt, libuv); where nothing else is left, those libraries count. librace's own frames never do.
 * Texts may be NULL or ""; address < 0: unknown.
 */
void fingerprint_frame(struct fingerprint *f, const char *function, const char *module, const char *build_id, int64_t address);
void fingerprint_chain_end(struct fingerprint *f); /* at most two */
/* kind: "DATA RACE" ...; map_kind: "GHashTable". digits: 32 hexadecimal ones and a NUL. */
void fingerprint_end(struct fingerprint *f, const char *kind, const char *map_kind, char *digits);
/* The name as it is hashed, and how much of a module's name is: to be shown or compared. */
size_t fingerprint_function(const char *function, char *to, size_t cap);
size_t fingerprint_module(const char *module);

#endif
