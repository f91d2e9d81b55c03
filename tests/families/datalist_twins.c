/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * datalist_twins.c - GData: what it protects by itself, and the walk, which it does not. See twins.h.
 *
 * Every list is walked once before the threads start: a list that nobody walks is not looked at.
 */
#include <glib.h>

#include "family.h"

static GData *data;
static gint sum;

static void add_up(GQuark key, gpointer value, gpointer user)
{
	sum += GPOINTER_TO_INT(value);
}

static gpointer duplicate(gpointer value, gpointer user)
{
	return value;
}

ACCESS(set_a, g_datalist_set_data(&data, "a", GINT_TO_POINTER(1)))
ACCESS(set_b, g_datalist_set_data(&data, "b", GINT_TO_POINTER(2)))
ACCESS(remove_b, g_datalist_remove_data(&data, "first"))
ACCESS(steal_b, g_datalist_remove_no_notify(&data, "first"))
ACCESS(replace_b, g_datalist_id_replace_data(&data, g_quark_try_string("first"), GINT_TO_POINTER(3), GINT_TO_POINTER(4), NULL, NULL))
ACCESS(get_b, g_datalist_get_data(&data, "a"))
ACCESS(dup_b, g_datalist_id_dup_data(&data, g_quark_try_string("first"), duplicate, NULL))
ACCESS(clear_b, g_datalist_clear(&data))
ACCESS(walk_a, g_datalist_foreach(&data, add_up, NULL))
ACCESS(walk_b, g_datalist_foreach(&data, add_up, NULL))

/* The racy twin's side A walks, the other one's looks or changes under the list's own lock. */
#define WALK_OR(name, other, access_b)                                                                               \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		if (racy)                                                                                            \
			walk_a();                                                                                    \
		else                                                                                                 \
			other;                                                                                       \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&a_done, 1);                                                                               \
		access_b;                                                                                            \
		return unused;                                                                                       \
	}

WALK_OR(changes_are_safe, set_a(), set_b())
WALK_OR(a_removal_is_safe, set_a(), remove_b())
WALK_OR(a_theft_is_safe, set_a(), steal_b())
WALK_OR(a_replacement_is_safe, set_a(), replace_b())
WALK_OR(clearing_is_safe, set_a(), clear_b())

LOCK_TWINS(iterate_write, walk_a(), set_b())
LOCK_TWINS(write_iterate, set_a(), walk_b())
JOIN_TWINS(join, set_a(), walk_b())

/* Who finds what another thread has put there is ordered after it. */
static void *found_a(void *unused)
{
	set_a();
	gate_open(&a_done);
	return unused;
}
static void *found_b(void *unused)
{
	gate_wait(&a_done, 1);
	if (!racy)
		get_b();
	walk_b();
	return unused;
}

/* The list of an object dies with it, and the next list in that memory is another one. */
static void *finalized_a(void *unused)
{
	g_datalist_foreach(&data, add_up, NULL);
	if (racy)
		walk_a();
	else
		g_datalist_clear(&data);
	gate_open(&a_done);
	return unused;
}
static void *finalized_b(void *unused)
{
	gate_wait(&a_done, 1);
	set_b();
	return unused;
}

static const struct scenario list[] = {
	SIDES(changes_are_safe), SIDES(a_removal_is_safe), SIDES(a_theft_is_safe), SIDES(a_replacement_is_safe), SIDES(clearing_is_safe),
	SIDES(iterate_write), SIDES(write_iterate), ALONE(join), SIDES(found), SIDES(finalized),
};

int main(int argc, char **argv)
{
	g_datalist_init(&data);
	g_datalist_set_data(&data, "first", GINT_TO_POINTER(3));
	g_datalist_foreach(&data, add_up, NULL);
	return twins_main(argc, argv, list, sizeof(list) / sizeof(*list));
}
