/* SPDX-License-Identifier: MIT */
/*
 * names.c - shortening demangled names of C++.
 *
 * A name is copied from left to right. Where a template's arguments begin they are read as a list, each shortened by itself,
 * and those that repeat the default of a template that everybody knows are left out. The text is never parsed beyond
 * brackets, commas and the word "operator", so whatever stands there comes out as it was.
 *
 * Runs       in the helper and the command; no allocation, bounded stack, any text.
 */
#include "names.h"

#include <string.h>

#include "../../preload/sys/fmt.h"

enum { ARGUMENTS = 24, DEEPEST = 24, LONGEST = 4096 };

struct text {
	const char *s;
	size_t n;
};

static int is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || c & 0x80;
}

static int text_is(struct text t, const char *s)
{
	return t.n == strlen(s) && !memcmp(t.s, s, t.n);
}

static int text_begins(struct text t, const char *s)
{
	return t.n >= strlen(s) && !memcmp(t.s, s, strlen(s));
}

/* The word "operator" stands at i. */
static int is_operator(const char *s, size_t n, size_t i)
{
	return n - i > 8 && !memcmp(s + i, "operator", 8) && !is_word(s[i + 8]) && (i == 0 || !is_word(s[i - 1]));
}

/* Bytes of "operator<<" and the like at i; 8 for conversions, new and delete. */
static size_t operator_bytes(const char *s, size_t n, size_t i)
{
	static const char *const signs[] = { "<=>", "<<=", ">>=", "->*", "()", "[]", "<<", ">>", "<=", ">=", "->", "<", ">", "," };

	for (unsigned k = 0; k < sizeof(signs) / sizeof(signs[0]); k++) {
		size_t bytes = strlen(signs[k]);

		if (n - i - 8 >= bytes && !memcmp(s + i + 8, signs[k], bytes))
			return 8 + bytes;
	}
	return 8;
}

/* Index of the bracket that closes the one at i; n when there is none. `<` and `>` may also be comparisons: they count
 * only as a pair within the round brackets around them. */
static size_t closing(const char *s, size_t n, size_t i)
{
	char open[2 * DEEPEST];
	size_t depth = 0;

	for (; i < n; i++) {
		if (is_operator(s, n, i)) {
			i += operator_bytes(s, n, i) - 1;
		} else if (s[i] && strchr("<([{", s[i])) {
			if (depth == sizeof(open))
				return n;
			open[depth++] = s[i];
		} else if (s[i] && strchr(">)]}", s[i])) {
			char begins = s[i] == '>' ? '<' : s[i] == ')' ? '(' : s[i] == ']' ? '[' : '{';
			if (begins == '<' && ((i && s[i - 1] == '-') || open[depth - 1] != '<'))
				continue;
			while (depth && open[depth - 1] == '<' && begins != '<')
				depth--;
			if (!depth || open[depth - 1] != begins)
				return n;
			if (--depth == 0)
				return i;
		}
	}
	return n;
}

/* ---- what everybody knows ---------------------------------------------------------------------------------------------- */

