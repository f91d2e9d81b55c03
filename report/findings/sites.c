/* SPDX-License-Identifier: MIT */
/*
 * sites.c - all places in the records that use one map.
 *
 * Owns      copies of what it keeps: findings come and go while the set is walked over.
 */
#include <stdlib.h>
#include <string.h>

#include "sites.h"
#include "../format/tell.h"
#include "../util/room.h"

/* The first that occurs in the name decides. "unset" before "set", "remove_all" before "remove". */
static const struct { const char *part; enum op_role role; } roles[] = {
	{ "iter", OP_ITERATE }, { "foreach", OP_ITERATE }, { "for_each", OP_ITERATE }, { "twalk", OP_ITERATE }, { "_walk", OP_ITERATE },
	{ "traverse", OP_ITERATE }, { "increment", OP_ITERATE }, { "decrement", OP_ITERATE }, { "M_incr", OP_ITERATE }, { "_first", OP_ITERATE },
	{ "_next", OP_ITERATE }, { "_doall", OP_ITERATE }, { "_scan", OP_ITERATE }, { "get_keys", OP_ITERATE }, { "get_values", OP_ITERATE },
	{ "dump", OP_ITERATE }, { "to_json_string", OP_ITERATE }, { "iterator ++", OP_ITERATE },
	{ "remove_all", OP_CLEAR }, { "steal_all", OP_CLEAR }, { "clear", OP_CLEAR },
	{ "destroy", OP_DESTROY }, { "unref", OP_DESTROY }, { "free", OP_DESTROY },
	{ "remove", OP_REMOVE }, { "delete", OP_REMOVE }, { "erase", OP_REMOVE }, { "steal", OP_REMOVE }, { "unset", OP_REMOVE },
	{ "_del", OP_REMOVE }, { "tdelete", OP_REMOVE },
	{ "insert", OP_INSERT }, { "replace", OP_INSERT }, { "_add", OP_INSERT }, { "add_", OP_INSERT }, { "_set", OP_INSERT },
	{ "setenv", OP_INSERT }, { "putenv", OP_INSERT }, { "tsearch", OP_INSERT }, { "hsearch", OP_INSERT }, { "operator[]", OP_INSERT },
	{ "_new", OP_CREATE }, { "create", OP_CREATE },
};

enum op_role op_role(const struct finding_access *a)
{
	for (size_t i = 0; a->operation && i < sizeof(roles) / sizeof(roles[0]); i++) {
		if (strstr(a->operation, roles[i].part)) {
			/* a name that speaks of a change, of a call that changed nothing, is a look-up */
			if (roles[i].role >= OP_INSERT && !a->write)
				return OP_LOOKUP;
			return roles[i].role;
		}
	}
	return !a->operation ? (a->write ? OP_WRITE : OP_READ) : a->write ? OP_WRITE : OP_LOOKUP;
}

