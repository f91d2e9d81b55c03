/* CORPUS label=clean family=gtree primitive=pipe atomics=none repeats=no twin=prim_pipe_after_sem_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A hand-over in three steps: reader to parser by a semaphore, parser to writer by a pipe. The writer uses what the
 * reader made.
 * The reader is done when it posts.
 */
#include <glib.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

enum { LINES = 8 };

static GTree *lines;
static sem_t read_in;
static int parsed[2];

static int by_number(gconstpointer a, gconstpointer b)
{
	return GPOINTER_TO_INT(a) - GPOINTER_TO_INT(b);
}

static void *reader(void *unused)
{
	for (int line = 1; line < LINES; line++)
		g_tree_insert(lines, GINT_TO_POINTER(line), GINT_TO_POINTER(line * 7));
	g_tree_insert(lines, GINT_TO_POINTER(LINES), GINT_TO_POINTER(1));
	sem_post(&read_in);
	return unused;
}

static void *parser(void *unused)
{
	while (sem_wait(&read_in))
		;
	if (write(parsed[1], "p", 1) != 1)
		perror("write");
	return unused;
}

int main(void)
{
	pthread_t threads[2];
	int found = 0;
	char byte;

	lines = g_tree_new(by_number);
	sem_init(&read_in, 0, 0);
	if (pipe(parsed))
		return 1;
	pthread_create(&threads[0], NULL, reader, NULL);
	pthread_create(&threads[1], NULL, parser, NULL);
	if (read(parsed[0], &byte, 1) != 1)
		return 1;
	for (int line = 1; line < LINES; line++)
		found += g_tree_lookup(lines, GINT_TO_POINTER(line)) != NULL;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("lines: %s\n", found ? "some" : "none");
	g_tree_destroy(lines);
	return 0;
}
