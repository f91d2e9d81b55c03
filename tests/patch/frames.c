/* SPDX-License-Identifier: MIT */
/*
 * frames.c - stacks as three unwinders see them from inside patched functions. Printed are the program's own frames; what
 * lies between them may be one frame of a wrapper per patched function, no more.
 */
#include <dlfcn.h>
#include <execinfo.h>
#include <libunwind.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

#define CALLED __attribute__((noinline))
#define KEEP() __asm__ volatile("" ::: "memory")

static void *program;
static int (*init_local)(unw_cursor_t *, unw_context_t *);
static int (*step)(unw_cursor_t *);
static int (*get_reg)(unw_cursor_t *, int, unw_word_t *);
static int (*get_context)(unw_context_t *);

static void show(const char *who, void *const *pcs, int n)
{
	int wrappers = 0, patched = 0;

	printf("%s:", who);
	for (int i = 0; i < n; i++) {
		Dl_info info;

		int known = dladdr((char *)pcs[i] - 1, &info);

		if (known && info.dli_fname && strstr(info.dli_fname, "libc.so"))
			continue; /* qsort */
		if (!known || info.dli_fbase != program) {
			wrappers++;
			continue;
		}
		if (!info.dli_sname)
			continue;
		printf(" %s", info.dli_sname);
		patched += !strncmp(info.dli_sname, "pt", 2);
		if (!strcmp(info.dli_sname, "main"))
			break;
	}
	printf(wrappers <= patched ? "\n" : " and %d frames between %d functions\n", wrappers, patched);
}

struct list {
	void *pcs[128];
	int n;
};

static _Unwind_Reason_Code one(struct _Unwind_Context *c, void *to)
{
	struct list *l = to;

	if (l->n < 128)
		l->pcs[l->n++] = (void *)_Unwind_GetIP(c);
	return _URC_NO_REASON;
}

CALLED void look(void)
{
	struct list l = { .n = 0 };
	void *pcs[128];
	unw_context_t context;
	unw_cursor_t cursor;
	unw_word_t ip;

	show("backtrace", pcs, backtrace(pcs, 128));
	_Unwind_Backtrace(one, &l);
	show("_Unwind_Backtrace", l.pcs, l.n);
	l.n = 0;
	get_context(&context);
	init_local(&cursor, &context);
	do {
		get_reg(&cursor, UNW_REG_IP, &ip);
		if (ip && l.n < 128)
			l.pcs[l.n++] = (void *)ip;
	} while (step(&cursor) > 0);
	show("libunwind", l.pcs, l.n);
}

CALLED long ptl_inner(long a)
{
	look();
	KEEP();
	return a + 1;
}

CALLED long between(long a)
{
	long r = ptl_inner(a);

	KEEP();
	return r;
}

CALLED long pt_middle(long a, double b, long c, long d, long e, long f, long g, long h)
{
	char room[a + 40];
	long r;

	memset(room, 1, sizeof(room));
	r = between(a + c + d + e + f + g + h + room[3]) + (long)b;
	KEEP();
	return r;
}

CALLED long ptl_recursive(int depth)
{
	long r = depth ? ptl_recursive(depth - 1) : pt_middle(1, 2, 3, 4, 5, 6, 7, 8);

	KEEP();
	return r + 1;
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

CALLED int ptl_compare(const void *a, const void *b)
{
	static int once;

	if (!once++)
		look();
	KEEP();
	return compare(a, b);
}

int main(void)
{
	void *library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
	int numbers[] = { 3, 1, 2 };
	Dl_info info;

	if (!library || !dladdr((void *)look, &info))
		return 77;
	program = info.dli_fbase;
	*(void **)&init_local = dlsym(library, "_ULx86_64_init_local");
	*(void **)&step = dlsym(library, "_ULx86_64_step");
	*(void **)&get_reg = dlsym(library, "_ULx86_64_get_reg");
	*(void **)&get_context = dlsym(library, "_Ux86_64_getcontext");
	if (!init_local || !step || !get_reg || !get_context)
		return 77;
	printf("%ld\n", ptl_recursive(5));
	qsort(numbers, 3, sizeof(int), ptl_compare);
	printf("%d %d %d\n", numbers[0], numbers[1], numbers[2]);
	return 0;
}
