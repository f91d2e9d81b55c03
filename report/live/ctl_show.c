/* SPDX-License-Identifier: MIT */
/*
 * ctl_show.c - answers of a process, for people. Texts of the program are cleaned of what a terminal would obey.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../preload/sys/fmt.h"
#include "ctl.h"
#include "../helper/helper.h"

#define GOOD "\033[32m"
#define BAD "\033[1;31m"
#define PLAIN "\033[0m"

static const char *text_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static long long number_of(const json_t *object, const char *key, long long otherwise)
{
	const json_t *n = json_object_get(object, key);

	return json_is_integer(n) ? (long long)json_integer_value(n) : otherwise;
}

static void put(const char *s)
{
	char text[4096];
	struct buf b = buf_on(text, sizeof(text));

	buf_clean(&b, s);
	fputs(text, stdout);
}

static void put_head(const json_t *answer)
{
	printf("process %lld ", number_of(answer, "pid", 0));
	put(text_of(answer, "program"));
	printf(", librace %s\n", text_of(answer, "version"));
}

/* ---- stats ---------------------------------------------------------------------------------------------------------------- */

static void put_mark(int mark, int colour)
{
	static const char *const words[] = { "    ", " ok ", " !! " };

	if (colour && mark)
		printf("%s%s%s", mark == 1 ? GOOD : BAD, words[mark], PLAIN);
	else
		fputs(words[mark], stdout);
}

static void put_value(const json_t *value)
{
	if (json_is_integer(value))
		printf("%14lld", (long long)json_integer_value(value));
	else
		printf("%14.3f", json_number_value(value));
}

void ctl_show_stats(const json_t *answer, int colour)
{
	const json_t *m;
	size_t i;

	put_head(answer);
	json_array_foreach(json_object_get(answer, "metrics"), i, m) {
		const json_t *value = json_object_get(m, "value"), *most = json_object_get(m, "at_most");
		int bad = most && json_number_value(value) > json_number_value(most);

		if (!strcmp(text_of(m, "name"), "librace_start_time_seconds"))
			continue;
		put_mark(!most ? 0 : bad ? 2 : 1, colour);
		put_value(value);
		printf("  %s", text_of(m, "words"));
		if (bad)
			printf(" (should be %s%lld)", json_integer_value(most) ? "at most " : "", (long long)json_integer_value(most));
		putchar('\n');
	}
	json_array_foreach(json_object_get(answer, "kinds"), i, m) {
		if (i == 0)
			puts("by kind: maps seen, operations recorded");
		printf("    %14lld %10lld  ", number_of(m, "maps_seen", 0), number_of(m, "operations_recorded", 0));
		put(text_of(m, "kind"));
		putchar('\n');
	}
}

void ctl_show_health(const json_t *answer, int colour)
{
	const json_t *c;
	size_t i;

	put_head(answer);
	json_array_foreach(json_object_get(answer, "checks"), i, c) {
		put_mark(json_is_true(json_object_get(c, "ok")) ? 1 : 2, colour);
		printf(" %-13s ", text_of(c, "check"));
		put(text_of(c, "words"));
		putchar('\n');
	}
	printf("%s: up %lld s, %lld requests, %lld refused or given up\n", text_of(answer, "status"),
	       number_of(answer, "uptime_ns", 0) / 1000000000, number_of(answer, "requests", 0), number_of(answer, "errors", 0));
}

/* ---- stacks ----------------------------------------------------------------------------------------------------------------- */

static struct record names; /* holds one module at a time, for the resolver */

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0;
}

static int take_module(const json_t *module)
{
	struct record_module *m = &names.modules[0];
	const char *id = text_of(module, "build_id");

	memset(m, 0, sizeof(*m));
	m->base = strtoull(text_of(module, "base"), NULL, 16);
	snprintf(m->path, sizeof(m->path), "%s", text_of(module, "path"));
	for (; id[0] && id[1] && m->build_id_len < sizeof(m->build_id); id += 2)
		m->build_id[m->build_id_len++] = (uint8_t)(digit(id[0]) << 4 | digit(id[1]));
	names.nmodules = 1;
	return m->path[0] != 0;
}

