/* SPDX-License-Identifier: MIT */
/*
 * values.c - calls functions of every convention and prints what came back. Patched or not, the output is the same.
 */
#include "values.h"

#include <errno.h>
#include <string.h>

/* The same functions called from their own file, by a compiler that knows which registers they leave alone. */
CALLED long pt_leaf(long a)
{
	return a + 1;
}

CALLED double pt_leaf_double(double a)
{
	return a + 0.5;
}

static __attribute__((noinline)) long keep_in_registers(long a, long b, long c, long d, long e)
{
	long f = a ^ b, g = b ^ c, h = c ^ d, r = pt_leaf(a);

	return r + 3 * a + 5 * b + 7 * c + 11 * d + 13 * e + 17 * f + 19 * g + 23 * h;
}

static __attribute__((noinline)) double keep_in_vectors(double a, double b, double c, double d, double e)
{
	double f = a * b, g = b * c, h = c * d, i = d * e, j = a * e, r = pt_leaf_double(a);

	return r + 3 * a + 5 * b + 7 * c + 11 * d + 13 * e + 17 * f + 19 * g + 23 * h + 29 * i + 31 * j;
}

static volatile long one_to_five[] = { 1, 2, 3, 4, 5 };
static volatile double doubles[] = { 1, 2, 3, 4, 5 };

static void integers(void)
{
	long (*one)(long) = ptl_one, (*volatile again)(long) = ptl_one;

	pt_nothing();
	printf("none %ld one %ld six %ld\n", ptl_none(), ptl_one(5), ptl_six(1, 2, 3, 4, 5, 6));
	printf("twelve %ld\n", pt_twelve(1, -2, 3, -4, 5, 6, -7, 8, -9, 10, 11, 12));
	printf("tail %ld %ld\n", ptl_tail(3, 4), ptl_tail_target(1, 2, 3));
	printf("factorial %ld even %ld odd %ld\n", ptl_factorial(15), ptl_even(1000), ptl_odd(777));
	printf("recursion %ld\n", ptl_even(20000));
	printf("apply %ld pointers %d\n", ptl_apply(ptl_one, 2), one == again && again(1) == ptl_one(1));
	printf("registers %ld\n", keep_in_registers(one_to_five[0], one_to_five[1], one_to_five[2], one_to_five[3], one_to_five[4]));
	printf("vectors %g\n", keep_in_vectors(doubles[0], doubles[1], doubles[2], doubles[3], doubles[4]));
	errno = 77;
	pt_nothing();
	printf("errno %ld", ptl_errno(33));
	printf(" %d\n", errno);
}

static void floats(void)
{
	printf("doubles %g\n", pt_twelve_doubles(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
	printf("mixed %g\n", pt_mixed(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
	printf("long double %Lg\n", pt_long_double(1.0L, 3.0L));
	printf("float %g %g\n", pt_float(1.5f, 3, 1), pt_float(1.5f, 3, 0));
	printf("long double exact %d\n", pt_long_double(1.0L, 3.0L) == 1.0L / 3.0L);
}

static void variadic(void)
{
	char text[128];

	printf("sum %ld\n", pt_sum(20, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L, 11L, 12L, 13L, 14L, 15L, 16L, 17L, 18L, 19L, 20L));
	printf("sum of none %ld of one %ld\n", pt_sum(0), pt_sum(1, 9L));
	printf("doubles %g\n", pt_sum_doubles(20, 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15., 16., 17., 18., 19.,
					      20.));
	printf("long doubles %Lg\n", pt_sum_long_doubles(10, 1.L, 2.L, 3.L, 4.L, 5.L, 6.L, 7.L, 8.L, 9.L, 10.L));
	printf("letters %g\n", pt_sum_by_letters("idLidLidLidLidLidLid", 1, 2., 3.L, 4, 5., 6.L, 7, 8., 9.L, 10, 11., 12.L, 13, 14.,
						 15.L, 16, 17., 18.L, 19, 20.));
	printf("six and more %d\n", pt_six_and_more(1, 2, 3, 4, 5, 14, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14));
	printf("print %d", pt_print(text, sizeof(text), "%d %s %g %Lg %c %ld %d %d %d %g", 1, "two", 3., 4.L, '5', 6L, 7, 8, 9, 10.));
	printf(" %s\n", text);
}

static void structs(void)
{
	struct two_longs l = pt_two_longs((struct two_longs){ 1, 2 }, 10);
	struct long_double_mix ld = pt_long_double_mix((struct long_double_mix){ 1, 2 }, 10);
	struct double_long_mix dl = pt_double_long_mix((struct double_long_mix){ 1, 2 }, 10);
	struct two_doubles d = pt_two_doubles((struct two_doubles){ 1, 2 }, 10);
	struct three_floats f = pt_three_floats((struct three_floats){ 1, 2, 3 }, 10);
	struct small s = pt_small((struct small){ 1, 2 });
	struct big b = pt_big((struct big){ { 1, 2, 3, 4, 5 } }, 10);
	struct huge h;

	for (int i = 0; i < 24; i++)
		h.v[i] = i * i;
	printf("two %ld %ld mix %ld %g %g %ld doubles %g %g\n", l.a, l.b, ld.a, ld.b, dl.a, dl.b, d.a, d.b);
	printf("floats %g %g %g small %d %d\n", (double)f.x, (double)f.y, (double)f.z, s.c, s.s);
	printf("big %ld %ld %ld %ld %ld huge %ld\n", b.v[0], b.v[1], b.v[2], b.v[3], b.v[4], pt_huge(h));
}

static void wide(void)
{
	__int128 i = pt_int128((__int128)1 << 70, 3, -5);
	double complex c = pt_complex(1 + 2 * I, 3 - I);
	float complex cf = pt_complex_float(1 + 2 * I);
	long double complex cl = pt_complex_long_double(1 + 2 * I);
	double m[2];
	long n[2];

	_mm_storeu_pd(m, pt_m128(_mm_set_pd(1, 2), 10, _mm_set_pd(3, 4)));
	_mm_storeu_si128((__m128i *)n, pt_m128i(_mm_set_epi64x(1, 2), 10));
	printf("int128 %lx %lx\n", (long)(i >> 64), (long)i);
	printf("complex %g %g %g %g %Lg %Lg\n", creal(c), cimag(c), (double)crealf(cf), (double)cimagf(cf), creall(cl), cimagl(cl));
	printf("vectors %g %g %ld %ld\n", m[0], m[1], n[0], n[1]);
}

int main(void)
{
	for (int round = 0; round < 3; round++) {
		integers();
		floats();
		variadic();
		structs();
		wide();
	}
	return 0;
}
