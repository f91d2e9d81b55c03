/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=0 volatiles=0 */
#include <pthread.h>
pthread_spinlock_t lock;
struct holder {
	pthread_spinlock_t inner;
} holder;
