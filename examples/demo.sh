#!/bin/sh
# SPDX-License-Identifier: MIT
# demo.sh BUILD NAME - runs one racy example under librace and says what was seen. 0 when its race was reported.
build=$1
name=$2
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

LD_PRELOAD=$build/librace.so RACE_OPTIONS= "$build/examples/$name" 2>"$log"
status=$?
cat "$log" >&2
if [ "$status" -eq 66 ] && grep -q '^WARNING: DATA RACE$' "$log"; then
	echo "demo: librace reported the data race of $name, which was compiled without it; exit status 66."
	exit 0
fi
echo "demo: expected a DATA RACE report and exit status 66; got $(grep -c '^WARNING: ' "$log") reports and $status." >&2
exit 1
