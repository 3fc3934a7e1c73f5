/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of flows and processes, and what adds to them. Part of flows.bpf.c. */
#pragma once

#include "bpf/vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/ring.h"
#include "bpf/sock.h"
#include "bpf/task.h"
#include "source/flows/flows.h"

#define IPPROTO_TCP  6
#define IPPROTO_UDP  17
#define EAGAIN	     11
#define ECANCELED    125
#define EINPROGRESS  115
#define ERESTARTSYS  512
#define MSG_PEEK     2
#define MSG_ERRQUEUE 0x2000
#define S_IFMT	     0170000
#define S_IFSOCK     0140000

const volatile struct flows_want want = {};
const volatile bool want_events = false;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow_key);
	__type(value, struct flow_value);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct proc_key);
	__type(value, struct proc_value);
} procs SEC(".maps");

struct tcp_conn {
	struct flow_key key; /* valid once `owned` */
	u64 began;	     /* active: SYN; passive: established */
	u64 tx, rx;	     /* bytes that are in the flow already */
	u32 retransmits;     /* likewise */
	u32 waiting;	     /* counts in `unclaimed` */
	u8 active;
	u8 owned;   /* the process behind it is known */
	u8 counted; /* established, and in the flow's count */
	u8 listed;  /* passive: `accepted` has it still */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct tcp_conn);
} tcp_conns SEC(".maps");

/*
 * Accepted connections: where accept is seen, the socket's storage can't be reached. By the socket's cookie, or by its
 * address if it has none yet (established before we came, or TCP Fast Open).
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct flow_key);
} accepted SEC(".maps");

/* Where a connect of a thread goes, from its begin to its end: finds those that fail before a SYN. */
struct connecting {
	u8 remote[16];
	u16 port;
	u8 syn;	   /* SYN_SENT was reached */
	u8 failed; /* then closed, without an error on the socket */
	u8 mapped;
	u8 pad[3];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct connecting);
} connectings SEC(".maps");

/* The other end of a datagram whose call is under way, for sockets that are not connected. */
struct udp_peer {
	u32 tid; /* whose call; 0: free */
	u16 port;
	u16 pad;
	union addr16 addr;
};

/*
 * What a socket's calls in one direction have added to a flow since they were last brought into the table: the table's
 * lookup costs more than all the rest of a call, and most sockets have one peer.
 */
struct udp_flow {
	struct flow_key key;
	u64 count, bytes;
	u64 first, last, max_gap;
	u32 busy; /* taken by a call or by the reader; whoever finds it so uses the table */
	u8 unwanted;
	u8 mapped;
	u16 pad;
};

struct udp_sock {
	struct udp_peer peer[2]; /* by direction */
	struct udp_flow flow[2]; /* likewise */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct udp_sock);
} udp_socks SEC(".maps");

/* The same for threads that found their socket's place taken by another thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64); /* tid, direction */
	__type(value, struct udp_peer);
} udp_spill SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} events SEC(".maps");

__s64 unclaimed; /* passive connections that are established and whose storage does not know the owner yet */
__u64 spilled; /* entries in udp_spill */

/* A call that has to be made again is no call. */
static __always_inline bool would_block(int ret)
{
	return ret == -EAGAIN || ret <= -ERESTARTSYS || ret == -4 /* EINTR */;
}

static const struct flow_value flow_zero;

static __always_inline void process_fill(struct task_struct *task, struct proc_value *p)
{
	struct task_struct *leader = task->group_leader;

	__builtin_memset(p, 0, sizeof(*p));
	/* what it closes while it exits comes behind the event of its exit */
	if (task->signal->live.counter <= 0)
		p->ended = bpf_ktime_get_ns();
	task_cgroup_ids(task, &p->cgroup_v2, &p->cgroup_v1);
	p->uid = BPF_CORE_READ(task, cred, uid.val);
	p->gid = BPF_CORE_READ(task, cred, gid.val);
	p->ppid = BPF_CORE_READ(leader, real_parent, tgid);
	p->netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	BPF_CORE_READ_STR_INTO(&p->comm, leader, comm);
	bpf_probe_read_kernel_str(p->exe, sizeof(p->exe),
				  BPF_CORE_READ(leader, mm, exe_file, f_path.dentry, d_name.name));
}

