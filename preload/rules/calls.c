/* SPDX-License-Identifier: MIT */
/*
 * calls.c - what a function does that has a rule: before the call, and after it.
 *
 * Order     as in typed hooks: a release before the call, an acquire after it; an operation is entered before and left
 *           after; a map is born when its creation has returned, and dead when its destruction has.
 * Arguments are what the caller passed, read before the call. What a rule says of them may be wrong: an address is
 *           dereferenced only when it looks like one and its page can be read (page_is_readable). A key of text is
 *           copied then, since the call may free it.
 * Locks     a rule's lock may be anything that orders (a semaphore, a queue): releases are joined and acquires never assume
 *           to be alone. For a mutex that is the same, only slower.
 * Runs      on any thread, from the stub, outside the guard.
 * Must not  allocate, lock, or call anything that does.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "../sys/os.h"
#include "attached.h"

/* ---- arguments ------------------------------------------------------------------------------------------------------ */

#define PAGE 4096ul
#define KEY_BYTES (RACE_NOTE_KEY + 2)
_Static_assert(sizeof(((struct stub_call *)0)->user) == KEY_BYTES, "the text of a key fits the call's own words");

static inline int is_address(uintptr_t at)
{
	return at >= PAGE && at >> 47 == 0;
}

/* Pages that could be read once. One that is gone since is not noticed: this is a net under wrong rules, not under wrong
 * programs. Any thread, relaxed: an entry is a page that somebody has asked about. */
#define PAGES_KNOWN 1024
static uintptr_t pages_known[PAGES_KNOWN];

static __attribute__((noinline)) int page_ask(uintptr_t page)
{
	if (!os_readable(page * PAGE))
		return 0;
	store_relaxed(&pages_known[page % PAGES_KNOWN], page);
	return 1;
}

static inline int page_is_readable(uintptr_t at)
{
	uintptr_t page = at / PAGE;

	return likely(load_relaxed(&pages_known[page % PAGES_KNOWN]) == page) || page_ask(page);
}

/* The word at an address; 0 when there is none. */
static inline uintptr_t word_at(uintptr_t at)
{
	uintptr_t word;

	if (!is_address(at) || !page_is_readable(at) || !page_is_readable(at + sizeof(word) - 1))
		return 0;
	memcpy(&word, (const void *)at, sizeof(word));
	return word;
}

/* What stands above the return address may end there: a wrong rule must not read on. */
static __attribute__((noinline)) uint64_t argument_on_stack(const struct stub_args *args, unsigned n)
{
	return word_at((uintptr_t)&args->stack[n - 6]);
}

static inline uint64_t argument(const struct stub_args *args, unsigned n)
{
	return likely(n < 6) ? args->arg[n] : argument_on_stack(args, n);
}

/* The map or the lock; 0: none, so that nothing is checked. */
static inline uintptr_t place_of(const struct attached *a, const struct stub_args *args)
{
	uintptr_t at = a->global;

	if (a->place == PLACE_ARG)
		at = argument(args, a->arg);
	else if (a->place == PLACE_DEREF)
		at = word_at(argument(args, a->arg) + (uintptr_t)(intptr_t)a->offset);
	return likely(is_address(at)) ? at : 0;
}

/* Copies at most n bytes of text, up to its NUL when it has one. Returns how many there are; -1: they cannot be read. */
static __attribute__((noinline)) int text_copy(char *to, uintptr_t at, size_t n, int stop_at_nul)
{
	const char *from = (const char *)at;

	for (size_t i = 0; i < n; i++) {
		if ((i == 0 || (at + i) % PAGE == 0) && !page_is_readable(at + i))
			return i ? (int)i : -1;
		to[i] = from[i];
		if (stop_at_nul && !from[i])
			return (int)i;
	}
	return (int)n;
}

/* Bytes that are no text: as a number of hexadecimal digits, which is what fits and can be told apart. */
static void text_of_bytes(char *text, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[(RACE_NOTE_KEY - 2) / 2];
	size_t shown = n < sizeof(bytes) ? n : sizeof(bytes);

	memcpy(bytes, text, shown);
	text[0] = '0';
	text[1] = 'x';
	for (size_t i = 0; i < shown; i++) {
		text[2 + 2 * i] = digits[bytes[i] >> 4];
		text[3 + 2 * i] = digits[bytes[i] & 15];
	}
	text[2 + 2 * shown] = 0;
}

