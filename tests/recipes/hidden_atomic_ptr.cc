/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/* A table that is replaced through std::atomic<std::shared_ptr>. */
#include <atomic>
#include <memory>
#include <thread>

#include "hidden.h"

using snapshot = std::shared_ptr<GHashTable>;

static std::atomic<snapshot> current;

static void publish(snapshot s)
{
	race_release(s.get());
	current.store(std::move(s));
}

static snapshot take()
{
	snapshot s = current.load();

	race_acquire(s.get());
	return s;
}

/* The last owner comes after everybody else, which librace cannot see either. */
static void destroy(GHashTable *t)
{
	race_acquire(t);
	g_hash_table_destroy(t);
}

static void done(snapshot &s)
{
	race_release(s.get());
	s.reset();
}

int main()
{
	std::thread writer([] {
		snapshot s(g_hash_table_new(g_str_hash, g_str_equal), destroy);

		g_hash_table_insert(s.get(), (void *)"timeout", (void *)"30");
		publish(std::move(s));
	});
	std::thread reader([] {
		snapshot s;

		while (!(s = take()))
			std::this_thread::yield();
		g_hash_table_lookup(s.get(), "timeout");
		done(s);
	});

	writer.join();
	reader.join();
	publish(nullptr);
	puts("done");
}
