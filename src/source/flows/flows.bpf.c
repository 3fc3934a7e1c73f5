// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kernel half of `skep flows`: sums the calls of each process on TCP and UDP sockets into one table.
 *
 * TCP costs nothing per packet or per read and write: connections are followed by inet_sock_set_state; their bytes
 * are read from the socket when it closes and, for those that live, when the reader walks the socket storage.
 * UDP has no state to follow: it is counted per call (first in the socket's own storage), by tracepoints where the kernel has them (6.3), else by fexit or
 * kprobes on the protocol's functions.
 *
 * Owners: a connect belongs to the process in whose context SYN_SENT is entered, an accept to the one whose accept
 * returns. What runs at ESTABLISHED or CLOSE may be anybody (softirq) and is never taken for the owner.
 */
#include "source/flows/table.bpf.h"
#include "source/flows/tcp.bpf.h"
#include "source/flows/udp.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Every read and write on an inet socket passes here, since 6.3. */
SEC("tp_btf/sock_send_length")
int BPF_PROG(sock_send_length, struct sock *sk, int ret, int flags)
{
	u16 protocol = sk->sk_protocol;

	if (protocol == IPPROTO_UDP && !udp_skip(FLOW_OUT))
		udp_call(sk, ret, 0, FLOW_OUT);
	else if (unclaimed > 0 && protocol == IPPROTO_TCP && ret > 0)
		tcp_claim_by_io(sk);
	return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(sock_recv_length, struct sock *sk, int ret, int flags)
{
	u16 protocol = sk->sk_protocol;

	if (protocol == IPPROTO_UDP && !udp_skip(FLOW_IN))
		udp_call(sk, ret, flags, FLOW_IN);
	else if (unclaimed > 0 && protocol == IPPROTO_TCP && ret >= 0)
		tcp_claim_by_io(sk);
	return 0;
}

static __always_inline struct proc_value *process_find(struct task_struct *task)
{
	struct proc_key pk = { .start = task->group_leader->start_boottime, .pid = task->tgid };

	return bpf_map_lookup_elem(&procs, &pk);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(sched_process_exec, struct task_struct *task)
{
	struct proc_value *p = process_find(task);
	struct proc_value now;

	if (!p)
		return 0;
	process_fill(task, &now);
	*p = now;
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(sched_process_exit, struct task_struct *task)
{
	struct proc_value *p;

	/* the last thread of the process */
	if (task->signal->live.counter > 0)
		return 0;
	p = process_find(task);
	if (p)
		p->ended = bpf_ktime_get_ns();
	return 0;
}
