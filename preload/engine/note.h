/* SPDX-License-Identifier: MIT */
/*
 * note.h - writing and reading what lies beside a word: time, locks, key and bucket of that very access.
 *
 * A note is written by racing threads without a lock: its word is cleared first and set last, and a reader believes it only when
 * it says the word he came with, before and after he copied it.
 */
#ifndef RACE_ENGINE_NOTE_H
#define RACE_ENGINE_NOTE_H

#include "state.h"

/* key lies at an even offset of a note, so a value goes in as four halfwords. */
_Static_assert(offsetof(struct race_note, key) % 2 == 0 && RACE_NOTE_KEY >= sizeof(uintptr_t), "a value fits");

static inline void key_note(char *to, uint32_t kind, uintptr_t key)
{
	uint32_t i = 0;

	if (kind == KEY_STRING) {
		const char *s = (const char *)key;

		for (; i < RACE_NOTE_KEY && s[i]; i++)
			store_relaxed(&to[i], s[i]);
		if (i < RACE_NOTE_KEY)
			store_relaxed(&to[i], 0);
		if (i != RACE_NOTE_KEY - 1)
			store_relaxed(&to[RACE_NOTE_KEY - 1], i == RACE_NOTE_KEY); /* cut */
		return;
	}
	for (; i < sizeof(key); i += 2, key >>= 16)
		store_relaxed((uint16_t *)(void *)(to + i), (uint16_t)key);
}

/* The kind under which a key is recorded. Numbers given by address are read now; what cannot be an address is a value. */
static uint32_t key_read(const struct race_op *op, uint32_t map_key_kind, uintptr_t *key)
{
	uint32_t kind = op->key_kind == KEY_BY_MAP ? map_key_kind : op->key_kind;
	int number;

	if (kind != KEY_STRING && kind != KEY_INT_AT && kind != KEY_LONG_AT)
		return kind;
	if (*key < 4096)
		return KEY_POINTER;
	if (kind == KEY_STRING)
		return KEY_STRING;
	if (kind == KEY_LONG_AT) {
		memcpy(key, (const void *)*key, sizeof(*key));
		return KEY_LONG;
	}
	memcpy(&number, (const void *)*key, sizeof(number));
	*key = (uintptr_t)(intptr_t)number;
	return KEY_INT;
}

static inline void note_write(struct race_note *n, uint64_t word, struct race_thread *t, const struct race_touch *touch,
			      uint32_t map_key_kind)
{
	uintptr_t key = touch->key;
	uint32_t kind = key_read(touch->op, map_key_kind, &key), nheld = t->nheld;

	store_relaxed(&n->word, 0);
	fence_release(); /* partner: note_read */
	store_relaxed(&n->ticks, os_ticks());
	store_relaxed(&n->locks[0], nheld ? t->held[nheld - 1] : 0);
	store_relaxed(&n->locks[1], nheld > 1 ? t->held[nheld - 2] : 0);
	store_relaxed(&n->bucket, touch->bucket);
	store_relaxed(&n->context, t->context);
	store_relaxed(&n->nlocks, (uint8_t)(nheld + t->held_lost < 255 ? nheld + t->held_lost : 255));
	store_relaxed(&n->key_kind, (uint8_t)kind);
	if (kind != KEY_NONE)
		key_note(n->key, kind, key);
	store_release(&n->word, word); /* partner: note_read */
}

/* Copies the note when it is of this word. */
static inline int note_read(struct race_note *to, const struct race_note *from, uint64_t word)
{
	if (load_acquire(&from->word) != word) /* partner: note_write */
		return 0;
	note_copy(to, from);
	fence_acquire(); /* partner: note_write */
	store_relaxed(&to->word, word);
	return load_relaxed(&from->word) == word;
}

#endif
