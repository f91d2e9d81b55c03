/* SPDX-License-Identifier: MIT */
/*
 * cxx_future.c - std::promise and std::packaged_task of libstdc++.
 *
 * A result is set inside std::call_once on a flag in the state that promise and future share, and announced by an inlined
 * atomic. Whoever asks later looks at that, inlined too, and calls nothing: so the release is published for look-up at the
 * moment a race would be reported (sync_publish_once). std::async needs none of this: its future joins the thread, or
 * runs the function itself, by call_once again.
 *
 * Layout    std::__future_base::_State_baseV2 of gcc 5 to 14, confirmed by the name of its type before it is believed.
 */
#include <string.h>

#include "cxx_future.h"
#include "std_maps.h"
#include "sync_rows.h"

struct future_state {
	const uintptr_t *methods; /* of its class; the word before is the type_info */
	void *result;
	uint32_t status;
	_Bool retrieved;
	int once;
};

struct type_info {
	const void *methods;
	const char *name;
};

static const char *type_name(const struct future_state *s)
{
	uintptr_t methods, type;

	if (!std_readable(KEY(s), sizeof(*s), KEY(&s->once)))
		return NULL;
	methods = KEY(s->methods);
	if (!std_readable(methods - sizeof(type), sizeof(type), 0))
		return NULL;
	type = s->methods[-1];
	return std_readable(type, sizeof(struct type_info), 0) ? ((const struct type_info *)type)->name : NULL;
}

static int is_readable_text(const char *s, size_t bytes)
{
	uintptr_t first = KEY(s) & ~(uintptr_t)7;

	return std_readable(first, KEY(s) + bytes - first, 0);
}

static int is_promised(uintptr_t once)
{
	static const char plain[] = "NSt13__future_base13_State_baseV2E", task[] = "NSt13__future_base11_Task_state";
	const char *name = type_name((const struct future_state *)(once - offsetof(struct future_state, once)));

	if (name && is_readable_text(name, 1) && *name == '*')
		name++; /* compared by address, not by text */
	return name && is_readable_text(name, sizeof(plain)) &&
	       (!memcmp(name, plain, sizeof(plain)) || !memcmp(name, task, sizeof(task) - 1));
}

void future_once_done(struct race_thread *t, uintptr_t once)
{
	if (is_promised(once))
		sync_publish_once(t, once);
}

/* set_value_at_thread_exit: the result is there, and told when the thread ends. */
void _ZNSt13__future_base13_State_baseV211_Make_ready6_M_setEv(void *state);
SYNC_HOOK_VOID(_ZNSt13__future_base13_State_baseV211_Make_ready6_M_setEv, (void *state), (state),
	       sync_publish_once(t, KEY(state)), NOTHING)
