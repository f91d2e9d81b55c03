/* CORPUS label=clean family=std_map primitive=std_once atomics=none repeats=no twin=prim_call_once_codecs_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/*
 * A table of codecs is filled by std::call_once, whoever needs it first.
 * Each use goes through call_once; afterwards the table is only read.
 */
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>

static std::map<std::string, int> codecs{ { "raw", 0 } };
static std::once_flag filled;

static void fill()
{
	codecs.insert({ "opus", 48000 });
	codecs.insert({ "pcm", 44100 });
	codecs.insert({ "speex", 16000 });
}

static size_t list()
{
	size_t length = 0;

	for (const auto &codec : codecs)
		length += codec.first.size();
	return length;
}

static void player()
{
	std::call_once(filled, fill);
	list();
}

static void printer(size_t &length)
{
	std::call_once(filled, fill);
	length = list();
}

int main()
{
	size_t length = 0;
	std::thread first(player), second(printer, std::ref(length));

	first.join();
	second.join();
	std::printf("list %s\n", length ? "printed" : "empty");
	return 0;
}
