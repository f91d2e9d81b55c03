/* SPDX-License-Identifier: MIT */
/*
 * trace_words.c - the dictionary of a trace: what the small numbers in its events mean, so that a reader elsewhere and later can tell.
 *
 * Owns      which ops, calls, stacks, maps and modules the present file has been told of.
 * Once      an entry is written when its thing is first recorded in a file. The test for that is one bit, read without a lock; a bit is set
 *           after its entry is whole.
 * Locks     trace_words_lock, a leaf but for trace_file_lock inside it. What the engine is asked for is asked before.
 */
#include <dlfcn.h>
#include <link.h>
#include <string.h>

#include "module.h"
#include "resolve.h"
#include "sys/fmt.h"
#include "trace_room.h"

#define CALLS 256
#define OPS 8192
#define MODULES 256
#define ANCESTORS 16
#define FRAMES 48 /* of a stack; deeper ones are cut at the outer end */

struct lock trace_words_lock;

static struct {
	uint32_t generation; /* of the file that has been told */
	uint8_t *stacks;     /* bit by id */
	uint8_t ops[OPS / 8], calls[CALLS / 8];
	uint32_t *maps;      /* [cell] incarnation + 1 */
	uint32_t modules_at; /* resolve_generation of the ranges */
	uint32_t nmodules, modules_told;
	struct race_range module[MODULES];
} told;

int trace_words_start(void)
{
	if (!told.stacks)
		told.stacks = os_map(RACE_STACKS / 8);
	if (!told.maps)
		told.maps = os_map(RACE_CELLS_MAX * sizeof(*told.maps));
	return told.stacks && told.maps ? 0 : -1;
}

static inline int is_told(const uint8_t *bits, uint32_t i)
{
	return load_relaxed(&told.generation) == load_relaxed(&trace_generation) && (load_relaxed(&bits[i >> 3]) >> (i & 7) & 1);
}

/* The lock is held: a new file knows nothing. */
static void renew(void)
{
	if (told.generation == trace_generation)
		return;
	memset(told.ops, 0, sizeof(told.ops));
	memset(told.calls, 0, sizeof(told.calls));
	/* fresh zeros from the kernel: most of it was never touched */
	memset(told.stacks, 0, RACE_STACKS / 8);
	memset(told.maps, 0, RACE_CELLS_MAX * sizeof(*told.maps));
	told.nmodules = told.modules_told = 0;
	store_relaxed(&told.generation, trace_generation);
}

static void mark(uint8_t *bits, uint32_t i)
{
	store_relaxed(&bits[i >> 3], (uint8_t)(bits[i >> 3] | 1 << (i & 7)));
}

static void *word(enum trace_word_type type, uint32_t id, uint32_t bytes)
{
	struct trace_word *w = trace_file_word(bytes);

	if (w) {
		w->type = (uint16_t)type;
		w->bytes = (uint16_t)bytes;
		w->id = id;
	}
	return w;
}

static void copy(char *to, size_t cap, const char *from)
{
	if (from)
		memcpy(to, from, strnlen(from, cap - 1));
}

uint16_t trace_word_op(const struct race_op *op)
{
	uint32_t id = op_id(op);
	struct trace_word_op *w;

	if (id >= OPS)
		return UINT16_MAX;
	if (likely(is_told(told.ops, id)))
		return (uint16_t)id;
	lock_take(&trace_words_lock);
	renew();
	w = is_told(told.ops, id) ? NULL : word(WORD_OP, id, sizeof(*w));
	if (w) {
		w->role = op->role;
		w->access = op->access;
		w->flags = op->flags;
		copy(w->name, sizeof(w->name), op->name);
		copy(w->kind, sizeof(w->kind), op->kind ? op->kind->name : NULL);
		trace_file_word_done(sizeof(*w));
	}
	mark(told.ops, id);
	lock_drop(&trace_words_lock);
	return (uint16_t)id;
}

uint16_t trace_word_call(uint16_t id, const char *name, uint8_t category, uint8_t role)
{
	struct trace_word_call *w;

	if (likely(is_told(told.calls, id)))
		return id;
	lock_take(&trace_words_lock);
	renew();
	w = is_told(told.calls, id) ? NULL : word(WORD_CALL, id, sizeof(*w));
	if (w) {
		w->category = category;
		w->role = role;
		copy(w->name, sizeof(w->name), name);
		trace_file_word_done(sizeof(*w));
	}
	mark(told.calls, id);
	lock_drop(&trace_words_lock);
	return id;
}

/* ---- stacks and modules; the lock is held ------------------------------------------------------------------------------------------ */

