/* CORPUS label=clean family=std_map primitive=qthread atomics=none repeats=no twin=prim_qthread_scan_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core -fPIC */
/*
 * A QThread scans a list of names into a map; main prints it.
 * Main waits for the thread before it goes through the map.
 */
#include <QSemaphore>
#include <QThread>
#include <cstdio>
#include <map>
#include <string>

class Scanner : public QThread {
public:
	QSemaphore begun;
	std::map<std::string, int> sizes{ { "README", 12 }, { "Makefile", 3 } };

protected:
	void run() override
	{
		begun.release();
		for (const char *name : { "main.c", "util.c", "util.h", "test.c", "COPYING" })
			sizes.emplace(name, 100);
	}
};

static int total(const std::map<std::string, int> &sizes)
{
	int sum = 0;

	for (const auto &size : sizes)
		sum += size.second;
	return sum;
}

int main()
{
	Scanner scanner;
	int sum;

	scanner.start();
	scanner.begun.acquire();
	scanner.wait();
	sum = total(scanner.sizes);
	std::printf("size %s\n", sum >= 15 ? "known" : "unknown");
	return 0;
}
