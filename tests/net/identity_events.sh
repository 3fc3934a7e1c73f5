#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A container that is gone at once is seen; and when the reader sleeps through so many cgroups that its ring is full,
# that is counted, and what is there afterwards is found by looking.
# kernels: 6.1 6.12
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"

need_root

FLOOD=6000
WATCH=${SKEP%/src/skep}/tests/net/identity_watch
tree=$(awk '{ for (i = 7; i <= NF; i++) if ($i == "-" && $(i + 1) == "cgroup2") { print $5; exit } }' \
	/proc/self/mountinfo)
if [ -z "$tree" ]; then
	tap_skip_all cgroup2
fi
folder=$tree/skep-$TEST-$$

folders_remove()
{
	rmdir "$folder"/* "$folder"
}

# mkdir and rmdir of many in one process each: faster than the ring is read.
flood()
{
	local i
	for ((i = 0; i < FLOOD; i += 500)); do
		(cd "$folder" && seq -f 'lxc.payload.flood%.0f' $i $((i + 499)) | xargs mkdir &&
			seq -f 'lxc.payload.flood%.0f' $i $((i + 499)) | xargs rmdir)
	done
}

stopped()
{
	grep -q '^State:.*T (stopped)' "/proc/$watch/status"
}

mkdir "$folder"
at_exit folders_remove
"$WATCH" >"$TMP/seen" 2>"$TMP/watch.err" &
watch=$!
at_exit end_process $watch
wait_for -t 30 file_has "$TMP/seen" '^ready' || tap_note "$(cat "$TMP/watch.err")"

mkdir "$folder/lxc.payload.gone" && rmdir "$folder/lxc.payload.gone"
tap_ok "one that is gone at once is seen" wait_for file_has "$TMP/seen" '^gone gone lxc named'

kill -STOP $watch
wait_for stopped
tap_ok "so many come and go while the reader sleeps" flood
mkdir "$folder/lxc.payload.stays"
kill -CONT $watch
tap_ok "what is there afterwards is found" wait_for -t 20 file_has "$TMP/seen" '^stays stays lxc named'
tap_ok "what the ring held is seen" file_has "$TMP/seen" '^flood0 flood0 lxc named'

kill -INT $watch
wait $watch
tap_is "the watch ends well" "$?" 0
lost=$(sed -n 's/^end //p' "$TMP/seen")
told=$(grep -c '^flood' "$TMP/seen")
tap_ok "the loss is told ($lost events, $told of $FLOOD containers seen)" [ "$lost" -gt 0 ]
# Each made and removed one is two events; "stays" is one more, and may be lost or not.
tap_ok "seen and lost make all" [ $((told * 2 + lost)) -ge $((FLOOD * 2)) ]
