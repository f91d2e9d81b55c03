/* SPDX-License-Identifier: MIT */
/*
 * env.c - the environment: one map for the process, `environ`.
 *
 * Identity   the address of environ, as the whole program sees it.
 * Accesses   getenv walks the array and its strings without a lock; setenv, putenv, unsetenv and clearenv change them
 *            under a lock of libc's own (glibc 2.36: stdlib/setenv.c takes it in __add_to_environ, unsetenv and
 *            clearenv; stdlib/getenv.c takes none). So two writers never race with each other; a reader races with each
 *            of them. setenv without overwrite on a present name, and unsetenv of an absent one, only read.
 * Lock       writers take one lock of ours around the real call, which is libc's own order made visible: nothing of the
 *            program runs under it but a replaced malloc. Readers never take it. In the report it is no lock of the
 *            program's.
 * 2.41       and later make getenv safe against all writers ("stdlib: Make getenv thread-safe in more cases"): there is
 *            nothing left to check.
 * Early      getenv is called before everything else is up, often, and by libraries' constructors.
 */
/* An executable that defines these (shells) has variables of its own in mind; libc's own calls are left alone. */
#define HOOK_POLICY PATCH_NEVER

#include <errno.h>
#include <gnu/libc-version.h>
#include <string.h>
#include <unistd.h>

#include "../preload/engine/layout.h"
#include "../preload/sys/lock.h"
#include "../preload/sys/fmt.h"
#include "map_rows.h"

static const struct race_kind environment_kind = {
	.name = "environment",
	.contract = CONTRACT_UNSAFE,
	.implicit = 1,
};
ORIGIN(environment_kind, "libc.so.6")
#define HOOK_KIND environment_kind
#define ENVIRON KEY(&environ)

static int safe; /* 0 not known, 1 getenv needs no care here, -1 it does */

static __attribute__((noinline, cold)) int learn_safe(void)
{
	const char *version = gnu_get_libc_version(), *dot = strchr(version, '.');
	uint64_t major = 0, minor = 0;
	size_t digits = dot ? strspn(dot + 1, "0123456789") : 0;

	if (dot)
		parse_u64(version, (size_t)(dot - version), 0, 1000, &major);
	parse_u64(dot ? dot + 1 : "", digits, 0, 1000, &minor);
	store_relaxed(&safe, major > 2 || (major == 2 && minor >= 41) ? 1 : -1);
	return safe == 1;
}

static inline int environment_is_safe(void)
{
	int known = load_relaxed(&safe);

	return known ? known == 1 : learn_safe();
}

/* ---- readers --------------------------------------------------------------------------------------------------- */

#define ENVIRONMENT_READ(symbol)                                                                                     \
	RACE_EXPORT char *symbol(const char *name);                                                                  \
	HOOK_SLOT(symbol)                                                                                            \
	HOOK_OP(symbol, &HOOK_KIND, LOOKUP, READ, KEY_STRING, 0)                                                     \
	char *symbol(const char *name)                                                                               \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t = environment_is_safe() ? NULL : thread_enter();                               \
		struct race_op_open open;                                                                            \
		char *result;                                                                                        \
		if (unlikely(!t))                                                                                    \
			return real(name);                                                                           \
		hook_op_enter(t, &op_##symbol, ENVIRON, KEY(name), RACE_NO_BUCKET, FRAME, &open);                    \
		result = real(name);                                                                                 \
		hook_op_exit(t, &open);                                                                              \
		if (unlikely(load_relaxed(&race_compound)))                                                          \
			hook_looked(t, &op_##symbol, ENVIRON, KEY(name), FRAME, result != NULL, 0);                  \
		return result;                                                                                       \
	}

#include "env.def"

/* ---- writers ------------------------------------------------------------------------------------------------------
 * A child forked while another thread held the lock finds it free: it is marked with the process that uses it.
 */
static struct lock writers_lock;
static int writers_process;
static __thread int writing; /* this thread holds it: some library's putenv is a setenv */

static void writers_take(void)
{
	if (writing++)
		return;
	if (unlikely(load_relaxed(&writers_process) != load_relaxed(&race_process))) {
		if (load_relaxed(&writers_process))
			lock_reset(&writers_lock); /* the only thread of a forked child */
		store_relaxed(&writers_process, race_process);
	}
	lock_take(&writers_lock);
}

static void writers_drop(void)
{
	if (!--writing)
		lock_drop(&writers_lock);
}

struct writer {
	struct race_thread *t;
	struct race_op_open open;
};

static void writer_begin(struct writer *w, const struct race_op *op, const char *name, const uintptr_t *fp)
{
	w->t = environment_is_safe() ? NULL : thread_enter();
	if (!w->t)
		return;
	sync_acquire(w->t, KEY(&writers_lock));
	hook_op_enter(w->t, op, ENVIRON, KEY(name), RACE_NO_BUCKET, fp, &w->open);
}

static void writer_end(struct writer *w)
{
	if (!w->t)
		return;
	hook_op_exit(w->t, &w->open);
	hook_reenter(w->t);
	sync_release(w->t, KEY(&writers_lock));
	thread_leave(w->t);
}

#define WRITER_OP(symbol, tag, role, access)                                                                         \
	static const struct race_op op_##symbol##_##tag __attribute__((section("race_ops"), used, aligned(8))) = {   \
		#symbol, &environment_kind, (void *const *)&hook_##symbol.entry, ROLE_##role, ACCESS_##access,        \
		KEY_STRING, 0                                                                                        \
	};

