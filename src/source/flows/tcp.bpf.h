/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP: connections are followed by their states; bytes are read from the socket. Part of flows.bpf.c. */
#pragma once

#include "source/flows/table.bpf.h"

static __always_inline void sock_key(const struct sock *sk, struct flow_key *key,
				     enum flow_direction direction)
{
	__builtin_memset(key, 0, sizeof(*key));
	sock_addrs_read(sk, (union addr16 *)key->local, (union addr16 *)key->remote);
	/* not skc_num: a socket that was reset before it was accepted has none any more */
	key->port = direction == FLOW_IN
			    ? bpf_ntohs(BPF_CORE_READ((const struct inet_sock *)(const void *)sk,
						      inet_sport))
			    : bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	key_init(key, direction, FLOW_TCP);
}

static __always_inline bool sock_mapped(const struct sock *sk, const struct flow_key *key)
{
	return BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6 &&
	       addr_is_v4((const union addr16 *)key->remote);
}

/* Raises *reported to `now` and returns by how much; two CPUs never count the same bytes. */
static __always_inline u64 advance(u64 *reported, u64 now)
{
	for (int i = 0; i < 4; i++) {
		u64 old = *reported;

		if (now <= old)
			return 0;
		if (__sync_val_compare_and_swap(reported, old, now) == old)
			return now - old;
	}
	return 0;
}

/* Brings the flow's bytes up to what the socket has seen; `state` as for tcp_payload_read. */
static __always_inline void tcp_bytes(const struct sock *sk, int state, struct tcp_conn *conn,
				      struct flow_value *v, struct tcp_payload *ret)
{
	u32 retransmits = BPF_CORE_READ((const struct tcp_sock *)(const void *)sk, total_retrans);
	u32 before = conn->retransmits;

	tcp_payload_read(sk, state, conn->active, ret);
	if (state) {
		/* the end: what was read from the living socket, unlocked, is put right */
		__sync_fetch_and_add(&v->tx_bytes,
				     ret->tx - __sync_lock_test_and_set(&conn->tx, ret->tx));
		__sync_fetch_and_add(&v->rx_bytes,
				     ret->rx - __sync_lock_test_and_set(&conn->rx, ret->rx));
	} else {
		__sync_fetch_and_add(&v->tx_bytes, advance(&conn->tx, ret->tx));
		__sync_fetch_and_add(&v->rx_bytes, advance(&conn->rx, ret->rx));
	}
	if (retransmits > before &&
	    __sync_val_compare_and_swap(&conn->retransmits, before, retransmits) == before)
		__sync_fetch_and_add(&v->retransmits, retransmits - before);
}

static __always_inline u64 sock_cookie(const struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
}

static __always_inline struct flow_key *accepted_find(const struct sock *sk)
{
	u64 id = sock_cookie(sk);
	struct flow_key *key = id ? bpf_map_lookup_elem(&accepted, &id) : NULL;

	if (key)
		return key;
	id = (u64)sk;
	return bpf_map_lookup_elem(&accepted, &id);
}

static __always_inline void accepted_forget(const struct sock *sk)
{
	u64 id = sock_cookie(sk);

	if (id)
		bpf_map_delete_elem(&accepted, &id);
	id = (u64)sk;
	bpf_map_delete_elem(&accepted, &id);
}

static __always_inline void tcp_conn_claimed(struct tcp_conn *conn)
{
	if (conn->waiting && __sync_val_compare_and_swap(&conn->waiting, 1, 0) == 1)
		__sync_fetch_and_add(&unclaimed, -1);
}

static __always_inline void tcp_conn_own(struct tcp_conn *conn, const struct flow_key *key,
					 bool listed)
{
	conn->key = *key;
	conn->listed = listed;
	conn->counted = 1;
	conn->owned = 1;
	tcp_conn_claimed(conn);
}

/* The owner of an accepted connection, if accept was seen by another hook than the one that runs. */
static __always_inline bool tcp_conn_owned(const struct sock *sk, struct tcp_conn *conn)
{
	struct flow_key *key;

	if (conn->owned)
		return true;
	key = accepted_find(sk);
	if (!key)
		return false;
	tcp_conn_own(conn, key, true);
	return true;
}

/*
 * The current process accepted this connection. Counted once, whichever hook sees it first. `conn`: its storage, where
 * that can be reached.
 */
