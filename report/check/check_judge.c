/* SPDX-License-Identifier: MIT */
/*
 * check_judge.c - hooks against modules: which functions will be seen, how, and by whom they are used.
 *
 * It repeats the decisions of preload/patch/attach.c and of the loader's look-up: the executable's own definition comes first,
 * then librace.so, then the others in load order; a hook is patched where the first definition lies, as far as its policy
 * goes there, and libc whole or not at all.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "../../preload/patch/stub.h"
#include "../../preload/patch/trampoline.h"
#include "../report.h"
#include "../util/room.h"

/* ---- families ---------------------------------------------------------------------------------------------------- */

/* Hooks without an operation on a map are told apart by the habits of their names. */
static const struct group {
	const char *prefix, *name;
} groups[] = {
	{ "pthread_", "POSIX threads" },
	{ "sem_", "POSIX threads" },
	{ "_pthread_", "POSIX threads" },
	{ "mtx_", "C11 threads" },
	{ "cnd_", "C11 threads" },
	{ "thrd_", "C11 threads" },
	{ "tss_", "C11 threads" },
	{ "call_once", "C11 threads" },
	{ "g_", "GLib" },
	{ "GOMP_", "OpenMP" },
	{ "omp_", "OpenMP" },
	{ "__cxa_guard", "C++ statics" },
	{ "_ZN6QMutex", "Qt" },
	{ "_ZN10QSemaphore", "Qt" },
	{ "_ZN14QReadWriteLock", "Qt" },
	{ "_ZN14QWaitCondition", "Qt" },
	{ "_ZN11QBasicMutex", "Qt" },
	{ "_ZNK20QFutureInterface", "Qt" },
	{ "apr_atomic_", "APR" },
	{ "isc_rwlock_", "BIND" },
	{ "CRYPTO_THREAD_", "OpenSSL" },
	{ "OPENSSL_init", "OpenSSL" },
	{ "_ZNSt13__future_base", "C++ futures" },
	{ "aio_", "libc's own threads" },
	{ "lio_", "libc's own threads" },
	{ "mq_", "libc's own threads" },
	{ "timer_", "libc's own threads" },
	{ "getaddrinfo_a", "libc's own threads" },
	{ "Annotate", "annotations" },
	{ "__tsan_", "annotations" },
};

/* Names of a family begin alike: its references and iterators belong to it, although they are no operations. */
static size_t common_prefix(const struct check_table *t, const char *kind)
{
	const char *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < t->nhooks; i++) {
		const struct check_hook *h = &t->hook[i];
		size_t k = 0;

		if (!h->neffects || strcmp(h->effect[0].kind, kind))
			continue;
		if (!first) {
			first = h->name;
			n = strlen(first);
			continue;
		}
		while (k < n && h->name[k] == first[k])
			k++;
		n = k;
	}
	while (n && first[n - 1] != '_')
		n--;
	return n;
}

/* The map whose functions begin as this one does, when they have at least a word and a library's prefix in common. */
static const char *kin(const struct check_table *t, const struct check_hook *h)
{
	const char *best = NULL;
	size_t most = 6;

	for (size_t i = 0; i < t->nhooks; i++) {
		const struct check_hook *o = &t->hook[i];
		size_t n;

		if (!o->neffects || strncmp(o->name, h->name, most) || (best && !strcmp(best, o->effect[0].kind)))
			continue;
		n = common_prefix(t, o->effect[0].kind);
		if (n > most && !strncmp(o->name, h->name, n)) {
			most = n;
			best = o->effect[0].kind;
		}
	}
	return best;
}

const char *check_family_name(const struct check_table *t, const struct check_hook *h)
{
	const char *name;

	if (h->neffects)
		return h->effect[0].kind;
	name = kin(t, h);
	for (size_t i = 0; !name && i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (!strncmp(h->name, groups[i].prefix, strlen(groups[i].prefix)))
			name = groups[i].name;
	}
	return name ? name : "process"; /* memory, fork, exit: part of librace's own book-keeping */
}

const struct check_family *check_family_find(const struct check_result *r, const char *name)
{
	for (size_t i = 0; i < r->nfamilies; i++) {
		if (!strcmp(r->family[i].name, name))
			return &r->family[i];
	}
	return NULL;
}

static struct check_family *family_get(struct check_result *r, const struct check_hook *h)
{
	const char *name = check_family_name(r->table, h);
	struct check_family *f = (struct check_family *)check_family_find(r, name);

	if (!f) {
		f = &r->family[r->nfamilies++];
		f->name = name;
		f->used_by = room(r->nmodules, 1);
	}
	if (h->neffects) {
		f->is_map = 1;
		f->contract = h->effect[0].contract;
	}
	return f;
}

static void function_add(struct check_family *f, const struct check_function *new)
{
	if (f->n == f->cap) {
		struct check_function *more = room((f->cap = f->cap ? 2 * f->cap : 64), sizeof(*more));

		if (f->n)
			memcpy(more, f->function, f->n * sizeof(*more));
		f->function = more;
	}
	f->function[f->n++] = *new;
}

