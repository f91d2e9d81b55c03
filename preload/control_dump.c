/* SPDX-License-Identifier: MIT */
/*
 * control_dump.c - the answer to `dump`: threads with their locks, maps, and the last findings.
 *
 * Faults    nothing of the program's memory is read but through the kernel (os_peek), for it may go at any moment: a map's header, a module's
 *           header and name.
 * Waiting   what a thread waits for is a futex: its address, out of /proc, lies inside the lock; who holds that lock, librace knows.
 */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control.h"
#include "core.h"
#include "engine/view.h"
#include "host.h"
#include "json.h"
#include "module.h"
#include "sys/os.h"
#include "told.h"
#include "unwind/unwind.h"

#define THREADS 1024
#define MODULES 256
#define LOCK_BYTES 56 /* of the largest lock: pthread_rwlock_t */

/* ---- modules: those that some frame of this answer lies in -------------------------------------------------------------- */

static struct module {
	uintptr_t base;
	char path[240];
	uint8_t id[20];
	uint32_t id_bytes;
} modules[MODULES];
static uint32_t nmodules;

static void read_path(const struct link_map *map, char *to, size_t cap)
{
	uintptr_t name = 0;
	struct buf b = buf_on(to, cap);
	char c = 1;

	if (!os_peek((uintptr_t)&map->l_name, &name, sizeof(name)) || !name)
		return;
	for (; b.len + 1 < cap && os_peek(name++, &c, 1) && c;)
		buf_char(&b, c);
	if (!b.len)
		buf_str(&b, module_program());
}

static void read_build_id(struct module *m, uintptr_t start)
{
	ElfW(Ehdr) e;

	if (!os_peek(start, &e, sizeof(e)) || memcmp(e.e_ident, ELFMAG, SELFMAG))
		return;
	for (unsigned i = 0; i < e.e_phnum && i < 32; i++) {
		struct {
			ElfW(Nhdr) head;
			char name[4];
			uint8_t id[20];
		} note;
		ElfW(Phdr) ph;

		if (!os_peek(start + e.e_phoff + i * sizeof(ph), &ph, sizeof(ph)) || ph.p_type != PT_NOTE)
			continue;
		for (uintptr_t at = m->base + ph.p_vaddr, end = at + ph.p_memsz; at + sizeof(note) <= end;) {
			if (!os_peek(at, &note, sizeof(note)))
				break;
			if (note.head.n_type == NT_GNU_BUILD_ID && note.head.n_namesz == 4 && !memcmp(note.name, "GNU", 4) &&
			    note.head.n_descsz <= sizeof(note.id)) {
				memcpy(m->id, note.id, note.head.n_descsz);
				m->id_bytes = note.head.n_descsz;
				return;
			}
			at += sizeof(note.head) + ((note.head.n_namesz + 3) & ~3u) + ((note.head.n_descsz + 3) & ~3u);
		}
	}
}

/* Its index, or -1. */
static int module_at(uintptr_t address)
{
	struct dl_find_object o;
	uintptr_t base = 0;
	struct module *m;

	if (_dl_find_object((void *)address, &o) != 0 || !os_peek((uintptr_t)&o.dlfo_link_map->l_addr, &base, sizeof(base)))
		return -1;
	for (uint32_t i = 0; i < nmodules; i++) {
		if (modules[i].base == base)
			return (int)i;
	}
	if (nmodules == MODULES)
		return -1;
	m = &modules[nmodules];
	memset(m, 0, sizeof(*m));
	m->base = base;
	read_path(o.dlfo_link_map, m->path, sizeof(m->path));
	read_build_id(m, (uintptr_t)o.dlfo_map_start);
	return (int)nmodules++;
}

