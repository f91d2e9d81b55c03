/* SPDX-License-Identifier: MIT */
/*
 * json_finding.c - one finding as a line of JSON (docs/RECORD.md has every field).
 *
 * Owns      the names of the fields and their order; the words are those of the text (words.h). A change here changes the schema in docs/schema,
 *           docs/RECORD.md and, when a field goes or changes its meaning, RECORD_SCHEMA_NUMBER.
 * Invariant a line that does not fit is made again with less in it, until it does: never cut in the middle.
 * Runs      as json.h says; static buffers.
 */
#include <string.h>

#include "fingerprint.h"
#include "json.h"
#include "words.h"

/* What is left out when a line does not fit: each step also leaves out what those before it do. */
enum less { LESS_NOTHING, LESS_MODULES, LESS_THREADS, LESS_CREATED, LESS_TEXT, LESS_FRAMES, LESS_STACKS, LESS_ALL };
#define FEW_FRAMES 16
#define NO_BUCKET 0xffffffffu

struct line {
	const struct record *r;
	const struct resolver *names;
	struct buf *b;
	enum less less;
	struct fingerprint fingerprint;
};

static struct frame_text texts[FRAME_TEXTS];

static void put_thread(struct line *l, const char *name, uint32_t index)
{
	const struct record_thread *t = words_thread_at(l->r, index);

	if (t)
		line_number(l->b, name, t->number);
}

/* ---- stacks ---------------------------------------------------------------------------------------------------------------- */

static void put_function(struct buf *b, const char *name)
{
	if (name[0])
		line_text(b, "function", name, words_name_length(name));
}

static void put_frame(struct line *l, const struct record_frame *f, const struct frame_text *t, int mark)
{
	const struct record_module *m = words_module_at(l->r, f);
	struct buf *b = l->b;

	line_name(b, NULL);
	buf_char(b, '{');
	put_function(b, t->function);
	if (t->file[0]) {
		line_word(b, "file", words_file(t->file, l->names->strip_prefix));
		if (t->line)
			line_number(b, "line", t->line);
	}
	if (m)
		line_word(b, "module", path_base(m->path));
	line_hex(b, "offset", t->offset);
	line_hex(b, "address", f->pc - (m ? m->base : 0));
	if (mark)
		line_flag(b, "user", 1);
	if (m && module_is_system(m->path))
		line_flag(b, "system", 1);
	if (t->inlined)
		line_flag(b, "inlined", 1);
	buf_char(b, '}');
}

/*
 * A name as readers of the line have it: what is no character has been replaced on the way into the line, and what a terminal would obey
 * on the way out of it (report/findings/findings_record.c). The fingerprint of the line must be the one that they come to.
 */
static const char *as_read(struct buf *b, const char *s)
{
	size_t n = strlen(s), length;
	uint32_t point;

	for (size_t i = 0; i < n; i += length) {
		length = utf8_char(s + i, n - i, &point);
		if (!length) {
			buf_str(b, "\xef\xbf\xbd");
			length = 1;
		} else if (utf8_is_printable(point)) {
			buf_mem(b, s + i, length);
		} else {
			for (size_t k = 0; k < length; k++)
				buf_fmt(b, "\\x%x%x", (unsigned char)s[i + k] >> 4, s[i + k] & 15);
		}
	}
	return b->len < n || b->cut ? s : b->text;
}

static void hash_frame(struct line *l, const struct record_frame *f, const struct frame_text *t)
{
	static char function[4096], module[1100]; /* under the report lock */
	struct buf fb = buf_on(function, sizeof(function)), mb = buf_on(module, sizeof(module));
	static char id[2 * sizeof(((struct record_module *)0)->build_id) + 3];
	const struct record_module *m = words_module_at(l->r, f);
	struct buf b = buf_on(id, sizeof(id));

	if (m && m->build_id_len && m->build_id_len <= sizeof(m->build_id)) {
		line_build_id(&b, NULL, m->build_id, m->build_id_len);
		id[b.len - 1] = 0; /* its quotes */
	}
	fingerprint_frame(&l->fingerprint, as_read(&fb, t->function), as_read(&mb, m ? path_base(m->path) : ""), b.len ? id + 1 : NULL,
			  (int64_t)(f->pc - (m ? m->base : 0)));
}

