/* SPDX-License-Identifier: MIT */
/*
 * fake.c - a static program, into which librace is never loaded, that leaves what it is told in the directory for records.
 *
 *	fake [-n NAME] [-s STATUS] [-k SIGNAL] [-f N FILE] [-b N] [-q] [-d] [-o FIFO] [-w FIFO] [LETTER...]
 *
 * A letter a-f is a finding with the fingerprint of 32 such letters (which stands because the record says that it was cut), A-F the
 * same one below the level; two digits make one of 30 letters a and them. -n names the program in the
 * record; -q leaves no record; -f N FILE: findings from the Nth run on, counted in FILE; -b N: so many reports below the level;
 * -d prints descriptors and signals that it was born with; -o FIFO: a grandchild goes on until FIFO is written; -w FIFO: waits
 * for FIFO, and tells by `ready` on standard output that it does.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char *program = "fake";
static int below;

static void record(int n, char **letters)
{
	const char *options = getenv("RACE_OPTIONS"), *at = options ? strstr(options, "record_dir=") : NULL, *end;
	char path[5000], line[100];
	FILE *f;

	if (!at)
		return;
	at += strlen("record_dir=");
	end = strchr(at + 1, *at);
	snprintf(path, sizeof(path), "%.*s/%s.%d.jsonl", (int)(end - at - 1), at + 1, program, (int)getpid());
	f = fopen(path, "a");
	if (!f)
		return;
	fprintf(f, "{\"type\":\"process\",\"schema\":1,\"librace\":\"0.1.0\",\"program\":\"%s\",\"path\":\"/opt/%s\",\"pid\":%d,\"ppid\":1,"
		   "\"time\":\"2026-11-20T08:15:30.000000000Z\"}\n", program, program, (int)getpid());
	for (int i = 0; i < n; i++) {
		int small = letters[i][0] | 32;

		memset(line, small >= 'a' ? small : 'a', 32);
		if (small < 'a')
			memcpy(line + 30, letters[i], 2);
		line[32] = 0;
		fprintf(f, "{\"type\":\"finding\",\"schema\":1,\"fingerprint\":\"%s\",\"cut\":true,\"kind\":\"data race\",\"class\":\"%s\",\"counts\":%s,"
			   "\"severity\":\"low\",\"confidence\":80,\"program\":\"%s\",\"pid\":%d,\"sequence\":%d,\"time\":\"2026-11-20T08:15:31.000000000Z\","
			   "\"map\":{\"kind\":\"GHashTable\",\"address\":\"0x1000\",\"label\":\"table %c\"},\"accesses\":[{\"role\":\"current\","
			   "\"access\":\"write\",\"operation\":\"g_hash_table_insert\",\"thread\":1,\"stack\":[{\"function\":\"put_%c\",\"user\":true}]}],"
			   "\"text\":\"==================\\nWARNING: DATA RACE\\nWrite at 0x1000 by thread 1:\\n  put_%c() <--\\n==================\\n\"}\n",
			line, letters[i][0] == small ? "likely" : "possible", letters[i][0] == small ? "true" : "false", program, (int)getpid(), i + 1,
			small, small, small);
	}
	fprintf(f, "{\"type\":\"end\",\"schema\":1,\"pid\":%d,\"time\":\"2026-11-20T08:15:32.000000000Z\",\"status\":0,\"races\":%d,\"misuses\":0,"
		   "\"reports\":%d,\"suppressed\":0,\"below_level\":%d,\"repeated\":0}\n", (int)getpid(), n, n, below);
	fclose(f);
}

/* One more run; 1 when the count has reached n. */
static int due(int n, const char *file)
{
	FILE *f = fopen(file, "r+");
	int count = 0;

	if (!f)
		f = fopen(file, "w+");
	if (!f || (fscanf(f, "%d", &count) != 1 && count))
		exit(99);
	rewind(f);
	fprintf(f, "%d\n", ++count);
	fclose(f);
	return count >= n;
}

static void tell_birth(void)
{
	char line[200];
	FILE *f;

	printf("descriptors");
	for (int i = 0; i < 256; i++) {
		if (fcntl(i, F_GETFD) >= 0)
			printf(" %d", i);
	}
	puts("");
	f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "Sig", 3) && strncmp(line, "SigQ", 4) != 0)
			fputs(line, stdout);
	}
	fflush(stdout);
}

static void wait_for(const char *fifo)
{
	char c;
	int fd = open(fifo, O_RDONLY);

	while (fd >= 0 && read(fd, &c, 1) > 0)
		;
}

int main(int argc, char **argv)
{
	int option, status = 0, end_by = 0, found = 1, quiet = 0;
	const char *outlive = NULL, *wait = NULL;

	while ((option = getopt(argc, argv, "+n:s:k:f:b:qdo:w:")) >= 0) {
		switch (option) {
		case 'n': program = optarg; break;
		case 's': status = atoi(optarg); break;
		case 'k': end_by = atoi(optarg); break;
		case 'b': below = atoi(optarg); break;
		case 'f': found = due(atoi(optarg), argv[optind]); optind++; break;
		case 'q': quiet = 1; break;
		case 'd': tell_birth(); break;
		case 'o': outlive = optarg; break;
		case 'w': wait = optarg; break;
		default: return 98;
		}
	}
	if (outlive && fork() == 0) {
		setsid();
		wait_for(outlive);
		return 0;
	}
	if (!quiet)
		record(found ? argc - optind : 0, argv + optind);
	if (wait) {
		puts("ready");
		fflush(stdout);
		wait_for(wait);
	}
	if (end_by) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		raise(end_by);
	}
	return status;
}
