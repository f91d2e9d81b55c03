/* SPDX-License-Identifier: MIT */
/* plugin.c - linked to one of the two libraries; what it calls must be that one's. */
int xmlHashSize(void *table);
int plugin_sum(void);

int plugin_sum(void)
{
	static char table[64];
	int sum = 0;

	for (int i = 0; i < 5; i++)
		sum += xmlHashSize(table);
	return sum;
}
