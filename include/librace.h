/* SPDX-License-Identifier: MIT */
/*
 * librace.h - tell librace about a map that it cannot see by itself.
 *
 * Nothing to link. Every call below looks up a weak symbol and does nothing when it is absent: the same binary runs
 * unchanged, at the price of one load and one test a call, without librace, and is checked when it is started with
 * LD_PRELOAD=/usr/local/lib/librace.so. Works in C (C89 with GNU extensions and later) and C++, with gcc and clang, in
 * executables (-pie, -no-pie, -static) and shared libraries.
 *
 * All calls may be made by any thread at any time, from constructors and destructors too; none blocks, fails,
 * allocates by malloc or touches errno. They are macros, so that a report names the line they stand on; their
 * arguments are evaluated only when librace is there, so let them have no side effects. Memory behind an argument is
 * read during the call only: nothing passed in needs to outlive it.
 *
 * A private table needs three things:
 *
 *	table->slots = calloc(...);		race_map_create(table, "session table", RACE_UNSAFE);
 *	race_insert_begin(table);
 *	... put the entry in ...		two threads here at once, or without an order: a DATA RACE report
 *	race_insert_end(table);
 *	race_map_destroy(table);		free(table->slots);
 *
 * and where its synchronisation is invisible to librace (inline atomics, own locks), race_release() and race_acquire().
 */
#ifndef RACE_LIBRACE_H
#define RACE_LIBRACE_H

