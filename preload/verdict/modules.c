/* SPDX-License-Identifier: MIT */
/*
 * modules.c - which modules of the process could make an order that nobody sees, and what is known of each.
 *
 * Owns      the table of modules that were looked at, by the place of their dynamic section. Under the report lock, all of it.
 * Walks     by dl_iterate_phdr: nothing is unmapped while its callback runs. Its lock is the loader's inner one, which is not held
 *           while constructors run, so a thread inside dlopen that waits for ours does not hold it.
 * Asks      the helper what debug information says, outside that lock.
 */
#include "modules.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "../../report/report.h"
#include "../helper_host.h"
#include "../module.h"
#include "../sys/fmt.h"
#include "../sys/os.h"
#include "learn.h"

#define MODULES 512
#define NEEDED 256
#define ENOUGH 64 /* marks, and no more are counted */

/* Base names up to their version. Each either has its functions hooked, or keeps its atomics to itself. */
static const char *const modelled[] = {
	"librace", "ld-linux", "linux-vdso", "libc", "libm", "libmvec", "libdl", "librt", "libpthread", "libresolv", "libutil", "libanl", "libnsl",
	"libstdc++", "libgcc_s", "libgomp", "libomp", "libunwind",
	"libglib-2.0", "libgobject-2.0", "libgio-2.0", "libgmodule-2.0", "libgthread-2.0",
	"libQt5Core", "libcrypto", "libssl", "liburcu", "liburcu-common", "liburcu-memb", "liburcu-mb", "liburcu-qsbr", "liburcu-bp", "liburcu-signal",
	"liburcu-cds", "libuv",
	"libjson-c", "libjansson", "libxml2", "libapr-1", "libaprutil-1", "libisc", "libjemalloc", "libtcmalloc", "libtcmalloc_minimal", "libmimalloc",
	"libz", "liblzma", "libzstd", "libbz2", "liblz4", "libpcre", "libpcre2-8", "libffi", "libselinux", "libmount", "libblkid", "libuuid",
	"libcap", "libexpat", "libunistring", "libidn2", "libaudit", "libcrypt", "libtinfo", "libncursesw", "libreadline",
};

struct known {
	uintptr_t dynamic, base; /* which module */
	uint64_t id;             /* hash of its build-id or name: another module may come to its place */
	struct scan_marks marks;
	uint8_t looked, readable, asked; /* asked: the helper about debug information */
	struct helper_objects objects;
};
static struct known *known; /* [MODULES], mapped at first use */

int module_is_modelled(const char *path)
{
	const char *base = path_base(path);

	for (unsigned i = 0; i < sizeof(modelled) / sizeof(modelled[0]); i++) {
		size_t n = strlen(modelled[i]);

		if (!strncmp(base, modelled[i], n) && (!strncmp(base + n, ".so", 3) || (base[n] == '-' && !strcmp(modelled[i], "ld-linux"))))
			return 1;
		if (!strncmp(base, modelled[i], n) && base[n] == '-' && base[n + 1] >= '0' && base[n + 1] <= '9') /* libc-2.31.so */
			return 1;
	}
	return 0;
}

/* ---- the walk ------------------------------------------------------------------------------------------------------------- */

struct walk {
	uint32_t needed[NEEDED], nneeded;  /* hashes of base names that modules in question are linked with */
	const struct record *r;            /* NULL: the program and its own libraries only */
	int second;                        /* the second walk: libraries of the system that are needed */
	int stop_at_first, found;
	struct known *in_question[64];
	const char *path[64];
	uint32_t n;
};

static uint32_t name_hash(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h ? h : 1;
}

static uint64_t id_hash(const uint8_t *id, uint32_t bytes)
{
	uint64_t h = 14695981039346656037ull;

	while (bytes--)
		h = (h ^ *id++) * 1099511628211ull;
	return h;
}

static const char *path_of(const struct dl_phdr_info *info)
{
	return info->dlpi_name && info->dlpi_name[0] ? info->dlpi_name : module_program();
}

static int is_program(const struct dl_phdr_info *info)
{
	return !info->dlpi_name || !info->dlpi_name[0];
}

static uintptr_t segment_at(const struct dl_phdr_info *info, uint32_t type)
{
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type == type)
			return info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
	}
	return 0;
}

