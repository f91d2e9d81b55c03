/* SPDX-License-Identifier: MIT */
/*
 * avx.c - functions that take and give vectors of 256 bits, one of them on the stack.
 */
#include <immintrin.h>
#include <stdio.h>
#include <string.h>

#define CALLED __attribute__((noinline))

CALLED __m256d pt_mul_add(__m256d a, double b, __m256d c)
{
	return _mm256_add_pd(_mm256_mul_pd(a, _mm256_set1_pd(b)), c);
}

CALLED __m256d pt_nine(__m256d a, __m256d b, __m256d c, __m256d d, __m256d e, __m256d f, __m256d g, __m256d h, __m256d i)
{
	a = _mm256_add_pd(_mm256_add_pd(a, b), _mm256_add_pd(c, d));
	return _mm256_add_pd(_mm256_add_pd(_mm256_add_pd(e, f), _mm256_add_pd(g, h)), _mm256_sub_pd(a, i));
}

CALLED double pt_sum(const char *text, __m256d a)
{
	double v[4];

	_mm256_storeu_pd(v, a);
	return v[0] + v[1] + v[2] + v[3] + (double)strlen(text);
}

int main(void)
{
	if (!__builtin_cpu_supports("avx"))
		return 77;
	for (int i = 0; i < 100; i++) {
		__m256d a = _mm256_set_pd(i, 2, 3, 4), b = _mm256_set_pd(5, 6, i, 8);
		double r[4];

		_mm256_storeu_pd(r, pt_mul_add(a, i, b));
		printf("%g %g %g %g ", r[0], r[1], r[2], r[3]);
		_mm256_storeu_pd(r, pt_nine(a, b, a, b, a, b, a, b, a));
		printf("%g %g %g %g %g\n", r[0], r[1], r[2], r[3], pt_sum("text", b));
	}
	return 0;
}
