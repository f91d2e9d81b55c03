/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * forms.c - one program that tests/attach/check links in many ways. As twins (see twins.h), and it calls g_hash_table_steal, which
 * GLib itself never does, seven times: so many must be counted. With -DOWN it defines functions itself that librace hooks.
 */
#include "twins.h"

#include <glib.h>
#include <unistd.h>

#ifdef OWN
/* A table of this program's own, under GLib's names: ten slots. GLib keeps its own for itself. */
static long own_slots[10], own_calls;
GHashTable *g_hash_table_new(GHashFunc hash, GEqualFunc equal)
{
	return (GHashTable *)own_slots;
}
__attribute__((noinline)) gboolean g_hash_table_steal(GHashTable *t, gconstpointer key)
{
	own_calls += getpid() > 0; /* calls something: callers cannot know which registers it leaves alone */
	if (!((long *)t)[(size_t)key])
		return FALSE;
	((long *)t)[(size_t)key] = 0;
	return TRUE;
}
gboolean g_hash_table_insert(GHashTable *t, gpointer key, gpointer value)
{
	((long *)t)[(size_t)key] = 1;
	return TRUE;
}

/* An allocator and an environment. */
static char heap[8 << 20] __attribute__((aligned(16)));
static size_t heap_used;
void *malloc(size_t n)
{
	size_t at = __atomic_fetch_add(&heap_used, (n + 31) & ~(size_t)15, __ATOMIC_RELAXED);

	if (at + n + 32 > sizeof heap)
		return NULL;
	*(size_t *)(heap + at) = n;
	return heap + at + 16;
}
void free(void *p)
{
}
void *calloc(size_t n, size_t each)
{
	return malloc(n * each); /* never given out twice: still zero */
}
void *realloc(void *p, size_t n)
{
	void *q = malloc(n);

	if (q && p)
		memcpy(q, p, ((size_t *)p)[-2] < n ? ((size_t *)p)[-2] : n);
	return q;
}
void *memalign(size_t align, size_t n);
void *memalign(size_t align, size_t n)
{
	char *p = malloc(n + align + 16);
	char *q = (char *)(((size_t)p + align + 15) & -align);

	((size_t *)q)[-2] = n;
	return q;
}
void *aligned_alloc(size_t align, size_t n)
{
	return memalign(align, n);
}
int posix_memalign(void **p, size_t align, size_t n)
{
	*p = memalign(align, n);
	return 0;
}
char *getenv(const char *name)
{
	return strcmp(name, "FORMS") ? NULL : (char *)"own";
}
#endif

#ifdef OVERLAP
int amid_five(void);
#endif

static pthread_mutex_t mutex[2] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };
LOCKED(lock, pthread_mutex_lock(&mutex[L]), touch_a(), pthread_mutex_unlock(&mutex[L]), pthread_mutex_lock(&mutex[L]), touch_b(),
       pthread_mutex_unlock(&mutex[L]))

int main(int argc, char **argv)
{
	static const struct scenario list[] = { SIDES(lock) };
	GHashTable *t = g_hash_table_new(NULL, NULL);
	int stolen = 0;
	char *p = malloc(100);

	p = realloc(p, 200);
	free(p);
	for (int i = 1; i < 8; i++) {
		if (i & 1)
			g_hash_table_insert(t, GINT_TO_POINTER(i), NULL);
		stolen += g_hash_table_steal(t, GINT_TO_POINTER(i));
	}
	printf("%d %s\n", stolen, getenv("FORMS"));
#ifdef OVERLAP
	printf("%d %d\n", g_hash_table_size(NULL), amid_five());
#endif
	return twins_main(argc, argv, list, 1);
}