static const struct link_map *map_of(const struct dl_phdr_info *info)
{
	struct dl_find_object o;

	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type == PT_LOAD && ph->p_flags & PF_X &&
		    _dl_find_object((void *)(info->dlpi_addr + ph->p_vaddr), &o) == 0)
			return o.dlfo_link_map;
	}
	return NULL;
}

/* Names that the module is linked with. glibc has relocated the addresses in the dynamic section; other loaders may not. */
static void note_needed(struct walk *w, const struct dl_phdr_info *info)
{
	const ElfW(Dyn) *dynamic = (const ElfW(Dyn) *)segment_at(info, PT_DYNAMIC), *d;
	const char *names = NULL;

	for (d = dynamic; d && d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_STRTAB)
			names = (const char *)(d->d_un.d_ptr < info->dlpi_addr ? d->d_un.d_ptr + info->dlpi_addr : d->d_un.d_ptr);
	}
	for (d = dynamic; d && names && d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_NEEDED && w->nneeded < NEEDED)
			w->needed[w->nneeded++] = name_hash(names + d->d_un.d_val);
	}
}

static int in_stack(const struct record *r, const struct record_stack *s, uintptr_t base)
{
	for (uint32_t i = 0; i < s->nframes && i < RECORD_FRAMES; i++) {
		if (s->frames[i].module < r->nmodules && r->modules[s->frames[i].module].base == base)
			return 1;
	}
	return 0;
}

static int is_needed(const struct walk *w, const char *path)
{
	uint32_t h = name_hash(path_base(path));

	for (uint32_t i = 0; i < w->nneeded; i++) {
		if (w->needed[i] == h)
			return 1;
	}
	return 0;
}

static struct known *known_of(uintptr_t dynamic, uintptr_t base, uint64_t id)
{
	uint32_t at = (uint32_t)((dynamic >> 3) * 0x9E3779B9u) >> 7;

	for (unsigned i = 0; i < MODULES; i++) {
		struct known *k = &known[(at + i) % MODULES];

		if (k->dynamic == dynamic && k->base == base && k->id == id)
			return k;
		if (!k->dynamic || (k->dynamic == dynamic && k->base == base)) {
			memset(k, 0, sizeof(*k));
			k->dynamic = dynamic;
			k->base = base;
			k->id = id;
			return k;
		}
	}
	return NULL;
}

/* Inside dl_iterate_phdr. The code is looked at here, where it cannot be unmapped. */
static int visit(struct dl_phdr_info *info, size_t size, void *to)
{
	struct walk *w = to;
	const char *path = path_of(info);
	int mine, system = !is_program(info) && module_is_system(path);
	uintptr_t dynamic = segment_at(info, PT_DYNAMIC);
	const struct link_map *map;
	const uint8_t *id;
	uint32_t id_bytes;
	struct known *k;

	(void)size;
	if (!dynamic || (!is_program(info) && module_is_modelled(path)))
		return 0;
	mine = !system || (w->r && (in_stack(w->r, &w->r->now.stack, info->dlpi_addr) ||
				    in_stack(w->r, &w->r->before.stack, info->dlpi_addr)));
	if (mine && !w->second)
		note_needed(w, info);
	if (mine == w->second || (w->second && !is_needed(w, path)))
		return 0;
	id = module_build_id(info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum, &id_bytes);
	k = known_of(dynamic, info->dlpi_addr, id ? id_hash(id, id_bytes) : name_hash(path));
	if (!k)
		return 0;
	if (!k->looked && id && learn_module(id, id_bytes, &k->marks))
		k->looked = k->readable = 1;
	if (!k->looked) {
		map = map_of(info);
		k->readable = (uint8_t)(map && scan_module(map, ENOUGH, &k->marks));
		k->looked = 1;
		if (id && k->readable)
			learn_module_is(id, id_bytes, &k->marks);
	}
	for (unsigned i = 0; i < SCAN_MARKS; i++)
		w->found |= k->marks.count[i] != 0;
	if (w->n < sizeof(w->in_question) / sizeof(w->in_question[0])) {
		w->path[w->n] = path;
		w->in_question[w->n++] = k;
	}
	return w->stop_at_first && w->found;
}

