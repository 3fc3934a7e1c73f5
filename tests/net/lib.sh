# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What every shell test needs: TAP, waiting, namespaces, and a clean end. A test begins with
#
#	#!/usr/bin/env bash
#	# SPDX-License-Identifier: GPL-2.0-or-later
#	# What the test proves.
#	. "${BASH_SOURCE[0]%/*}/../net/lib.sh"
#
# and ends by itself: the plan is printed, and everything that was registered is undone, in an exit trap.
# Header lines that tests/run and tests/vm understand:
#	# timeout: 300		seconds; 60 if not said
#	# needs: host-net	run in the host's network and mounts, not in fresh ones
#	# kernels: 6.1 6.12	run it in these guests too (tests/vm/*.sh: only there)
#
# Set here: TOP (the checkout), SKEP (the binary), TMP (a folder, removed at the end), TEST (the test's name),
# SLOW (how many times slower than a real machine this one is: a guest under emulation sets it).

set -u
TOP=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
TEST=${0##*/}
TEST=${TEST%.sh}
# exported for the test's own children
export TOP TEST SKEP=${SKEP:-$TOP/build/asan/src/skep}
SLOW=${SLOW:-1}
TMP=$(mktemp -d "${TMPDIR:-/tmp}/skep-$TEST.XXXXXX")

_tap_count=0
_tap_failed=0
_tap_planned=
_undo=()

# --- TAP ------------------------------------------------------------------------------------------------------

# tap_plan N: say how many tests there will be. Without it the plan comes last.
tap_plan()
{
	_tap_planned=$1
	echo "1..$1"
}

tap_pass()
{
	_tap_count=$((_tap_count + 1))
	echo "ok $_tap_count - $1"
}

# tap_fail NAME [TEXT]: TEXT is shown below it, line by line.
tap_fail()
{
	_tap_count=$((_tap_count + 1))
	_tap_failed=$((_tap_failed + 1))
	echo "not ok $_tap_count - $1"
	if [ -n "${2-}" ]; then
		tap_note "$2"
	fi
	return 0
}

tap_note()
{
	printf '%s\n' "$1" | sed 's/^/#   /'
}

# tap_skip NAME MISSING: what is missing must be in tests/skips.expected.
tap_skip()
{
	_tap_count=$((_tap_count + 1))
	echo "ok $_tap_count - $1 # SKIP missing $2"
}

# tap_skip_all MISSING: nothing of this test can run here.
tap_skip_all()
{
	_tap_planned=0
	echo "1..0 # SKIP missing $1"
	exit 0
}

# tap_ok NAME CMD...: ok if CMD succeeds; what it printed is shown if it does not.
# CMD runs in a subshell: it can't spawn, register or set variables for the test.
tap_ok()
{
	local name=$1 text rc
	shift
	text=$("$@" 2>&1)
	rc=$?
	if [ $rc -eq 0 ]; then
		tap_pass "$name"
	else
		tap_fail "$name" "exit code $rc of: $*
$text"
	fi
}

# tap_is NAME GOT WANT
tap_is()
{
	if [ "$2" = "$3" ]; then
		tap_pass "$1"
	else
		tap_fail "$1" "got:  $2
want: $3"
	fi
}

# tap_like NAME TEXT REGEX (extended, on the whole text)
tap_like()
{
	if [[ $2 =~ $3 ]]; then
		tap_pass "$1"
	else
		tap_fail "$1" "does not match: $3
$2"
	fi
}

# tap_exit NAME WANTED_CODE CMD...: the exit code is as wanted; leaves OUT and ERR.
tap_exit()
{
	local name=$1 want=$2 rc
	shift 2
	"$@" >"$TMP/out" 2>"$TMP/err" </dev/null
	rc=$?
	OUT=$(cat "$TMP/out")
	ERR=$(cat "$TMP/err")
	if [ $rc -eq "$want" ]; then
		tap_pass "$name"
	else
		tap_fail "$name" "exit code $rc, wanted $want, of: $*
$OUT
$ERR"
	fi
}

# --- the end --------------------------------------------------------------------------------------------------

# at_exit CMD...: run at the end, last registered first. Register right after the thing exists.
at_exit()
{
	_undo+=("$(printf '%q ' "$@")")
}

# shellcheck disable=SC2317 # called by the trap
_finish()
{
	local rc=$? i
	trap - EXIT INT TERM HUP
	for ((i = ${#_undo[@]} - 1; i >= 0; i--)); do
		eval "${_undo[i]}" >/dev/null 2>&1
	done
	rm -rf "$TMP"
	if [ -z "$_tap_planned" ]; then
		echo "1..$_tap_count"
	fi
	if [ $rc -eq 0 ] && [ $_tap_failed -gt 0 ]; then
		rc=1
	fi
	exit $rc
}
trap _finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# --- processes and waiting ------------------------------------------------------------------------------------

# spawn CMD...: start in the background; PID is its process; it is ended at the end.
spawn()
{
	"$@" &
	PID=$!
	at_exit end_process $PID
}

# end_process PID: ask, then insist after 5 s. Only for children of this shell.
end_process()
{
	local i
	kill "$1" 2>/dev/null || return 0
	for ((i = 0; i < 100 * SLOW; i++)); do
		if ! kill -0 "$1" 2>/dev/null; then
			break
		fi
		sleep 0.05
	done
	kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

# wait_for [-t SECONDS] CMD...: until CMD succeeds; 1 if it has not after SECONDS (10) times SLOW.
wait_for()
{
	local seconds=10 end
	if [ "$1" = -t ]; then
		seconds=$2
		shift 2
	fi
	end=$((SECONDS + seconds * SLOW + 1))
	until "$@" >/dev/null 2>&1; do
		if [ $SECONDS -ge $end ]; then
			tap_note "waited $((seconds * SLOW)) s in vain for: $*"
			return 1
		fi
		sleep 0.05
	done
}

# file_has FILE REGEX
file_has()
{
	grep -Eq -- "$2" "$1" 2>/dev/null
}

# --- requirements ---------------------------------------------------------------------------------------------

# need_root, need_program NAME...: skip the whole test where they are missing.
need_root()
{
	if [ "$(id -u)" -ne 0 ]; then
		tap_skip_all root
	fi
}

need_program()
{
	local program
	for program; do
		if ! command -v "$program" >/dev/null; then
			tap_skip_all "$program"
		fi
	done
}

# --- network namespaces ---------------------------------------------------------------------------------------
# They are spoken of by short names (a, b, server); the real name also has the test and its pid in it.

ns_name()
{
	echo "skep-$TEST-$$-$1"
}

# ns_add NAME...: with the loopback up.
ns_add()
{
	local name
	for name; do
		ip netns add "$(ns_name "$name")" || return
		at_exit ip netns del "$(ns_name "$name")"
		ip -n "$(ns_name "$name")" link set lo up || return
	done
}

# ns NAME CMD...: run there. nsenter, because "ip netns exec" hides bpffs and the cgroups behind a new /sys.
ns()
{
	local name=$1
	shift
	nsenter --net="/run/netns/$(ns_name "$name")" "$@"
}

# ns_spawn NAME CMD...: spawn there; PID is CMD's own, as nsenter becomes it.
ns_spawn()
{
	local name=$1
	shift
	spawn nsenter --net="/run/netns/$(ns_name "$name")" "$@"
}

# ns_link A ADDRESSES B ADDRESSES: a veth pair, called to-B in A and to-A in B; addresses with prefix length,
# separated by commas, usable at once (no duplicate address detection).
ns_link()
{
	local a=$1 a_addresses=$2 b=$3 b_addresses=$4
	ip link add "to-$b" netns "$(ns_name "$a")" type veth peer name "to-$a" netns "$(ns_name "$b")" || return
	_ns_up "$a" "to-$b" "$a_addresses" && _ns_up "$b" "to-$a" "$b_addresses"
}

_ns_up()
{
	local address
	for address in ${3//,/ }; do
		case $address in
		*:*) ip -n "$(ns_name "$1")" address add "$address" dev "$2" nodad || return ;;
		*) ip -n "$(ns_name "$1")" address add "$address" dev "$2" || return ;;
		esac
	done
	ip -n "$(ns_name "$1")" link set "$2" up
}

# listening NAME tcp|udp PORT: somebody has the port in namespace NAME ("" = this one). For wait_for.
listening()
{
	local flag=-t
	if [ "$2" = udp ]; then
		flag=-u
	fi
	if [ -n "$1" ]; then
		ns "$1" ss -Hln $flag "sport = :$3" | grep -q .
	else
		ss -Hln $flag "sport = :$3" | grep -q .
	fi
}
