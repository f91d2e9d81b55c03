/* SPDX-License-Identifier: MIT */
/*
 * std_patterns.c - member functions of std's containers that the compiler put out of line.
 *
 * They are instantiations, one for each set of types, named in the symbol table of a program or library (all of them at -O0,
 * the larger ones at -O2) or exported by it. Each gets a site (preload/patch/), whose operation is that of its row below.
 *
 * Identity   a member function is given the object. Where its header lies depends on the types, but not on the object: it
 *            is looked for at the first call on a container that leaves no doubt, and then kept with the function.
 * Left out   what a destructor calls: the members that give nodes back (_Rb_tree::_M_erase, _Hashtable::clear). What
 *            orders a destructor after the last use is often an inlined atomic. std::unordered_map::clear is called by users
 *            only, but is mostly inlined where the compiler optimises.
 *            Systems' libraries: their functions are not the user's, and looking through all their names costs start-up time.
 *            libstdc++ before gcc 5, libc++ (std::__1): other layouts, other names.
 * Lifetime   a record of a function stays when its module goes: stacks may still name its operation. The same function
 *            loaded at the same place again finds its record.
 */
#include <string.h>

#include "../preload/helper_host.h" /* module_is_system */
#include "../preload/patch/patch.h"
#include "../preload/sys/os.h"
#include "std_mangled.h"
#include "std_maps.h"
#include "std_row.h"
#include "sync_rows.h"

void std_patterns_attach(struct patch_module *m);

enum where {
	OF_THIS,    /* arg0 is the container */
	OF_OTHER,   /* arg1 is */
	OF_BOTH,    /* both are written */
	OF_NODE,    /* arg1 is a node of the tree that is read; of a clone that has no `this`, arg0 */
	OF_FROM,    /* arg0 is written, arg1 is read */
	OF_ITERATOR /* arg0 is the address of an iterator, which is a node's */
};

enum {
	GIVES_NODE = 1, /* the result stands on an element */
	SEARCHES = 2,   /* and inserts what it does not find: the insertion is seen where it is made */
};

