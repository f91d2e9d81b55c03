/* CORPUS label=racy family=std_map primitive=std_once atomics=none repeats=no twin=fam_map_countries_clean cause=first-use */
/* SPDX-License-Identifier: MIT */
/*
 * Codes of countries, put into a map by the first thread that prints a form, only read afterwards.
 * The first one is who finds the map empty.
 */
#include <cstdio>
#include <map>
#include <mutex>
#include <thread>

namespace
{
std::map<int, const char *> countries;

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

	if (countries.empty())
		fill();
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
