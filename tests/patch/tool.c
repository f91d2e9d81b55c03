/* SPDX-License-Identifier: MIT */
/*
 * tool.c - a preload that patches every function pt_* which the program exports, and does nothing else.
 *
 * Owns      the smallest patcher that can be: no policy, no modules, no unloading.
 * Modes     PATCH_TOOL=stub: the generic stub for all. PATCH_TOOL=typed: functions named ptl_* (at most six integer arguments,
 *           integer result) get a C function that calls the trampoline, the others the stub.
 *           PATCH_TOOL=range: as stub, and each thread knows its stack's range. PATCH_TOOL=old: as stub, on a processor
 *           that cannot tell which vector registers are in use. PATCH_TOOL=walk: as stub, and every stack that
 *           preload/unwind restores from a frame of the stub is compared with libgcc's.
 * Nasty     what runs before and after each call ruins every register that C code may ruin, the upper halves too.
 * Tells     PATCH_TOOL_LOG names a file: one line `patched N refused N before N after N` at exit.
 */
#include <cpuid.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unwind.h>

#include "preload/patch/stub.h"
#include "preload/patch/trampoline.h"
#include "preload/unwind/unwind.h"

__thread struct race_thread *race_me __attribute__((tls_model("initial-exec")));

enum { FUNCTIONS = 256, WRAPPERS = 24, NEAR = 1 << 17 };

static const struct code_range everything = { NULL, (const uint8_t *)-1 };

static struct stub_site sites[FUNCTIONS];
static unsigned patched, refused, typed;
static unsigned long befores, afters;
static stub_before before;
static int avx, range, walk;
extern int8_t stub_wide_mode __attribute__((visibility("hidden")));
static uintptr_t first_frame_word;

static void ruin(void)
{
	if (avx)
		__asm__ volatile("vpcmpeqd %%ymm0, %%ymm0, %%ymm0\n vmovdqa %%ymm0, %%ymm7\n vzeroall" ::
					 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
					   "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	__asm__ volatile("mov $0x5a5a5a5a5a5a5a5a, %%rax\n mov %%rax, %%rcx\n mov %%rax, %%rdx\n mov %%rax, %%rsi\n"
			 "mov %%rax, %%rdi\n mov %%rax, %%r8\n mov %%rax, %%r9\n mov %%rax, %%r10\n mov %%rax, %%r11\n"
			 "movq %%rax, %%xmm0\n movq %%rax, %%xmm1\n movq %%rax, %%xmm2\n movq %%rax, %%xmm3\n"
			 "movq %%rax, %%xmm4\n movq %%rax, %%xmm5\n movq %%rax, %%xmm6\n movq %%rax, %%xmm7\n"
			 "movq %%rax, %%xmm8\n movq %%rax, %%xmm9\n movq %%rax, %%xmm10\n movq %%rax, %%xmm11\n"
			 "movq %%rax, %%xmm12\n movq %%rax, %%xmm13\n movq %%rax, %%xmm14\n movq %%rax, %%xmm15\n" ::
				 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc", "xmm0", "xmm1", "xmm2", "xmm3",
				   "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
				   "xmm15");
}

static void know_range(void)
{
	static __thread uintptr_t mine[sizeof(struct race_thread) / sizeof(uintptr_t) + 1];
	struct race_thread *t = (struct race_thread *)mine;

	if (race_me)
		return;
	if (getpid() == gettid()) {
		t->stack_hi = first_frame_word;
		t->stack_lo = t->stack_hi - ((uintptr_t)128 << 20);
	} else {
		t->stack_hi = (uintptr_t)pthread_self();
		t->stack_lo = t->stack_hi - 16384;
	}
	race_me = t;
}

struct list {
	uintptr_t pcs[STACK_FRAMES + 16];
	unsigned n;
};

static _Unwind_Reason_Code one(struct _Unwind_Context *c, void *to)
{
	struct list *l = to;

	if (l->n == sizeof(l->pcs) / sizeof(l->pcs[0]))
		return _URC_END_OF_STACK;
	l->pcs[l->n++] = _Unwind_GetIP(c);
	return _URC_NO_REASON;
}

