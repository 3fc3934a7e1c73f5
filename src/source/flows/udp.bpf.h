/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UDP: calls are counted one by one. Part of flows.bpf.c. */
#pragma once

#include "source/flows/table.bpf.h"

/* The peer that a cgroup hook noted for this thread's call on this socket. */
static __always_inline bool udp_peer_take(struct udp_sock *us, enum flow_direction direction,
					  struct flow_key *key)
{
	u32 tid = bpf_get_current_task_btf()->pid; /* inlined, as the helper for it is not */
	struct udp_peer *p = &us->peer[direction];
	u64 id;

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

static __always_inline void udp_event(const struct flow_key *key, u64 now, int ret, bool mapped)
{
	bool out = key->direction == FLOW_OUT;

	event_send(out ? FLOW_SEND : FLOW_RECV, key, now, out && ret > 0 ? ret : 0,
		   !out && ret > 0 ? ret : 0, 0, ret < 0 ? -ret : 0, mapped, true);
}

/* One call that ended with `ret`. */
static __always_inline void udp_count(struct flow_key *key, int ret, bool mapped)
{
	struct flow_value *v = flow_get(key);
	u64 now;

	if (!v)
		return;
	now = bpf_ktime_get_ns();
	if (ret < 0) {
		flow_fail(v, now, -ret);
	} else {
		flow_count(v, now);
		__sync_fetch_and_add(key->direction == FLOW_OUT ? &v->tx_bytes : &v->rx_bytes, ret);
	}
	if (mapped)
		v->mapped = 1;
	udp_event(key, now, ret, mapped);
}

/* Brings what a socket has added up into the table. Its `busy` must be ours. */
static __always_inline void udp_flush(struct udp_flow *f)
{
	struct flow_value *v;
	u64 gap = 0;

	if (!f->count)
		return;
	v = bpf_map_lookup_elem(&flows, &f->key);
	if (!v) {
		loss_add(FLOWS_HOOK_FLOWS, LOSS_BUSY, f->count);
	} else {
		if (!__sync_fetch_and_add(&v->count, f->count))
			v->first = f->first;
		else if (f->first > v->last)
			gap = f->first - v->last;
		if (f->max_gap > gap)
			gap = f->max_gap;
		if (gap > v->max_gap)
			v->max_gap = gap;
		if (f->last > v->last)
			v->last = f->last;
		__sync_fetch_and_add(f->key.direction == FLOW_OUT ? &v->tx_bytes : &v->rx_bytes,
				     f->bytes);
		if (f->mapped)
			v->mapped = 1;
	}
	f->count = f->bytes = f->max_gap = 0;
}

static __always_inline bool key_same(const struct flow_key *a, const struct flow_key *b)
{
	const u64 *x = (const u64 *)a, *y = (const u64 *)b;

	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2] && x[3] == y[3] && x[4] == y[4] &&
	       x[5] == y[5];
}

/* The socket's calls go to another flow from now on. False: the table has no room for it. */
static __noinline bool udp_turn(struct udp_flow *f, const struct flow_key *key)
{
	if (!f || !key)
		return false;
	udp_flush(f);
	__builtin_memset(&f->key, 0, sizeof(f->key));
	f->unwanted = !flow_wanted(key);
	if (!f->unwanted && !flow_get(key))
		return false;
	f->key = *key;
	return true;
}

/* A call that succeeded, added to what the socket keeps. False: somebody else is at it. */
static __always_inline bool udp_add(struct udp_flow *f, const struct flow_key *key, int ret,
				    bool mapped)
{
	u64 now, gap;

	if (__sync_val_compare_and_swap(&f->busy, 0, 1))
		return false;
	if (!key_same(&f->key, key) && !udp_turn(f, key))
		goto out;
	if (f->unwanted)
		goto out;
	now = bpf_ktime_get_ns();
	gap = now - f->last;
	if (!f->count)
		f->first = now;
	else if (gap > f->max_gap)
		f->max_gap = gap;
	f->last = now;
	f->count++;
	f->bytes += ret;
	f->mapped = mapped;
	udp_event(key, now, ret, mapped);
out:
	__sync_lock_test_and_set(&f->busy, 0);
	return true;
}

