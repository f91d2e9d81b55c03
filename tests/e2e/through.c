/* SPDX-License-Identifier: MIT */
/* through.c - libthrough.so: a library between a thread and its map operation, for called_from_lib: suppressions. */

void through(void (*call)(void));
void through(void (*call)(void))
{
	call();
	__asm__ volatile("" ::: "memory");
}
