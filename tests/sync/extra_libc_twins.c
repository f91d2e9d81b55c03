/* SPDX-License-Identifier: MIT */
/* BUILD: libcrypto */
/*
 * extra_libc_twins.c - libc's lock around changes of the environment; names by which programs tell their order; OpenSSL's set-up.
 */
#include "after.h"

#include <openssl/crypto.h>

/* ---- the environment's writers ---- */

static char pair[] = "RACE_TEST_PUT=1";
#define SETENV setenv("RACE_TEST_SET", "1", 1)
HANDOVER(set_set, SETENV, SETENV)
HANDOVER(put_set, putenv(pair), SETENV)
HANDOVER(set_put, SETENV, putenv(pair))
HANDOVER(unset_set, unsetenv("HOME"), SETENV)
HANDOVER(set_unset, SETENV, unsetenv("HOME"))
HANDOVER(clear_set, clearenv(), SETENV)
HANDOVER(set_clear, SETENV, clearenv())

/* ---- annotations: there when librace is ---- */

static int object;
#define NAMES(X)                                                                                                     \
	X(AnnotateHappensBefore, (const char *, int, const volatile void *))                                         \
	X(AnnotateHappensAfter, (const char *, int, const volatile void *))                                          \
	X(AnnotateRWLockAcquired, (const char *, int, const volatile void *, long))                                  \
	X(AnnotateRWLockReleased, (const char *, int, const volatile void *, long))                                  \
	X(__tsan_acquire, (void *))                                                                                  \
	X(__tsan_release, (void *))                                                                                  \
	X(__tsan_mutex_post_lock, (void *, unsigned, int))
#define WEAK(name, params) void name params __attribute__((weak));
NAMES(WEAK)
int __tsan_mutex_pre_unlock(void *, unsigned) __attribute__((weak));
#define CALL(name, ...)                                                                                              \
	do {                                                                                                         \
		if (name)                                                                                            \
			(void)name(__VA_ARGS__);                                                                     \
	} while (0)
#define GOT(is_write) CALL(AnnotateRWLockAcquired, "", 1, &object, is_write)
#define GAVE(is_write) CALL(AnnotateRWLockReleased, "", 1, &object, is_write)
#define T_GOT(flags) CALL(__tsan_mutex_post_lock, &object, flags, 0)
#define T_GAVE(flags) CALL(__tsan_mutex_pre_unlock, &object, flags)
enum { READ = 1 << 3 };
HANDOVER(happens, CALL(AnnotateHappensBefore, "", 1, &object), CALL(AnnotateHappensAfter, "", 1, &object))
HANDOVER(tsan, CALL(__tsan_release, &object), CALL(__tsan_acquire, &object))
AFTER(annotated_write_read, GOT(1), GAVE(1), GOT(0))
AFTER(annotated_read_write, GOT(0), GAVE(0), GOT(1))
AFTER(tsan_write_read, T_GOT(0), T_GAVE(0), T_GOT(READ))
AFTER(tsan_read_write, T_GOT(READ), T_GAVE(READ), T_GOT(0))

/* ---- OpenSSL ---- */

static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static void set_up(void)
{
	if (!racy)
		touch_a();
}
static void *openssl_a(void *unused)
{
	CRYPTO_THREAD_run_once(&once, set_up);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *openssl_b(void *unused)
{
	gate_wait(&a_done, 1);
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	touch_b();
	return unused;
}

static const struct scenario list[] = {
	SIDES(set_set), SIDES(put_set), SIDES(set_put), SIDES(unset_set), SIDES(set_unset), SIDES(clear_set),
	SIDES(set_clear), SIDES(happens),
	SIDES(tsan), SIDES(annotated_write_read), SIDES(annotated_read_write), SIDES(tsan_write_read),
	SIDES(tsan_read_write),
	SIDES(openssl),
};

int main(int argc, char **argv)
{
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
