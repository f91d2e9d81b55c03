/* SPDX-License-Identifier: MIT */
/*
 * view.h - the tables as an onlooker sees them: a thread that belongs to nobody, takes no part, and must not fault.
 *
 * Everything here may be called from any thread. A map that dies while it is looked at is told as it was a moment before.
 */
#ifndef RACE_ENGINE_VIEW_H
#define RACE_ENGINE_VIEW_H

#include "engine.h"

struct map_view {
	uintptr_t map;
	const struct race_kind *kind; /* NULL not known */
	char label[48];
	uint32_t gen, state;          /* enum race_cell_state */
	uint32_t created_stack, created_thread; /* stack 0: its creation was not seen */
	uint32_t ops;                 /* accesses recorded, capped at 255 */
	uint64_t written, read;       /* words of the last accesses; 0 none; RACE_READ_SHARED: several readers */
	uint64_t written_ticks, read_ticks; /* 0 not known */
	uint32_t inside;              /* slot of the writer that is inside, RACE_NO_SLOT none */
};

/* Walks over all maps. Zeroed at first; 0 at the end. */
struct maps_cursor {
	uint32_t home, next;
};
int map_view_next(struct maps_cursor *c, struct map_view *out);
int map_view_of(uintptr_t map, struct map_view *out); /* 0: not known */

struct maps_count {
	uint64_t live, dead, cells; /* cells: of buckets, too */
};
void maps_count(struct maps_count *out);

/*
 * Entries, buckets, and used places with those of removed entries, read out of the map's own header: the rows of struct race_size
 * tell where they are. The memory is copied by the kernel, so that a map which is gone is no fault. -1: not known.
 */
struct map_size {
	int64_t entries, buckets, used;
};
void map_size_read(const struct race_kind *kind, uintptr_t map, struct map_size *out);

#endif
