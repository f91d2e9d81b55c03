/* SPDX-License-Identifier: MIT */
/*
 * mutate.c - what is left out, and what was passed: one byte for each record, in a file that the processes of a test share.
 *
 * RACE_MUTATE=FILE names it. Bit 0 of a byte, set by who made the file, leaves that copy out; bit 1 is set here when a copy is
 * passed. RACE_MUTATE_DUMP=FILE writes the list of records when the library is loaded and changes nothing else.
 * A library for tests: it may be linked to libc, but hooks call it, so it asks the kernel itself.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "../../preload/host.h"
#include "../../preload/sys/os.h"
#include "mutate.h"

extern struct mutate_record mutate_records_start[] __asm__("__start_mutate_records") __attribute__((visibility("hidden")));
extern struct mutate_record mutate_records_stop[] __asm__("__stop_mutate_records") __attribute__((visibility("hidden")));
extern const char mutate_image[] __asm__("__ehdr_start") __attribute__((visibility("hidden")));

static unsigned char *bytes;

/* environ may not be set yet, or be changed by the test. */
static int environment(const char *name, char *to, size_t cap)
{
	static char all[1 << 17];
	long n = os_read_file("/proc/self/environ", all, sizeof(all) - 1);
	size_t length = strlen(name);

	for (const char *p = all; n > 0 && p < all + n; p += strlen(p) + 1) {
		if (!strncmp(p, name, length) && p[length] == '=' && strlen(p + length + 1) < cap) {
			strcpy(to, p + length + 1);
			return 1;
		}
	}
	return 0;
}

static void dump(const char *path)
{
	int fd = os_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	for (const struct mutate_record *r = mutate_records_start; fd >= 0 && r < mutate_records_stop; r++) {
		const struct mutate_text *text = (const void *)((const char *)r + r->text);
		char line[1024];
		int n = snprintf(line, sizeof(line), "%zu\t%zx\t%s\t%s\t%ld\t%s\t%s\n", (size_t)(r - mutate_records_start),
				 (size_t)((const char *)r + r->code - mutate_image), text->unit, text->file, text->line,
				 text->edge, text->arguments);

		os_write_all(fd, line, (size_t)n);
	}
	if (fd >= 0)
		os_close(fd);
}

static void setup(void)
{
	size_t n = (size_t)(mutate_records_stop - mutate_records_start);
	char path[4096];
	int fd = environment("RACE_MUTATE", path, sizeof(path)) ? os_open(path, O_RDWR | O_CLOEXEC, 0) : -1;
	long at = fd >= 0 ? os_syscall(SYS_mmap, 0, (long)n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : -1;

	if (fd >= 0)
		os_close(fd);
	__atomic_store_n(&bytes, at > 0 ? (unsigned char *)at : os_map(n), __ATOMIC_RELEASE);
}

static __attribute__((constructor)) void loaded(void)
{
	char path[4096];

	if (environment("RACE_MUTATE_DUMP", path, sizeof(path)))
		dump(path);
}

int mutate_stays(const struct mutate_record *r)
{
	unsigned char *b;

	if (!__atomic_load_n(&bytes, __ATOMIC_ACQUIRE))
		setup();
	b = &bytes[r - mutate_records_start];
	if (!(*b & 2))
		*b |= 2;
	return !(*b & 1);
}

struct thread_start *mutate_prepare(struct race_thread *t, const void *fp)
{
	static char nobody;
	struct thread_start *s;
	uint32_t loaded;

	sync_release(t, (uintptr_t)&nobody); /* opens a new epoch, as a real birth does */
	loaded = t->loaded;
	t->loaded = 0;
	s = thread_prepare(t, fp);
	t->loaded = loaded;
	return s;
}

void mutate_orphan(void)
{
	struct race_thread *t = race_me;

	if (!t || !t->vc)
		return;
	for (uint32_t i = 0; i < t->n; i++) {
		if (i == t->slot)
			continue;
		t->vc[i] = 0;
		t->seen[i] = 0;
	}
	t->version++;
}
