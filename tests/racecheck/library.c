/* SPDX-License-Identifier: MIT */
/* library.c - a library that a variant of plain.c needs; with NEEDS_MORE it needs another one in turn. */
int library_more(int x);
int library_part(int x);

int library_part(int x)
{
#ifdef NEEDS_MORE
	return library_more(x);
#else
	return x + 1;
#endif
}

#ifdef IS_MORE
int library_more(int x)
{
	return x + 2;
}
#endif
