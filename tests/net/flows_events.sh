#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# skep flows --events: each call is a record, in order of time, with the thread that made it and what it moved.
# timeout: 120
# kernels: 6.1 6.12
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"
. "${BASH_SOURCE[0]%/*}/../net/flows_lib.sh"

ns_add load
flows_start events --events
tap_ok "the load plays to its end" load all -4 --count 6 tcp-plain tcp-thread udp-query udp-zero
flows_stop events
tap_is "skep flows --events ends well" $? 0
tap_is "nothing lost" "$(flows_lost "$TMP/events.json")" 0

# events EXPRESSION: over the events of the load's processes; $plan gives a process's plan.
events()
{
	jq -rn --slurpfile truth "$TMP/all.truth" --slurpfile seen "$TMP/events.json" '
		($truth | map(select(.type == "flow") | { key: (.pid | tostring), value: .plan }) | from_entries) as $plans
		| $seen | map(select(.pid and $plans[.pid | tostring]) | .plan = $plans[.pid | tostring]) | '"$1" || echo failed
}
of() # PLAN DIRECTION: how often what happened, and how it began
{
	events 'map(select(.plan == "'"$1"'" and .direction == "'"$2"'") | "\(.event) \(.bytes)")
		| (group_by(.) | map("\(length) \(.[0])") | join(", ")) + "; first " + .[0]'
}

tap_is "tcp, outbound: connects, closes with the payload of both ways" "$(of tcp-plain out)" \
	"6 close 864, 6 connect 0; first connect 0"
tap_is "tcp, inbound: accepts, closes with the payload of both ways" "$(of tcp-plain in)" \
	"6 accept 0, 6 close 864; first accept 0"
tap_is "a connection lasts from connect to close" \
	"$(events 'map(select(.plan == "tcp-plain" and .event == "close" and (.duration_ns > 0 | not))) | length')" 0
tap_is "the accepting thread is not the process's first" \
	"$(events 'map(select(.plan == "tcp-thread" and .event == "accept") | .tid != .pid) | unique | tostring')" "[true]"
tap_is "udp: the sender's datagrams, one by one" \
	"$(events 'map(select(.plan == "udp-query" and .event == "send" and .remote_port == 20020) | .bytes) | tostring')" "[64,63,62]"
tap_is "udp: a datagram without payload is a call" \
	"$(events 'map(select(.plan == "udp-zero") | "\(.event) \(.bytes)") | group_by(.) | map("\(.[0]) \(length)") | join(", ")')" "recv 0 6, send 0 6"
tap_is "each process's events are in order of time" \
	"$(events 'group_by(.pid)[] | (map(.time) | . == sort) | select(. | not)')" ""