static __always_inline void process_note(const struct flow_key *key)
{
	struct proc_key pk = { .start = key->start, .pid = key->pid };
	struct proc_value p;

	if (bpf_map_lookup_elem(&procs, &pk))
		return;
	process_fill(bpf_get_current_task_btf(), &p);
	if (bpf_map_update_elem(&procs, &pk, &p, BPF_ANY))
		loss_count_at(FLOWS_HOOK_PROCS, LOSS_TABLE_FULL);
}

static __always_inline bool prefix_has(const volatile struct flows_prefix *p, const u8 *bytes)
{
	const u64 *a = (const u64 *)bytes;

	return (a[0] & p->mask[0]) == p->addr[0] && (a[1] & p->mask[1]) == p->addr[1];
}

/* As it is shown: by the local address where the remote one is not known. */
static __always_inline u8 key_version(const struct flow_key *key)
{
	const union addr16 *remote = (const union addr16 *)key->remote;

	if (!remote->halves[0] && !remote->halves[1])
		return addr_is_v4((const union addr16 *)key->local) ? 4 : 6;
	return addr_is_v4(remote) ? 4 : 6;
}

static bool flow_wanted(const struct flow_key *key)
{
	bool ok;

	if (want.version && want.version != key_version(key))
		return false;
	if (want.pid_count) {
		ok = false;
		for (int i = 0; i < FLOWS_PIDS_MAX; i++)
			ok |= i < want.pid_count && want.pids[i] == key->pid;
		if (!ok)
			return false;
	}
	if (want.port_count) {
		ok = false;
		for (int i = 0; i < FLOWS_PORTS_MAX; i++)
			ok |= i < want.port_count && key->port >= want.ports[i].first &&
			      key->port <= want.ports[i].last;
		if (!ok)
			return false;
	}
	if (want.prefix_count) {
		ok = false;
		for (int i = 0; i < FLOWS_PREFIXES_MAX; i++)
			ok |= i < want.prefix_count && (prefix_has(&want.prefixes[i], key->local) ||
							prefix_has(&want.prefixes[i], key->remote));
		if (!ok)
			return false;
	}
	return !want.uid_set || (u32)bpf_get_current_uid_gid() == want.uid;
}

/* Makes the flow; in the context of its process. NULL: not wanted, or no room. */
static __noinline struct flow_value *flow_new(const struct flow_key *key)
{
	struct flow_value *v;

	if (!key || !flow_wanted(key))
		return NULL;
	process_note(key);
	bpf_map_update_elem(&flows, key, &flow_zero, BPF_NOEXIST);
	v = bpf_map_lookup_elem(&flows, key);
	if (!v)
		loss_count_at(FLOWS_HOOK_FLOWS, LOSS_TABLE_FULL);
	return v;
}

static __always_inline struct flow_value *flow_get(const struct flow_key *key)
{
	struct flow_value *v = bpf_map_lookup_elem(&flows, key);

	return v ? v : flow_new(key);
}

static __always_inline void key_init(struct flow_key *key, enum flow_direction direction,
				     enum flow_protocol protocol)
{
	struct task_struct *task = bpf_get_current_task_btf();

	key->start = task->group_leader->start_boottime;
	key->pid = task->tgid;
	key->direction = direction;
	key->protocol = protocol;
}

static __always_inline void flow_count(struct flow_value *v, u64 now)
{
	u64 last = v->last;

	if (!__sync_fetch_and_add(&v->count, 1))
		v->first = now;
	else if (last && now > last && now - last > v->max_gap)
		v->max_gap = now - last;
	if (now > last)
		v->last = now;
}

static __always_inline void flow_fail(struct flow_value *v, u64 now, int error)
{
	__sync_fetch_and_add(&v->errors, 1);
	v->error = error;
	v->error_time = now;
}

static __always_inline void event_send(enum flow_event_type type, const struct flow_key *key,
				       u64 now, u64 tx, u64 rx, u64 duration, int error,
				       bool mapped, bool in_process)
{
	struct flow_event *e;

	if (!want_events)
		return;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e) {
		loss_count_at(FLOWS_HOOK_EVENTS, LOSS_RING_FULL);
		return;
	}
	e->time = now;
	e->key = *key;
	e->tx_bytes = tx;
	e->rx_bytes = rx;
	e->duration = duration;
	e->tid = in_process ? (u32)bpf_get_current_pid_tgid() : 0;
	e->error = error;
	e->type = type;
	e->mapped = mapped;
	__builtin_memset(e->pad, 0, sizeof(e->pad));
	bpf_ringbuf_submit(e, ring_flags(&events));
}
