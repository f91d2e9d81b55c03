/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/* Two threads that are ordered by another process, through memory that it shares with them. */
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "hidden.h"

static struct {
	atomic_int asked, answered;
} *shared;

static void wait_for(atomic_int *flag)
{
	while (!atomic_load_explicit(flag, memory_order_acquire))
		sched_yield();
}

static void *asker(void *unused)
{
	add("request");
	race_release(&shared->answered);
	atomic_store_explicit(&shared->asked, 1, memory_order_release);
	return unused;
}

static void *collector(void *unused)
{
	wait_for(&shared->answered);
	race_acquire(&shared->answered);
	look_up("request");
	return unused;
}

int main(void)
{
	pid_t other;

	table = g_hash_table_new(g_str_hash, g_str_equal);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	other = fork();
	if (!other) {
		wait_for(&shared->asked);
		atomic_store_explicit(&shared->answered, 1, memory_order_release);
		_exit(0);
	}
	both(asker, collector);
	waitpid(other, NULL, 0);
	puts("done");
	return 0;
}
