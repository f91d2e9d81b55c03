/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/* The last owner destroys what the others have changed before they let go. */
#include <memory>
#include <thread>

#include "hidden.h"

struct session {
	GHashTable *values = g_hash_table_new(g_str_hash, g_str_equal);

	~session()
	{
		race_acquire(this);
		g_hash_table_destroy(values);
	}
};

static void let_go(std::shared_ptr<session> &s)
{
	race_release(s.get());
	s.reset();
}

int main()
{
	auto one = std::make_shared<session>(), other = one;
	std::thread a([&] {
		g_hash_table_insert(one->values, (void *)"user", (void *)"alice");
		let_go(one);
		gate_open(&first_done);
	});
	std::thread b([&] {
		gate_wait(&first_done, 1); /* so that it is the last one in each run */
		let_go(other);
	});

	a.join();
	b.join();
	puts("done");
}
