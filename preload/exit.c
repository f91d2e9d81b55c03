/* SPDX-License-Identifier: MIT */
/*
 * exit.c - the status with which a process ends.
 *
 * Every ordinary end passes one of three places:
 *   - exit(), return from main and the last thread's pthread_exit run the handlers of exit(). Ours was registered before
 *     the program's and before the loader's own (which runs the destructors of libraries), so that it runs last; it calls
 *     exit() again with the new status, which glibc answers by going on where it was: stdio is flushed, then _exit.
 *   - quick_exit, _exit and _Exit are hooked by name (hooks/process.c) and end here.
 *   - a signal: nothing to do, the status is the signal's.
 * A vfork child runs on its parent's memory until it calls exec or _exit: told by its pid, it is left alone.
 */
#include <stdlib.h>

#include "core.h"
#include "emit.h"
#include "exit.h"
#include "options.h"
#include "record_file.h"
#include "sys/os.h"
#include "trace.h"

void exit_told(int status)
{
	struct finding_counts counts;

	finding_summary();
	finding_counts(&counts);
	record_file_end(status, &counts);
	trace_end(status);
}

int exit_status_for(int status)
{
	if (!load_relaxed(&race_once_ready) || os_pid() != race_process)
		return status;
	if (race_options.atexit_sleep_ms)
		os_sleep_ns((uint64_t)race_options.atexit_sleep_ms * 1000000);
	if (status == 0 && finding_counted() > 0)
		status = (int)race_options.exitcode;
	exit_told(status);
	return status;
}

static void last_handler(int status, void *unused)
{
	int ours;

	(void)unused;
	ours = exit_status_for(status);
	if (ours != status)
		exit(ours);
}

void exit_handlers_install(void)
{
	on_exit(last_handler, NULL);
}