static __always_inline void tcp_accepted(const struct sock *sk, struct tcp_conn *conn)
{
	u64 cookie = sock_cookie(sk), id = cookie ? cookie : (u64)sk;
	struct flow_value *v;
	struct flow_key key;
	bool mapped;
	long r;
	u64 now;

	if (want.skip[FLOW_IN] || want.skip_proto[FLOW_TCP])
		return;
	sock_key(sk, &key, FLOW_IN);
	r = bpf_map_update_elem(&accepted, &id, &key, BPF_NOEXIST);
	if (r == -17 /* EEXIST */)
		return;
	if (r && !conn) {
		loss_count_at(FLOWS_HOOK_ACCEPTS, LOSS_TABLE_FULL);
		return;
	}
	if (conn)
		tcp_conn_own(conn, &key, !r);
	v = flow_get(&key);
	now = bpf_ktime_get_ns();
	if (v) {
		flow_count(v, now);
		__sync_fetch_and_add(&v->open, 1);
		mapped = sock_mapped(sk, &key);
		if (mapped)
			v->mapped = 1;
		event_send(FLOW_ACCEPT, &key, now, 0, 0, 0, 0, mapped, true);
	}
	/* reset while it waited to be accepted: its end is past, unless it comes right now and has found the entry */
	if (BPF_CORE_READ(sk, __sk_common.skc_state) != TCP_CLOSE ||
	    bpf_map_delete_elem(&accepted, &id) || !v)
		return;
	__sync_fetch_and_add(&v->open, -1);
	event_send(FLOW_CLOSE, &key, now, 0, 0, 0, BPF_CORE_READ(sk, sk_err), v->mapped, true);
}

/* The first read or write on a connection that no accept was seen for (io_uring). */
static __always_inline void tcp_claim_by_io(struct sock *sk)
{
	struct tcp_conn *conn = bpf_sk_storage_get(&tcp_conns, sk, 0, 0);

	if (!conn || conn->active || tcp_conn_owned(sk, conn))
		return;
	tcp_accepted(sk, conn);
}

static __always_inline void tcp_syn_sent(struct sock *sk)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct connecting *connecting;
	struct tcp_conn *conn;
	struct flow_value *v;
	struct flow_key key;
	u64 now;

	if (want.skip[FLOW_OUT])
		return;
	connecting = bpf_map_lookup_elem(&connectings, &tid);
	if (connecting)
		connecting->syn = 1;
	sock_key(sk, &key, FLOW_OUT);
	v = flow_get(&key);
	if (!v)
		return;
	now = bpf_ktime_get_ns();
	__sync_fetch_and_add(&v->attempts, 1);
	v->attempt_time = now;
	if (sock_mapped(sk, &key))
		v->mapped = 1;
	conn = bpf_sk_storage_get(&tcp_conns, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!conn) {
		loss_count_at(FLOWS_HOOK_SOCKETS, LOSS_BUSY);
		return;
	}
	__builtin_memset(conn, 0, sizeof(*conn));
	conn->key = key;
	conn->began = now;
	conn->active = 1;
	conn->owned = 1;
}

static __always_inline void tcp_established(struct sock *sk, int oldstate)
{
	struct tcp_conn *conn;
	struct flow_value *v;
	u64 now;

	conn = bpf_sk_storage_get(&tcp_conns, sk, 0, 0);
	if (conn && conn->active) {
		if (conn->counted)
			return;
		conn->counted = 1;
		v = bpf_map_lookup_elem(&flows, &conn->key);
		if (!v)
			return;
		now = bpf_ktime_get_ns();
		flow_count(v, now);
		__sync_fetch_and_add(&v->open, 1);
		__sync_fetch_and_add(&v->latency, now - conn->began);
		event_send(FLOW_CONNECT, &conn->key, now, 0, 0, now - conn->began, 0, v->mapped,
			   false);
		return;
	}
	if (conn || oldstate != TCP_SYN_RECV || want.skip[FLOW_IN])
		return;
	conn = bpf_sk_storage_get(&tcp_conns, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!conn) {
		loss_count_at(FLOWS_HOOK_SOCKETS, LOSS_BUSY);
		return;
	}
	conn->began = bpf_ktime_get_ns();
	if (tcp_conn_owned(sk, conn))
		return; /* TCP Fast Open: accepted before the handshake was over */
	conn->waiting = 1;
	bpf_get_socket_cookie(sk); /* gives it one, so that accept can find it */
	__sync_fetch_and_add(&unclaimed, 1);
}

