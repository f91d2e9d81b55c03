/* SPDX-License-Identifier: MIT */
/*
 * names_test.c - shortened names: by hand, and over any text.
 *
 *   names_test             the pairs below, then whatever garbage can do
 *   names_test --filter    shortens each line of stdin
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/symbolize/names.h"

static int failed;

static const struct {
	const char *test, *from, *to;
} pairs[] = {
#define STRING "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >"
	{ "c_functions_stay", "g_hash_table_insert", "g_hash_table_insert" },
	{ "an_empty_name_stays", "", "" },
	{ "plain_methods_stay", "shop::Cart::add(int, char const*) const", "shop::Cart::add(int, char const*) const" },
	{ "strings", "f(" STRING " const&)", "f(std::string const&)" },
	{ "strings_of_libcxx", "f(std::__1::basic_string<char, std::__1::char_traits<char>, std::__1::allocator<char> >)", "f(std::string)" },
	{ "wide_strings", "f(std::basic_string<wchar_t, std::char_traits<wchar_t>, std::allocator<wchar_t> >)", "f(std::wstring)" },
	{ "strings_with_their_own_allocator_stay", "f(std::__cxx11::basic_string<char, std::char_traits<char>, my::pool<char> >)",
	  "f(std::basic_string<char, std::char_traits<char>, my::pool<char>>)" },
	{ "members_of_strings", STRING "::append(char const*)", "std::string::append(char const*)" },
	{ "string_views", "f(std::basic_string_view<char, std::char_traits<char> >)", "f(std::string_view)" },
	{ "streams", "operator<<(std::basic_ostream<char, std::char_traits<char> >&, T const&)", "operator<<(std::ostream&, T const&)" },
	{ "vectors", "f(std::vector<int, std::allocator<int> >)", "f(std::vector<int>)" },
	{ "vectors_of_vectors",
	  "f(std::vector<std::vector<int, std::allocator<int> >, std::allocator<std::vector<int, std::allocator<int> > > >)",
	  "f(std::vector<std::vector<int>>)" },
	{ "maps",
	  "std::map<" STRING ", int, std::less<" STRING " >, std::allocator<std::pair<" STRING " const, int> > >::find(" STRING " const&)",
	  "std::map<std::string, int>::find(std::string const&)" },
	{ "maps_of_pointers_to_const",
	  "std::map<char const*, int, std::less<char const*>, std::allocator<std::pair<char const* const, int> > >::clear()",
	  "std::map<char const*, int>::clear()" },
	{ "maps_with_their_own_order", "std::map<int, int, by_age, std::allocator<std::pair<int const, int> > >::clear()",
	  "std::map<int, int, by_age>::clear()" },
	{ "maps_with_their_own_allocator_keep_all", "std::map<int, int, std::less<int>, my::pool<std::pair<int const, int> > >::clear()",
	  "std::map<int, int, std::less<int>, my::pool<std::pair<int const, int>>>::clear()" },
	{ "sets", "f(std::set<int, std::less<int>, std::allocator<int> >&)", "f(std::set<int>&)" },
	{ "unordered_maps",
	  "std::unordered_map<int, " STRING ", std::hash<int>, std::equal_to<int>, std::allocator<std::pair<int const, " STRING " > > >::at(int const&)",
	  "std::unordered_map<int, std::string>::at(int const&)" },
	{ "unordered_maps_with_their_own_hash",
	  "std::unordered_map<K, V, H, std::equal_to<K>, std::allocator<std::pair<K const, V> > >::at(K const&)",
	  "std::unordered_map<K, V, H>::at(K const&)" },
	{ "insides_of_trees",
	  "std::_Rb_tree<int, std::pair<int const, T>, std::_Select1st<std::pair<int const, T> >, std::less<int>, "
	  "std::allocator<std::pair<int const, T> > >::_M_erase(std::_Rb_tree_node<std::pair<int const, T> >*)",
	  "std::_Rb_tree<int, std::pair<int const, T>>::_M_erase(std::_Rb_tree_node<std::pair<int const, T>>*)" },
	{ "result_types_go",
	  "std::pair<std::_Rb_tree_iterator<int>, bool> std::_Rb_tree<int, int, std::_Identity<int>, std::less<int>, std::allocator<int> >::"
	  "_M_insert_unique<int>(int&&)",
	  "std::_Rb_tree<int, int>::_M_insert_unique(int&&)" },
	{ "result_types_of_const_members_go", "int shop::Cart::sum<int>(int) const", "shop::Cart::sum<int>(int) const" },
	{ "void_goes", "void f<int>(int)", "f<int>(int)" },
	{ "pointers_as_result_go", "char const* f<int>(int)", "f<int>(int)" },
	{ "functions_that_return_functions_stay", "void (*f<int>(int))(char)", "void (*f<int>(int))(char)" },
	{ "conversions_stay", "Foo::operator bool() const", "Foo::operator bool() const" },
	{ "conversions_to_templates", "Foo::operator std::vector<int, std::allocator<int> >() const", "Foo::operator std::vector<int>() const" },
	{ "operator_new_stays", "operator new(unsigned long)", "operator new(unsigned long)" },
	{ "operator_new_array_stays", "Foo::operator new[](unsigned long)", "Foo::operator new[](unsigned long)" },
	{ "call_operators", "main::{lambda(int)#1}::operator()(int) const", "main::{lambda(int)#1}::operator()(int) const" },
	{ "call_operators_in_const_members", "Foo::m() const::{lambda()#1}::operator()() const",
	  "Foo::m() const::{lambda()#1}::operator()() const" },
	{ "less_operators", "bool operator< <int>(A<int> const&, A<int> const&)", "operator< <int>(A<int> const&, A<int> const&)" },
	{ "shift_operators",
	  "std::basic_ostream<char, std::char_traits<char> >& std::operator<< <std::char_traits<char> >(std::basic_ostream<char, "
	  "std::char_traits<char> >&, char const*)",
	  "std::operator<< <std::char_traits<char>>(std::ostream&, char const*)" },
	{ "arrow_operators", "std::unique_ptr<T, std::default_delete<T> >::operator->() const", "std::unique_ptr<T>::operator->() const" },
	{ "greater_operators", "X::operator>(X const&)", "X::operator>(X const&)" },
	{ "anonymous_namespaces", "(anonymous namespace)::f(int)", "(anonymous namespace)::f(int)" },
	{ "results_before_anonymous_namespaces", "void (anonymous namespace)::f<int>(int)", "(anonymous namespace)::f<int>(int)" },
	{ "lambdas_of_debug_info_stay", "thread<main()::<lambda()> >", "thread<main()::<lambda()>>" },
	{ "nameless_lambdas_of_debug_info_stay", "<lambda(int)>", "<lambda(int)>" },
	{ "clones_lose_their_mark", "f(int) [clone .isra.0]", "f(int)" },
	{ "clones_of_clones", "f(int) [clone .part.0] [clone .cold]", "f(int)" },
	{ "abi_tags_stay", "Foo::name[abi:cxx11]() const", "Foo::name[abi:cxx11]() const" },
	{ "thunks_stay", "non-virtual thunk to Foo::bar(int)", "non-virtual thunk to Foo::bar(int)" },
	{ "tables_stay", "vtable for std::vector<int, std::allocator<int> >", "vtable for std::vector<int>" },
	{ "comparisons_in_arguments", "f<(1>2), 3>(int)", "f<(1>2), 3>(int)" },
	{ "results_by_decltype_stay", "decltype (fp.x()) f<int>(int)", "decltype (fp.x()) f<int>(int)" },
	{ "your_own_namespaces_stay", "mystd::__cxx11::f(int)", "mystd::__cxx11::f(int)" },
	{ "unbalanced_names_stay", "f<int(", "f<int(" },
	{ "unbalanced_names_stay_2", "f>>>)]}(", "f>>>)]}(" },
};

static void check_pairs(void)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char got[1024];

		name_shorten(pairs[i].from, got, sizeof(got));
		if (!strcmp(got, pairs[i].to)) {
			printf("ok %s\n", pairs[i].test);
		} else {
			printf("not ok %s: got %s\n", pairs[i].test, got);
			failed = 1;
		}
	}
}

static size_t commas(const char *s)
{
	size_t n = 0;

	while (*s)
		n += *s++ == ',';
	return n;
}

static void check_fit(void)
{
	static const struct {
		const char *from, *to;
	} fits[] = {
		{ "f(int)", "f(int)" },
		{ "shop::Cart::add(int, int, int)", "shop::Cart::add()" },
		{ "shop::Cart::add(int, int, int) const", "shop::Cart::add()" },
		{ "a_name_of_many_more_letters(int)", "a_name_of_many_more..." },
	};
	char got[23];
	int all = 1;

	for (size_t i = 0; i < sizeof(fits) / sizeof(fits[0]) && all; i++) {
		name_fit(fits[i].from, got, sizeof(got));
		all = !strcmp(got, fits[i].to);
	}
	printf(all ? "ok names_are_made_to_fit\n" : "not ok names_are_made_to_fit: got %s\n", got);
	failed |= !all;
}

/* Terminated, and no longer than it was but for the spaces behind commas. */
static int good(const char *from, size_t cap)
{
	char *to = malloc(cap);
	int result;

	name_shorten(from, to, cap);
	result = strnlen(to, cap) < cap && strlen(to) <= strlen(from) + commas(from);
	free(to);
	return result;
}

