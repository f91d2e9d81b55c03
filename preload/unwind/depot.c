/* SPDX-License-Identifier: MIT */
/*
 * depot.c - the table of stacks.
 *
 * Owns      chain heads, the index id -> node, the nodes. All three are mapped once and backed page by page as they fill.
 * Invariant a node is complete before its index entry is set, and that before the chain head leads to it. Nodes are never
 *           changed, moved or freed: an id stays good for the life of the process, and readers need no lock.
 * Writers   any thread: the head of a chain is replaced by compare-and-swap. Who loses the race for a chain looks at what
 *           came in meanwhile, so two threads with one new stack end with one id (the loser's node is wasted).
 * When full a new stack gets id 0 and `lost` counts. Stacks that are known already keep their ids.
 * Must not  allocate, lock, or call libc beyond memcpy and memcmp.
 */
#include "depot.h"

#include <string.h>

#include "../sys/atomic.h"
#include "../sys/describe.h"
#include "../sys/os.h"

/* Few heads keep a small program small: each is a random 4-byte touch of a page. */
#define HEAD_BITS 16
#define GRANULE 8
#define BYTES_LEAST ((size_t)1 << 16)

struct node {
	uint32_t next; /* granule of the next node of the chain, 0: none */
	uint32_t id;
	uint32_t check; /* hash bits that do not choose the chain */
	uint32_t n;
	const struct race_op *op;
	uintptr_t pc[];
};

static uint32_t *heads;  /* granules of nodes */
static uint32_t *index_; /* id -> granule */
static char *room;
static size_t room_bytes;
static uint32_t id_limit;
static uint64_t next_id = 1;
static uint64_t next_byte = GRANULE; /* granule 0 means none */
static uint64_t count_lost;

static struct node *node_at(uint32_t granule)
{
	return (struct node *)(room + (size_t)granule * GRANULE);
}

int depot_init(uint32_t ids, size_t bytes)
{
	if (room)
		return 0;
	heads = os_map(sizeof(*heads) << HEAD_BITS);
	index_ = os_map(sizeof(*index_) * ids);
	/* The host may live under a tight limit of address space: fewer stacks are better than none. */
	while (heads && index_ && !(room = os_map(bytes)) && bytes / 2 >= BYTES_LEAST)
		bytes /= 2;
	if (!room) {
		os_unmap(heads, sizeof(*heads) << HEAD_BITS);
		os_unmap(index_, sizeof(*index_) * ids);
		return -1;
	}
	room_bytes = bytes;
	id_limit = ids;
	return 0;
}

/* Two lanes, because the multiplications of one would wait for each other. */
static uint64_t stack_hash(const struct race_op *op, const uintptr_t *pcs, unsigned n)
{
	const uint64_t k = 0x9e3779b97f4a7c15ull;
	uint64_t a = (uintptr_t)op + n, b = k;
	unsigned i;

	for (i = 0; i + 2 <= n; i += 2) {
		a = (a ^ pcs[i]) * k;
		b = (b ^ pcs[i + 1]) * k;
		a ^= a >> 32;
		b ^= b >> 32;
	}
	if (i < n)
		a = (a ^ pcs[i]) * k;
	a = (a ^ (b << 29 | b >> 35) ^ a >> 31) * 0xff51afd7ed558ccdull;
	return a ^ a >> 33;
}

/* Searches a chain from `from` up to, not including, `until`. */
static uint32_t chain_find(uint32_t from, uint32_t until, uint32_t check, const struct race_op *op, const uintptr_t *pcs,
			   unsigned n)
{
	for (uint32_t g = from; g != until; g = node_at(g)->next) {
		const struct node *node = node_at(g);

		if (node->check == check && node->n == n && node->op == op && !memcmp(node->pc, pcs, n * sizeof(*pcs)))
			return node->id;
	}
	return 0;
}

static struct node *node_new(unsigned n)
{
	uint64_t need = sizeof(struct node) + n * sizeof(uintptr_t);
	uint64_t at, id;

