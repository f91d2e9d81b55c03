/* SPDX-License-Identifier: MIT */
/*
 * whatis_process.c - an address of a live process: from /proc/PID, the files it has mapped, and, for heap blocks, its memory,
 * which is only read and never stopped: what it says may be old by the time it is printed.
 *
 * The sizes in a heap are followed as glibc lays them out, from the heap's begin; where they make no sense, there is no block.
 */
#include "whatis.h"

#include <elf.h>
#include <fcntl.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../preload/sys/fmt.h"
#include "../check/check.h"
#include "../symbolize/symbolize.h"

struct mapping {
	uint64_t lo, hi, offset, inode;
	char rights[5];
	char path[PATH_MAX]; /* "" anonymous */
};

static int mapping_parse(const char *line, struct mapping *m)
{
	unsigned long long lo, hi, offset, inode;
	int at = 0;

	memset(m, 0, sizeof(*m));
	if (sscanf(line, "%llx-%llx %4s %llx %*s %llu %n", &lo, &hi, m->rights, &offset, &inode, &at) != 5 || !at)
		return 0;
	m->lo = lo;
	m->hi = hi;
	m->offset = offset;
	m->inode = inode;
	snprintf(m->path, sizeof(m->path), "%.*s", (int)strcspn(line + at, "\n"), line + at);
	return 1;
}

static void put(const char *s)
{
	char text[4 * PATH_MAX];
	struct buf b = buf_on(text, sizeof(text));

	buf_clean(&b, s);
	fputs(text, stdout);
}

/* ---- modules ----------------------------------------------------------------------------------------------------- */

/* The file behind a mapping, through the process's own root; "" when it is another one by now. */
static void file_of(unsigned pid, const struct mapping *m, char *to, size_t cap)
{
	struct stat st;

	if (m->path[0] != '/')
		to[0] = 0;
	else if ((size_t)snprintf(to, cap, "/proc/%u/root%s", pid, m->path) >= cap || stat(to, &st) != 0 ||
		 (uint64_t)st.st_ino != m->inode || !S_ISREG(st.st_mode) || !check_fits(to))
		to[0] = 0;
}

/* The address in the file of a module: mapped from `m`, or zeroed memory behind its data. 1, and *at is set. */
static int in_module(const char *file, const struct mapping *m, uint64_t address, uint64_t *at)
{
	Elf64_Ehdr e;
	Elf64_Phdr p[64];
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), found = 0;
	uint64_t bias = 0;

	if (fd >= 0 && pread(fd, &e, sizeof(e), 0) == (ssize_t)sizeof(e) && e.e_phnum <= 64 &&
	    e.e_phentsize == sizeof(p[0]) &&
	    pread(fd, p, e.e_phnum * sizeof(p[0]), (off_t)e.e_phoff) == (ssize_t)(e.e_phnum * sizeof(p[0]))) {
		for (unsigned i = 0; i < e.e_phnum && !found; i++) {
			if (p[i].p_type != PT_LOAD || (p[i].p_offset & ~4095ull) != m->offset)
				continue;
			bias = m->lo - (p[i].p_vaddr & ~4095ull);
			found = 1;
		}
		for (unsigned i = 0; found && i < e.e_phnum; i++) {
			if (p[i].p_type == PT_LOAD && address - bias - p[i].p_vaddr < p[i].p_memsz) {
				*at = address - bias;
				close(fd);
				return 1;
			}
		}
	}
	if (fd >= 0)
		close(fd);
	return 0;
}

/* ---- stacks ------------------------------------------------------------------------------------------------------ */

/* The stack pointer of a thread that sleeps; 0: it runs, or this is not for us to know. */
static uint64_t stack_pointer(unsigned pid, const char *tid)
{
	char path[100], line[300];
	unsigned long long words[8], sp = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/task/%.20s/syscall", pid, tid);
	f = fopen(path, "re");
	if (f && fgets(line, sizeof(line), f)) {
		/* "NUMBER six arguments SP PC", or "-1 SP PC" */
		if (sscanf(line, "%*d %llx %llx %llx %llx %llx %llx %llx %llx", &words[0], &words[1], &words[2],
			   &words[3], &words[4], &words[5], &words[6], &words[7]) == 8)
			sp = words[6];
		else if (sscanf(line, "-1 %llx", &words[0]) == 1)
			sp = words[0];
	}
	if (f)
		fclose(f);
	return sp;
}

static void task_name(unsigned pid, const char *tid, char *to, size_t cap)
{
	char path[100];
	FILE *f;

	to[0] = 0;
	snprintf(path, sizeof(path), "/proc/%u/task/%.20s/comm", pid, tid);
	f = fopen(path, "re");
	if (f && fgets(to, (int)cap, f))
		to[strcspn(to, "\n")] = 0;
	if (f)
		fclose(f);
}