/* A side of the finding goes into its fingerprint: all of its frames do, also those that are not written. */
static void put_stack(struct line *l, const char *name, const struct record_stack *s, int is_side)
{
	uint32_t n = s->nframes < RECORD_FRAMES ? s->nframes : RECORD_FRAMES;
	int text, user = stack_user_text(l->r, l->names, s, &text), leave_out = l->less >= LESS_STACKS;

	if (!leave_out) {
		line_name(l->b, name);
		buf_char(l->b, '[');
	}
	for (uint32_t i = 0; i < n; i++) {
		int k = words_frames(l->r, l->names, s, i, texts);

		for (int j = 0; j < k; j++) {
			if (!leave_out && (l->less < LESS_FRAMES || i < FEW_FRAMES))
				put_frame(l, &s->frames[i], &texts[j], (int)i == user && j == text);
			if (is_side)
				hash_frame(l, &s->frames[i], &texts[j]);
		}
	}
	if (is_side)
		fingerprint_chain_end(&l->fingerprint);
	if (!leave_out)
		buf_char(l->b, ']');
}

/* ---- parts ------------------------------------------------------------------------------------------------------------------ */

static void put_map(struct line *l)
{
	const struct record *r = l->r;
	static char place[1400];
	struct buf *b = l->b, p = buf_on(place, sizeof(place));

	line_name(b, "map");
	buf_char(b, '{');
	line_word(b, "kind", r->map_kind);
	line_hex(b, "address", r->map);
	if (r->label[0])
		line_text(b, "label", r->label, strnlen(r->label, sizeof(r->label)));
	if (r->entries >= 0)
		line_number(b, "entries", r->entries);
	if (r->buckets)
		line_number(b, "buckets", r->buckets);
	if (r->resize_from && r->resize_to) {
		line_name(b, "resize");
		buf_char(b, '{');
		line_number(b, "from", r->resize_from);
		line_number(b, "to", r->resize_to);
		if (r->entries_at_resize >= 0)
			line_number(b, "entries", r->entries_at_resize);
		buf_char(b, '}');
	}
	if (words_location(&p, r, l->names))
		line_word(b, "location", place);
	if (r->has_created) {
		put_thread(l, "created_by", r->created_thread);
		if (l->less < LESS_CREATED)
			put_stack(l, "created", &r->created, 0);
	}
	buf_char(b, '}');
}

static void put_lock(struct buf *b, uint64_t word)
{
	line_word(b, "type", words_lock_type(word));
	line_hex(b, "address", RECORD_LOCK_ADDRESS(word));
	if (RECORD_LOCK_READ_MODE(word))
		line_flag(b, "shared", 1);
}

static void put_locks(struct buf *b, const struct record_access *a)
{
	uint32_t shown = 0;

	if (!a->have_note)
		return;
	line_number(b, "locks_held", a->nlocks);
	line_name(b, "locks");
	buf_char(b, '[');
	for (uint32_t i = 0; i < RECORD_LOCKS && shown < a->nlocks; i++) {
		if (!a->locks[i])
			continue;
		line_name(b, NULL);
		buf_char(b, '{');
		put_lock(b, a->locks[i]);
		buf_char(b, '}');
		shown++;
	}
	buf_char(b, ']');
}

static void put_key(struct buf *b, const struct record_access *a)
{
	static const char *const types[] = { "", "", "string", "pointer", "int", "long" };
	char number[24];
	struct buf n = buf_on(number, sizeof(number));

	if (!words_has_key(a))
		return;
	line_name(b, "key");
	buf_char(b, '{');
	line_word(b, "type", types[a->key_kind]);
	if (a->key_redacted) {
		line_word(b, "text", words_redacted);
	} else if (a->key_kind == RECORD_KEY_STRING) {
		line_text(b, "text", a->key, words_key_length(a));
		if (a->key_cut)
			line_flag(b, "cut", 1);
	} else {
		buf_fmt(&n, a->key_kind == RECORD_KEY_POINTER ? "0x%lx" : "%ld", (long)words_key_value(a));
		line_word(b, "text", number);
	}
	buf_char(b, '}');
}