/* Default arguments, from the end; $1 and $2 are the first and second argument. The arguments before stay. */
static const struct known {
	const char *name;
	unsigned keep;
	const char *defaults[3];
} known[] = {
	{ "std::vector", 1, { "std::allocator<$1>" } },
	{ "std::deque", 1, { "std::allocator<$1>" } },
	{ "std::list", 1, { "std::allocator<$1>" } },
	{ "std::forward_list", 1, { "std::allocator<$1>" } },
	{ "std::set", 1, { "std::less<$1>", "std::allocator<$1>" } },
	{ "std::multiset", 1, { "std::less<$1>", "std::allocator<$1>" } },
	{ "std::map", 2, { "std::less<$1>", "std::allocator<std::pair<$1 const, $2>>" } },
	{ "std::multimap", 2, { "std::less<$1>", "std::allocator<std::pair<$1 const, $2>>" } },
	{ "std::unordered_set", 1, { "std::hash<$1>", "std::equal_to<$1>", "std::allocator<$1>" } },
	{ "std::unordered_multiset", 1, { "std::hash<$1>", "std::equal_to<$1>", "std::allocator<$1>" } },
	{ "std::unordered_map", 2, { "std::hash<$1>", "std::equal_to<$1>", "std::allocator<std::pair<$1 const, $2>>" } },
	{ "std::unordered_multimap", 2, { "std::hash<$1>", "std::equal_to<$1>", "std::allocator<std::pair<$1 const, $2>>" } },
	{ "std::unique_ptr", 1, { "std::default_delete<$1>" } },
	{ "std::stack", 1, { "std::deque<$1>" } },
	{ "std::queue", 1, { "std::deque<$1>" } },
	{ "std::priority_queue", 1, { "std::vector<$1>", "std::less<$1>" } },
	{ "std::basic_string", 1, { "std::char_traits<$1>", "std::allocator<$1>" } },
	{ "std::basic_string_view", 1, { "std::char_traits<$1>" } },
	{ "std::basic_ostream", 1, { "std::char_traits<$1>" } },
	{ "std::basic_istream", 1, { "std::char_traits<$1>" } },
	{ "std::basic_iostream", 1, { "std::char_traits<$1>" } },
	{ "std::basic_ios", 1, { "std::char_traits<$1>" } },
	{ "std::basic_streambuf", 1, { "std::char_traits<$1>" } },
	{ "std::basic_filebuf", 1, { "std::char_traits<$1>" } },
	{ "std::basic_ifstream", 1, { "std::char_traits<$1>" } },
	{ "std::basic_ofstream", 1, { "std::char_traits<$1>" } },
	{ "std::basic_fstream", 1, { "std::char_traits<$1>" } },
	{ "std::basic_stringbuf", 1, { "std::char_traits<$1>", "std::allocator<$1>" } },
	{ "std::basic_istringstream", 1, { "std::char_traits<$1>", "std::allocator<$1>" } },
	{ "std::basic_ostringstream", 1, { "std::char_traits<$1>", "std::allocator<$1>" } },
	{ "std::basic_stringstream", 1, { "std::char_traits<$1>", "std::allocator<$1>" } },
};

/* Insides of the library, whose later arguments nobody wants to read. */
static const struct {
	const char *name;
	unsigned keep;
} insides[] = {
	{ "std::_Rb_tree", 2 },
	{ "std::_Hashtable", 2 },
	{ "std::__detail::_Map_base", 2 },
	{ "std::__detail::_Insert", 2 },
	{ "std::__detail::_Insert_base", 2 },
	{ "std::__detail::_Rehash_base", 2 },
	{ "std::__detail::_Equality", 2 },
	{ "std::__detail::_Hashtable_base", 2 },
	{ "std::__detail::_Hash_code_base", 2 },
	{ "std::__detail::_Node_iterator", 1 },
	{ "std::__detail::_Node_const_iterator", 1 },
	{ "std::__detail::_Node_iterator_base", 1 },
};

/* Names of instances; the argument is char or wchar_t. */
static const char *const instances[] = {
	"string", "string_view", "ostream", "istream", "iostream", "ios", "streambuf", "filebuf", "ifstream", "ofstream", "fstream",
	"stringbuf", "istringstream", "ostringstream", "stringstream",
};

/* The pattern with $1 and $2 filled in is that text. */
static int is_default(struct text t, const char *pattern, const struct text *arguments, unsigned n)
{
	size_t i = 0;

	for (; *pattern; pattern++) {
		if (*pattern == '$') {
			unsigned k = (unsigned)(*++pattern - '1');
			const struct text *a = &arguments[k];

			if (k >= n || t.n - i < a->n || memcmp(t.s + i, a->s, a->n))
				return 0;
			i += a->n;
			/* `K const` of a K that ends with const is written once */
			if (!strncmp(pattern + 1, " const", 6) && a->n > 6 && !memcmp(a->s + a->n - 6, " const", 6))
				pattern += 6;
		} else if (i == t.n || t.s[i++] != *pattern) {
			return 0;
		}
	}
	return i == t.n;
}

/* How many of the arguments are worth showing. */
static unsigned arguments_shown(struct text name, const struct text *arguments, unsigned n)
{
	for (unsigned i = 0; i < sizeof(insides) / sizeof(insides[0]); i++) {
		if (text_is(name, insides[i].name) && n > insides[i].keep)
			return insides[i].keep;
	}
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct known *k = &known[i];

		if (!text_is(name, k->name))
			continue;
		while (n > k->keep && n - k->keep <= 3 && k->defaults[n - k->keep - 1] &&
		       is_default(arguments[n - 1], k->defaults[n - k->keep - 1], arguments, n))
			n--;
		break;
	}
	return n;
}

/* ---- copying ----------------------------------------------------------------------------------------------------------- */

static void put(struct buf *out, const char *s, size_t n, int depth);

/* Where the qualified name before the end of the buffer begins: "std::map". */
static struct text name_before(const struct buf *out)
{
	size_t i = out->len;

