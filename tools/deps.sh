#!/bin/bash
# SPDX-License-Identifier: MIT
#
# deps.sh - the Debian packages that building, the demo and the tests need.
#
#	tools/deps.sh list    [build] [demo] [check] [deb]    one package a line
#	tools/deps.sh missing [build] [demo] [check] [deb]    names what is not installed; status 1 when anything is
#	tools/deps.sh install [build] [demo] [check] [deb]    installs what is missing
#
# Without a group: the first three; `deb` is what make deb needs beside build. `check` also fetches what tests validate with from
# npm: tools/npm-deps.sh. Tests name their own packages in tests/*/packages.txt: one a line, `#` starts a comment, `a | b`
# takes the first one that is installed, else the first that this release has.
#
# Installing never removes a package and never starts a service. Other systems than Debian: `missing` compares by commands and
# headers where dpkg is absent, so that a build with hand-made dependencies is not stopped.

set -u
cd "$(dirname "$0")/.." || exit 1

packages_build="gcc g++ make pkg-config|pkgconf libc6-dev libdw-dev libelf-dev libjansson-dev libyaml-dev uthash-dev"
packages_demo="libglib2.0-dev"
packages_deb="debhelper dpkg-dev fakeroot scdoc"
packages_check="check clang valgrind gdb git python3 scdoc xz-utils binutils libglib2.0-dev uthash-dev libunwind-dev"

usage()
{
	sed -n 's/^#\t//p' "$0" >&2
	exit 2
}

# One alternative group a line.
wanted()
{
	local group

	for group in "$@"; do
		case $group in
		build) tr ' ' '\n' <<<"$packages_build" ;;
		demo) tr ' ' '\n' <<<"$packages_demo" ;;
		deb) tr ' ' '\n' <<<"$packages_deb" ;;
		check)
			tr ' ' '\n' <<<"$packages_check"
			cat tests/*/packages.txt 2>/dev/null
			;;
		*) usage ;;
		esac
	done | sed 's/#.*//; s/[[:space:]]*|[[:space:]]*/|/g; s/^[[:space:]]*//; s/[[:space:]]*$//' | grep . |
		awk '!seen[$0]++'
}

installed()
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Without dpkg only what the build itself touches can be looked for.
present_elsewhere()
{
	case $1 in
	gcc | make | pkg-config | g++ | clang | valgrind | gdb | git | python3 | scdoc) command -v "$1" >/dev/null ;;
	libdw-dev) echo '#include <elfutils/libdwfl.h>' | ${CC:-cc} -E - >/dev/null 2>&1 ;;
	libelf-dev) echo '#include <libelf.h>' | ${CC:-cc} -E - >/dev/null 2>&1 ;;
	libjansson-dev) echo '#include <jansson.h>' | ${CC:-cc} -E - >/dev/null 2>&1 ;;
	libyaml-dev) echo '#include <yaml.h>' | ${CC:-cc} -E - >/dev/null 2>&1 ;;
	uthash-dev) echo '#include <uthash.h>' | ${CC:-cc} -E - >/dev/null 2>&1 ;;
	libglib2.0-dev) pkg-config --exists glib-2.0 ;;
	*) true ;;
	esac
}

have()
{
	local one

	if ! command -v dpkg-query >/dev/null; then
		present_elsewhere "${1%%|*}"
		return
	fi
	for one in ${1//|/ }; do
		installed "$one" && return 0
	done
	return 1
}

# What apt is asked for: the first alternative that it knows.
choose()
{
	local one

	for one in ${1//|/ }; do
		if [ -n "$(apt-cache madison "$one" 2>/dev/null)" ]; then
			echo "$one"
			return
		fi
	done
	echo "${1%%|*}"
}

missing()
{
	local group

	wanted "$@" | while read -r group; do
		have "$group" || echo "$group"
	done
}

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		env "$@"
	else
		sudo env "$@"
	fi
}

policy=/usr/sbin/policy-rc.d
policy_made=
drop_policy()
{
	[ -n "$policy_made" ] && as_root rm -f "$policy"
	policy_made=
}

# A package with a service starts it when it is installed, unless a policy script says no. Ours is there for the moment only.
make_policy()
{
	[ -e "$policy" ] && return
	trap drop_policy EXIT
	trap 'exit 130' INT TERM HUP
	policy_made=1
	printf '#!/bin/sh\nexit 101\n' | as_root sh -c "cat >$policy && chmod 755 $policy"
}

install()
{
	local lacking names=() one

	mapfile -t lacking < <(missing "$@")
	if [ ${#lacking[@]} -eq 0 ]; then
		return 0
	fi
	if ! command -v apt-get >/dev/null; then
		echo "librace: no apt-get here; install by hand what these Debian packages hold: ${lacking[*]}" >&2
		return 1
	fi
	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
		echo "librace: neither root nor sudo; ask for: apt-get install ${lacking[*]//|*/}" >&2
		return 1
	fi
	# Package lists may be old or absent; what is known already may still do when the update fails.
	as_root DEBIAN_FRONTEND=noninteractive apt-get -q update || echo "librace: apt-get update failed; going on" >&2
	for one in "${lacking[@]}"; do
		names+=("$(choose "$one")")
	done
	echo "librace: installing ${names[*]}"
	make_policy
	as_root DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q -y --no-remove --no-install-recommends \
		-o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 install "${names[@]}" || return 1
	drop_policy
	mapfile -t lacking < <(missing "$@")
	if [ ${#lacking[@]} -gt 0 ]; then
		echo "librace: still missing: ${lacking[*]}" >&2
		return 1
	fi
}

verb=${1:-}
[ $# -gt 0 ] && shift
[ $# -eq 0 ] && set -- build demo check
for group in "$@"; do
	case $group in build | demo | check | deb) ;; *) usage ;; esac
done
case $verb in
list) wanted "$@" ;;
missing)
	mapfile -t lacking < <(missing "$@")
	if [ ${#lacking[@]} -gt 0 ]; then
		{
			echo "librace: these Debian packages are missing:"
			printf '  %s\n' "${lacking[@]//|/ or }"
			echo "Type 'make deps', or install them by hand."
		} >&2
		exit 1
	fi
	case " $* " in *" check "*) tools/npm-deps.sh missing || exit 1 ;; esac
	;;
install)
	install "$@" || exit 1
	case " $* " in *" check "*) tools/npm-deps.sh install ;; esac
	;;
*) usage ;;
esac