static void tell_module(uintptr_t pc)
{
	struct trace_word_module *w;
	struct dl_find_object o;
	const ElfW(Ehdr) *e;
	const char *name;

	if (told.modules_at != load_relaxed(&resolve_generation)) { /* something was unloaded: addresses mean other files now */
		told.modules_at = load_relaxed(&resolve_generation);
		told.nmodules = 0;
	}
	for (uint32_t i = 0; i < told.nmodules; i++) {
		if (range_holds(&told.module[i], pc))
			return;
	}
	if (_dl_find_object((void *)pc, &o) != 0 || !o.dlfo_link_map)
		return;
	if (told.nmodules == MODULES)
		told.nmodules = 0; /* told again: correct, if longer */
	told.module[told.nmodules++] = (struct race_range){ (uintptr_t)o.dlfo_map_start, (uintptr_t)o.dlfo_map_end };
	w = word(WORD_MODULE, told.modules_told++, sizeof(*w));
	if (!w)
		return;
	w->lo = (uintptr_t)o.dlfo_map_start;
	w->hi = (uintptr_t)o.dlfo_map_end;
	w->base = o.dlfo_link_map->l_addr;
	name = o.dlfo_link_map->l_name;
	copy(w->path, sizeof(w->path), name && name[0] ? name : module_program());
	e = o.dlfo_map_start;
	if (!memcmp(e->e_ident, ELFMAG, SELFMAG) && e->e_phentsize == sizeof(ElfW(Phdr)) && e->e_phoff <= 4096) {
		uint32_t bytes;
		const uint8_t *id = module_build_id(o.dlfo_link_map->l_addr, (const ElfW(Phdr) *)(const void *)((const char *)e + e->e_phoff),
						    e->e_phnum, &bytes);

		if (id && bytes <= sizeof(w->build_id)) {
			memcpy(w->build_id, id, bytes);
			w->build_id_bytes = bytes;
		}
	}
	trace_file_word_done(sizeof(*w));
}

static uintptr_t pcs[FRAMES]; /* under the lock: threads may have little stack */

static void tell_stack(uint32_t stack)
{
	const struct race_op *op = stack_op(stack);
	unsigned n = stack_frames(stack, pcs, FRAMES);
	struct trace_word_stack *w;
	uint32_t bytes = (uint32_t)(sizeof(*w) + n * sizeof(w->pc[0]));

	for (unsigned i = 0; i < n; i++)
		tell_module(pcs[i] - 1);
	w = word(WORD_STACK, stack, bytes);
	if (!w)
		return;
	w->op = op ? op_id(op) + 1 : 0;
	w->n = n;
	for (unsigned i = 0; i < n; i++)
		w->pc[i] = pcs[i];
	trace_file_word_done(bytes);
}

uint32_t trace_word_stack(uint32_t stack)
{
	const struct race_op *op;

	if (!stack || likely(is_told(told.stacks, stack)))
		return stack;
	op = stack_op(stack);
	if (op)
		trace_word_op(op);
	lock_take(&trace_words_lock);
	renew();
	if (!is_told(told.stacks, stack)) {
		tell_stack(stack);
		mark(told.stacks, stack);
	}
	lock_drop(&trace_words_lock);
	return stack;
}

/* ---- maps, threads, findings ----------------------------------------------------------------------------------------------------------- */

void trace_word_map(const struct race_cell *c, uintptr_t map, int anew)
{
	uint32_t i = cell_number(c), gen = cell_incarnation(c);
	struct trace_word_map *w;
	struct map_told m;

	if (!anew && load_relaxed(&told.generation) == load_relaxed(&trace_generation) && load_relaxed(&told.maps[i]) == gen + 1)
		return;
	if (!map_tell(c, map, &m))
		return;
	trace_word_stack(m.created_stack);
	lock_take(&trace_words_lock);
	renew();
	w = word(WORD_MAP, m.gen, sizeof(*w));
	if (w) {
		w->map = map;
		w->created_stack = m.created_stack;
		w->created_thread = m.created_thread;
		copy(w->kind, sizeof(w->kind), m.kind ? m.kind->name : NULL);
		copy(w->label, sizeof(w->label), m.label);
		trace_file_word_done(sizeof(*w));
	}
	store_relaxed(&told.maps[i], m.gen + 1);
	lock_drop(&trace_words_lock);
}

void trace_word_name(uint32_t number, const char *name)
{
	struct trace_word_name *w;

	lock_take(&trace_words_lock);
	renew();
	w = word(WORD_NAME, number, sizeof(*w));
	if (w) {
		copy(w->name, sizeof(w->name), name);
		trace_file_word_done(sizeof(*w));
	}
	lock_drop(&trace_words_lock);
}

void trace_word_thread(uint32_t number, uint32_t kernel)
{
	struct thread_facts facts;
	struct trace_word_thread *w;

	for (int i = 0; i < ANCESTORS && thread_facts(number, &facts); i++) {
		trace_word_stack(facts.stack);
		lock_take(&trace_words_lock);
		renew();
		w = word(WORD_THREAD, number, sizeof(*w));
		if (w) {
			w->parent = facts.parent;
			w->stack = facts.stack;
			w->kernel = kernel;
			trace_file_word_done(sizeof(*w));
		}
		lock_drop(&trace_words_lock);
		if (facts.name[0])
			trace_word_name(number, facts.name);
		if (number == 0 || facts.parent == number)
			return;
		number = facts.parent;
		kernel = 0;
	}
}

void trace_word_finding(const struct trace_word_finding *f)
{
	struct trace_word_finding *w;

	lock_take(&trace_words_lock);
	renew();
	w = word(WORD_FINDING, f->word.id, sizeof(*w));
	if (w) {
		struct trace_word head = w->word;

		*w = *f;
		w->word = head;
		trace_file_word_done(sizeof(*w));
	}
	lock_drop(&trace_words_lock);
}
