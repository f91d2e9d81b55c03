/* SPDX-License-Identifier: MIT */
/*
 * process.c - what changes the process as a whole: its start and end, fork without handlers, sandboxes, unloading, jumps.
 *
 * dlopen is not hooked: it looks at its caller (RUNPATH, $ORIGIN, namespaces), and through a hook the caller would be us.
 * Nothing needs it: only unloading makes old knowledge of addresses wrong.
 */
#include <dlfcn.h>
#include <link.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define HOOK_POLICY PATCH_NEVER
#include "../preload/control.h"
#include "../preload/emit.h"
#include "../preload/exit.h"
#include "../preload/fork.h"
#include "../preload/host.h"
#include "../preload/patch/patch.h"
#include "../preload/resolve.h"
#include "../preload/sys/filter.h"
#include "../preload/sys/lock.h"
#include "../preload/sys/os.h"
#include "../preload/trace.h"
#include "futex.h"
#include "sync_rows.h"

/* ---- the start: every program calls it, from its first own code, after all constructors of libraries ------------------ */

typedef int main_fn(int argc, char **argv, char **envp);
RACE_EXPORT int __libc_start_main(main_fn *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
				  void (*loader_fini)(void), void *stack_end);
HOOK_SLOT(__libc_start_main)
int __libc_start_main(main_fn *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*loader_fini)(void), void *stack_end)
{
	process_started();
	return REAL(__libc_start_main)(main, argc, argv, init, fini, loader_fini, stack_end);
}

/* ---- the end -------------------------------------------------------------------------------------------------------- */

#define EXIT_HOOK(symbol)                                                                                            \
	RACE_EXPORT void symbol(int status);                                                                         \
	HOOK_SLOT(symbol)                                                                                            \
	void symbol(int status)                                                                                      \
	{                                                                                                            \
		REAL(symbol)(exit_status_for(status));                                                               \
		__builtin_unreachable();                                                                             \
	}

EXIT_HOOK(_exit)
EXIT_HOOK(_Exit)
EXIT_HOOK(quick_exit)

/* ---- fork without handlers ---------------------------------------------------------------------------------------- */

RACE_EXPORT pid_t _Fork(void);
HOOK_SLOT(_Fork)
pid_t _Fork(void)
{
	__typeof__(&_Fork) real = REAL(_Fork);
	pid_t child;

	fork_prepare();
	child = real();
	if (child == 0)
		fork_child();
	else
		fork_parent();
	return child;
}

/* ---- sandboxes: from here on no process may be started -------------------------------------------------------------- */

/* Whoever installs a filter, librace's question whether memory can be read must not be what it kills for. */
static int forbids_probe(const struct sock_fprog *program)
{
	uintptr_t at = (uintptr_t)program, end;

	if (!os_readable(at))
		return 1;
	at = (uintptr_t)program->filter;
	end = at + program->len * sizeof(*program->filter);
	for (uintptr_t page = at; page < end; page = (page | 4095) + 1)
		if (!os_readable(page))
			return 1;
	return !filter_allows_probe(program->filter, program->len);
}

/* program: NULL for strict mode */
static void sandboxed(const struct sock_fprog *program)
{
	if (!program || forbids_probe(program))
		os_probe_end();
	control_end();
	SYNC_ENTER(trace_sandboxed());
	emit_sandboxed();
	patch_stop();
}

static void own_name(struct race_thread *t, unsigned long option, unsigned long arg)
{
	if (option == PR_SET_NAME)
		thread_name(t->number, (const char *)arg);
}

RACE_EXPORT int prctl(int option, ...);
HOOK_SLOT(prctl)
int prctl(int option, ...)
{
	__typeof__(&prctl) real = REAL(prctl);
	unsigned long a, b, c, d;
	va_list ap;
	int result;

	va_start(ap, option);
	a = va_arg(ap, unsigned long);
	b = va_arg(ap, unsigned long);
	c = va_arg(ap, unsigned long);
	d = va_arg(ap, unsigned long);
	va_end(ap);
	if (option == PR_SET_SECCOMP)
		sandboxed(a == SECCOMP_MODE_FILTER ? (const struct sock_fprog *)b : NULL);
	result = real(option, a, b, c, d);
	if (result == 0)
		SYNC_ENTER(own_name(t, (unsigned long)option, a));
	return result;
}

#define SYS_LANDLOCK_RESTRICT 446 /* the same on all machines; older headers lack it */

