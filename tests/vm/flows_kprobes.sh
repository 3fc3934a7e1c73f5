#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# With kprobes for UDP, the kernel follows the returns of some ten calls at a time: a receive whose return was missed is
# said to be lost once its thread receives again.
# timeout: 120
# kernels: 6.1
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"
. "${BASH_SOURCE[0]%/*}/../net/flows_lib.sh"
need_program python3

ns_add load
export SKEP_HOOKS=udp=kprobes
flows_start sums --port 5598 --direction in
ns load python3 - <<-'PY'
	import socket, threading, time
	def waits(tid):
	    with open(f"/proc/self/task/{tid}/wchan") as f:
	        return f.read() not in ("", "0")
	def receive(s):
	    s.recvfrom(10)
	    s.recvfrom(10)
	threads = []
	for i in range(64):
	    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	    s.bind((f"127.0.0.{i + 1}", 5598))
	    threads.append(threading.Thread(target=receive, args=(s,)))
	for t in threads:
	    t.start()
	while not all(waits(t.native_id) for t in threads):
	    time.sleep(0.05)
	sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	for i in range(64):
	    for text in b"one", b"two":
	        sender.sendto(text, (f"127.0.0.{i + 1}", 5598))
	for t in threads:
	    t.join()
PY
tap_is "the receivers end well" $? 0
flows_stop sums
tap_is "skep flows ends well" $? 0
tap_is "receives seen and lost make all" \
	"$(jq -s '(map(select(.type == "flow").count) | add) + last.lost' "$TMP/sums.json")" 128
tap_ok "some were lost, and it was said" jq -se 'last.lost > 0' "$TMP/sums.json"
