#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# skep flows --matrix between three docker containers, and each of its words; a TARGET by name.
# timeout: 120
# needs: host-net
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"
. "${BASH_SOURCE[0]%/*}/../net/docker.sh"
. "${BASH_SOURCE[0]%/*}/../net/flows_lib.sh"

docker_start
tap_ok "an image" docker_image small
for name in web db app; do
	tap_ok "container $name" docker_ run -d --name "skep-$name" --network none small /bin/sleep 1000
done
tap_ok "app and web share a link" docker_link skep-app 172.17.1.1/24 skep-web 172.17.1.2/24
tap_ok "db and web share a link" docker_link skep-db 172.17.2.1/24 skep-web 172.17.2.2/24

flows_start matrix --matrix
flows_start target -- skep-web
tap_ok "a server in web" docker_ exec -d skep-web busybox httpd -f -p 80 -h /
listening()
{
	nsenter -t "$(docker_pid skep-web)" -n ss -Hlnt 'sport = :80' | grep -q .
}
tap_ok "it listens" wait_for listening
connect()
{
	docker_ exec "$1" busybox nc -w 2 "$2" "$3" </dev/null >/dev/null 2>&1
}
connect skep-app 172.17.1.2 80
connect skep-app 172.17.1.2 80
connect skep-db 172.17.2.2 81
connect skep-db 172.17.99.1 80
flows_stop matrix
tap_is "the matrix ends well" $? 0
flows_stop target
tap_is "so does the one with a target" $? 0

pair()
{
	jq -r --arg from "$1" --arg to "$2" 'select(.type == "flow_pair" and .from == $from and .to == $to) |
		"\(.state) \(.count) \(.errors)"' "$TMP/matrix.json"
}
tap_is "app reached web" "$(pair skep-app skep-web)" "connected 2 0"
tap_is "on db's port nobody listens" "$(pair skep-db skep-web)" "nobody listens 0 1"
tap_is "db has no route to the outside" "$(pair skep-db outside)" "refused 0 1"
tap_is "web never tried app" "$(pair skep-web skep-app)" "never tried 0 0"
tap_is "db never tried app" "$(pair skep-db skep-app)" "never tried 0 0"
tap_is "the target alone is shown" "$(jq -r 'select(.type == "flow") | .container' "$TMP/target.json" | sort -u)" skep-web
tap_is "the target's accepts" "$(jq -r 'select(.type == "flow") | "\(.direction) \(.local_port) \(.count)"' "$TMP/target.json")" "in 80 2"
