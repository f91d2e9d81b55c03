/* SPDX-License-Identifier: MIT */
/*
 * learn.c - the file of learn=FILE.
 *
 * Owns      what was read from it, and what is to be added. Both are bounded: what finds no room is learned again next time.
 * Names     a side of a pair is the hash of its call chain by modules (build-id, else base name) and offsets, so that it is the
 *           same in the next run of the same binaries and nothing in another build.
 * Must not  rewrite the file: lines are appended with one write, after those of other processes.
 */
#include "learn.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "../emit.h"
#include "../helper_host.h"
#include "../options.h"
#include "../sys/fmt.h"
#include "../sys/os.h"

#define PAIRS_KNOWN 4096
#define MODULES_KNOWN 512
#define FILE_MAX (1u << 20)
#define FRAMES 8

struct known_module {
	uint8_t id[20];
	uint8_t bytes, is_new;
	struct scan_marks marks;
};

static char path[4400]; /* absolute; "" none */
static struct {
	uint64_t (*pairs)[2]; /* [PAIRS_KNOWN] */
	struct known_module *modules; /* [MODULES_KNOWN] */
	uint32_t npairs, nmodules, line;
} learned;

/* ---- hashes of sides -------------------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t v)
{
	return (h ^ v) * 0x9E3779B97F4A7C15ull ^ (h >> 29);
}

static uint64_t mix_bytes(uint64_t h, const void *from, size_t n)
{
	const uint8_t *p = from;

	while (n--)
		h = mix(h, *p++);
	return h;
}

static uint64_t side_of(const struct record *r, const struct record_stack *s)
{
	uint64_t h = mix_bytes(1, s->op, strnlen(s->op, sizeof(s->op)));

	for (uint32_t i = s->op[0] ? 1 : 0; i < s->nframes && i < FRAMES; i++) {
		const struct record_frame *f = &s->frames[i];
		const struct record_module *m = f->module < r->nmodules ? &r->modules[f->module] : NULL;

		if (!m)
			h = mix(h, 0);
		else if (m->build_id_len)
			h = mix(mix_bytes(h, m->build_id, m->build_id_len), f->pc - m->base);
		else
			h = mix(mix_bytes(h, path_base(m->path), strlen(path_base(m->path))), f->pc - m->base);
	}
	return h ? h : 1;
}

static int pair_known(uint64_t a, uint64_t b)
{
	for (uint32_t i = 0; i < learned.npairs; i++) {
		if ((learned.pairs[i][0] == a && learned.pairs[i][1] == b) || (learned.pairs[i][0] == b && learned.pairs[i][1] == a))
			return 1;
	}
	return 0;
}

void learn_recall(struct pair *p, const struct record *r)
{
	if (!learned.pairs || p->side[0])
		return;
	p->side[0] = side_of(r, &r->now.stack);
	p->side[1] = side_of(r, &r->before.stack);
	p->learned = (uint8_t)pair_known(p->side[0], p->side[1]);
}

/* ---- modules ------------------------------------------------------------------------------------------------------------------ */

static struct known_module *module_find(const uint8_t *id, uint32_t bytes)
{
	for (uint32_t i = 0; i < learned.nmodules; i++) {
		if (learned.modules[i].bytes == bytes && !memcmp(learned.modules[i].id, id, bytes))
			return &learned.modules[i];
	}
	return NULL;
}

int learn_module(const uint8_t *id, uint32_t bytes, struct scan_marks *marks)
{
	const struct known_module *m = learned.modules ? module_find(id, bytes) : NULL;

	if (m)
		*marks = m->marks;
	return m != NULL;
}

void learn_module_is(const uint8_t *id, uint32_t bytes, const struct scan_marks *marks)
{
	struct known_module *m;

	if (!learned.modules || !bytes || bytes > sizeof(m->id) || learned.nmodules == MODULES_KNOWN || module_find(id, bytes))
		return;
	m = &learned.modules[learned.nmodules++];
	memcpy(m->id, id, bytes);
	m->bytes = (uint8_t)bytes;
	m->marks = *marks;
	m->is_new = 1;
}

/* ---- reading -------------------------------------------------------------------------------------------------------------------- */

static const char *word_end(const char *s)
{
	while (*s && *s != ' ' && *s != '\t')
		s++;
	return s;
}

