/* SPDX-License-Identifier: MIT */
/*
 * urcu.c - liburcu: what its read sections, grace periods and published pointers order. The rows are urcu.def.
 *
 * Sections   what a read section did is released when it ends, into one object for each flavour; a grace period acquires that
 *            when it is over. What was done before a grace period began is known to every section that begins later.
 * Later      call_rcu and defer_rcu release into one object for all calls of a flavour. liburcu takes a batch of them, then waits
 *            for a grace period by its own public function, then runs them: so the end of a grace period that liburcu asked for acquires
 *            that object, too, on the thread that will run the callbacks. No callback is replaced.
 * Barrier    rcu_barrier waits for callbacks by a counter, and says nothing of which: acquires everything.
 * Pointers   rcu_dereference() gets the value loaded, not where from: what publishes a pointer releases into the object it points to.
 * Inlined    with _LGPL_SOURCE read sections and pointers are compiled into the program, and their ends are not seen. Such code
 *            has the reader's state among the symbols that it asks the loader for, or is in one file with liburcu itself. Where that is
 *            so the end of a grace period acquires everything.
 */
#include <link.h>
#include <string.h>

#include "../preload/module.h"
#include "sync_rows.h"

/* What the addresses stand for. */
struct flavour {
	const char *name;
	char readers, grace, calls;
	uint8_t inlined; /* read sections are compiled into some module; a look at the modules that were there then */
	uint64_t looked; /* how often modules had come when that was found, + 1 */
};

static struct flavour of_memb = { .name = "memb" }, of_mb = { .name = "mb" }, of_bp = { .name = "bp" },
		      of_signal = { .name = "signal" }, of_qsbr = { .name = "qsbr" };

/* ---- inlined read sections ----------------------------------------------------------------------------------------- */

/* "urcu_NAME_gp" and "urcu_NAME_reader": only what is compiled with _LGPL_SOURCE, and liburcu itself, has to do with these. */
static int is_reader_state(const char *symbol, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(symbol, "urcu_", 5) || strncmp(symbol + 5, name, n))
		return 0;
	return !strcmp(symbol + 5 + n, "_gp") || !strcmp(symbol + 5 + n, "_reader");
}

struct tables {
	const ElfW(Rela) *rela;
	size_t nrela;
	const ElfW(Sym) *symbols;
	const char *strings, *soname;
};

static void tables_find(struct tables *m, const struct dl_phdr_info *info)
{
	const ElfW(Dyn) *d = NULL;
	uintptr_t soname = 0;

	memset(m, 0, sizeof(*m));
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			d = (const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	}
	for (; d && d->d_tag != DT_NULL; d++) {
		/* Relocated in place by the loader, but in the vdso. */
		uintptr_t at = d->d_un.d_ptr < info->dlpi_addr ? d->d_un.d_ptr + info->dlpi_addr : d->d_un.d_ptr;

		switch (d->d_tag) {
		case DT_RELA: m->rela = (const ElfW(Rela) *)at; break;
		case DT_RELASZ: m->nrela = d->d_un.d_val / sizeof(ElfW(Rela)); break;
		case DT_SYMTAB: m->symbols = (const ElfW(Sym) *)at; break;
		case DT_STRTAB: m->strings = (const char *)at; break;
		case DT_SONAME: soname = d->d_un.d_val; break;
		default: break;
		}
	}
	if (!m->rela || !m->symbols || !m->strings)
		m->nrela = 0;
	m->soname = m->strings && soname ? m->strings + soname : "";
}

struct look {
	const struct flavour *f;
	uint64_t known, now;
	int found;
};

static int look_at(struct dl_phdr_info *info, size_t bytes, void *of)
{
	struct look *l = of;
	struct tables m;

	(void)bytes;
	l->now = info->dlpi_adds + 1;
	if (l->now == l->known)
		return 1;
	tables_find(&m, info);
	if (!strncmp(m.soname, "liburcu", 7))
		return 0;
	for (size_t i = 0; i < m.nrela && !l->found; i++) {
		size_t symbol = ELF64_R_SYM(m.rela[i].r_info);

		l->found = symbol && is_reader_state(m.strings + m.symbols[symbol].st_name, l->f->name);
	}
	return l->found;
}

/* A module that has gone may leave the answer at yes: too much order rather than too little. The loader's list is guarded by a lock
 * of its own that it never holds over code of a module. */
static int has_inlined_readers(struct flavour *f, const struct race_hook *h)
{
	struct look l = { .f = f, .known = load_relaxed(&f->looked) };

	if (load_relaxed(&f->inlined))
		return 1;
	dl_iterate_phdr(look_at, &l);
	if (l.found || (h->entry && module_is_program((uintptr_t)h->entry)))
		store_relaxed(&f->inlined, 1);
	store_relaxed(&f->looked, l.now);
	return load_relaxed(&f->inlined);
}

/* ---- edges ----------------------------------------------------------------------------------------------------------- */

/* The end of a grace period. Where liburcu's own calls cannot be told from others, all are taken for such. */
static void synchronized(struct race_thread *t, struct flavour *f, const struct race_hook *h, const void *caller)
{
	if (has_inlined_readers(f, h)) {
		sync_acquire_everything(t);
		return;
	}
	sync_acquire(t, KEY(&f->readers));
	if (!hook_is_patched(h) || hook_is_inside(h, caller))
		sync_acquire(t, KEY(&f->calls));
}

/* Beside what the same address may stand for: a mutex at the start of the object. */
#define PUBLISHED(object) (KEY(object) + 3)
#define QUEUED(node) (KEY(node) + 2)

static inline void published(struct race_thread *t, const void *object)
{
	if (object)
		sync_release_join(t, PUBLISHED(object));
}

static inline void found(struct race_thread *t, const void *object)
{
	if (object)
		sync_acquire(t, PUBLISHED(object));
}

static inline void queued(struct race_thread *t, const void *node)
{
	sync_release_join(t, QUEUED(node));
}

/* CDS_WFCQ_WOULDBLOCK is no node, and nothing is released there. */
static inline void taken(struct race_thread *t, const void *node)
{
	if (node)
		sync_acquire(t, QUEUED(node));
}

#include "urcu.def"
