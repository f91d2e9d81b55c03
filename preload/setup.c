/* SPDX-License-Identifier: MIT */
/*
 * setup.c - how librace comes up, and what it tells at the end.
 *
 * Two steps. process_setup() makes the tables; the first hook that runs calls it, wherever that is. The constructor, usually
 * the first code of the process (-z initfirst), does what needs a working libc or the environment: options, output, real
 * functions that must not be looked up late, libunwind, the thread end key, exit and fork handlers.
 *
 * libc has not set `environ` yet when an initfirst object is constructed: the environment comes from the constructor's
 * arguments. Nor may we dlopen there: the loader would initialise libc on the way, without arguments and environment, and
 * leave it so. libunwind is opened when the program's start routine is called, just before main (process_started).
 */
#include <string.h>
#include <sys/auxv.h>

#include "control.h"
#include "core.h"
#include "emit.h"
#include "engine/compound.h"
#include "exit.h"
#include "fork.h"
#include "host.h"
#include "module.h"
#include "metrics.h"
#include "options.h"
#include "patch/patch.h"
#include "record_file.h"
#include "rules/start.h"
#include "sys/fmt.h"
#include "sys/lock.h"
#include "sys/os.h"
#include "trace.h"

int race_process;
int race_once_ready;

static struct lock setup_lock;

__attribute__((noinline, cold)) void process_setup(void)
{
	if (load_acquire(&race_once_ready)) /* partner: the release below */
		return;
	lock_take(&setup_lock);
	if (!race_once_ready) {
		race_process = os_pid();
		ticks_calibrate();
		options_parse(&race_options, NULL, 0, NULL);
		if (engine_init(0) == 0 && unwind_init() == 0)
			store_release(&race_once_ready, 1);
	}
	lock_drop(&setup_lock);
}

static const char *environment_value(char **envp, const char *name)
{
	size_t n = strlen(name);

	for (; envp && *envp; envp++) {
		if (!strncmp(*envp, name, n) && (*envp)[n] == '=')
			return *envp + n + 1;
	}
	return NULL;
}

extern void free(void *);

__attribute__((constructor)) static void construct(int argc, char **argv, char **envp)
{
	const char *text = environment_value(envp, "RACE_OPTIONS");
	struct race_thread *t;

	process_setup();
	if (!race_once_ready)
		return;
	/* A bad option is told through emit_line, which needs the option log_path: so parse twice, silently first. */
	options_parse(&race_options, text, getauxval(AT_SECURE) != 0, NULL);
	module_start();
	record_file_start(argc, argv, envp);
	emit_start();
	if (text)
		options_parse(&race_options, text, getauxval(AT_SECURE) != 0, emit_line);
	if (race_options.atomicity)
		compound_start();
	hooks_resolve_early();
	helper_locate();
	thread_key_create();
	fork_handlers_install();
	exit_handlers_install();
	t = race_me ? race_me : thread_meet();
	(void)t;
	metrics_start();
	control_start(environment_value(envp, "XDG_RUNTIME_DIR"), getauxval(AT_SECURE) != 0);
	finding_start();
	rules_start();
	patch_start();
	trace_begin();
}

void process_started(void)
{
	if (!race_once_ready)
		return;
	unwind_load_library();
	control_begin();
}