static const char *next_word(const char *s)
{
	s = word_end(s);
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_hex(const char *s, uint64_t *out)
{
	const char *end = word_end(s);

	*out = 0;
	if (end == s || end - s > 16)
		return 0;
	for (; s < end; s++) {
		if (hex_digit(*s) < 0)
			return 0;
		*out = *out << 4 | (uint64_t)hex_digit(*s);
	}
	return 1;
}

static int read_pair(const char *s)
{
	uint64_t a, b;

	if (!read_hex(s, &a) || !read_hex(next_word(s), &b))
		return 0;
	if (learned.npairs < PAIRS_KNOWN && !pair_known(a, b)) {
		learned.pairs[learned.npairs][0] = a;
		learned.pairs[learned.npairs++][1] = b;
	}
	return 1;
}

static int read_module(const char *s)
{
	struct known_module m;
	const char *end = word_end(s);

	memset(&m, 0, sizeof(m));
	if (end == s || (end - s) % 2 || (size_t)(end - s) / 2 > sizeof(m.id))
		return 0;
	for (; s < end; s += 2) {
		if (hex_digit(s[0]) < 0 || hex_digit(s[1]) < 0)
			return 0;
		m.id[m.bytes++] = (uint8_t)(hex_digit(s[0]) << 4 | hex_digit(s[1]));
	}
	s = next_word(s);
	for (unsigned i = 0; i < SCAN_MARKS; i++) {
		uint64_t n;

		if (!parse_u64(s, (size_t)(word_end(s) - s), 0, UINT32_MAX, &n) || !read_hex(next_word(s), &m.marks.first[i]))
			return 0;
		m.marks.count[i] = (uint32_t)n;
		s = next_word(next_word(s));
	}
	if (*s)
		return 0;
	if (learned.nmodules < MODULES_KNOWN && !module_find(m.id, m.bytes))
		learned.modules[learned.nmodules++] = m;
	return 1;
}

static void complain(const char *line)
{
	static char text[400]; /* start-up: one thread */
	struct buf b = buf_on(text, sizeof(text));

	buf_str(&b, "librace: learn: ");
	buf_clean(&b, race_options.learn);
	buf_fmt(&b, ":%u: ", learned.line);
	buf_quoted(&b, line, strnlen(line, 60));
	buf_str(&b, " is not understood: allowed are `ordered SIDE SIDE ...`, `module BUILD-ID ...` and `#` comments");
	emit_line(text);
}

static void read_line(const char *line)
{
	const char *rest = next_word(line);
	int good = !line[0] || line[0] == '#';

	learned.line++;
	if (!strncmp(line, "ordered ", 8))
		good = read_pair(rest);
	else if (!strncmp(line, "module ", 7))
		good = read_module(rest);
	if (!good)
		complain(line);
}

void learn_start(void)
{
	char *text, *line, *end;
	long n;

	if (!race_options.learn[0])
		return;
	if (!emit_absolute(race_options.learn, path, sizeof(path))) {
		emit_complain("learn", race_options.learn, -ENAMETOOLONG);
		return;
	}
	learned.pairs = os_map(PAIRS_KNOWN * sizeof(*learned.pairs));
	learned.modules = os_map(MODULES_KNOWN * sizeof(*learned.modules));
	text = os_map(FILE_MAX + 1);
	if (!learned.pairs || !learned.modules || !text) {
		learned.pairs = NULL;
		learned.modules = NULL;
		return;
	}
	n = os_read_file(path, text, FILE_MAX);
	for (line = text; n > 0 && (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		read_line(line);
	}
	if (n < 0 && n != -ENOENT)
		emit_complain("learn", race_options.learn, n);
	os_unmap(text, FILE_MAX + 1);
}

/* ---- writing ---------------------------------------------------------------------------------------------------------------------- */

static struct buf news;

static void put_pair(const struct pair *p)
{
	const struct race_op *a = engine_stack_op(pair_stack(p, 0)), *b = engine_stack_op(pair_stack(p, 1));

	if (p->side[0] && !pair_known(p->side[0], p->side[1]))
		buf_fmt(&news, "ordered %lx %lx %s %s\n", (unsigned long)p->side[0], (unsigned long)p->side[1],
			a ? a->name : "?", b ? b->name : "?");
}

static void put_module(const struct known_module *m)
{
	buf_str(&news, "module ");
	for (unsigned i = 0; i < m->bytes; i++)
		buf_fmt(&news, "%x%x", (unsigned)(m->id[i] >> 4), (unsigned)(m->id[i] & 15));
	for (unsigned i = 0; i < SCAN_MARKS; i++)
		buf_fmt(&news, " %u %lx", m->marks.count[i], (unsigned long)m->marks.first[i]);
	buf_str(&news, "\n");
}

void learn_write(void)
{
	static char text[64 << 10];
	int fd;

	if (!learned.pairs || emit_is_sandboxed())
		return;
	news = buf_on(text, sizeof(text));
	pairs_ordered(put_pair);
	for (uint32_t i = 0; i < learned.nmodules; i++) {
		if (learned.modules[i].is_new)
			put_module(&learned.modules[i]);
		learned.modules[i].is_new = 0;
	}
	if (news.cut) /* whole lines only */
		while (news.len && text[news.len - 1] != '\n')
			news.len--;
	if (!news.len)
		return;
	fd = os_open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
	if (fd < 0) {
		emit_complain("learn", race_options.learn, fd);
		return;
	}
	os_write_all(fd, text, news.len);
	os_close(fd);
}