static void put_modules(struct buf *b)
{
	buf_str(b, ",\"modules\":[");
	for (uint32_t i = 0; i < nmodules; i++) {
		buf_str(b, i ? ",{\"path\":" : "{\"path\":");
		json_string(b, modules[i].path);
		buf_str(b, ",\"base\":");
		json_address(b, modules[i].base);
		buf_str(b, ",\"build_id\":\"");
		for (uint32_t k = 0; k < modules[i].id_bytes; k++)
			buf_fmt(b, "%c%c", "0123456789abcdef"[modules[i].id[k] >> 4], "0123456789abcdef"[modules[i].id[k] & 15]);
		buf_str(b, "\"}");
	}
	buf_char(b, ']');
}

/* "operation" and "stack": return addresses, innermost first, with the module they lie in. */
static void put_stack(struct buf *b, const char *key, uint32_t id)
{
	static uintptr_t pcs[STACK_FRAMES];
	const struct race_op *op = id ? stack_op(id) : NULL;
	unsigned n = id ? stack_frames(id, pcs, STACK_FRAMES) : 0, shown = 0;

	buf_fmt(b, ",\"%s\":{\"operation\":", key);
	if (op)
		json_string(b, op->name);
	else
		buf_str(b, "null");
	buf_str(b, ",\"frames\":[");
	for (unsigned i = 0; i < n; i++) {
		int module = module_at(pcs[i] - 1);

		if (module_is_librace(pcs[i] - 1))
			continue;
		buf_fmt(b, "%s{\"module\":%d,\"offset\":", shown++ ? "," : "", module);
		json_address(b, module >= 0 ? pcs[i] - modules[module].base : pcs[i]);
		buf_char(b, '}');
	}
	buf_str(b, "]}");
}

/* ---- threads -------------------------------------------------------------------------------------------------------------- */

static struct thread_view threads[THREADS];
static uint32_t nthreads;

static uint32_t number_of_slot(uint32_t slot)
{
	for (uint32_t i = 0; i < nthreads; i++) {
		if (threads[i].slot == slot)
			return threads[i].number;
	}
	return RACE_NO_SLOT;
}

static void put_lock(struct buf *b, uint64_t word)
{
	static const char *const types[] = { "mutex", "rwlock", "spin lock", "lock" };

	buf_str(b, "{\"address\":");
	json_address(b, lock_word_address(word));
	buf_fmt(b, ",\"type\":\"%s\",\"shared\":%s}", types[lock_word_type(word) & 3], word & LOCK_READ_MODE ? "true" : "false");
}

static uint64_t hexadecimal(const char **at)
{
	uint64_t value = 0;

	if (!strncmp(*at, "0x", 2))
		*at += 2;
	for (;; ++*at) {
		char c = **at;
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

		if (digit < 0)
			return value;
		value = value << 4 | (uint64_t)digit;
	}
}