static const struct std_row rows[] STD_ROWS = {
#define TREE(method, role, access, where) { "St8_Rb_tree", method, "std::_Rb_tree::" method, &std_tree_kind, ROLE_##role, ACCESS_##access, where, 0 }
#define HASH(method, role, access, where, flags) \
	{ "St10_Hashtable", method, "std::_Hashtable::" method, &std_hash_kind, ROLE_##role, ACCESS_##access, where, flags }
#define SEARCH(scope, method, name, kind) { scope, method, name, &kind, ROLE_LOOKUP, ACCESS_READ, OF_THIS, SEARCHES }
#define TREE_SEARCH(method) SEARCH("St8_Rb_tree", method, "std::_Rb_tree::" method, std_tree_kind)
#define HASH_SEARCH(method) SEARCH("St10_Hashtable", method, "std::_Hashtable::" method, std_hash_kind)
	/* bits/stl_tree.h. The header's parent, left and count are what these read. */
	TREE("find", LOOKUP, READ, OF_THIS),
	TREE("_M_find_tr", LOOKUP, READ, OF_THIS),
	TREE("lower_bound", LOOKUP, READ, OF_THIS),
	TREE("_M_lower_bound_tr", LOOKUP, READ, OF_THIS),
	TREE("upper_bound", LOOKUP, READ, OF_THIS),
	TREE("_M_upper_bound_tr", LOOKUP, READ, OF_THIS),
	TREE("equal_range", LOOKUP, READ, OF_THIS),
	TREE("_M_equal_range_tr", LOOKUP, READ, OF_THIS),
	TREE("count", LOOKUP, READ, OF_THIS),
	TREE("_M_count_tr", LOOKUP, READ, OF_THIS),
	TREE("size", LOOKUP, READ, OF_THIS),
	TREE("empty", LOOKUP, READ, OF_THIS),
	TREE("begin", ITERATE, READ, OF_THIS),
	TREE("_M_get_insert_unique_pos", LOOKUP, READ, OF_THIS),
	TREE("_M_get_insert_equal_pos", LOOKUP, READ, OF_THIS),
	TREE("_M_get_insert_hint_unique_pos", LOOKUP, READ, OF_THIS),
	TREE("_M_get_insert_hint_equal_pos", LOOKUP, READ, OF_THIS),
	TREE_SEARCH("_M_insert_unique"),
	TREE_SEARCH("_M_insert_unique_"),
	TREE_SEARCH("_M_insert_equal"),
	TREE_SEARCH("_M_insert_equal_"),
	TREE_SEARCH("_M_emplace_unique"),
	TREE_SEARCH("_M_emplace_equal"),
	TREE_SEARCH("_M_emplace_hint_unique"),
	TREE_SEARCH("_M_emplace_hint_equal"),
	SEARCH("St3map", "ix", "std::map::operator[]", std_tree_kind),
	/* Removal of an absent key counts as a write, as everywhere. */
	TREE("erase", REMOVE, WRITE, OF_THIS),
	TREE("clear", CLEAR, WRITE, OF_THIS),
	TREE("swap", UPDATE, WRITE, OF_BOTH),
	TREE("aS", UPDATE, WRITE, OF_THIS),
	TREE("_M_move_assign", UPDATE, WRITE, OF_BOTH),
	TREE("_M_copy", ITERATE, READ, OF_NODE), /* of a copy's original */
	/* bits/hashtable.h */
	HASH("find", LOOKUP, READ, OF_THIS, GIVES_NODE),
	HASH("_M_find_tr", LOOKUP, READ, OF_THIS, GIVES_NODE),
	HASH("_M_find_before_node", LOOKUP, READ, OF_THIS, 0),
	HASH("_M_find_before_node_tr", LOOKUP, READ, OF_THIS, 0),
	HASH("equal_range", LOOKUP, READ, OF_THIS, GIVES_NODE),
	HASH("count", LOOKUP, READ, OF_THIS, 0),
	HASH("size", LOOKUP, READ, OF_THIS, 0),
	HASH("empty", LOOKUP, READ, OF_THIS, 0),
	HASH("begin", ITERATE, READ, OF_THIS, GIVES_NODE),
	HASH("cbegin", ITERATE, READ, OF_THIS, GIVES_NODE),
	HASH("erase", REMOVE, WRITE, OF_THIS, GIVES_NODE),
	HASH("_M_erase", REMOVE, WRITE, OF_THIS, 0),
	HASH("_M_rehash", RESIZE, WRITE, OF_THIS, 0),
	HASH("_M_rehash_aux", RESIZE, WRITE, OF_THIS, 0),
	HASH("swap", UPDATE, WRITE, OF_BOTH, 0),
	HASH("aS", UPDATE, WRITE, OF_THIS, 0),
	HASH("_M_move_assign", UPDATE, WRITE, OF_BOTH, 0),
	HASH("_M_assign", ITERATE, READ, OF_OTHER, 0), /* of a copy's original */
	HASH("_M_assign_elements", UPDATE, WRITE, OF_FROM, 0),
	HASH_SEARCH("_M_insert"),
	HASH_SEARCH("_M_insert_unique"),
	HASH_SEARCH("_M_emplace"),
	HASH_SEARCH("try_emplace"),
	SEARCH("St8__detail9_Map_base", "ix", "std::unordered_map::operator[]", std_hash_kind),
#define MEMBER(scope, method, name, role, access) { scope, method, name, &std_hash_kind, ROLE_##role, ACCESS_##access, OF_THIS, 0 }
	MEMBER("St8__detail9_Map_base", "at", "std::unordered_map::at", LOOKUP, READ),
	MEMBER("St13unordered_map", "clear", "std::unordered_map::clear", CLEAR, WRITE),
	MEMBER("St13unordered_set", "clear", "std::unordered_set::clear", CLEAR, WRITE),
	MEMBER("St18unordered_multimap", "clear", "std::unordered_multimap::clear", CLEAR, WRITE),
	MEMBER("St18unordered_multiset", "clear", "std::unordered_multiset::clear", CLEAR, WRITE),
	/* bits/hashtable_policy.h */
	{ "St8__detail19_Node_iterator_base", "_M_incr", "std::unordered iterator ++", &std_hash_kind, ROLE_ITERATE, ACCESS_READ,
	  OF_ITERATOR, 0 },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]), PATTERNS = 4096, FAR = 64 };

static struct pattern {
	struct race_op op;
	const struct std_row *row;
	void *entry;
	uint32_t offset; /* of the header in the object, + 1; 0 not known yet */
	uint32_t clone;
	struct race_op from; /* OF_FROM: what is done to the other one */
} *patterns; /* [PATTERNS], open addressing by entry; written under the loader's lock or before main */
static unsigned npatterns;

/* ---- identity --------------------------------------------------------------------------------------------------------- */

/* More than it looks like one: nothing else can. */
static int is_surely_header(const struct race_kind *kind, uintptr_t at)
{
	const struct hash_header *h = (const struct hash_header *)at;
	double limit, next;

	if (kind == &std_tree_kind)
		return std_tree_is_header(at);
	if (!std_hash_is_header(at))
		return 0;
	if (load_relaxed(&h->bucket_count) == 1)
		return 1; /* it points to itself */
	limit = (double)load_relaxed(&h->bucket_count) * (double)h->max_load;
	next = (double)load_relaxed(&h->next_resize);
	return next >= limit - 1 && next <= limit + 1;
}

static size_t header_bytes(const struct race_kind *kind)
{
	return kind == &std_tree_kind ? sizeof(struct tree_header) : sizeof(struct hash_header);
}

