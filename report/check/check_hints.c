/* SPDX-License-Identifier: MIT */
/*
 * check_hints.c - what stays invisible, why, and what to do about it.
 *
 * Each hint has an id from the list in docs/race-check.md, a sentence that names what was found, and a sentence that says what
 * helps. Nothing is said that was not seen in a file.
 */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "../../preload/patch/words.h"
#include "../../preload/sys/fmt.h"
#include "check_package.h"
#include "../report.h"
#include "../util/room.h"

#define HINTS 512

static struct check_hint *hint(struct check_result *r, const char *id, const struct check_module *m)
{
	static struct check_hint spare;
	struct check_hint *h = r->nhints < HINTS ? &r->hint[r->nhints++] : &spare;

	h->id = id;
	h->module = m;
	return h;
}

#define SAY(h, what, ...) snprintf((h)->what, sizeof((h)->what), __VA_ARGS__)

/* A list of names, as many as fit well: "a, b, c and 4 more". */
struct names {
	struct buf b;
	size_t shown, more;
	char text[300];
};

static void names_add(struct names *n, const char *name, size_t extra)
{
	if (!n->b.text)
		n->b = buf_on(n->text, sizeof(n->text));
	if (n->shown == 6 || n->b.len + strlen(name) + 40 > sizeof(n->text)) {
		n->more++;
		return;
	}
	buf_str(&n->b, n->shown++ ? ", " : "");
	buf_clean(&n->b, name);
	if (extra)
		buf_fmt(&n->b, " %lu", (unsigned long)extra);
}

static const char *names_text(struct names *n)
{
	if (n->more)
		buf_fmt(&n->b, " and %lu more", (unsigned long)n->more);
	n->more = 0;
	return n->text;
}

static int is_system(const struct check_module *m)
{
	return module_is_system(m->path) && m->role != CHECK_PROGRAM;
}

/* ---- whether it is preloaded at all ------------------------------------------------------------------------------ */

static int loads(struct check_result *r, const struct check_module *m)
{
	struct check_hint *h;

	if (m->machine != EM_X86_64 || m->elf_class != ELFCLASS64) {
		h = hint(r, "machine", m);
		SAY(h, text, "%s is %d-bit code for %s: librace.so, which is for 64-bit x86-64, is not loaded into it",
		    m->name, m->elf_class == ELFCLASS64 ? 64 : 32, check_machine(m->machine));
		SAY(h, todo, "check a build for 64-bit x86-64");
		return 0;
	}
	if (m->type != ET_EXEC && m->type != ET_DYN) {
		h = hint(r, "not-linked", m);
		SAY(h, text, "%s is neither a program nor a shared library but an object or a core file", m->name);
		SAY(h, todo, "check what is linked from it");
		return 0;
	}
	if (!m->image) {
		h = hint(r, "damaged", m);
		SAY(h, text, "%s has no segments that a loader could map", m->name);
		SAY(h, todo, "get an undamaged copy");
		return 0;
	}
	if (!m->has_dynamic || (m->role == CHECK_PROGRAM && !m->has_interpreter)) {
		h = hint(r, "static", m);
		SAY(h, text, "%s is linked statically: no loader runs, LD_PRELOAD has no effect, and nothing is seen",
		    m->name);
		SAY(h, todo, "link it dynamically: without -static or -static-pie");
		return 0;
	}
	if (!m->readable) {
		h = hint(r, "damaged", m);
		SAY(h, text, "%s has a dynamic section that cannot be read", m->name);
		SAY(h, todo, "get an undamaged copy");
		return 0;
	}
	return 1;
}

static void set_id(struct check_result *r, const struct check_module *m)
{
	const char *what = NULL;
	struct stat st;
	struct check_hint *h;

	if (stat(m->path, &st) == 0 && (st.st_mode & S_ISUID))
		what = "is set-user-id";
	else if (stat(m->path, &st) == 0 && (st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP))
		what = "is set-group-id";
	else if (getxattr(m->path, "security.capability", NULL, 0) > 0)
		what = "has file capabilities";
	if (!what)
		return;
	h = hint(r, "set-id", m);
	SAY(h, text, "%s %s: the loader ignores LD_PRELOAD for whoever gains rights by it", m->name, what);
	SAY(h, todo, "run a copy made by cp, which has them not, as the user it needs");
}

static int is_sanitizer(const char *soname)
{
	return !strncmp(soname, "libasan.", 8) || !strncmp(soname, "libtsan.", 8) || !strncmp(soname, "libhwasan.", 10);
}

