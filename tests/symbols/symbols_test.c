/* SPDX-License-Identifier: MIT */
/*
 * symbols_test.c - preload/patch/symbols.c: real libraries against readelf, one library with every sort of symbol, ruins.
 *
 * Run in the root of the repository; VICTIMS names the folder of the libraries that rules.mk builds.
 */
#include <dlfcn.h>
#include <errno.h>
#include <sys/mman.h>

#include "tests/tap.h"

#include "preload/patch/symbols.h"
#include "preload/sys/fmt.h"

#include "lists.h"
#include "ruins.h"

int test_exported_by_the_program(int x);
__attribute__((noinline)) int test_exported_by_the_program(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 1;
}

static const char *const libraries[] = {
	"libc.so.6", "libstdc++.so.6", "libglib-2.0.so.0", "libcrypto.so.3", "libxml2.so.2", "libQt5Core.so.5", "libz.so.1",
};
#define LIBRARIES (sizeof(libraries) / sizeof(libraries[0]))

static const char *victim(const char *name)
{
	static char path[512];
	const char *folder = getenv("VICTIMS");

	snprintf(path, sizeof(path), "%s/%s", folder ? folder : "build/tests/symbols", name);
	return path;
}

static struct link_map *load(const char *path)
{
	struct link_map *map = NULL;
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (handle)
		dlinfo(handle, RTLD_DI_LINKMAP, &map);
	return map;
}

static struct link_map *program_map(void)
{
	return load(NULL);
}

static void self(char *to, size_t cap)
{
	ssize_t n = readlink("/proc/self/exe", to, cap - 1);

	ck_assert(n > 0);
	to[n] = 0;
}

/* ---- real libraries ---------------------------------------------------------------------------------------------- */

START_TEST(exports_of_real_libraries_are_those_of_readelf)
{
	size_t i, found = 0;

	for (i = 0; i < LIBRARIES; i++) {
		struct link_map *map = load(libraries[i]);
		struct list ours = { 0 }, theirs;
		struct elf_module m;

		if (!map)
			continue;
		ck_assert_int_eq(elf_module_read(&m, map, NULL), 0);
		ck_assert_str_eq(m.soname, libraries[i]);
		ours.base = m.base;
		ck_assert_int_eq(elf_export_each(&m, collect, &ours), 0);
		list_sort(&ours);
		list_readelf(&theirs, m.path, "FUNC", 1);
		ck_assert_msg(theirs.n > 50, "readelf names %zu functions of %s", theirs.n, m.path);
		lists_equal(&ours, &theirs, m.path);
		found++;
		list_free(&ours);
		list_free(&theirs);
	}
	ck_assert_uint_ge(found, 2); /* libc and libstdc++ are everywhere */
}
END_TEST

START_TEST(each_export_is_found_by_its_name_and_no_other_name_is)
{
	size_t i, k;

	for (i = 0; i < LIBRARIES; i++) {
		struct link_map *map = load(libraries[i]);
		struct list ours = { 0 };
		struct elf_symbol s;
		struct elf_module m;
		char other[4096];

		if (!map)
			continue;
		ck_assert_int_eq(elf_module_read(&m, map, NULL), 0);
		ours.base = m.base;
		elf_export_each(&m, collect, &ours);
		for (k = 0; k < ours.n; k++) {
			const struct listed *want = &ours.at[k];

			ck_assert_msg(elf_export_find(&m, want->name, elf_gnu_hash(want->name), &s), "%s", want->name);
			ck_assert_msg(s.address - m.base == want->value && s.bytes == want->size, "%s", want->name);
			snprintf(other, sizeof(other), "%s_not_there", want->name);
			ck_assert_msg(!elf_export_find(&m, other, elf_gnu_hash(other), &s), "%s", other);
		}
		list_free(&ours);
	}
}
END_TEST

START_TEST(an_export_is_what_the_loader_finds)
{
	static const char *const names[] = { "malloc", "pthread_mutex_lock", "pthread_cond_wait", "tsearch", "setenv", "fopen" };
	struct elf_module m;
	size_t i;

	ck_assert_int_eq(elf_module_read(&m, load("libc.so.6"), NULL), 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *handle = dlopen("libc.so.6", RTLD_NOW);
		struct elf_symbol s;

		ck_assert_msg(elf_export_find(&m, names[i], elf_gnu_hash(names[i]), &s), "%s", names[i]);
		ck_assert_msg(s.address == (uintptr_t)dlsym(handle, names[i]), "%s", names[i]);
	}
}
END_TEST

