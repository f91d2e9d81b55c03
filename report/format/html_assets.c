/* SPDX-License-Identifier: MIT */
/*
 * html_assets.c - the page's skeleton, style sheet and script, as they lie in report/format/html, inside the command.
 *
 * The assembler reads the files by their path from the root of the repository, where make runs; the Makefile says that this
 * object depends on them.
 */
#include "html.h"

#define ASSET(symbol, file)                                                                                        \
	__asm__(".pushsection .rodata\n"                                                                           \
		".balign 16\n"                                                                                     \
		".globl " #symbol "\n"                                                                             \
		".hidden " #symbol "\n"                                                                            \
		".type " #symbol ", @object\n" #symbol ":\n"                                                       \
		".incbin \"report/format/html/" file "\"\n"                                                               \
		".byte 0\n"                                                                                        \
		".size " #symbol ", . - " #symbol "\n"                                                             \
		".popsection\n")

ASSET(html_page, "page.html");
ASSET(html_style, "style.css");
ASSET(html_script, "page.js");
