/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * extra_list_twins.c - a GDataList that is changed while somebody who asks for an entry waits for the list's lock: what changed it then
 * is known to who asked all the same. A third thread holds the lock meanwhile.
 */
#include "after.h"
#include "unseen.h"

#include <glib.h>

static GData *list;
static GQuark key;
static pid_t a_tid, b_tid;
static struct gate held, a_in;

static gpointer holding(gpointer data, gpointer unused)
{
	gate_open(&held);
	gate_wait(&b_waits, 1);
	asleep_on(b_tid, &list, sizeof(list));
	gate_open(&held);
	gate_wait(&a_in, 1);
	asleep_on(a_tid, &list, sizeof(list));
	return data;
}
static void *holder(void *unused)
{
	g_datalist_id_dup_data(&list, key, holding, NULL);
	return unused;
}
static void *changes(void *unused)
{
	a_tid = (pid_t)syscall(SYS_gettid);
	gate_wait(&held, 2);
	if (!racy)
		touch_a();
	gate_open(&a_in);
	g_datalist_id_set_data(&list, key, &list);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *asks(void *unused)
{
	b_tid = (pid_t)syscall(SYS_gettid);
	gate_wait(&held, 1);
	gate_open(&b_waits);
	g_datalist_id_get_data(&list, key);
	gate_wait(&a_done, 1);
	touch_b();
	return unused;
}
static void *asked_alone(void *unused)
{
	static void *(*const run[])(void *) = { holder, changes, asks };
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		MUST(pthread_create(&t[i], NULL, run[i], NULL));
	for (int i = 0; i < 3; i++)
		MUST(pthread_join(t[i], NULL));
	return unused;
}

static void nothing(GQuark k, gpointer data, gpointer unused)
{
}

static const struct scenario scenarios[] = { ALONE(asked) };

int main(int argc, char **argv)
{
	key = g_quark_from_static_string("key");
	g_datalist_init(&list);
	g_datalist_id_set_data(&list, key, &key);
	g_datalist_foreach(&list, nothing, NULL);
	return twins_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
