/* SPDX-License-Identifier: MIT */
/*
 * throw.cc - exceptions that begin in, pass through and end in patched functions.
 */
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

#define CALLED extern "C" __attribute__((noinline))

static int destroyed;

struct guard {
	int weight;
	explicit guard(int w) : weight(w) {}
	~guard() { destroyed += weight; }
};

struct own {
	int v[3];
};

CALLED int ptl_throw(int kind)
{
	guard g(1);

	switch (kind) {
	case 0:
		throw 42;
	case 1:
		throw std::runtime_error("one");
	case 2:
		throw own{ { 1, 2, 3 } };
	case 3:
		throw std::string(100, 'x');
	}
	return kind;
}

CALLED int ptl_through(int kind, int depth)
{
	guard g(10);

	return depth ? ptl_through(kind, depth - 1) + 1 : ptl_throw(kind);
}

CALLED double pt_through_many(int a, double b, int c, double d, int e, int f, int g, int h, int i, int j, int kind)
{
	guard guarded(100);

	return ptl_throw(kind) + a + b + c + d + e + f + g + h + i + j;
}

/* Asks for its C name here: C knows no std::string. */
__attribute__((noinline)) std::string by_hidden_pointer(int kind) __asm__("pt_by_hidden_pointer");
std::string by_hidden_pointer(int kind)
{
	std::string s(200, 'a');

	s += std::to_string(ptl_throw(kind));
	return s;
}

CALLED int ptl_catches(int kind)
{
	try {
		return ptl_through(kind, 3);
	} catch (int v) {
		return v;
	} catch (const std::exception &e) {
		return e.what()[0];
	}
}

CALLED int ptl_catches_and_throws(int kind)
{
	try {
		return ptl_through(kind, 2);
	} catch (int) {
		throw;
	} catch (const std::exception &e) {
		throw std::string(e.what()) + " again";
	}
}

CALLED int ptl_nested(int depth)
{
	try {
		if (depth == 0)
			return ptl_throw(0);
		return ptl_nested(depth - 1);
	} catch (int v) {
		throw v + 1;
	}
}

CALLED int ptl_calls_back(int (*f)(int), int v)
{
	guard g(1000);

	return f(v) + 1;
}

static int caught(int (*f)(int), int kind)
{
	try {
		return f(kind);
	} catch (int v) {
		return 1000 + v;
	} catch (const std::exception &) {
		return 2000;
	} catch (const own &o) {
		return 3000 + o.v[2];
	} catch (const std::string &s) {
		return 4000 + (int)s.size();
	}
}

static int through(int kind) { return ptl_through(kind, 20); }
static int many(int kind) { return (int)pt_through_many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, kind); }
static int hidden(int kind) { return (int)by_hidden_pointer(kind).size(); }
static int calls_back(int kind) { return ptl_calls_back(ptl_throw, kind); }
static int nested(int kind) { return ptl_nested(kind * 10); }
static int by_pointer(int kind)
{
	std::exception_ptr e;

	try {
		ptl_through(kind, 4);
	} catch (...) {
		e = std::current_exception();
	}
	if (e)
		std::rethrow_exception(e);
	return 0;
}

int main()
{
	int (*const all[])(int) = { ptl_throw, through, many, hidden, ptl_catches, ptl_catches_and_throws, calls_back, nested, by_pointer };
	int n = 0;

	for (auto f : all) {
		for (int kind = 0; kind < 5; kind++) {
			int v = caught(f, kind);

			std::printf("%d %d: %d destroyed %d\n", n, kind, v, destroyed);
		}
		n++;
	}
	return 0;
}
