/* SPDX-License-Identifier: MIT */
/*
 * patch.c - which modules there are, and whose functions in them get a jump.
 *
 * Owns      the table of modules, the sites, the record of every patched entry.
 * Comes     the constructor walks what is loaded already; later modules come by _dl_debug_state, a function that the loader
 *           calls for debuggers after it has mapped or unmapped something. It is patched like any other. There a new
 *           module is mapped but not relocated, and none of its code has run: nobody executes what we change.
 * Goes      a module that is no longer in the loader's list: its hooks fall back to look-up by name, its sites and code
 *           pages are given back. A program that still runs such code is broken without us, too.
 * Ordering  whatever a jump leads to is complete and executable before the jump appears (pages.h). hook->real is the
 *           trampoline before that: it is right with and without the jump.
 * Lock      patch_lock, taken inside the loader's own; nothing is called that could take the loader's.
 */
#include "patch.h"

#include <string.h>

#include "../emit.h"
#include "../module.h"
#include "../options.h"
#include "../resolve.h"
#include "../sys/fmt.h"
#include "../sys/lock.h"
#include "../sys/os.h"
#include "../engine/trace.h"
#include "amid.h"
#include "attach.h"
#include "pages.h"
#include "tell.h"

enum { MODULES = 1024, SITES = 16384 };

struct module {
	struct patch_module p; /* first: owners get a pointer to it */
	struct code_area area;
	struct code_batch batch;
	struct elf_file file, debug;
	int has_file, has_debug; /* 1, or -1: cannot be opened */
	int batch_open;          /* 1, or -1: denied */
	unsigned patched, refused;
	uint8_t *patched_from;
};

/* What the loader's list looked like last time. */
static struct seen {
	const struct link_map *map;
	uintptr_t base;
	const void *dynamic;
	uint32_t module; /* index + 1 into modules; 0: nothing of ours is in it */
	uint32_t round;
	uintptr_t lo, hi;
} seen[MODULES];
static unsigned nseen;
static uint32_t round_now;

static struct module *modules; /* [MODULES], mapped at start */
static struct stub_site *sites; /* [SITES] */
static unsigned nsites;
static struct stub_site *spare_sites;
static struct lock patch_lock; /* guards all of the above */
static int off; /* 1 attach=interpose, 2 no room, 3 sandboxed */
static unsigned modules_no_room;
static uint64_t sites_gone_calls;

struct race_range race_loader, race_self, race_allocators[RACE_ALLOCATORS];

/* A jump to be written when the batch is sealed. */
static struct pending {
	uintptr_t entry, target;
	struct race_hook *hook;  /* one of the two */
	struct stub_site *site;
	void *trampoline;
	struct module *module;
} pending[SITES];
static unsigned npending;

/* Entries that get a jump, of the module in work, by address: aliases share the trampoline. */
enum { PLACES = 2 * SITES };
static uint16_t places[PLACES]; /* index + 1 into pending; 0 free */

/* ---- files ------------------------------------------------------------------------------------------------------------ */

static struct elf_file *module_file(struct patch_module *p)
{
	struct module *m = (struct module *)p;

	if (!m->has_file)
		m->has_file = elf_file_open(&m->file, &p->elf) == 0 ? 1 : -1;
	return m->has_file > 0 ? &m->file : NULL;
}

static struct elf_file *module_debug(struct patch_module *p)
{
	struct module *m = (struct module *)p;

	if (!m->has_debug)
		m->has_debug = elf_file_open_debug(&m->debug, &p->elf) == 0 ? 1 : -1;
	return m->has_debug > 0 ? &m->debug : NULL;
}

static void close_files(struct module *m)
{
	if (m->has_file > 0)
		elf_file_close(&m->file);
	if (m->has_debug > 0)
		elf_file_close(&m->debug);
	m->has_file = m->has_debug = 0;
	amid_forget();
}

/* ---- one function ----------------------------------------------------------------------------------------------------- */

static uint16_t *place_of(uintptr_t entry)
{
	uint32_t i = (uint32_t)((uint64_t)entry * 0x9E3779B97F4A7C15ull >> 32) % PLACES;

	while (places[i] && pending[places[i] - 1].entry != entry)
		i = (i + 1) % PLACES;
	return &places[i];
}