static void sanitizers(struct check_result *r)
{
	const struct check_module *m = r->module[0];
	struct check_hint *h;

	for (size_t i = 0; i < r->nmodules; i++) {
		const char *soname = r->module[i]->elf.soname;

		if (!soname || !is_sanitizer(soname))
			continue;
		h = hint(r, "sanitizer", m);
		if (!strncmp(soname, "libtsan.", 8)) {
			SAY(h, text,
			    "%s is built with ThreadSanitizer, which checks the same things and does not bear a second tool",
			    m->name);
			SAY(h, todo, "check a build without -fsanitize=thread");
		} else {
			SAY(h, text,
			    "%s is built with %s, which refuses to start when another library is preloaded before it",
			    m->name, soname);
			SAY(h, todo, "preload both, %s first: LD_PRELOAD=\"%s %s\"", soname, r->module[i]->path,
			    r->table->path);
		}
		return;
	}
}

/* ---- names and lines --------------------------------------------------------------------------------------------- */

static void names_and_lines(struct check_result *r)
{
	struct check_hint *h;

	for (size_t i = 0; i < r->nmodules; i++) {
		const struct check_module *m = r->module[i];
		char package[256];

		if (!m->readable || (i && is_system(m)))
			continue;
		package[0] = 0;
		if (m->debug_info == SYMBOLS_NONE || m->symbols == SYMBOLS_NONE)
			check_package(m->path, package, sizeof(package));
		if (m->debug_info == SYMBOLS_NONE) {
			h = hint(r, "no-debug-info", m);
			SAY(h, text, "%s has no debug information: its frames show %s", m->name,
			    m->symbols == SYMBOLS_NONE ? "exported names or offsets, no lines"
						       : "function names, no lines");
			if (package[0])
				SAY(h, todo, "install %s-dbgsym, or build it with -g", package);
			else
				SAY(h, todo, "build it with -g");
		}
		if (m->symbols == SYMBOLS_NONE) {
			h = hint(r, "stripped", m);
			if (m->nexports)
				SAY(h, text,
				    "%s has no symbol table: of its functions only the %zu exported ones have names for rules",
				    m->name, m->nexports);
			else
				SAY(h, text,
				    "%s has no symbol table and exports no function: rules cannot name any of its own",
				    m->name);
			if (package[0])
				SAY(h, todo, "install %s-dbgsym, or do not strip it", package);
			else
				SAY(h, todo, "do not strip it (-s, strip, install -s)");
		}
	}
}

static void missing(struct check_result *r)
{
	for (size_t i = 0; i < r->nmodules; i++) {
		struct check_module *m = r->module[i];
		struct check_hint *h;

		if (!m->missing)
			continue;
		h = hint(r, "missing-library", m);
		SAY(h, text, "%s, which %s needs, is not found: the program does not start, or finds it elsewhere",
		    m->asked, m->parent ? m->parent->name : "it");
		SAY(h, todo, "install it, or set LD_LIBRARY_PATH as for the program");
	}
}

/* ---- C++ --------------------------------------------------------------------------------------------------------- */

static int has_name(const struct check_module *m, const char *name)
{
	struct elf_symbol s;

	return check_module_defines(m, name, elf_gnu_hash(name), &s);
}

/* Members that the compiler put out of line in a module, of the family of a hook. */
static size_t members_of(const struct check_result *r, const struct check_module *m, const struct check_hook *h)
{
	const struct check_family *f = h && h->neffects ? check_family_find(r, h->effect[0].kind) : NULL;
	size_t n = 0;

	for (size_t i = 0; f && i < f->n; i++)
		n += f->function[i].in == m && f->function[i].patched &&
		     !check_hook_find(r->table, f->function[i].hook->name);
	return n;
}

static int is_seen(const struct check_result *r, const char *name)
{
	for (size_t i = 0; i < r->nfamilies; i++) {
		for (size_t k = 0; k < r->family[i].n; k++) {
			const struct check_function *f = &r->family[i].function[k];

			if (!strcmp(f->hook->name, name))
				return f->patched || f->interposed;
		}
	}
	return 0;
}

