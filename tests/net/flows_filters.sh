#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each filter of skep flows lets through exactly the flows that it names, with their full counts. All watch one load.
# timeout: 180
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"
. "${BASH_SOURCE[0]%/*}/../net/flows_lib.sh"
need_program setpriv python3

ns_add load
chmod 711 "$TMP"
cp "$LOAD" "$TMP/load"

# The load says its first two processes, the server and the client of tcp-plain over IPv4, and waits at its gate.
mkfifo "$TMP/gate"
ns load "$TMP/load" --gate --count 40 tcp-plain udp-query tcp-reset <"$TMP/gate" >"$TMP/root.truth" 2>"$TMP/root.err" &
load_pid=$!
at_exit end_process $load_pid
exec 8>"$TMP/gate"
wait_for file_has "$TMP/root.err" '^load: [0-9]+ [0-9]+$'
read -r _ server client <"$TMP/root.err"

# NAME | what jq lets through of the truth | options
cases=(
	"everything|true|"
	"a process|.pid == $server|--pid $server"
	"two processes|.pid == $server or .pid == $client|--pid $server,$client"
	"a pid as target|.pid == $client|pid:$client"
	"name of a process|.direction == \"out\" and .proto == \"tcp\"|--comm load-client"
	"name by pattern|.proto == \"udp\"|--comm load-[rs]e[cn]*er"
	"user root|.user == \"root\"|--user root"
	"user by number|.user == \"nobody\"|--user 65534"
	"port|(.remote_port // .local_port) == 20000|--port 20000"
	"ports and ranges|(.remote_port // .local_port) | . == 20000 or (. >= 20010 and . <= 20020)|--port 20000,20010-20020"
	"IPv4 prefix|.ip_version == 4|--address 127.0.0.0/8"
	"IPv6 address|.ip_version == 6|--address ::1"
	"IP version 4|.ip_version == 4|--ip 4"
	"IP version 6|.ip_version == 6|--ip 6"
	"TCP|.proto == \"tcp\"|--proto tcp"
	"UDP inbound|.proto == \"udp\" and .direction == \"in\"|--proto udp --direction in"
	"outbound|.direction == \"out\"|--direction out"
	"--where on numbers|.bytes > 20000|--where bytes>20000"
	"--where on text|.proto == \"tcp\" and .user == \"nobody\"|--where proto==tcp&&user==nobody"
)
for i in "${!cases[@]}"; do
	options=${cases[i]##*|}
	# shellcheck disable=SC2086 # several options
	flows_start "case$i" $options
done

# Let it go: one line for each pair of processes; then the same as another user.
yes '' | head -n 100 >&8
exec 8>&-
wait $load_pid
tap_is "the load plays to its end" $? 0
tap_ok "the load plays as nobody" sh -c "nsenter --net=/run/netns/$(ns_name load) setpriv --reuid 65534 --regid 65534 --clear-groups \
	'$TMP/load' --port 21000 --count 40 tcp-plain udp-query >'$TMP/nobody.truth'"

jq -c '.user = "root"' "$TMP/root.truth" >"$TMP/all.truth"
jq -c '.user = "nobody"' "$TMP/nobody.truth" >>"$TMP/all.truth"
for i in "${!cases[@]}"; do
	name=${cases[i]%%|*} options=${cases[i]##*|}
	predicate=${cases[i]#*|}
	predicate=${predicate%|*}
	if ! flows_stop "case$i"; then
		tap_fail "$name ($options)" "$(cat "$TMP/case$i.err")"
		continue
	fi
	jq -c "select(.type == \"flow\") | select($predicate)" "$TMP/all.truth" >"$TMP/case$i.truth"
	if [ ! -s "$TMP/case$i.truth" ]; then
		tap_fail "$name ($options)" "the truth has no such flow: the test proves nothing"
		continue
	fi
	tap_is "$name ($options): $(wc -l <"$TMP/case$i.truth") flows" \
		"$(flows_differ "$TMP/case$i.truth" "$TMP/case$i.json" "$TMP/all.truth")" ""
done
# shellcheck disable=SC2016 # jq's own variables
tap_is "users are named" "$(jq -rn --slurpfile truth "$TMP/all.truth" --slurpfile seen "$TMP/case0.json" '
	($truth | map(select(.type == "flow") | { key: (.pid | tostring), value: .user }) | from_entries) as $users
	| $seen[] | select(.type == "flow" and $users[.pid | tostring]) | select(.user != $users[.pid | tostring]) | tostring' || echo failed)" ""

# Who did not ask for the sender: the local address tells the version.
flows_start ask4 --ip 4 --port 22000
flows_start ask6 --ip 6 --port 22000
ns load python3 - <<-'PY'
	import socket
	for family, host in (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"):
	    receiver = socket.socket(family, socket.SOCK_DGRAM)
	    receiver.bind((host, 22000))
	    socket.socket(family, socket.SOCK_DGRAM).sendto(b"x", (host, 22000))
	    receiver.recv(1)
PY
for version in 4 6; do
	flows_stop ask$version
	tap_is "receives of unknown senders by version $version" "$(jq -r 'select(.type == "flow") | "\(.direction) \(.ip_version)"' \
		"$TMP/ask$version.json" | sort)" "in $version
out $version"
done
