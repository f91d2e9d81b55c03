/* CORPUS label=clean family=std_map primitive=std_once atomics=none repeats=no twin=fam_map_countries_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/*
 * Codes of countries, put into a map by the first thread that prints a form, only read afterwards.
 * The first one is told by std::call_once; no lock is taken for reading.
 */
#include <cstdio>
#include <map>
#include <mutex>
#include <thread>

namespace
{
std::map<int, const char *> countries;
std::once_flag filled;

void fill()
{
	static const struct {
		int code;
		const char *name;
	} known[] = { { 30, "Greece" }, { 31, "Netherlands" }, { 32, "Belgium" }, { 33, "France" },
		      { 34, "Spain" },	{ 36, "Hungary" },     { 39, "Italy" },	  { 40, "Romania" } };

	for (const auto &country : known)
		countries.emplace(country.code, country.name);
}

int print_form(int upto)
{
	int printed = 0;

	std::call_once(filled, fill);
	for (const auto &country : countries)
		printed += country.first <= upto && country.second[0];
	return printed;
}
}

int main()
{
	int one = 0, two = 0;
	std::thread clerk([&] { one = print_form(33); });
	std::thread machine([&] { two = print_form(40); });

	clerk.join();
	machine.join();
	std::printf("forms %s\n", one <= 8 && two <= 8 ? "printed" : "spoilt");
}