/* Exactly one frame, the stub's, lies between ours and the program's. */
static void compare_walks(const uintptr_t *fp)
{
	static __thread struct stack_cache *cache;
	static __thread struct list l;
	uintptr_t own[STACK_FRAMES];
	unsigned n, at = 0;

	if (!cache)
		cache = stack_cache_new();
	n = stack_frames(stack_capture(cache, NULL, fp), own, STACK_FRAMES);
	l.n = 0;
	_Unwind_Backtrace(one, &l);
	while (at < l.n && l.pcs[at] != fp[1])
		at++;
	if (!n || at == l.n || at < 2 || l.pcs[at - 1] - (uintptr_t)stub_enter > 2048 || l.pcs[at - 2] - (uintptr_t)before > 4096)
		abort();
	for (unsigned i = 0; i < n && at + i < l.n; i++) {
		if (own[i] != l.pcs[at + i])
			abort();
	}
	if (n < STACK_FRAMES && n < l.n - at - 2)
		abort();
}

static void before(const struct stub_site *site, const struct stub_args *args, const uintptr_t *fp, struct stub_call *call)
{
	if (range)
		know_range();
	if (walk)
		compare_walks(fp);
	if ((uintptr_t)__builtin_frame_address(0) % 16 || args->stack != fp + 2 || site->entry == NULL)
		abort();
	__atomic_fetch_add(&befores, 1, __ATOMIC_RELAXED);
	call->user[0] = (uintptr_t)fp;
	call->user[1] = (uintptr_t)site;
	call->user[2] = args->arg[0];
	call->map = fp[1];
	ruin();
}

static void after(const struct stub_site *site, uint64_t result, const uintptr_t *fp, struct stub_call *call)
{
	(void)result;
	if (call->user[0] != (uintptr_t)fp || call->user[1] != (uintptr_t)site || call->map != fp[1] ||
	    (uintptr_t)__builtin_frame_address(0) % 16)
		abort();
	__atomic_fetch_add(&afters, 1, __ATOMIC_RELAXED);
	ruin();
}

/* The typed ones: as a hook's wrapper is compiled. */
typedef long six(long, long, long, long, long, long);
static six *typed_real[WRAPPERS];
#define WRAPPER(n)                                                                                                   \
	static long wrapper_##n(long a, long b, long c, long d, long e, long f)                                      \
	{                                                                                                            \
		uintptr_t *fp = __builtin_frame_address(0);                                                          \
		long r;                                                                                              \
		__atomic_fetch_add(&befores, fp[1] != 0, __ATOMIC_RELAXED);                                          \
		r = typed_real[n](a, b, c, d, e, f);                                                                 \
		__atomic_fetch_add(&afters, 1, __ATOMIC_RELAXED);                                                    \
		return r;                                                                                            \
	}
#define ALL(x)                                                                                                       \
	x(0) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9) x(10) x(11) x(12) x(13) x(14) x(15) x(16) x(17) x(18) x(19) \
		x(20) x(21) x(22) x(23)
ALL(WRAPPER)
#define NAME(n) wrapper_##n,
static six *const wrappers[WRAPPERS] = { ALL(NAME) };