static void put_access(struct line *l, const struct record_access *a, const char *role)
{
	struct buf *b = l->b;

	line_name(b, NULL);
	buf_char(b, '{');
	line_word(b, "role", role);
	line_word(b, "access", a->write ? "write" : "read");
	if (a->stack.op[0])
		line_text(b, "operation", a->stack.op, strnlen(a->stack.op, sizeof(a->stack.op)));
	put_thread(l, "thread", a->thread);
	put_locks(b, a);
	put_key(b, a);
	if (a->bucket != NO_BUCKET)
		line_number(b, "bucket", a->bucket);
	if (a->context[0])
		line_text(b, "context", a->context, strnlen(a->context, sizeof(a->context)));
	if (a->time_ns)
		line_number(b, "time_ns", (int64_t)a->time_ns);
	put_stack(l, "stack", &a->stack, 1);
	buf_char(b, '}');
}

static void put_evidence(struct line *l, const struct record_evidence *e)
{
	static const char *const kinds[] = {
		"atomics", "fences", "pauses", "waits", "atomic-object", "volatile-object", "unknown-code", "polled", "held-back", "learned",
		"usual-lock", "met",
	};
	struct buf *b = l->b;

	if (e->kind >= sizeof(kinds) / sizeof(kinds[0]))
		return;
	line_name(b, NULL);
	buf_char(b, '{');
	line_word(b, "kind", kinds[e->kind]);
	line_flag(b, "supports", e->supports != 0);
	line_number(b, "count", e->count);
	if (e->module < l->r->nmodules && e->module < RECORD_MODULES)
		line_word(b, "module", path_base(l->r->modules[e->module].path));
	if (e->at)
		line_hex(b, "at", e->at);
	if (e->text[0])
		line_text(b, "text", e->text, strnlen(e->text, sizeof(e->text)));
	buf_char(b, '}');
}

static void put_ledger(struct line *l)
{
	static const char *const lacking[] = { NULL, "current", "previous", "both" };
	const struct record *r = l->r;
	struct buf *b = l->b;

	if (r->usual_lock) {
		line_name(b, "usual_lock");
		buf_char(b, '{');
		put_lock(b, r->usual_lock);
		line_number(b, "held", r->usual_held);
		line_number(b, "of", r->usual_of);
		if (r->usual_lacks & 3)
			line_word(b, "lacks", lacking[r->usual_lacks & 3]);
		buf_char(b, '}');
	}
	if (!r->nevidence)
		return;
	line_name(b, "evidence");
	buf_char(b, '[');
	for (uint32_t i = 0; i < r->nevidence && i < RECORD_EVIDENCE; i++)
		put_evidence(l, &r->evidence[i]);
	buf_char(b, ']');
}