/* ---- one hook ---------------------------------------------------------------------------------------------------- */

static enum hook_policy level_of(const struct check_module *m)
{
	return m->role == CHECK_PROGRAM ? PATCH_PROGRAM : m->role == CHECK_LIBC ? PATCH_ANYWHERE : PATCH_LIBRARIES;
}

static const struct check_module *original(const struct check_result *r, const struct check_hook *h,
					   struct elf_symbol *s)
{
	for (size_t i = 0; i < r->nmodules; i++) {
		const struct check_module *m = r->module[i];

		if (!m->readable ||
		    (h->library && (!m->elf.soname || strncmp(m->elf.soname, h->library, strlen(h->library)))))
			continue;
		if (check_module_defines(m, h->name, h->hash, s))
			return m;
	}
	return NULL;
}

/* Whether its first instructions can be moved: decided on the bytes of the file, for a trampoline right behind the module. */
static const char *refusal(const struct check_module *m, const struct elf_symbol *s)
{
	uint8_t out[TRAMPOLINE_MAX];
	enum patch_refusal why;
	unsigned displaced;

	if (s->address < m->elf.text_lo || s->address >= m->elf.text_hi)
		return "it is not in executable memory";
	if (trampoline_make(out, (m->elf.hi + 0xfffff) & ~(uintptr_t)0xffff, (const uint8_t *)s->address, s->address,
			    s->bytes, m->elf.text_hi - s->address, &displaced, &why))
		return NULL;
	return patch_refusal_text(why);
}

/* The test of patch.c for functions of the executable: their callers may know which registers they leave alone. */
static int is_apart(const struct check_module *m, const struct elf_symbol *s)
{
	const struct code_range range = { (const uint8_t *)m->elf.text_lo, (const uint8_t *)m->elf.text_hi };

	return !(stub_stack_words((const uint8_t *)s->address, s->bytes, &range) & STUB_ALL_VECTORS);
}

static const char *hook_refusal(const struct check_module *m, const struct check_hook *h, const struct elf_symbol *s)
{
	if (m->no_patch)
		return "its library keeps its code";
	if (s->address < m->elf.text_lo || s->address >= m->elf.text_hi)
		return refusal(m, s);
	if (m->role == CHECK_PROGRAM && !hook_lies_apart(h->name) && !is_apart(m, s))
		return "its callers may count on the registers that it does not use";
	return refusal(m, s);
}

static void judge_hook(struct check_result *r, const struct check_hook *h)
{
	struct check_function f = {.hook = h};
	struct check_family *family = NULL;
	struct elf_symbol s;
	int exported = 0;

	f.in = original(r, h, &s);
	for (size_t i = 0; i < r->nmodules; i++) {
		const struct check_module *m = r->module[i];

		if (m == f.in || !m->readable || !check_module_imports(m, h->name))
			continue;
		if (!family)
			family = family_get(r, h);
		/* libc's and the loader's own use of a name makes nobody a user of the map. */
		family->used_by[i] |= m->role == CHECK_PROGRAM || m->role == CHECK_LIBRARY;
		f.interposed = 1;
	}
	if (!f.in) {
		if (f.interposed)
			function_add(family, &f);
		return;
	}
	/* What the executable exports under the name is found before librace.so. */
	if (f.in->role == CHECK_PROGRAM) {
		exported = elf_export_find(&f.in->elf, h->name, h->hash, &s);
		if (exported)
			f.interposed = 0;
		else
			check_module_defines(f.in, h->name, h->hash, &s);
	}
	if (h->policy >= level_of(f.in)) {
		f.why = hook_refusal(f.in, h, &s);
		f.patched = !f.why;
	}
	if (!f.interposed && !f.patched && (f.in->role == CHECK_LIBC || (!f.why && f.in->role != CHECK_PROGRAM)))
		return; /* nobody calls it */
	if (!f.interposed && !f.patched && !f.why)
		f.why = "the program's own definition comes first, and it is not patched";
	family = family_get(r, h);
	family->used_by[0] |= f.in == r->module[0] && f.in->role == CHECK_PROGRAM;
	function_add(family, &f);
}

/* ---- members of templates ---------------------------------------------------------------------------------------- */

struct members {
	struct check_result *r;
	size_t module;
};

/* An instance that the compiler put out of line: patched by its name. */
static int judge_member(const struct elf_symbol *s, void *to)
{
	struct members *in = to;
	const struct check_module *m = in->r->module[in->module];
	const struct check_member *member = check_member_find(in->r->table, s->name);
	struct check_function f = {.in = m};
	struct check_family *family;
	struct check_hook *h;

	if (!member)
		return 0;
	h = room(1, sizeof(*h));
	*h = (struct check_hook){.name = s->name, .policy = PATCH_LIBRARIES, .neffects = 1, .effect = {member->effect}};
	f.hook = h;
	f.why = m->no_patch ? "its library keeps its code" : refusal(m, s);
	f.patched = !f.why;
	family = family_get(in->r, h);
	family->used_by[in->module] = 1;
	function_add(family, &f);
	return 0;
}