START_TEST(a_function_chosen_at_run_time_and_data_are_no_functions)
{
	struct elf_module m;
	struct elf_symbol s;

	ck_assert_int_eq(elf_module_read(&m, load("libc.so.6"), NULL), 0);
	ck_assert(!elf_export_find(&m, "memcpy", elf_gnu_hash("memcpy"), &s)); /* IFUNC on x86-64 */
	ck_assert(!elf_export_find(&m, "environ", elf_gnu_hash("environ"), &s));
	ck_assert(elf_export_object(&m, "stdout", elf_gnu_hash("stdout"), &s));
	ck_assert_uint_eq(s.bytes, 8);
	ck_assert(!elf_export_object(&m, "malloc", elf_gnu_hash("malloc"), &s));
}
END_TEST

START_TEST(the_files_of_loaded_modules_open_and_their_code_is_unchanged)
{
	struct link_map *map = program_map();
	int checked = 0;
	char path[512];

	self(path, sizeof(path));
	for (; map; map = map->l_next) {
		struct elf_module m;
		struct elf_file f;

		if (elf_module_read(&m, map, path) != 0)
			continue;
		ck_assert_msg(elf_file_open(&f, &m) == 0, "%s does not open", m.path);
		ck_assert_msg(elf_file_same(&f, &m, m.text_lo, 64), "%s: the code differs", m.path);
		ck_assert_msg(!elf_file_same(&f, &m, m.hi, 1), "%s: what is not in the file is the same", m.path);
		elf_file_close(&f);
		checked++;
	}
	ck_assert_int_ge(checked, 3); /* the program, libc, ld.so */
}
END_TEST

START_TEST(the_vdso_is_no_module)
{
	struct link_map *map = program_map();
	int seen = 0;

	for (; map; map = map->l_next) {
		struct elf_module m;

		if (map->l_name && !strncmp(map->l_name, "linux-vdso", 10)) {
			ck_assert_int_eq(elf_module_read(&m, map, NULL), -1);
			seen++;
		}
	}
	ck_assert_int_le(seen, 1); /* some machines have none */
}
END_TEST

START_TEST(reading_a_module_keeps_errno)
{
	struct elf_module m;
	struct elf_file f;
	char path[512];

	self(path, sizeof(path));
	errno = 77;
	ck_assert_int_eq(elf_module_read(&m, program_map(), path), 0);
	ck_assert_int_eq(elf_file_open(&f, &m), 0);
	elf_file_open_debug(&f, &m);
	ck_assert_int_eq(errno, 77);
}
END_TEST

/* ---- the program ------------------------------------------------------------------------------------------------- */

START_TEST(the_program_is_known_by_the_path_it_is_given)
{
	struct elf_module m;
	char path[512];

	self(path, sizeof(path));
	ck_assert_int_eq(elf_module_read(&m, program_map(), path), 0);
	ck_assert(m.is_program);
	ck_assert_str_eq(m.path, path);
	ck_assert_str_eq(m.name, path_base(path));
	ck_assert((uintptr_t)test_exported_by_the_program >= m.text_lo && (uintptr_t)test_exported_by_the_program < m.text_hi);
	ck_assert_int_eq(elf_module_read(&m, load("libc.so.6"), path), 0);
	ck_assert(!m.is_program && !strcmp(m.name, "libc.so.6"));
}
END_TEST

START_TEST(the_program_opens_even_when_its_path_leads_elsewhere)
{
	struct elf_module m;
	struct elf_file f;
	struct list l = { 0 };

	ck_assert_int_eq(elf_module_read(&m, program_map(), "/lib/x86_64-linux-gnu/libc.so.6"), 0);
	ck_assert_int_eq(elf_file_open(&f, &m), 0);
	l.base = 0;
	elf_file_each(&f, 0, collect, &l);
	ck_assert_uint_gt(l.n, 10);
	elf_file_close(&f);
	list_free(&l);
}
END_TEST