static const struct pending *pending_find(uintptr_t entry)
{
	const uint16_t *p = place_of(entry);

	return *p ? &pending[*p - 1] : NULL;
}

static void pending_add(const struct pending *new)
{
	uint16_t *p = place_of(new->entry);

	pending[npending++] = *new;
	if (!*p)
		*p = (uint16_t)npending;
}

/* Newest first, so that no chain of places is cut. */
static void pending_drop(unsigned from)
{
	while (npending > from) {
		uint16_t *p = place_of(pending[npending - 1].entry);

		if (*p == npending)
			*p = 0;
		npending--;
	}
}

static int denied; /* W^X, seccomp: told once */

static int may_patch(struct module *m)
{
	if (!m->batch_open)
		m->batch_open = !off && code_open(&m->batch, &m->p.elf, &m->area) == 0 ? 1 : -1;
	if (m->batch_open < 0 && !off && !denied) {
		denied = 1;
		if (race_options.verbosity >= 1)
			emit_line("librace: this process may not change code: functions are interposed only");
	}
	return m->batch_open > 0;
}

/* `jmp [rip+0]` and the address: from anywhere to anywhere. */
static size_t far_jump(uint8_t *out, uintptr_t target)
{
	static const uint8_t code[6] = { 0xff, 0x25 };

	memcpy(out, code, sizeof(code));
	memcpy(out + sizeof(code), &target, sizeof(target));
	return sizeof(code) + sizeof(target);
}

static uint32_t shape_of(const struct module *m, const struct elf_symbol *s)
{
	const struct code_range range = { (const uint8_t *)m->p.elf.text_lo, (const uint8_t *)m->p.elf.text_hi };

	return stub_stack_words((const uint8_t *)s->address, s->bytes, &range);
}

/*
 * gcc -fipa-ra: callers in the same file as a function keep values in registers that the function itself leaves alone, which a
 * wrapper in C does not. Only functions that call nothing from outside are so well known, and only in executables, where
 * nobody can come between (hook_lies_apart: functions that lie in files of their own).
 */
static int is_apart(const struct module *m, const struct elf_symbol *s)
{
	return !(shape_of(m, s) & STUB_ALL_VECTORS);
}

/* Trampoline and, if need be, a way to the wrapper; all but the jump itself. */
static enum patch_result prepare(struct module *m, const struct elf_symbol *s, uintptr_t wrapper, struct stub_site *site,
				 struct pending *out, enum patch_refusal *why)
{
	const struct elf_file *file;
	uint8_t *code, *end;
	size_t n, readable;
	unsigned displaced;

	*why = REFUSED_NOT;
	if (s->address < m->p.elf.text_lo || s->address >= m->p.elf.text_hi)
		return PATCH_OTHERS;
	if (npending == SITES)
		return PATCH_NO_ROOM;
	if (!may_patch(m))
		return PATCH_DENIED;
	if (!site && m->p.elf.is_program && !hook_lies_apart(s->name) && !is_apart(m, s))
		return PATCH_CLOSE;
	if (amid_symbol(&m->p.elf, module_file(&m->p), s->address)) {
		*why = REFUSED_BRANCH;
		return PATCH_REFUSED;
	}
	code = code_take(&m->batch, TRAMPOLINE_MAX + STUB_THUNK_MAX + 16);
	if (!code)
		return PATCH_NO_ROOM;
	readable = m->p.elf.text_hi - s->address;
	n = trampoline_make(code, (uintptr_t)code, (const uint8_t *)s->address, s->address, s->bytes, readable, &displaced, why);
	if (!n) {
		code_trim(&m->batch, code, 0);
		return PATCH_REFUSED;
	}
	file = module_file(&m->p);
	if (!file || !elf_file_same(file, &m->p.elf, s->address, displaced)) {
		code_trim(&m->batch, code, 0);
		return PATCH_OTHERS;
	}
	end = code + ((n + 15) & ~(size_t)15);
	if (site) {
		wrapper = (uintptr_t)end;
		end += stub_thunk(end, (uintptr_t)end, site);
	} else if (!code_near(wrapper, s->address)) {
		end += far_jump(end, wrapper);
		wrapper = (uintptr_t)code + ((n + 15) & ~(size_t)15);
	}
	code_trim(&m->batch, code, (size_t)(end - code));
	*out = (struct pending){ .entry = s->address, .target = wrapper, .site = site, .trampoline = code };
	return PATCH_DONE;
}