static int start_looking(void)
{
	if (!known)
		known = os_map(MODULES * sizeof(*known));
	return known != NULL;
}

int modules_hold_atomics(void)
{
	static int answer; /* 0: not asked yet, 1 no, 2 yes */
	static struct walk w;

	if (answer)
		return answer == 2;
	if (start_looking()) {
		memset(&w, 0, sizeof(w));
		w.stop_at_first = 1;
		dl_iterate_phdr(visit, &w);
	}
	answer = w.found ? 2 : 1;
	return w.found;
}

int module_call_waits(uintptr_t return_address)
{
	uintptr_t page = return_address & ~(uintptr_t)4095, lo = page, hi = page + 4096;
	struct dl_find_object o;

	/* where nothing can be asked: the processor reads that page, too */
	if (_dl_find_object((void *)return_address, &o) || !(os_probe_ended() || os_readable(return_address)))
		return 0;
	if (lo > (uintptr_t)o.dlfo_map_start && os_readable(lo - 4096))
		lo -= 4096;
	if (hi < (uintptr_t)o.dlfo_map_end && os_readable(hi))
		hi += 4096;
	return scan_call_asks((const uint8_t *)return_address, (const uint8_t *)hi) ||
	       scan_call_waits((const uint8_t *)return_address, (const uint8_t *)lo, (const uint8_t *)hi);
}

/* ---- the ledger -------------------------------------------------------------------------------------------------------------- */

static struct record_evidence *entry(struct record *r, enum record_evidence_kind kind, const struct known *k)
{
	struct record_evidence *e;

	if (r->nevidence == RECORD_EVIDENCE)
		return NULL;
	e = &r->evidence[r->nevidence++];
	memset(e, 0, sizeof(*e));
	e->kind = (uint32_t)kind;
	e->module = module_of(r, k->dynamic);
	return e;
}

static void tell_marks(struct record *r, const struct known *k)
{
	static const uint8_t kinds[SCAN_MARKS] = { [SCAN_ATOMIC] = EVIDENCE_ATOMICS, [SCAN_FENCE] = EVIDENCE_FENCES,
						   [SCAN_PAUSE] = EVIDENCE_PAUSES, [SCAN_WAIT] = EVIDENCE_WAITS };

	for (unsigned i = 0; i < SCAN_MARKS; i++) {
		struct record_evidence *e = k->marks.count[i] ? entry(r, kinds[i], k) : NULL;

		if (e) {
			e->count = k->marks.count[i];
			e->at = k->marks.first[i];
		}
	}
	if (!k->readable)
		entry(r, EVIDENCE_UNKNOWN_CODE, k);
}

static void tell_objects(struct record *r, const struct known *k)
{
	struct record_evidence *e;

	if (k->objects.atomic && (e = entry(r, EVIDENCE_ATOMIC_OBJECT, k))) {
		e->count = k->objects.atomic;
		memcpy(e->text, k->objects.atomic_text, sizeof(e->text));
	}
	if (k->objects.is_volatile && (e = entry(r, EVIDENCE_VOLATILE_OBJECT, k))) {
		e->count = k->objects.is_volatile;
		memcpy(e->text, k->objects.volatile_text, sizeof(e->text));
	}
}

uint32_t modules_weigh(struct record *r)
{
	static struct walk w;
	uint32_t had = r->nevidence;

	if (!start_looking())
		return 0;
	memset(&w, 0, sizeof(w));
	w.r = r;
	dl_iterate_phdr(visit, &w);
	w.second = 1;
	dl_iterate_phdr(visit, &w);
	for (uint32_t i = 0; i < w.n; i++)
		tell_marks(r, w.in_question[i]);
	for (uint32_t i = 0; r->nevidence == had && i < w.n; i++) {
		struct known *k = w.in_question[i];
		struct record_module *m = NULL;
		uint32_t index;

		if (!k->asked) {
			index = module_of(r, k->dynamic);
			m = index != RECORD_NO_MODULE ? &r->modules[index] : NULL;
			k->asked = (uint8_t)(m && helper_ask_objects(m, &k->objects));
		}
		tell_objects(r, k);
	}
	return r->nevidence - had;
}
