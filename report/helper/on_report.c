/* SPDX-License-Identifier: MIT */
/*
 * on_report.c - on_report=CMD: a command for each report, run by the helper.
 *
 * The helper must not wait for it, and the command must not outlive its time: a process of its own, the keeper, stands between. It has the line
 * in a file without a name, so that neither side can block on a pipe.
 *
 * Owns      nothing in the helper but the tokens: at most RUNNING commands run at once, the others' keepers wait for a token.
 * Invariant the command sees none of librace: no LD_PRELOAD, no RACE_OPTIONS, no descriptor of ours, signals as usual. After SECONDS
 *           its whole process group is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../preload/sys/fmt.h"
#include "../../preload/sys/os.h"
#include "helper.h"
#include "../words.h"

#define RUNNING 4
#define SECONDS 30

static int tokens[2] = { -1, -1 }; /* a pipe with a byte for each command that may run */

static int file_of(const char *line, size_t bytes)
{
	int fd = memfd_create("report", MFD_CLOEXEC);

	if (fd < 0)
		fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 && (os_write_all(fd, line, bytes) != 0 || lseek(fd, 0, SEEK_SET) != 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int make_tokens(void)
{
	static const char all[RUNNING];

	if (tokens[0] >= 0)
		return 1;
	return pipe2(tokens, O_CLOEXEC) == 0 && write(tokens[1], all, RUNNING) == RUNNING;
}

static void set_environment(const char *fingerprint, const struct record *r)
{
	static const char *const kinds[] = { "data race", "use of dead map", "stale iterator", "check then act" };
	char pid[16];

	clearenv();
	snprintf(pid, sizeof(pid), "%u", r->pid);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("RACE_FINGERPRINT", fingerprint, 1);
	setenv("RACE_KIND", kinds[r->kind <= RECORD_CHECK_THEN_ACT ? r->kind : RECORD_RACE], 1);
	setenv("RACE_PROGRAM", r->program, 1);
	setenv("RACE_PID", pid, 1);
}

static void become_command(const char *command, int input, const char *fingerprint, const struct record *r)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (null < 0 || dup2(input, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		_exit(127);
	closefrom(3);
	set_environment(fingerprint, r);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* Waits for the command for so long, then ends it and whatever it has started. */
static void keep(pid_t child)
{
	struct timespec limit = { SECONDS, 0 };
	sigset_t ended;

	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	while (sigtimedwait(&ended, NULL, &limit) < 0 && errno == EINTR)
		;
	if (waitpid(child, NULL, WNOHANG) == 0) {
		kill(-child, SIGKILL);
		waitpid(child, NULL, 0);
	}
}

static void be_keeper(const char *command, int input, const char *fingerprint, const struct record *r)
{
	struct sigaction only_ends = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP };
	sigset_t ended;
	pid_t child;
	char token;

	setsid();
	for (int fd = 0; fd < 10; fd++) { /* the host's socket above all: its end must be seen when the helper ends */
		if (fd != input && fd != tokens[0] && fd != tokens[1])
			close(fd);
	}
	sigaction(SIGCHLD, &only_ends, NULL);
	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ended, NULL);
	while (read(tokens[0], &token, 1) < 0 && errno == EINTR)
		;
	child = fork();
	if (child == 0)
		become_command(command, input, fingerprint, r);
	if (child > 0)
		keep(child);
	if (write(tokens[1], &token, 1) != 1)
		_exit(1);
	_exit(0);
}

void on_report_run(const char *command, const char *line, size_t bytes, const char *fingerprint, const struct record *r)
{
	int input = make_tokens() ? file_of(line, bytes) : -1;
	pid_t between;

	if (input < 0)
		return;
	/* Twice, so that the keeper leaves no zombie here: the middle process of the host gets it (preload/helper_host.c). */
	between = fork();
	if (between == 0) {
		if (fork() == 0)
			be_keeper(command, input, fingerprint, r);
		_exit(0);
	}
	if (between > 0)
		waitpid(between, NULL, 0);
	close(input);
}