enum patch_result patch_hook(struct patch_module *p, const struct elf_symbol *s, struct race_hook *h,
			     enum patch_refusal *why)
{
	struct module *m = (struct module *)p;
	const struct pending *other = pending_find(s->address);
	enum patch_result r = PATCH_DONE;
	struct pending new = { .entry = s->address };


	if (other)
		new.trampoline = other->trampoline; /* an alias: our two exported names lead to one function */
	else
		r = prepare(m, s, (uintptr_t)h->self, NULL, &new, why);
	if (r == PATCH_DONE) {
		new.hook = h;
		new.module = m;
		pending_add(&new);
		m->patched++;
	} else {
		m->refused++;
		h->refused = (uint8_t)r;
		h->refusal = (uint8_t)*why;
	}
	return r;
}

struct stub_site *patch_site_new(void)
{
	struct stub_site *s = spare_sites;

	if (s) {
		spare_sites = *(struct stub_site **)s;
		memset(s, 0, sizeof(*s));
		return s;
	}
	return sites && nsites < SITES ? &sites[nsites++] : NULL;
}

static void site_free(struct stub_site *s)
{
	memset(s, 0, sizeof(*s));
	*(struct stub_site **)s = spare_sites;
	spare_sites = s;
}

enum patch_result patch_site(struct patch_module *p, const struct elf_symbol *s, struct stub_site *site,
			     enum patch_refusal *why)
{
	struct module *m = (struct module *)p;
	enum patch_result r = PATCH_TAKEN;
	struct pending new;

	*why = REFUSED_NOT;
	site->entry = (void *)s->address;
	if (!pending_find(s->address)) {
		r = prepare(m, s, 0, site, &new, why);
		site->words = r == PATCH_DONE ? shape_of(m, s) : 0;
	}
	if (r == PATCH_DONE) {
		site->trampoline = new.trampoline;
		site->map_start = m->p.id;
		pending_add(&new);
		m->patched++;
	} else {
		if (r != PATCH_TAKEN)
			m->refused++;
		site_free(site);
	}
	return r;
}

void patch_undo(unsigned from)
{
	while (npending > from) {
		if (pending[npending - 1].module)
			pending[npending - 1].module->patched--;
		pending_drop(npending - 1);
	}
}

unsigned patch_pending(void)
{
	return npending;
}

static void note_allocator(const struct elf_module *m)
{
	struct elf_symbol s;

	if (m->is_program || module_is_libc(m->text_lo) || !elf_export_find(m, "malloc", elf_gnu_hash("malloc"), &s))
		return;
	for (unsigned i = 0; i < RACE_ALLOCATORS; i++) {
		if (!race_allocators[i].hi) {
			race_allocators[i] = (struct race_range){ m->text_lo, m->text_hi };
			return;
		}
	}
}

/* ---- one module ------------------------------------------------------------------------------------------------------- */

static void commit(struct module *m, int alone)
{
	if (m->batch_open > 0 && npending && code_seal(&m->batch) != 0) {
		pending_drop(0); /* the kernel changed its mind: everything stays as it was */
		m->refused += m->patched;
		m->patched = 0;
	}
	for (unsigned i = 0; i < npending; i++) {
		const struct pending *n = &pending[i];
		struct race_hook *h = n->hook;

		if (h) {
			store_relaxed(&h->entry, (void *)n->entry);
			store_release(h->counting || h->copies ? &h->counted_real : &h->real, n->trampoline); /* partner: hook_real, by dependency */
			h->code = (struct race_range){ m->p.elf.text_lo, m->p.elf.text_hi };
			store_relaxed(&h->state, HOOK_PATCHED);
			store_relaxed(&h->module, m->p.id + 1);
		}
		if (n->target && code_jump(&m->batch, n->entry, n->target, alone) != 0) {
			m->patched--;
			m->refused++;
			if (h)
				store_relaxed(&h->state, HOOK_INTERPOSED);
			else
				store_relaxed(&n->site->state, 0);
		} else if (n->site) {
			store_relaxed(&n->site->state, 1);
		}
	}
	pending_drop(0);
	if (m->batch_open > 0)
		code_close(&m->batch);
	m->batch_open = 0;
	close_files(m);
}