START_TEST(symtab_of_the_program_is_that_of_readelf)
{
	struct list ours = { 0 }, theirs;
	struct elf_module m;
	struct elf_file f;
	char path[512];
	size_t i;
	int objects, file_seen = 0;

	self(path, sizeof(path));
	ck_assert_int_eq(elf_module_read(&m, program_map(), path), 0);
	ck_assert_int_eq(elf_file_open(&f, &m), 0);
	for (objects = 0; objects < 2; objects++) {
		ours.base = m.base;
		elf_file_each(&f, objects, collect, &ours);
		list_sort(&ours);
		list_readelf(&theirs, path, objects ? "OBJECT" : "FUNC", 0);
		ck_assert_uint_gt(theirs.n, 5);
		lists_equal(&ours, &theirs, objects ? "objects" : "functions");
		for (i = 0; i < ours.n; i++) {
			if (!strcmp(ours.at[i].name, "by_name"))
				file_seen = ours.at[i].file && !strcmp(ours.at[i].file, "symbols_test.c") && !ours.at[i].global;
			if (!strcmp(ours.at[i].name, "test_exported_by_the_program"))
				ck_assert(ours.at[i].global && !ours.at[i].file &&
					  ours.at[i].value + m.base == (uintptr_t)test_exported_by_the_program);
		}
		list_free(&ours);
		list_free(&theirs);
	}
	ck_assert_msg(file_seen, "the local by_name is not told to be of symbols_test.c");
	elf_file_close(&f);
}
END_TEST

/* ---- one library, every sort of symbol --------------------------------------------------------------------------- */

static void victim_is_read(const char *name, int exports)
{
	struct list l = { 0 };
	struct elf_module m;
	struct elf_symbol s;
	struct link_map *map = load(victim(name));
	int (*call)(int);

	ck_assert_msg(map != NULL, "%s", dlerror());
	ck_assert_int_eq(elf_module_read(&m, map, NULL), 0);
	ck_assert_str_eq(m.soname, "libvictim.so.1");
	ck_assert_str_eq(m.name, name);
	ck_assert(m.path[0] == '/');
	ck_assert_uint_eq(m.nbuild_id, 20);
	elf_export_each(&m, collect, &l);
	ck_assert_int_eq((int)l.n, exports);
	list_free(&l);
	ck_assert(elf_export_find(&m, "victim_plain", elf_gnu_hash("victim_plain"), &s) && s.global && s.bytes > 0);
	ck_assert(elf_export_find(&m, "victim_weak", elf_gnu_hash("victim_weak"), &s) && s.global);
	/* Two versions: the default one. */
	ck_assert(elf_export_find(&m, "victim_call", elf_gnu_hash("victim_call"), &s));
	*(void **)&call = (void *)s.address;
	ck_assert_int_eq(call(1), 1 * 2 + 7 + 2);
	ck_assert(!elf_export_find(&m, "victim_local", elf_gnu_hash("victim_local"), &s));
	ck_assert(!elf_export_find(&m, "victim_indirect", elf_gnu_hash("victim_indirect"), &s));
	ck_assert(elf_export_object(&m, "victim_data", elf_gnu_hash("victim_data"), &s) && s.bytes == 16);
	ck_assert_int_eq(((const int *)s.address)[3], 4);
	ck_assert(!elf_export_object(&m, "victim_thread_local", elf_gnu_hash("victim_thread_local"), &s));
}

START_TEST(a_gnu_hash_table_gives_the_default_versions)
{
	struct elf_module m;

	victim_is_read("victim_gnu.so", 3);
	elf_module_read(&m, load(victim("victim_gnu.so")), NULL);
	ck_assert(m.gnu_hash && !m.sysv_hash);
}
END_TEST

START_TEST(a_sysv_hash_table_does_the_same)
{
	struct elf_module m;

	victim_is_read("victim_sysv.so", 3);
	elf_module_read(&m, load(victim("victim_sysv.so")), NULL);
	ck_assert(!m.gnu_hash && m.sysv_hash);
}
END_TEST

START_TEST(a_library_linked_to_an_address_of_its_own_is_read)
{
	struct elf_module m;

	victim_is_read("victim_far.so", 3);
	elf_module_read(&m, load(victim("victim_far.so")), NULL);
	ck_assert_uint_ne(m.base, m.lo); /* else the linker did not do what the test needs */
}
END_TEST

static int stop_at_weak(const struct elf_symbol *s, void *to)
{
	return strcmp(s->name, "victim_weak") ? 0 : 42;
}