/* A connect that ended before it was established. */
static __always_inline void tcp_connect_failed(const struct sock *sk, struct tcp_conn *conn)
{
	int error = BPF_CORE_READ(sk, sk_err);
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct connecting *connecting;
	struct flow_value *v;
	u64 now;

	if (!error) {
		/* connect() itself gave up (no free port): its return tells why */
		connecting = bpf_map_lookup_elem(&connectings, &tid);
		if (connecting && connecting->syn &&
		    BPF_CORE_READ(sk, sk_socket, state) == SS_UNCONNECTED) {
			connecting->failed = 1;
			return;
		}
		error = ECANCELED; /* closed by its owner before an answer came */
	}
	v = bpf_map_lookup_elem(&flows, &conn->key);
	if (!v)
		return;
	now = bpf_ktime_get_ns();
	flow_fail(v, now, error);
	event_send(FLOW_CONNECT_FAILED, &conn->key, now, 0, 0, now - conn->began, error, v->mapped,
		   false);
}

/* A connection that we did not see being established: all its bytes count at its end. */
static __always_inline void tcp_closed_stranger(struct sock *sk, int oldstate)
{
	struct flow_key *key = want.skip[FLOW_IN] ? NULL : accepted_find(sk);
	struct tcp_conn conn = {};
	struct tcp_payload payload;
	struct flow_value *v;

	if (!key)
		return;
	conn.key = *key;
	accepted_forget(sk);
	v = bpf_map_lookup_elem(&flows, &conn.key);
	if (!v)
		return;
	tcp_payload_read(sk, oldstate, false, &payload);
	__sync_fetch_and_add(&v->tx_bytes, payload.tx);
	__sync_fetch_and_add(&v->rx_bytes, payload.rx);
	__sync_fetch_and_add(&v->open, -1);
	event_send(FLOW_CLOSE, &conn.key, bpf_ktime_get_ns(), payload.tx, payload.rx, 0,
		   BPF_CORE_READ(sk, sk_err), v->mapped, false);
}