static uintptr_t key_text(const struct attached *a, const struct stub_args *args, char *text)
{
	uintptr_t at = argument(args, a->key_arg);
	int n;

	if (at < PAGE)
		return at; /* told as the number it is */
	if (a->key == RULE_KEY_STRING && likely(is_address(at)) && likely(at % PAGE <= PAGE - KEY_BYTES) &&
	    likely(page_is_readable(at))) {
		memcpy(text, (const void *)at, KEY_BYTES);
		text[RACE_NOTE_KEY] = 0;
		return (uintptr_t)text;
	}
	if (a->key == RULE_KEY_STRING) {
		n = is_address(at) ? text_copy(text, at, RACE_NOTE_KEY, 1) : -1;
	} else {
		int32_t length = (int32_t)argument(args, a->length_arg);

		n = length <= 0 ? 0 : length < RACE_NOTE_KEY ? length : RACE_NOTE_KEY;
		n = is_address(at) ? text_copy(text, at, (size_t)n, 0) : -1;
	}
	if (n < 0) {
		memcpy(text, "(unreadable)", 13);
	} else {
		text[n] = 0;
		if (a->key == RULE_KEY_COUNTED && memchr(text, 0, (size_t)n))
			text_of_bytes(text, (size_t)n);
	}
	return (uintptr_t)text;
}

static inline uintptr_t key_of(const struct attached *a, const struct stub_args *args, struct stub_call *call)
{
	switch (a->key) {
	case RULE_KEY_NONE:
		return 0;
	case RULE_KEY_POINTER:
	case RULE_KEY_LONG:
		return argument(args, a->key_arg);
	case RULE_KEY_INT:
		return (uintptr_t)(intptr_t)(int32_t)argument(args, a->key_arg);
	default:
		return key_text(a, args, (char *)call->user);
	}
}

/*
 * Buckets are told apart by 32 bits. Where numbers have more (a bucket's address, a whole hash), those whose upper half is
 * not that of the first one are not known: two buckets with one number would race with each other.
 */
static uint64_t bucket_upper; /* upper half + 1 of the first bucket; 0: none yet */

static inline uint32_t bucket_of(const struct attached *a, const struct stub_args *args)
{
	uint64_t bucket, upper, first = 0;

	if (likely(a->bucket_arg == RULE_NO_ARG))
		return RACE_NO_BUCKET;
	bucket = argument(args, a->bucket_arg);
	upper = (bucket >> 32) + 1;
	if (unlikely(load_relaxed(&bucket_upper) != upper) &&
	    !__atomic_compare_exchange_n(&bucket_upper, &first, upper, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED) && first != upper)
		return RACE_NO_BUCKET;
	return (uint32_t)bucket;
}

/* ---- operations ----------------------------------------------------------------------------------------------------- */

static void operation_before(const struct stub_site *site, const struct stub_args *args, const uintptr_t *fp,
			     struct stub_call *call)
{
	const struct attached *a = site->data;
	struct race_touch touch;

	call->open.cell = NULL;
	call->t = NULL;
	call->map = place_of(a, args);
	if (unlikely(!call->map))
		return;
	touch.op = &a->op;
	touch.map = call->map;
	touch.key = key_of(a, args, call);
	touch.bucket = bucket_of(a, args);
	touch.fp = fp;
	call->t = thread_enter();
	if (unlikely(!call->t))
		return;
	op_enter(call->t, &touch, &call->open);
	thread_leave(call->t);
}

/* The common case by itself: the map is an argument in a register, neither key nor bucket are known. */
static void plain_before(const struct stub_site *site, const struct stub_args *args, const uintptr_t *fp, struct stub_call *call)
{
	const struct attached *a = site->data;
	uintptr_t map = args->arg[a->arg];
	struct race_touch touch = { &a->op, map, 0, RACE_NO_BUCKET, fp };
	struct race_thread *t = likely(is_address(map)) ? thread_enter() : NULL;

	call->open.cell = NULL;
	call->map = map;
	call->t = t;
	if (unlikely(!t))
		return;
	op_enter(t, &touch, &call->open);
	thread_leave(t);
}

static void operation_after(const struct stub_site *site, uint64_t result, const uintptr_t *fp, struct stub_call *call)
{
	struct race_thread *t = call->t;

	(void)site;
	(void)result;
	(void)fp;
	if (!call->open.cell)
		return;
	hook_reenter(t);
	op_exit(t, &call->open);
	thread_leave(t);
}

/* Entries came or went. */
static void change_after(const struct stub_site *site, uint64_t result, const uintptr_t *fp, struct stub_call *call)
{
	struct race_thread *t = call->t;

	(void)site;
	(void)result;
	(void)fp;
	if (unlikely(!t))
		return;
	hook_reenter(t);
	op_exit(t, &call->open);
	map_changed(t, call->map, 0);
	thread_leave(t);
}

/* A map whose creation was not seen has no next creation to wake it from the dead either: map_unref forgets it. */
static void destroy_after(const struct stub_site *site, uint64_t result, const uintptr_t *fp, struct stub_call *call)
{
	const struct attached *a = site->data;
	struct race_thread *t = call->t;

	(void)result;
	if (!t)
		return;
	hook_reenter(t);
	op_exit(t, &call->open);
	if (map_unref(t, call->map) == 1)
		map_destroy(t, &a->op, call->map, fp);
	thread_leave(t);
}

