/* CORPUS label=clean family=jansson primitive=pthread_rwlock atomics=own repeats=yes twin=fam_jansson_profile_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: jansson */
/*
 * A profile is shown by a renderer while an editor renames the user; values are counted by the
 * library's inline atomics.
 * The editor holds the lock in write mode.
 */
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>

static json_t *profile;
static pthread_rwlock_t profile_lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t opened, closed;

static void rename_user(json_t *name)
{
	pthread_rwlock_wrlock(&profile_lock);
	json_object_set(profile, "name", name);
	pthread_rwlock_unlock(&profile_lock);
}

static size_t show(void)
{
	const char *key;
	json_t *value;
	size_t shown = 0;

	pthread_rwlock_rdlock(&profile_lock);
	json_object_foreach (profile, key, value)
		shown += key[0] != '_' && !json_is_null(value);
	pthread_rwlock_unlock(&profile_lock);
	return shown;
}

static void *edit(void *unused)
{
	json_t *names[] = { json_string("kim"), json_string("sam") };

	(void)unused;
	json_incref(names[0]); /* both outlive the profile's use of them */
	json_incref(names[1]);
	pthread_barrier_wait(&opened);
	for (int i = 0; i < 1500; i++)
		rename_user(names[i & 1]);
	pthread_barrier_wait(&closed);
	return NULL;
}

int main(void)
{
	pthread_t editor;
	size_t shown = 0;

	profile = json_pack("{s:s, s:i, s:b, s:n}", "name", "alex", "age", 44, "member", 1, "photo");
	pthread_barrier_init(&opened, NULL, 2);
	pthread_barrier_init(&closed, NULL, 2);
	pthread_create(&editor, NULL, edit, NULL);
	pthread_barrier_wait(&opened);
	for (int i = 0; i < 1500; i++)
		shown += show();
	pthread_barrier_wait(&closed);
	pthread_join(editor, NULL);
	printf("profile %s\n", shown ? "shown" : "empty");
	json_decref(profile);
	return 0;
}
