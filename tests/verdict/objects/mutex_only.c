/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=0 volatiles=0 */
#include <pthread.h>
#include <signal.h>
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
sig_atomic_t plain;
int locked(void)
{
	return pthread_mutex_lock(&lock);
}
