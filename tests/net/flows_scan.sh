#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# skep flows --scan: who tries many ports of a host, or one port of many hosts, is marked; who does not is not.
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"
. "${BASH_SOURCE[0]%/*}/../net/flows_lib.sh"
need_program python3

ns_add load
flows_start scan --scan --scan-window 60s
# connect to each ADDRESS:PORT, quickly; nobody listens
try()
{
	ns load python3 - "$@" <<-'PY'
	import socket, sys
	print(__import__('os').getpid())
	for target in sys.argv[1:]:
	    host, port = target.split(':')
	    s = socket.socket()
	    s.settimeout(1)
	    try:
	        s.connect((host, int(port)))
	    except OSError:
	        pass
	    s.close()
	PY
}
mapfile -t ports < <(seq -f '127.0.0.1:%g' 1 40)
mapfile -t hosts < <(seq -f '127.0.0.%g:22' 1 30)
mapfile -t few < <(seq -f '127.0.0.1:%g' 1 19)
vertical=$(try "${ports[@]}")
horizontal=$(try "${hosts[@]}")
innocent=$(try "${few[@]}")
flows_stop scan
tap_is "ends well" $? 0
marks()
{
	jq -r --argjson pid "$1" 'select(.type == "flow" and .pid == $pid) | .scan' "$TMP/scan.json" | sort | uniq -c | sed 's/^ *//'
}
tap_is "many ports of one host" "$(marks "$vertical")" "40 40 ports of this host"
tap_is "one port of many hosts" "$(marks "$horizontal")" "30 30 hosts, this port"
tap_is "nineteen ports are no scan" "$(marks "$innocent")" "19 null"