#ifdef __cplusplus
extern "C" {
#endif

/* What an operation does. All but LOOKUP, ITERATE and READ change the map. */
enum race_operation {
	RACE_OP_READ,    /* any reading access */
	RACE_OP_WRITE,   /* any changing access, also of an entry's value */
	RACE_OP_INSERT,
	RACE_OP_LOOKUP,
	RACE_OP_REMOVE,
	RACE_OP_ITERATE, /* a walk over entries; begin and end enclose the whole walk, or each of its steps */
	RACE_OP_RESIZE,  /* the whole table, whatever the contract */
	RACE_OP_CLEAR    /* likewise */
};

/* How a key is given: what `key` points to, or is. */
enum race_key {
	RACE_KEY_NONE,    /* key is not looked at */
	RACE_KEY_STRING,  /* key is the text, NUL-terminated */
	RACE_KEY_POINTER, /* key itself is the value */
	RACE_KEY_INT,     /* key points to an int */
	RACE_KEY_LONG     /* key points to a long */
};

/* What the map promises to its users. */
enum race_promise {
	RACE_UNSAFE,        /* many readers or one writer of the whole map */
	RACE_BUCKET_LOCKED, /* the same, bucket by bucket; walks, resize and clear concern the whole map */
	RACE_CONCURRENT     /* has its own locks: never a data race */
};

/* The bucket is not known, or there are none. */
#define RACE_NO_BUCKET 0xffffffffu

/*
 * race_map_create(const void *map, const char *kind, enum race_promise promise)
 *	The map at this address starts its life now: whatever was known of the address is forgotten. `map` is any
 *	address that stands for the map for as long as it lives, usually that of its header. `kind` names the family in
 *	reports ("session table"; 31 bytes are kept). A map that was never announced exists from its first operation
 *	on, with kind "map" and RACE_UNSAFE.
 * race_map_destroy(const void *map)
 *	Its life ends; counts as a change. Call it before the memory is given back. Until race_map_create() or the
 *	end of that memory a later operation is reported as USE OF DEAD MAP.
 * race_kind(const void *map, const char *kind)
 *	Names the family of a map that lives already, for one that has no moment of creation.
 * race_label(const void *map, const char *text)
 *	A name for this one map in reports ("users by id"; 47 bytes are kept).
 */
#define race_map_create(map, kind, promise) RACE_CALL_(race_api_create, ((map), (kind), (promise)))
#define race_map_destroy(map) RACE_CALL_(race_api_destroy, ((map)))
#define race_kind(map, kind) RACE_CALL_(race_api_label, ((map), (kind), 0))
#define race_label(map, text) RACE_CALL_(race_api_label, ((map), 0, (text)))

/*
 * race_begin(const void *map, enum race_operation op, unsigned bucket, const void *key, enum race_key type)
 * race_end(const void *map)
 *	Enclose one operation of the calling thread, which holds whatever locks it needs by then. They nest, 16 deep; an
 *	end without a begin is ignored; a begin without an end (longjmp, an exception) is dropped with the next
 *	operation that encloses it. `bucket`: its index, or RACE_NO_BUCKET. `key`, `type`: see enum race_key; NULL,
 *	RACE_KEY_NONE when there is none.
 */
#define race_begin(map, op, bucket, key, type) RACE_CALL_(race_api_begin, ((map), (op), (bucket), (key), (type)))
#define race_end(map) RACE_CALL_(race_api_end, ((map)))

/* The same without bucket and key. */
#define race_read_begin(map) race_begin((map), RACE_OP_READ, RACE_NO_BUCKET, 0, RACE_KEY_NONE)
#define race_read_end(map) race_end(map)
#define race_write_begin(map) race_begin((map), RACE_OP_WRITE, RACE_NO_BUCKET, 0, RACE_KEY_NONE)
#define race_write_end(map) race_end(map)
#define race_insert_begin(map) race_begin((map), RACE_OP_INSERT, RACE_NO_BUCKET, 0, RACE_KEY_NONE)
#define race_insert_end(map) race_end(map)
#define race_lookup_begin(map) race_begin((map), RACE_OP_LOOKUP, RACE_NO_BUCKET, 0, RACE_KEY_NONE)
#define race_lookup_end(map) race_end(map)
#define race_remove_begin(map) race_begin((map), RACE_OP_REMOVE, RACE_NO_BUCKET, 0, RACE_KEY_NONE)
#define race_remove_end(map) race_end(map)
#define race_iterate_begin(map) race_begin((map), RACE_OP_ITERATE, RACE_NO_BUCKET, 0, RACE_KEY_NONE)
#define race_iterate_end(map) race_end(map)
#define race_resize_begin(map) race_begin((map), RACE_OP_RESIZE, RACE_NO_BUCKET, 0, RACE_KEY_NONE)
#define race_resize_end(map) race_end(map)
#define race_clear_begin(map) race_begin((map), RACE_OP_CLEAR, RACE_NO_BUCKET, 0, RACE_KEY_NONE)
#define race_clear_end(map) race_end(map)

/*
 * race_release(const void *obj), race_acquire(const void *obj)
 *	An order that librace cannot see: all that a thread did before its race_release(obj) comes before all that a
 *	thread does after a later race_acquire(obj). Any address serves as obj. Release just before the hand-over
 *	becomes visible to others, acquire just after it was seen.
 * race_ignore_begin(), race_ignore_end()
 *	Map operations of the calling thread in between are neither checked nor remembered. They nest.
 */
#define race_acquire(obj) RACE_CALL_(race_api_acquire, ((obj)))
#define race_release(obj) RACE_CALL_(race_api_release, ((obj)))
#define race_ignore_begin() RACE_CALL_(race_api_ignore, (1))
#define race_ignore_end() RACE_CALL_(race_api_ignore, (-1))

/*
 * race_context(const char *text)
 *	What the calling thread is busy with ("req=71"; 63 bytes are kept; NULL: nothing). Reports show it beside each
 *	access made from now on.
 * race_trace_start(), race_trace_stop()
 *	Recording into the file of the option trace= goes on, or pauses. With trace_at_start=0 nothing is recorded
 *	before the first start. Without the option both do nothing.
 * race_version()
 *	The version of the librace in this process, "0.1.0", or a null pointer when there is none. Never freed.
 */
#define race_context(text) RACE_CALL_(race_api_context, ((text)))
#define race_trace_start() RACE_CALL_(race_api_trace, (1))
#define race_trace_stop() RACE_CALL_(race_api_trace, (0))
#define race_version() RACE_TEXT_(race_api_version)

/* ---- how it is reached: not for direct use ----------------------------------------------------------------- */

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#define RACE_ADDRESS_ __attribute__((access(none, 1))) /* only an address: what lies there may not be set up yet */
#else
#define RACE_ADDRESS_
#endif

typedef void race_api_create_f(const volatile void *map, const char *kind, int promise) RACE_ADDRESS_;
typedef void race_api_destroy_f(const volatile void *map) RACE_ADDRESS_;
typedef void race_api_label_f(const volatile void *map, const char *kind, const char *text) RACE_ADDRESS_;
typedef void race_api_begin_f(const volatile void *map, int op, unsigned bucket, const void *key, int type)
	RACE_ADDRESS_;
typedef void race_api_end_f(const volatile void *map) RACE_ADDRESS_;
typedef void race_api_acquire_f(const volatile void *obj) RACE_ADDRESS_;
typedef void race_api_release_f(const volatile void *obj) RACE_ADDRESS_;
typedef void race_api_ignore_f(int change);
typedef void race_api_context_f(const char *text);
typedef void race_api_trace_f(int on);
typedef const char *race_api_version_f(void);

/*
 * Test and call go through the same slot of the global offset table, which the dynamic linker fills at start. Naming
 * a weak function in C does not do: in code for -no-pie the compiler takes its address as a link-time constant, and
 * that is 0 although the library is preloaded later.
 */
#if defined(__x86_64__) && defined(__ELF__)
#define RACE_SLOT_(name, out) \
	__asm__(".weak " #name "\n\tmovq " #name "@GOTPCREL(%%rip), %0" : "=r"(out))
#elif defined(__aarch64__) && defined(__ELF__)
#define RACE_SLOT_(name, out) \
	__asm__(".weak " #name "\n\tadrp %0, :got:" #name "\n\tldr %0, [%0, :got_lo12:" #name "]" : "=r"(out))
#else /* librace does not run here */
#define RACE_SLOT_(name, out) ((void)((out) = 0))
#endif

#define RACE_CALL_(name, arguments)                   \
	__extension__({                               \
		name##_f *race_call_;                 \
		RACE_SLOT_(name, race_call_);         \
		if (__builtin_expect(!!race_call_, 0)) \
			race_call_ arguments;         \
	})
#define RACE_PRESENT_(name)                           \
	__extension__({                               \
		name##_f *race_call_;                 \
		RACE_SLOT_(name, race_call_);         \
		__builtin_expect(!!race_call_, 0);    \
	})
#define RACE_TEXT_(name)                              \
	__extension__({                               \
		name##_f *race_call_;                 \
		const char *race_text_ = 0;           \
		RACE_SLOT_(name, race_call_);         \
		if (race_call_)                       \
			race_text_ = race_call_();    \
		race_text_;                           \
	})

#ifdef __cplusplus
}
#endif

#endif
