/* SPDX-License-Identifier: MIT */
/*
 * diff.c - `race diff`: what came, what went, what stayed, by fingerprint.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../findings/findings_load.h"
#include "../verbs.h"
#include "../util/room.h"

#define VERB_NAME "diff"

struct side {
	struct findings set;
	const struct group **group; /* by fingerprint */
	size_t n;
};

static int by_fingerprint(const void *x, const void *y)
{
	return strcmp((*(const struct group *const *)x)->fingerprint, (*(const struct group *const *)y)->fingerprint);
}

static int load(struct side *s, char *name, int all)
{
	int status = findings_load(&s->set, VERB_NAME, 1, &name);

	if (status)
		return status;
	s->group = room(s->set.ngroups + 1, sizeof(*s->group));
	for (size_t i = 0; s->group && i < s->set.ngroups; i++) {
		if (all || s->set.groups[i].counts)
			s->group[s->n++] = &s->set.groups[i];
	}
	if (s->n)
		qsort(s->group, s->n, sizeof(*s->group), by_fingerprint);
	return s->group ? 0 : 2;
}

static int has(const struct side *s, const struct group *g)
{
	return s->n && bsearch(&g, s->group, s->n, sizeof(*s->group), by_fingerprint) != NULL;
}

/* Those of one side that the other has, or has not, in the order of the side's own set. */
static size_t put(const char *word, struct side *s, const struct side *other, int wanted, int all)
{
	size_t n = 0;

	for (size_t i = 0; i < s->set.ngroups; i++) {
		const struct group *g = &s->set.groups[i];
		const struct finding *f;
		char headline[600];

		if ((!all && !g->counts) || has(other, g) != wanted)
			continue;
		n++;
		f = findings_get(&s->set, g);
		if (f)
			finding_headline(f, headline, sizeof(headline));
		printf("%-6s %.12s %s%s%s\n", word, g->fingerprint, g->program ? g->program : "", g->program ? ": " : "",
		       f ? headline : finding_kind_name(g->kind));
		findings_release(&s->set);
	}
	return n;
}

int diff_main(int argc, char **argv)
{
	struct side before = { .n = 0 }, after = { .n = 0 };
	size_t came, went, stayed;
	int all = 0, status;

	if (argc > 0 && !strcmp(argv[0], "--all")) {
		all = 1;
		argc--;
		argv++;
	}
	if (argc > 0 && !strcmp(argv[0], "--")) {
		argc--;
		argv++;
	} else if (argc > 0 && argv[0][0] == '-' && argv[0][1]) {
		loader_complain(VERB_NAME, argv[0], " is no option; `race help diff` tells them");
		return 2;
	}
	if (argc != 2) {
		loader_complain(VERB_NAME, "it takes two", ", OLD and NEW, each a directory or a log: race diff yesterday/librace.out librace.out");
		return 2;
	}
	status = load(&before, argv[0], all);
	if (!status)
		status = load(&after, argv[1], all);
	if (!status) {
		came = put("new", &after, &before, 0, all);
		went = put("gone", &before, &after, 0, all);
		stayed = put("still", &after, &before, 1, all);
		printf("%zu new, %zu gone, %zu still there\n", came, went, stayed);
		status = came > 0;
	}
	findings_free(&before.set);
	findings_free(&after.set);
	free(before.group);
	free(after.group);
	return status;
}
