/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * extra_newer_twins.c - functions that newer versions of GLib have. This machine's may be older: then librace's own definitions, which
 * find no original to call, are all that is called. Without librace, nothing.
 */
#include "after.h"

#define NEWER(returns, name, params) returns name params __attribute__((weak));
NEWER(void, g_bit_lock_and_get, (volatile int *word, unsigned bit, int *out))
NEWER(void, g_bit_unlock_and_set, (volatile int *word, unsigned bit, int value, int mask))
NEWER(void, g_pointer_bit_lock_and_get, (void *word, unsigned bit, uintptr_t *out))
NEWER(void, g_pointer_bit_unlock_and_set, (void *word, unsigned bit, void *p, uintptr_t mask))
NEWER(int, g_once_init_enter_pointer, (void *control))
NEWER(int, g_once_init_enter_impl, (volatile void *control))
NEWER(void, g_once_init_leave_pointer, (void *control, void *value))
NEWER(unsigned, g_timeout_add_seconds_once, (unsigned s, void (*f)(void *), void *data))
void g_once_init_leave(volatile void *control, size_t value);
int g_main_context_acquire(void *context);

#define CALL(name, ...)                                                                                              \
	do {                                                                                                         \
		if (name)                                                                                            \
			(void)name(__VA_ARGS__);                                                                     \
	} while (0)

static int word;
static void *pointer, *once;

static void nothing(void *unused)
{
}

#define BIT CALL(g_bit_lock_and_get, &word, 0, NULL)
#define POINTER_BIT CALL(g_pointer_bit_lock_and_get, &pointer, 0, NULL)
AFTER(bit_lock, BIT, CALL(g_bit_unlock_and_set, &word, 0, 0, 0), BIT)
AFTER(pointer_bit_lock, POINTER_BIT, CALL(g_pointer_bit_unlock_and_set, &pointer, 0, NULL, 0), POINTER_BIT)
AFTER(once_pointer, CALL(g_once_init_enter_pointer, &once), CALL(g_once_init_leave_pointer, &once, &once),
      CALL(g_once_init_enter_pointer, &once))
AFTER(once_impl, CALL(g_once_init_enter_impl, &once), g_once_init_leave(&once, 1), CALL(g_once_init_enter_impl, &once))
AFTER(timeout_add_seconds_once, (void)0, CALL(g_timeout_add_seconds_once, 1, nothing, NULL), g_main_context_acquire(NULL))

static const struct scenario list[] = {
	SIDES(bit_lock), SIDES(pointer_bit_lock), SIDES(once_pointer), SIDES(once_impl), SIDES(timeout_add_seconds_once),
};

int main(int argc, char **argv)
{
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
