/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=0 volatiles=0 */
#include <pthread.h>

static pthread_spinlock_t spin[2];

int take(int i)
{
	return pthread_spin_lock(&spin[i]);
}
