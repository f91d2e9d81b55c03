/* SPDX-License-Identifier: MIT */
/* come_json.c - libcome_json.so: brings a map library along that goes with it. */
#include <jansson.h>

long come_json(long n);
long come_json(long n)
{
	json_t *o = json_pack("{s:i,s:i}", "a", 1, "b", 2);
	long size = (long)json_object_size(o);

	json_decref(o);
	return size + n;
}
