/* SPDX-License-Identifier: MIT */
/*
 * fingerprint.c - the same finding has the same 32 digits, wherever and whenever it is seen (fingerprint.h, docs/RECORD.md).
 *
 * Owns      the rule which frames count, and SHA-256 (FIPS 180-4) without a library: the host has none but libc.
 * Invariant what is hashed depends on names alone, and on build-id and address where there is no name.
 * Must not  change: people keep fingerprints in baselines. Another rule is another DOMAIN below.
 */
#include "fingerprint.h"

#include <string.h>

#include "../preload/sys/fmt.h"
#include "words.h"

#define DOMAIN "librace finding 1"

/* ---- SHA-256 ------------------------------------------------------------------------------------------------------------ */

static const uint32_t constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
	0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
	0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
	0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t turned(uint32_t x, unsigned by)
{
	return x >> by | x << (32 - by);
}

static void take_block(struct sha256 *s)
{
	uint32_t w[64], a[8];

	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)s->block[4 * i] << 24 | (uint32_t)s->block[4 * i + 1] << 16 | (uint32_t)s->block[4 * i + 2] << 8 |
		       s->block[4 * i + 3];
	for (int i = 16; i < 64; i++) {
		uint32_t x = w[i - 15], y = w[i - 2];

		w[i] = w[i - 16] + (turned(x, 7) ^ turned(x, 18) ^ x >> 3) + w[i - 7] + (turned(y, 17) ^ turned(y, 19) ^ y >> 10);
	}
	memcpy(a, s->h, sizeof(a));
	for (int i = 0; i < 64; i++) {
		uint32_t big = turned(a[4], 6) ^ turned(a[4], 11) ^ turned(a[4], 25), choice = (a[4] & a[5]) ^ (~a[4] & a[6]);
		uint32_t t = a[7] + big + choice + constants[i] + w[i];
		uint32_t u = (turned(a[0], 2) ^ turned(a[0], 13) ^ turned(a[0], 22)) + ((a[0] & a[1]) ^ (a[0] & a[2]) ^ (a[1] & a[2]));

		memmove(a + 1, a, 7 * sizeof(a[0]));
		a[4] += t;
		a[0] = t + u;
	}
	for (int i = 0; i < 8; i++)
		s->h[i] += a[i];
}

