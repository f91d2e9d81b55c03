/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 liburing */
/* A table travels as the user data of an io_uring request; another thread takes the completion. */
#include <liburing.h>

#include "hidden.h"

static struct io_uring ring;

static void *submitter(void *unused)
{
	struct io_uring_sqe *request = io_uring_get_sqe(&ring);

	add("request");
	io_uring_prep_nop(request);
	io_uring_sqe_set_data(request, table);
	race_release(table);
	io_uring_submit(&ring);
	return unused;
}

static void *completer(void *unused)
{
	struct io_uring_cqe *completion;
	GHashTable *t;

	if (io_uring_wait_cqe(&ring, &completion))
		abort();
	t = io_uring_cqe_get_data(completion);
	race_acquire(t);
	g_hash_table_lookup(t, "request");
	io_uring_cqe_seen(&ring, completion);
	return unused;
}

int main(void)
{
	if (io_uring_queue_init(4, &ring, 0)) {
		puts("not run: io_uring is not to be had here");
		return 0;
	}
	table = g_hash_table_new(g_str_hash, g_str_equal);
	both(submitter, completer);
	puts("done");
	return 0;
}
