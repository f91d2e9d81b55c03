/* SPDX-License-Identifier: MIT */
/*
 * attach.c - which of the typed hooks are patched, where.
 *
 * A hook's function is the first definition of its name in the loader's order, as for any symbol: later copies (a second
 * GLib of a plugin) are not patched, and each caller then gets its own (resolve.c). Executables may also define it without exporting it
 * (a library linked statically): then its symbol table tells.
 *
 * In libc mutexes and conditions are a group: all of them or none. Hooks of outer functions (mtx_lock, cnd_wait)
 * leave their work to them when they are patched: race_libc_patched says so.
 */
#include "attach.h"

#include <string.h>

#include "../emit.h"
#include "../module.h"
#include "../sys/fmt.h"

uint32_t race_libc_patched;

/* Names of hooks, by the hash that dynamic symbol tables use. */
enum { NAMES = 2048 };
static struct {
	uint32_t hash;
	uint16_t hook; /* index + 1, 0: free */
} names[NAMES];
static uint8_t begins[256][32]; /* bit per first two characters of any name: most symbols need no hash */

static struct race_hook *name_find(const char *name, uint32_t hash)
{
	for (uint32_t i = hash % NAMES; names[i].hook; i = (i + 1) % NAMES) {
		struct race_hook *h = &race_hooks_start[names[i].hook - 1];

		if (names[i].hash == hash && !strcmp(h->name, name))
			return h;
	}
	return NULL;
}

void attach_start(int counting)
{
	for (struct race_hook *h = race_hooks_start; h < race_hooks_stop; h++) {
		const unsigned char *s = (const unsigned char *)h->name;
		uint32_t hash = elf_gnu_hash(h->name), i = hash % NAMES;

		while (names[i].hook)
			i = (i + 1) % NAMES;
		names[i].hash = hash;
		names[i].hook = (uint16_t)(h - race_hooks_start + 1);
		begins[s[0]][s[1] >> 3] |= (uint8_t)(1 << (s[1] & 7));
		if (counting) {
			h->counting = HOOK_COUNTED;
			h->counted_real = h->real;
			store_relaxed(&h->real, NULL);
		}
	}
}

static enum hook_policy level_of(const struct elf_module *m)
{
	if (m->is_program)
		return PATCH_PROGRAM;
	return module_is_libc(m->text_lo) ? PATCH_ANYWHERE : PATCH_LIBRARIES;
}

/* A name that several libraries have is the hook's in its own library only. */
static int is_of(const struct race_hook *h, const struct elf_module *m)
{
	return !h->library || (m->soname && !strncmp(m->soname, h->library, strlen(h->library)));
}

/* The hook has its original elsewhere: that of this module is never reached through it. */
static int is_elsewhere(const struct race_hook *h, const struct elf_symbol *s)
{
	const void *known = hook_known(h);

	return h->state == HOOK_PATCHED || (known && (uintptr_t)known != s->address && h->policy != PATCH_PROGRAM);
}

/* Another library has a function of that name, loaded when ours was known already (among those of the start, the first one is
 * everybody's). */
static void note_copy(struct race_hook *h, const struct elf_symbol *s)
{
	void *known = hook_known(h);

	if (!known || (uintptr_t)known == s->address || (uintptr_t)h->entry == s->address || h->policy != PATCH_LIBRARIES || h->copies)
		return;
	store_relaxed(&h->counted_real, known);
	store_relaxed(&h->copies, 1);
	store_relaxed(&h->real, NULL);
}

static int started; /* what was there at the start has been looked at */

/*
 * What the loader would find behind us, without asking it. Its look-up takes its lock, and the first to call a function may be a
 * thread that somebody waits for inside dlopen, or a child forked meanwhile. Modules of the start come here in the order of look-ups;
 * those before ours are not behind us, nor is the program.
 */
static void resolve(struct race_hook *h, const struct elf_module *m, const struct elf_symbol *s)
{
	if (started || m->is_program || !race_self.hi || hook_known(h) || s->address == (uintptr_t)h->self)
		return;
	store_relaxed(&h->entry, (void *)s->address);
	store_relaxed(h->counting ? &h->counted_real : &h->real, (void *)s->address);
}

void attach_resolve(const struct elf_module *m)
{
	struct elf_symbol s;

	for (unsigned i = 0; !started && race_self.hi && i < NAMES; i++) {
		struct race_hook *h = names[i].hook ? &race_hooks_start[names[i].hook - 1] : NULL;

		if (h && !hook_known(h) && is_of(h, m) && elf_export_find(m, h->name, names[i].hash, &s))
			resolve(h, m, &s);
	}
}