static uint8_t *near_memory(uintptr_t at)
{
	for (uintptr_t distance = 1 << 20; distance < (uintptr_t)1 << 30; distance += 1 << 20) {
		void *p = mmap((void *)((at - distance) & ~(uintptr_t)4095), NEAR, PROT_READ | PROT_WRITE | PROT_EXEC,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		if (p != MAP_FAILED)
			return p;
	}
	return NULL;
}

static struct target {
	uint8_t *entry;
	uintptr_t to;
} targets[FUNCTIONS];

static void take(const char *name, uint8_t *entry, size_t bytes, const char *mode, uint8_t **room)
{
	enum patch_refusal why;
	unsigned displaced;
	struct stub_site *s = &sites[patched];
	uint8_t *code = *room;
	size_t n;

	for (unsigned i = 0; i < patched; i++)
		if (targets[i].entry == entry)
			return;
	if (patched == FUNCTIONS)
		abort();
	n = trampoline_make(code, (uintptr_t)code, entry, (uintptr_t)entry, bytes, bytes + 16, &displaced, &why);
	if (!n) {
		refused++;
		return;
	}
	code += (n + 15) & ~(size_t)15;
	targets[patched].entry = entry;
	targets[patched].to = (uintptr_t)code;
	if (!strcmp(mode, "typed") && !strncmp(name, "ptl_", 4) && typed < WRAPPERS) {
		static const uint8_t far[6] = { 0xff, 0x25 };
		six *w = wrappers[typed];

		typed_real[typed++] = (six *)*room;
		memcpy(code, far, 6);
		memcpy(code + 6, &w, 8);
		code += 16;
	} else {
		s->trampoline = *room;
		s->before = before;
		s->after = after;
		s->entry = entry;
		s->words = stub_stack_words(entry, bytes, &everything);
		code += (stub_thunk(code, (uintptr_t)code, s) + 15) & ~(size_t)15;
	}
	patched++;
	*room = code;
}

static uintptr_t program_base(void)
{
	return _r_debug.r_map->l_addr;
}

__attribute__((constructor)) static void patch_program(void)
{
	const char *mode = getenv("PATCH_TOOL");
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	const uint8_t *file;
	const Elf64_Ehdr *header;
	const Elf64_Shdr *section;
	uint8_t *room = NULL;
	unsigned a, b, c, d;

	if (!mode || fd < 0 || fstat(fd, &st))
		return;
	avx = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_OSXSAVE) && (c & bit_AVX);
	range = !strcmp(mode, "range");
	walk = !strcmp(mode, "walk") && unwind_init() == 0;
	stub_wide_mode = !strcmp(mode, "old") && avx ? 2 : -1;
	first_frame_word = (uintptr_t)environ; /* above every frame of main */
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	header = (const Elf64_Ehdr *)file;
	section = (const Elf64_Shdr *)(file + header->e_shoff);
	for (unsigned i = 0; i < header->e_shnum; i++) {
		const Elf64_Sym *symbols = (const Elf64_Sym *)(file + section[i].sh_offset);
		const char *names;

		if (section[i].sh_type != SHT_DYNSYM)
			continue;
		names = (const char *)(file + section[section[i].sh_link].sh_offset);
		for (size_t k = 0; k < section[i].sh_size / sizeof(*symbols); k++) {
			const char *name = names + symbols[k].st_name;

			if (ELF64_ST_TYPE(symbols[k].st_info) != STT_FUNC || !symbols[k].st_shndx ||
			    (strncmp(name, "pt_", 3) && strncmp(name, "ptl_", 4)))
				continue;
			if (!room && !(room = near_memory(program_base() + symbols[k].st_value)))
				abort();
			take(name, (uint8_t *)(program_base() + symbols[k].st_value), symbols[k].st_size, mode, &room);
		}
	}
	for (unsigned i = 0; i < patched; i++) {
		uint8_t *e = targets[i].entry;
		int32_t relative = (int32_t)(targets[i].to - ((uintptr_t)e + 5));

		mprotect((void *)((uintptr_t)e & ~(uintptr_t)4095), 8192, PROT_READ | PROT_WRITE | PROT_EXEC);
		e[0] = 0xe9;
		memcpy(e + 1, &relative, 4);
	}
}

__attribute__((destructor)) static void tell(void)
{
	const char *to = getenv("PATCH_TOOL_LOG");
	char line[128];
	sigset_t all;
	int fd, n;

	/* A handler that calls patched functions between the two loads would make `after` the greater one. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	if (!to || (fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) < 0)
		return;
	n = snprintf(line, sizeof(line), "patched %u refused %u before %lu after %lu\n", patched, refused, befores, afters);
	if (write(fd, line, (size_t)n) != n)
		abort();
	close(fd);
}
