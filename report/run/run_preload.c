/* SPDX-License-Identifier: MIT */
/*
 * run_preload.c - LD_PRELOAD and RACE_OPTIONS of the command.
 *
 * LD_PRELOAD knows no quoting: the loader splits it at spaces and colons. A librace.so in such a directory is reached through a link
 * in a directory of our own below /tmp, to its directory, so that its helper is found beside it; the link goes away with the run.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../util/console.h"
#include "../util/library.h"
#include "run.h"
#include "../util/room.h"

extern char **environ;

/* The name of the link lies in e->link until it is removed. */
static int make_link(struct run_environment *e, const char *library)
{
	char target[PATH_MAX], link[sizeof(e->link) + 8];

	snprintf(target, sizeof(target), "%.*s", (int)(strrchr(library, '/') - library), library);
	strcpy(e->link, "/tmp/librace-XXXXXX");
	if (!mkdtemp(e->link)) {
		e->link[0] = 0;
		return -1;
	}
	snprintf(link, sizeof(link), "%s/lib", e->link);
	return chmod(e->link, 0755) || symlink(target, link) ? -1 : 0;
}

/* What was preloaded already stays, behind ours; ours only once. */
static char *preload_variable(const char *library)
{
	const char *old = getenv("LD_PRELOAD");
	char *text = room(1, 16 + strlen(library) + (old ? strlen(old) : 0)), *to;

	to = text + sprintf(text, "LD_PRELOAD=%s", library);
	while (old && *(old += strspn(old, " :"))) {
		size_t n = strcspn(old, " :");

		if (n != strlen(library) || memcmp(old, library, n) != 0)
			to += sprintf(to, ":%.*s", (int)n, old);
		old += n;
	}
	return text;
}

int run_environment_make(struct run_environment *e, struct config *c, const char *directory)
{
	const char *library = library_path(), *options = config_race_options(c, directory);
	char linked[sizeof(e->link) + NAME_MAX + 8];
	size_t n = 0;

	memset(e, 0, sizeof(*e));
	if (!library)
		return library_missing("run");
	if (!options)
		return 2;
	if (*c->set[SETTING_SUPPRESSIONS].text && access(c->set[SETTING_SUPPRESSIONS].text, R_OK))
		return console_complain("run", "suppressions %s (%s): %s; allowed is a file that can be read", c->set[SETTING_SUPPRESSIONS].text,
					c->set[SETTING_SUPPRESSIONS].from, strerror(errno));
	if (strpbrk(library, " :")) {
		if (make_link(e, library))
			return console_complain("run", "%s: LD_PRELOAD cannot name it for its space or colon, and a link in /tmp cannot be made: %s; install "
						"librace in another directory", library, strerror(errno));
		snprintf(linked, sizeof(linked), "%s/lib%s", e->link, strrchr(library, '/'));
		library = linked;
	}
	e->preload = preload_variable(library);
	if (asprintf(&e->options, "RACE_OPTIONS=%s", options) < 0)
		room_none();
	while (environ[n])
		n++;
	e->envp = room(n + 3, sizeof(*e->envp));
	n = 0;
	for (char **p = environ; *p; p++) {
		if (strncmp(*p, "LD_PRELOAD=", 11) != 0 && strncmp(*p, "RACE_OPTIONS=", 13) != 0)
			e->envp[n++] = *p;
	}
	e->envp[n++] = e->preload;
	e->envp[n++] = e->options;
	return 0;
}

void run_environment_free(struct run_environment *e)
{
	if (e->link[0]) {
		char link[sizeof(e->link) + 8];

		snprintf(link, sizeof(link), "%s/lib", e->link);
		unlink(link);
		rmdir(e->link);
	}
	free(e->envp);
	free(e->preload);
	free(e->options);
	memset(e, 0, sizeof(*e));
}
