/* SPDX-License-Identifier: MIT */
/*
 * suppress_verb.c - `race suppress`: the line that leaves a finding out, as narrow as it can be; and what a file of such lines does.
 *
 * Owns      the choice: of the two functions that met, the one by which the fewest other findings of the set would go, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../preload/sys/fmt.h"
#include "../findings/findings_load.h"
#include "../symbolize/log.h"
#include "../findings/suppress_match.h"
#include "../verbs.h"

#define VERB_NAME "suppress"
#define PROPOSALS 6

struct proposal {
	struct suppression rule;
	const char *says;
	size_t covers; /* findings of the set */
};

static int ends(const char *s, const char *with)
{
	size_t n = strlen(s), k = strlen(with);

	return n > k && !strcmp(s + n - k, with);
}

static int propose(struct proposal *p, enum suppression_type type, const char *name, const char *says)
{
	int n = snprintf(p->rule.pattern, sizeof(p->rule.pattern), "^%s$", name);

	p->rule.type = type;
	p->says = says;
	return n > 0 && (size_t)n < sizeof(p->rule.pattern);
}

static int is_library(const char *module)
{
	return module && (ends(module, ".so") || strstr(module, ".so."));
}

static int proposals(const struct finding *f, struct proposal *p)
{
	const struct finding_access *sides[2] = { &f->now, &f->before };
	int n = 0;

	for (int i = 0; i < 1 + f->has_before; i++) {
		const struct finding_frame *user = finding_user_frame(&sides[i]->stack);

		if (user && user->function)
			n += propose(&p[n], SUPPRESS_RACE, user->function, "any frame of one of the two stacks is this function");
	}
	if (f->map_label)
		n += propose(&p[n], SUPPRESS_MAP, f->map_label, "every finding of the map with this label");
	for (int i = 0; i < 1 + f->has_before; i++) {
		const struct finding_stack *s = &sides[i]->stack;
		int caller = sides[i]->operation ? 1 : 0;

		if (s->n > caller && is_library(s->frames[caller].module))
			n += propose(&p[n], SUPPRESS_CALLED_FROM_LIB, s->frames[caller].module, "every call that this library makes");
	}
	if (f->map_kind && n < PROPOSALS)
		n += propose(&p[n], SUPPRESS_MAP, f->map_kind, "every map of this kind: seldom what is meant");
	return n;
}

static void count(struct findings *set, struct proposal *p, int n)
{
	for (size_t i = 0; i < set->ngroups; i++) {
		const struct finding *f = findings_get(set, &set->groups[i]);

		for (int k = 0; f && k < n; k++)
			p[k].covers += (size_t)suppression_covers(&p[k].rule, f);
		findings_release(set);
	}
}

static void put(const struct proposal *p, size_t all, int as_comment)
{
	printf("%s%s:%s\n", as_comment ? "# " : "", suppression_type_name(p->rule.type), p->rule.pattern);
	if (as_comment)
		printf("#\t%s; %zu of the %zu findings here\n", p->says, p->covers, all);
}

static int one(struct findings *set, const char *id)
{
	struct proposal p[PROPOSALS] = { { .covers = 0 } };
	const struct group *g = findings_find(set, VERB_NAME, id);
	const struct finding *f = g ? findings_get(set, g) : NULL;
	char headline[600];
	int n, best = 0;

	if (!f)
		return 2;
	finding_headline(f, headline, sizeof(headline));
	printf("# %.12s %s\n", g->fingerprint, headline);
	n = proposals(f, p);
	findings_release(set);
	if (!n) {
		loader_complain(VERB_NAME, g->fingerprint, " has no name to go by; `race symbolize` may find one with debug files");
		return 2;
	}
	count(set, p, n);
	/* functions stand first; the wider kinds are only proposed */
	for (int i = 1; i < n && p[i].rule.type == p[0].rule.type; i++) {
		if (p[i].covers < p[best].covers)
			best = i;
	}
	printf("# %s; %zu of the %zu findings here\n", p[best].says, p[best].covers, set->ngroups);
	put(&p[best], set->ngroups, 0);
	for (int i = 0, told = 0; i < n; i++) {
		if (i == best || (p[i].rule.type == p[best].rule.type && !strcmp(p[i].rule.pattern, p[best].rule.pattern)))
			continue;
		if (!told++)
			puts("# instead of it:");
		put(&p[i], set->ngroups, 1);
	}
	return 0;
}

/* ---- --check ------------------------------------------------------------------------------------------------------ */

static int bad_lines;

static void complain(const char *line)
{
	bad_lines++;
	/* it begins with `librace: `, as in a process */
	fprintf(stderr, "race " VERB_NAME ": %s\n", !strncmp(line, "librace: ", 9) ? line + 9 : line);
}

static int check(struct findings *set, const char *file)
{
	static struct suppressions rules;
	struct log_text text;
	size_t left = 0, covered = 0;

	if (log_read(&text, VERB_NAME, file) != 0)
		return 2;
	suppressions_parse(&rules, file, text.at, text.bytes, complain);
	free(text.at);
	for (size_t i = 0; i < set->ngroups; i++) {
		const struct finding *f = findings_get(set, &set->groups[i]);
		uint32_t k = 0;

		while (f && k < rules.n && !suppression_covers(&rules.rule[k], f))
			k++;
		if (f && k < rules.n) {
			rules.rule[k].matched++;
			covered++;
		} else {
			left++;
		}
		findings_release(set);
	}
	for (uint32_t k = 0; k < rules.n; k++)
		printf("line %u: %u finding%s: %s:%s\n", rules.rule[k].line, rules.rule[k].matched, rules.rule[k].matched == 1 ? "" : "s",
		       suppression_type_name(rules.rule[k].type), rules.rule[k].pattern);
	printf("%zu of %zu findings left out, %zu left\n", covered, set->ngroups, left);
	return bad_lines ? 2 : 0;
}

int suppress_main(int argc, char **argv)
{
	const char *file = NULL;
	struct findings set;
	int status, i = 0;

	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		if (!strncmp(argv[i], "--check=", 8)) {
			file = argv[i] + 8;
		} else if (!strcmp(argv[i], "--check") && i + 1 < argc) {
			file = argv[++i];
		} else {
			loader_complain(VERB_NAME, argv[i], " is no option, or lacks its value; `race help suppress` tells them");
			return 2;
		}
	}
	if (!file && i == argc) {
		loader_complain(VERB_NAME, "it needs", " the first digits of a fingerprint, or #1: `race report` lists them");
		return 2;
	}
	status = findings_load(&set, VERB_NAME, argc - i - !file, argv + i + !file);
	if (status)
		return status;
	status = file ? check(&set, file) : one(&set, argv[i]);
	findings_free(&set);
	return status;
}