/* The futex on which the thread sleeps; 0: on none. The kernel writes: number of the call, its arguments in hexadecimal. */
static uintptr_t futex_of(int tid)
{
	char path[64], text[256];
	struct buf p = buf_on(path, sizeof(path));
	const char *at = text;
	uint64_t word, op;
	long n;

	buf_fmt(&p, "/proc/self/task/%d/syscall", tid);
	n = os_read_file(path, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = 0;
	if (strncmp(at, "202 ", 4)) /* futex; so it is on x86-64, where control=1 is */
		return 0;
	at += 4;
	word = hexadecimal(&at);
	at += *at == ' ';
	op = hexadecimal(&at) & 127;
	return op == 0 || op == 6 || op == 9 || op == 13 ? word : 0; /* wait, lock_pi, wait_bitset, lock_pi2 */
}

static void put_wait(struct buf *b, const struct thread_view *t)
{
	uintptr_t futex = futex_of(t->tid);
	uint64_t lock = 0;
	unsigned n = 0;

	if (!futex) {
		buf_str(b, "null");
		return;
	}
	for (uint32_t i = 0; i < nthreads && !lock; i++) {
		for (uint32_t k = 0; k < threads[i].nheld && &threads[i] != t; k++) {
			if (futex - lock_word_address(threads[i].held[k]) < LOCK_BYTES)
				lock = threads[i].held[k];
		}
	}
	buf_str(b, "{\"futex\":");
	json_address(b, futex);
	buf_str(b, ",\"lock\":");
	if (lock)
		put_lock(b, lock);
	else
		buf_str(b, "null");
	buf_str(b, ",\"held_by\":[");
	for (uint32_t i = 0; i < nthreads && lock; i++) {
		for (uint32_t k = 0; k < threads[i].nheld; k++) {
			if (lock_word_address(threads[i].held[k]) == lock_word_address(lock)) {
				buf_fmt(b, "%s%u", n++ ? "," : "", threads[i].number);
				break;
			}
		}
	}
	buf_str(b, "]}");
}

static void put_thread(struct buf *b, const struct thread_view *t)
{
	struct thread_facts facts;

	memset(&facts, 0, sizeof(facts));
	thread_facts(t->number, &facts);
	buf_fmt(b, "{\"number\":%u,\"tid\":%d,\"name\":", t->number, t->tid);
	json_text(b, facts.name, sizeof(facts.name));
	buf_fmt(b, ",\"parent\":%d,\"held\":[", t->number ? (int)facts.parent : -1);
	for (uint32_t i = 0; i < t->nheld; i++) {
		if (i)
			buf_char(b, ',');
		put_lock(b, t->held[i]);
	}
	buf_fmt(b, "],\"held_more\":%u,\"inside\":[", t->held_lost);
	for (uint32_t i = 0; i < t->ninside; i++) {
		if (i)
			buf_char(b, ',');
		json_address(b, t->inside[i]);
	}
	buf_str(b, "],\"waits_for\":");
	put_wait(b, t);
	put_stack(b, "created", facts.stack);
	buf_char(b, '}');
}

/* ---- maps ----------------------------------------------------------------------------------------------------------------- */

static void put_known(struct buf *b, const char *key, int64_t value)
{
	if (value < 0)
		buf_fmt(b, ",\"%s\":null", key);
	else
		buf_fmt(b, ",\"%s\":%ld", key, (long)value);
}

static void put_access(struct buf *b, const char *key, uint64_t word, uint64_t ticks)
{
	uint32_t number = word && word != RACE_READ_SHARED ? thread_number_of(word) : RACE_NO_SLOT;
	uint64_t now = os_ticks();

	if (!word) {
		buf_fmt(b, ",\"%s\":null", key);
		return;
	}
	buf_fmt(b, ",\"%s\":{", key);
	if (word == RACE_READ_SHARED)
		buf_str(b, "\"thread\":\"several\"");
	else if (number == RACE_NO_SLOT)
		buf_str(b, "\"thread\":null");
	else
		buf_fmt(b, "\"thread\":%u", number);
	put_known(b, "ago_ns", ticks && now > ticks ? (int64_t)ticks_to_ns(now - ticks) : -1);
	buf_char(b, '}');
}

static void put_map(struct buf *b, const struct map_view *m)
{
	static const char *const states[] = { "free", "live", "destroyed", "exempt" };
	struct map_size size = { -1, -1, -1 };
	uint32_t inside = m->inside == RACE_NO_SLOT ? RACE_NO_SLOT : number_of_slot(m->inside);

	if (m->state != CELL_DEAD)
		map_size_read(m->kind, m->map, &size);
	buf_str(b, "{\"address\":");
	json_address(b, m->map);
	buf_str(b, ",\"kind\":");
	json_string(b, m->kind ? m->kind->name : "map");
	buf_str(b, ",\"label\":");
	json_text(b, m->label, sizeof(m->label));
	buf_fmt(b, ",\"state\":\"%s\"", states[m->state & 3]);
	put_known(b, "entries", size.entries);
	put_known(b, "buckets", size.buckets);
	put_known(b, "tombstones", size.used >= 0 && size.entries >= 0 && size.used >= size.entries ? size.used - size.entries : -1);
	put_known(b, "operations", m->ops < 255 ? (int64_t)m->ops : -1);
	put_known(b, "created_by", m->created_stack ? (int64_t)m->created_thread : -1);
	put_known(b, "writer_inside", inside == RACE_NO_SLOT ? -1 : (int64_t)inside);
	put_access(b, "last_write", m->written, m->written_ticks);
	put_access(b, "last_read", m->read, m->read_ticks);
	put_stack(b, "created", m->created_stack);
	buf_char(b, '}');
}

static void put_maps(struct buf *b, uintptr_t map, uint32_t limit)
{
	struct maps_cursor cursor = { 0, 0 };
	uint32_t n = 0, total = 0;
	struct map_view m;

	buf_str(b, ",\"maps\":[");
	while (map ? map_view_of(map, &m) && !total : map_view_next(&cursor, &m)) {
		total++;
		if (n >= limit && !map)
			continue;
		if (n++)
			buf_char(b, ',');
		put_map(b, &m);
	}
	buf_fmt(b, "],\"maps_known\":%u", total);
}

/* ---- findings ------------------------------------------------------------------------------------------------------------- */

static void put_side(struct buf *b, const char *key, uint32_t thread, uint32_t write, uint32_t nlocks, const uint64_t *locks,
		     uint32_t stack)
{
	buf_fmt(b, ",\"%s\":{\"access\":\"%s\"", key, write ? "write" : "read");
	put_known(b, "thread", thread == RACE_NO_SLOT ? -1 : (int64_t)thread);
	buf_fmt(b, ",\"locks_held\":%u,\"locks\":[", nlocks);
	for (uint32_t i = 0; i < nlocks && i < RACE_NOTE_LOCKS; i++) {
		if (i)
			buf_char(b, ',');
		put_lock(b, locks[i]);
	}
	buf_char(b, ']');
	put_stack(b, "stack", stack);
	buf_char(b, '}');
}

static void put_findings(struct buf *b)
{
	static const char *const how[] = { "printed", "suppressed", "over max_reports" };
	uint32_t last = told_count(), shown = 0;
	struct told t;

	buf_str(b, ",\"findings\":[");
	for (uint32_t n = last > TOLD_KEPT ? last - TOLD_KEPT + 1 : 1; n <= last; n++) {
		if (!told_get(n, &t))
			continue;
		buf_fmt(b, "%s{\"number\":%u,\"sequence\":%u,\"kind\":\"%s\",\"class\":", shown++ ? "," : "", t.number, t.sequence,
			told_kind_names[t.kind & 3]);
		if (t.kind == RECORD_RACE)
			buf_fmt(b, "\"%s\"", told_verdict_names[t.verdict % 3]);
		else
			buf_str(b, "null");
		buf_fmt(b, ",\"cause\":\"%s\",\"outcome\":\"%s\",\"time_ns\":%lu,\"gap_ns\":%lu", told_cause_names[t.cause & 7], how[t.how % 3],
			(unsigned long)t.wall_ns, (unsigned long)t.gap_ns);
		buf_str(b, ",\"map\":{\"address\":");
		json_address(b, t.map);
		buf_str(b, ",\"kind\":");
		json_string(b, t.map_kind ? t.map_kind->name : "map");
		buf_str(b, ",\"label\":");
		json_text(b, t.label, sizeof(t.label));
		buf_char(b, '}');
		put_side(b, "current", t.now_thread, t.now_write, t.now_nlocks, t.now_locks, t.now_stack);
		put_side(b, "previous", t.before_thread, t.before_write, t.before_nlocks, t.before_locks, t.before_stack);
		buf_char(b, '}');
	}
	buf_fmt(b, "],\"findings_told\":%u", last);
}

void control_dump(struct buf *b, uintptr_t map, uint32_t limit)
{
	uint32_t all = thread_views(threads, THREADS);

	nmodules = 0;
	nthreads = all < THREADS ? all : THREADS;
	buf_str(b, ",\"threads\":[");
	for (uint32_t i = nthreads; i-- > 0;) { /* the list has the newest first */
		put_thread(b, &threads[i]);
		if (i)
			buf_char(b, ',');
	}
	buf_fmt(b, "],\"threads_running\":%u", all);
	put_maps(b, map, limit);
	put_findings(b);
	put_modules(b);
}