static void check_any_text(void)
{
	static const char *const pieces[] = { "<", ">", "(", ")", "[", "]", "{", "}", ",", " ", "std::", "map", "operator", "::", "const",
					      " const", "int", "basic_string<char>", "->", "allocator<", "&", "*", "__cxx11::", "std::map<",
					      "a", "\xc3\xa4", "[clone ." };
	const unsigned n = sizeof(pieces) / sizeof(pieces[0]);
	int all = 1;

	srand(1);
	for (int round = 0; round < 100000 && all; round++) {
		char text[512] = "";

		for (int k = rand() % 24; k > 0; k--)
			strcat(text, pieces[(unsigned)rand() % n]);
		all = good(text, (size_t)(1 + rand() % 300));
		if (!all)
			printf("not ok any_text_is_safe: %s\n", text);
	}
	if (all) {
		char *deep = malloc(20001);

		memset(deep, '<', 20000);
		deep[20000] = 0;
		all = good(deep, 30000);
		for (int i = 0; i < 20000; i += 2)
			memcpy(deep + i, "a<", 2);
		all &= good(deep, 30000);
		free(deep);
		printf("%s any_text_is_safe%s\n", all ? "ok" : "not ok", all ? "" : ": deep nesting");
	}
	failed |= !all;
}

static void filter(void)
{
	char line[65536], out[65536];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		name_shorten(line, out, sizeof(out));
		puts(out);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--filter")) {
		filter();
		return 0;
	}
	check_pairs();
	check_fit();
	check_any_text();
	return failed;
}
