#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Calls that fail stand apart from those that succeed, with the reason: refused, no route, no answer, and the ICMP error
# that a connected UDP socket gets.
# timeout: 120
# kernels: 6.1 6.12
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"
. "${BASH_SOURCE[0]%/*}/../net/flows_lib.sh"

need_program python3
ns_add load
flows_start sums
flows_start events --events
tap_ok "the load plays to its end" load sums errors
flows_stop sums
tap_is "skep flows ends well" $? 0
flows_stop events
tap_is "skep flows --events ends well" $? 0
tap_is "every flow: errors apart, the last one by name" "$(flows_differ "$TMP/sums.truth" "$TMP/sums.json")" ""
tap_is "nothing lost" "$(flows_lost "$TMP/sums.json")" 0

# shellcheck disable=SC2016 # jq's own variables
tap_is "events: each failed connect with its reason" "$(jq -rn --slurpfile truth "$TMP/sums.truth" --slurpfile seen "$TMP/events.json" '
	($truth | map(select(.type == "flow" and .proto == "tcp")) | map({ pid, error, errors })) as $want
	| ([$seen[] | select(.event == "connect-failed" and (.pid | IN($want[].pid)))]
		| group_by([.pid, .error]) | map({ pid: .[0].pid, error: .[0].error, errors: length })) as $got
	| ($want - $got) + ($got - $want) | .[] | tostring' || echo failed)" ""

# Closed before an answer came: also when the connect was begun by a send (TCP Fast Open), not by connect().
ip -n "$(ns_name load)" link add gone type veth peer name nobody
ip -n "$(ns_name load)" address add 10.99.0.1/24 dev gone
ip -n "$(ns_name load)" link set gone up
ip -n "$(ns_name load)" link set nobody up
flows_start gave-up --address 10.99.0.2
ns load python3 - <<-'PY'
	import socket
	for begin in lambda s: s.connect_ex(("10.99.0.2", 80)), lambda s: s.sendto(b"x", socket.MSG_FASTOPEN, ("10.99.0.2", 80)):
	    with socket.socket() as s:
	        s.setblocking(False)
	        try:
	            begin(s)
	        except BlockingIOError:
	            pass
PY
flows_stop gave-up
tap_is "connects that were given up, by connect and by send" \
	"$(jq -r 'select(.type == "flow") | "\(.count) \(.errors) \(.error) \(.pending)"' "$TMP/gave-up.json")" "0 2 ECANCELED 0"