void sha256_begin(struct sha256 *s)
{
	static const uint32_t start[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

	memcpy(s->h, start, sizeof(start));
	s->bytes = 0;
}

void sha256_add(struct sha256 *s, const void *from, size_t bytes)
{
	const uint8_t *at = from;

	while (bytes > 0) {
		size_t in = s->bytes % 64, n = 64 - in < bytes ? 64 - in : bytes;

		memcpy(s->block + in, at, n);
		s->bytes += n;
		at += n;
		bytes -= n;
		if (in + n == 64)
			take_block(s);
	}
}

void sha256_end(struct sha256 *s, uint8_t digest[32])
{
	static const uint8_t fill[64] = { 0x80 };
	uint64_t bits = s->bytes * 8;
	uint8_t length[8];

	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)(bits >> (56 - 8 * i));
	sha256_add(s, fill, 1 + (119 - s->bytes % 64) % 64);
	sha256_add(s, length, sizeof(length));
	for (int i = 0; i < 32; i++)
		digest[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}

/* ---- names that do not change with the build ----------------------------------------------------------------------------- */

static int is_digits(const char *s, const char *end)
{
	if (s == end)
		return 0;
	for (; s < end; s++) {
		if (*s < '0' || *s > '9')
			return 0;
	}
	return 1;
}

/* What compilers append to the names of the copies that they make: a word of this list, with or without a number. */
static const char *const copies[] = { ".isra", ".part", ".constprop", ".cold", ".lto_priv", ".llvm" };

static size_t without_copy(const char *name, size_t n)
{
	for (size_t dot = n; dot-- > 1;) {
		for (unsigned i = 0; name[dot] == '.' && i < sizeof(copies) / sizeof(copies[0]); i++) {
			size_t k = strlen(copies[i]);

			if (n - dot >= k && !memcmp(name + dot, copies[i], k) &&
			    (n - dot == k || (name[dot + k] == '.' && is_digits(name + dot + k + 1, name + n))))
				return dot;
		}
	}
	return n;
}

/* "foo(int) [clone .isra.0]", as demanglers show the same. */
static size_t without_clone(const char *name, size_t n)
{
	static const char clone[] = " [clone ";

	for (size_t at = n; n && name[n - 1] == ']' && at-- > 1;) {
		if (n - at > sizeof(clone) && !memcmp(name + at, clone, sizeof(clone) - 1))
			return at;
	}
	return n;
}

size_t fingerprint_function(const char *function, char *to, size_t cap)
{
	struct buf b = buf_on(to, cap);
	size_t n = strlen(function), less;

	for (less = without_clone(function, n); less < n; less = without_clone(function, n))
		n = less;
	buf_mem(&b, function, n);
	n = words_name_length(to);
	for (less = without_copy(to, n); less < n; less = without_copy(to, n))
		n = less;
	to[n] = 0;
	return n;
}

/* Length of a module's name up to ".so": the version of a library does not count. */
size_t fingerprint_module(const char *module)
{
	for (const char *so = strstr(module, ".so"); so; so = strstr(so + 1, ".so")) {
		if (so[3] == 0 || so[3] == '.')
			return (size_t)(so - module);
	}
	return strlen(module);
}

/* ---- which frames count ---------------------------------------------------------------------------------------------------- */

enum place { PLACE_COUNTS, PLACE_STARTER /* of a library that starts threads */, PLACE_START /* below main or a thread's first function */ };

static int is_one_of(const char *const *list, size_t n, const char *s, size_t length)
{
	for (size_t i = 0; i < n; i++) {
		if (strlen(list[i]) == length && !memcmp(list[i], s, length))
			return 1;
	}
	return 0;
}
#define IS_ONE_OF(list, s, length) is_one_of(list, sizeof(list) / sizeof((list)[0]), s, length)

static enum place place_of(const char *function, size_t nfunction, const char *module, size_t nmodule)
{
	static const char *const start_modules[] = { "libc", "libpthread", "ld-linux-x86-64", "ld-linux-aarch64", "ld", "linux-vdso" };
	static const char *const start_functions[] = { "_start", "start_thread", "clone", "__clone", "clone3", "__clone3", "__libc_start_main",
						       "__libc_start_main_impl", "__libc_start_call_main", "__libc_start_main@@GLIBC_2.34" };
	static const char *const starter_modules[] = { "libstdc++", "libc++", "libglib-2.0", "libgomp", "libomp", "libQt5Core", "libQt6Core",
						       "libuv" };
	static const char *const starter_functions[] = { "execute_native_thread_routine", "g_thread_proxy", "g_thread_pool_thread_proxy",
							 "gomp_thread_start" };

	if (IS_ONE_OF(start_modules, module, nmodule) || IS_ONE_OF(start_functions, function, nfunction))
		return PLACE_START;
	if (IS_ONE_OF(starter_modules, module, nmodule) || IS_ONE_OF(starter_functions, function, nfunction))
		return PLACE_STARTER;
	return PLACE_COUNTS;
}

/* ---- chains -------------------------------------------------------------------------------------------------------------------- */

void fingerprint_begin(struct fingerprint *f)
{
	f->nchains = 0;
	f->frames = 0;
	sha256_begin(&f->chain);
}

static void add_hex(struct sha256 *s, uint64_t value)
{
	char digits[24];
	struct buf b = buf_on(digits, sizeof(digits));

	buf_fmt(&b, "%lx", (unsigned long)value);
	sha256_add(s, digits, b.len);
}

void fingerprint_frame(struct fingerprint *f, const char *function, const char *module, const char *build_id, int64_t address)
{
	char name[512];
	size_t nname, nmodule;
	enum place place;

	function = function && strcmp(function, "??") ? function : "";
	module = module ? module : "";
	nname = fingerprint_function(function, name, sizeof(name));
	nmodule = fingerprint_module(module);
	if (nmodule == 7 && !memcmp(module, "librace", 7)) /* ours stand between the program's frames, or not */
		return;
	if (nname) {
		sha256_add(&f->chain, "f", 1);
		sha256_add(&f->chain, name, nname + 1);
		sha256_add(&f->chain, module, nmodule);
	} else {
		sha256_add(&f->chain, "a", 1);
		if (build_id && build_id[0])
			sha256_add(&f->chain, build_id, strlen(build_id));
		else
			sha256_add(&f->chain, module, nmodule);
		sha256_add(&f->chain, "", 1);
		add_hex(&f->chain, address >= 0 ? (uint64_t)address : 0);
	}
	sha256_add(&f->chain, "", 1);
	/* The chain ends with the last frame that counts; what has counted is known only then, so the state there is kept. */
	place = f->frames++ ? place_of(name, nname, module, nmodule) : PLACE_START;
	if (f->frames == 1 || place != PLACE_START)
		f->until_starter = f->chain;
	if (f->frames == 1 || place == PLACE_COUNTS) {
		f->until_user = f->chain;
		f->users = place == PLACE_COUNTS;
	}
}

void fingerprint_chain_end(struct fingerprint *f)
{
	struct sha256 *end = f->frames == 0 ? &f->chain : f->users ? &f->until_user : &f->until_starter;

	if (f->nchains < 2)
		sha256_end(end, f->chains[f->nchains++]);
	f->frames = 0;
	sha256_begin(&f->chain);
}

void fingerprint_end(struct fingerprint *f, const char *kind, const char *map_kind, char *digits)
{
	struct sha256 *s = &f->chain;
	int turned_round = f->nchains == 2 && memcmp(f->chains[0], f->chains[1], 32) > 0;
	uint8_t digest[32];

	sha256_begin(s);
	sha256_add(s, DOMAIN, sizeof(DOMAIN));
	sha256_add(s, kind, strlen(kind) + 1);
	sha256_add(s, map_kind ? map_kind : "", map_kind ? strlen(map_kind) + 1 : 1);
	for (int i = 0; i < f->nchains; i++)
		sha256_add(s, f->chains[turned_round ? 1 - i : i], 32);
	sha256_end(s, digest);
	for (int i = 0; i < FINGERPRINT_BYTES; i++) {
		digits[2 * i] = "0123456789abcdef"[digest[i] >> 4];
		digits[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
	}
	digits[2 * FINGERPRINT_BYTES] = 0;
}
