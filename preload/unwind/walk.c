/* SPDX-License-Identifier: MIT */
/*
 * walk.c - the walker of walk.h.
 *
 * Owns      nothing; the state is the caller's.
 * Must not  allocate, lock, or read an address that the rules at the top of walk.h do not allow.
 */
#include "walk.h"

#if UNWIND_WALKER

#include <errno.h>
#include <sys/syscall.h>

#include "../sys/os.h"

#define PAGE ((uintptr_t)4096)
#define WORD sizeof(uintptr_t)

/* The naive form, which believes that equal return addresses are an equal stack, exists to be caught by the tests. */
#ifdef UNWIND_NAIVE
#define NOTE_RBP 0
#else
#define NOTE_RBP 1
#endif

/* The index of the range that `at` lies in; a new one of one page when there is none. `at` is known to be readable. */
static unsigned range_of(struct walk_pages *p, uintptr_t at)
{
	unsigned i;

	for (i = 0; i < WALK_RANGES; i++)
		if (at - p->range[i].lo < p->range[i].hi - p->range[i].lo)
			return i;
	i = p->next++ % WALK_RANGES;
	p->range[i].lo = at & ~(PAGE - 1);
	p->range[i].hi = p->range[i].lo + PAGE;
	return i;
}

/* Grows range i until it holds everything below `to`. 0 when a page on the way cannot be read. */
static int range_grow(struct walk_pages *p, unsigned i, uintptr_t to)
{
	while (p->range[i].hi < to) {
		uintptr_t page = p->range[i].hi, next = page + PAGE;

		for (unsigned k = 0; k < WALK_RANGES; k++)
			if (k != i && page - p->range[k].lo < p->range[k].hi - p->range[k].lo)
				next = p->range[k].hi;
		if (next == page + PAGE && !os_readable(page))
			return 0;
		p->range[i].hi = next;
	}
	return 1;
}

static inline void note(struct walk *w, uintptr_t at, uintptr_t value)
{
	uintptr_t unit = (at - w->cfa) / WORD;

	if (!w->words)
		return;
	if (unlikely(w->nwords == WALK_WORDS || unit > UINT16_MAX)) {
		w->too_many = 1;
		return;
	}
	w->words->at[w->nwords] = (uint16_t)unit;
	w->words->value[w->nwords++] = value;
}

UNWIND_RAW static inline uintptr_t word(uintptr_t at)
{
	return *(const volatile uintptr_t *)at;
}

UNWIND_RAW enum walk_end walk_on(struct walk *w)
{
	/* The hook's own frame, just below the CFA, has been read already. */
	unsigned range = range_of(w->pages, w->sp - WORD);
	uintptr_t hi = w->pages->range[range].hi, top = w->sp + WALK_REACH;
	uintptr_t ra = w->ra, sp = w->sp, rbp = w->rbp;
	uintptr_t rbp_at = 0; /* where rbp was read from; 0: still the register's */
	int rbp_noted = 0;
	enum walk_end end = WALK_DONE;
	unsigned n = w->n;

	while (n < STACK_FRAMES) {
		uint64_t rule = rule_of(ra, w->generation);
		enum cfi_base base = rule_base(rule);
		enum cfi_rbp how = rule_rbp(rule);
		uintptr_t cfa;

		if (unlikely(base >= CFI_END)) {
			end = base == CFI_END ? WALK_DONE : WALK_REFUSED;
			break;
		}
		/* From here on rbp decides: what it was must be the same next time. */
		if (NOTE_RBP && (base != CFI_RSP || how == CFI_RBP_AT_RBP) && !rbp_noted) {
			if (rbp_at)
				note(w, rbp_at, rbp);
			else
				w->needs_rbp = 1;
			rbp_noted = 1;
		}
		end = WALK_BROKEN;
		if (likely(base == CFI_RSP)) {
			cfa = sp + (uintptr_t)rule_cfa_offset(rule);
		} else {
			cfa = rbp + (uintptr_t)rule_cfa_offset(rule);
			if (base == CFI_DEREF) {
				uintptr_t at = cfa;

				if (at < sp || at >= top || at % WORD)
					break;
				if (at + WORD > hi && !range_grow(w->pages, range, at + WORD)) {
					end = WALK_UNREADABLE;
					break;
				}
				hi = w->pages->range[range].hi;
				cfa = word(at);
				if (NOTE_RBP)
					note(w, at, cfa);
			}
		}
		if (unlikely(cfa <= sp || cfa > top || cfa % WORD))
			break;
		if (unlikely(cfa > hi)) {
			if (!range_grow(w->pages, range, cfa)) {
				end = WALK_UNREADABLE;
				break;
			}
			hi = w->pages->range[range].hi;
		}
		ra = word(cfa - WORD);
		note(w, cfa - WORD, ra);
		if (how != CFI_RBP_KEPT) {
			uintptr_t at = (how == CFI_RBP_AT_CFA ? cfa : rbp) + (uintptr_t)rule_rbp_offset(rule);

			if (unlikely(at < sp || at >= cfa || at % WORD))
				break;
			rbp = word(at);
			rbp_at = at;
			rbp_noted = 0;
		}
		end = WALK_DONE;
		sp = cfa;
		if (!ra)
			break;
		w->pcs[n++] = ra;
	}
	w->ra = ra;
	w->sp = sp;
	w->rbp = rbp;
	w->n = n;
	return end;
}

#endif
