/* SPDX-License-Identifier: MIT */
/* BUILD: apr-1 */
/* extra_apr_twins.c - APR's atomic operations, each as what gives and as what takes. */
#include "after.h"

#include <apr_atomic.h>

static volatile apr_uint32_t w;
static volatile apr_uint64_t d;
static volatile void *p;
static void *there;

#define READ32 (void)apr_atomic_read32(&w)
#define READ64 (void)apr_atomic_read64(&d)
#define SET32 apr_atomic_set32(&w, 1)
#define SET64 apr_atomic_set64(&d, 1)
#define POINTER (void)apr_atomic_casptr(&p, NULL, NULL)
#define XCHGPTR (void)apr_atomic_xchgptr(&p, &there)
#define EACH32(X)                                                                                                    \
	X(add32, apr_atomic_add32(&w, 1))                                                                            \
	X(sub32, apr_atomic_sub32(&w, 1))                                                                            \
	X(inc32, apr_atomic_inc32(&w))                                                                               \
	X(dec32, (void)apr_atomic_dec32(&w))                                                                         \
	X(cas32, (void)apr_atomic_cas32(&w, 1, 0))                                                                   \
	X(xchg32, (void)apr_atomic_xchg32(&w, 1))
#define EACH64(X)                                                                                                    \
	X(add64, apr_atomic_add64(&d, 1))                                                                            \
	X(sub64, apr_atomic_sub64(&d, 1))                                                                            \
	X(inc64, apr_atomic_inc64(&d))                                                                               \
	X(dec64, (void)apr_atomic_dec64(&d))                                                                         \
	X(cas64, (void)apr_atomic_cas64(&d, 1, 0))                                                                   \
	X(xchg64, (void)apr_atomic_xchg64(&d, 1))
#define BOTH32(name, call) HANDOVER(name##_gives, call, READ32) HANDOVER(name##_takes, SET32, call)
#define BOTH64(name, call) HANDOVER(name##_gives, call, READ64) HANDOVER(name##_takes, SET64, call)
EACH32(BOTH32)
EACH64(BOTH64)
HANDOVER(set32, SET32, READ32)
HANDOVER(set64, SET64, READ64)
HANDOVER(casptr_gives, POINTER, XCHGPTR)
HANDOVER(xchgptr_gives, XCHGPTR, POINTER)

#define BOTH_SIDES(name, call) SIDES(name##_gives), SIDES(name##_takes),
static const struct scenario list[] = {
	EACH32(BOTH_SIDES) EACH64(BOTH_SIDES) SIDES(set32), SIDES(set64), SIDES(casptr_gives), SIDES(xchgptr_gives),
};

int main(int argc, char **argv)
{
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