START_TEST(a_visit_ends_when_it_says_so)
{
	struct elf_module m;
	struct elf_file f;

	ck_assert_int_eq(elf_module_read(&m, load(victim("victim_gnu.so")), NULL), 0);
	ck_assert_int_eq(elf_export_each(&m, stop_at_weak, NULL), 42);
	ck_assert_int_eq(elf_file_open(&f, &m), 0);
	ck_assert_int_eq(elf_file_each(&f, 0, stop_at_weak, NULL), 42);
	elf_file_close(&f);
}
END_TEST

START_TEST(a_stripped_file_opens_and_has_no_symbols)
{
	struct elf_module m;
	struct elf_file f;
	struct list l = { 0 };

	victim_is_read("victim_stripped.so", 3);
	ck_assert_int_eq(elf_module_read(&m, load(victim("victim_stripped.so")), NULL), 0);
	ck_assert_int_eq(elf_file_open(&f, &m), 0);
	ck_assert(f.symtab == NULL);
	elf_file_each(&f, 0, collect, &l);
	ck_assert_uint_eq(l.n, 0);
	elf_file_close(&f);
	ck_assert_int_eq(elf_file_open_debug(&f, &m), -1);
}
END_TEST

START_TEST(a_debug_file_gives_symbols_and_no_code)
{
	size_t bytes;
	struct elf_module m;
	struct elf_file f;
	struct list l = { 0 };
	uint8_t *file = file_load(victim("victim_gnu.so"), &bytes);
	struct elf_module other;

	/* The whole library has what a debug file has: the build-id in a note section, and the symbols. */
	ck_assert_int_eq(elf_module_read(&m, load(victim("victim_stripped.so")), NULL), 0);
	ck_assert_int_eq(elf_file_read(&f, &m, file, bytes, 1), 0);
	l.base = m.base;
	elf_file_each(&f, 0, collect, &l);
	ck_assert_uint_gt(l.n, 3);
	ck_assert(!elf_file_same(&f, &m, m.text_lo, 16));
	list_free(&l);
	/* That of another library is refused. */
	ck_assert_int_eq(elf_module_read(&other, load("libc.so.6"), NULL), 0);
	ck_assert_int_eq(elf_file_read(&f, &other, file, bytes, 1), -1);
	free(file);
}
END_TEST

START_TEST(another_file_under_the_same_path_is_refused)
{
	struct elf_module m;
	struct elf_file f;
	size_t bytes, i;
	uint8_t *file = file_load(victim("victim_gnu.so"), &bytes);

	ck_assert_int_eq(elf_module_read(&m, load(victim("victim_gnu.so")), NULL), 0);
	ck_assert_int_eq(elf_file_read(&f, &m, file, bytes, 0), 0);
	/* One bit of the build-id, wherever it is in the file. */
	for (i = 0; i + 20 <= bytes; i++)
		if (!memcmp(file + i, m.build_id, 20))
			file[i + 7] ^= 1;
	ck_assert_int_eq(elf_file_read(&f, &m, file, bytes, 0), -1);
	free(file);
	file = file_load(victim("victim_sysv.so"), &bytes);
	ck_assert_int_eq(elf_file_read(&f, &m, file, bytes, 0), -1);
	free(file);
}
END_TEST