/* Where the new map will be known. *argN is where the function will have put it. */
static void create_before(const struct stub_site *site, const struct stub_args *args, const uintptr_t *fp,
			  struct stub_call *call)
{
	const struct attached *a = site->data;

	(void)fp;
	call->open.cell = NULL;
	call->t = NULL;
	if (a->place == PLACE_DEREF)
		call->map = argument(args, a->arg) + (uintptr_t)(intptr_t)a->offset;
	else
		call->map = a->place == PLACE_RESULT ? 0 : place_of(a, args);
}

static void create_after(const struct stub_site *site, uint64_t result, const uintptr_t *fp, struct stub_call *call)
{
	const struct attached *a = site->data;
	uintptr_t map = a->place == PLACE_RESULT ? result : a->place == PLACE_DEREF ? word_at(call->map) : call->map;
	struct race_thread *t;

	if (!is_address(map))
		return;
	t = thread_enter();
	if (!t)
		return;
	map_create(t, &a->op, map, KEY_NONE, fp);
	thread_leave(t);
}

/* ---- locks ---------------------------------------------------------------------------------------------------------- */

/* As in hooks of reader-writer locks: what readers released is a sync object of its own, so that they do not order each
 * other. */
#define READERS(lock) ((lock) + 1)

static int result_says(const struct attached *a, uint64_t result)
{
	return a->when == WHEN_ALWAYS || ((int32_t)result == 0) == (a->when == WHEN_ZERO);
}

static void acquire_before(const struct stub_site *site, const struct stub_args *args, const uintptr_t *fp,
			   struct stub_call *call)
{
	(void)fp;
	call->open.cell = NULL;
	call->t = NULL;
	call->map = place_of(site->data, args);
}

static void acquire_after(const struct stub_site *site, uint64_t result, const uintptr_t *fp, struct stub_call *call)
{
	const struct attached *a = site->data;
	uintptr_t lock = call->map;
	struct race_thread *t;

	(void)fp;
	if (!lock || !result_says(a, result))
		return;
	t = thread_enter();
	if (!t)
		return;
	sync_acquire(t, lock);
	if (a->readers && !a->read_mode)
		sync_acquire(t, READERS(lock));
	lock_held(t, lock, a->read_mode ? LOCK_RWLOCK : LOCK_OTHER, a->read_mode);
	thread_leave(t);
}

/* 1 read mode, 0 not, -1 not held by this thread. */
static int held_mode(const struct race_thread *t, uintptr_t lock)
{
	for (uint32_t i = t->nheld; i-- > 0;) {
		if (lock_word_address(t->held[i]) == lock)
			return (t->held[i] & LOCK_READ_MODE) != 0;
	}
	return -1;
}

/* The edge is there before the call, when others can begin to see it. Whether the lock was really given is known only
 * afterwards, where the rule says so: an edge too many hides a race, one too few would invent one. */
static void release_before(const struct stub_site *site, const struct stub_args *args, const uintptr_t *fp,
			   struct stub_call *call)
{
	const struct attached *a = site->data;
	uintptr_t lock = place_of(a, args);
	struct race_thread *t = lock ? thread_enter() : NULL;
	int mode;

	(void)fp;
	call->open.cell = NULL;
	call->t = t;
	call->map = lock;
	if (!t)
		return;
	mode = a->read_mode ? 1 : held_mode(t, lock);
	if (a->when == WHEN_ALWAYS)
		lock_dropped(t, lock);
	if (mode != 1)
		sync_release_join(t, lock);
	if (mode == 1 || (mode < 0 && a->readers))
		sync_release_join(t, READERS(lock));
	thread_leave(t);
}

static void release_after(const struct stub_site *site, uint64_t result, const uintptr_t *fp, struct stub_call *call)
{
	(void)fp;
	if (!call->t || !result_says(site->data, result))
		return;
	hook_reenter(call->t);
	lock_dropped(call->t, call->map);
	thread_leave(call->t);
}

/* ---- which of them ---------------------------------------------------------------------------------------------------- */

void calls_choose(struct stub_site *site, const struct attached *a)
{
	switch (a->rule->role) {
	case ROLE_CREATE:
		site->before = create_before;
		site->after = create_after;
		break;
	case RULE_ACQUIRE:
		site->before = acquire_before;
		site->after = acquire_after;
		break;
	case RULE_RELEASE:
		site->before = release_before;
		site->after = a->when == WHEN_ALWAYS ? NULL : release_after;
		break;
	default:
		site->before = a->place == PLACE_ARG && a->arg < 6 && a->key == RULE_KEY_NONE && a->bucket_arg == RULE_NO_ARG
				       ? plain_before : operation_before;
		site->after = a->rule->role == ROLE_DESTROY ? destroy_after : operation_after;
		if (a->rule->role == ROLE_INSERT || a->rule->role == ROLE_REMOVE || a->rule->role == ROLE_CLEAR ||
		    a->rule->role == ROLE_RESIZE)
			site->after = change_after;
	}
}
