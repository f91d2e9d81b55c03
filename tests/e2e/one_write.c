/* SPDX-License-Identifier: MIT */
/*
 * one_write.c - runs a program whose stderr is a datagram socket, so that each write is one datagram, and prints the
 * writes to stdout, each ended by a line of its own: `-- end of write`. Exits as the program did.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[1 << 20];

int main(int argc, char **argv)
{
	int pair[2], status, room = 1 << 20;
	pid_t pid;
	ssize_t n;

	if (argc < 2 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return 2;
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	pid = fork();
	if (pid == 0) {
		dup2(pair[1], 2);
		if (getenv("ONE_WRITE_PRELOAD"))
			setenv("LD_PRELOAD", getenv("ONE_WRITE_PRELOAD"), 1);
		execv(argv[1], argv + 1);
		_exit(127);
	}
	close(pair[1]);
	while ((n = recv(pair[0], text, sizeof text, 0)) > 0) {
		fwrite(text, 1, n, stdout);
		printf("-- end of write\n");
	}
	if (waitpid(pid, &status, 0) != pid)
		return 2;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
