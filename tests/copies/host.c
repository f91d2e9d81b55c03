/* SPDX-License-Identifier: MIT */
/* host.c - opens both plugins, each with its own library, closes one, opens it again. host PLUGIN PLUGIN */
#include <dlfcn.h>
#include <stdio.h>

struct plugin {
	void *handle;
	int (*sum)(void);
};

static struct plugin open_plugin(const char *path)
{
	struct plugin p = { dlopen(path, RTLD_NOW | RTLD_LOCAL), NULL };

	if (p.handle)
		*(void **)&p.sum = dlsym(p.handle, "plugin_sum");
	return p;
}

int main(int argc, char **argv)
{
	struct plugin a, b;

	if (argc != 3)
		return 2;
	for (int round = 0; round < 3; round++) {
		a = open_plugin(argv[1]);
		if (!a.sum)
			return 3;
		printf("%d\n", a.sum());
		b = open_plugin(argv[2]);
		if (!b.sum)
			return 3;
		printf("%d %d %d\n", a.sum(), b.sum(), a.sum());
		dlclose(a.handle);
		printf("%d\n", b.sum());
		a = open_plugin(argv[1]);
		printf("%d %d\n", a.sum(), b.sum());
		dlclose(b.handle);
		printf("%d\n", a.sum());
		dlclose(a.handle);
	}
	return 0;
}