static __always_inline void tcp_closed(struct sock *sk, int oldstate)
{
	struct tcp_conn *conn = bpf_sk_storage_get(&tcp_conns, sk, 0, 0);
	struct tcp_payload payload;
	struct flow_value *v;
	u64 now;

	if (!conn) {
		tcp_closed_stranger(sk, oldstate);
		return;
	}
	if (conn->active && !conn->counted) {
		tcp_connect_failed(sk, conn);
		goto out;
	}
	if (!tcp_conn_owned(sk, conn)) {
		tcp_conn_claimed(conn);
		goto out;
	}
	if (conn->listed)
		accepted_forget(sk);
	v = bpf_map_lookup_elem(&flows, &conn->key);
	if (!v)
		goto out;
	tcp_bytes(sk, oldstate, conn, v, &payload);
	__sync_fetch_and_add(&v->open, -1);
	now = bpf_ktime_get_ns();
	event_send(FLOW_CLOSE, &conn->key, now, payload.tx, payload.rx, now - conn->began,
		   BPF_CORE_READ(sk, sk_err), v->mapped, false);
out:
	bpf_sk_storage_delete(&tcp_conns, sk);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(inet_sock_set_state, struct sock *sk, int oldstate, int newstate)
{
	if (sk->sk_protocol != IPPROTO_TCP || want.skip_proto[FLOW_TCP])
		return 0;
	switch (newstate) {
	case TCP_SYN_SENT: tcp_syn_sent(sk); break;
	case TCP_ESTABLISHED: tcp_established(sk, oldstate); break;
	case TCP_CLOSE: tcp_closed(sk, oldstate); break;
	case TCP_FIN_WAIT1:
	case TCP_LAST_ACK:
		/* entered by close or shutdown, in the context of a process that has the socket */
		if (unclaimed > 0)
			tcp_claim_by_io(sk);
		break;
	}
	return 0;
}

/* Walked by the reader before it reads the flows: brings the bytes of living connections up to date. */
SEC("iter/bpf_sk_storage_map")
int tcp_walk(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct sock *sk = ctx->sk;
	struct tcp_payload payload;
	struct tcp_conn *conn;
	struct flow_value *v;
	int state;

	if (!sk)
		return 0;
	state = sk->__sk_common.skc_state;
	if (state == TCP_CLOSE || state == TCP_SYN_SENT)
		return 0;
	conn = bpf_sk_storage_get(&tcp_conns, sk, 0, 0);
	if (!conn || !tcp_conn_owned(sk, conn))
		return 0;
	v = bpf_map_lookup_elem(&flows, &conn->key);
	if (v)
		tcp_bytes(sk, 0, conn, v, &payload);
	/* the storage knows the owner now: the table is for those on their way, not for all that are open */
	if (conn->listed) {
		conn->listed = 0;
		accepted_forget(sk);
	}
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(tcp_retransmit, struct sock *sk)
{
	struct tcp_conn *conn = bpf_sk_storage_get(&tcp_conns, sk, 0, 0);

	if (conn && tcp_conn_owned(sk, conn))
		event_send(FLOW_RETRANSMIT, &conn->key, bpf_ktime_get_ns(), 0, 0, 0, 0, false,
			   false);
	return 0;
}

struct syscall_exit {
	u64 common;
	long id;
	long ret;
};

/* The socket behind a descriptor of the current process. */
static __always_inline struct sock *fd_sock(u64 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(fdt, fd), *file = NULL;
	struct socket *socket;

	if (fd >= BPF_CORE_READ(fdt, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

static __always_inline int accept_sock(struct sock *sk)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	if ((family == AF_INET || family == AF_INET6) &&
	    BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP)
		tcp_accepted(sk, NULL);
	return 0;
}

static __always_inline int accept_fd(long fd)
{
	struct sock *sk = fd >= 0 ? fd_sock(fd) : NULL;

	return sk ? accept_sock(sk) : 0;
}

SEC("tracepoint/syscalls/sys_exit_accept")
int sys_exit_accept(struct syscall_exit *ctx)
{
	return accept_fd(ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_accept4")
int sys_exit_accept4(struct syscall_exit *ctx)
{
	return accept_fd(ctx->ret);
}

SEC("fexit/inet_csk_accept")
int inet_csk_accept_exit(u64 *ctx)
{
	u64 sk = 0;

	/* the number of arguments changed in 6.10, so the return value's place did */
	if (bpf_get_func_ret(ctx, &sk) || !sk)
		return 0;
	return accept_sock((struct sock *)sk);
}

SEC("kretprobe/inet_csk_accept")
int BPF_KRETPROBE(inet_csk_accept_return, struct sock *sk)
{
	return sk ? accept_sock(sk) : 0;
}

static __always_inline void connect_begins(const union addr16 *remote, u16 port, bool mapped)
{
	struct connecting c = { .port = port, .mapped = mapped };
	u32 tid = (u32)bpf_get_current_pid_tgid();

	__builtin_memcpy(c.remote, remote, sizeof(c.remote));
	bpf_map_update_elem(&connectings, &tid, &c, BPF_ANY);
}

static __always_inline void connect_ends(long ret)
{
	u32 tid = (u32)bpf_get_current_pid_tgid();
	struct connecting *c = bpf_map_lookup_elem(&connectings, &tid);
	struct flow_value *v;
	struct flow_key key;
	u64 now;

	if (!c)
		return;
	if (ret >= 0 || ret == -EINPROGRESS || would_block(ret) || (c->syn && !c->failed))
		goto out;
	__builtin_memset(&key, 0, sizeof(key));
	__builtin_memcpy(key.remote, c->remote, sizeof(key.remote));
	if (addr_is_v4((const union addr16 *)c->remote))
		addr_set_v4((union addr16 *)key.local, 0);
	key.port = c->port;
	key_init(&key, FLOW_OUT, FLOW_TCP);
	v = flow_get(&key);
	if (!v)
		goto out;
	now = bpf_ktime_get_ns();
	if (!c->syn) {
		__sync_fetch_and_add(&v->attempts, 1);
		v->attempt_time = now;
	}
	flow_fail(v, now, -ret);
	event_send(FLOW_CONNECT_FAILED, &key, now, 0, 0, 0, -ret, c->mapped, true);
out:
	bpf_map_delete_elem(&connectings, &tid);
}

static __always_inline bool connect_skip(void)
{
	return want.skip[FLOW_OUT] || want.skip_proto[FLOW_TCP];
}

SEC("cgroup/connect4")
int tcp4_connect(struct bpf_sock_addr *ctx)
{
	union addr16 remote;

	if (ctx->protocol != IPPROTO_TCP || connect_skip())
		return 1;
	addr_set_v4(&remote, ctx->user_ip4);
	connect_begins(&remote, bpf_ntohs((u16)ctx->user_port), ctx->family == AF_INET6);
	return 1;
}

SEC("cgroup/connect6")
int tcp6_connect(struct bpf_sock_addr *ctx)
{
	union addr16 remote;

	if (ctx->protocol != IPPROTO_TCP || connect_skip())
		return 1;
	remote.words[0] = ctx->user_ip6[0];
	remote.words[1] = ctx->user_ip6[1];
	remote.words[2] = ctx->user_ip6[2];
	remote.words[3] = ctx->user_ip6[3];
	connect_begins(&remote, bpf_ntohs((u16)ctx->user_port), addr_is_v4(&remote));
	return 1;
}

SEC("tracepoint/syscalls/sys_exit_connect")
int sys_exit_connect(struct syscall_exit *ctx)
{
	connect_ends(ctx->ret);
	return 0;
}
