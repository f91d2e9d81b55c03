/* SPDX-License-Identifier: MIT */
/*
 * values.h - functions of every convention, defined in one file and called from another and from the same one.
 *
 * pt_*: to be patched by the stub; ptl_*: at most six integer arguments and an integer result, so a typed wrapper fits, too.
 */
#ifndef RACE_TESTS_PATCH_VALUES_H
#define RACE_TESTS_PATCH_VALUES_H

#include <complex.h>
#include <emmintrin.h>
#include <stdarg.h>
#include <stdio.h>

#define CALLED __attribute__((noinline, visibility("default")))

struct two_longs { long a, b; };
struct long_double_mix { long a; double b; };
struct double_long_mix { double a; long b; };
struct two_doubles { double a, b; };
struct three_floats { float x, y, z; };
struct big { long v[5]; };
struct huge { long v[24]; };
struct small { char c; short s; };

long ptl_none(void);
long ptl_one(long a);
long ptl_six(long a, long b, long c, long d, long e, long f);
long pt_twelve(long a, int b, short c, char d, long e, unsigned f, long g, int h, short i, char j, long k, unsigned l);
double pt_twelve_doubles(double a, double b, double c, double d, double e, double f, double g, double h, double i, double j,
			 double k, double l);
double pt_mixed(long a, double b, int c, float d, long e, double f, long g, double h, long i, double j, long k, double l);
long pt_sum(int n, ...);
double pt_sum_doubles(int n, ...);
long double pt_sum_long_doubles(int n, ...);
double pt_sum_by_letters(const char *letters, ...);
int pt_print(char *to, size_t bytes, const char *format, ...);
int pt_six_and_more(int a, int b, int c, int d, int e, int n, ...);
struct two_longs pt_two_longs(struct two_longs v, long k);
struct long_double_mix pt_long_double_mix(struct long_double_mix v, double k);
struct double_long_mix pt_double_long_mix(struct double_long_mix v, long k);
struct two_doubles pt_two_doubles(struct two_doubles v, double k);
struct three_floats pt_three_floats(struct three_floats v, float k);
struct small pt_small(struct small v);
struct big pt_big(struct big v, long k);
long pt_huge(struct huge v);
long double pt_long_double(long double a, long double b);
__int128 pt_int128(__int128 a, long b, __int128 c);
double complex pt_complex(double complex a, double complex b);
float complex pt_complex_float(float complex a);
long double complex pt_complex_long_double(long double complex a);
__m128d pt_m128(__m128d a, double b, __m128d c);
__m128i pt_m128i(__m128i a, long b);
float pt_float(float a, char b, _Bool c);
long ptl_tail(long a, long b);      /* ends by a jump to ptl_six's like */
long ptl_tail_target(long a, long b, long c);
long ptl_factorial(long n);
long ptl_even(long n);
long ptl_odd(long n);
long ptl_apply(long (*f)(long), long v);
long ptl_errno(int set);
void pt_nothing(void);

#endif
