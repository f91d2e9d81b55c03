/* SPDX-License-Identifier: MIT */
/*
 * symbolize_log.c - `race symbolize`: what the helper would have written, had it had the debug information.
 *
 * Invariant  what cannot be resolved goes out byte for byte as it came in; so does everything that is no frame. To a terminal, what it
 *            would obey goes as `\xNN`. Nothing is fetched from the network.
 */
#include "symbolize_log.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../check/check.h"
#include "disassemble.h"
#include "log.h"
#include "log_modules.h"
#include "../report.h"
#include "symbolize.h"
#include "../util/room.h"

#define VERB "symbolize"
#define STACK 512 /* frames kept of one stack: eight times what a report has */

static int with_asm;

struct resolved {
	struct log_frame from;
	struct log_module *module; /* NULL: none, or not to be had */
	struct frame_text *text;   /* NULL: goes out as it is */
	int n;
};

static void put_as_it_is(const char *at, size_t n)
{
	static int terminal = -1;
	size_t done = 0, length;
	uint32_t point;

	if (terminal < 0)
		terminal = isatty(STDOUT_FILENO);
	for (size_t i = 0; terminal && i < n; i += length) {
		int shown = (length = utf8_char(at + i, n - i, &point)) != 0 && utf8_is_printable(point);

		if (!length)
			length = 1;
		if (shown || at[i] == '\n' || at[i] == '\t')
			continue;
		fwrite(at + done, 1, i - done, stdout);
		for (done = i; done < i + length; done++)
			printf("\\x%02x", (unsigned char)at[done]);
	}
	fwrite(at + done, 1, n - done, stdout);
}

/* ---- one stack --------------------------------------------------------------------------------------------------- */

static void resolve(struct resolved *r, int first)
{
	static struct frame_text texts[FRAME_TEXTS];
	const struct log_frame *f = &r->from;
	int n, unnamed = !memcmp(f->name, "??", 2), mangled = f->nname > 4 && !memcmp(f->name, "_Z", 2);

	r->text = NULL;
	r->module = f->is_line ? NULL : log_module_find(f->where, f->nwhere);
	if (!r->module || !r->module->path)
		return;
	n = symbolize_address(r->module->path, f->offset, first ? SYMBOLIZE_MAYBE_ENTRY : SYMBOLIZE_RETURN, texts,
			      FRAME_TEXTS);
	if (n < 1 || (!texts[0].file[0] && (!texts[0].function[0] || !(unnamed || mangled))))
		return;
	/* An operation may be shown by a name of its own, which is not the symbol's. */
	if (!unnamed && !mangled && (first || !texts[n - 1].function[0])) {
		size_t bytes = f->nname - 2 < sizeof(texts[0].function) ? f->nname - 2 : sizeof(texts[0].function) - 1;

		memcpy(texts[n - 1].function, f->name, bytes);
		texts[n - 1].function[bytes] = 0;
	}
	r->n = n;
	r->text = room((size_t)n, sizeof(*texts));
	memcpy(r->text, texts, (size_t)n * sizeof(*texts));
}

/* Which text of which frame is the user's first: the log's mark, or one further out when that turns out to be code of
 * headers. */
static int mark_find(const struct resolved *stack, int n, int *text)
{
	int marked = 0;

	*text = 0;
	while (marked < n && !stack[marked].from.marked)
		marked++;
	if (marked == n || !stack[marked].text)
		return marked;
	for (int i = marked; i < n; i++) {
		if (!stack[i].text || (i > marked && !stack[i].module->given && module_is_system(stack[i].module->path)))
			continue;
		for (int k = 0; k < stack[i].n; k++) {
			if (!text_is_library_code(&stack[i].text[k])) {
				*text = k;
				return i;
			}
		}
	}
	return marked;
}

/* A frame that has its line already does not say its module: the files that were named are asked for its function, which is the
 * outermost of those that were inlined into it. */
static void put_asm_by_name(const struct resolved *stack, int n, int at, struct buf *out)
{
	const struct log_frame *f = &stack[at].from;
	char name[600];

	while (at + 1 < n && stack[at + 1].from.is_line && stack[at + 1].from.offset == f->offset)
		f = &stack[++at].from;
	if (f->nname >= sizeof(name) || memchr(f->name, 0, f->nname))
		return;
	memcpy(name, f->name, f->nname);
	name[f->nname] = 0;
	for (size_t i = 0; i < log_modules_given(); i++) {
		struct symbolize_named found;

		symbolize_name(log_modules_given_path(i), name, 0, &found);
		if (found.n == 1) {
			disassemble(VERB, log_modules_given_path(i), found.start, found.start + f->offset, 1, out);
			return;
		}
	}
}

