#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 at any moment, from the first instruction to the middle of the traffic: nothing stays attached, and the next
# run works.
# timeout: 300
# kernels: 6.1 6.12
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"
. "${BASH_SOURCE[0]%/*}/../net/flows_lib.sh"
need_program bpftool

ROUNDS=${ROUNDS:-20}
ns_add load
spawn ns load sh -c "while '$LOAD' -4 --count 50 udp-sendto tcp-plain >/dev/null 2>&1; do :; done"
noise=$PID

# A start lasts some 100 ms; the moments spread over twice that, those of odd rounds over more.
RANDOM=2
held_in_all=0
for ((i = 1; i <= ROUNDS; i++)); do
	"$SKEP" flows --events -o json >/dev/null 2>&1 </dev/null &
	pid=$!
	sleep "$(printf '0.%03d' $((RANDOM % (i % 2 ? 250 : 900))))"
	# what it holds at the moment of death: it stands still while that is read
	kill -STOP $pid
	bpf_held $pid >>"$TMP/held"
	kill -KILL $pid
	wait $pid 2>/dev/null
	tap_is "round $i: it was alive until then" $? 137
done
held_in_all=$(wc -l <"$TMP/held")
sort -u "$TMP/held" -o "$TMP/held"
tap_note "$held_in_all programs, maps and links were held at the moments of death"
tap_ok "something was held in most rounds" test "$held_in_all" -gt $((ROUNDS * 5))
gone()
{
	bpf_gone <"$TMP/held"
}
tap_ok "nothing of them is left" wait_for -t 20 gone
tap_is "no pins" "$(find /sys/fs/bpf/skep -name '*flow*' 2>/dev/null)" ""
end_process $noise

flows_start next
tap_ok "the load plays to its end" load next --count 100 tcp-plain udp-sendto
flows_stop next
tap_is "the next run ends well" $? 0
tap_is "the next run is right" "$(flows_differ "$TMP/next.truth" "$TMP/next.json")" ""
