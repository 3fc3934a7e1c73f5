# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For tests of skep flows: start and stop it beside the load generator (LOAD), and compare. Source it
# after lib.sh. The load plays in the namespace "load", which has nothing but a loopback.

need_root
need_program jq ip ss

LOAD=${LOAD:-${SKEP%/src/skep}/tests/load/load} # of the same tree
if [ ! -x "$LOAD" ]; then
	tap_skip_all "load generator ($LOAD)"
fi

# flows_start NAME OPTION...: returns when everything is attached. Output in $TMP/NAME.json and
# NAME.err, its process in FLOWS[NAME].
declare -A FLOWS
flows_start()
{
	local name=$1 line
	shift
	mkfifo "$TMP/$name.ready"
	"$SKEP" flows -o json --ready-fd 9 "$@" >"$TMP/$name.json" 2>"$TMP/$name.err" 9>"$TMP/$name.ready" </dev/null &
	FLOWS[$name]=$!
	at_exit end_process "${FLOWS[$name]}"
	if ! read -r -t $((60 * SLOW)) line <"$TMP/$name.ready"; then
		tap_fail "skep flows $* starts${line:+ ($line)}" "$(cat "$TMP/$name.err")"
		exit 1
	fi
	rm "$TMP/$name.ready"
}

# flows_stop NAME: as Ctrl-C does; returns skep's exit code.
flows_stop()
{
	kill -INT "${FLOWS[$1]}" && wait "${FLOWS[$1]}"
}

# load NAME OPTION...: the truth goes to $TMP/NAME.truth. In the namespace "load".
load()
{
	local name=$1
	shift
	ns load "$LOAD" "$@" >"$TMP/$name.truth"
}

# flows_differ TRUTH SEEN [ALL]: what skep said that is not so, one line each; nothing if all is right.
flows_differ()
{
	jq -rn --slurpfile truth "$1" --slurpfile seen "$2" --slurpfile all "${3:-$1}" -f "$TOP/tests/net/flows.jq" ||
		echo "the comparison itself failed"
}

# flows_lost SEEN: as its last line says.
flows_lost()
{
	tail -n 1 "$1" | jq -r 'if .type == "summary" then .lost else "no summary" end'
}

# bpf_held PID: the BPF objects that a process has open, as "prog 12", "map 7", "link 3".
bpf_held()
{
	cat "/proc/$1"/fdinfo/* 2>/dev/null | sed -n 's/^\(prog\|map\|link\)_id:[[:space:]]*/\1 /p' | sort -u
}

# bpf_gone FILE: none of the objects that it lists is left. The kernel frees them a moment later: for wait_for.
bpf_gone()
(
	set -o pipefail
	for kind in prog map link; do
		bpftool -j $kind show | jq -r --arg kind $kind '.[] | "\($kind) \(.id)"' || exit
	done | sort | comm -12 - <(sort -u "$1") | {
		! grep .
	}
)