/* Those who attach functions of a module, in this order. */
static void (*const owners[])(struct patch_module *) = { attach_hooks, rules_attach, std_patterns_attach };

static struct module *module_new(void)
{
	for (unsigned i = 0; modules && i < MODULES; i++) {
		if (!modules[i].p.elf.map) {
			modules[i].p.id = i;
			return &modules[i];
		}
	}
	modules_no_room++;
	return NULL;
}

/* Ours, the loader, sanitizers' run times, and what we open privately: not to be touched. */
static int is_taboo(const struct elf_module *m)
{
	struct elf_symbol s;
	static const char *const sanitizers[] = { "__tsan_init", "__asan_init", "__msan_init", "__hwasan_init" };

	if (module_is_librace(m->text_lo))
		race_self = (struct race_range){ m->text_lo, m->text_hi };
	if (module_is_librace(m->text_lo) || (m->soname && (!strncmp(m->soname, "ld-linux", 8) ||
							    !strncmp(m->soname, "libunwind", 9))))
		return 1;
	for (unsigned i = 0; i < sizeof(sanitizers) / sizeof(sanitizers[0]); i++) {
		if (elf_export_find(m, sanitizers[i], elf_gnu_hash(sanitizers[i]), &s))
			return 1;
	}
	return 0;
}

static void module_came(struct seen *at, const struct link_map *map, int alone)
{
	struct module *m = module_new();

	at->module = 0;
	if (!m || elf_module_read(&m->p.elf, map, module_program()) != 0) {
		if (m)
			m->p.elf.map = NULL;
		return;
	}
	at->lo = m->p.elf.lo;
	at->hi = m->p.elf.hi;
	if (race_options.stats)
		tell_module(&m->p.elf);
	m->p.file = module_file;
	m->p.debug = module_debug;
	m->has_file = m->has_debug = m->batch_open = 0;
	m->patched = m->refused = 0;
	if (!is_taboo(&m->p.elf)) {
		note_allocator(&m->p.elf);
		for (unsigned i = 0; i < sizeof(owners) / sizeof(owners[0]); i++)
			owners[i](&m->p);
		commit(m, alone);
	} else {
		attach_resolve(&m->p.elf);
	}
	if (m->patched || m->refused)
		at->module = (uint32_t)(m - modules) + 1;
	else
		m->p.elf.map = NULL; /* nothing of ours in it */
	if (!m->patched)
		code_free(&m->area);
}

/* Its static maps and locks. Here the loader's lock still keeps others from mapping something at that place. */
static void forget(const struct seen *gone)
{
	struct race_thread *t = gone->hi > gone->lo ? thread_enter() : NULL;

	if (!t)
		return;
	memory_forget(gone->lo, gone->hi - gone->lo);
	thread_leave(t);
}

static void module_went(struct seen *gone)
{
	struct module *m;

	forget(gone);
	if (!gone->module)
		return;
	m = &modules[gone->module - 1];
	for (struct race_hook *h = race_hooks_start; h < race_hooks_stop; h++) {
		if (h->module != m->p.id + 1)
			continue;
		store_relaxed(&h->state, HOOK_INTERPOSED);
		h->gone = 1;
		store_relaxed(&h->real, NULL);
		store_relaxed(&h->counted_real, NULL);
		store_relaxed(&h->entry, NULL);
		h->module = 0;
		h->code = (struct race_range){ 0, 0 };
	}
	for (unsigned i = 0; i < nsites; i++) {
		if (sites[i].entry && sites[i].map_start == m->p.id) {
			sites_gone_calls += load_relaxed(&sites[i].calls);
			site_free(&sites[i]);
		}
	}
	code_free(&m->area);
	memset(&m->p.elf, 0, sizeof(m->p.elf));
	m->patched = m->refused = 0;
}

/* ---- the loader's list -------------------------------------------------------------------------------------------------- */

static const struct r_debug *debug;   /* the loader's own */
static int following;
static void (*debug_state_real)(void); /* NULL: later modules are not followed */

