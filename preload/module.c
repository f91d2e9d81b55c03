/* SPDX-License-Identifier: MIT */
/*
 * module.c - which file an address belongs to, without the loader's lock.
 *
 * _dl_find_object takes no lock and is async-signal-safe, unlike dladdr and dl_iterate_phdr, which wait for a thread that is
 * inside dlopen - and that thread may be waiting for ours.
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "module.h"
#include "sys/fmt.h"
#include "sys/os.h"

static char program_path[sizeof(((struct record_module *)0)->path)];
static const struct link_map *librace_map, *libc_map;

static int find(uintptr_t address, struct dl_find_object *out)
{
	return _dl_find_object((void *)address, out) == 0 && out->dlfo_link_map;
}

void module_start(void)
{
	struct dl_find_object o;

	if (os_readlink("/proc/self/exe", program_path, sizeof(program_path)) <= 0) {
		/* no /proc: as the program was called, which may be relative */
		const char *called = (const char *)getauxval(AT_EXECFN);
		struct buf b = buf_on(program_path, sizeof(program_path));

		buf_str(&b, called ? called : "");
	}
	if (find((uintptr_t)module_start, &o))
		librace_map = o.dlfo_link_map;
	if (find((uintptr_t)dlsym(RTLD_NEXT, "_exit"), &o))
		libc_map = o.dlfo_link_map;
}

const struct link_map *module_first(void)
{
	const struct link_map *map;
	struct dl_find_object o;

	if (!find((uintptr_t)module_first, &o))
		return NULL;
	for (map = o.dlfo_link_map; map->l_prev; map = map->l_prev)
		;
	return map;
}

static int belongs(uintptr_t address, const struct link_map *map)
{
	struct dl_find_object o;

	return map && find(address, &o) && o.dlfo_link_map == map;
}

const char *module_program(void)
{
	return program_path;
}

int module_is_librace(uintptr_t address)
{
	return belongs(address, librace_map);
}

int module_is_libc(uintptr_t address)
{
	return belongs(address, libc_map);
}

int module_is_program(uintptr_t address)
{
	struct dl_find_object o;

	return find(address, &o) && o.dlfo_link_map->l_name && !o.dlfo_link_map->l_name[0];
}

const uint8_t *module_build_id(uintptr_t base, const ElfW(Phdr) *ph, unsigned n, uint32_t *bytes)
{
	for (unsigned i = 0; i < n; i++) {
		const char *p = (const char *)base + ph[i].p_vaddr, *end = p + ph[i].p_memsz;

		while (ph[i].p_type == PT_NOTE && p + sizeof(ElfW(Nhdr)) <= end) {
			const ElfW(Nhdr) *note = (const void *)p;
			const char *name = p + sizeof(*note), *desc = name + ((note->n_namesz + 3) & ~3u);

			if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !memcmp(name, "GNU", 4) &&
			    note->n_descsz <= sizeof(((struct record_module *)0)->build_id) && desc + note->n_descsz <= end) {
				*bytes = note->n_descsz;
				return (const uint8_t *)desc;
			}
			p = desc + ((note->n_descsz + 3) & ~3u);
		}
	}
	*bytes = 0;
	return NULL;
}

/* By the program headers that lie behind the ELF header at the start of the first segment. */
static void take_build_id(struct record_module *m, const struct dl_find_object *o)
{
	const ElfW(Ehdr) *e = o->dlfo_map_start;
	const ElfW(Phdr) *ph;
	const uint8_t *id;
	uint32_t bytes;

	if (memcmp(e->e_ident, ELFMAG, SELFMAG) || e->e_phentsize != sizeof(*ph) || e->e_phoff > 4096)
		return;
	ph = (const ElfW(Phdr) *)((const char *)e + e->e_phoff);
	id = module_build_id(o->dlfo_link_map->l_addr, ph, e->e_phnum, &bytes);
	if (id)
		memcpy(m->build_id, id, bytes);
	m->build_id_len = (uint8_t)bytes;
}

uint32_t module_of(struct record *r, uintptr_t address)
{
	struct dl_find_object o;
	struct record_module *m;
	const char *name;
	struct buf b;

	if (!find(address, &o))
		return RECORD_NO_MODULE;
	name = o.dlfo_link_map->l_name;
	if (!name || !name[0])
		name = program_path[0] ? program_path : r->program;
	for (uint32_t i = 0; i < r->nmodules; i++) {
		if (r->modules[i].base == o.dlfo_link_map->l_addr && !strcmp(r->modules[i].path, name))
			return i;
	}
	if (r->nmodules == RECORD_MODULES)
		return RECORD_NO_MODULE;
	m = &r->modules[r->nmodules];
	memset(m, 0, sizeof(*m));
	m->base = o.dlfo_link_map->l_addr;
	b = buf_on(m->path, sizeof(m->path));
	buf_str(&b, name);
	take_build_id(m, &o);
	return r->nmodules++;
}
