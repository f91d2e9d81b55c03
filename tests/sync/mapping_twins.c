/* SPDX-License-Identifier: MIT */
/*
 * mapping_twins.c - memory at two addresses, memory that moves, memory that is replaced.
 *
 * Side A uses `one`, side B uses `two`: two views of the same memory. The racy twin takes another object there, or one that has
 * come to live where the memory was.
 */
#include "twins.h"

#include <fcntl.h>
#include <semaphore.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>

enum { PAGE = 4096, MANY = 2100 };

static struct shared {
	pthread_mutex_t mutex[2];
	pthread_rwlock_t rwlock[2];
	pthread_spinlock_t spin[2];
	sem_t sem[2];
	pthread_barrier_t barrier[2];
	pthread_cond_t cond[2];
	int word[2], word2;
} *one, *two, *three;

static void must_be(int yes)
{
	if (!yes) {
		perror("mapping_twins");
		abort();
	}
}

static void *must_map(void *p)
{
	must_be(p != MAP_FAILED);
	return p;
}

static int file(void)
{
	int fd = memfd_create("mapping_twins", MFD_CLOEXEC);

	must_be(fd >= 0 && ftruncate(fd, 4L * MANY * PAGE) == 0);
	return fd;
}

static void *plain(void *at, int pages, int flags)
{
	return must_map(mmap(at, (size_t)pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0));
}

static void *remap(void *p, int had, int pages, int flags, void *to)
{
	return must_map(mremap(p, (size_t)had * PAGE, (size_t)pages * PAGE, flags, to));
}

/*
 * Addresses that nobody has, and nobody gets who does not ask for them: far below those that the kernel chooses itself. What has been
 * unmapped there is still free when it is mapped anew, whatever other threads map meanwhile.
 */
static void *room(int pages)
{
	static char *lowest = (char *)0x300000000000;

	return lowest -= (size_t)pages * PAGE;
}

static void *view(int fd, long page, int pages)
{
	return must_map(mmap(room(pages), (size_t)pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, page * PAGE));
}

static void *page_of(void *p, int page)
{
	return (char *)p + page * PAGE;
}

static void make(struct shared *s)
{
	pthread_mutexattr_t ma;
	pthread_rwlockattr_t ra;
	pthread_barrierattr_t ba;
	pthread_condattr_t ca;

	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED);
	pthread_rwlockattr_init(&ra);
	pthread_rwlockattr_setpshared(&ra, PTHREAD_PROCESS_SHARED);
	pthread_barrierattr_init(&ba);
	pthread_barrierattr_setpshared(&ba, PTHREAD_PROCESS_SHARED);
	pthread_condattr_init(&ca);
	pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED);
	for (int i = 0; i < 2; i++) {
		MUST(pthread_mutex_init(&s->mutex[i], &ma));
		MUST(pthread_rwlock_init(&s->rwlock[i], &ra));
		MUST(pthread_spin_init(&s->spin[i], PTHREAD_PROCESS_SHARED));
		MUST(sem_init(&s->sem[i], 1, (unsigned)i));
		MUST(pthread_barrier_init(&s->barrier[i], &ba, 1));
		MUST(pthread_cond_init(&s->cond[i], &ca));
	}
}

/* ---- where views come from -------------------------------------------------------------------------------------------- */

static void by_memfd(void)
{
	int fd = file();

	make(one = view(fd, 0, 1));
	two = view(fd, 0, 1);
}

