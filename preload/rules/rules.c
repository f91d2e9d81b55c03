/* SPDX-License-Identifier: MIT */
/*
 * rules.c - the rules of the process, and the records of functions that have one.
 *
 * Owns      the rules and the text that they point into, the records, their kinds of maps.
 * Lifetime  nothing of it is ever given back: stacks and maps lead to ops and kinds for the life of the process. A library that
 *           goes and comes back finds its old records again.
 * Runs      rules_start once, from the constructor; records under patch.c's lock.
 * Must not  allocate but by mapping.
 */
#include <errno.h>
#include <string.h>

#include "../emit.h"
#include "../options.h"
#include "../sys/os.h"
#include "attached.h"
#include "start.h"

struct rules race_rules;
struct rule_facts race_rule_facts[RULES];

/* ---- records of functions ------------------------------------------------------------------------------------------- */

#define ROOM ((size_t)4 << 20)
#define CHAINS 4096
#define KINDS 128

static char *room; /* of struct attached, one behind the other */
static size_t room_used;
static uint32_t chains[CHAINS]; /* offset in room + 1 of the first; 0: empty */

static struct {
	struct race_kind kind;
	char name[32];
} kinds[KINDS];
static uint32_t nkinds;

static const struct race_kind plain_kinds[] = {
	{ .name = "map", .contract = CONTRACT_UNSAFE },
	{ .name = "map", .contract = CONTRACT_BUCKET_LOCKED },
	{ .name = "map", .contract = CONTRACT_CONCURRENT },
};

static const struct race_kind *kind_of(const char *module, enum race_contract contract)
{
	char name[32];
	struct buf b = buf_on(name, sizeof(name));

	buf_mem(&b, module, strnlen(module, sizeof(name) - 5));
	buf_str(&b, " map");
	for (uint32_t i = 0; i < nkinds; i++) {
		if (kinds[i].kind.contract == contract && !strcmp(kinds[i].name, name))
			return &kinds[i].kind;
	}
	if (nkinds == KINDS)
		return &plain_kinds[contract];
	memcpy(kinds[nkinds].name, name, sizeof(name));
	kinds[nkinds].kind.name = kinds[nkinds].name;
	kinds[nkinds].kind.contract = contract;
	return &kinds[nkinds++].kind;
}

static int is_alive(const struct attached *a)
{
	return a->site && a->site->data == a;
}

static enum race_access_type access_of(const struct rule *r)
{
	if (r->role >= RULE_ACQUIRE)
		return ACCESS_NONE;
	if (r->access != ACCESS_NONE)
		return (enum race_access_type)r->access;
	return r->role == ROLE_LOOKUP || r->role == ROLE_ITERATE ? ACCESS_READ : ACCESS_WRITE;
}

static enum race_key_kind key_kind_of(const struct rule *r)
{
	switch (r->key) {
	case RULE_KEY_POINTER:
		return KEY_POINTER;
	case RULE_KEY_INT:
		return KEY_INT;
	case RULE_KEY_LONG:
		return KEY_LONG;
	case RULE_KEY_STRING:
	case RULE_KEY_COUNTED:
		return KEY_STRING;
	default:
		return KEY_NONE;
	}
}

static void attached_fill(struct attached *a, const struct rule *r, const struct race_kind *kind)
{
	a->op.name = a->name;
	a->op.kind = kind;
	a->op.real = &a->entry;
	a->op.role = r->role < RULE_ACQUIRE ? r->role : ROLE_LOOKUP;
	a->op.access = access_of(r);
	a->op.key_kind = key_kind_of(r);
	/* Nobody knows what the function calls back, and which locks it takes and gives inside. */
	a->op.flags = OP_INTERVAL;
	a->rule = r;
	a->place = r->place.kind;
	a->arg = r->place.arg;
	a->offset = r->place.offset;
	a->key = r->key;
	a->key_arg = r->key_arg;
	a->length_arg = r->length_arg;
	a->bucket_arg = r->bucket_arg;
	a->read_mode = r->read_mode;
	a->when = r->when;
}

