/* SPDX-License-Identifier: MIT */
/*
 * trampoline.c - moving the first instructions of a function elsewhere.
 *
 * Owns        nothing; pure functions over their arguments.
 * Invariants  the trampoline does to registers, flags and memory what the displaced instructions do: it needs no
 *             register of its own. Return addresses are those of the original, so callee and unwinders see no
 *             difference; after a displaced call control comes back behind the overwritten bytes, never into them.
 * Refuses     whatever it cannot prove: a refused function is merely not patched. What it cannot know: computed jumps
 *             (a switch whose label lies in the first bytes), and branches from other functions into these bytes.
 * Must not    call anything but string.h's mem*: the file also links into the `race` command.
 */
#include "trampoline.h"

#include <string.h>

#include "decode.h"

#define UNKNOWN_SIZE_SEARCH 64 /* bytes searched for branches back where the size is unknown */

struct piece {
	struct insn insn;
	uint8_t at; /* offset in the function */
};

/* The displaced instructions; padding that is overwritten but never run is counted in `bytes` alone. */
struct prologue {
	struct piece piece[PATCH_BYTES];
	unsigned pieces, bytes;
	int ended; /* the last piece does not fall through */
};

struct output {
	uint8_t *to;
	unsigned n;
	uintptr_t at; /* where to[0] will run */
};

