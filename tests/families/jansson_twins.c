/* SPDX-License-Identifier: MIT */
/* BUILD: jansson */
/* jansson_twins.c - an object of jansson. See family.h. */
#include <jansson.h>

#include "family.h"

static json_t *object, *other;
static size_t seen;

static void walk(json_t *o)
{
	const char *key;
	json_t *value;

	json_object_foreach (o, key, value)
		seen += strlen(key) + json_is_integer(value);
}
static int swallow(const char *text, size_t n, void *user)
{
	seen += n;
	return 0;
}

ACCESS(insert_a, json_object_set_new(object, "alder", json_integer(1)))
ACCESS(insert_b, json_object_set_new_nocheck(object, "birch", json_integer(2)))
ACCESS(remove_b, json_object_del(object, "cedar"))
ACCESS(lookup_a, seen += json_object_get(object, "elm") != NULL)
ACCESS(lookup_b, seen += json_object_get(object, "elm") != NULL)
ACCESS(iterate_a, walk(object))
ACCESS(iterate_b, walk(object))
ACCESS(destroy_b, json_decref(object))
STANDARD_TWINS

ACCESS(set_inline_b, json_object_set(object, "fir", json_null()))
ACCESS(clear_b, json_object_clear(object))
ACCESS(update_b, json_object_update(object, other))
ACCESS(update_from_b, json_object_update(other, object))
ACCESS(value_b, json_object_iter_set_new(object, json_object_iter_at(object, "elm"), json_integer(5)))
ACCESS(size_b, seen += json_object_size(object))
ACCESS(dump_a, free(json_dumps(object, JSON_COMPACT)))
ACCESS(dump_b, free(json_dumps(object, JSON_COMPACT)))
ACCESS(dump_callback_b, json_dump_callback(object, swallow, NULL, 0))
ACCESS(copy_b, json_decref(json_copy(object)))
ACCESS(deep_copy_b, json_decref(json_deep_copy(object)))
ACCESS(equal_a, seen += (size_t)json_equal(other, object))
ACCESS(equal_b, seen += (size_t)json_equal(object, other))
LOCK_TWINS(write_write_inline, insert_a(), set_inline_b())
LOCK_TWINS(write_write_clear, insert_a(), clear_b())
LOCK_TWINS(write_write_update, insert_a(), update_b())
LOCK_TWINS(write_write_value, insert_a(), value_b())
LOCK_TWINS(write_iterate_update_from, insert_a(), update_from_b())
LOCK_TWINS(write_iterate_dump, insert_a(), dump_b())
LOCK_TWINS(write_iterate_dump_callback, insert_a(), dump_callback_b())
LOCK_TWINS(write_iterate_copy, insert_a(), copy_b())
LOCK_TWINS(write_iterate_deep_copy, insert_a(), deep_copy_b())
LOCK_TWINS(write_iterate_equal, insert_a(), equal_b())
LOCK_TWINS(write_read_size, insert_a(), size_b())
/* dumping and comparing write nothing */
READ_LOCK_TWINS(read_lock_dump, insert_a(), insert_b(), dump_a(), dump_b())
READ_LOCK_TWINS(read_lock_equal, insert_a(), insert_b(), equal_a(), equal_b())

/* Each side drops its reference; whoever is last destroys. Rightly used without a lock: the count is atomic. */
static void *references_a(void *unused)
{
	if (racy)
		insert_a();
	else
		lookup_a();
	json_decref(object);
	gate_open(&a_done);
	return unused;
}
static void *references_b(void *unused)
{
	gate_wait(&a_done, 1);
	lookup_b();
	json_decref(object);
	return unused;
}

static const struct scenario list[] = {
	STANDARD_LIST, SIDES(write_write_inline), SIDES(write_write_clear), SIDES(write_write_update), SIDES(write_write_value),
	SIDES(write_iterate_update_from), SIDES(write_iterate_dump), SIDES(write_iterate_dump_callback),
	SIDES(write_iterate_copy), SIDES(write_iterate_deep_copy), SIDES(write_iterate_equal), SIDES(write_read_size),
	SIDES(read_lock_dump), SIDES(read_lock_equal), SIDES(references),
};

int main(int argc, char **argv)
{
	UNSEEN("write_destroy")
	object = json_pack("{s:i,s:i}", "cedar", 3, "elm", 4);
	other = json_pack("{s:i,s:i}", "hazel", 6, "elm", 4);
	if (argc > 1 && !strcmp(argv[1], "references"))
		json_incref(object);
	return twins_main(argc, argv, list, sizeof list / sizeof *list);
}
