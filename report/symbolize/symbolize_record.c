/* SPDX-License-Identifier: MIT */
/*
 * symbolize_record.c - `race symbolize` of records: the reports' texts, with modules that are known by their build-ids.
 *
 * A record tells of each frame's module which build it is. So the files may lie anywhere else by now, and a file that merely has the
 * same name is not taken.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../preload/sys/fmt.h"
#include "../findings/findings.h"
#include "log_modules.h"
#include "symbolize_log.h"

int symbolize_is_record(const char *name)
{
	size_t n = strlen(name);
	struct stat st;
	char first = 0;
	int fd;

	if (!strcmp(name, "-") || stat(name, &st) != 0)
		return 0;
	if (S_ISDIR(st.st_mode) || (n > 6 && !strcmp(name + n - 6, ".jsonl")))
		return 1;
	fd = S_ISREG(st.st_mode) ? open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
	if (fd < 0)
		return 0;
	if (read(fd, &first, 1) != 1)
		first = 0;
	close(fd);
	return first == '{';
}

static void expect(const struct finding_stack *s, const struct process *p)
{
	for (int i = 0; i < s->n; i++) {
		const struct finding_frame *f = &s->frames[i];
		int is_program = p && p->path && f->module && !strcmp(path_base(p->path), f->module);

		log_modules_expect(f->module, f->build_id, is_program ? p->path : NULL);
	}
}

static void expect_all(const struct finding *f, const struct process *p)
{
	log_modules_expect_none();
	expect(&f->now.stack, p);
	expect(&f->before.stack, p);
	expect(&f->checked, p);
	expect(&f->created, p);
	for (int i = 0; i < f->nthreads; i++)
		expect(&f->threads[i].created, p);
}

int symbolize_records(const char *verb, const char *name)
{
	char *names[] = { (char *)name };
	struct findings set;
	int status = findings_load(&set, verb, 1, names);

	if (status)
		return status;
	for (size_t i = 0; i < set.ngroups; i++) {
		const struct group *g = &set.groups[i];
		const struct finding *f = findings_get(&set, g);

		if (f && f->text) {
			expect_all(f, g->process < set.nprocesses ? &set.processes[g->process] : NULL);
			symbolize_text(f->text, strlen(f->text));
		}
		findings_release(&set);
	}
	log_modules_expect_none();
	findings_free(&set);
	return 0;
}