/* Where the header lies is known of the function; but linkers and compilers fold equal functions, and one of other types, which
 * have no header there, may share this one's code. Looks at nothing that changes while an operation runs. */
static int is_maybe_header(const struct race_kind *kind, uintptr_t at, uintptr_t object)
{
	const struct tree_header *h = (const struct tree_header *)at;

	if (!std_readable(at, header_bytes(kind), object))
		return 0;
	if (kind != &std_tree_kind)
		return std_hash_is_header(at);
	return load_relaxed(&h->node.color) == TREE_RED && load_relaxed(&h->node.left) && load_relaxed(&h->node.right) &&
	       !((uintptr_t)load_relaxed(&h->node.parent) & 7) && !((uintptr_t)load_relaxed(&h->node.left) & 7);
}

static uintptr_t header_in(struct pattern *p, uintptr_t object)
{
	uint32_t known = load_relaxed(&p->offset);

	if (likely(known))
		return is_maybe_header(p->row->kind, object + known - 1, object) ? object + known - 1 : 0;
	for (uintptr_t at = object; at <= object + FAR; at += 8) {
		if (std_readable(at, header_bytes(p->row->kind), object) && is_surely_header(p->row->kind, at)) {
			store_relaxed(&p->offset, (uint32_t)(at - object) + 1);
			return at;
		}
	}
	return 0;
}

/*
 * The tree of the node that is being copied. The copy's own nodes are not linked to a header as yet, so none of them is taken for
 * it; `this`, which clones mostly lack, is no node.
 */
static uintptr_t tree_copied(const struct pattern *p, const struct stub_args *args)
{
	uintptr_t header = 0;

	for (int i = !p->clone; i < 2 && !header; i++) {
		if (std_readable(args->arg[i], sizeof(struct tree_node), 0))
			header = std_tree_header_of((const struct tree_node *)args->arg[i]);
	}
	return header;
}

static uintptr_t container_of(struct race_thread *t, struct pattern *p, const struct stub_args *args)
{
	uintptr_t node;

	switch ((enum where)p->row->where) {
	case OF_NODE:
		return tree_copied(p, args);
	case OF_ITERATOR:
		node = *(const uintptr_t *)args->arg[0];
		return node ? std_step_find(t, node) : 0;
	case OF_OTHER:
		return header_in(p, args->arg[1]);
	case OF_THIS:
	case OF_BOTH:
	case OF_FROM:
		break;
	}
	return header_in(p, args->arg[0]);
}

/* ---- calls ------------------------------------------------------------------------------------------------------------ */

static int tree_is_empty(uintptr_t map)
{
	return load_relaxed(&((const struct tree_header *)map)->count) == 0;
}

static int hash_is_empty(uintptr_t map)
{
	return load_relaxed(&((const struct hash_header *)map)->element_count) == 0;
}

static int is_empty(const struct race_kind *kind, uintptr_t map)
{
	return kind == &std_tree_kind ? tree_is_empty(map) : hash_is_empty(map);
}

/* A container without elements may be another one than last time. */
static void meet(const struct race_kind *kind, uintptr_t map)
{
	if (unlikely(is_empty(kind, map)))
		std_begins(map, kind == &std_tree_kind ? tree_is_empty : hash_is_empty);
}

/* The second container of an operation on two: a point in time. */
static void touch_other(struct race_thread *t, struct pattern *p, uintptr_t object, const uintptr_t *fp)
{
	struct race_touch touch = { p->row->where == OF_FROM ? &p->from : &p->op, header_in(p, object), 0, RACE_NO_BUCKET, fp };
	struct race_op_open open;

	if (!touch.map)
		return;
	meet(p->row->kind, touch.map);
	op_enter(t, &touch, &open);
	op_exit(t, &open);
}

static void before(const struct stub_site *site, const struct stub_args *args, const uintptr_t *fp, struct stub_call *call)
{
	struct pattern *p = (struct pattern *)site->data;
	struct race_thread *t = load_relaxed(&race_multi) ? thread_enter() : NULL;
	uintptr_t map;

	call->open.cell = NULL;
	call->t = NULL;
	if (!t)
		return;
	if ((p->row->where == OF_BOTH || p->row->where == OF_FROM) && args->arg[1] != args->arg[0])
		touch_other(t, p, args->arg[1], fp);
	map = container_of(t, p, args);
	if (map && p->row->access == ACCESS_READ && std_is_searching(map, fp))
		map = 0; /* told at the end of the search, if at all */
	if (!map) {
		thread_leave(t);
		return;
	}
	if (p->row->where <= OF_BOTH || p->row->where == OF_FROM)
		meet(p->row->kind, map);
	if (p->row->flags & SEARCHES) {
		std_search = (struct std_search){ map, fp, 0 };
		call->t = t;
		call->map = map;
		thread_leave(t);
		return;
	}
	if (p->row->access == ACCESS_WRITE)
		std_wrote(map);
	call->t = t;
	call->map = map;
	call->user[0] = args->arg[0];
	hook_op_enter(t, &p->op, map, 0, RACE_NO_BUCKET, fp, &call->open);
}

