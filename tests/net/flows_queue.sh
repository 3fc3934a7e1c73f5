#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Connections that meet accept in an unusual state: reset while they waited for it; established before skep came, with a
# cookie (`ss -e` gives one); accepted and never used. None leaves anything behind, in no table and no counter, and
# io_uring's accepts are seen afterwards.
# timeout: 120
# kernels: 6.1 6.12
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"
. "${BASH_SOURCE[0]%/*}/../net/flows_lib.sh"
need_program python3 bpftool

# Takes COUNT connections into the queue, and accepts them once told to. One line is said at each step.
cat >"$TMP/server.py" <<'PY'
import socket, struct, sys
reset, port = sys.argv[1] == "reset", int(sys.argv[2])
listener = socket.create_server(("127.0.0.1", port), backlog=200)
clients = [socket.create_connection(("127.0.0.1", port)) for i in range(50)]
if reset:
    for c in clients:
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        c.close()
print("queued", flush=True)
sys.stdin.readline()
accepted = [listener.accept()[0] for i in range(50)]
print("accepted", flush=True)
sys.stdin.readline()
for s in accepted + clients:
    s.close()
print("closed", flush=True)
sys.stdin.readline()
PY

# map_of FLOWS NAME: the id of skep's map of this name
map_of()
{
	local kind id
	bpf_held "$1" | while read -r kind id; do
		if [ "$kind" = map ] && bpftool -j map show id "$id" | jq -e --arg name "$2" '.name | endswith($name)' >/dev/null; then
			echo "$id"
		fi
	done
}

# accepted_entries NAME: of that server
accepted_entries()
{
	bpftool -j map dump id "$(map_of "${FLOWS[sums]}" accepted)" |
		jq --argjson pid "${SERVER[$1]}" '[.[] | select(.formatted.value.pid == $pid)] | length'
}

# row OUTPUT PID FIELDS: of the process's inbound flow
row()
{
	jq -r --argjson pid "$2" 'select(.type == "flow" and .pid == $pid and .direction == "in") | "\(.local_port) \(.count) \(.open) \(.errors)"' "$1"
}

declare -A SERVER
server()
{
	mkfifo "$TMP/$1.in"
	nsenter --net="/run/netns/$(ns_name load)" python3 "$TMP/server.py" "$1" "$2" <"$TMP/$1.in" >"$TMP/$1.out" &
	SERVER[$1]=$!
	at_exit end_process $!
}

ns_add load
server stranger 6001
exec 7>"$TMP/stranger.in"
wait_for file_has "$TMP/stranger.out" queued
ns load ss -Hte >/dev/null
flows_start sums --interval 300ms
flows_start events --events
server reset 6002
exec 8>"$TMP/reset.in"
wait_for file_has "$TMP/reset.out" queued

echo >&7
wait_for file_has "$TMP/stranger.out" accepted
echo >&8
wait_for file_has "$TMP/reset.out" accepted
tap_is "the accepts that were reset before leave no entry" "$(accepted_entries stranger) $(accepted_entries reset)" "50 0"
echo >&7
wait_for file_has "$TMP/stranger.out" closed
tap_is "nor do those from before skep, once they are closed" "$(accepted_entries stranger)" 0

# The server of this plan accepts by io_uring: on a kernel without function hooks only its first read shows it.
tap_ok "the load plays to its end" load sums -4 --count 50 tcp-uring
server idle 6003
exec 6>"$TMP/idle.in"
wait_for file_has "$TMP/idle.out" queued
echo >&6
wait_for file_has "$TMP/idle.out" accepted
entries_gone()
{
	[ "$(accepted_entries idle)" = 0 ]
}
tap_ok "open connections move out of the table" wait_for entries_gone
flows_stop sums
tap_is "skep flows ends well" $? 0
flows_stop events
tap_is "skep flows --events ends well" $? 0

tap_is "reset before accept: counted once, not open" "$(row "$TMP/sums.json" "${SERVER[reset]}")" "6002 50 0 0"
tap_is "established before skep: counted once, closed" "$(row "$TMP/sums.json" "${SERVER[stranger]}")" "6001 50 0 0"
tap_is "accepted and idle: open" "$(row "$TMP/sums.json" "${SERVER[idle]}")" "6003 50 50 0"
tap_is "events: each accept of a connection that was reset has its close" "$(jq -rs --argjson pid "${SERVER[reset]}" '
	[.[] | select(.pid == $pid and .direction == "in")] | group_by(.event) | map("\(.[0].event) \(length) \(.[0].error // "")") | .[]' \
	"$TMP/events.json")" "accept 50 
close 50 ECONNRESET"
if jq -e 'select(.type == "skipped")' "$TMP/sums.truth" >/dev/null; then
	tap_skip "io_uring's accepts are still seen" "$(jq -r 'select(.type == "skipped") | .missing' "$TMP/sums.truth" | sort -u)"
else
	tap_is "io_uring's accepts are still seen" "$(flows_differ "$TMP/sums.truth" "$TMP/sums.json")" ""
fi
