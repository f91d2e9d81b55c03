/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/* LOUD: reported by default: the program holds no atomics, so nothing speaks for an order */
/* Two threads that are ordered by another process, which gets a message from one and answers the other. */
#include <sys/wait.h>

#include "hidden.h"

static int question[2], answer[2];
static char round_trip;

static void *asker(void *unused)
{
	add("request");
	race_release(&round_trip);
	if (write(question[1], "?", 1) != 1)
		abort();
	return unused;
}

static void *collector(void *unused)
{
	char c;

	if (read(answer[0], &c, 1) != 1)
		abort();
	race_acquire(&round_trip);
	look_up("request");
	return unused;
}

int main(void)
{
	pid_t other;

	table = g_hash_table_new(g_str_hash, g_str_equal);
	if (pipe(question) || pipe(answer))
		abort();
	other = fork();
	if (!other) {
		char c;

		_exit(read(question[0], &c, 1) != 1 || write(answer[1], &c, 1) != 1);
	}
	both(asker, collector);
	waitpid(other, NULL, 0);
	puts("done");
	return 0;
}