START_TEST(a_byte_written_into_the_code_is_noticed)
{
	struct elf_module m;
	struct elf_file f;
	struct elf_symbol s;
	uintptr_t page;

	ck_assert_int_eq(elf_module_read(&m, load(victim("victim_gnu.so")), NULL), 0);
	ck_assert_int_eq(elf_file_open(&f, &m), 0);
	ck_assert(elf_export_find(&m, "victim_plain", elf_gnu_hash("victim_plain"), &s));
	ck_assert(elf_file_same(&f, &m, s.address, s.bytes));
	page = s.address & ~(uintptr_t)4095;
	ck_assert_int_eq(mprotect((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
	*(volatile uint8_t *)s.address = 0xcc; /* as a debugger does */
	ck_assert(!elf_file_same(&f, &m, s.address, s.bytes));
	ck_assert(elf_file_same(&f, &m, s.address + 1, s.bytes - 1));
	elf_file_close(&f);
}
END_TEST

START_TEST(a_path_too_long_to_keep_still_opens)
{
	char folder[400] = "/tmp/symbols_test.XXXXXX", path[600], command[1200];
	struct elf_module m;
	struct elf_file f;
	struct link_map *map;
	size_t n;

	ck_assert(mkdtemp(folder) != NULL);
	n = strlen(folder);
	memset(folder + n, 'x', 250);
	folder[n] = '/';
	folder[n + 250] = 0;
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	snprintf(path, sizeof(path), "%s/victim.so", folder);
	snprintf(command, sizeof(command), "cp '%s' '%s'", victim("victim_gnu.so"), path);
	ck_assert_int_eq(system(command), 0);
	map = load(path);
	unlink(path);
	ck_assert(map != NULL);
	ck_assert_int_eq(elf_module_read(&m, map, NULL), 0);
	ck_assert(m.path_cut);
	ck_assert_int_eq(elf_file_open(&f, &m), -1); /* deleted meanwhile */
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(elf_file_open(&f, &m), 0);
	elf_file_close(&f);
	unlink(path);
	rmdir(folder);
	folder[n] = 0;
	rmdir(folder);
}
END_TEST

/* ---- ruins ------------------------------------------------------------------------------------------------------- */

static int touch(const struct elf_symbol *s, void *to)
{
	*(size_t *)to += strlen(s->name) + (s->file ? strlen(s->file) : 0) + (s->address & 1);
	return 0;
}

static void read_all(const struct elf_file *f, const struct elf_module *m)
{
	size_t sum = 0;

	elf_file_each(f, 0, touch, &sum);
	elf_file_each(f, 1, touch, &sum);
	elf_file_same(f, m, m->text_lo, m->text_hi - m->text_lo);
	elf_file_same(f, m, m->hi - 8, 8);
}

START_TEST(a_truncated_file_reads_to_its_end_and_no_further)
{
	size_t bytes, n;
	uint8_t *file = file_load(victim("victim_gnu.so"), &bytes);
	struct elf_module m;
	struct elf_file f;
	int accepted = 0;

	ck_assert_int_eq(elf_module_read(&m, load(victim("victim_gnu.so")), NULL), 0);
	for (n = 0; n < bytes; n += n < 2048 ? 1 : 13) {
		uint8_t *cut = malloc(n ? n : 1);
		int debug;

		memcpy(cut, file, n);
		for (debug = 0; debug < 2; debug++) {
			if (elf_file_read(&f, &m, cut, n, debug) == 0) {
				read_all(&f, &m);
				accepted++;
			}
		}
		free(cut);
	}
	ck_assert_int_gt(accepted, 100); /* the check went past the header */
	free(file);
}
END_TEST

/* Flips bits in a range of the file, and reads what is left. */
static int flip_file(const struct elf_module *m, const uint8_t *file, size_t bytes, size_t from, size_t to, int rounds, uint64_t seed)
{
	uint8_t *copy = malloc(bytes);
	int accepted = 0;

	while (rounds--) {
		int flips = 1 + (int)(next_random(&seed) % 12), debug;
		struct elf_file f;

		memcpy(copy, file, bytes);
		while (flips--) {
			size_t at = from + next_random(&seed) % (to - from);
			uint64_t how = next_random(&seed);

			copy[at] = how % 4 == 0 ? 0xff : how % 4 == 1 ? 0 : (uint8_t)(copy[at] ^ 1u << how / 4 % 8);
		}
		for (debug = 0; debug < 2; debug++) {
			if (elf_file_read(&f, m, copy, bytes, debug) == 0) {
				read_all(&f, m);
				accepted++;
			}
		}
	}
	free(copy);
	return accepted;
}

START_TEST(flipped_bits_in_a_file_never_lead_outside)
{
	size_t bytes, symtab;
	uint8_t *file = file_load(victim("victim_gnu.so"), &bytes);
	const Elf64_Ehdr *e = (const Elf64_Ehdr *)file;
	struct elf_module m;
	struct elf_file f;

	ck_assert_int_eq(elf_module_read(&m, load(victim("victim_gnu.so")), NULL), 0);
	ck_assert_int_eq(elf_file_read(&f, &m, file, bytes, 0), 0);
	symtab = (size_t)(f.symtab - file);
	flip_file(&m, file, bytes, 0, bytes, 2000, 1);
	flip_file(&m, file, bytes, 0, 64, 4000, 2);
	ck_assert_int_gt(flip_file(&m, file, bytes, e->e_shoff, bytes, 4000, 3), 1000);
	ck_assert_int_gt(flip_file(&m, file, bytes, symtab, symtab + f.nsymbols * 24, 2000, 4), 1000);
	ck_assert_int_gt(flip_file(&m, file, bytes, 40, 64, 4000, 5), 100); /* e_shoff, e_shentsize, e_shnum ... */
	free(file);
}
END_TEST

static int flip_module(const char *name, size_t from, size_t to, int rounds, uint64_t seed)
{
	size_t bytes, sum = 0;
	uint8_t *file = file_load(victim(name), &bytes);
	struct ruin r;
	int accepted = 0;

	while (rounds--) {
		int flips = 1 + (int)(next_random(&seed) % 8);
		struct elf_module m;
		struct elf_symbol s;

		ruin_build(&r, file);
		if (!from && !to) { /* the dynamic section */
			from = r.dynamic;
			to = r.dynamic + r.ndynamic;
		}
		while (flips--) {
			size_t at = from + next_random(&seed) % (to - from);
			uint64_t how = next_random(&seed);

			r.image[at] = how % 4 == 0 ? 0xff : how % 4 == 1 ? 0 : (uint8_t)(r.image[at] ^ 1u << how / 4 % 8);
		}
		if (elf_module_read(&m, &r.map, NULL) == 0) {
			elf_export_each(&m, touch, &sum);
			elf_export_find(&m, "victim_call", elf_gnu_hash("victim_call"), &s);
			elf_export_find(&m, "victim_none", elf_gnu_hash("victim_none"), &s);
			elf_export_object(&m, "victim_data", elf_gnu_hash("victim_data"), &s);
			sum += m.soname ? strlen(m.soname) : 0;
			accepted++;
		}
		ruin_free(&r);
	}
	free(file);
	return accepted;
}

START_TEST(flipped_bits_in_a_mapped_module_never_lead_outside)
{
	static const char *const names[] = { "victim_gnu.so", "victim_sysv.so" };
	size_t i;

	for (i = 0; i < 2; i++) {
		size_t bytes, headers;
		uint8_t *file = file_load(victim(names[i]), &bytes);
		const Elf64_Ehdr *e = (const Elf64_Ehdr *)file;
		const Elf64_Phdr *p = (const Elf64_Phdr *)(file + e->e_phoff);

		headers = e->e_phoff + (size_t)e->e_phnum * e->e_phentsize;
		ck_assert_int_gt(flip_module(names[i], 0, 0, 3000, 11 + i), 2000);
		/* Behind the headers in the first segment: notes, hash tables, symbols, strings, versions. */
		ck_assert_int_eq(p[0].p_type, PT_LOAD);
		ck_assert_int_eq(flip_module(names[i], headers, p[0].p_filesz, 3000, 21 + i), 3000);
		free(file);
	}
}
END_TEST

/* The strings moved to the end of the file, and no NUL behind the last one. */
START_TEST(strings_of_a_file_that_do_not_end_are_cut)
{
	size_t bytes, i, n, from = 0;
	uint8_t *file = file_load(victim("victim_gnu.so"), &bytes), *longer;
	const Elf64_Ehdr *e = (const Elf64_Ehdr *)file;
	Elf64_Shdr *s;
	struct elf_module m;
	struct elf_file f;
	struct list l = { 0 };

	ck_assert_int_eq(elf_module_read(&m, load(victim("victim_gnu.so")), NULL), 0);
	ck_assert_int_eq(elf_file_read(&f, &m, file, bytes, 0), 0);
	elf_file_each(&f, 0, collect, &l);
	from = (size_t)(f.strtab - file);
	n = f.nstrings;
	longer = malloc(bytes + n - 1);
	memcpy(longer, file, bytes);
	memcpy(longer + bytes, file + from, n - 1); /* without the last NUL */
	s = (Elf64_Shdr *)(longer + e->e_shoff);
	for (i = 0; i < e->e_shnum; i++) {
		if (s[i].sh_type == SHT_STRTAB && s[i].sh_offset == from) {
			s[i].sh_offset = bytes;
			s[i].sh_size = n - 1;
		}
	}
	ck_assert_int_eq(elf_file_read(&f, &m, longer, bytes + n - 1, 0), 0);
	ck_assert_uint_lt(f.nstrings, n - 1);
	n = l.n;
	list_free(&l);
	elf_file_each(&f, 0, collect, &l); /* reads each name to its end */
	ck_assert_uint_ge(l.n + 1, n);
	list_free(&l);
	free(longer);
	free(file);
}
END_TEST

START_TEST(strings_of_a_module_that_do_not_end_are_cut)
{
	size_t bytes;
	uint8_t *file = file_load(victim("victim_gnu.so"), &bytes);
	struct elf_module m;
	struct elf_symbol s;
	Elf64_Dyn *d;
	size_t whole;
	struct ruin r;

	ruin_build(&r, file);
	ck_assert_int_eq(elf_module_read(&m, &r.map, NULL), 0);
	whole = m.nstrings;
	ck_assert(elf_export_find(&m, "victim_plain", elf_gnu_hash("victim_plain"), &s));
	/* Two bytes into that name: it must not be found by what lies behind the strings. */
	for (d = r.map.l_ld; d->d_tag != DT_STRSZ; d++)
		;
	d->d_un.d_val = (size_t)(s.name - m.strings) + 2;
	ck_assert_int_eq(elf_module_read(&m, &r.map, NULL), 0);
	ck_assert_uint_le(m.nstrings, d->d_un.d_val - 2);
	ck_assert_uint_lt(m.nstrings, whole);
	ck_assert(!elf_export_find(&m, "victim_plain", elf_gnu_hash("victim_plain"), &s));
	ruin_free(&r);
	free(file);
}
END_TEST

START_TEST(an_unrelocated_module_is_read_as_a_relocated_one)
{
	size_t bytes;
	uint8_t *file = file_load(victim("victim_gnu.so"), &bytes);
	struct list fresh = { 0 }, loaded = { 0 };
	struct elf_module m;
	struct ruin r;

	ruin_build(&r, file);
	ck_assert_int_eq(elf_module_read(&m, &r.map, NULL), 0);
	ck_assert_str_eq(m.soname, "libvictim.so.1");
	ck_assert_str_eq(m.path, "/nowhere/libruin.so");
	fresh.base = m.base;
	elf_export_each(&m, collect, &fresh);
	ck_assert_int_eq(elf_module_read(&m, load(victim("victim_gnu.so")), NULL), 0);
	loaded.base = m.base;
	elf_export_each(&m, collect, &loaded);
	list_sort(&fresh);
	list_sort(&loaded);
	ck_assert_uint_eq(fresh.n, 3);
	lists_equal(&fresh, &loaded, "fresh and loaded");
	list_free(&fresh);
	list_free(&loaded);
	ruin_free(&r);
	free(file);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("symbols");

	TAP_ADD(s, exports_of_real_libraries_are_those_of_readelf);
	TAP_ADD(s, each_export_is_found_by_its_name_and_no_other_name_is);
	TAP_ADD(s, an_export_is_what_the_loader_finds);
	TAP_ADD(s, a_function_chosen_at_run_time_and_data_are_no_functions);
	TAP_ADD(s, the_files_of_loaded_modules_open_and_their_code_is_unchanged);
	TAP_ADD(s, the_vdso_is_no_module);
	TAP_ADD(s, reading_a_module_keeps_errno);
	TAP_ADD(s, the_program_is_known_by_the_path_it_is_given);
	TAP_ADD(s, the_program_opens_even_when_its_path_leads_elsewhere);
	TAP_ADD(s, symtab_of_the_program_is_that_of_readelf);
	TAP_ADD(s, a_gnu_hash_table_gives_the_default_versions);
	TAP_ADD(s, a_sysv_hash_table_does_the_same);
	TAP_ADD(s, a_library_linked_to_an_address_of_its_own_is_read);
	TAP_ADD(s, a_visit_ends_when_it_says_so);
	TAP_ADD(s, a_stripped_file_opens_and_has_no_symbols);
	TAP_ADD(s, a_debug_file_gives_symbols_and_no_code);
	TAP_ADD(s, another_file_under_the_same_path_is_refused);
	TAP_ADD(s, a_byte_written_into_the_code_is_noticed);
	TAP_ADD(s, a_path_too_long_to_keep_still_opens);
	TAP_ADD(s, a_truncated_file_reads_to_its_end_and_no_further);
	TAP_ADD(s, flipped_bits_in_a_file_never_lead_outside);
	TAP_ADD(s, flipped_bits_in_a_mapped_module_never_lead_outside);
	TAP_ADD(s, strings_of_a_file_that_do_not_end_are_cut);
	TAP_ADD(s, strings_of_a_module_that_do_not_end_are_cut);
	TAP_ADD(s, an_unrelocated_module_is_read_as_a_relocated_one);
	return tap_run(s);
}
