/* SPDX-License-Identifier: MIT */
#include "values.h"

#include <errno.h>
#include <string.h>

CALLED void pt_nothing(void)
{
	__asm__ volatile("" ::: "memory");
}

CALLED long ptl_none(void)
{
	return 42;
}

CALLED long ptl_one(long a)
{
	return a * 3 + 1;
}

CALLED long ptl_six(long a, long b, long c, long d, long e, long f)
{
	return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f;
}

CALLED long pt_twelve(long a, int b, short c, char d, long e, unsigned f, long g, int h, short i, char j, long k, unsigned l)
{
	return a + 2 * b + 3 * c + 5 * d + 7 * e + 11 * (long)f + 13 * g + 17 * h + 19 * i + 23 * j + 29 * k + 31 * (long)l;
}

CALLED double pt_twelve_doubles(double a, double b, double c, double d, double e, double f, double g, double h, double i,
				double j, double k, double l)
{
	return a + 2 * b + 3 * c + 5 * d + 7 * e + 11 * f + 13 * g + 17 * h + 19 * i + 23 * j + 29 * k + 31 * l;
}

CALLED double pt_mixed(long a, double b, int c, float d, long e, double f, long g, double h, long i, double j, long k, double l)
{
	return (double)a + 2 * b + 3 * c + 5 * d + 7 * (double)e + 11 * f + 13 * (double)g + 17 * h + 19 * (double)i + 23 * j +
	       29 * (double)k + 31 * l;
}

CALLED long pt_sum(int n, ...)
{
	long sum = 0;
	va_list list;

	va_start(list, n);
	for (int i = 0; i < n; i++)
		sum = sum * 3 + va_arg(list, long);
	va_end(list);
	return sum;
}

CALLED double pt_sum_doubles(int n, ...)
{
	double sum = 0;
	va_list list;

	va_start(list, n);
	for (int i = 0; i < n; i++)
		sum = sum / 2 + va_arg(list, double);
	va_end(list);
	return sum;
}

CALLED long double pt_sum_long_doubles(int n, ...)
{
	long double sum = 0;
	va_list list;

	va_start(list, n);
	for (int i = 0; i < n; i++)
		sum = sum / 2 + va_arg(list, long double);
	va_end(list);
	return sum;
}

CALLED double pt_sum_by_letters(const char *letters, ...)
{
	double sum = 0;
	va_list list;

	va_start(list, letters);
	for (; *letters; letters++) {
		if (*letters == 'd')
			sum = sum / 2 + va_arg(list, double);
		else if (*letters == 'L')
			sum = sum / 2 + (double)va_arg(list, long double);
		else
			sum = sum / 2 + va_arg(list, int);
	}
	va_end(list);
	return sum;
}

CALLED int pt_print(char *to, size_t bytes, const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(to, bytes, format, list);
	va_end(list);
	return n;
}

CALLED int pt_six_and_more(int a, int b, int c, int d, int e, int n, ...)
{
	int sum = a + b + c + d + e;
	va_list list;

	va_start(list, n);
	while (n-- > 0)
		sum = sum * 5 % 1000003 + va_arg(list, int);
	va_end(list);
	return sum;
}

CALLED struct two_longs pt_two_longs(struct two_longs v, long k)
{
	return (struct two_longs){ v.b + k, v.a - k };
}

CALLED struct long_double_mix pt_long_double_mix(struct long_double_mix v, double k)
{
	return (struct long_double_mix){ v.a + 1, v.b * k };
}

CALLED struct double_long_mix pt_double_long_mix(struct double_long_mix v, long k)
{
	return (struct double_long_mix){ v.a / 2, v.b * k };
}

CALLED struct two_doubles pt_two_doubles(struct two_doubles v, double k)
{
	return (struct two_doubles){ v.b + k, v.a - k };
}

CALLED struct three_floats pt_three_floats(struct three_floats v, float k)
{
	return (struct three_floats){ v.z * k, v.x * k, v.y * k };
}

CALLED struct small pt_small(struct small v)
{
	return (struct small){ (char)(v.c + 1), (short)(v.s + 1) };
}

CALLED struct big pt_big(struct big v, long k)
{
	for (int i = 0; i < 5; i++)
		v.v[i] = v.v[i] * k + i;
	return v;
}

CALLED long pt_huge(struct huge v)
{
	long sum = 0;

	for (int i = 0; i < 24; i++)
		sum = sum * 3 + v.v[i];
	return sum;
}

CALLED long double pt_long_double(long double a, long double b)
{
	return a / b;
}

CALLED __int128 pt_int128(__int128 a, long b, __int128 c)
{
	return a * b + c;
}

CALLED double complex pt_complex(double complex a, double complex b)
{
	return a * b + 1;
}

CALLED float complex pt_complex_float(float complex a)
{
	return a * a;
}

CALLED long double complex pt_complex_long_double(long double complex a)
{
	return a * (2.0L + 3.0L * I);
}

CALLED __m128d pt_m128(__m128d a, double b, __m128d c)
{
	return _mm_add_pd(_mm_mul_pd(a, _mm_set1_pd(b)), c);
}

CALLED __m128i pt_m128i(__m128i a, long b)
{
	return _mm_add_epi64(a, _mm_set_epi64x(b, b + 1));
}

CALLED float pt_float(float a, char b, _Bool c)
{
	return c ? a * (float)b : a;
}

CALLED long ptl_tail_target(long a, long b, long c)
{
	return a * 7 + b * 5 + c;
}

CALLED long ptl_tail(long a, long b)
{
	return ptl_tail_target(b, a, a + b);
}

CALLED long ptl_factorial(long n)
{
	return n < 2 ? 1 : n * ptl_factorial(n - 1);
}

CALLED long ptl_even(long n)
{
	return n == 0 ? 1 : ptl_odd(n - 1);
}

CALLED long ptl_odd(long n)
{
	return n == 0 ? 0 : ptl_even(n - 1);
}

CALLED long ptl_apply(long (*f)(long), long v)
{
	return f(f(v)) + 1;
}

CALLED long ptl_errno(int set)
{
	long was = errno;

	if (set)
		errno = set;
	return was;
}
