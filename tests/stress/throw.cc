/* SPDX-License-Identifier: MIT */
/* throw.cc - C++ exceptions that leave a map operation through its compare callback and are caught outside. */
#include "../e2e/twins.h"

#include <mutex>
#include <stdexcept>
#include <thread>

static std::mutex mutex;
static int thrown;

static int throws(const void *, const void *)
{
	throw std::runtime_error("out of the comparison");
}

static void throw_often()
{
	for (int i = 0; i < 500; i++) {
		std::lock_guard<std::mutex> hold(mutex);
		touch_a();
		try {
			tsearch((void *)3, &touch_root, throws);
		} catch (const std::runtime_error &) {
			thrown++;
		}
	}
}

int main()
{
	std::thread a(throw_often), b(throw_often);

	a.join();
	b.join();
	touch_b();
	printf("%d thrown\n", thrown);
	return thrown == 1000 ? 0 : 1;
}
