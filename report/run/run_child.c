/* SPDX-License-Identifier: MIT */
/*
 * run_child.c - the command in the foreground: same terminal, same process group, same descriptors, same signals.
 *
 * Signals   are blocked and fetched one by one. What a terminal sends (Ctrl-C, Ctrl-\, hang-up) reaches the command by itself,
 *           being in the same group: it is only survived here, so that the summary still comes. What somebody sends to this
 *           process alone is passed on. Stopping and going on (Ctrl-Z, fg) is left to the kernel: it happens to both. What this process
 *           was born to ignore (nohup, a background job of a script) it goes on to ignore.
 * Waits     for the command itself, and for nothing that outlives it. As the first process of a container it reaps strays.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

static const int passed_on[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM };
#define PASSED (sizeof(passed_on) / sizeof(passed_on[0]))

static sigset_t mask_before, held;
static struct sigaction child_before;

void run_signals_begin(void)
{
	struct sigaction standard = { .sa_handler = SIG_DFL }, now;

	sigemptyset(&held);
	sigaddset(&held, SIGCHLD);
	/* one that is blocked arrives although it is ignored, and would end a repetition */
	for (size_t i = 0; i < PASSED; i++) {
		if (sigaction(passed_on[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&held, passed_on[i]);
	}
	/* ignored, it would reap the command and lose its status */
	sigaction(SIGCHLD, &standard, &child_before);
	sigprocmask(SIG_BLOCK, &held, &mask_before);
}

void run_signals_end(void)
{
	struct timespec now = { 0, 0 };

	/* what came too late for the command must not end this process before its summary */
	while (sigtimedwait(&held, NULL, &now) > 0)
		;
	sigaction(SIGCHLD, &child_before, NULL);
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

static void become(char **argv, char **envp, int tell)
{
	int error;

	sigaction(SIGCHLD, &child_before, NULL);
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
	execvpe(argv[0], argv, envp);
	error = errno;
	while (write(tell, &error, sizeof(error)) < 0 && errno == EINTR)
		;
	_exit(127);
}

static void take_status(struct run_end *end, int status)
{
	if (WIFSIGNALED(status)) {
		end->signal = WTERMSIG(status);
		end->status = 128 + end->signal;
		end->interrupted |= end->signal == SIGINT || end->signal == SIGQUIT || end->signal == SIGTERM || end->signal == SIGHUP;
	} else {
		end->status = WEXITSTATUS(status);
	}
}

/* 1 when the command has ended. */
static int reap(pid_t command, struct run_end *end)
{
	int status, ended = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == command && (WIFEXITED(status) || WIFSIGNALED(status))) {
			take_status(end, status);
			ended = 1;
		}
	}
	return ended;
}

static void wait_for(pid_t command, struct run_end *end)
{
	siginfo_t info;
	int n;

	while (!reap(command, end)) {
		n = sigwaitinfo(&held, &info);
		if (n <= 0 || n == SIGCHLD)
			continue;
		if (n == SIGINT || n == SIGQUIT || n == SIGTERM || n == SIGHUP)
			end->interrupted = 1;
		if (info.si_code != SI_KERNEL)
			kill(command, n);
	}
}

void run_command(char **argv, char **envp, struct run_end *end)
{
	int tell[2] = { -1, -1 }, error = 0;
	ssize_t n;
	pid_t pid;

	memset(end, 0, sizeof(*end));
	if (pipe2(tell, O_CLOEXEC) || (pid = fork()) < 0) {
		end->not_started = errno;
		end->status = 126;
		if (tell[0] >= 0) {
			close(tell[0]);
			close(tell[1]);
		}
		return;
	}
	if (pid == 0)
		become(argv, envp, tell[1]);
	close(tell[1]);
	while ((n = read(tell[0], &error, sizeof(error))) < 0 && errno == EINTR)
		;
	close(tell[0]);
	wait_for(pid, end);
	if (n == (ssize_t)sizeof(error)) {
		end->not_started = error;
		end->status = error == ENOENT || error == ENOTDIR ? 127 : 126;
	}
}
