#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# skep flows beside a load of 20,000 TCP connections and 100,000 UDP datagrams, half IPv4, half IPv6, in every way of
# connecting, accepting, sending and receiving: COUNT and BYTES of every flow are what the generator counted itself.
# timeout: 600
# kernels: 6.1 6.12
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"
. "${BASH_SOURCE[0]%/*}/../net/flows_lib.sh"

CONNECTIONS=${CONNECTIONS:-20000}
DATAGRAMS=${DATAGRAMS:-100000}

# Of the namespace in which it runs: what the kernel itself counted.
# shellcheck disable=SC2016 # awk's own variables
counters()
{
	ns load awk '
		/^Tcp:/ { if (tcp) print "connections", $7; tcp = 1 }
		/^Udp:/ { if (udp) datagrams += $2; udp = 1 }
		/^Udp6InDatagrams/ { datagrams += $2 }
		END { print "datagrams", datagrams }' /proc/net/snmp /proc/net/snmp6
}

ns_add load
flows_start sums
flows_start events --events --columns event,pid,direction,proto
start=$(date +%s%N)
tap_ok "the load plays to its end" load sums --tcp "$CONNECTIONS" --udp "$DATAGRAMS" truth
took=$((($(date +%s%N) - start) / 1000000))
flows_stop sums
tap_is "skep flows ends well" $? 0
flows_stop events
tap_is "skep flows --events ends well" $? 0

truth=$TMP/sums.truth sums=$TMP/sums.json events=$TMP/events.json
tap_is "the load is as large as asked for" \
	"$(jq -r 'select(.type == "summary") | "\(.connections) \(.datagrams)"' "$truth")" "$CONNECTIONS $DATAGRAMS"
tap_is "the kernel's own counters agree with the generator" "$(counters)" "connections $CONNECTIONS
datagrams $DATAGRAMS"
if skipped=$(jq -r 'select(.type == "skipped") | .missing' "$truth" | sort -u) && [ -n "$skipped" ]; then
	tap_skip "the plans that need it" "$skipped"
fi

lost=$(flows_lost "$sums")
differences=$(flows_differ "$truth" "$sums")
if [ "$lost" = 0 ]; then
	tap_is "every flow: one row, count, bytes, errors and addresses as in truth" "$(head -n 20 <<<"$differences")" ""
else
	# shellcheck disable=SC2016 # jq's own variables
	tap_is "what was lost is said: seen and lost make the truth" "$(jq -rn --argjson lost "$lost" \
		--slurpfile truth "$truth" --slurpfile seen "$sums" \
		'($truth | map(select(.type == "flow") | .pid) | unique) as $pids
		| ([$seen[] | select(.type == "flow" and (.pid | IN($pids[]))) | .count] | add) + $lost')" \
		"$(jq -s 'map(select(.type == "flow").count) | add' "$truth")"
fi
tap_note "$(jq -rs 'map(select(.type == "flow")) | "\(length) flows, \(map(.count) | add) calls"' "$truth"), $lost lost, $(grep -c . <<<"$differences") differences, load took $took ms"

# Each call of each process; so both processes of each accepted connection, too. Line by line: there are many.
jq -r 'select(.type == "flow") | "\(.pid) \(.direction) \(.proto) \(.count)"' "$truth" |
	awk '{ calls[$1 " " $2 " " $3] += $4 } END { for (key in calls) print key, calls[key] }' | sort >"$TMP/calls"
jq -r 'select(.event | IN("connect", "accept", "send", "recv")) | "\(.pid) \(.direction) \(.proto)"' "$events" |
	awk 'NR == FNR { ours[$1] = 1; next } ours[$1] { calls[$0]++ } END { for (key in calls) print key, calls[key] }' \
		"$TMP/calls" - | sort >"$TMP/seen"
lost=$(tail -n 1 "$events" | jq -r .lost)
if [ "$lost" = 0 ]; then
	tap_ok "events: each process's connects, accepts, sends and receives, one by one" diff "$TMP/calls" "$TMP/seen"
else
	sum()
	{
		awk '{ sum += $4 } END { print sum + 0 }' "$1"
	}
	# what is lost may also be a close
	closes=$(jq -r 'select(.event == "close") | .event' "$events" | wc -l)
	tap_is "events: what was lost is said: seen and lost make the truth" \
		"$(($(sum "$TMP/seen") + closes + lost))" "$(($(sum "$TMP/calls") + 2 * CONNECTIONS))"
fi
tap_note "events: $(wc -l <"$events") records, $lost lost"