/* As std_patterns.c does: the file's symbols, of a program also those of its debug file, else what is exported. */
static void judge_members(struct check_result *r)
{
	for (size_t i = 0; i < r->nmodules; i++) {
		const struct check_module *m = r->module[i];
		struct members in = {r, i};

		if (!m->readable || (m->elf.soname && !strncmp(m->elf.soname, "libstdc++", 9)) ||
		    (m->role != CHECK_PROGRAM && module_is_system(m->path)))
			continue;
		if (m->file.symtab)
			elf_file_each(&m->file, 0, judge_member, &in);
		else if (m->debug.symtab && m->role == CHECK_PROGRAM)
			elf_file_each(&m->debug, 0, judge_member, &in);
		else
			elf_export_each(&m->elf, judge_member, &in);
	}
}

/* libc is patched whole or not at all where one of the group that belongs together is refused. */
static void judge_libc(struct check_result *r)
{
	const char *why = NULL;

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < r->nfamilies; i++) {
			for (size_t k = 0; k < r->family[i].n; k++) {
				struct check_function *f = &r->family[i].function[k];

				if (!f->in || f->in->role != CHECK_LIBC)
					continue;
				if (round == 0 && f->why && f->hook->policy == PATCH_TOGETHER)
					why = "another function of its group cannot be patched";
				if (round == 1 && why && f->patched) {
					f->patched = 0;
					f->why = why;
				}
			}
		}
	}
}

static int by_interest(const void *a, const void *b)
{
	const struct check_family *x = a, *y = b;

	if (x->is_map != y->is_map)
		return x->is_map ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int by_hook(const void *a, const void *b)
{
	const struct check_function *x = a, *y = b;

	return strcmp(x->hook->name, y->hook->name);
}

void check_judge(struct check_result *r)
{
	size_t kept = 0;

	r->family = room((r->table->nhooks + 1), sizeof(*r->family));
	for (size_t i = 0; r->loads && i < r->table->nhooks; i++)
		judge_hook(r, &r->table->hook[i]);
	if (r->loads)
		judge_members(r);
	judge_libc(r);
	for (size_t i = 0; i < r->nfamilies; i++) {
		struct check_family *f = &r->family[i];
		int used = 0, patched = 0;

		for (size_t k = 0; k < f->n; k++)
			patched |= f->function[k].patched && f->function[k].in->role != CHECK_LIBC;
		for (size_t k = 0; k < r->nmodules; k++)
			used |= f->used_by[k];
		if (!used && !patched)
			continue; /* libc has it, and nobody here uses it */
		qsort(f->function, f->n, sizeof(*f->function), by_hook);
		r->family[kept++] = *f;
	}
	r->nfamilies = kept;
	if (kept)
		qsort(r->family, kept, sizeof(*r->family), by_interest);
}

int check_is_modelled(const struct check_result *r, const struct check_module *m)
{
	static const char *const run_times[] = {"libstdc++.so", "libgcc_s.so", "libm.so",
						"libdl.so",     "librt.so",    "libpthread.so"};

	if (m->role == CHECK_LIBC || m->role == CHECK_LOADER)
		return 1;
	for (size_t i = 0; m->elf.soname && i < sizeof(run_times) / sizeof(run_times[0]); i++) {
		if (!strncmp(m->elf.soname, run_times[i], strlen(run_times[i])))
			return 1;
	}
	if (m->role == CHECK_PROGRAM || m == r->module[0])
		return 0;
	for (size_t i = 0; i < r->nfamilies; i++) {
		for (size_t k = 0; k < r->family[i].n; k++) {
			if (r->family[i].function[k].in == m)
				return 1;
		}
	}
	return 0;
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

const char *check_seen_text(const struct check_function *f)
{
	if (f->patched)
		return f->interposed ? "both" : "patched";
	return f->interposed ? "interposed" : "no";
}

const char *check_role_text(uint8_t role)
{
	static const char *const text[] = {"create", "destroy", "insert", "lookup", "remove",
					   "update", "iterate", "resize", "clear"};

	return role < sizeof(text) / sizeof(text[0]) ? text[role] : "?";
}

const char *check_access_text(uint8_t access)
{
	return access == ACCESS_WRITE ? "write" : access == ACCESS_READ ? "read" : "none";
}

const char *check_contract_text(uint8_t contract)
{
	static const char *const text[] = {"unsafe", "bucket-locked", "concurrent"};

	return contract < sizeof(text) / sizeof(text[0]) ? text[contract] : "?";
}

const char *check_symbols_text(enum check_symbols s)
{
	return s == SYMBOLS_INSIDE ? "inside" : s == SYMBOLS_SEPARATE ? "separate" : "none";
}
