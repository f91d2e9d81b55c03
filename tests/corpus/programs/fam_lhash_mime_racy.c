/* CORPUS label=racy family=lhash primitive=join atomics=none repeats=no twin=fam_lhash_mime_clean cause=unsynchronised */
/* SPDX-License-Identifier: MIT */
/* BUILD: libcrypto */
/*
 * MIME types by suffix in an LHASH of strings: a loader fills it, main serves files.
 * Main serves the first files while the loader runs.
 */
#include <openssl/lhash.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static char entries[][24] = { "css:text/css", "gif:image/gif", "html:text/html", "png:image/png", "txt:text/plain" };
static OPENSSL_LHASH *types;

static unsigned long suffix_hash(const void *entry)
{
	unsigned long h = 0;

	for (const char *p = entry; *p && *p != ':'; p++)
		h = h * 131 + (unsigned char)*p;
	return h;
}

static int suffix_compare(const void *a, const void *b)
{
	size_t n = strcspn(a, ":"), m = strcspn(b, ":");

	return n != m || memcmp(a, b, n) != 0;
}

static void *load(void *unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
		OPENSSL_LH_insert(types, entries[i]);
	return NULL;
}

int main(void)
{
	static const char *const files[] = { "png", "html", "exe", "css" };
	pthread_t loader;
	int known = 0;

	types = OPENSSL_LH_new(suffix_hash, suffix_compare);
	pthread_create(&loader, NULL, load, NULL);
	for (int i = 0; i < 4; i++)
		known += OPENSSL_LH_retrieve(types, files[i]) != NULL;
	pthread_join(loader, NULL);
	printf("served %s files\n", known <= 3 ? "typed" : "strange");
	OPENSSL_LH_free(types);
	return 0;
}