static void put_threads(struct line *l)
{
	const struct record *r = l->r;
	struct buf *b = l->b;

	line_name(b, "threads");
	buf_char(b, '[');
	for (uint32_t i = 0; i < r->nthreads; i++) {
		const struct record_thread *t = words_thread_at(r, i);

		if (!t)
			continue;
		line_name(b, NULL);
		buf_char(b, '{');
		line_number(b, "number", t->number);
		if (t->name[0])
			line_text(b, "name", t->name, strnlen(t->name, sizeof(t->name)));
		line_flag(b, "running", t->running != 0);
		if (t->number && t->parent != RECORD_UNKNOWN_THREAD)
			line_number(b, "parent", t->parent);
		if (t->number && l->less < LESS_THREADS)
			put_stack(l, "created", &t->created, 0);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

static void put_modules(struct line *l)
{
	const struct record *r = l->r;
	struct buf *b = l->b;

	if (l->less >= LESS_MODULES)
		return;
	line_name(b, "modules");
	buf_char(b, '[');
	for (uint32_t i = 0; i < r->nmodules && i < RECORD_MODULES; i++) {
		const struct record_module *m = &r->modules[i];

		line_name(b, NULL);
		buf_char(b, '{');
		line_word(b, "name", path_base(m->path));
		line_word(b, "path", m->path);
		if (m->build_id_len && m->build_id_len <= sizeof(m->build_id))
			line_build_id(b, "build_id", m->build_id, m->build_id_len);
		line_hex(b, "base", m->base);
		buf_char(b, '}');
	}
	buf_char(b, ']');
}

/* ---- the line --------------------------------------------------------------------------------------------------------------- */

static const char *const kinds[] = { "data race", "use of dead map", "stale iterator", "check then act" };
static const char *const compounds[] = { "insert", "remove", "update", "value-freed" };

static void put_words(struct line *l)
{
	const struct record *r = l->r;
	static char words[4096];
	struct buf *b = l->b, w;

	line_word(b, "kind", kinds[r->kind <= RECORD_CHECK_THEN_ACT ? r->kind : RECORD_RACE]);
	line_word(b, "class", words_class(r));
	line_flag(b, "counts", record_counts(r));
	if (r->kind == RECORD_RACE) {
		line_word(b, "severity", words_severity(r));
		line_number(b, "confidence", words_confidence(r));
	}
	line_word(b, "cause", words_cause_label(r));
	w = buf_on(words, sizeof(words));
	words_cause(&w, r);
	line_word(b, "cause_text", words);
	w = buf_on(words, sizeof(words));
	words_verdict(&w, r, l->names);
	line_word(b, "verdict", words);
	if (r->kind == RECORD_CHECK_THEN_ACT && r->compound <= COMPOUND_VALUE_FREED)
		line_word(b, "compound", compounds[r->compound]);
}

static void put_line(struct line *l, struct json_context *context)
{
	const struct record *r = l->r;
	uint64_t a = r->now.time_ns, before = r->before.time_ns;
	struct buf *b = l->b;
	size_t digits;

	fingerprint_begin(&l->fingerprint);
	buf_str(b, "{\"type\":\"finding\"");
	line_number(b, "schema", RECORD_SCHEMA_NUMBER);
	line_word(b, "fingerprint", "00000000000000000000000000000000"); /* known when the stacks are */
	digits = b->len - 33;
	put_words(l);
	line_text(b, "program", r->program, strnlen(r->program, sizeof(r->program)));
	line_number(b, "pid", r->pid);
	line_number(b, "sequence", r->sequence);
	line_time(b, "time", r->wall_ns);
	if (text_has_before(r) && a && before)
		line_number(b, "gap_ns", (int64_t)(a > before ? a - before : before - a));
	put_map(l);
	line_name(b, "accesses");
	buf_char(b, '[');
	put_access(l, &r->now, "current");
	if (text_has_before(r))
		put_access(l, &r->before, "previous");
	buf_char(b, ']');
	if (r->has_checked && l->less < LESS_CREATED)
		put_stack(l, "checked", &r->checked, 0);
	put_ledger(l);
	put_threads(l);
	put_modules(l);
	line_tags(b, context->tags, context->traceparent);
	if (l->less < LESS_TEXT)
		line_text(b, "text", context->text, context->text_bytes);
	if (l->less)
		line_flag(b, "cut", 1);
	buf_str(b, "}\n");
	fingerprint_end(&l->fingerprint, words_kind(r), r->map_kind, context->fingerprint);
	if (!b->cut)
		memcpy(b->text + digits, context->fingerprint, 2 * FINGERPRINT_BYTES);
}

int json_render(const struct record *r, const struct resolver *names, struct json_context *context, struct buf *out)
{
	static struct line l; /* too large for a thread's stack */
	size_t start = out->len;

	l.r = r;
	l.names = names;
	l.b = out;
	for (l.less = LESS_NOTHING; l.less < LESS_ALL; l.less++) {
		out->len = start;
		out->cut = 0;
		put_line(&l, context);
		if (!out->cut)
			return 1;
	}
	out->len = start;
	return 0;
}
