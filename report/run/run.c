/* SPDX-License-Identifier: MIT */
/*
 * run.c - `race run`: one word in front of a command.
 *
 * Order     options and configuration, baseline (it may lie in the directory of the last run), directory, run.json, command as
 *           often as asked, records, run.json with the command's
 *           end, verdict, run.json with it, formats, telling.
 * Status    the command's own whenever it is not 0, whatever else goes wrong; then 2 when something of ours did, 66, 3, 0.
 */
#include "run.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../preload/sys/fmt.h"
#include "../util/console.h"
#include "../verbs.h"

#define RUNS_MAX 100000
#define UNTIL_RACE_MAX 1000 /* docs/race-run.md says so */
#define NOTHING_CHECKED 3

enum { OPTION_REPEAT = 1, OPTION_UNTIL_RACE, OPTION_QUIET, OPTION_ALL };

struct run {
	struct config config;
	struct baseline baseline;
	struct run_dir dir;
	struct run_environment environment;
	struct run_state state;
	struct run_end end;           /* of the run that decided the status, else of the last one */
	struct run_telling telling;
	int repeat, until_race;
};

/* ---- the runs ---------------------------------------------------------------------------------------------------------- */

/* Has this run brought a finding that is new? Only what it has left is read. */
static int found_one(struct run *r, struct run_seen **seen)
{
	char **names;
	size_t n = run_dir_fresh(&r->dir, seen, &names);
	struct findings set;
	int found = 0;

	if (n && findings_load(&set, "run", (int)n, names) == 0) {
		for (size_t i = 0; i < set.ngroups; i++)
			found |= gate_is_new(&set.groups[i], &r->baseline);
		findings_free(&set);
	}
	while (n)
		free(names[--n]);
	free(names);
	return found;
}

static void run_all(struct run *r)
{
	struct run_seen *seen = NULL;
	int most = r->repeat ? r->repeat : r->until_race ? UNTIL_RACE_MAX : 1, status = 0;

	run_signals_begin();
	while (r->state.runs < most) {
		struct run_end end;

		if (most > 1 && console_progress_wanted())
			fprintf(stderr, "race run: run %d of %s%d\n", r->state.runs + 1, r->until_race ? "at most " : "", most);
		run_command(r->state.command, r->environment.envp, &end);
		r->state.runs++;
		if (!status) {
			status = end.status;
			r->end = end;
		}
		run_dir_settle(&r->dir);
		if (end.not_started || end.interrupted || (r->until_race && found_one(r, &seen)))
			break;
	}
	run_signals_end();
	run_seen_free(seen);
	r->state.status = status;
}

/* A descriptor below 3 that was closed at start stays closed for the command, but no file of ours may come to lie there and get what
 * is meant for the terminal. */
static void hold_streams(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0 && fd <= STDERR_FILENO)
		;
	if (fd >= 0)
		close(fd);
}

/* ---- before and after --------------------------------------------------------------------------------------------------- */

static int prepare(struct run *r)
{
	int status = baseline_load(&r->baseline, "run", r->config.baseline);

	if (!status)
		status = run_dir_open(&r->dir, r->config.set[SETTING_OUTPUT].text);
	if (!status)
		status = run_formats_check(&r->config);
	if (!status)
		status = run_environment_make(&r->environment, &r->config, r->dir.path);
	if (!status)
		status = run_json_write(&r->dir, &r->config, &r->state, NULL);
	if (!status)
		status = run_dir_clear(&r->dir);
	return status;
}

/* What this command adds to the status of the one it ran. */
static int judge(struct run *r)
{
	struct findings set;
	struct verdict v;
	char *name = (char *)r->dir.shown;
	int status = run_json_write(&r->dir, &r->config, &r->state, NULL), load;

	console_progress("race run: reading the records in %s", r->dir.shown);
	load = findings_load(&set, "run", 1, &name);
	console_progress_end();
	if (load) {
		run_tell_end(&r->config, &r->state, &r->end);
		return 2;
	}
	gate_judge(&set, &r->config, &r->baseline, &v);
	set.gate = gate_outcome(&r->config, &v);
	if (!status)
		status = run_json_write(&r->dir, &r->config, &r->state, &set.gate);
	if (run_formats_write(&r->config, &set) | run_dir_lost(&r->dir) | (set.lost > 0))
		status = 2;
	run_tell(&r->config, &r->telling, &r->dir, &set, &r->baseline, &v, &r->state, &r->end);
	findings_free(&set);
	if (status)
		return status;
	if (v.above && !r->config.warn_only)
		return GATE_FAILED;
	return v.unchecked ? NOTHING_CHECKED : 0;
}

static int run(struct run *r)
{
	int status;

	hold_streams();
	status = prepare(r);
	if (!status) {
		run_all(r);
		/* nobody reads what is told (`2>&1 | head`): that must not cost the status */
		signal(SIGPIPE, SIG_IGN);
		status = judge(r);
		if (r->state.status)
			status = r->state.status;
	}
	run_environment_free(&r->environment);
	run_dir_close(&r->dir);
	baseline_free(&r->baseline);
	return status;
}

static int take_repeat(struct run *r, const char *value)
{
	uint64_t number;

	if (!parse_u64(value, strlen(value), 1, RUNS_MAX, &number)) {
		console_complain("run", "--repeat \"%s\": allowed is a number from 1 to %d", value, RUNS_MAX);
		return -1;
	}
	r->repeat = (int)number;
	return 1;
}

static int take(struct run *r, int option, const char *value)
{
	switch (option) {
	case OPTION_REPEAT:
		return take_repeat(r, value);
	case OPTION_UNTIL_RACE:
		r->until_race = 1;
		return 1;
	case OPTION_QUIET:
		if (value && strcmp(value, "pass") != 0) {
			console_complain("run", "--quiet=\"%s\": allowed is --quiet or --quiet=pass", value);
			return -1;
		}
		r->telling.quiet = value ? 2 : 1;
		return 1;
	case OPTION_ALL:
		r->telling.all = 1;
		return 1;
	}
	return config_option(&r->config, option, value);
}

int run_main(int argc, char **argv)
{
	static const struct option table[] = { CONFIG_GATE_OPTIONS,
					       CONFIG_RUN_OPTIONS,
					       { "repeat", required_argument, NULL, OPTION_REPEAT },
					       { "until-race", no_argument, NULL, OPTION_UNTIL_RACE },
					       { "quiet", optional_argument, NULL, OPTION_QUIET },
					       { "all", no_argument, NULL, OPTION_ALL },
					       { NULL, 0, NULL, 0 } };
	struct console_options o = { .verb = "run", .table = table, .command = 1 };
	struct run r = { .dir.fd = -1 };
	int option, status;

	config_begin(&r.config, "run");
	console_options_begin(&o, argc, argv);
	while ((option = console_option(&o)) >= 0) {
		if (take(&r, option, optarg) < 0)
			break;
	}
	if (option != CONSOLE_END) {
		status = option >= 0 ? 2 : console_options_status(option);
	} else if (o.argc == 0) {
		status = console_complain("run", "no command is given; `race run [OPTION...] -- CMD ARGS` wants one");
	} else if ((status = config_load(&r.config)) == 0) {
		r.state.command = o.argv;
		r.state.status = -1;
		run_time(r.state.started, sizeof(r.state.started));
		status = run(&r);
	}
	free(o.copy);
	config_free(&r.config);
	return status;
}
