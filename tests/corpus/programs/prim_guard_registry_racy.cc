/* CORPUS label=racy family=std_map primitive=std_guard atomics=none repeats=no twin=prim_guard_registry_clean */
/* SPDX-License-Identifier: MIT */
/*
 * Plug-ins are known to a registry that lives in a function's static variable; its construction is guarded.
 * The plug-in thread and main both register one more after that.
 */
#include <cstdio>
#include <map>
#include <string>
#include <thread>

class Registry {
	std::map<std::string, int> plugins;

public:
	Registry()
	{
		for (const char *name : { "blur", "crop", "scale" })
			add(name, 1);
	}

	void add(const char *name, int version) { plugins.emplace(name, version); }

	int count() const
	{
		int n = 0;

		for (const auto &plugin : plugins)
			n += plugin.second > 0;
		return n;
	}
};

static Registry &registry()
{
	static Registry the_registry;

	return the_registry;
}

static void plugin(int &count)
{
	registry().add("sharpen", 2);
	count = registry().count();
}

int main()
{
	int theirs = 0, ours;
	std::thread thread(plugin, std::ref(theirs));

	registry().add("tint", 2);
	ours = registry().count();
	thread.join();
	std::printf("plug-ins: %s\n", ours + theirs >= 6 ? "yes" : "no");
	return 0;
}