/* A filter, or strict mode: not a question, and not a probe without a filter. */
static int is_sandbox(const long a[6])
{
	return a[0] == SECCOMP_SET_MODE_STRICT || (a[0] == SECCOMP_SET_MODE_FILTER && a[2]);
}

RACE_EXPORT long syscall(long number, ...);
HOOK_SLOT(syscall)
long syscall(long number, ...)
{
	__typeof__(&syscall) real = REAL(syscall);
	long a[6], result;
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_seccomp && is_sandbox(a))
		sandboxed(a[0] == SECCOMP_SET_MODE_FILTER ? (const struct sock_fprog *)a[2] : NULL);
	if (number == SYS_LANDLOCK_RESTRICT)
		control_end(); /* it would be a thread outside */
	if (number == SYS_exit_group)
		a[0] = exit_status_for((int)a[0]);
	if (kernel_call_is_inside(number, __builtin_return_address(0)))
		return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	kernel_call_before(number, a);
	result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	kernel_call_after(number, a, result);
	return result;
}

/* ---- unloading ------------------------------------------------------------------------------------------------------- */

enum { MODULES = 512 };
struct modules {
	unsigned n;
	struct {
		uintptr_t lo, hi;
	} at[MODULES];
};
static struct modules loaded; /* before the unloading; guarded by unload_lock */
static struct lock unload_lock;

static int module_range(struct dl_phdr_info *info, size_t size, void *to)
{
	struct modules *m = to;
	uintptr_t lo = UINTPTR_MAX, hi = 0;

	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type != PT_LOAD)
			continue;
		if (info->dlpi_addr + ph->p_vaddr < lo)
			lo = info->dlpi_addr + ph->p_vaddr;
		if (info->dlpi_addr + ph->p_vaddr + ph->p_memsz > hi)
			hi = info->dlpi_addr + ph->p_vaddr + ph->p_memsz;
	}
	if (lo < hi && m->n < MODULES) {
		m->at[m->n].lo = lo;
		m->at[m->n++].hi = hi;
	}
	return m->n == MODULES;
}

/* Static maps and locks of the modules that are gone. */
static void forget_unloaded(void)
{
	for (unsigned i = 0; i < loaded.n; i++) {
		struct dl_find_object o;

		if (_dl_find_object((void *)loaded.at[i].lo, &o) != 0)
			memory_forget(loaded.at[i].lo, loaded.at[i].hi - loaded.at[i].lo);
	}
}

RACE_EXPORT int dlclose(void *handle);
HOOK_SLOT(dlclose)
int dlclose(void *handle)
{
	__typeof__(&dlclose) real = REAL(dlclose);
	struct race_thread *t;
	/* destructors may call dlclose again: the outer one looks after all */
	int result, alone = !patch_forgets() && lock_try(&unload_lock);

	if (alone) {
		loaded.n = 0;
		dl_iterate_phdr(module_range, &loaded);
	}
	result = real(handle);
	resolve_unloaded();
	t = thread_enter();
	if (t) {
		unwind_modules_changed();
		if (alone)
			forget_unloaded();
		thread_leave(t);
	}
	if (alone)
		lock_drop(&unload_lock);
	return result;
}

/* ---- jumps: operations in progress on this thread may never return ---------------------------------------------------- */

#define JUMP_HOOK(symbol)                                                                                            \
	RACE_EXPORT void symbol(struct __jmp_buf_tag at[1], int value) __attribute__((noreturn));                    \
	HOOK_SLOT(symbol)                                                                                            \
	void symbol(struct __jmp_buf_tag at[1], int value)                                                           \
	{                                                                                                            \
		SYNC_ENTER(op_abandon(t));                                                                           \
		((void (*)(void *, int))(void *)REAL(symbol))(at, value);                                            \
		__builtin_unreachable();                                                                             \
	}

void __longjmp_chk(struct __jmp_buf_tag at[1], int value) __attribute__((noreturn));
JUMP_HOOK(longjmp)
JUMP_HOOK(_longjmp)
JUMP_HOOK(siglongjmp)
JUMP_HOOK(__longjmp_chk)

SYNC_HOOK(int, swapcontext, (ucontext_t *restrict from, const ucontext_t *restrict to), (from, to), op_abandon(t), NEVER,
	  NOTHING)
SYNC_HOOK(int, setcontext, (const ucontext_t *to), (to), op_abandon(t), NEVER, NOTHING)
