#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every one of two hundred short-lived docker containers gets its name, four at a time, under a CPU hog. A dockerd of
# our own, in a folder of its own that identity has to find.
# timeout: 600
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"

need_root
need_program dockerd docker containerd runc busybox

CONTAINERS=200
AT_ONCE=4
WATCH=${SKEP%/src/skep}/tests/net/identity_watch
dock=(docker -H "unix://$TMP/sock")

# dockerd leaves its parent cgroups behind; those that were not there before go again.
cgroups_remove()
{
	local folder
	for folder in /sys/fs/cgroup/docker /sys/fs/cgroup/*/docker; do
		if ! grep -qxF "$folder" "$TMP/cgroups"; then
			rmdir "$folder"
		fi
	done
}

mounts_remove()
{
	local point
	awk '{ print $5 }' /proc/self/mountinfo | grep "^$TMP/" | sort -r | while read -r point; do
		umount -l "$point"
	done
}

image_make()
{
	mkdir -p "$TMP/image/bin" && cp "$(command -v busybox)" "$TMP/image/bin/busybox" &&
		ln -s busybox "$TMP/image/bin/true" && ln -s busybox "$TMP/image/bin/sleep" &&
		tar -C "$TMP/image" -c . | "${dock[@]}" import - skep-test:1
}

docker_ended()
{
	! kill -0 "$1"
}

# The containers' processes end with them; then dockerd, and with it its containerd.
docker_end()
{
	"${dock[@]}" ps -aq | xargs -r "${dock[@]}" rm -f
	kill "$1"
	wait_for -t 30 docker_ended "$1"
}

hog()
{
	while :; do :; done
}

ls -d /sys/fs/cgroup/docker /sys/fs/cgroup/*/docker >"$TMP/cgroups" 2>/dev/null
at_exit cgroups_remove
at_exit mounts_remove
if [ ! -e /etc/docker/key.json ]; then
	at_exit rm -f /etc/docker/key.json
fi
dockerd --bridge=none --iptables=false --ip6tables=false --ip-forward=false --data-root "$TMP/data" \
	--exec-root "$TMP/exec" -p "$TMP/pid" -H "unix://$TMP/sock" --exec-opt native.cgroupdriver=cgroupfs \
	>"$TMP/log" 2>&1 &
at_exit docker_end $!
if ! wait_for -t 30 "${dock[@]}" version; then
	tap_fail "dockerd starts" "$(tail -5 "$TMP/log")"
	exit
fi
tap_ok "an image is made" image_make
tap_ok "a container runs before" "${dock[@]}" run -d --network none --name before --label app=x skep-test:1 \
	/bin/sleep 1000

"$WATCH" >"$TMP/seen" 2>"$TMP/watch.err" &
watch=$!
at_exit end_process $watch
wait_for -t 30 file_has "$TMP/seen" '^ready' || tap_note "$(cat "$TMP/watch.err")"
hog &
at_exit end_process $!
hog &
at_exit end_process $!

for ((i = 1; i <= CONTAINERS; i++)); do
	echo "short-$$-$i"
done >"$TMP/names"
xargs -P $AT_ONCE -I NAME "${dock[@]}" run --rm --network none --name NAME skep-test:1 /bin/true \
	<"$TMP/names" >"$TMP/runs" 2>&1
tap_is "all containers ran" "$?" 0

kill -INT $watch
wait $watch
tap_is "the watch ends well" "$?" 0
tap_is "no event was lost" "$(sed -n 's/^end //p' "$TMP/seen")" 0
tap_like "the one that ran before has its name" "$(cat "$TMP/seen")" \
	$'\n''before [0-9a-f]{64} docker named skep-test:1 /'$'\n'
grep ' docker named skep-test:1 /$' "$TMP/seen" | cut -d' ' -f1 | grep '^short-' | sort >"$TMP/named"
sort "$TMP/names" | comm -23 - "$TMP/named" >"$TMP/missing"
echo "# $(wc -l <"$TMP/named") of $CONTAINERS named"
tap_is "every container has its name" "$(wc -l <"$TMP/named") $(tr '\n' ' ' <"$TMP/missing")" "$CONTAINERS "