static void inlined(struct check_result *r)
{
	for (size_t c = 0; c < CONTAINERS; c++) {
		const struct container *k = &containers[c];
		struct names users = {0};
		const struct check_module *first = NULL;
		size_t pieces = 0;
		int hooked = 0;
		struct check_hint *h;

		for (size_t n = 0; n < MARKERS && k->marker[n]; n++)
			hooked |= is_seen(r, k->marker[n]);
		for (size_t i = 0; i < r->nmodules; i++) {
			const struct check_module *m = r->module[i];
			int uses = 0;

			if (!m->readable || (m->elf.soname && !strncmp(m->elf.soname, "libstdc++.", 10)))
				continue;
			for (size_t n = 0; n < MARKERS && k->marker[n]; n++)
				uses |= check_module_imports(m, k->marker[n]) ||
					(m->role == CHECK_PROGRAM && has_name(m, k->marker[n]));
			if (!uses)
				continue;
			first = first ? first : m;
			names_add(&users, m->name, 0);
		}
		if (!first)
			continue;
		pieces = members_of(r, first, check_hook_find(r->table, k->marker[0]));
		h = hint(r, "inlined", first);
		SAY(h, text, HINT_INLINED, k->name, k->inlined, pieces ? "partly " : "", names_text(&users),
		    hooked ? HINT_INLINED_REST : "");
		if (pieces)
			SAY(h, todo,
			    "%zu members stand out of line in %s and are seen; annotate the others (librace.h), or keep all out of line: "
			    "-O0 or -fno-inline",
			    pieces, first->name);
		else
			SAY(h, todo,
			    "annotate them (librace.h: race_lookup_begin), or keep them out of line: -O0 or -fno-inline, unstripped");
	}
}

static int is_patched_in(const struct check_result *r, const char *name, const struct check_module *m)
{
	for (size_t i = 0; i < r->nfamilies; i++) {
		for (size_t k = 0; k < r->family[i].n; k++) {
			const struct check_function *f = &r->family[i].function[k];

			if (f->in == m && f->patched && !strcmp(f->hook->name, name))
				return 1;
		}
	}
	return 0;
}

static void static_cxx(struct check_result *r)
{
	static const char run_time[] = CXX_RUN_TIME;
	const struct check_module *m = r->module[0];
	struct check_hint *h;
	int named = 0, patched = 0;

	if (m->role != CHECK_PROGRAM || !check_module_holds(m, run_time, sizeof(run_time)))
		return;
	for (size_t i = 0; i < r->nmodules; i++) {
		if (r->module[i]->elf.soname && !strncmp(r->module[i]->elf.soname, "libstdc++.", 10))
			return;
	}
	for (size_t c = 0; c < CONTAINERS; c++) {
		for (size_t n = 0; n < MARKERS && containers[c].marker[n]; n++) {
			named |= has_name(m, containers[c].marker[n]);
			patched |= is_patched_in(r, containers[c].marker[n], m);
		}
	}
	h = hint(r, patched ? "static-c++" : "invisible-c++", m);
	if (patched) {
		SAY(h, text, HINT_STATIC_CXX, m->name);
		SAY(h, todo, "do not strip it");
	} else if (named) {
		SAY(h, text, HINT_INVISIBLE_CXX_NAMED, m->name);
		SAY(h, todo, "link libstdc++ dynamically: without -static-libstdc++");
	} else {
		SAY(h, text, HINT_INVISIBLE_CXX, m->name);
		SAY(h, todo, "link libstdc++ dynamically (without -static-libstdc++), or do not strip");
	}
}

/* ---- other copies, other languages ------------------------------------------------------------------------------- */

/* Functions often hold their own names, for messages. A program that does, and no library that has the function: a copy. */
static void static_copies(struct check_result *r)
{
	const struct check_module *m = r->module[0];
	struct names found = {0};
	char text[200];
	struct check_hint *h;

	if (m->role != CHECK_PROGRAM || m->symbols == SYMBOLS_INSIDE)
		return;
	for (size_t i = 0; i < r->table->nhooks; i++) {
		const struct check_hook *k = &r->table->hook[i];
		size_t n = strlen(k->name);
		int there = 0;

		if (!k->neffects || n < 8 || n + 2 > sizeof(text))
			continue;
		for (size_t j = 0; j < r->nmodules && !there; j++)
			there = has_name(r->module[j], k->name) || check_module_imports(r->module[j], k->name);
		if (there)
			continue;
		memset(text, 0, sizeof(text));
		memcpy(text + 1, k->name, n);
		if (check_module_holds(m, text, n + 2))
			names_add(&found, k->name, 0);
	}
	if (!found.shown)
		return;
	h = hint(r, "static-copy", m);
	SAY(h, text,
	    "%s speaks of %s, and no library here has them: it holds a copy without names (invisible), or loads one later",
	    m->name, names_text(&found));
	SAY(h, todo, "link that library dynamically, or do not strip");
}