static __always_inline void udp_call(struct sock *sk, int ret, int flags,
				     enum flow_direction direction)
{
	struct udp_sock *us = bpf_sk_storage_get(&udp_socks, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	union addr16 local, remote;
	struct flow_key key;
	bool mapped;

	__builtin_memset(&key, 0, sizeof(key));
	sock_addrs(sk, &local, &remote);
	*(union addr16 *)key.local = local;
	if (direction == FLOW_IN)
		key.port = sk->__sk_common.skc_num;
	if (!(us && udp_peer_take(us, direction, &key)) &&
	    sk->__sk_common.skc_state == TCP_ESTABLISHED) {
		*(union addr16 *)key.remote = remote;
		if (direction == FLOW_OUT)
			key.port = bpf_ntohs(sk->__sk_common.skc_dport);
	}
	if (would_block(ret) || flags & (MSG_PEEK | MSG_ERRQUEUE))
		return;
	key_init(&key, direction, FLOW_UDP);
	mapped = sk->__sk_common.skc_family == AF_INET6 &&
		 addr_is_v4((const union addr16 *)key.remote);
	/* the end of the kernel's own sockets is not seen, so nothing may be left in them */
	if (ret >= 0 && us && !BPF_CORE_READ_BITFIELD(sk, sk_kern_sock) &&
	    udp_add(&us->flow[direction], &key, ret, mapped))
		return;
	udp_count(&key, ret, mapped);
}

static __always_inline void udp_sock_flush(struct udp_sock *us)
{
	for (int i = 0; i < 2; i++) {
		struct udp_flow *f = &us->flow[i];

		if (__sync_val_compare_and_swap(&f->busy, 0, 1))
			continue; /* a call is at it: the next time */
		udp_flush(f);
		__sync_lock_test_and_set(&f->busy, 0);
	}
}

/* Walked by the reader before it reads the flows. */
SEC("iter/bpf_sk_storage_map")
int udp_walk(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct sock *sk = ctx->sk;
	struct udp_sock *us;

	if (!sk)
		return 0;
	us = bpf_sk_storage_get(&udp_socks, sk, 0, 0);
	if (us)
		udp_sock_flush(us);
	return 0;
}

/* The last descriptor of the socket was closed. */
SEC("cgroup/sock_release")
int udp_release(struct bpf_sock *ctx)
{
	struct udp_sock *us;

	if (ctx->protocol != IPPROTO_UDP)
		return 1;
	us = bpf_sk_storage_get(&udp_socks, ctx, 0, 0);
	if (us)
		udp_sock_flush(us);
	return 1;
}

/* Notes the other end of the call under way; always lets it pass. */
static __always_inline int udp_peer_note(struct bpf_sock_addr *ctx, enum flow_direction direction,
					 bool v6)
{
	struct udp_sock *us;
	struct udp_peer *p, spill = {};
	u32 tid, old;
	u64 id;

	if (ctx->protocol != IPPROTO_UDP || !ctx->sk || udp_skip(direction))
		return 1;
	us = bpf_sk_storage_get(&udp_socks, ctx->sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!us) {
		loss_count_at(FLOWS_HOOK_SOCKETS, LOSS_BUSY);
		return 1;
	}
	tid = (u32)bpf_get_current_pid_tgid();
	p = &us->peer[direction];
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

/* What a socket says, read by plain loads or, from a kprobe, by copying. */
struct udp_socket {
	union addr16 local, remote;
	u16 local_port;	 /* host order */
	u16 remote_port; /* network order */
	u16 family, protocol;
	u8 state;
};

static __always_inline void udp_socket_load(struct sock *sk, struct udp_socket *s)
{
	sock_addrs(sk, &s->local, &s->remote);
	s->local_port = sk->__sk_common.skc_num;
	s->remote_port = sk->__sk_common.skc_dport;
	s->family = sk->__sk_common.skc_family;
	s->protocol = sk->sk_protocol;
	s->state = sk->__sk_common.skc_state;
}

static __always_inline void udp_socket_read(struct sock *sk, struct udp_socket *s)
{
	sock_addrs_read(sk, &s->local, &s->remote);
	s->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	s->remote_port = BPF_CORE_READ(sk, __sk_common.skc_dport);
	s->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	s->protocol = BPF_CORE_READ(sk, sk_protocol);
	s->state = BPF_CORE_READ(sk, __sk_common.skc_state);
}

/* At the end of the protocol's function: its own arguments tell the other end. */
static __always_inline void udp_function_ended(struct udp_socket *s, struct msghdr *msg, int ret,
					       int flags, enum flow_direction direction, bool v6)
{
	struct {
		u16 family, port;
		u32 v4_or_flow;
		union addr16 v6;
	} name = {};
	struct flow_key key;
	void *msg_name;

	if (s->protocol != IPPROTO_UDP || udp_skip(direction) || would_block(ret) ||
	    flags & (MSG_PEEK | MSG_ERRQUEUE))
		return;
	__builtin_memset(&key, 0, sizeof(key));
	*(union addr16 *)key.local = s->local;
	msg_name = BPF_CORE_READ(msg, msg_name);
	if (msg_name && (direction == FLOW_OUT || ret >= 0))
		bpf_probe_read_kernel(&name, sizeof(name), msg_name);
	if (name.family == AF_INET) {
		addr_set_v4(&s->remote, name.v4_or_flow);
	} else if (name.family == AF_INET6) {
		s->remote = name.v6;
	} else {
		name.port = s->remote_port;
		if (s->state != TCP_ESTABLISHED) {
			__builtin_memset(&s->remote, 0, sizeof(s->remote));
			name.port = 0;
		}
	}
	/* an IPv6 socket sends to IPv4 by udp_sendmsg, which is counted by itself */
	if (direction == FLOW_OUT && v6 && addr_is_v4(&s->remote))
		return;
	*(union addr16 *)key.remote = s->remote;
	key.port = direction == FLOW_OUT ? bpf_ntohs(name.port) : s->local_port;
	key_init(&key, direction, FLOW_UDP);
	udp_count(&key, ret, s->family == AF_INET6 && addr_is_v4(&s->remote));
}

static __always_inline void udp_call_exit(struct sock *sk, struct msghdr *msg, int ret, int flags,
					  enum flow_direction direction, bool v6)
{
	struct udp_socket s;

	udp_socket_load(sk, &s);
	udp_function_ended(&s, msg, ret, flags, direction, v6);
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

/* Arguments of a call under way, for kretprobes, which see only what it returns. */
struct udp_args {
	struct sock *sk;
	struct msghdr *msg;
	int flags;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64); /* tid, direction, version: udpv6_sendmsg calls udp_sendmsg */
	__type(value, struct udp_args);
} udp_calls SEC(".maps");

static __always_inline u64 udp_call_id(enum flow_direction direction, bool v6)
{
	return (u64)(u32)bpf_get_current_pid_tgid() << 2 | direction << 1 | v6;
}

static __always_inline int udp_entry(struct sock *sk, struct msghdr *msg, int flags,
				     enum flow_direction direction, bool v6)
{
	struct udp_args args = { sk, msg, flags };
	u64 id = udp_call_id(direction, v6);

	if (udp_skip(direction))
		return 0;
	/* an entry that is there is of a call whose return was missed: the kernel follows some ten waiting calls only */
	if (bpf_map_update_elem(&udp_calls, &id, &args, BPF_NOEXIST) == 0)
		return 0;
	if (bpf_map_update_elem(&udp_calls, &id, &args, BPF_EXIST))
		loss_count_at(FLOWS_HOOK_PEERS, LOSS_TABLE_FULL);
	else
		loss_count_at(FLOWS_HOOK_PEERS, LOSS_BUSY);
	return 0;
}

static __always_inline int udp_return(int ret, enum flow_direction direction, bool v6)
{
	u64 id = udp_call_id(direction, v6);
	struct udp_args *found = bpf_map_lookup_elem(&udp_calls, &id);
	struct udp_args args;
	struct udp_socket s;

	if (!found)
		return 0;
	args = *found;
	bpf_map_delete_elem(&udp_calls, &id);
	udp_socket_read(args.sk, &s);
	udp_function_ended(&s, args.msg, ret, args.flags, direction, v6);
	return 0;
}

SEC("kprobe/udp_sendmsg")
int BPF_KPROBE(udp_sendmsg_entry, struct sock *sk, struct msghdr *msg)
{
	return udp_entry(sk, msg, 0, FLOW_OUT, false);
}

SEC("kretprobe/udp_sendmsg")
int BPF_KRETPROBE(udp_sendmsg_return, int ret)
{
	return udp_return(ret, FLOW_OUT, false);
}

SEC("kprobe/udpv6_sendmsg")
int BPF_KPROBE(udpv6_sendmsg_entry, struct sock *sk, struct msghdr *msg)
{
	return udp_entry(sk, msg, 0, FLOW_OUT, true);
}

SEC("kretprobe/udpv6_sendmsg")
int BPF_KRETPROBE(udpv6_sendmsg_return, int ret)
{
	return udp_return(ret, FLOW_OUT, true);
}

SEC("kprobe/udp_recvmsg")
int BPF_KPROBE(udp_recvmsg_entry, struct sock *sk, struct msghdr *msg, u64 len, int flags)
{
	return udp_entry(sk, msg, flags, FLOW_IN, false);
}

SEC("kretprobe/udp_recvmsg")
int BPF_KRETPROBE(udp_recvmsg_return, int ret)
{
	return udp_return(ret, FLOW_IN, false);
}

SEC("kprobe/udpv6_recvmsg")
int BPF_KPROBE(udpv6_recvmsg_entry, struct sock *sk, struct msghdr *msg, u64 len, int flags)
{
	return udp_entry(sk, msg, flags, FLOW_IN, true);
}

SEC("kretprobe/udpv6_recvmsg")
int BPF_KRETPROBE(udpv6_recvmsg_return, int ret)
{
	return udp_return(ret, FLOW_IN, true);
}
