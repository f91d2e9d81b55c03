#!/bin/bash
# SPDX-License-Identifier: MIT
#
# npm-deps.sh - validators from the npm registry, for tests only.
#
#	tools/npm-deps.sh missing    status 1 when they are not there as tools/npm/package-lock.json wants them
#	tools/npm-deps.sh install    fetches them into build/npm, each checked against the hash in the lock file
#
# `make deps` calls this. Versions are pinned in tools/npm/; nothing is installed outside of build/, no script of a package runs.
# Without npm or network nothing breaks: `install` says so in one line and ends with 0, the tests say `not run`, and the next
# `make deps` tries again. What could not be fetched is not asked for again by `make check` within the hour.

set -u
cd "$(dirname "$0")/.." || exit 1
dir=${B:-build}/npm

# The copy of the lock file is written last: with it, everything is there.
missing()
{
	! cmp -s tools/npm/package-lock.json "$dir/package-lock.json.done"
}

failed_lately()
{
	[ -n "$(find "$dir/failed" -mmin -60 2>/dev/null)" ]
}

give_up()
{
	mkdir -p "$dir" && touch "$dir/failed"
	echo "librace: $1; tests that validate with packages from npm will say \`not run\`. Later: make deps" >&2
	exit 0
}

install()
{
	missing || return 0
	command -v npm >/dev/null || give_up "npm is not installed"
	mkdir -p "$dir" || exit 1
	cp tools/npm/package.json tools/npm/package-lock.json "$dir/" || exit 1
	echo "librace: fetching test tools with npm into $dir"
	if ! timeout 300 npm --prefix "$dir" ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=60000 \
		--loglevel=error >"$dir/log" 2>&1; then
		sed 's/^/  /' "$dir/log" | tail -n 3 >&2
		give_up "npm could not fetch the test tools"
	fi
	# packages of single programs come without the bit
	chmod +x "$dir"/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool 2>/dev/null
	rm -f "$dir/failed"
	cp "$dir/package-lock.json" "$dir/package-lock.json.done"
}

case ${1:-} in
missing)
	if missing && ! failed_lately; then
		echo "librace: the test tools from npm are not in $dir; \`make deps\` fetches them" >&2
		exit 1
	fi
	;;
install) install ;;
*)
	sed -n 's/^#\t//p' "$0" >&2
	exit 2
	;;
esac