static struct seen *seen_find(const struct link_map *map, unsigned *hint)
{
	for (unsigned i = 0; i < nseen; i++) {
		struct seen *s = &seen[(*hint + i) % nseen];

		if (s->map == map && s->base == map->l_addr && s->dynamic == map->l_ld) {
			*hint = (unsigned)(s - seen) + 1; /* both lists have the same order, nearly always */
			return s;
		}
	}
	return NULL;
}

static void look_around(const struct link_map *head, int alone)
{
	unsigned hint = 0;

	round_now++;
	resolve_generation++;
	for (const struct link_map *map = head; map; map = map->l_next) {
		struct seen *s = seen_find(map, &hint);

		if (s)
			s->round = round_now;
	}
	for (unsigned i = 0; i < nseen;) { /* first what went: its addresses may be another's already */
		if (seen[i].round == round_now) {
			i++;
		} else {
			module_went(&seen[i]);
			memmove(&seen[i], &seen[i + 1], (nseen - i - 1) * sizeof(seen[0]));
			nseen--;
		}
	}
	hint = 0;
	for (const struct link_map *map = head; map; map = map->l_next) {
		struct seen *s;

		if (seen_find(map, &hint))
			continue;
		if (nseen == MODULES) {
			modules_no_room++;
			continue;
		}
		s = &seen[nseen++];
		*s = (struct seen){ .map = map, .base = map->l_addr, .dynamic = map->l_ld, .round = round_now };
		module_came(s, map, alone);
	}
}

/* at_work: this thread is; a signal handler that forks may have interrupted it. fork_locked: it has patch_lock for a fork. */
static __thread int at_work, fork_locked;

/* Nothing is patched or followed: what is there at the start is all that stats=1 will know. */
static void tell_at_start(const struct link_map *head)
{
	static struct elf_module m;

	for (const struct link_map *map = race_options.stats ? head : NULL; map; map = map->l_next) {
		if (elf_module_read(&m, map, module_program()) == 0)
			tell_module(&m);
	}
}

/* Stands in for _dl_debug_state: under the loader's lock, in the thread that called dlopen or dlclose. */
static void debug_state(void)
{
	if (debug->r_state == RT_CONSISTENT && off < 3) {
		at_work = 1;
		lock_take(&patch_lock);
		look_around(debug->r_map, 1);
		lock_drop(&patch_lock);
		at_work = 0;
	}
	debug_state_real();
}

static int other_namespaces(void)
{
#if __GLIBC_PREREQ(2, 35)
	return debug->r_version >= 2 && ((const struct r_debug_extended *)debug)->r_next;
#else
	return 1;
#endif
}

/* Not what dlmopen loaded: the loader keeps other lists of that. */
int patch_forgets(void)
{
	return load_relaxed(&following) && off < 3 && !modules_no_room && debug->r_state == RT_CONSISTENT && !other_namespaces();
}

static void follow_loader(const struct link_map *head)
{
	static struct module loader;
	struct pending new;
	struct elf_symbol s;
	enum patch_refusal why;

	for (const struct link_map *map = head; map; map = map->l_next) {
		if (elf_module_read(&loader.p.elf, map, "") != 0 || !loader.p.elf.soname ||
		    strncmp(loader.p.elf.soname, "ld-linux", 8))
			continue;
		race_loader = (struct race_range){ loader.p.elf.lo, loader.p.elf.hi };
		if (!elf_export_object(&loader.p.elf, "_r_debug", elf_gnu_hash("_r_debug"), &s))
			return;
		debug = (const struct r_debug *)s.address;
		if (!elf_export_find(&loader.p.elf, "_dl_debug_state", elf_gnu_hash("_dl_debug_state"), &s))
			return;
		if (prepare(&loader, &s, (uintptr_t)debug_state, NULL, &new, &why) == PATCH_DONE) {
			debug_state_real = (void (*)(void))new.trampoline;
			pending_add(&new);
			commit(&loader, 1);
			store_relaxed(&following, 1);
		} else {
			code_close(&loader.batch);
			close_files(&loader);
		}
		return;
	}
}

/* attach=interpose: nothing is patched, but where the originals are is found out all the same. */
static void resolve_all(const struct link_map *head)
{
	static struct elf_module m;

	for (const struct link_map *map = head; map; map = map->l_next) {
		if (elf_module_read(&m, map, module_program()) != 0)
			continue;
		if (module_is_librace(m.text_lo))
			race_self = (struct race_range){ m.text_lo, m.text_hi };
		note_allocator(&m);
		attach_resolve(&m);
	}
	attach_started();
}