	while (i > 0 && (is_word(out->text[i - 1]) || out->text[i - 1] == ':'))
		i--;
	return (struct text){ out->text + i, out->len - i };
}

/* std::basic_string<char> is std::string. */
static int put_instance(struct buf *out, struct text name, struct text argument)
{
	const char *letter = text_is(argument, "char") ? "" : text_is(argument, "wchar_t") ? "w" : NULL;
	static const char begin[] = "std::basic_";

	if (!letter || !text_begins(name, begin))
		return 0;
	name.s += sizeof(begin) - 1;
	name.n -= sizeof(begin) - 1;
	for (unsigned i = 0; i < sizeof(instances) / sizeof(instances[0]); i++) {
		if (text_is(name, instances[i])) {
			out->len = (size_t)(name.s - out->text) - (sizeof("basic_") - 1);
			buf_str(out, letter);
			buf_str(out, instances[i]);
			return 1;
		}
	}
	return 0;
}

/* The arguments in s, without their brackets, of the template whose name ends the buffer. */
static void put_arguments(struct buf *out, const char *s, size_t n, int depth)
{
	size_t from = 0, begin = out->len, name_bytes = name_before(out).n;
	struct text arguments[ARGUMENTS];
	unsigned count = 0, shown;

	buf_char(out, '<');
	/* Each is shortened in place; then the list is cut where the defaults begin. */
	for (size_t i = 0; i <= n; i++) {
		size_t at;

		if (i < n && is_operator(s, n, i)) {
			i += operator_bytes(s, n, i) - 1;
			continue;
		}
		if (i < n && s[i] && strchr("<([{", s[i])) {
			size_t end = closing(s, n, i);

			i = end < n ? end : i;
			continue;
		}
		if (i < n && s[i] != ',')
			continue;
		while (from < i && s[from] == ' ')
			from++;
		if (count)
			buf_str(out, ", ");
		at = out->len;
		put(out, s + from, (i < n ? i : n) - from, depth + 1);
		while (out->len > at && out->text[out->len - 1] == ' ')
			out->len--;
		if (count < ARGUMENTS)
			arguments[count] = (struct text){ out->text + at, out->len - at };
		count++;
		from = i + 1;
	}
	if (out->cut || count > ARGUMENTS || (count == 1 && !arguments[0].n)) {
		buf_char(out, '>');
		return;
	}
	shown = arguments_shown((struct text){ out->text + begin - name_bytes, name_bytes }, arguments, count);
	if (shown && shown < count)
		out->len = (size_t)(arguments[shown - 1].s + arguments[shown - 1].n - out->text);
	if (shown == 1 && put_instance(out, (struct text){ out->text + begin - name_bytes, name_bytes }, arguments[0]))
		return;
	buf_char(out, '>');
}

/* Bytes of an inline namespace at i, behind std:: */
static size_t inline_namespace(const char *s, size_t n, size_t i)
{
	static const char *const names[] = { "__cxx11::", "__1::", "__ndk1::", "__8::", "_V2::", "__cxx1998::" };

	if (i < 5 || memcmp(s + i - 5, "std::", 5) || (i > 5 && is_word(s[i - 6])))
		return 0;
	for (unsigned k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		if (n - i > strlen(names[k]) && !memcmp(s + i, names[k], strlen(names[k])))
			return strlen(names[k]);
	}
	return 0;
}

/* A member of one of the library's insides is being written. */
static int is_inside(const struct buf *out)
{
	for (unsigned i = 0; i < sizeof(insides) / sizeof(insides[0]); i++) {
		size_t k = strlen(insides[i].name);

		if (out->len > k && !memcmp(out->text, insides[i].name, k) && out->text[k] == '<')
			return 1;
	}
	return 0;
}