	/* Asked before adding, so that the counters cannot run away while everybody finds the depot full. */
	if (!room || load_relaxed(&next_id) >= id_limit || load_relaxed(&next_byte) + need > room_bytes)
		return NULL;
	at = add_relaxed(&next_byte, need);
	if (at + need > room_bytes)
		return NULL;
	id = add_relaxed(&next_id, 1);
	if (id >= id_limit)
		return NULL;
	node_at((uint32_t)(at / GRANULE))->id = (uint32_t)id;
	return node_at((uint32_t)(at / GRANULE));
}

uint32_t depot_intern(const struct race_op *op, const uintptr_t *pcs, unsigned n)
{
	uint64_t hash = stack_hash(op, pcs, n);
	uint32_t *head, old, granule, seen = 0, id;
	struct node *node;

	if (unlikely(!room)) {
		add_relaxed(&count_lost, 1);
		return 0;
	}
	head = &heads[hash >> (64 - HEAD_BITS)];
	old = load_acquire(head); /* partner: the compare-and-swap below */
	id = chain_find(old, 0, (uint32_t)hash, op, pcs, n);
	if (likely(id))
		return id;
	node = node_new(n);
	if (!node) {
		add_relaxed(&count_lost, 1);
		return 0;
	}
	granule = (uint32_t)(((char *)node - room) / GRANULE);
	node->check = (uint32_t)hash;
	node->n = n;
	node->op = op;
	memcpy(node->pc, pcs, n * sizeof(*pcs));
	seen = old;
	node->next = old;
	/* Partner: load_acquire in depot_frames and depot_op, whose id may have come by a relaxed word. */
	store_release(&index_[node->id], granule);
	while (!cas_acq_rel(head, &old, granule)) { /* partner: load_acquire above */
		id = chain_find(old, seen, (uint32_t)hash, op, pcs, n);
		if (id)
			return id;
		node->next = seen = old;
	}
	return node->id;
}

static const struct node *node_of(uint32_t id)
{
	uint32_t granule;

	if (!room || id >= id_limit)
		return NULL;
	granule = load_acquire(&index_[id]); /* partner: store_release in depot_intern */
	return granule ? node_at(granule) : NULL;
}

unsigned depot_frames(uint32_t id, uintptr_t *pcs, unsigned max)
{
	const struct node *node = node_of(id);

	if (!node)
		return 0;
	memcpy(pcs, node->pc, (node->n < max ? node->n : max) * sizeof(*pcs));
	return node->n;
}

const struct race_op *depot_op(uint32_t id)
{
	const struct node *node = node_of(id);

	return node ? node->op : NULL;
}

int depot_begins(uint32_t id, const struct race_op *op, uintptr_t pc)
{
	const struct node *node = node_of(id);

	return node && node->op == op && node->pc[0] == pc;
}

void depot_stats(uint64_t *stacks, uint64_t *bytes, uint64_t *lost)
{
	uint64_t ids = load_relaxed(&next_id), used = load_relaxed(&next_byte);

	*stacks = (ids < id_limit || !id_limit ? ids : id_limit) - 1;
	*bytes = used < room_bytes ? used : room_bytes;
	*lost = load_relaxed(&count_lost);
}

/* For a debugger: index[id] * granule in room is the node. */
DESCRIBE_ROW(stack_index) = { "stack_index", { .address = &index_ }, sizeof(index_) };
DESCRIBE_ROW(stack_room) = { "stack_room", { .address = &room }, sizeof(room) };
DESCRIBE_NUMBER(stack_granule, GRANULE)
DESCRIBE_FIELD(node, id)
DESCRIBE_FIELD(node, n)
DESCRIBE_FIELD(node, op)
DESCRIBE_ROW(node_pc) = { "node.pc", { .number = offsetof(struct node, pc) }, sizeof(uintptr_t) };
DESCRIBE_FIELD(race_op, name)
DESCRIBE_FIELD(race_op, kind)