/* It has found what it looked for: a read, at its end. */
static void search_ended(const struct pattern *p, const uintptr_t *fp, struct stub_call *call)
{
	struct race_touch touch = { &p->op, call->map, 0, RACE_NO_BUCKET, fp };

	if (std_search.fp != fp)
		return;
	std_search.container = 0;
	if (std_search.written)
		return;
	hook_reenter(call->t);
	op_enter(call->t, &touch, &call->open);
	op_exit(call->t, &call->open);
	thread_leave(call->t);
}

static void after(const struct stub_site *site, uint64_t result, const uintptr_t *fp, struct stub_call *call)
{
	const struct pattern *p = (const struct pattern *)site->data;
	uintptr_t node = p->row->where == OF_ITERATOR && call->t ? *(const uintptr_t *)call->user[0] : result;

	if (!call->t)
		return;
	if (p->row->flags & SEARCHES) {
		search_ended(p, fp, call);
		return;
	}
	hook_op_exit(call->t, &call->open);
	hook_reenter(call->t);
	if (p->row->where == OF_ITERATOR || p->row->flags & GIVES_NODE) {
		if (node)
			std_step_keep(call->t, node, &call->open);
	}
	if ((p->row->role == ROLE_REMOVE || p->row->role == ROLE_CLEAR) && is_empty(p->row->kind, call->map))
		std_emptied(call->map);
	thread_leave(call->t);
}

/* ---- names ------------------------------------------------------------------------------------------------------------ */

static const struct std_row *row_of(const char *mangled, int *clone)
{
	struct std_name n;

	if (strncmp(mangled, "_ZNSt", 5) && strncmp(mangled, "_ZNKSt", 6))
		return NULL;
	if (!std_name_parse(mangled, &n))
		return NULL;
	for (unsigned i = 0; i < ROWS; i++) {
		const struct std_row *r = &rows[i];

		if (strlen(r->method) == n.nmethod && !memcmp(r->method, n.method, n.nmethod) && strlen(r->scope) == n.nscope &&
		    !memcmp(r->scope, n.scope, n.nscope)) {
			*clone = n.clone;
			return r;
		}
	}
	return NULL;
}

/* The record of the function; NULL when there is no room, or another function was there once. */
static struct pattern *pattern_at(void *entry, const struct std_row *row)
{
	uint32_t i = (uint32_t)((uintptr_t)entry * 0x9E3779B97F4A7C15ull >> 32) % PATTERNS;
	struct pattern *p;

	if (!patterns)
		patterns = os_map(PATTERNS * sizeof(*patterns));
	if (!patterns || npatterns >= PATTERNS - PATTERNS / 8)
		return NULL;
	while (patterns[i].entry && (patterns[i].entry != entry || patterns[i].row != row))
		i = (i + 1) % PATTERNS;
	p = &patterns[i];
	if (!p->entry) {
		npatterns++;
		p->row = row;
		p->op = (struct race_op){ row->name, row->kind, (void *const *)&p->entry, row->role, row->access, KEY_NONE, 0 };
		p->from = (struct race_op){ row->name, row->kind, (void *const *)&p->entry, ROLE_ITERATE, ACCESS_READ, KEY_NONE, 0 };
		store_release(&p->entry, entry); /* last; partner: who reads op->real by a stack's operation */
	} else {
		store_relaxed(&p->offset, 0); /* the same place, but perhaps another build */
	}
	return p;
}

static int visit(const struct elf_symbol *s, void *to)
{
	int clone = 0;
	const struct std_row *row = row_of(s->name, &clone);
	struct stub_site *site;
	enum patch_refusal why;
	struct pattern *p;

	if (!row)
		return 0;
	p = pattern_at((void *)s->address, row);
	site = p ? patch_site_new() : NULL;
	if (!site)
		return 1;
	p->clone = (uint32_t)clone;
	site->before = before;
	site->after = after;
	site->op = &p->op;
	site->data = p;
	(void)patch_site(to, s, site, &why);
	return 0;
}

void std_patterns_attach(struct patch_module *m)
{
	const struct elf_file *file;

	if (m->elf.soname && !strncmp(m->elf.soname, "libstdc++", 9))
		return;
	if (!m->elf.is_program && module_is_system(m->elf.path))
		return;
	file = m->file(m);
	if ((!file || !file->symtab) && m->elf.is_program)
		file = m->debug(m);
	if (file && file->symtab)
		elf_file_each(file, 0, visit, m);
	else
		elf_export_each(&m->elf, visit, m);
}
