/* SPDX-License-Identifier: MIT */
/*
 * html_stack.c - a stack as a list: the operation, the user's frames, and what lies below them folded.
 *
 * Folded    are two and more frames of libraries in a row; the operation itself and the user's first frame always show.
 */
#include <inttypes.h>
#include <string.h>

#include "html.h"

/* `/src/` + `cache.c:42`: the end is what the eye looks for. */
static void put_source(FILE *to, const struct finding_frame *fr, const struct format_options *o)
{
	const char *file = format_path(o, fr->file), *base = strrchr(file, '/');

	base = base ? base + 1 : file;
	fputs("<span class=\"src\">", to);
	html_text_n(to, file, (size_t)(base - file));
	fputs("<b>", to);
	html_text(to, base);
	if (fr->line > 0)
		fprintf(to, ":%d", fr->line);
	fputs("</b></span>", to);
}

static void put_module(FILE *to, const struct finding_frame *fr, int hidden)
{
	if (!fr->module && fr->offset < 0)
		return;
	fputs(hidden ? "<span class=\"mod\">" : "<span class=\"src\">", to);
	if (fr->module)
		html_text(to, fr->module);
	if (fr->offset >= 0)
		fprintf(to, "%s+0x%" PRIx64, fr->module ? " " : "", (uint64_t)fr->offset);
	if (hidden && fr->build_id) {
		fputs(", build-id ", to);
		html_text(to, fr->build_id);
	}
	fputs("</span>", to);
}

/* What the program did not write: a library's code, and what comes inlined or instantiated from a system header. */
static int is_library(const struct finding_frame *fr)
{
	static const char *const folders[] = { "/usr/include/", "/usr/lib/gcc/", "/usr/lib/llvm-" };

	for (size_t i = 0; fr->file && i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (!strncmp(fr->file, folders[i], strlen(folders[i])))
			return 1;
	}
	return fr->system;
}

static void put_frame(FILE *to, const struct finding_frame *fr, int user, const struct format_options *o)
{
	fprintf(to, "<li class=\"fr%s%s\"><code class=\"fn\">", user ? " user" : "", is_library(fr) ? " lib" : "");
	if (fr->function) {
		html_text(to, fr->function);
		fputs("()", to);
	} else {
		fputs("unknown function", to);
	}
	fputs("</code>", to);
	if (user)
		fputs("<span class=\"tag here\">look here</span>", to);
	if (fr->inlined)
		fputs("<span class=\"tag\">inlined</span>", to);
	if (fr->file)
		put_source(to, fr, o);
	/* Without a source line the place in the module is all there is: shown at once, unless it is a library's. */
	put_module(to, fr, fr->file || fr->system);
	fputs("</li>", to);
}

void html_stack(FILE *to, const struct finding_stack *s, const struct format_options *o)
{
	const struct finding_frame *user = finding_user_frame(s);

	fputs("<div class=\"stack\">", to);
	if (s->n == 0)
		fputs("<p class=\"lost\">The stack was lost.</p></div>", to);
	if (s->n == 0)
		return;
	fputs("<ol>", to);
	for (int i = 0; i < s->n;) {
		int n = 0;

		while (i > 0 && i + n < s->n && is_library(&s->frames[i + n]) && &s->frames[i + n] != user)
			n++;
		if (n < 2) {
			put_frame(to, &s->frames[i], &s->frames[i] == user, o);
			i++;
			continue;
		}
		fprintf(to, "<li><details class=\"fold\"><summary>%d library frames</summary><ol>", n);
		for (; n > 0; n--, i++)
			put_frame(to, &s->frames[i], 0, o);
		fputs("</ol></details></li>", to);
	}
	fputs("</ol></div>", to);
}
