/* SPDX-License-Identifier: MIT */
/*
 * trace_names.c - names for the stacks of a trace: the same look-up as for reports, each address once.
 *
 * Owns      the names found so far, until trace_names_free.
 * Leaves out frames of librace itself, and those below the program's or thread's start routine, as reports do.
 */
#include <stdlib.h>
#include <string.h>

#include "../helper/helper.h"
#include "../symbolize/names.h"
#include "trace_parts.h"
#include "../util/room.h"

static struct name {
	uint64_t pc;
	const char *text[FRAME_TEXTS]; /* innermost first: what was inlined there */
	unsigned n;
	const char *module;
} *known;
static uint32_t nknown;
static struct table known_at;
static char **texts;
static uint32_t ntexts;

static const char *keep(const char *s)
{
	char *copy = room_copy(s);

	texts = room_grow(texts, ntexts, sizeof(*texts));
	texts[ntexts++] = copy;
	return copy ? copy : "?";
}

void trace_names_free(void)
{
	for (uint32_t i = 0; i < ntexts; i++)
		free(texts[i]);
	free(texts);
	free(known);
	free(known_at.keys);
	free(known_at.values);
	texts = NULL;
	known = NULL;
	ntexts = nknown = 0;
	memset(&known_at, 0, sizeof(known_at));
}

/* The module that had the address when the stack was written. */
static const struct trace_module *module_of(const struct trace *t, const struct trace_stack *s, uint64_t pc)
{
	for (uint32_t i = s->modules < t->nmodules ? s->modules : t->nmodules; i-- > 0;) {
		if (pc >= t->modules[i].lo && pc < t->modules[i].hi)
			return &t->modules[i];
	}
	return NULL;
}

static int is_named(const struct trace_module *m, const char *name)
{
	return m && !strncmp(path_base(m->path), name, strlen(name));
}

static struct name look_up(const struct trace *t, const struct trace_module *m, uint64_t pc)
{
	static struct record r;
	struct record_frame f = { .pc = pc };
	struct frame_text text[FRAME_TEXTS];
	char clean[300], base[80];
	struct buf b = buf_on(base, sizeof(base));
	struct name n = { .pc = pc };
	int ntexts_here = 0;

	if (m) {
		r.nmodules = 1;
		r.pid = t->header.pid;
		r.modules[0].base = m->base;
		memcpy(r.modules[0].build_id, m->build_id, sizeof(r.modules[0].build_id));
		r.modules[0].build_id_len = (uint8_t)m->build_id_bytes;
		memset(r.modules[0].path, 0, sizeof(r.modules[0].path));
		memcpy(r.modules[0].path, m->path, strnlen(m->path, sizeof(r.modules[0].path) - 1));
		ntexts_here = names_of_debug_info.frame(NULL, &r, &f, text, FRAME_TEXTS);
		buf_clean(&b, path_base(m->path));
	} else {
		buf_str(&b, "unknown");
	}
	n.module = keep(base);
	for (int i = 0; i < ntexts_here; i++) {
		struct buf name;
		char fit[260];

		if (!text[i].function[0])
			continue;
		b = buf_on(clean, sizeof(clean));
		name = buf_on(fit, sizeof(fit));
		text_name(&name, text[i].function);
		if (name.len >= 2 && !strcmp(fit + name.len - 2, "()"))
			fit[name.len - 2] = 0;
		buf_clean(&b, fit);
		n.text[n.n++] = keep(clean);
	}
	if (!n.n) {
		b = buf_on(clean, sizeof(clean));
		buf_fmt(&b, "%s+0x%lx", base, (unsigned long)(m ? pc - m->base : pc));
		n.text[n.n++] = keep(clean);
	}
	return n;
}

static const struct name *name_of(struct trace *t, const struct trace_stack *s, uint64_t pc)
{
	const struct trace_module *m = module_of(t, s, pc - 1);
	uint64_t key = pc ^ (m ? (uint64_t)(m - t->modules + 1) << 48 : 0) ^ (uint64_t)t->header.pid << 20;
	uint32_t i = table_get(&known_at, key);

	if (i != NOT_KNOWN)
		return &known[i];
	known = room_grow(known, nknown, sizeof(*known));
	known[nknown] = look_up(t, m, pc);
	table_set(&known_at, key, nknown);
	return &known[nknown++];
}

unsigned trace_frames(struct trace *t, uint32_t stack, struct trace_frame *out, unsigned max)
{
	const struct trace_stack *s;
	unsigned n = 0;
	uint32_t pcs;

	if (stack >= t->nstacks || !max)
		return 0;
	s = &t->stacks[stack];
	if (s->op != NOT_KNOWN && t->ops[s->op].known) {
		out[n].name = t->ops[s->op].name;
		out[n++].module = t->ops[s->op].kind;
	}
	for (pcs = s->n; pcs > 1; pcs--) { /* start routines */
		const struct trace_module *m = module_of(t, s, s->pc[pcs - 1] - 1);

		if (pcs == s->n && pcs >= 2 && !is_named(m, "libc.so") && is_named(module_of(t, s, s->pc[pcs - 2] - 1), "libc.so"))
			continue; /* _start */
		if (!is_named(m, "libc.so") && !is_named(m, "librace.so"))
			break;
	}
	for (uint32_t i = 0; i < pcs && n < max; i++) {
		const struct name *name;

		if (is_named(module_of(t, s, s->pc[i] - 1), "librace.so"))
			continue;
		name = name_of(t, s, s->pc[i]);
		for (unsigned k = 0; k < name->n && n < max; k++) {
			out[n].name = name->text[k];
			out[n++].module = name->module;
		}
	}
	return n;
}