/* first: where it begins with the user's code, only that. Returns how many lines there are. */
static int put_stack(const json_t *answer, const json_t *stack, const char *indent, int first)
{
	const char *operation = text_of(stack, "operation");
	const json_t *f;
	int lines = 0;
	size_t i;

	if (operation[0] && !first) {
		fputs(indent, stdout);
		put(operation);
		puts("()");
	}
	names.pid = (uint32_t)number_of(answer, "pid", 0);
	json_array_foreach(json_object_get(stack, "frames"), i, f) {
		const json_t *module = json_array_get(json_object_get(answer, "modules"), (size_t)number_of(f, "module", -1));
		uint64_t offset = strtoull(text_of(f, "offset"), NULL, 16);
		static struct frame_text texts[FRAME_TEXTS];
		int n = 0;

		if (module && take_module(module)) {
			struct record_frame frame = { names.modules[0].base + offset, 0, 0 };

			if (first && module_is_system(names.modules[0].path))
				continue;
			n = names_of_debug_info.frame(names_of_debug_info.state, &names, &frame, texts, FRAME_TEXTS);
		}
		for (int k = 0; k < n && k < FRAME_TEXTS; k++) {
			fputs(indent, stdout);
			put(texts[k].function[0] ? texts[k].function : "??");
			fputs(strchr(texts[k].function, '(') ? " " : "() ", stdout);
			if (texts[k].file[0]) {
				put(texts[k].file);
				printf(":%u\n", texts[k].line);
			} else {
				put(path_base(names.modules[0].path));
				printf(" +0x%llx\n", (unsigned long long)offset);
			}
			lines++;
			if (first)
				return lines;
		}
		if (!n)
			lines += printf("%s?? 0x%llx\n", indent, (unsigned long long)offset) > 0;
	}
	return lines;
}

/* ---- dump ------------------------------------------------------------------------------------------------------------------- */

static void put_thread(const json_t *answer, long long number)
{
	const json_t *t;
	size_t i;

	if (number < 0)
		fputs("an unknown thread", stdout);
	else if (number == 0)
		fputs("main thread", stdout);
	else
		printf("thread %lld", number);
	json_array_foreach(json_object_get(answer, "threads"), i, t) {
		if (number > 0 && number_of(t, "number", -1) == number && text_of(t, "name")[0] &&
		    strcmp(text_of(t, "name"), text_of(json_array_get(json_object_get(answer, "threads"), 0), "name"))) {
			fputs(" \"", stdout);
			put(text_of(t, "name"));
			putchar('"');
		}
	}
}

static void put_lock(const json_t *lock)
{
	printf("%s %s%s", text_of(lock, "type"), text_of(lock, "address"),
	       json_is_true(json_object_get(lock, "shared")) ? " (read mode)" : "");
}

static void put_locks(const json_t *locks, long long more)
{
	const json_t *l;
	size_t i;

	json_array_foreach(locks, i, l) {
		fputs(i ? ", " : "", stdout);
		put_lock(l);
	}
	if (more > 0)
		printf(" and %lld more", more);
	if (!json_array_size(locks) && more <= 0)
		fputs("no lock", stdout);
}

static void show_threads(const json_t *answer)
{
	const json_t *t, *one;
	size_t i, k;

	printf("\nThreads: %lld\n", number_of(answer, "threads_running", 0));
	json_array_foreach(json_object_get(answer, "threads"), i, t) {
		const json_t *wait = json_object_get(t, "waits_for"), *lock = json_object_get(wait, "lock");

		fputs("  ", stdout);
		put_thread(answer, number_of(t, "number", -1));
		printf(" (tid %lld): holds ", number_of(t, "tid", 0));
		put_locks(json_object_get(t, "held"), number_of(t, "held_more", 0));
		json_array_foreach(json_object_get(t, "inside"), k, one)
			printf("; changes map %s", json_string_value(one));
		if (json_is_object(lock)) {
			fputs("; waits for ", stdout);
			put_lock(lock);
			json_array_foreach(json_object_get(wait, "held_by"), k, one) {
				fputs(k ? " and " : ", which is held by ", stdout);
				put_thread(answer, json_integer_value(one));
			}
		} else if (json_is_object(wait)) {
			printf("; sleeps on futex %s", text_of(wait, "futex"));
		}
		putchar('\n');
	}
}

