#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Podman's containers get their names: kept ones and short-lived ones (--rm), four at a time, under a CPU hog. In
# guests only: podman needs cgroups with controllers.
# timeout: 60
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"

need_root
need_program podman crun busybox

CONTAINERS=12
AT_ONCE=4
WATCH=${SKEP%/src/skep}/tests/net/identity_watch
pod=(podman --cgroup-manager cgroupfs --events-backend file)

image_make()
{
	mkdir -p "$TMP/image/bin" && cp "$(command -v busybox)" "$TMP/image/bin/busybox" &&
		ln -s busybox "$TMP/image/bin/true" && ln -s busybox "$TMP/image/bin/sleep" &&
		tar -C "$TMP/image" -c . | "${pod[@]}" import - skep-test:1
}

hog()
{
	while :; do :; done
}

mkdir -p /var/lib/containers && mount -t tmpfs containers /var/lib/containers
at_exit umount -l /var/lib/containers
at_exit "${pod[@]}" rm -f -a -t 0
tap_ok "an image is made" image_make
tap_ok "a container runs before" "${pod[@]}" run -d --network none --name before skep-test:1 /bin/sleep 1000

"$WATCH" >"$TMP/seen" 2>"$TMP/watch.err" &
watch=$!
at_exit end_process $watch
wait_for -t 30 file_has "$TMP/seen" '^ready' || tap_note "$(cat "$TMP/watch.err")"
hog &
at_exit end_process $!

for ((i = 1; i <= CONTAINERS; i++)); do
	echo "short-$i"
done >"$TMP/names"
xargs -P $AT_ONCE -I NAME "${pod[@]}" run --rm --network none --name NAME skep-test:1 /bin/true \
	<"$TMP/names" >"$TMP/runs" 2>&1
tap_is "all containers ran" "$? $(head -3 "$TMP/runs")" "0 "

kill -INT $watch
wait $watch
tap_is "the watch ends well" "$?" 0
tap_is "no event was lost" "$(sed -n 's/^end //p' "$TMP/seen")" 0
tap_like "the one that ran before has its name" "$(cat "$TMP/seen")" \
	$'\n''before [0-9a-f]{64} podman named localhost/skep-test:1 /'$'\n'
grep ' podman named localhost/skep-test:1 /$' "$TMP/seen" | cut -d' ' -f1 | grep '^short-' | sort >"$TMP/named"
sort "$TMP/names" | comm -23 - "$TMP/named" >"$TMP/missing"
echo "# $(wc -l <"$TMP/named") of $CONTAINERS named"
tap_is "every container has its name" "$(wc -l <"$TMP/named") $(tr '\n' ' ' <"$TMP/missing")" "$CONTAINERS "
tap_is "nothing else is taken for a container" \
	"$(grep -v -e '^short-' -e '^before ' -e '^ready' -e '^end ' "$TMP/seen")" ""
