#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Containers of a containerd of our own, whose state folder identity has to find, annotated and placed as kubelet's
# are: container, pod and namespace are told, of one that is there and of one that comes and goes.
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"

need_root
need_program containerd ctr runc busybox

WATCH=${SKEP%/src/skep}/tests/net/identity_watch
UID_PATH=kubepods/besteffort/pod91a8fc3a-0ecf-48b4-81bf-78a7275d348c
ctr=(ctr -a "$TMP/sock" -n k8s.io)
before=$(printf 'ab%.0s' {1..32})
short=$(printf 'cd%.0s' {1..32})

# The parents that runc made and leaves; those that were not there before go again.
cgroups_remove()
{
	local folder
	for folder in /sys/fs/cgroup/kubepods /sys/fs/cgroup/*/kubepods; do
		if [ -d "$folder" ] && ! grep -qxF "$folder" "$TMP/cgroups"; then
			find "$folder" -depth -type d -exec rmdir {} +
		fi
	done
}

# run CONTAINER-NAME ID OPTION... -- CMD...
run()
{
	local name=$1 id=$2 options=()
	shift 2
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	"${ctr[@]}" run "${options[@]}" --cgroup "/$UID_PATH/$id" \
		--annotation "io.kubernetes.cri.container-type=container" \
		--annotation "io.kubernetes.cri.container-name=$name" \
		--annotation "io.kubernetes.cri.image-name=registry/shop:1" \
		--annotation "io.kubernetes.cri.sandbox-name=shop-7d4b" \
		--annotation "io.kubernetes.cri.sandbox-namespace=store" --rootfs "$TMP/image" "$id" "$@"
}

remove()
{
	"${ctr[@]}" task kill -s KILL "$1"
	wait_for "${ctr[@]}" task rm "$1"
	"${ctr[@]}" container rm "$1"
}

ls -d /sys/fs/cgroup/kubepods /sys/fs/cgroup/*/kubepods >"$TMP/cgroups" 2>/dev/null
at_exit cgroups_remove
mkdir -p "$TMP/image/bin"
cp "$(command -v busybox)" "$TMP/image/bin/busybox"
ln -s busybox "$TMP/image/bin/sleep"
ln -s busybox "$TMP/image/bin/true"

spawn containerd --root "$TMP/root" --state "$TMP/state" --address "$TMP/sock" >"$TMP/log" 2>&1
if ! wait_for -t 30 "${ctr[@]}" version; then
	tap_fail "containerd starts" "$(tail -5 "$TMP/log")"
	exit
fi
at_exit remove "$before"
tap_ok "a container runs before" run api "$before" -d -- /bin/sleep 1000

"$WATCH" >"$TMP/seen" 2>"$TMP/watch.err" &
watch=$!
at_exit end_process $watch
wait_for -t 30 file_has "$TMP/seen" '^ready' || tap_note "$(cat "$TMP/watch.err")"
tap_ok "one comes and goes" run job "$short" --rm -- /bin/true
tap_ok "the one that ran before has its names" wait_for \
	file_has "$TMP/seen" "^api $before containerd named registry/shop:1 store/shop-7d4b$"
tap_ok "the short one has its names" wait_for \
	file_has "$TMP/seen" "^job $short containerd named registry/shop:1 store/shop-7d4b$"
kill -INT $watch
wait $watch
tap_is "the watch ends well" "$?" 0
