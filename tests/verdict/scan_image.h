/* SPDX-License-Identifier: MIT */
/*
 * scan_image.h - an ELF file laid out in memory as the loader would, for what reads loaded modules. The files are those of the system
 * and our own: what is read is trusted. Mappings are kept.
 */
#ifndef TESTS_VERDICT_SCAN_IMAGE_H
#define TESTS_VERDICT_SCAN_IMAGE_H

#include <link.h>
#include <stddef.h>
#include <stdint.h>

struct image {
	struct link_map map;
	const char *name; /* of the file */
	size_t code_bytes;
	const uint8_t *table; /* .eh_frame_hdr; NULL: none */
	const ElfW(Phdr) *headers; /* of the file, its addresses without the bias */
	size_t nheaders;
};

/* 0; -1: no such file, or none with a dynamic section. */
int image_open(struct image *out, const char *path);
/* Calls visit for each piece of code between the starts of functions, as the scan cuts it. */
void image_pieces(const struct image *i, void (*visit)(const uint8_t *code, size_t bytes, uint64_t address, void *to), void *to);

#endif
