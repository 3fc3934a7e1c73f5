#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What doctor says, held against what other programs find out here; that it leaves nothing behind, killed or not.
# kernels: 6.1 6.12
# timeout: 120
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"
need_program jq

if [ "$(id -u)" -ne 0 ]; then
	tap_exit 'not root' 1 "$SKEP" doctor
	tap_is 'not root: says so' "$ERR" \
		'skep doctor: needs root (CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN): try sudo'
	tap_skip 'all else' root
	exit
fi
need_program bpftool ip tc unshare

# Programs, maps and mounts that are doctor's; "" when nothing of it is left.
traces()
{
	bpftool prog show 2>/dev/null | grep -E ' name probe_' | sed 's/^[0-9]*: //'
	grep -E 'skep|overlay /tmp' /proc/self/mountinfo
	ls -d /sys/fs/bpf/skep /run/skep 2>/dev/null
	ip -o link show | grep -E 'skep[12]'
}
no_traces()
{
	[ "$(traces)" = "$BEFORE" ]
}
BEFORE=$(traces)

# A field of a check.
check()
{
	jq -r --arg name "$1" --arg field "$2" 'select(.name == $name) | .[$field]' "$TMP/doctor.json"
}
# says NAME YES|NO: that doctor's state of NAME is the same.
says()
{
	tap_is "$1: $2" "$(check "$1" state): $(check "$1" detail)" "$2: $(check "$1" detail)"
}
# proof NAME CMD...: yes if CMD works here.
proof()
{
	local name=$1
	shift
	if "$@" >/dev/null 2>&1; then
		says "$name" yes
	else
		says "$name" no
	fi
}

"$SKEP" doctor -o json >"$TMP/doctor.json" 2>"$TMP/doctor.err"
CODE=$?
tap_is 'nothing on stderr' "$(cat "$TMP/doctor.err")" ''
# shellcheck disable=SC2016 # jq's own
tap_ok 'each line is an object with all its fields' jq -e -s '
	[.[] | select(.type == "doctor_check")] as $checks | ($checks | length) > 50 and
	all($checks[]; (.name | length > 0) and (.group | length > 0) and (.used_for | length > 0) and
		(.detail | length > 0) and (.state | IN("yes", "no", "partly")))' "$TMP/doctor.json"
tap_ok 'what is not there has a remedy, and only that' jq -e -s '
	all(.[] | select(.type == "doctor_check"); (.state == "yes") == (.remedy == ""))' "$TMP/doctor.json"
tap_ok 'a summary ends it' jq -e -s '
	.[-1].type == "summary" and .[-1].records == (length - 1)' "$TMP/doctor.json"
tap_ok 'names are there once' jq -e -s '
	[.[] | select(.type == "doctor_check") | .name] | length == (unique | length)' "$TMP/doctor.json"

# What skep's commands use.
tap_ok 'flows has all its hooks' jq -e -s '
	[.[] | select(.group == "flows")] | length > 0 and all(.[]; .state != "no")' "$TMP/doctor.json"
tap_is 'so the exit code is 0' "$CODE" 0

# The same by other means.
qdisc()
{
	# shellcheck disable=SC2016 # for the inner shell
	unshare -n sh -c 'ip link add one type veth peer name two && tc qdisc add dev one root "$@"' sh "$@"
}
proof fq qdisc fq
proof fq_codel qdisc fq_codel
proof netem qdisc netem delay 1ms
proof clsact unshare -n sh -c 'ip link add one type veth peer name two && tc qdisc add dev one clsact'
proof netkit unshare -n ip link add one type netkit
proof BTF test -r /sys/kernel/btf/vmlinux
proof kprobe grep -q ' register_kprobe$' /proc/kallsyms
proof kprobe.multi grep -q ' register_fprobe$' /proc/kallsyms
proof 'network namespaces' unshare -n true
proof 'user namespaces' unshare -U true
# shellcheck disable=SC2016
proof overlayfs unshare -m sh -c 'mount -t tmpfs t /mnt && mkdir /mnt/l /mnt/u /mnt/w /mnt/m &&
	mount -t overlay o -o lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w /mnt/m'
proof 'bpf() for root only' grep -qv '^0$' /proc/sys/kernel/unprivileged_bpf_disabled
v2=$(awk '$(NF-2) == "cgroup2" { print $5; exit }' /proc/self/mountinfo)
v1=$(grep -c -E '^[1-9][0-9]*:[^:=]+:' /proc/self/cgroup)
case $v2:$v1 in
:0) layout=none ;;
:*) layout=v1 ;;
*:0) layout=unified ;;
*) layout=hybrid ;;
esac
tap_like "cgroups are $layout" "$(check cgroups detail)" "^$layout: v2 .*${v2:-nowhere}"

# A refusal has the kernel's own words.
for name in fentry LSM; do
	if [ "$(check "$name" state)" = no ]; then
		tap_like "$name is refused at load" "$(check "$name" detail)" '^load: '
		tap_like "$name: what that costs" "$(check "$name" remedy)" 'skep flows uses other hooks'
	else
		tap_like "$name works" "$(check "$name" detail)" '^loaded, attached, ran'
	fi
done

# A kernel whose BTF does not tell what flows needs: said, with the exit code for it.
tap_exit 'no BTF' 3 env SKEP_BTF=/nowhere/btf "$SKEP" doctor
tap_like 'no BTF: says so' "$ERR" 'BTF'

tap_ok 'nothing is left' wait_for no_traces

# What follows is the same on every kernel, and a guest is slow.
if [ "$SLOW" -gt 1 ]; then
	exit
fi

# For people.
tap_exit 'table' 0 "$SKEP" doctor
tap_like 'table: columns' "$OUT" 'CAPABILITY +STATE +FOUND +FOR +WHAT TO DO'
tap_exit 'only what is not there' 0 "$SKEP" doctor -o csv --no-headers --columns name,state \
	--where 'state == no'
tap_is 'only what is not there: the same names' "$(tr -d '\r' <<<"$OUT" | sort)" \
	"$(jq -r 'select(.state == "no") | .name + "," + .state' "$TMP/doctor.json" | sort)"

# Bad use.
tap_exit 'a bad filter' 2 "$SKEP" doctor --where 'stat == no'
tap_like 'a bad filter: says so' "$ERR" 'state'
# shellcheck disable=SC2016
tap_exit 'a full disk' 1 sh -c '"$SKEP" doctor -o json >/dev/full'
tap_like 'a full disk: says so' "$ERR" 'No space left'
# surely cut: doctor writes at its end, and nobody reads any more
(
	"$SKEP" doctor 2>"$TMP/err"
	echo $? >"$TMP/code"
) | true
wait_for test -s "$TMP/code"
tap_is 'a cut pipe is a quiet end' "$(cat "$TMP/code" "$TMP/err")" 0

# Nothing is left, at whatever moment it is killed.
for signal in INT TERM KILL; do
	for delay in 0.05 0.3 0.8; do
		"$SKEP" doctor >/dev/null 2>&1 &
		pid=$!
		sleep $delay # any moment will do
		kill -$signal $pid 2>/dev/null
		wait $pid 2>/dev/null
		tap_ok "nothing is left after SIG$signal at $delay s" wait_for no_traces
	done
done