static void languages(struct check_result *r)
{
	const struct check_module *m = r->module[0];
	struct names cxx = {0}, rust = {0};
	const struct check_module *in_cxx = NULL, *in_rust = NULL;
	struct check_hint *h;

	if (m->go) {
		h = hint(r, "go", m);
		SAY(h, text, HINT_GO, m->name);
		SAY(h, todo, "build the Go part with go build -race");
	}
	for (size_t i = 0; i < r->nmodules; i++) {
		const struct check_module *k = r->module[i];

		if (k->rust) {
			in_rust = in_rust ? in_rust : k;
			names_add(&rust, k->name, 0);
		}
		if (k->libcxx && (!k->elf.soname || strncmp(k->elf.soname, "libc++", 6))) {
			in_cxx = in_cxx ? in_cxx : k;
			names_add(&cxx, k->name, 0);
		}
	}
	if (in_rust) {
		h = hint(r, "rust", in_rust);
		SAY(h, text, "%s: Rust's maps and locks are compiled in and invisible; calls of C libraries are seen",
		    names_text(&rust));
		SAY(h, todo, "for unsafe code: build it with -Zsanitizer=thread");
	}
	if (in_cxx) {
		h = hint(r, "libc++", in_cxx);
		SAY(h, text, HINT_LIBCXX, names_text(&cxx));
		SAY(h, todo, "build with -stdlib=libstdc++, or annotate (librace.h)");
	}
	for (size_t i = 0; i < r->nmodules; i++) {
		if (strncmp(r->module[i]->name, "libQt6Core.so", 13))
			continue;
		h = hint(r, "qt6", r->module[i]);
		SAY(h, text, HINT_QT6);
		SAY(h, todo, "annotate (librace.h), also the locks: race_acquire(), race_release()");
	}
}

/* ---- functions --------------------------------------------------------------------------------------------------- */

static int is_same_refusal(const struct check_function *a, const struct check_function *b)
{
	return a->why && b->why && a->in == b->in && a->interposed == b->interposed && !strcmp(a->why, b->why);
}

static void unpatchable(struct check_result *r)
{
	for (size_t i = 0; i < r->nfamilies; i++) {
		const struct check_family *f = &r->family[i];

		for (size_t k = 0; k < f->n; k++) {
			const struct check_function *x = &f->function[k];
			struct names all = {0};
			struct check_hint *h;
			size_t first = k;

			for (size_t j = 0; j < k; j++) {
				if (is_same_refusal(x, &f->function[j]))
					first = j;
			}
			if (!x->why || first != k)
				continue;
			for (size_t j = k; j < f->n; j++) {
				if (is_same_refusal(x, &f->function[j]))
					names_add(&all, f->function[j].hook->name, 0);
			}
			h = hint(r, "not-patched", x->in);
			SAY(h, text, "%s of %s: %s; %s", names_text(&all), x->in->name, x->why,
			    x->interposed ? "calls from other modules are seen, those from inside are not"
					  : "no call is seen");
			SAY(h, todo,
			    x->interposed ? "none needed for the program's own calls"
					  : "call it from another module, or annotate (librace.h)");
		}
	}
}

struct clones {
	struct names found;
	size_t n;
};

static void clone_add(const struct check_name *n, void *to)
{
	struct clones *c = to;

	if (strstr(n->name, ".isra.") || strstr(n->name, ".constprop.") || strstr(n->name, ".part.")) {
		names_add(&c->found, n->name, 0);
		c->n++;
	}
}

static void clones(struct check_result *r)
{
	const struct check_module *m = r->module[0];
	struct clones c = {0};
	struct check_hint *h;

	for (size_t i = 0; i < r->table->nhooks; i++) {
		char prefix[300];

		if ((size_t)snprintf(prefix, sizeof(prefix), "%s.", r->table->hook[i].name) < sizeof(prefix))
			check_names_each(m, prefix, clone_add, &c);
	}
	if (!c.n)
		return;
	h = hint(r, "clone", m);
	SAY(h, text,
	    "%s holds copies of hooked functions that the compiler made for some callers: %s; calls of these are not seen",
	    m->name, names_text(&c.found));
	SAY(h, todo, "build that file with -fno-ipa-sra -fno-ipa-cp -fno-partial-inlining");
}

/* ---- synchronisation --------------------------------------------------------------------------------------------- */

static size_t atomics_of(const struct check_module *m)
{
	return (size_t)m->atomics.locked + m->atomics.exchanges + m->atomics.fences + m->atomics.pauses + m->atomics.waits;
}

