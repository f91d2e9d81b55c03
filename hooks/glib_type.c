/* SPDX-License-Identifier: MIT */
/*
 * glib_type.c - class initialisation of GObject types.
 *
 * Tables made in a class_init function are used by every thread that has an instance. GObject runs class_init once,
 * under its own lock; later users look at an atomic flag inside libgobject and take no lock. So the end of class_init
 * is published like that of a once routine (sync_publish_once).
 *
 * class_init is replaced by ours at registration, its class data by a record. Types with a class_finalize get that data
 * too, and keep their own; so do types registered by plugins. Records are never given back: neither are types.
 */
#include "../preload/sys/os.h"
#include "glib_types.h"
#include "sync_rows.h"

/* struct _GTypeInfo, gobject/gtype.h. GObject copies it. */
struct type_info {
	uint16_t class_bytes;
	glib_fn base_init, base_finalize;
	void (*class_init)(void *class, void *data);
	glib_fn class_finalize;
	const void *class_data;
	uint16_t instance_bytes, preallocated;
	glib_fn instance_init;
	const void *value_table;
};

struct type_record {
	void (*class_init)(void *class, void *data);
	void *data;
};

enum { RECORDS = 1 << 16 };
static struct type_record *records; /* set once */
static uint32_t used;

static struct type_record *record_take(void)
{
	struct type_record *all = load_acquire(&records), *none = NULL; /* partner: the exchange below */
	uint32_t n;

	if (unlikely(!all)) {
		all = os_map(RECORDS * sizeof(*all));
		if (!all)
			return NULL;
		if (!cas_acq_rel(&records, &none, all)) {
			os_unmap(all, RECORDS * sizeof(*all));
			all = none;
		}
	}
	n = load_relaxed(&used) < RECORDS ? add_relaxed(&used, 1) : RECORDS;
	return n < RECORDS ? &all[n] : NULL;
}

static void class_init(void *class, void *record)
{
	struct type_record *r = record;

	r->class_init(class, r->data);
	SYNC_ENTER(sync_publish_once(t, KEY(r)));
}

static const struct type_info *wrapped(struct type_info *copy, const struct type_info *info)
{
	struct type_record *r = info && info->class_init && !info->class_finalize ? record_take() : NULL;

	if (!r)
		return info;
	r->class_init = info->class_init;
	r->data = (void *)info->class_data;
	*copy = *info;
	copy->class_init = class_init;
	copy->class_data = r;
	return copy;
}

RACE_EXPORT size_t g_type_register_static(size_t parent, const char *name, const struct type_info *info, unsigned flags);
HOOK_SLOT(g_type_register_static)
size_t g_type_register_static(size_t parent, const char *name, const struct type_info *info, unsigned flags)
{
	struct type_info copy;

	return REAL(g_type_register_static)(parent, name, wrapped(&copy, info), flags);
}

RACE_EXPORT size_t g_type_register_fundamental(size_t id, const char *name, const struct type_info *info, const void *kind,
					       unsigned flags);
HOOK_SLOT(g_type_register_fundamental)
size_t g_type_register_fundamental(size_t id, const char *name, const struct type_info *info, const void *kind,
				   unsigned flags)
{
	struct type_info copy;

	return REAL(g_type_register_fundamental)(id, name, wrapped(&copy, info), kind, flags);
}

/* In libgobject it fills a GTypeInfo and calls the general form, past us: so it is done here. */
RACE_EXPORT size_t g_type_register_static_simple(size_t parent, const char *name, unsigned class_bytes,
						 void (*init)(void *, void *), unsigned instance_bytes, glib_fn instance_init,
						 unsigned flags);
HOOK_SLOT(g_type_register_static_simple)
size_t g_type_register_static_simple(size_t parent, const char *name, unsigned class_bytes, void (*init)(void *, void *),
				     unsigned instance_bytes, glib_fn instance_init, unsigned flags)
{
	__typeof__(&g_type_register_static) general =
		(__typeof__(&g_type_register_static))hook_real(&hook_g_type_register_static, CALLER);
	struct type_info info = {
		.class_bytes = (uint16_t)class_bytes,
		.class_init = init,
		.instance_bytes = (uint16_t)instance_bytes,
		.instance_init = instance_init,
	}, copy;

	if (class_bytes > UINT16_MAX || instance_bytes > UINT16_MAX) /* to be complained about */
		return REAL(g_type_register_static_simple)(parent, name, class_bytes, init, instance_bytes, instance_init, flags);
	return general(parent, name, wrapped(&copy, &info), flags);
}