void patch_start(void)
{
	const struct link_map *head = module_first();
	int alone;

	off = race_options.attach == 1; /* interpose */
	modules = os_map(MODULES * sizeof(*modules));
	sites = os_map(SITES * sizeof(*sites));
	attach_start(race_options.stats >= 2);
	stub_counting = race_options.stats >= 2;
	if (!modules || !sites)
		off = 2;
	if (off == 1 && head)
		resolve_all(head);
	if (off || !head) {
		tell_at_start(head);
		return;
	}
	alone = !(load_relaxed(&race_multi) & RACE_MULTI_THREADS);
	lock_take(&patch_lock);
	look_around(head, alone);
	attach_started();
	follow_loader(head);
	lock_drop(&patch_lock);
}

void patch_stop(void)
{
	if (!off)
		store_relaxed(&off, 3);
}

void patch_fork_lock(void)
{
	fork_locked = !at_work;
	if (fork_locked)
		lock_take(&patch_lock);
}

void patch_fork_unlock(void)
{
	if (fork_locked)
		lock_drop(&patch_lock);
	fork_locked = 0;
}

/* Somebody was in the middle of it: the child keeps what is patched, and follows the loader no more. */
void patch_forked(void)
{
	if (!fork_locked && load_relaxed(&patch_lock.word)) {
		pending_drop(0);
		off = off ? off : 3;
	}
	fork_locked = 0;
	lock_reset(&patch_lock);
}

/* ---- what stats=1 tells ------------------------------------------------------------------------------------------------ */

unsigned patch_sites_of(const struct race_kind *kind, uintptr_t lo, uintptr_t hi)
{
	unsigned n = 0;

	for (unsigned i = 0; kind && i < load_relaxed(&nsites); i++) {
		const struct stub_site *s = &sites[i];

		n += s->entry && s->op && s->op->kind == kind && (uintptr_t)s->entry >= lo && (uintptr_t)s->entry < hi;
	}
	return n;
}

void patch_count(struct patch_counts *out)
{
	static const char *const modes[] = { "patched and interposed", "interposed (attach=interpose)", "interposed (no memory)",
					     "patched and interposed, until the sandbox",
					     "interposed (this process may not change code)",
					     "patched and interposed, until this process might no longer change code" };

	*out = (struct patch_counts){ .no_room = load_relaxed(&modules_no_room) };
	for (unsigned i = 0; modules && i < MODULES; i++) {
		const struct module *m = &modules[i];

		if (!load_relaxed(&m->p.elf.map))
			continue;
		out->patched += load_relaxed(&m->patched);
		out->refused += load_relaxed(&m->refused);
		out->modules += load_relaxed(&m->patched) > 0;
	}
	out->mode = modes[off || !denied ? off : out->patched ? 5 : 4];
}

void patch_tell(int calls)
{
	struct patch_counts counts;
	char line[320];
	struct buf b;

	for (unsigned i = 0; modules && i < MODULES; i++) {
		const struct module *m = &modules[i];

		if (!m->p.elf.map)
			continue;
		b = buf_on(line, sizeof(line));
		buf_fmt(&b, "librace: stats: attach: %s: %u patched, %u not", m->p.elf.name, m->patched, m->refused);
		emit_line(line);
	}
	patch_count(&counts);
	b = buf_on(line, sizeof(line));
	buf_fmt(&b, "librace: stats: attach: %s; %u functions patched in %u modules, %u could not be", counts.mode, counts.patched,
		counts.modules, counts.refused);
	emit_line(line);
	attach_tell(calls);
	for (unsigned i = 0; calls && i < nsites; i++) {
		const struct stub_site *s = &sites[i];

		if (!s->entry || !s->op)
			continue;
		b = buf_on(line, sizeof(line));
		buf_fmt(&b, "librace: stats: calls: %s: %lu (by rule)", s->op->name, (unsigned long)load_relaxed(&s->calls));
		emit_line(line);
	}
	if (calls && sites_gone_calls) {
		b = buf_on(line, sizeof(line));
		buf_fmt(&b, "librace: stats: calls: %lu by rules in libraries that have gone", (unsigned long)sites_gone_calls);
		emit_line(line);
	}
}