static void put(struct buf *out, const char *s, size_t n, int depth)
{
	if (depth > DEEPEST) {
		buf_mem(out, s, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		size_t end, skip = inline_namespace(s, n, i);

		i += skip;
		if (is_operator(s, n, i)) {
			size_t bytes = operator_bytes(s, n, i);

			buf_mem(out, s + i, bytes);
			i += bytes - 1;
			if (n - i > 2 && s[i + 1] == ' ' && s[i + 2] == '<') { /* operator<< <int>: a template */
				buf_char(out, ' ');
				i++;
			}
			continue;
		}
		if (s[i] != '<') {
			buf_char(out, s[i]);
			continue;
		}
		end = closing(s, n, i);
		if (end == n || i == 0 || (!is_word(s[i - 1]) && !strchr(" ])>", s[i - 1]))) {
			buf_mem(out, s + i, end == n ? n - i : end - i + 1); /* <lambda()> as a name, or something odd */
			i = end;
			continue;
		}
		/* what the library passes among its own members */
		if (depth == 0 && end + 1 < n && s[end + 1] == '(' && is_inside(out)) {
			i = end;
			continue;
		}
		put_arguments(out, s + i + 1, end - i - 1, depth);
		i = end;
	}
}

/* ---- the result type ----------------------------------------------------------------------------------------------------- */

static int drop_end(size_t *n, const char *s, const char *end)
{
	size_t k = strlen(end);

	if (*n <= k || memcmp(s + *n - k, end, k))
		return 0;
	*n -= k;
	return 1;
}

/* " [clone .isra.0]" at the end says how the compiler copied the function, nothing else. */
static size_t without_clones(const char *s, size_t n)
{
	while (n > 0 && s[n - 1] == ']') {
		size_t i = n;

		while (i > 0 && s[i - 1] != '[')
			i--;
		if (i < 2 || s[i - 2] != ' ' || strncmp(s + i, "clone ", 6))
			break;
		n = i - 2;
	}
	return n;
}

/* Index of the parenthesis that opens the parameter list, which nothing but qualifiers follows; n: there is none. */
static size_t parameters(const char *s, size_t n)
{
	size_t all = n;

	while (drop_end(&n, s, " const") || drop_end(&n, s, " volatile") || drop_end(&n, s, " &") || drop_end(&n, s, "&&") ||
	       drop_end(&n, s, " noexcept"))
		;
	if (!n || s[n - 1] != ')')
		return all;
	for (size_t i = 0; i < n; i++) {
		if (is_operator(s, n, i)) {
			i += operator_bytes(s, n, i) - 1;
		} else if (s[i] && strchr("<([{", s[i])) {
			size_t end = closing(s, n, i);

			if (end == n)
				return all;
			if (s[i] == '(' && end == n - 1)
				return i;
			i = end;
		}
	}
	return all;
}

/*
 * Where the function's own name begins: templates have their result type before it. The name is what ends at the parameter
 * list, back to a space outside of all brackets; one behind a closing parenthesis is part of it ("f() const::g()").
 */
static size_t name_start(const char *s, size_t n)
{
	size_t start = 0, last = parameters(s, n);
	int in_name = 0;

	if (last == n)
		return 0;
	for (size_t i = 0; i < last; i++) {
		if (is_operator(s, last, i)) {
			in_name = 1; /* spaces from here on belong to it: operator new, operator unsigned long */
			i += operator_bytes(s, last, i) - 1;
		} else if (s[i] && strchr("<([{", s[i])) {
			i = closing(s, last, i);
		} else if (s[i] == ' ' && !in_name && i > 0 && s[i - 1] != ')') {
			start = i + 1;
		}
	}
	/* `void (*f(int))(char)`: not worth the trouble */
	return s[start] != '(' || !strncmp(s + start, "(anonymous", 10) ? start : 0;
}

void name_shorten(const char *demangled, char *to, size_t cap)
{
	static const char *const kept[] = { "non-virtual thunk to ", "virtual thunk to ", "covariant return thunk to ", "vtable for ",
					    "guard variable for ", "typeinfo for ", "transaction clone for " };
	size_t n = strnlen(demangled, LONGEST), start;
	struct buf out = buf_on(to, cap);

	for (unsigned i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		size_t k = strlen(kept[i]);

		if (n > k && !memcmp(demangled, kept[i], k)) {
			buf_mem(&out, demangled, k);
			demangled += k;
			n -= k;
			break;
		}
	}
	if (n == LONGEST) {
		buf_mem(&out, demangled, n);
		return;
	}
	n = without_clones(demangled, n);
	start = name_start(demangled, n);
	put(&out, demangled + start, n - start, 0);
	if (out.len < out.cap)
		out.text[out.len] = 0;
}

void name_fit(const char *demangled, char *to, size_t cap)
{
	char whole[LONGEST + 1];
	size_t n, name;

	name_shorten(demangled, whole, sizeof(whole));
	n = strlen(whole);
	if (cap < 8)
		return;
	if (n >= cap) {
		name = parameters(whole, n);
		if (name < n) {
			memcpy(whole + name, "()", 3);
			n = name + 2;
		}
	}
	if (n >= cap) {
		n = cap - 1;
		memcpy(whole + n - 3, "...", 3);
	}
	memcpy(to, whole, n);
	to[n] = 0;
}