static void put_asm(const struct resolved *stack, int n, int at)
{
	static char text[16384];
	struct buf b = buf_on(text, sizeof(text));
	const struct resolved *r = &stack[at];
	uint64_t start = 0;

	if (r->from.is_line) {
		put_asm_by_name(stack, n, at, &b);
	} else if (r->module && r->module->path) {
		if (r->text && r->text[0].file[0] && r->text[0].offset <= r->from.offset)
			start = r->from.offset - r->text[0].offset;
		disassemble(VERB, r->module->path, start, r->from.offset, 1, &b);
	}
	fwrite(text, 1, b.len, stdout);
}

static void put_stack(struct resolved *stack, int n, int is_access)
{
	static char text[8192];
	int which, marked = mark_find(stack, n, &which);

	for (int i = 0; i < n; i++) {
		struct resolved *r = &stack[i];
		char module[NAME_MAX + 1];

		if (!r->text)
			put_as_it_is(r->from.at, r->from.bytes);
		for (int k = 0; r->text && k < r->n; k++) {
			struct buf b = buf_on(text, sizeof(text));

			snprintf(module, sizeof(module), "%.*s", (int)r->from.nwhere, r->from.where);
			text_frame(&b, module, &r->text[k], i == marked && k == which, NULL);
			fwrite(text, 1, b.len, stdout);
			/* below the one that is marked, also when more of the same frame follow */
			if (with_asm && is_access && i == marked && k == which)
				put_asm(stack, n, i);
		}
		if (!r->text && with_asm && is_access && i == marked)
			put_asm(stack, n, i);
		free(r->text);
	}
}

/* ---- the log ----------------------------------------------------------------------------------------------------- */

static int is_access_line(const char *at, size_t n)
{
	return log_begins(at, n, "Write at 0x") || log_begins(at, n, "Read at 0x") ||
	       log_begins(at, n, "Previous write at 0x") || log_begins(at, n, "Previous read at 0x");
}

/* "Location: global ??+0x4010 in prog" */
static int put_location(const char *at, size_t n)
{
	static const char head[] = "Location: global ??+0x";
	const char *end = at + n, *hex = at + sizeof(head) - 1, *space;
	struct log_module *m;
	uint64_t address;
	char name[600], text[2500];
	struct buf b = buf_on(text, sizeof(text));

	if (!log_begins(at, n, head) || at[n - 1] != '\n' || !(space = memchr(hex, ' ', (size_t)(end - hex))) ||
	    !log_address(hex, (size_t)(space - hex), &address) || !log_begins(space, (size_t)(end - space), " in "))
		return 0;
	m = log_module_find(space + 4, (size_t)(end - space) - 5);
	if (!m || !m->path || !symbolize_symbol(m->path, address, name, sizeof(name)))
		return 0;
	buf_str(&b, "Location: global ");
	buf_clean(&b, name);
	buf_mem(&b, space, (size_t)(end - space));
	fwrite(text, 1, b.len, stdout);
	return 1;
}

/* Before anything is written: which files are the ones that the process had. */
static void compare_names(const struct log_text *log)
{
	const char *end = log->at + log->bytes;
	int first = 1;

	for (const char *at = log->at; at < end;) {
		struct log_frame f;
		size_t n = log_frame(&f, at, end);
		struct log_module *m = n && !f.is_line && !first ? log_module_find(f.where, f.nwhere) : NULL;

		if (m)
			log_module_compare(VERB, m, &f);
		first = !n;
		at += n ? n : log_line(at, end);
	}
}

void symbolize_text(const char *at, size_t bytes)
{
	static struct resolved stack[STACK];
	const char *end = at + bytes;
	int is_access = 0;

	while (at < end) {
		size_t n;
		int frames = 0;

		while (frames < STACK && at < end && (n = log_frame(&stack[frames].from, at, end)) != 0) {
			resolve(&stack[frames], frames == 0);
			frames++;
			at += n;
		}
		if (frames) {
			put_stack(stack, frames, is_access);
			continue;
		}
		n = log_line(at, end);
		is_access = is_access_line(at, n);
		if (!put_location(at, n))
			put_as_it_is(at, n);
		at += n;
	}
}

