/* SPDX-License-Identifier: MIT */
/* library.c - a library with a function that librace hooks, built twice: each answers with its own number. */
int xmlHashSize(void *table);

int xmlHashSize(void *table)
{
	return table ? NUMBER : 0;
}
