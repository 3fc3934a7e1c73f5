/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UDP: calls are counted one by one. Part of flows.bpf.c. */
#pragma once

#include "source/flows/table.bpf.h"

/* The peer that a cgroup hook noted for this thread's call on this socket. */
static __always_inline bool udp_peer_take(struct sock *sk, enum flow_direction direction,
					  struct flow_key *key)
{
	struct udp_sock_peers *socks = bpf_sk_storage_get(&udp_socks, sk, 0, 0);
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct udp_peer *p;
	u64 id;

	if (!socks)
		return false;
	p = &socks->peer[direction];
	if (p->tid == tid) {
		*(union addr16 *)key->remote = p->addr;
		if (direction == FLOW_OUT)
			key->port = p->port;
		p->tid = 0;
		return true;
	}
	if (!spilled)
		return false;
	id = (u64)tid << 1 | direction;
	p = bpf_map_lookup_elem(&udp_spill, &id);
	if (!p)
		return false;
	*(union addr16 *)key->remote = p->addr;
	if (direction == FLOW_OUT)
		key->port = p->port;
	bpf_map_delete_elem(&udp_spill, &id);
	__sync_fetch_and_add(&spilled, -1);
	return true;
}

static __always_inline bool udp_skip(enum flow_direction direction)
{
	return want.skip[direction] || want.skip_proto[FLOW_UDP];
}

/* One call that ended with `ret`; key->remote and, outbound, key->port are filled. */
static __always_inline void udp_count(struct flow_key *key, int ret, bool mapped)
{
	struct flow_value *v;
	bool out = key->direction == FLOW_OUT;
	u64 now;

	v = flow_get(key);
	if (!v)
		return;
	now = bpf_ktime_get_ns();
	if (ret < 0) {
		flow_fail(v, now, -ret);
	} else {
		flow_count(v, now);
		__sync_fetch_and_add(out ? &v->tx_bytes : &v->rx_bytes, ret);
	}
	if (mapped)
		v->mapped = 1;
	event_send(out ? FLOW_SEND : FLOW_RECV, key, now, out && ret > 0 ? ret : 0,
		   !out && ret > 0 ? ret : 0, 0, ret < 0 ? -ret : 0, mapped, true);
}

static __always_inline void udp_call(struct sock *sk, int ret, int flags,
				     enum flow_direction direction)
{
	union addr16 local, remote;
	struct flow_key key;

	__builtin_memset(&key, 0, sizeof(key));
	sock_addrs(sk, &local, &remote);
	*(union addr16 *)key.local = local;
	if (direction == FLOW_IN)
		key.port = sk->__sk_common.skc_num;
	if (!udp_peer_take(sk, direction, &key) && sk->__sk_common.skc_state == TCP_ESTABLISHED) {
		*(union addr16 *)key.remote = remote;
		if (direction == FLOW_OUT)
			key.port = bpf_ntohs(sk->__sk_common.skc_dport);
	}
	if (would_block(ret) || flags & (MSG_PEEK | MSG_ERRQUEUE))
		return;
	key_init(&key, direction, FLOW_UDP);
	udp_count(&key, ret,
		  sk->__sk_common.skc_family == AF_INET6 &&
			  addr_is_v4((const union addr16 *)key.remote));
}

/* Notes the other end of the call under way; always lets it pass. */
static __always_inline int udp_peer_note(struct bpf_sock_addr *ctx, enum flow_direction direction,
					 bool v6)
{
	struct udp_sock_peers *socks;
	struct udp_peer *p, spill = {};
	u32 tid, old;
	u64 id;

	if (ctx->protocol != IPPROTO_UDP || !ctx->sk || udp_skip(direction))
		return 1;
	socks = bpf_sk_storage_get(&udp_socks, ctx->sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!socks) {
		loss_count_at(FLOWS_HOOK_SOCKETS, LOSS_BUSY);
		return 1;
	}
	tid = (u32)bpf_get_current_pid_tgid();
	p = &socks->peer[direction];
	old = __sync_val_compare_and_swap(&p->tid, 0, tid);
	if (old && old != tid)
		p = &spill;
	p->port = bpf_ntohs((u16)ctx->user_port);
	if (v6) {
		p->addr.words[0] = ctx->user_ip6[0];
		p->addr.words[1] = ctx->user_ip6[1];
		p->addr.words[2] = ctx->user_ip6[2];
		p->addr.words[3] = ctx->user_ip6[3];
	} else {
		addr_set_v4(&p->addr, ctx->user_ip4);
	}
	if (p != &spill)
		return 1;
	id = (u64)tid << 1 | direction;
	if (bpf_map_update_elem(&udp_spill, &id, &spill, BPF_NOEXIST) == 0)
		__sync_fetch_and_add(&spilled, 1);
	else if (bpf_map_update_elem(&udp_spill, &id, &spill, BPF_EXIST))
		loss_count_at(FLOWS_HOOK_PEERS, LOSS_TABLE_FULL);
	return 1;
}

