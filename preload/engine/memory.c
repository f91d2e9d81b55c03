/* SPDX-License-Identifier: MIT */
/*
 * memory.c - memory that dies takes its maps and locks with it.
 *
 * Owns      the page filter: for each page of memory (folded to 4 GiB) how many keys of either table lie in it. Consecutive
 *           pages have consecutive counters, so a large range is a linear scan.
 * Ordering  counters are raised before a key can be found and lowered after; a caller that frees memory has finished
 *           with what lies in it, so relaxed looks see its own and all earlier keys.
 * Saturation a counter that ever reached its end stays: its pages are then always looked at closely.
 */
#include "alias.h"

#define PAGE 4096ul
#define PAGES (1ul << RACE_PAGES_BITS)

uint16_t *race_pages;

int pages_init(void)
{
	if (race_pages)
		os_unmap(race_pages, PAGES * sizeof(*race_pages));
	race_pages = os_map(PAGES * sizeof(*race_pages));
	return race_pages ? 0 : -1;
}

static uint16_t *page_counter(uintptr_t at)
{
	return &race_pages[at / PAGE & (PAGES - 1)];
}

void page_enter(uintptr_t at)
{
	uint16_t *p = page_counter(at);

	if (load_relaxed(p) != UINT16_MAX)
		add_relaxed(p, 1);
}

void page_leave(uintptr_t at)
{
	uint16_t *p = page_counter(at);

	if (load_relaxed(p) != UINT16_MAX)
		sub_relaxed(p, 1);
}

/* A part of a range that lies within one page. */
struct piece {
	uintptr_t lo;
	size_t bytes;
};

/* Next page of [lo, lo + bytes) from *at on in which something may lie. */
static int piece_next(uintptr_t lo, size_t bytes, uintptr_t *at, struct piece *out)
{
	uintptr_t last = (lo + bytes - 1) / PAGE, page = *at;

	for (; page <= last; page++) {
		const uint16_t *p = &race_pages[page & (PAGES - 1)];

		if (page % 4 == 0 && page + 3 <= last && !load_relaxed((const uint64_t *)(const void *)p)) {
			page += 3;
			continue;
		}
		if (load_relaxed(p)) {
			uintptr_t from = page * PAGE > lo ? page * PAGE : lo;
			uintptr_t rest = lo + bytes - from, room = PAGE - from % PAGE;

			out->lo = from;
			out->bytes = rest < room ? rest : room;
			*at = page + 1;
			return 1;
		}
	}
	return 0;
}

static int range_is_sane(uintptr_t lo, size_t bytes)
{
	return race_pages && bytes && lo + bytes - 1 >= lo;
}

/* A range larger than the filter's reach (a reservation that is given back): the tables themselves are smaller. */
static int range_is_huge(size_t bytes)
{
	return bytes > PAGES * PAGE;
}

__attribute__((noinline)) int memory_is_watched_closely(uintptr_t lo, size_t bytes)
{
	struct piece piece;
	uintptr_t at = lo / PAGE;

	if (!range_is_sane(lo, bytes))
		return 0;
	if (range_is_huge(bytes))
		return 1;
	while (piece_next(lo, bytes, &at, &piece)) {
		if (piece.bytes == PAGE || syncs_in_range(sync_key(piece.lo), piece.bytes) ||
		    cells_in_range(piece.lo, piece.bytes))
			return 1;
	}
	return 0;
}

void syncs_forget(uintptr_t key, size_t bytes)
{
	struct piece piece;
	uintptr_t at = key / PAGE;

	if (!range_is_sane(key, bytes))
		return;
	if (range_is_huge(bytes)) {
		syncs_forget_huge(key, bytes);
		return;
	}
	while (piece_next(key, bytes, &at, &piece)) {
		if (syncs_in_range(piece.lo, piece.bytes))
			syncs_forget_range(piece.lo, piece.bytes);
	}
}

void memory_forget(uintptr_t lo, size_t bytes)
{
	struct piece piece;
	uintptr_t at = lo / PAGE;

	if (!range_is_sane(lo, bytes))
		return;
	if (range_is_huge(bytes)) {
		if (!load_relaxed(&race_tables.aliased)) /* else some keys in there may belong to views elsewhere */
			syncs_forget_huge(lo, bytes);
		cells_forget_huge(lo, bytes);
		return;
	}
	while (piece_next(lo, bytes, &at, &piece)) {
		uintptr_t key = sync_key(piece.lo);

		if (syncs_in_range(key, piece.bytes))
			syncs_forget_range(key, piece.bytes);
		if (cells_in_range(piece.lo, piece.bytes))
			cells_forget_range(piece.lo, piece.bytes);
	}
}

void memory_moved(const struct memory_move *from, uintptr_t to)
{
	struct piece piece;
	uintptr_t at = from->lo / PAGE;

	if (to == from->lo || !range_is_sane(from->lo, from->bytes) || range_is_huge(from->bytes))
		return;
	while (piece_next(from->lo, from->bytes, &at, &piece)) {
		syncs_move_range(sync_key(piece.lo), piece.bytes, to + (piece.lo - from->lo));
		cells_forget_range(piece.lo, piece.bytes);
	}
}