static void put_ago(const json_t *answer, const char *what, const json_t *access)
{
	long long ago = number_of(access, "ago_ns", -1);

	if (!json_is_object(access))
		return;
	printf("; last %s by ", what);
	if (json_is_string(json_object_get(access, "thread")))
		fputs("several threads", stdout);
	else
		put_thread(answer, number_of(access, "thread", -1));
	if (ago >= 0)
		printf(" %.3f s ago", (double)ago / 1e9);
}

static void show_map(const json_t *answer, const json_t *m)
{
	fputs("  ", stdout);
	put(text_of(m, "kind"));
	printf(" %s", text_of(m, "address"));
	if (text_of(m, "label")[0]) {
		fputs(" \"", stdout);
		put(text_of(m, "label"));
		putchar('"');
	}
	if (strcmp(text_of(m, "state"), "live"))
		printf(", %s", strcmp(text_of(m, "state"), "exempt") ? text_of(m, "state") : "not checked");
	if (number_of(m, "entries", -1) >= 0)
		printf(", %lld entries", number_of(m, "entries", -1));
	if (number_of(m, "buckets", -1) >= 0)
		printf(", %lld buckets", number_of(m, "buckets", -1));
	if (number_of(m, "tombstones", -1) >= 0)
		printf(", %lld tombstones", number_of(m, "tombstones", -1));
	if (number_of(m, "writer_inside", -1) >= 0) {
		fputs("; being changed by ", stdout);
		put_thread(answer, number_of(m, "writer_inside", -1));
	}
	put_ago(answer, "write", json_object_get(m, "last_write"));
	put_ago(answer, "read", json_object_get(m, "last_read"));
	putchar('\n');
	if (number_of(m, "created_by", -1) >= 0) {
		fputs("    created by ", stdout);
		put_thread(answer, number_of(m, "created_by", -1));
		puts(" at:");
		/* In a long list only the place in the user's own code, where there is one. */
		if (json_array_size(json_object_get(answer, "maps")) == 1 || !put_stack(answer, json_object_get(m, "created"), "      ", 1))
			put_stack(answer, json_object_get(m, "created"), "      ", 0);
	}
}

static void show_side(const json_t *answer, const char *word, const json_t *side)
{
	printf("    %s%s by ", word, text_of(side, "access"));
	put_thread(answer, number_of(side, "thread", -1));
	fputs(", holding ", stdout);
	put_locks(json_object_get(side, "locks"), number_of(side, "locks_held", 0) - (long long)json_array_size(json_object_get(side, "locks")));
	putchar('\n');
	put_stack(answer, json_object_get(side, "stack"), "      ", 0);
}

static void show_finding(const json_t *answer, const json_t *f)
{
	const json_t *map = json_object_get(f, "map");

	printf("  %lld. %s%s%s, %s, %s: ", number_of(f, "number", 0), text_of(f, "kind"), text_of(f, "class")[0] ? ", " : "",
	       text_of(f, "class"), text_of(f, "cause"), text_of(f, "outcome"));
	put(text_of(map, "kind"));
	printf(" %s", text_of(map, "address"));
	if (text_of(map, "label")[0]) {
		fputs(" \"", stdout);
		put(text_of(map, "label"));
		putchar('"');
	}
	if (number_of(f, "gap_ns", 0))
		printf(", %.3f ms apart", (double)number_of(f, "gap_ns", 0) / 1e6);
	putchar('\n');
	show_side(answer, "", json_object_get(f, "current"));
	show_side(answer, "previous ", json_object_get(f, "previous"));
}

void ctl_show_dump(const json_t *answer)
{
	const json_t *one, *maps = json_object_get(answer, "maps");
	long long known = number_of(answer, "maps_known", 0);
	size_t i;

	put_head(answer);
	show_threads(answer);
	printf("\nMaps: %lld\n", known);
	json_array_foreach(maps, i, one)
		show_map(answer, one);
	if ((long long)json_array_size(maps) < known)
		printf("  ... and %lld more (--limit=%lld shows all)\n", known - (long long)json_array_size(maps), known);
	printf("\nFindings: %lld\n", number_of(answer, "findings_told", 0));
	json_array_foreach(json_object_get(answer, "findings"), i, one)
		show_finding(answer, one);
}
