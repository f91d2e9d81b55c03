/* SPDX-License-Identifier: MIT */
/* BUILD: -D__GNUC_ATOMICS -DHAVE_UCHAR_H=1 -lisc */
/* extra_isc_twins.c - BIND's isc_rwlock, one half of an edge at a time. */
#include "after.h"

#include <isc/rwlock.h>

static isc_rwlock_t lock;

#define READ isc_rwlock_lock(&lock, isc_rwlocktype_read)
#define UNREAD isc_rwlock_unlock(&lock, isc_rwlocktype_read)
#define WRITE isc_rwlock_lock(&lock, isc_rwlocktype_write)
#define UNWRITE isc_rwlock_unlock(&lock, isc_rwlocktype_write)
#define TRY_READ isc_rwlock_trylock(&lock, isc_rwlocktype_read)
#define TRY_WRITE isc_rwlock_trylock(&lock, isc_rwlocktype_write)
AFTER(write_write, WRITE, UNWRITE, WRITE)
AFTER(write_read, WRITE, UNWRITE, READ)
AFTER(read_write, READ, UNREAD, WRITE)
AFTER(write_try_write, WRITE, UNWRITE, TRY_WRITE)
AFTER(write_try_read, WRITE, UNWRITE, TRY_READ)
AFTER(read_try_write, READ, UNREAD, TRY_WRITE)
AFTER(downgrade, WRITE, isc_rwlock_downgrade(&lock), READ)
GIVEN(upgrade, READ, READ; UNREAD, (void)isc_rwlock_tryupgrade(&lock))

static const struct scenario list[] = {
	SIDES(write_write), SIDES(write_read), SIDES(read_write), SIDES(write_try_write), SIDES(write_try_read), SIDES(read_try_write),
	SIDES(downgrade), SIDES(upgrade),
};

int main(int argc, char **argv)
{
	isc_rwlock_init(&lock, 0, 0);
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
