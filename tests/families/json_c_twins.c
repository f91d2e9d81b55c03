/* SPDX-License-Identifier: MIT */
/* BUILD: json-c */
/* json_c_twins.c - an object of json-c, and a table of its linkhash.h. See family.h. */
#include <json.h>
#include <json_visit.h>

#include "family.h"

static struct json_object *object, *other;
static struct lh_table *table;
static size_t seen;

static void walk(struct json_object *o)
{
	json_object_object_foreach (o, key, value)
		seen += strlen(key) + (value != NULL);
}
static void walk_by_iterator(struct json_object *o)
{
	struct json_object_iterator at = json_object_iter_begin(o), end = json_object_iter_end(o);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		seen += strlen(json_object_iter_peek_name(&at));
}
static int visit(struct json_object *o, int flags, struct json_object *parent, const char *key, size_t *index, void *user)
{
	seen++;
	return JSON_C_VISIT_RETURN_CONTINUE;
}
static void copy(void)
{
	struct json_object *to = NULL;

	json_object_deep_copy(object, &to, NULL);
	json_object_put(to);
}

ACCESS(insert_a, json_object_object_add(object, "alder", json_object_new_int(1)))
ACCESS(insert_b, json_object_object_add_ex(object, "birch", json_object_new_int(2), JSON_C_OBJECT_ADD_KEY_IS_NEW))
ACCESS(remove_b, json_object_object_del(object, "cedar"))
ACCESS(lookup_a, seen += json_object_object_get(object, "elm") != NULL)
ACCESS(lookup_b, seen += (size_t)json_object_object_get_ex(object, "elm", NULL))
ACCESS(iterate_a, walk(object))
ACCESS(iterate_b, walk(object))
ACCESS(destroy_b, json_object_put(object))
STANDARD_TWINS

ACCESS(iterator_b, walk_by_iterator(object))
ACCESS(size_b, seen += (size_t)json_object_object_length(object))
ACCESS(equal_b, seen += (size_t)json_object_equal(other, object))
ACCESS(copy_b, copy())
ACCESS(visit_b, json_c_visit(object, 0, visit, NULL))
ACCESS(text_a, seen += strlen(json_object_to_json_string(object)))
ACCESS(text_b, seen += strlen(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN)))
ACCESS(string_b, seen += strlen(json_object_get_string(object)))
LOCK_TWINS(write_iterate_iterator, insert_a(), iterator_b())
LOCK_TWINS(write_iterate_equal, insert_a(), equal_b())
LOCK_TWINS(write_iterate_copy, insert_a(), copy_b())
LOCK_TWINS(write_iterate_visit, insert_a(), visit_b())
LOCK_TWINS(write_read_size, insert_a(), size_b())
/* making a text of an object writes it */
READ_LOCK_TWINS(write_write_text, text_a(), text_b(), lookup_a(), lookup_b())
READ_LOCK_TWINS(write_write_string, text_a(), string_b(), lookup_a(), lookup_b())

/* The count of Debian's json-c is a plain number. */
ACCESS(get_a, json_object_get(object))
ACCESS(get_b, json_object_get(object))
ACCESS(put_b, json_object_put(object))
LOCK_TWINS(write_write_count, get_a(), get_b())
LOCK_TWINS(write_write_count_put, get_a(), put_b())

/* A count that is guarded: the last put comes after all that the others did before theirs. */
static void locked_put(void)
{
	pthread_mutex_lock(&mutexes[0]);
	json_object_put(object);
	pthread_mutex_unlock(&mutexes[0]);
}
static void *references_a(void *unused)
{
	if (!racy)
		insert_a();
	locked_put();
	if (racy)
		insert_a(); /* keeps no reference of its own any more */
	gate_open(&a_done);
	return unused;
}
static void *references_b(void *unused)
{
	gate_wait(&a_done, 1);
	locked_put();
	KEEP(references_b);
	return unused;
}

ACCESS(table_insert_a, lh_table_insert(table, "alder", "1"))
ACCESS(table_insert_b, lh_table_insert(table, "birch", "2"))
ACCESS(table_remove_b, lh_table_delete(table, "cedar"))
ACCESS(table_lookup_b, seen += (size_t)lh_table_lookup_ex(table, "elm", NULL))
ACCESS(table_resize_b, lh_table_resize(table, 64))
LOCK_TWINS(write_write_table, table_insert_a(), table_insert_b())
LOCK_TWINS(write_write_table_remove, table_insert_a(), table_remove_b())
LOCK_TWINS(write_write_table_resize, table_insert_a(), table_resize_b())
LOCK_TWINS(write_read_table, table_insert_a(), table_lookup_b())

static const struct scenario list[] = {
	STANDARD_LIST, SIDES(write_iterate_iterator), SIDES(write_iterate_equal), SIDES(write_iterate_copy),
	SIDES(write_iterate_visit), SIDES(write_read_size), SIDES(write_write_text), SIDES(write_write_string),
	SIDES(write_write_count), SIDES(write_write_count_put), SIDES(references), SIDES(write_write_table),
	SIDES(write_write_table_remove), SIDES(write_write_table_resize), SIDES(write_read_table),
};

int main(int argc, char **argv)
{
	object = json_tokener_parse("{\"cedar\": 3, \"elm\": 4}");
	other = json_object_new_object();
	json_object_object_add(other, "elm", json_object_new_int(4));
	if (argc > 1 && !strcmp(argv[1], "references"))
		json_object_get(object);
	table = lh_kchar_table_new(16, NULL);
	lh_table_insert(table, "cedar", "3");
	return twins_main(argc, argv, list, sizeof list / sizeof *list);
}