static int present(const char *name, const void *caller)
{
	__typeof__(&getenv) real = (__typeof__(&getenv))hook_ask(&hook_getenv, caller);

	return name && *name && real(name) != NULL;
}

RACE_EXPORT int setenv(const char *name, const char *value, int overwrite);
HOOK_SLOT(setenv)
WRITER_OP(setenv, write, INSERT, WRITE)
WRITER_OP(setenv, read, LOOKUP, READ)
int setenv(const char *name, const char *value, int overwrite)
{
	__typeof__(&setenv) real = REAL(setenv);
	struct writer w;
	int result;

	writers_take();
	writer_begin(&w, overwrite || !present(name, CALLER) ? &op_setenv_write : &op_setenv_read, name, FRAME);
	result = real(name, value, overwrite);
	writer_end(&w);
	writers_drop();
	return result;
}

RACE_EXPORT int unsetenv(const char *name);
HOOK_SLOT(unsetenv)
WRITER_OP(unsetenv, write, REMOVE, WRITE)
WRITER_OP(unsetenv, read, LOOKUP, READ)
int unsetenv(const char *name)
{
	__typeof__(&unsetenv) real = REAL(unsetenv);
	struct writer w;
	int result;

	writers_take();
	writer_begin(&w, present(name, CALLER) ? &op_unsetenv_write : &op_unsetenv_read, name, FRAME);
	result = real(name);
	writer_end(&w);
	writers_drop();
	return result;
}

/* "NAME=VALUE" enters, "NAME" removes. The report's key is the name. */
RACE_EXPORT int putenv(char *string);
HOOK_SLOT(putenv)
WRITER_OP(putenv, write, INSERT, WRITE)
int putenv(char *string)
{
	__typeof__(&putenv) real = REAL(putenv);
	size_t n = string ? strcspn(string, "=") : 0;
	char name[256]; /* a longer one is cut: no look-up's key */
	struct writer w;
	int result;

	n = n < sizeof(name) - 1 ? n : sizeof(name) - 1;
	if (n)
		memcpy(name, string, n);
	name[n] = 0;
	writers_take();
	writer_begin(&w, &op_putenv_write, name, FRAME);
	result = real(string);
	writer_end(&w);
	writers_drop();
	return result;
}

RACE_EXPORT int clearenv(void);
HOOK_SLOT(clearenv)
WRITER_OP(clearenv, write, CLEAR, WRITE)
int clearenv(void)
{
	__typeof__(&clearenv) real = REAL(clearenv);
	struct writer w;
	int result;

	writers_take();
	writer_begin(&w, &op_clearenv_write, NULL, FRAME);
	result = real();
	writer_end(&w);
	writers_drop();
	return result;
}
