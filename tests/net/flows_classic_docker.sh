#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The document's own test, with assertions: an iperf3 server in one docker container, a client in another, and the two
# tables as the document prints them. iperf3 makes two connections: control and data.
# timeout: 120
# needs: host-net
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"
. "${BASH_SOURCE[0]%/*}/../net/docker.sh"
need_program iperf3 ip

docker_start
tap_ok "an image with iperf3" docker_image iperf "$(command -v iperf3)"
tap_ok "test-server" docker_ run -d --name test-server --network none iperf /bin/sleep 1000
tap_ok "test-client" docker_ run -d --name test-client --network none iperf /bin/sleep 1000
tap_ok "a veth between them" docker_link test-server 172.17.0.3/16 test-client 172.17.0.4/16

mkfifo "$TMP/ready"
"$SKEP" flows -o classic --ready-fd 9 >"$TMP/classic" 2>"$TMP/err" 9>"$TMP/ready" </dev/null &
skep=$!
at_exit end_process $skep
tap_ok "skep flows is ready" read -r -t 60 <"$TMP/ready"
tap_ok "the server listens" docker_ exec -d test-server /bin/iperf3 -s -1
listening_inside()
{
	nsenter -t "$(docker_pid test-server)" -n ss -Hlnt 'sport = :5201' | grep -q .
}
tap_ok "the server has its port" wait_for listening_inside
tap_ok "the client plays" docker_ exec test-client /bin/iperf3 -c 172.17.0.3 -n 1M
kill -INT $skep
wait $skep
tap_is "skep flows ends well" $? 0

# The fields of iperf3's line in the table whose title begins with $1; COMM has blanks: PID, COMM, the rest.
row()
{
	awk -v title="$1" 'NF == 0 { in_table = 0 } index($0, title) == 1 { in_table = 1; next } in_table && /iperf3/' "$TMP/classic" |
		sed -E 's/^([0-9]+) +(iperf3( @ [^ ]+)?) +/\1|\2|/; s/ +/ /g; s/ $//'
}
number='[0-9]+(\.[0-9]+)?(e-[0-9]+)?'
tap_note "$(cat "$TMP/classic")"
tap_like "outbound: both connections of the client" "$(row 'Outbound flows (TCP connect, UDP send)')" \
	"^[0-9]+\|iperf3 @ test-client\|root 4 TCP 172\.17\.0\.4 172\.17\.0\.3 5201 2 $number\$"
tap_like "inbound: both connections of the server" "$(row 'Inbound flows (TCP accept, UDP receive)')" \
	"^[0-9]+\|iperf3 @ test-server\|root 6 TCP ::ffff:172\.17\.0\.4 ::ffff:172\.17\.0\.3 5201 2 $number\$"
tap_like "the head of the outbound table" "$(grep -A 1 '^Outbound' "$TMP/classic" | tail -n 1)" \
	'^PID +COMM +USER +IP +PROTO +SADDR +DADDR +RPORT +COUNT +MTBS\(s\)$'
tap_like "the head of the inbound table" "$(grep -A 1 '^Inbound' "$TMP/classic" | tail -n 1)" \
	'^PID +COMM +USER +IP +PROTO +SADDR +DADDR +LPORT +COUNT +MTBS\(s\)$'