static void atomics(struct check_result *r)
{
	static const char todo[] =
		"should a report be wrong for that, tell the order: race_release() and race_acquire() of librace.h";
	const struct check_module *m = r->module[0];
	struct names others = {0};
	struct check_hint *h;

	if (!check_is_modelled(r, m) && atomics_of(m)) {
		h = hint(r, "atomics", m);
		SAY(h, text,
		    "%s has %zu atomic instructions of its own (%u locked, %u xchg, %u fences, %u pauses, %u loops that wait for memory): "
		    "order that threads make by these alone is not seen",
		    m->name, atomics_of(m), m->atomics.locked, m->atomics.exchanges, m->atomics.fences,
		    m->atomics.pauses, m->atomics.waits);
		SAY(h, todo, "%s", todo);
	}
	for (size_t i = 1; i < r->nmodules; i++) {
		if (r->module[i]->readable && !check_is_modelled(r, r->module[i]) && atomics_of(r->module[i]))
			names_add(&others, r->module[i]->name, atomics_of(r->module[i]));
	}
	if (!others.shown)
		return;
	h = hint(r, "library-atomics", NULL);
	SAY(h, text, "atomic instructions in libraries that are not modelled: %s", names_text(&others));
	SAY(h, todo, "%s", todo);
}

static void annotations(struct check_result *r)
{
	for (size_t i = 0; i < r->nmodules; i++) {
		const struct check_module *m = r->module[i];
		struct names found = {0};
		struct check_hint *h;

		for (size_t k = 0; k < r->table->napi; k++) {
			if (m->readable && check_module_imports(m, r->table->api[k]))
				names_add(&found, r->table->api[k], 0);
		}
		if (!found.shown)
			continue;
		h = hint(r, "annotations", m);
		SAY(h, text, "%s tells librace about itself: %s", m->name, names_text(&found));
		SAY(h, todo, "nothing: they are heard");
	}
}

static void threads(struct check_result *r)
{
	const struct check_module *m = r->module[0];
	struct check_hint *h;

	if (m->role != CHECK_PROGRAM || check_module_imports(m, "dlopen") || check_module_imports(m, "dlmopen")) {
		if (m->role != CHECK_PROGRAM)
			return;
		h = hint(r, "dlopen", m);
		SAY(h, text, "%s opens libraries at run time: they are hooked when they come, but are not in this list",
		    m->name);
		SAY(h, todo, "check them by name: race check LIBRARY");
		return;
	}
	for (size_t i = 0; i < r->nmodules; i++) {
		const struct check_module *k = r->module[i];

		if (k->missing || k->go)
			return; /* not known */
		if (k->role == CHECK_LIBC || k->role == CHECK_LOADER ||
		    (k->elf.soname && !strncmp(k->elf.soname, "libstdc++.", 10)))
			continue;
		for (size_t n = 0; n < k->nimports; n++) {
			if (!strcmp(k->imports[n], "pthread_create") || !strcmp(k->imports[n], "thrd_create") ||
			    !strncmp(k->imports[n], "_ZNSt6thread", 12) || !strcmp(k->imports[n], "clone"))
				return;
		}
	}
	h = hint(r, "no-threads", m);
	SAY(h, text, "neither %s nor its libraries start a thread: there is nothing to race with", m->name);
	SAY(h, todo, "nothing, unless it is to be threaded");
}

static void unwinder(struct check_result *r)
{
	char path[4096];
	struct check_hint *h;

	check_find("libunwind.so.8", r->module[0], path, sizeof(path));
	if (path[0])
		return;
	h = hint(r, "no-libunwind", NULL);
	SAY(h, text, "libunwind.so.8 is not installed: a few stacks will be shorter");
	SAY(h, todo, "install libunwind8");
}

void check_hints(struct check_result *r)
{
	const struct check_module *m = r->module[0];

	r->hint = room(HINTS, sizeof(*r->hint));
	r->loads = (uint8_t)loads(r, m);
	if (m->machine == EM_X86_64)
		set_id(r, m);
	if (!r->loads) {
		if (m->go)
			languages(r);
		return;
	}
	check_judge(r);
	sanitizers(r);
	missing(r);
	inlined(r);
	static_cxx(r);
	static_copies(r);
	clones(r);
	unpatchable(r);
	languages(r);
	atomics(r);
	annotations(r);
	threads(r);
	names_and_lines(r);
	unwinder(r);
}