/* The thread whose stack pointer is in the mapping, the nearest one below the address. */
static int put_stack(unsigned pid, const struct mapping *m, uint64_t address)
{
	char path[64], best[32] = "", name[64], clean[300];
	struct buf b = buf_on(clean, sizeof(clean));
	uint64_t nearest = 0;
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	d = opendir(path);
	while (d && (e = readdir(d)) != NULL) {
		uint64_t sp = e->d_name[0] == '.' ? 0 : stack_pointer(pid, e->d_name);

		if (sp < m->lo || sp >= m->hi)
			continue;
		if (!best[0] || (sp <= address && (sp > nearest || nearest > address))) {
			nearest = sp;
			snprintf(best, sizeof(best), "%.20s", e->d_name);
		}
	}
	if (d)
		closedir(d);
	if (!best[0])
		return 0;
	task_name(pid, best, name, sizeof(name));
	buf_quoted(&b, name, strlen(name));
	printf("stack of thread %s %s", best, clean);
	if (nearest > address)
		fputs(", beyond its end at this moment", stdout);
	putchar('\n');
	return 1;
}

/* ---- the heap ---------------------------------------------------------------------------------------------------- */

#define CHUNKS (1u << 24)

/* A word of the process; reads ahead, for neighbours are asked next. */
static int word_at(int fd, uint64_t address, uint64_t *word)
{
	static uint8_t page[65536];
	static uint64_t at, have;

	if (address < at || address - at + sizeof(*word) > have) {
		ssize_t n = pread(fd, page, sizeof(page), (off_t)address);

		at = address;
		have = n > 0 ? (uint64_t)n : 0;
		if (have < sizeof(*word))
			return 0;
	}
	memcpy(word, page + (address - at), sizeof(*word));
	return 1;
}

static int put_block(unsigned pid, const struct mapping *m, uint64_t address)
{
	char path[64];
	uint64_t size = 0, chunk = m->lo;
	int fd, found = 0;

	snprintf(path, sizeof(path), "/proc/%u/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (unsigned i = 0; fd >= 0 && i < CHUNKS && !found; i++) {
		if (!word_at(fd, chunk + 8, &size))
			break;
		size &= ~7ull;
		if (size < 32 || size % 16 || size > m->hi - chunk)
			break;
		/* A block goes on into the first word of what follows, as malloc_usable_size says. */
		if (address < chunk + size + 8 && address >= chunk + 16)
			found = chunk + size < m->hi; /* the last one is what nobody has yet */
		else if (address < chunk + 16)
			break;
		if (!found)
			chunk += size;
	}
	if (fd >= 0)
		close(fd);
	if (found)
		printf("heap block of %llu bytes at 0x%llx, +0x%llx\n", (unsigned long long)size - 8,
		       (unsigned long long)chunk + 16, (unsigned long long)(address - chunk - 16));
	return found;
}

/* ---- all together ------------------------------------------------------------------------------------------------ */

static void put_mapping(unsigned pid, const struct mapping *m, uint64_t address)
{
	if (!strcmp(m->path, "[heap]")) {
		if (!put_block(pid, m, address))
			puts("heap");
	} else if (m->path[0] == '/') {
		fputs("file ", stdout);
		put(m->path);
		printf(" +0x%llx\n", (unsigned long long)(m->offset + (address - m->lo)));
	} else if (!put_stack(pid, m, address)) {
		if (!strcmp(m->path, "[stack]"))
			printf("stack of thread %u\n", pid);
		else
			printf("%s\n", m->path[0] ? m->path : "anonymous memory"); /* the kernel's own names */
	}
	printf("  in the mapping 0x%llx-0x%llx %s\n", (unsigned long long)m->lo, (unsigned long long)m->hi, m->rights);
}

/* A symbol of the module, or the module alone. */
static void put_module(const char *file, const struct mapping *m, uint64_t at)
{
	char name[600];

	if (symbolize_symbol(file, at, name, sizeof(name))) {
		put(name);
		fputs(" in ", stdout);
		put(m->path);
		putchar('\n');
	} else {
		put(m->path);
		printf(" +0x%llx\n", (unsigned long long)at);
	}
}

int whatis_process(const char *verb, unsigned pid, uint64_t address)
{
	static struct mapping m, holds;
	char path[64], file[PATH_MAX + 32], seen[PATH_MAX] = "";
	char *line = NULL;
	size_t cap = 0;
	uint64_t at;
	int found = 0, module = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	f = fopen(path, "re");
	if (!f || getline(&line, &cap, f) < 0) {
		fprintf(stderr, "race %s: the memory map of process %u cannot be read%s%m\n", verb, pid, f ? "" : ": ");
		if (f)
			fclose(f);
		free(line);
		return -1;
	}
	do {
		if (!mapping_parse(line, &m))
			continue;
		if (address >= m.lo && address < m.hi) {
			holds = m;
			found = 1;
		}
		/* One look at each file: at its first mapping, from which the others follow. */
		if (module || m.lo > address || m.path[0] != '/' || !strcmp(m.path, seen))
			continue;
		snprintf(seen, sizeof(seen), "%s", m.path);
		file_of(pid, &m, file, sizeof(file));
		if (file[0] && in_module(file, &m, address, &at)) {
			put_module(file, &m, at);
			module = 1;
		}
	} while (getline(&line, &cap, f) > 0);
	fclose(f);
	free(line);
	if (found && !module)
		put_mapping(pid, &holds, address);
	return found || module;
}
