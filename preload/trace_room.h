/* SPDX-License-Identifier: MIT */
/*
 * trace_room.h - the fast half of writing an event: a place in the thread's own chunk, no lock, no system call.
 *
 * Ordering   `used` of the chunk is stored after the event itself (release): who reads the file, perhaps after a crash, finds whole events.
 */
#ifndef RACE_PRELOAD_TRACE_ROOM_H
#define RACE_PRELOAD_TRACE_ROOM_H

#include "host.h"
#include "sys/os.h"

static inline struct trace_thread *trace_of(struct race_thread *t)
{
	return &((struct host_thread *)t->host)->trace;
}

static inline struct trace_event *trace_room(struct race_thread *t, unsigned units)
{
	struct trace_thread *tt = trace_of(t);

	if (unlikely(tt->generation != load_relaxed(&trace_generation)) || unlikely(tt->end - tt->at < (ptrdiff_t)units))
		return trace_slow(t, units);
	return tt->at;
}

static inline void trace_put(struct race_thread *t, unsigned units)
{
	struct trace_thread *tt = trace_of(t);

	tt->at += units;
	store_release(&tt->head->used, (uint32_t)((uintptr_t)tt->at - (uintptr_t)(tt->head + 1))); /* partner: the reader of the file */
}

/* Time is up: whoever notices stops the recording. */
static inline int trace_is_over(uint64_t ticks)
{
	if (likely(ticks <= load_relaxed(&trace_deadline)))
		return 0;
	trace_stop();
	return 1;
}

#endif