struct attached *attached_get(const struct rule *r, const char *module, const char *name, size_t bytes)
{
	const struct race_kind *kind = kind_of(module, (enum race_contract)r->contract);
	uint32_t *chain = &chains[rules_hash(name, bytes) % CHAINS];
	struct attached *a;

	for (uint32_t at = *chain; at; at = a->next) {
		a = (struct attached *)(room + at - 1);
		if (a->rule == r && a->op.kind == kind && !strncmp(a->name, name, bytes) && !a->name[bytes] && !is_alive(a))
			return a;
	}
	if (!room)
		room = os_map(ROOM);
	if (!room || room_used + sizeof(*a) + bytes + 16 > ROOM)
		return NULL;
	a = (struct attached *)(room + room_used);
	memcpy(a->name, name, bytes);
	attached_fill(a, r, kind);
	a->next = *chain;
	*chain = (uint32_t)room_used + 1;
	room_used += (sizeof(*a) + bytes + 1 + 15) & ~(size_t)15;
	return a;
}

enum patch_result attached_patch(struct attached *a, struct patch_module *m, const struct elf_symbol *s,
				 enum patch_refusal *why)
{
	struct stub_site *site = patch_site_new();
	enum patch_result r;

	*why = REFUSED_NOT;
	if (!site)
		return PATCH_NO_ROOM;
	calls_choose(site, a);
	site->op = &a->op;
	site->data = a;
	r = patch_site(m, s, site, why);
	if (r == PATCH_DONE) {
		store_relaxed(&a->entry, (void *)s->address);
		a->site = site;
	}
	return r;
}

/* ---- start and end -------------------------------------------------------------------------------------------------- */

static void tell_unreadable(const char *path, long error)
{
	static char text[OPTION_TEXT + 200]; /* start-up: one thread */
	struct buf b = buf_on(text, sizeof(text));

	rules_place(&b, path, 0, 0);
	switch (error) {
	case -ENOENT:
		buf_str(&b, "no such file");
		break;
	case -EACCES:
		buf_str(&b, "permission denied");
		break;
	case -EISDIR:
		buf_str(&b, "is a directory; allowed: a file of rules");
		break;
	case -EFBIG:
		buf_fmt(&b, "too large; allowed are %u bytes", RULES_BYTES);
		break;
	case -ENOMEM:
		buf_str(&b, "no memory");
		break;
	default:
		buf_fmt(&b, "cannot be read (error %d)", (int)-error);
	}
	emit_line(text);
}

void rules_start(void)
{
	const char *path = race_options.rules;
	char *text;
	long n;

	if (!path[0])
		return;
	text = os_map(RULES_BYTES);
	n = text ? os_read_file(path, text, RULES_BYTES) : -ENOMEM;
	if (n < 0) {
		tell_unreadable(path, n);
		if (text)
			os_unmap(text, RULES_BYTES);
		return;
	}
	rules_parse(&race_rules, path, text, (size_t)n, emit_line); /* the rules point into the text: it stays */
}

static void tell_rule(const struct rule *r, const struct rule_facts *f)
{
	char line[400];
	struct buf b = buf_on(line, sizeof(line));

	buf_str(&b, "librace: stats: rules: ");
	buf_fmt(&b, "line %u: ", r->line);
	rules_quote(&b, r->module.s, r->symbol.s + r->symbol.n - r->module.s);
	if (!f->modules)
		buf_str(&b, ": no such module was loaded");
	else
		buf_fmt(&b, ": %u functions in %u modules, %u could not be attached", f->functions, f->modules, f->refused);
	emit_line(line);
}

void rules_tell(void)
{
	uint32_t functions = 0;
	char line[160];
	struct buf b = buf_on(line, sizeof(line));

	if (!race_options.rules[0])
		return;
	for (uint32_t i = 0; i < race_rules.n; i++) {
		tell_rule(&race_rules.rule[i], &race_rule_facts[i]);
		functions += race_rule_facts[i].functions;
	}
	buf_fmt(&b, "librace: stats: rules: %u rules, %u bad lines, %u functions attached", race_rules.n, race_rules.bad, functions);
	emit_line(line);
}
