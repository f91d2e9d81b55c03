# SPDX-License-Identifier: MIT
#
# lib.sh - what the shell tests share. Source it from tests/GROUP/check, which runs in the root of the repository:
#
#	. "$(dirname "$0")/../lib.sh"
#	run_preloaded stats=1 build/examples/x		# $status, $tmp/out, $tmp/err
#	expect name_of_test [ "$status" -eq 66 ]	# ok / not ok
#
# Prints `ok NAME`, `not ok NAME: reason`, `not run NAME: reason`; finish sets the group's status.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
B=${B:-build}
librace=$root/$B/librace.so
[[ $B == /* ]] && librace=$B/librace.so
export LC_ALL=C.UTF-8
unset RACE_OPTIONS LD_PRELOAD DEBUGINFOD_URLS

tmp=$(mktemp -d "${TMPDIR:-/tmp}/rt.XXXXXX") || exit 1
tests_failed=0
cleanups=()

# Commands to run at the end, the last one first. Servers are stopped here, by their process id.
at_end()
{
	cleanups+=("$*")
}

lib_cleanup()
{
	local i

	for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do
		eval "${cleanups[i]}"
	done
	rm -rf "$tmp"
}
trap lib_cleanup EXIT

ok()
{
	echo "ok $1"
}

not_ok()
{
	tests_failed=$((tests_failed + 1))
	echo "not ok $1: ${*:2}"
}

not_run()
{
	echo "not run $1: ${*:2}"
}

# expect NAME COMMAND ...: the test passes when the command succeeds.
expect()
{
	local name=$1

	shift
	if "$@"; then
		ok "$name"
	else
		not_ok "$name" "$*"
	fi
}

# run_preloaded OPTIONS COMMAND ...: status in $status, output in $tmp/out and $tmp/err.
run_preloaded()
{
	local options=$1

	shift
	env LD_PRELOAD="$librace" RACE_OPTIONS="$options" timeout 60 "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
}

# librace_text FILE: does the file hold text that only librace writes?
librace_text()
{
	grep -qE -e '^={18}$|WARNING: (DATA RACE|USE OF DEAD MAP|STALE ITERATOR|CHECK THEN ACT)' \
		-e '^Found [0-9]+ (data race|misuse)|^librace: |librace\.so' "$1"
}

# wait_until SECONDS COMMAND ...: polls until the command succeeds; 1 when the time is over.
wait_until()
{
	local deadline=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		if [ "$SECONDS" -ge "$deadline" ]; then
			return 1
		fi
		sleep 0.05
	done
}

# stop PID: ends a server that this script started and waits for it. Status in $status.
stop()
{
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	status=$?
}

finish()
{
	exit $((tests_failed > 0))
}
