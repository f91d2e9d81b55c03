/* SPDX-License-Identifier: MIT */
/*
 * suppress_match.c - what suppress.c decides in the process, decided afterwards.
 */
#include "suppress_match.h"

#include <stdio.h>
#include <string.h>

#include "../../preload/sys/fmt.h"

static int matches(const char *pattern, const char *text)
{
	return text && suppression_pattern_matches(pattern, text);
}

/* Names of C++ have had parameters when the process looked; a pattern may count on them. */
static int matches_function(const char *pattern, const char *function)
{
	char call[700];

	if (!function)
		return 0;
	if (suppression_pattern_matches(pattern, function))
		return 1;
	snprintf(call, sizeof(call), "%s()", function);
	return suppression_pattern_matches(pattern, call);
}

static int frame_matches(const char *pattern, const struct finding_frame *f)
{
	return matches_function(pattern, f->function) || matches(pattern, f->file) || matches(pattern, f->module);
}

static int access_matches(const struct suppression *rule, const struct finding *f, const struct finding_access *a)
{
	const struct finding_stack *s = &a->stack;
	const struct finding_frame *user = finding_user_frame(s);
	const struct finding_thread *t = finding_thread_of(f, a);
	const char *pattern = rule->pattern;

	switch (rule->type) {
	case SUPPRESS_RACE:
		for (int i = 0; i < s->n; i++) {
			if (frame_matches(pattern, &s->frames[i]))
				return 1;
		}
		return matches(pattern, a->operation);
	case SUPPRESS_RACE_TOP:
		return (s->n && frame_matches(pattern, &s->frames[0])) || (user && frame_matches(pattern, user));
	case SUPPRESS_CALLED_FROM_LIB:
		return s->n > 1 && matches(pattern, s->frames[a->operation ? 1 : 0].module);
	case SUPPRESS_THREAD:
		return t && ((t->number == 0 && matches(pattern, "main thread")) || matches(pattern, t->name ? t->name : f->program));
	case SUPPRESS_MAP:
		break;
	}
	return 0;
}

int suppression_covers(const struct suppression *rule, const struct finding *f)
{
	if (rule->type == SUPPRESS_MAP)
		return matches(rule->pattern, f->map_kind) || matches(rule->pattern, f->map_label);
	return access_matches(rule, f, &f->now) || (f->has_before && access_matches(rule, f, &f->before));
}
