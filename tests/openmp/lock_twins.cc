/* SPDX-License-Identifier: MIT */
/* lock_twins.cc - the locks of OpenMP, and what is locked by name. See omp_twins.h. */
#include "omp_twins.h"

namespace
{
void critical()
{
	auto locked = [](int key) {
#pragma omp critical
		put(key);
	};
#pragma omp parallel num_threads(2)
	in_turn([&] { locked(1); }, [&] { racy ? put(2) : locked(2); });
}

void named()
{
	auto one = [](int key) {
#pragma omp critical(one)
		put(key);
	};
	auto two = [](int key) {
#pragma omp critical(two)
		put(key);
	};
#pragma omp parallel num_threads(2)
	in_turn([&] { one(1); }, [&] { racy ? two(2) : one(2); });
}

/* The same construct protects: critical with a hint is another function of libomp. */
void hinted()
{
	auto one = [](int key) {
#pragma omp critical(hinted_one) hint(omp_sync_hint_contended)
		put(key);
	};
	auto two = [](int key) {
#pragma omp critical(hinted_two) hint(omp_sync_hint_contended)
		put(key);
	};
#pragma omp parallel num_threads(2)
	in_turn([&] { one(1); }, [&] { racy ? two(2) : one(2); });
}

void lock()
{
	omp_lock_t a, b;

	omp_init_lock(&a);
	omp_init_lock(&b);
	auto put_under = [](omp_lock_t *l, int key) {
		omp_set_lock(l);
		put(key);
		omp_unset_lock(l);
	};
#pragma omp parallel num_threads(2)
	in_turn([&] { put_under(&a, 1); }, [&] { put_under(racy ? &b : &a, 2); });
	omp_destroy_lock(&a);
	omp_destroy_lock(&b);
}

void nest_lock()
{
	omp_nest_lock_t a;

	omp_init_nest_lock(&a);
	auto put_under = [&](int key) {
		omp_set_nest_lock(&a);
		omp_test_nest_lock(&a);
		put(key);
		omp_unset_nest_lock(&a);
		put(key + 1);
		omp_unset_nest_lock(&a);
	};
#pragma omp parallel num_threads(2)
	in_turn([&] { put_under(1); }, [&] { racy ? put(5) : put_under(5); });
	omp_destroy_nest_lock(&a);
}

void lock_test()
{
	omp_lock_t a, b;

	omp_init_lock(&a);
	omp_init_lock(&b);
	auto put_under = [](omp_lock_t *l, int key) {
		while (!omp_test_lock(l))
			continue;
		put(key);
		omp_unset_lock(l);
	};
#pragma omp parallel num_threads(2)
	in_turn([&] { put_under(&a, 1); }, [&] { put_under(racy ? &b : &a, 2); });
	omp_destroy_lock(&a);
	omp_destroy_lock(&b);
}

void nest_lock_test()
{
	omp_nest_lock_t a, b;

	omp_init_nest_lock(&a);
	omp_init_nest_lock(&b);
	auto put_under = [](omp_nest_lock_t *l, int key) {
		while (!omp_test_nest_lock(l))
			continue;
		put(key);
		omp_unset_nest_lock(l);
	};
#pragma omp parallel num_threads(2)
	in_turn([&] { put_under(&a, 1); }, [&] { put_under(racy ? &b : &a, 2); });
	omp_destroy_nest_lock(&a);
	omp_destroy_nest_lock(&b);
}

/* Taken by one thread and given by the other: not for OpenMP's rules, but it works, and orders. */
void lock_passed()
{
	omp_lock_t a;

	omp_init_lock(&a);
#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
		omp_set_lock(&a);
		gate_open(&here);
		gate_wait(&turn, 1);
		omp_set_lock(&a);
		put(2);
		omp_unset_lock(&a);
	} else {
		gate_wait(&here, 1);
		if (!racy)
			put(1);
		omp_unset_lock(&a);
		if (racy)
			put(1);
		gate_open(&turn);
	}
	omp_destroy_lock(&a);
}

/* What a Fortran program calls. */
extern "C" {
void omp_init_lock_(void *), omp_set_lock_(void *), omp_unset_lock_(void *), omp_destroy_lock_(void *);
void omp_init_nest_lock_(void *), omp_set_nest_lock_(void *), omp_unset_nest_lock_(void *), omp_destroy_nest_lock_(void *);
int omp_test_lock_(void *), omp_test_nest_lock_(void *);
}

void put_twice(void *l, int key, void (*set)(void *), int (*test)(void *), void (*unset)(void *))
{
	set(l);
	put(key);
	unset(l);
	while (!test(l))
		continue;
	put(key + 1);
	unset(l);
}

void fortran_lock()
{
	void *a[2], *b[2];

	omp_init_lock_(a);
	omp_init_lock_(b);
#pragma omp parallel num_threads(2)
	in_turn([&] { put_twice(a, 1, omp_set_lock_, omp_test_lock_, omp_unset_lock_); },
		[&] { put_twice(racy ? b : a, 11, omp_set_lock_, omp_test_lock_, omp_unset_lock_); });
	omp_destroy_lock_(a);
	omp_destroy_lock_(b);
}

void fortran_lock_test()
{
	void *a[2];

	omp_init_lock_(a);
#pragma omp parallel num_threads(2)
	in_turn([&] { put_twice(a, 1, omp_set_lock_, omp_test_lock_, omp_unset_lock_); },
		[&] {
			if (!racy)
				while (!omp_test_lock_(a))
					continue;
			put(11);
			if (!racy)
				omp_unset_lock_(a);
		});
	omp_destroy_lock_(a);
}

void fortran_nest_lock()
{
	void *a[4], *b[4];

	omp_init_nest_lock_(a);
	omp_init_nest_lock_(b);
#pragma omp parallel num_threads(2)
	in_turn([&] { put_twice(a, 1, omp_set_nest_lock_, omp_test_nest_lock_, omp_unset_nest_lock_); },
		[&] { put_twice(racy ? b : a, 11, omp_set_nest_lock_, omp_test_nest_lock_, omp_unset_nest_lock_); });
	omp_destroy_nest_lock_(a);
	omp_destroy_nest_lock_(b);
}

void fortran_nest_lock_test()
{
	void *a[4];

	omp_init_nest_lock_(a);
#pragma omp parallel num_threads(2)
	in_turn([&] { put_twice(a, 1, omp_set_nest_lock_, omp_test_nest_lock_, omp_unset_nest_lock_); },
		[&] {
			if (!racy)
				while (!omp_test_nest_lock_(a))
					continue;
			put(11);
			if (!racy)
				omp_unset_nest_lock_(a);
		});
	omp_destroy_nest_lock_(a);
}

const twin twins[] = {
	TWIN(critical), TWIN(named), TWIN(hinted), TWIN(lock), TWIN(nest_lock), TWIN(lock_test),
	TWIN(nest_lock_test), TWIN(lock_passed), TWIN(fortran_lock), TWIN(fortran_lock_test),
	TWIN(fortran_nest_lock), TWIN(fortran_nest_lock_test),
};
} // namespace

int main(int argc, char **argv)
{
	return twins_main(argc, argv, twins);
}
