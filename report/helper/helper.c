/* SPDX-License-Identifier: MIT */
/*
 * helper.c - the helper process: records in, reports out.
 *
 * Owns      its end of the socket, the output descriptor, the suppressions it was told.
 * Invariant each report is one write, and so is its line in the record. What was received whole is printed, whether or not the host still lives; then the end of
 *           the socket ends the process. Signals meant for the host's process group do not end it.
 * Trusts    its host to be of the same build (the version is checked), not to be in order: it has just raced. Every count and
 *           text of a record is checked before use.
 */
#include "helper.h"
#include "../json.h"
#include "../symbolize/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../preload/sys/os.h"
#include "../util/room.h"

#define TEXT_MAX (1 << 20)
#define LINE_MAX_BYTES (4 << 20)
#define HELLO_MAX (1 << 20)

static struct suppressions rules;
static struct helper_hello hello;
static struct record record;
static char text[TEXT_MAX], line[LINE_MAX_BYTES];

/* 1 when all bytes came. */
static int receive(int socket, void *to, size_t bytes)
{
	char *at = to;

	while (bytes > 0) {
		long n = os_read(socket, at, bytes);

		if (n <= 0)
			return 0;
		at += n;
		bytes -= (size_t)n;
	}
	return 1;
}

/* The host may be gone, or not reading: neither matters here. */
static void answer(int socket, uint32_t type, int suppressed_by, int write_error)
{
	struct {
		struct helper_header header;
		struct helper_done done;
	} message = { { HELPER_MAGIC, type, sizeof(struct helper_done) }, { record.sequence, suppressed_by, write_error } };

	while (send(socket, &message, sizeof(message), MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

#define END(string) ((string)[sizeof(string) - 1] = 0)

static int take_hello(int socket, uint32_t bytes)
{
	char *list;

	if (bytes < sizeof(hello) || bytes > HELLO_MAX || !receive(socket, &hello, sizeof(hello)) ||
	    hello.version != RECORD_VERSION || hello.suppression_bytes != bytes - sizeof(hello))
		return 0;
	END(hello.strip_prefix);
	END(hello.suppression_file);
	END(hello.output_path);
	END(hello.tags);
	END(hello.traceparent);
	END(hello.on_report);
	list = room(1, hello.suppression_bytes + 1u);
	if (!list || !receive(socket, list, hello.suppression_bytes)) {
		free(list);
		return 0;
	}
	suppressions_parse(&rules, hello.suppression_file, list, hello.suppression_bytes, NULL);
	free(list);
	return 1;
}

static void tidy_stack(struct record_stack *s)
{
	if (s->nframes > RECORD_FRAMES)
		s->nframes = RECORD_FRAMES;
	END(s->op);
}

static int take_record(int socket, uint32_t bytes)
{
	struct record *r = &record;

	if (bytes != sizeof(*r) || !receive(socket, r, sizeof(*r)) || r->magic != RECORD_MAGIC ||
	    r->version != RECORD_VERSION || r->size != sizeof(*r))
		return 0;
	if (r->nthreads > sizeof(r->threads) / sizeof(r->threads[0]))
		r->nthreads = sizeof(r->threads) / sizeof(r->threads[0]);
	if (r->nmodules > RECORD_MODULES)
		r->nmodules = RECORD_MODULES;
	END(r->program);
	END(r->map_kind);
	END(r->label);
	END(r->now.context);
	END(r->before.context);
	tidy_stack(&r->now.stack);
	tidy_stack(&r->before.stack);
	tidy_stack(&r->created);
	tidy_stack(&r->checked);
	if (r->kind > RECORD_CHECK_THEN_ACT)
		r->kind = RECORD_RACE;
	if (r->nevidence > RECORD_EVIDENCE)
		r->nevidence = RECORD_EVIDENCE;
	for (uint32_t i = 0; i < r->nevidence; i++)
		END(r->evidence[i].text);
	for (uint32_t i = 0; i < r->nthreads; i++) {
		END(r->threads[i].name);
		tidy_stack(&r->threads[i].created);
	}
	for (uint32_t i = 0; i < r->nmodules; i++)
		END(r->modules[i].path);
	return 1;
}

/* The log comes into being with the first report. Without it (rights given up since): standard error, as without a log. */
static int output_of(int output)
{
	if (hello.output_path[0]) {
		int fd = open(hello.output_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);

		hello.output_path[0] = 0;
		if (fd >= 0 && dup2(fd, output) == output)
			close(fd);
	}
	return output;
}

/* The line for the record and for on_report; 0 bytes: nobody wants it, or it does not fit. */
static size_t make_line(const struct resolver *names, const struct buf *report, int record_fd, struct json_context *context)
{
	struct buf b = buf_on(line, sizeof(line));

	if (record_fd < 0 && !hello.on_report[0])
		return 0;
	context->text = report->text;
	context->text_bytes = report->len;
	context->tags = hello.tags;
	context->traceparent = hello.traceparent;
	buf_char(&b, '\n'); /* record_append */
	return json_render(&record, names, context, &b) ? b.len : 0;
}

static void print_record(int socket, int output, int record_fd)
{
	static struct json_context context;
	size_t bytes;
	int error;
	struct resolver names = names_of_debug_info;
	struct buf b = buf_on(text, sizeof(text));
	int rule;

	names.strip_prefix = hello.strip_prefix;
	rule = suppressions_match(&rules, &record, &names);
	if (rule >= 0) {
		answer(socket, HELPER_DONE, rule, 0);
		return;
	}
	text_render(&record, &names, &b);
	bytes = make_line(&names, &b, record_fd, &context);
	answer(socket, HELPER_WRITING, -1, 0);
	error = -os_write_all(output_of(output), text, b.len);
	if (bytes && record_fd >= 0)
		record_append(record_fd, line, bytes, 1);
	answer(socket, HELPER_DONE, -1, error);
	if (bytes && hello.on_report[0])
		on_report_run(hello.on_report, line + 1, bytes - 1, context.fingerprint, &record);
}

/* Objects of a module that the host asks about. */
static int answer_ask(int socket, uint32_t bytes)
{
	static struct helper_ask ask;
	struct {
		struct helper_header header;
		struct helper_objects objects;
	} message = { { HELPER_MAGIC, HELPER_OBJECTS, sizeof(struct helper_objects) }, { 0, 0, 0, 0, "", "" } };
	struct objects found;

	if (bytes != sizeof(ask) || !receive(socket, &ask, sizeof(ask)))
		return 0;
	END(ask.module.path);
	message.objects.sequence = ask.sequence;
	if (objects_of_module(&ask.module, &found)) {
		message.objects.known = 1;
		message.objects.atomic = found.atomics;
		message.objects.is_volatile = found.volatiles;
		objects_text(&found.first_atomic, message.objects.atomic_text, sizeof(message.objects.atomic_text));
		objects_text(&found.first_volatile, message.objects.volatile_text, sizeof(message.objects.volatile_text));
	}
	while (send(socket, &message, sizeof(message), MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
	return 1;
}

static void leave_the_host_alone(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGTTOU, SIGTTIN,
				       SIGXFSZ };
	struct rlimit none = { 0, 0 };

	for (unsigned i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	setrlimit(RLIMIT_CORE, &none);
	unsetenv("DEBUGINFOD_URLS"); /* no network on behalf of a program that did not ask for it */
	if (chdir("/") != 0)
		return; /* it only keeps a directory busy */
}

int helper_main(int socket, int output, int record_fd)
{
	struct helper_header header;
	struct stat st;
	int greeted = 0;

	if (fstat(socket, &st) != 0 || !S_ISSOCK(st.st_mode))
		return 2;
	leave_the_host_alone();
	while (receive(socket, &header, sizeof(header))) {
		if (header.magic != HELPER_MAGIC)
			return 1;
		if (header.type == HELPER_HELLO && take_hello(socket, header.bytes))
			greeted = 1;
		else if (header.type == HELPER_RECORD && greeted && take_record(socket, header.bytes))
			print_record(socket, output, record_fd);
		else if (header.type == HELPER_ASK && greeted && answer_ask(socket, header.bytes))
			continue;
		else
			return 1;
	}
	return 0;
}