static int symbolize_log(const char *name)
{
	struct log_text log;

	if (symbolize_is_record(name))
		return symbolize_records(VERB, name);
	if (log_read(&log, VERB, name) != 0)
		return 2;
	compare_names(&log);
	symbolize_text(log.at, log.bytes);
	free(log.at);
	return 0;
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static void put_address(const char *path, uint64_t address)
{
	static struct frame_text texts[FRAME_TEXTS];
	static char text[16384];
	struct buf b = buf_on(text, sizeof(text));
	/* As a return address behind it: inlined calls of a function's first instruction count, too. */
	int n = symbolize_address(path, address + 1, SYMBOLIZE_RETURN, texts, FRAME_TEXTS);

	for (int k = 0; k < n; k++) {
		texts[k].offset--;
		text_frame(&b, path_base(path), &texts[k], 0, NULL);
	}
	if (with_asm)
		disassemble(VERB, path, n && texts[0].file[0] ? address - texts[0].offset : 0, address, 0, &b);
	fwrite(text, 1, b.len, stdout);
}

/* Digits, and no file of that name: that would be a log. */
static int is_address(const char *s, uint64_t *address)
{
	struct stat st;

	s += *s == '+';
	return log_address(s, strlen(s), address) && (!strncmp(s, "0x", 2) || stat(s, &st) != 0);
}

/* ---- the verb ---------------------------------------------------------------------------------------------------- */

static int usage(void)
{
	fputs("usage: race symbolize [--debug-dir DIR]... [--binary FILE]... [--asm] [LOG|RECORD|DIR|-|ADDR...]\n", stderr);
	return 2;
}

/* libdwfl's list: absolute directories with colons between, then its own default. */
static int debug_directory(char **list, const char *name)
{
	char real[PATH_MAX], *more;

	if (!realpath(name, real) || strchr(real, ':')) {
		char line[4 * PATH_MAX];
		struct buf b = buf_on(line, sizeof(line));

		buf_clean(&b, name);
		fprintf(stderr, "race: " VERB ": %s is no directory, or has a colon in its name\n", line);
		return -1;
	}
	if (asprintf(&more, "%s%s:", *list ? *list : "", real) < 0)
		return -1;
	free(*list);
	*list = more;
	return 0;
}

/* "--name VALUE" or "--name=VALUE": the value. */
static const char *value_of(const char *name, int argc, char **argv, int *i)
{
	size_t n = strlen(name);

	if (strncmp(argv[*i], name, n))
		return NULL;
	if (argv[*i][n] == '=')
		return argv[*i] + n + 1;
	return argv[*i][n] == 0 && *i + 1 < argc ? argv[++*i] : NULL;
}

int symbolize_main(int argc, char **argv)
{
	char *directories = NULL, *search;
	const char *value, *log = "-";
	uint64_t address;
	int i;

	for (i = 0; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		if (!strcmp(argv[i], "--asm")) {
			with_asm = 1;
		} else if ((value = value_of("--debug-dir", argc, argv, &i)) != NULL) {
			if (debug_directory(&directories, value) != 0)
				return 2;
		} else if ((value = value_of("--binary", argc, argv, &i)) != NULL) {
			if (log_modules_add(VERB, value) != 0)
				return 2;
		} else {
			return usage();
		}
	}
	unsetenv("DEBUGINFOD_URLS");
	if (asprintf(&search, "%s:.debug:/usr/lib/debug", directories ? directories : "") < 0)
		return 2;
	log_modules_debug_directories(search);
	symbolize_search(search);
	if (i < argc && log_modules_given() == 1 && is_address(argv[i], &address)) {
		for (int k = i; k < argc; k++) {
			if (!is_address(argv[k], &address))
				return usage();
		}
		for (int several = argc - i > 1; i < argc; i++) {
			is_address(argv[i], &address);
			if (several)
				printf("0x%llx:\n", (unsigned long long)address);
			put_address(log_modules_given_path(0), address);
		}
		return 0;
	}
	if (argc - i > 1)
		return usage();
	if (i < argc)
		log = argv[i];
	return symbolize_log(log);
}
