/* SPDX-License-Identifier: MIT */
/* library_user.c - a program that knows no librace, with a library that does. */
int library_part(void);

int main(void)
{
	return library_part();
}
