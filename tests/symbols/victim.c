/* SPDX-License-Identifier: MIT */
/*
 * victim.c - a small library with every sort of symbol, which the tests of preload/patch/symbols.c read whole and in ruins.
 */
int victim_data[4] = { 1, 2, 3, 4 };
const int victim_constant = 7;
__thread int victim_thread_local;

__attribute__((noinline)) static int victim_local(int x)
{
	return x * victim_data[1] + victim_constant;
}

int victim_old(int x);
int victim_new(int x);
int victim_old(int x)
{
	return victim_local(x) + 1;
}
int victim_new(int x)
{
	return victim_local(x) + 2;
}
__asm__(".symver victim_old, victim_call@VICTIM_1\n.symver victim_new, victim_call@@VICTIM_2");

int victim_plain(int x);
__attribute__((weak)) int victim_weak(int x);
int victim_plain(int x)
{
	return victim_local(x) + victim_thread_local;
}
int victim_weak(int x)
{
	return victim_local(x) - 1;
}

static int victim_chosen(void)
{
	return 1;
}
static int (*victim_choose(void))(void)
{
	return victim_chosen;
}
int victim_indirect(void) __attribute__((ifunc("victim_choose")));