SEC("cgroup/sendmsg4")
int udp4_sendmsg(struct bpf_sock_addr *ctx)
{
	return udp_peer_note(ctx, FLOW_OUT, false);
}

SEC("cgroup/sendmsg6")
int udp6_sendmsg(struct bpf_sock_addr *ctx)
{
	return udp_peer_note(ctx, FLOW_OUT, true);
}

SEC("cgroup/recvmsg4")
int udp4_recvmsg(struct bpf_sock_addr *ctx)
{
	return udp_peer_note(ctx, FLOW_IN, false);
}

SEC("cgroup/recvmsg6")
int udp6_recvmsg(struct bpf_sock_addr *ctx)
{
	return udp_peer_note(ctx, FLOW_IN, true);
}

/* fexit: the call's own arguments tell the other end. */
static __always_inline void udp_call_exit(struct sock *sk, struct msghdr *msg, int ret, int flags,
					  enum flow_direction direction, bool v6)
{
	struct {
		u16 family, port;
		u32 v4_or_flow;
		union addr16 v6;
	} name = {};
	union addr16 local, remote;
	struct flow_key key;
	void *msg_name;
	bool mapped;

	if (sk->sk_protocol != IPPROTO_UDP || udp_skip(direction) || would_block(ret) ||
	    flags & (MSG_PEEK | MSG_ERRQUEUE))
		return;
	__builtin_memset(&key, 0, sizeof(key));
	sock_addrs(sk, &local, &remote);
	*(union addr16 *)key.local = local;
	if (direction == FLOW_IN)
		key.port = sk->__sk_common.skc_num;
	msg_name = BPF_CORE_READ(msg, msg_name);
	if (msg_name && (direction == FLOW_OUT || ret >= 0))
		bpf_probe_read_kernel(&name, sizeof(name), msg_name);
	if (name.family == AF_INET) {
		addr_set_v4(&remote, name.v4_or_flow);
	} else if (name.family == AF_INET6) {
		remote = name.v6;
	} else {
		name.port = sk->__sk_common.skc_dport;
		if (sk->__sk_common.skc_state != TCP_ESTABLISHED) {
			__builtin_memset(&remote, 0, sizeof(remote));
			name.port = 0;
		}
	}
	/* an IPv6 socket sends to IPv4 by udp_sendmsg, which is counted by itself */
	if (direction == FLOW_OUT && v6 && addr_is_v4(&remote))
		return;
	mapped = sk->__sk_common.skc_family == AF_INET6 && addr_is_v4(&remote);
	*(union addr16 *)key.remote = remote;
	if (direction == FLOW_OUT)
		key.port = bpf_ntohs(name.port);
	key_init(&key, direction, FLOW_UDP);
	udp_count(&key, ret, mapped);
}

SEC("fexit/udp_sendmsg")
int BPF_PROG(udp_sendmsg_exit, struct sock *sk, struct msghdr *msg, u64 len, int ret)
{
	udp_call_exit(sk, msg, ret, 0, FLOW_OUT, false);
	return 0;
}

SEC("fexit/udpv6_sendmsg")
int BPF_PROG(udpv6_sendmsg_exit, struct sock *sk, struct msghdr *msg, u64 len, int ret)
{
	udp_call_exit(sk, msg, ret, 0, FLOW_OUT, true);
	return 0;
}

SEC("fexit/udp_recvmsg")
int BPF_PROG(udp_recvmsg_exit, struct sock *sk, struct msghdr *msg, u64 len, int flags,
	     int *addr_len, int ret)
{
	udp_call_exit(sk, msg, ret, flags, FLOW_IN, false);
	return 0;
}

SEC("fexit/udpv6_recvmsg")
int BPF_PROG(udpv6_recvmsg_exit, struct sock *sk, struct msghdr *msg, u64 len, int flags,
	     int *addr_len, int ret)
{
	udp_call_exit(sk, msg, ret, flags, FLOW_IN, true);
	return 0;
}
