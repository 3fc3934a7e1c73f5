/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a socket says about itself. Addresses are 16 bytes in network order, IPv4 as v4-mapped; ports in host order. */
#pragma once

#include "bpf/vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define AF_INET	       2
#define AF_INET6       10
#define SOCK_FLAG_DONE 1 /* bit SOCK_DONE of skc_flags: the peer's FIN has been received */

enum tcp_state {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_CLOSE,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_LISTEN,
	TCP_CLOSING,
	TCP_NEW_SYN_RECV,
};

union addr16 {
	u8 bytes[16];
	u32 words[4];
	u64 halves[2];
};

static __always_inline void addr_set_v4(union addr16 *a, u32 v4)
{
	a->halves[0] = 0;
	a->words[2] = bpf_htonl(0xffff);
	a->words[3] = v4;
}

static __always_inline bool addr_is_v4(const union addr16 *a)
{
	return !a->halves[0] && a->words[2] == bpf_htonl(0xffff);
}

/* Local and remote address of a socket, from a BTF pointer: plain loads. */
static __always_inline void sock_addrs(const struct sock *sk, union addr16 *local,
				       union addr16 *remote)
{
	if (sk->__sk_common.skc_family == AF_INET6) {
		for (int i = 0; i < 4; i++) {
			local->words[i] = sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[i];
			remote->words[i] = sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[i];
		}
	} else {
		addr_set_v4(local, sk->__sk_common.skc_rcv_saddr);
		addr_set_v4(remote, sk->__sk_common.skc_daddr);
	}
}

/* The same from any kernel address. */
static __always_inline void sock_addrs_read(const struct sock *sk, union addr16 *local,
					    union addr16 *remote)
{
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6) {
		BPF_CORE_READ_INTO(local, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(remote, sk, __sk_common.skc_v6_daddr);
	} else {
		addr_set_v4(local, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
		addr_set_v4(remote, BPF_CORE_READ(sk, __sk_common.skc_daddr));
	}
}

struct tcp_payload {
	u64 tx, rx; /* bytes that the application wrote, and that arrived for it */
};

/*
 * Payload of a TCP connection so far. bytes_acked counts the SYN of an active open and an acknowledged FIN as a byte
 * each, what is written but not acknowledged lies between snd_una and write_seq (with our FIN, once it is queued);
 * bytes_received counts the peer's FIN. `state` is the one before TCP_CLOSE, or 0: the socket is alive and not locked.
 * For that case the order of the reads matters: an ACK, a write or a FIN in between may make the sum smaller than it is
 * by now, never 4 GiB larger.
 */
static __always_inline void tcp_payload_read(const struct sock *sk, int state, bool active,
					     struct tcp_payload *p)
{
	const struct tcp_sock *tp = (const void *)sk;
	u64 acked = BPF_CORE_READ(tp, bytes_acked);
	u32 una = BPF_CORE_READ(tp, snd_una);
	u32 queued = BPF_CORE_READ(tp, write_seq) - una;
	u64 received = BPF_CORE_READ(tp, bytes_received);
	bool fin_in = BPF_CORE_READ(sk, __sk_common.skc_flags) & (1UL << SOCK_FLAG_DONE);
	u64 tx, extra;
	bool fin_out;

	if (!state)
		state = BPF_CORE_READ(sk, __sk_common.skc_state);
	fin_out = state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 || state == TCP_CLOSING ||
		  state == TCP_LAST_ACK || state == TCP_TIME_WAIT;
	/* where loads may pass each other (arm64), snd_una can still be the newer one */
	tx = acked + ((s32)queued > 0 ? queued : 0);
	extra = (active ? 1 : 0) + (fin_out ? 1 : 0);

	p->tx = tx > extra ? tx - extra : 0;
	p->rx = received > fin_in ? received - fin_in : 0;
}
