/* SPDX-License-Identifier: MIT */
/*
 * lockset.c - which locks a thread holds, for the report. Private to the thread; no edges here.
 */
#include "state.h"

void lock_held_deep(struct race_thread *t, uintptr_t at, enum race_lock_type type, int read_mode)
{
	uint64_t word = lock_word(at, type, read_mode);

	for (uint32_t i = t->nheld; i-- > 0;) {
		if (lock_word_address(t->held[i]) == lock_word_address(word)) {
			if (t->depth[i] < UINT16_MAX)
				t->depth[i]++;
			return;
		}
	}
	if (t->nheld == RACE_LOCKS_HELD) {
		t->held_lost++;
		return;
	}
	t->held[t->nheld] = word;
	t->depth[t->nheld++] = 0;
}

int lock_dropped_deep(struct race_thread *t, uintptr_t at)
{
	for (uint32_t i = t->nheld; i-- > 0;) {
		if (lock_word_address(t->held[i]) != lock_word_address(at))
			continue;
		if (t->depth[i] == UINT16_MAX)
			return 1; /* its depth is lost: an edge too many rather than one too few */
		if (t->depth[i]) {
			t->depth[i]--;
			return 0;
		}
		for (; i + 1 < t->nheld; i++) {
			t->held[i] = t->held[i + 1];
			t->depth[i] = t->depth[i + 1];
		}
		t->nheld--;
		return 1;
	}
	if (t->held_lost) {
		t->held_lost--;
		return 1;
	}
	return -1;
}
