#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The guest is what the other tests take it for: its kernel, pure cgroup2, and what the host's own kernel may lack.
# kernels: 6.1 6.12
. "${BASH_SOURCE[0]%/*}/../net/lib.sh"

traces()
{
	# the kernel's own list, read from BTF and tracefs: kprobes can be made
	echo 'p:skep_probe do_sys_openat2' >>/sys/kernel/tracing/kprobe_events &&
		echo '-:skep_probe' >>/sys/kernel/tracing/kprobe_events
}

delays()
{
	ns a tc qdisc add dev to-b root "$@"
}

tap_like "the kernel is one of Debian's" "$(uname -r)" '^6\.(1|12)\..*-cloud-amd64$'
tap_is "cgroups are v2 only" "$(stat -fc %T /sys/fs/cgroup)" cgroup2fs
tap_ok "BTF" test -s /sys/kernel/btf/vmlinux
tap_ok "kprobes" traces
tap_like "BPF LSM" "$(</sys/kernel/security/lsm)" 'bpf'
ns_add a b
tap_ok "veth" ns_link a 10.0.0.1/24 b 10.0.0.2/24
tap_ok "fq" delays fq
ns a tc qdisc del dev to-b root
tap_ok "netem" delays netem delay 5ms
tap_ok "a way there and back" ns a ping -c 1 -W $((2 * SLOW)) 10.0.0.2
tap_ok "skep starts" "$SKEP" --version