static int unexported(const struct elf_symbol *s, void *to)
{
	const unsigned char *c = (const unsigned char *)s->name;
	struct race_hook *h;
	enum patch_refusal why;

	if (!s->global || !c[0] || !(begins[c[0]][c[1] >> 3] & 1 << (c[1] & 7)))
		return 0;
	h = name_find(s->name, elf_gnu_hash(s->name));
	if (h && !h->library && h->policy >= PATCH_PROGRAM && h->state != HOOK_PATCHED && h->state != HOOK_PENDING) {
		h->state = HOOK_PENDING;
		if (patch_hook(to, s, h, &why) != PATCH_DONE)
			h->state = HOOK_INTERPOSED;
	}
	return 0;
}

void attach_hooks(struct patch_module *m)
{
	enum hook_policy level = level_of(&m->elf);
	unsigned before = patch_pending();
	int refused = 0;

	for (unsigned i = 0; i < NAMES; i++) {
		struct race_hook *h = names[i].hook ? &race_hooks_start[names[i].hook - 1] : NULL;
		enum patch_refusal why;
		struct elf_symbol s;

		if (!h || (h->policy < level && (started || hook_known(h))) || !is_of(h, &m->elf) ||
		    !elf_export_find(&m->elf, h->name, names[i].hash, &s))
			continue;
		resolve(h, &m->elf, &s);
		if (h->policy < level)
			continue;
		if (is_elsewhere(h, &s)) {
			if (started)
				note_copy(h, &s);
			continue;
		}
		if (patch_hook(m, &s, h, &why) == PATCH_DONE)
			h->state = HOOK_PENDING;
		else
			refused += h->policy == PATCH_TOGETHER;
	}
	if (level == PATCH_ANYWHERE) {
		if (refused)
			patch_undo(before);
		store_relaxed(&race_libc_patched, !refused && patch_pending() > before);
	}
	if (m->elf.is_program) {
		const struct elf_file *f = m->file(m);

		if (f && f->symtab)
			elf_file_each(f, 0, unexported, m);
	}
	for (struct race_hook *h = race_hooks_start; h < race_hooks_stop; h++) {
		if (h->state == HOOK_PENDING)
			h->state = HOOK_INTERPOSED; /* until the jump is written */
	}
}

void attach_started(void)
{
	started = 1;
}

void attach_tell(int calls)
{
	unsigned patched = 0, interposed = 0;
	char line[256];
	struct buf b;

	for (const struct race_hook *h = race_hooks_start; h < race_hooks_stop; h++) {
		int is_patched = h->state == HOOK_PATCHED;

		if (!hook_known(h) && !h->refused && !h->calls)
			continue; /* nobody has it, or nobody called it */
		patched += (unsigned)is_patched;
		interposed += (unsigned)!is_patched;
		b = buf_on(line, sizeof(line));
		if (h->refused && h->refused != PATCH_DENIED && !is_patched) { /* denied: patch_tell says it once for all */
			buf_fmt(&b, "librace: stats: attach: %s is interposed only: %s", h->name,
				patch_result_text((enum patch_result)h->refused, (enum patch_refusal)h->refusal));
			emit_line(line);
		}
		if (calls && h->calls) {
			b = buf_on(line, sizeof(line));
			buf_fmt(&b, "librace: stats: calls: %s: %lu (%s)", h->name, (unsigned long)load_relaxed(&h->calls),
				is_patched ? "patched" : h->gone ? "patched, in libraries that have gone" : "interposed");
			emit_line(line);
		}
	}
	b = buf_on(line, sizeof(line));
	buf_fmt(&b, "librace: stats: attach: %u hooks patched and interposed, %u interposed only", patched, interposed);
	emit_line(line);
}

const char *patch_result_text(enum patch_result r, enum patch_refusal why)
{
	switch (r) {
	case PATCH_DONE:
		return "patched";
	case PATCH_REFUSED:
		return patch_refusal_text(why);
	case PATCH_TAKEN:
		return "it is hooked already";
	case PATCH_OTHERS:
		return "its first bytes are not those of its file (a breakpoint, another tool)";
	case PATCH_DENIED:
		return "this process may not change code";
	case PATCH_NO_ROOM:
		return "no room for generated code within its reach";
	case PATCH_CLOSE:
		return "its callers may count on the registers that it does not use";
	}
	return "?";
}