static void by_mmap64(void)
{
	int fd = file();

	one = must_map(mmap64(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	make(one);
	two = must_map(mmap64(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE, fd, 0));
}

static void by_shm_open(void)
{
	char name[40];
	int fd, again;

	snprintf(name, sizeof(name), "/mapping_twins_%d", (int)getpid());
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	again = shm_open(name, O_RDWR, 0600);
	must_be(fd >= 0 && again >= 0 && shm_unlink(name) == 0 && ftruncate(fd, PAGE) == 0);
	make(one = view(fd, 0, 1));
	two = view(again, 0, 1);
}

static int segment(int pages)
{
	int id = shmget(IPC_PRIVATE, (size_t)pages * PAGE, 0600);

	must_be(id >= 0);
	one = shmat(id, NULL, 0);
	two = shmat(id, room(pages), 0);
	must_be(one != (void *)-1 && two != (void *)-1);
	shmctl(id, IPC_RMID, NULL);
	make(one);
	return id;
}

static void by_shmat(void)
{
	segment(1);
}

/* The racy twin takes the other lock of the second page. */
static void by_shmat_page(void)
{
	segment(2);
	one = page_of(one, 1);
	two = page_of(two, 1);
	make(one);
}

static void by_fixed(void)
{
	int fd = file();

	make(one = view(fd, 0, 1));
	two = plain(NULL, 1, 0);
	must_map(mmap(two, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0));
}

static void by_copy(void)
{
	make(one = view(file(), 0, 1));
	two = remap(one, 0, 1, MREMAP_MAYMOVE, NULL);
}

static void by_copy_nameless(void)
{
	one = must_map(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	make(one);
	two = remap(one, 0, 1, MREMAP_MAYMOVE, NULL);
}

/* The first view is the one that moves. */
static void by_move(void)
{
	by_memfd();
	one = remap(one, 1, 1, MREMAP_MAYMOVE | MREMAP_FIXED, room(1));
}

static void by_growth(void)
{
	int fd = file();

	plain(room(1), 1, 0); /* right behind it, so that it moves */
	one = remap(view(fd, 0, 1), 1, 3, MREMAP_MAYMOVE, NULL);
	two = view(fd, 0, 3);
	one = page_of(one, 2);
	two = page_of(two, 2);
	make(one);
}

static void by_growth_in_place(void)
{
	int fd = file();
	void *there = room(3);

	must_map(mmap(there, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0));
	must_be(remap(there, 1, 3, 0, NULL) == there);
	two = page_of(view(fd, 0, 3), 2);
	make(one = page_of(there, 2));
}

static void by_later_page(void)
{
	int fd = file();

	make(one = page_of(view(fd, 0, 3), 2));
	two = view(fd, 2, 1);
}

static void by_earlier_page(void)
{
	int fd = file();

	make(one = view(fd, 2, 1));
	two = page_of(view(fd, 0, 3), 2);
}

/* A view over two that lie apart. */
static void by_third(void)
{
	int fd = file();

	view(fd, 0, 1);
	make(one = view(fd, 1, 1));
	two = page_of(view(fd, 0, 3), 1);
}

/* The page behind what the first view shows is first seen by the second. */
static void by_rest(void)
{
	int fd = file();

	view(fd, 0, 1);
	make(one = page_of(view(fd, 0, 2), 1));
	two = view(fd, 1, 1);
}

static void by_first_gone(void)
{
	int fd = file();

	make(three = view(fd, 0, 1));
	one = view(fd, 0, 1);
	munmap(three, PAGE);
	two = view(fd, 0, 1);
}

/* Only the middle of the first view goes. */
static void by_hole(void)
{
	int fd = file();

	three = view(fd, 0, 3);
	one = page_of(view(fd, 0, 3), 2);
	make(one);
	munmap(page_of(three, 1), PAGE);
	two = page_of(three, 2);
}

/* Where the first view was, memory of another kind has its own locks. */
static void by_other_tenant(void)
{
	by_first_gone();
	munmap(two, PAGE);
	make(one = two = plain(three, 1, MAP_FIXED));
}

/* There, another file is mapped, and once more elsewhere. */
static void by_other_file(void)
{
	int fd = file();

	by_first_gone();
	one = must_map(mmap(three, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0));
	make(one);
	two = view(fd, 0, 1);
}

/* More views than are remembered. The last are the ones that count. */
static void by_many(void)
{
	int fd = file();

	for (long i = 0; i < MANY; i++) {
		one = view(fd, 2 * i, 1);
		two = view(fd, 2 * i, 1);
	}
	make(one);
}

/* The first view was still remembered, and used, when there was room. */
static int late_file;

static void by_many_late(void)
{
	late_file = file();
	make(one = view(late_file, 0, 1));
	for (long i = 1; i < MANY; i++)
		view(late_file, 2 * i, 1);
}

/* ---- primitives ------------------------------------------------------------------------------------------------------- */

#define LOCK(s) MUST(pthread_mutex_lock(&(s)->mutex[L]))
#define UNLOCK(s) MUST(pthread_mutex_unlock(&(s)->mutex[L]))

#define MUTEX_BY(way) LOCKED(mutex_##way, way(); LOCK(one), touch_a(), UNLOCK(one), LOCK(two), touch_b(), UNLOCK(two))

#define WAYS(X)                                                                                                      \
	X(by_memfd) X(by_mmap64) X(by_shm_open) X(by_shmat) X(by_shmat_page) X(by_fixed) X(by_copy) X(by_copy_nameless) \
	X(by_move) X(by_growth) X(by_growth_in_place) X(by_later_page) X(by_earlier_page) X(by_third) X(by_rest)     \
	X(by_first_gone) X(by_hole) X(by_other_tenant) X(by_other_file)

WAYS(MUTEX_BY)

#define RW(call, s) MUST(pthread_rwlock_##call(&(s)->rwlock[L]))
#define SPIN(call, s) MUST(pthread_spin_##call(&(s)->spin[L]))

static void timed_out(int n)
{
	static pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
	struct timespec past = { 1, 0 };

	pthread_mutex_lock(&own);
	must_be(pthread_cond_timedwait(&two->cond[n], &own, &past) == ETIMEDOUT);
	pthread_mutex_unlock(&own);
}

static void passed(int result)
{
	must_be(result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD);
}

#define FUTEX(at, op, ...) syscall(SYS_futex, at, op, ##__VA_ARGS__)
#define NOT_YET ((void)0)

LOCKED(write_write, by_memfd(); RW(wrlock, one), touch_a(), RW(unlock, one), RW(wrlock, two), touch_b(), RW(unlock, two))
LOCKED(write_read, by_memfd(); RW(wrlock, one), touch_a(), RW(unlock, one), RW(rdlock, two), touch_b(), RW(unlock, two))
LOCKED(read_write, by_memfd(); RW(rdlock, one), touch_a(), RW(unlock, one), RW(wrlock, two), touch_b(), RW(unlock, two))
LOCKED(spin, by_memfd(); SPIN(lock, one), touch_a(), SPIN(unlock, one), SPIN(lock, two), touch_b(), SPIN(unlock, two))
LOCKED(semaphore, by_memfd(), touch_a(), must_be(sem_post(&one->sem[0]) == 0), must_be(sem_wait(&two->sem[L]) == 0), touch_b(),
       NOT_YET)
LOCKED(barrier, by_memfd(), touch_a(), passed(pthread_barrier_wait(&one->barrier[0])),
       passed(pthread_barrier_wait(&two->barrier[L])), touch_b(), NOT_YET)
LOCKED(condition, by_memfd(), touch_a(), MUST(pthread_cond_signal(&one->cond[0])), timed_out(L), touch_b(), NOT_YET)
LOCKED(futex, by_memfd(), touch_a(), FUTEX(&one->word[0], FUTEX_WAKE, 1), FUTEX(&two->word[L], FUTEX_WAIT, 1, NULL), touch_b(),
       NOT_YET)
/* Moved through one view, woken through the other; who waits does so through the first. */
LOCKED(futex_moved, by_memfd(); FUTEX(&one->word[0], FUTEX_REQUEUE, 0, 0L, &one->word2, 0), touch_a(),
       FUTEX(&two->word2, FUTEX_WAKE, 1), FUTEX(&one->word[L], FUTEX_WAIT, 1, NULL), touch_b(), NOT_YET)

/* One thread takes it here and gives it there. */
LOCKED(given_there, by_memfd(); LOCK(one), touch_a(), UNLOCK(two), LOCK(one), touch_b(), UNLOCK(two))

HANDOVER(many, by_many(); must_be(sem_post(&one->sem[0]) == 0), must_be(sem_wait(&two->sem[0]) == 0))

/* The second view comes when the first was used already, and there is no more room for it. */
static void late_view(void)
{
	two = view(late_file, 0, 1);
}

LOCKED(many_late, by_many_late(); must_be(sem_trywait(&one->sem[1]) == 0), touch_a(), must_be(sem_post(&one->sem[0]) == 0);
       late_view(); if (racy) touch_a(), NOT_YET, must_be(sem_wait(&two->sem[0]) == 0); touch_b(), NOT_YET)

/* ---- what is no edge -------------------------------------------------------------------------------------------------- */

/* Where `two` was, there is memory of its own; the other twin has not changed anything. */
#define REPLACED_BY(name, way, change)                                                                               \
	static void replace_##name(void)                                                                             \
	{                                                                                                            \
		if (!racy)                                                                                           \
			return;                                                                                      \
		change;                                                                                              \
		make(two);                                                                                           \
	}                                                                                                            \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		enum { L = 0 };                                                                                      \
		way;                                                                                                 \
		replace_##name();                                                                                    \
		LOCK(one);                                                                                           \
		touch_a();                                                                                           \
		UNLOCK(one);                                                                                         \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		enum { L = 0 };                                                                                      \
		gate_wait(&a_done, 1);                                                                               \
		LOCK(two);                                                                                           \
		touch_b();                                                                                           \
		UNLOCK(two);                                                                                         \
		return unused;                                                                                       \
	}

static void first_is_two(void)
{
	struct shared *first;

	by_memfd();
	first = one;
	one = two;
	two = first;
}

REPLACED_BY(unmapped, by_memfd(), munmap(two, PAGE); plain(two, 1, MAP_FIXED_NOREPLACE))
REPLACED_BY(replaced, by_memfd(), plain(two, 1, MAP_FIXED))
REPLACED_BY(replaced_by_file, by_memfd(), must_map(mmap(two, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file(), 0)))
REPLACED_BY(moved_away, by_memfd(), remap(two, 1, 1, MREMAP_MAYMOVE | MREMAP_FIXED, room(1)); plain(two, 1, MAP_FIXED_NOREPLACE))
REPLACED_BY(moved_over, by_memfd(), remap(plain(NULL, 1, 0), 1, 1, MREMAP_MAYMOVE | MREMAP_FIXED, two))
REPLACED_BY(detached, by_shmat(), must_be(shmdt(two) == 0); plain(two, 1, MAP_FIXED_NOREPLACE))
REPLACED_BY(first_unmapped, first_is_two(), munmap(two, PAGE); plain(two, 1, MAP_FIXED_NOREPLACE))
REPLACED_BY(first_replaced, first_is_two(), plain(two, 1, MAP_FIXED))
REPLACED_BY(first_moved_away, first_is_two(), remap(two, 1, 1, MREMAP_MAYMOVE | MREMAP_FIXED, room(1));
	    plain(two, 1, MAP_FIXED_NOREPLACE))
REPLACED_BY(shrunk, by_later_page(); struct shared *s = one; one = two; two = s,
	    remap(page_of(two, -2), 3, 2, 0, NULL); plain(two, 1, MAP_FIXED_NOREPLACE))

/* ---- memory that moves with the locks in it --------------------------------------------------------------------------- */

#define MOVES(name, first, then)                                                                                     \
	LOCKED(name, one = (first); make(one); LOCK(one), touch_a(), UNLOCK(one), two = (then); LOCK(two), touch_b(), UNLOCK(two))

MOVES(moves, plain(NULL, 1, 0), remap(one, 1, 1, MREMAP_MAYMOVE | MREMAP_FIXED, room(1)))
MOVES(view_moves, view(file(), 0, 1), remap(one, 1, 1, MREMAP_MAYMOVE | MREMAP_FIXED, room(1)))
MOVES(grows, plain(NULL, 1, 0), remap(one, 1, 64, MREMAP_MAYMOVE, NULL))
MOVES(stays, view(file(), 0, 2), remap(one, 2, 1, 0, NULL))

/* New memory at the old address: what was released there is not acquired. */
static void *renewed_a(void *unused)
{
	enum { L = 0 };

	make(one = plain(NULL, 1, 0));
	LOCK(one);
	touch_a();
	UNLOCK(one);
	gate_open(&a_done);
	return unused;
}

static void *renewed_b(void *unused)
{
	enum { L = 0 };

	gate_wait(&a_done, 1);
	if (racy)
		plain(one, 1, MAP_FIXED);
	LOCK(one);
	touch_b();
	UNLOCK(one);
	return unused;
}

/* ---- a forked child --------------------------------------------------------------------------------------------------- */

LOCKED(inherited_side, LOCK(one), touch_a(), UNLOCK(one), LOCK(two), touch_b(), UNLOCK(two))

static void *inherited_alone(void *unused)
{
	const struct scenario in_child = SIDES(inherited_side);
	int status;
	pid_t child;

	by_first_gone();
	child = fork();
	must_be(child >= 0);
	if (!child) {
		run_sides(&in_child);
		exit(0);
	}
	must_be(waitpid(child, &status, 0) == child && WIFEXITED(status));
	if (WEXITSTATUS(status)) {
		puts("done");
		exit(WEXITSTATUS(status));
	}
	return unused;
}

#define LISTED(way) SIDES(mutex_##way),

int main(int argc, char **argv)
{
	static const struct scenario list[] = {
		WAYS(LISTED) SIDES(write_write), SIDES(write_read), SIDES(read_write), SIDES(spin), SIDES(semaphore), SIDES(barrier),
		SIDES(condition), SIDES(futex), SIDES(futex_moved), SIDES(given_there), SIDES(many), SIDES(many_late), SIDES(unmapped),
		SIDES(replaced), SIDES(replaced_by_file), SIDES(moved_away), SIDES(moved_over), SIDES(detached),
		SIDES(first_unmapped), SIDES(first_replaced), SIDES(first_moved_away), SIDES(shrunk), SIDES(moves),
		SIDES(view_moves), SIDES(grows), SIDES(stays), SIDES(renewed), ALONE(inherited),
	};

	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
