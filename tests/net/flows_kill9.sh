#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 at any moment, from the first instruction to the middle of the traffic: nothing stays attached, and the next
# run works.
# timeout: 300
# kernels: 6.1 6.12
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"
. "${BASH_SOURCE[0]%/*}/../net/flows_lib.sh"
need_program bpftool

# a guest under emulation takes ten seconds for each
ROUNDS=${ROUNDS:-$((SLOW > 1 ? 8 : 20))}
ns_add load
ns_spawn load sh -c "while '$LOAD' -4 --count 50 udp-sendto tcp-plain >/dev/null 2>&1; do :; done" >/dev/null
noise=$PID

# Odd rounds die while it starts, even ones at work.
RANDOM=2
mkfifo "$TMP/ready"
for ((i = 1; i <= ROUNDS; i++)); do
	"$SKEP" flows --events -o json --ready-fd 9 >/dev/null 2>&1 9<>"$TMP/ready" </dev/null &
	pid=$!
	if ((i % 2 == 0)); then
		read -r -t $((60 * SLOW)) <>"$TMP/ready"
	fi
	sleep "$(printf '0.%03d' $((RANDOM % 300)))"
	# what it holds at the moment of death: it stands still while that is read
	kill -STOP $pid
	bpf_held $pid >"$TMP/held.now"
	kill -KILL $pid
	wait $pid 2>/dev/null
	code=$?
	held=$(wc -l <"$TMP/held.now")
	cat "$TMP/held.now" >>"$TMP/held"
	tap_ok "round $i: killed, holding $held programs, maps and links" \
		test $code -eq 137 -a \( $((i % 2)) -eq 1 -o "$held" -gt 10 \)
done
tap_ok "nothing of them is left" wait_for -t 20 bpf_gone "$TMP/held"
tap_is "no pins" "$(find /sys/fs/bpf/skep -name '*flow*' 2>/dev/null)" ""
end_process $noise

flows_start next
tap_ok "the load plays to its end" load next --count 100 tcp-plain udp-sendto
flows_stop next
tap_is "the next run ends well" $? 0
tap_is "the next run is right" "$(flows_differ "$TMP/next.truth" "$TMP/next.json")" ""