const char *patch_refusal_text(enum patch_refusal why)
{
	switch (why) {
	case REFUSED_NOT:
		return "can be patched";
	case REFUSED_SHORT:
		return "too short to patch";
	case REFUSED_INSN:
		return "starts with an instruction that cannot be moved";
	case REFUSED_BRANCH:
		return "branches back to its first bytes";
	case REFUSED_FAR:
		return "uses an address out of reach";
	}
	return "cannot be patched";
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static int is_direct_branch(const struct insn *in)
{
	return in->kind == INSN_CALL || in->kind == INSN_JUMP || in->kind == INSN_JUMP_IF;
}

static int is_int3(const uint8_t *code)
{
	return code[0] == 0xcc;
}

static int is_endbr64(const uint8_t *code, const struct insn *in)
{
	return in->length == 4 && memcmp(code, "\xf3\x0f\x1e\xfa", 4) == 0;
}

/* Whether what stands behind a terminator may be overwritten. An endbr64 is the next function's entry; so may be a nop
 * where functions are aligned to (their alignment is what the padding is for). own: within the function's size. */
static int is_padding(const uint8_t *code, uintptr_t address, int own, const struct insn *in)
{
	return in->kind == INSN_PAD && !is_endbr64(code, in) && (own || address % 16 != 0);
}

/*
 * An indirect call becomes push and jmp: the operand is read after the push then, so it must not depend on rsp. Only
 * forms without prefixes (but REX) are taken. ModRM's offset in *modrm.
 */
static int call_can_be_split(const uint8_t *code, unsigned *modrm)
{
	unsigned n = 0, rex = 0;

	if ((code[0] & 0xf0) == 0x40)
		rex = code[n++];
	if (code[n++] != 0xff)
		return 0;
	*modrm = n;
	if ((code[n] & 7) != 4) /* neither rsp nor a SIB byte */
		return 1;
	if (code[n] >> 6 == 3)
		return rex & 1; /* r12 */
	return (code[n + 1] & 7) != 4 || (rex & 1); /* the base; rsp cannot be an index */
}

static enum patch_refusal read_prologue(struct prologue *p, const uint8_t *code, uintptr_t entry, size_t bytes,
					size_t readable)
{
	unsigned modrm;

	memset(p, 0, sizeof(*p));
	while (p->bytes < PATCH_BYTES) {
		struct piece *piece = &p->piece[p->pieces];
		unsigned at = p->bytes;
		enum insn_kind kind;

		if (at >= readable || (!p->ended && bytes && at >= bytes))
			return REFUSED_SHORT;
		kind = insn_decode(code + at, code + readable, &piece->insn);
		p->bytes += piece->insn.length;
		if (p->ended) {
			if (!is_padding(code + at, entry + at, at < bytes, &piece->insn))
				return REFUSED_SHORT;
			continue;
		}
		/* An int3 here is a debugger's. */
		if (kind == INSN_REFUSED || (kind == INSN_PAD && is_int3(code + at)))
			return REFUSED_INSN;
		if (kind == INSN_CALL_INDIRECT && !call_can_be_split(code + at, &modrm))
			return REFUSED_INSN;
		/* The callee returns to the original, which must be intact there. */
		if ((kind == INSN_CALL || kind == INSN_CALL_INDIRECT) && p->bytes < PATCH_BYTES)
			return REFUSED_INSN;
		p->ended = kind == INSN_JUMP || kind == INSN_JUMP_INDIRECT || kind == INSN_RETURN;
		piece->at = (uint8_t)at;
		p->pieces++;
	}
	if (!p->ended && bytes && p->bytes > bytes)
		return REFUSED_SHORT;
	return REFUSED_NOT;
}

/* ---- branches into the overwritten bytes ------------------------------------------------------------------------- */

static int64_t read32(const uint8_t *p)
{
	int32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static int inside(int64_t target, unsigned displaced)
{
	return target > 0 && target < displaced;
}

/*
 * Whether a branch to that offset would go wrong. One to the entry itself (offset 0) reaches the wrapper: right for a
 * call, which is recursion; but a loop (pthread_spin_lock's, for one) would be seen as a call each time round, and
 * every turn would leave a frame of the wrapper on the stack.
 */
static int is_wrong(int64_t target, int call, unsigned displaced)
{
	return inside(target, displaced) || (target == 0 && !call);
}

/* The bytes from code[i] on, read as a branch: does it go where it must not? n: end of the function. */
static int looks_wrong(const uint8_t *code, size_t i, size_t n, unsigned displaced)
{
	uint8_t b = code[i];

	if ((b & 0xf0) == 0x70 || b == 0xeb || (b & 0xfc) == 0xe0)
		return i + 2 <= n && is_wrong((int64_t)i + 2 + (int8_t)code[i + 1], 0, displaced);
	if (b == 0xe8 || b == 0xe9)
		return i + 5 <= n && is_wrong((int64_t)i + 5 + read32(code + i + 1), b == 0xe8, displaced);
	if (b == 0x0f && i + 6 <= n && (code[i + 1] & 0xf0) == 0x80)
		return is_wrong((int64_t)i + 6 + read32(code + i + 2), 0, displaced);
	return 0;
}

/* The bytes at i look like a wrong branch: do they really belong to another instruction? Only when every instruction
 * from the prologue up to there is known. (One function in sixty has such bytes, mostly in displacements.) */
static int is_other_instruction(const uint8_t *code, size_t i, size_t n, unsigned displaced)
{
	struct insn in;

	for (size_t at = displaced; at <= i; at += in.length) {
		if (insn_decode(code + at, code + n, &in) == INSN_REFUSED)
			return 0;
		if (at + in.length > i)
			return !is_direct_branch(&in) ||
			       !is_wrong((int64_t)at + in.length + in.relative, in.kind == INSN_CALL, displaced);
	}
	return 0;
}

static int branches_back(const uint8_t *code, size_t n, unsigned displaced)
{
	for (size_t i = displaced; i < n; i++)
		if (looks_wrong(code, i, n, displaced) && !is_other_instruction(code, i, n, displaced))
			return 1;
	return 0;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static void put(struct output *o, const void *bytes, unsigned n)
{
	memcpy(o->to + o->n, bytes, n);
	o->n += n;
}

static void put8(struct output *o, uint8_t v)
{
	o->to[o->n++] = v;
}

static void put32(struct output *o, uint32_t v)
{
	put(o, &v, sizeof(v));
}

/* The displacement that reaches target from an instruction ending `ahead` bytes further. 0: out of reach. */
static int reach(const struct output *o, unsigned ahead, uintptr_t target, int32_t *relative)
{
	int64_t d = (int64_t)(target - (o->at + o->n + ahead));

	*relative = (int32_t)d;
	return d == *relative;
}

static void put_jump(struct output *o, uintptr_t target)
{
	int32_t relative;

	if (reach(o, 5, target, &relative)) {
		put8(o, 0xe9);
		put32(o, (uint32_t)relative);
	} else {
		uint64_t absolute = target;

		put(o, "\xff\x25\0\0\0\0", 6); /* jmp *0(%rip) */
		put(o, &absolute, sizeof(absolute));
	}
}

static void put_jump_if(struct output *o, unsigned condition, uintptr_t target)
{
	int32_t relative;

	if (reach(o, 6, target, &relative)) {
		put8(o, 0x0f);
		put8(o, (uint8_t)(0x80 | condition));
		put32(o, (uint32_t)relative);
	} else {
		unsigned over;

		put8(o, (uint8_t)(0x70 | (condition ^ 1)));
		over = o->n++;
		put_jump(o, target);
		o->to[over] = (uint8_t)(o->n - over - 1);
	}
}

/* push of a whole address: the immediate is sign-extended, the upper half is then set. Neither touches flags. */
static void put_push(struct output *o, uintptr_t address)
{
	put8(o, 0x68);
	put32(o, (uint32_t)address);
	put(o, "\xc7\x44\x24\x04", 4); /* movl $upper, 4(%rsp) */
	put32(o, (uint32_t)((uint64_t)address >> 32));
}

/* The instruction with its rip-relative operand, if any, reaching what it reached. */
static int put_moved(struct output *o, const uint8_t *code, const struct insn *in, uintptr_t next)
{
	unsigned start = o->n;
	int32_t relative = 0;

	if (in->disp_at && !reach(o, in->length, next + (intptr_t)in->relative, &relative))
		return 0;
	put(o, code, in->length);
	if (in->disp_at)
		memcpy(o->to + start + in->disp_at, &relative, sizeof(relative));
	return 1;
}

static int put_piece(struct output *o, const struct piece *piece, const uint8_t *function, uintptr_t entry)
{
	const struct insn *in = &piece->insn;
	const uint8_t *code = function + piece->at;
	uintptr_t next = entry + piece->at + in->length, target = next + (intptr_t)in->relative;
	unsigned modrm = 0, start;

	switch (in->kind) {
	case INSN_CALL:
		put_push(o, next);
		put_jump(o, target);
		return 1;
	case INSN_CALL_INDIRECT:
		put_push(o, next);
		start = o->n;
		call_can_be_split(code, &modrm);
		if (!put_moved(o, code, in, next))
			return 0;
		o->to[start + modrm] ^= 0x10 ^ 0x20; /* call /2 becomes jmp /4 */
		return 1;
	case INSN_JUMP: /* to the entry is a loop, not another call: it stays in here */
		put_jump(o, target == entry ? o->at : target);
		return 1;
	case INSN_JUMP_IF:
		put_jump_if(o, in->condition, target == entry ? o->at : target);
		return 1;
	default:
		return put_moved(o, code, in, next);
	}
}

size_t trampoline_make(uint8_t *out, uintptr_t at, const uint8_t *code, uintptr_t entry, size_t bytes, size_t readable,
		       unsigned *displaced, enum patch_refusal *why)
{
	struct output o = {.to = out, .at = at};
	size_t searched = bytes ? bytes : UNKNOWN_SIZE_SEARCH;
	const struct insn *last;
	struct prologue p;

	*why = read_prologue(&p, code, entry, bytes, readable);
	if (*why != REFUSED_NOT)
		return 0;
	for (unsigned i = 0; i < p.pieces; i++) {
		const struct insn *in = &p.piece[i].insn;

		if ((is_direct_branch(in) || in->disp_at) &&
		    inside((int64_t)p.piece[i].at + in->length + in->relative, p.bytes)) {
			*why = REFUSED_BRANCH;
			return 0;
		}
	}
	if (branches_back(code, searched < readable ? searched : readable, p.bytes)) {
		*why = REFUSED_BRANCH;
		return 0;
	}
	for (unsigned i = 0; i < p.pieces; i++)
		if (!put_piece(&o, &p.piece[i], code, entry)) {
			*why = REFUSED_FAR;
			return 0;
		}
	last = &p.piece[p.pieces - 1].insn;
	if (!p.ended && last->kind != INSN_CALL && last->kind != INSN_CALL_INDIRECT)
		put_jump(&o, entry + p.bytes);
	*displaced = p.bytes;
	return o.n;
}