static int same_text(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static int equal_text(const char *a, const char *b)
{
	return (!a && !b) || same_text(a, b);
}

/* What of a map tells it from others, copied out of a finding. */
struct map_name {
	char *program, *kind, *label, *address, *function, *file, *location;
	int64_t pid;
	int line;
};

static void map_name(struct map_name *m, const struct finding *f)
{
	const struct finding_frame *fr = finding_user_frame(&f->created);

	*m = (struct map_name){ room_copy(f->program), room_copy(f->map_kind), room_copy(f->map_label), room_copy(f->map_address),
				room_copy(fr ? fr->function : NULL), room_copy(fr ? fr->file : NULL), room_copy(f->location), f->pid, fr ? fr->line : -1 };
}

static void map_name_free(struct map_name *m)
{
	char *all[] = { m->program, m->kind, m->label, m->address, m->function, m->file, m->location };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		free(all[i]);
}

static int same_map(const struct map_name *m, const struct finding *f)
{
	const struct finding_frame *fr = finding_user_frame(&f->created);

	if (!equal_text(m->program, f->program) || !equal_text(m->kind, f->map_kind))
		return 0;
	if (m->pid >= 0 && m->pid == f->pid && same_text(m->address, f->map_address))
		return 1;
	if (m->label || f->map_label)
		return same_text(m->label, f->map_label);
	if (fr && m->function && same_text(m->function, fr->function) && equal_text(m->file, fr->file) && m->line == fr->line)
		return 1;
	return f->location && !strncmp(f->location, "global ", 7) && same_text(m->location, f->location);
}

static struct site *site_for(struct sites *s, const struct finding *f, const struct finding_access *a)
{
	static const struct finding_frame unknown = { .line = -1, .offset = -1, .address = -1 };
	const struct finding_frame *fr = finding_user_frame(&a->stack);
	struct site *to;

	if (!fr)
		fr = &unknown;
	for (size_t i = 0; i < s->n; i++) {
		to = &s->list[i];
		if (equal_text(to->function, fr->function) && equal_text(to->file, fr->file) && to->line == fr->line &&
		    (fr->file || (equal_text(to->module, fr->module) && to->offset == fr->offset)) &&
		    equal_text(to->operation, a->operation))
			return to;
	}
	s->list = room_grow(s->list, s->n, sizeof(*to));
	to = &s->list[s->n++];
	*to = (struct site){ .program = room_copy(f->program), .function = room_copy(fr->function), .file = room_copy(fr->file), .module = room_copy(fr->module),
			     .operation = room_copy(a->operation), .line = fr->line, .offset = fr->offset };
	memcpy(to->fingerprint, f->fingerprint, sizeof(to->fingerprint));
	return to;
}

static void add_access(struct sites *s, const struct finding *f, const struct finding_access *a, const char *lacks)
{
	struct site *to = site_for(s, f, a);

	to->accesses++;
	to->write |= a->write;
	to->iterates |= op_role(a) == OP_ITERATE;
	to->without_lock += a->held == 0 || (a->held < 0 && a->nlocks == 0 && lacks);
	to->lacks_usual += lacks != NULL;
	if (!to->locks) {
		struct text t;
		struct pen p = pen_plain(text_begin(&t));

		tell_locks(&p, a);
		to->locks = text_end(&t);
	}
}

static void add_finding(struct sites *s, const struct finding *f)
{
	const char *lacks = f->usual_lock.type || f->usual_lock.address ? f->usual_lacks : NULL;
	int now = lacks && (!strcmp(lacks, "current") || !strcmp(lacks, "both"));
	int before = lacks && (!strcmp(lacks, "previous") || !strcmp(lacks, "both"));

	s->findings++;
	add_access(s, f, &f->now, now ? lacks : NULL);
	if (f->has_before)
		add_access(s, f, &f->before, before ? lacks : NULL);
	if (f->kind == FINDING_CHECK_THEN_ACT && f->checked.n > 0) {
		const struct finding_access checked = { .operation = f->checked.frames[0].function, .thread = f->now.thread, .held = -1,
							.bucket = -1, .time_ns = -1, .stack = f->checked };

		add_access(s, f, &checked, NULL);
	}
}

static void count(struct sites *s)
{
	s->reads = s->writes = s->iterations = 0;
	for (size_t i = 0; i < s->n; i++) {
		s->writes += s->list[i].write;
		s->reads += !s->list[i].write;
		s->iterations += s->list[i].iterates;
	}
}

void sites_of(struct sites *s, const struct finding *f)
{
	*s = (struct sites){ .n = 0 };
	add_finding(s, f);
	count(s);
}

void sites_collect(struct sites *s, struct findings *set, const struct group *g)
{
	const struct finding *f = findings_get(set, g);
	struct map_name m;

	*s = (struct sites){ .n = 0 };
	if (!f)
		return;
	map_name(&m, f);
	add_finding(s, f);
	findings_release(set);
	for (size_t i = 0; i < set->ngroups && i < SITES_LOOKED; i++) {
		if (&set->groups[i] == g)
			continue;
		f = findings_get(set, &set->groups[i]);
		if (f && same_map(&m, f))
			add_finding(s, f);
		findings_release(set);
	}
	s->not_looked_at = set->ngroups > SITES_LOOKED ? set->ngroups - SITES_LOOKED : 0;
	map_name_free(&m);
	count(s);
}

void sites_free(struct sites *s)
{
	for (size_t i = 0; i < s->n; i++) {
		char *all[] = { s->list[i].program, s->list[i].function, s->list[i].file, s->list[i].module, s->list[i].operation, s->list[i].locks };

		for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
			free(all[k]);
	}
	free(s->list);
	*s = (struct sites){ .n = 0 };
}
