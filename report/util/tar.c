/* SPDX-License-Identifier: MIT */
/*
 * tar.c - writes a tar archive in the ustar format (POSIX 1003.1-1988): a header of 512 bytes a file, then its bytes, filled up to 512.
 */
#include "tar.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK 512

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100], magic[6], version[2], user[32], group[32], major[8],
		minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "one block");

static int put_header(FILE *to, const char *name, uint64_t bytes, int64_t time)
{
	const char *cut = name;
	struct header h;
	unsigned sum = 0;

	memset(&h, 0, sizeof(h));
	while (strlen(cut) > sizeof(h.name)) {
		cut = strchr(cut, '/');
		if (!cut)
			return -1;
		cut++;
	}
	if (cut != name) {
		if ((size_t)(cut - 1 - name) > sizeof(h.prefix))
			return -1;
		memcpy(h.prefix, name, (size_t)(cut - 1 - name));
	}
	memcpy(h.name, cut, strlen(cut));
	snprintf(h.mode, sizeof(h.mode), "%07o", 0644);
	snprintf(h.uid, sizeof(h.uid), "%07o", 0);
	snprintf(h.gid, sizeof(h.gid), "%07o", 0);
	snprintf(h.size, sizeof(h.size), "%011" PRIo64, bytes);
	snprintf(h.mtime, sizeof(h.mtime), "%011" PRIo64, (uint64_t)time & 077777777777);
	h.type = '0';
	memcpy(h.magic, "ustar", 6);
	memcpy(h.version, "00", 2);
	memset(h.sum, ' ', sizeof(h.sum));
	for (size_t i = 0; i < sizeof(h); i++)
		sum += ((const unsigned char *)&h)[i];
	snprintf(h.sum, sizeof(h.sum), "%06o", sum);
	return fwrite(&h, sizeof(h), 1, to) == 1 ? 0 : -1;
}

static int fill_up(FILE *to, uint64_t bytes)
{
	static const char zeros[BLOCK];
	size_t rest = (size_t)(-bytes % BLOCK);

	return fwrite(zeros, 1, rest, to) == rest ? 0 : -1;
}

int tar_add(FILE *to, const char *name, const void *bytes, size_t n, int64_t time)
{
	if (n >= (uint64_t)1 << 33 || put_header(to, name, n, time) || (n && fwrite(bytes, 1, n, to) != n))
		return -1;
	return fill_up(to, n);
}

/* The file may grow or shrink meanwhile: what the header says is what is written. */
int tar_add_file(FILE *to, const char *name, const char *path)
{
	FILE *from = fopen(path, "rbe");
	char part[65536];
	struct stat st;
	uint64_t left;
	int bad = 1;

	if (!from)
		return -1;
	if (fstat(fileno(from), &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size < (uint64_t)1 << 33) {
		bad = put_header(to, name, (uint64_t)st.st_size, st.st_mtime);
		for (left = (uint64_t)st.st_size; left && !bad;) {
			size_t n = left < sizeof(part) ? (size_t)left : sizeof(part), got = fread(part, 1, n, from);

			if (got < n)
				memset(part + got, 0, n - got);
			bad = fwrite(part, 1, n, to) != n;
			left -= n;
		}
		if (!bad)
			bad = fill_up(to, (uint64_t)st.st_size);
	}
	fclose(from);
	return bad ? -1 : 0;
}

int tar_end(FILE *to)
{
	static const char zeros[2 * BLOCK];

	return fwrite(zeros, sizeof(zeros), 1, to) == 1 ? 0 : -1;
}
