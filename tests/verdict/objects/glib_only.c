/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=0 volatiles=0 */
/* BUILD: glib-2.0 */
#include <glib.h>
GMutex lock;
GHashTable *table;
static gsize once;
void use(void)
{
	if (g_once_init_enter(&once)) {
		g_mutex_lock(&lock);
		g_hash_table_insert(table, table, table);
		g_mutex_unlock(&lock);
		g_once_init_leave(&once, 1);
	}
}
