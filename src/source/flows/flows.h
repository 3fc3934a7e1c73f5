/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What both halves of `skep flows` share. Times are nanoseconds of CLOCK_MONOTONIC unless said otherwise; addresses
 * 16 bytes in network order, IPv4 as v4-mapped, all zero: unknown; ports in host order.
 */
#pragma once

#ifdef __bpf__
#include "bpf/vmlinux.h"
#else
#include <linux/types.h>
#endif

#define FLOWS_ASSERT(x) _Static_assert(x, #x)

enum {
	FLOWS_COMM = 16,
	FLOWS_EXE = 32,
	FLOWS_PIDS_MAX = 16,
	FLOWS_PORTS_MAX = 16,
	FLOWS_PREFIXES_MAX = 8,
};

enum flow_direction { FLOW_OUT, FLOW_IN };
enum flow_protocol { FLOW_TCP, FLOW_UDP };

/* Who talks to whom. `port` is the remote one of an outbound flow, the local one of an inbound flow. */
struct flow_key {
	__u64 start; /* of the process (its leader's start_boottime): tells reused pids apart */
	__u32 pid;   /* the process, not the thread */
	__u16 port;
	__u8 direction;
	__u8 protocol;
	__u8 local[16];
	__u8 remote[16];
};
FLOWS_ASSERT(sizeof(struct flow_key) == 48);

/* The sum of a flow's calls. A call that failed counts in `errors` only; one that would block not at all. */
struct flow_value {
	__u64 count;	/* connects or accepts that succeeded; datagrams sent or received */
	__u64 tx_bytes; /* payload */
	__u64 rx_bytes;
	__u64 first, last; /* time of the first and the last call that succeeded */
	__u64 max_gap;	   /* longest time between two of them */
	__u64 latency;	   /* sum over connects: SYN to established */
	__u64 errors;
	__u64 error_time;   /* of the last one */
	__u64 retransmits;  /* segments */
	__u64 attempt_time; /* of the last connect begun */
	__u32 attempts;	    /* connects begun (TCP, outbound) */
	__u32 open;	    /* connections open now */
	__s32 error;	    /* errno of the last failure, positive */
	__u8 mapped;	    /* IPv4 over an IPv6 socket */
	__u8 pad[3];
};
FLOWS_ASSERT(sizeof(struct flow_value) == 104);

struct proc_key {
	__u64 start;
	__u32 pid;
	__u32 pad;
};
FLOWS_ASSERT(sizeof(struct proc_key) == 16);

/* The process behind flows, as of its first call or its last exec since. */
struct proc_value {
	__u64 cgroup_v2, cgroup_v1; /* see bpf/task.h */
	__u64 ended;		    /* 0: alive */
	__u32 uid, gid;
	__u32 ppid;
	__u32 netns; /* inode number */
	char comm[FLOWS_COMM];
	char exe[FLOWS_EXE]; /* last part of the path of the executable, cut */
};
FLOWS_ASSERT(sizeof(struct proc_value) == 88);

enum flow_event_type {
	FLOW_CONNECT,
	FLOW_CONNECT_FAILED,
	FLOW_ACCEPT,
	FLOW_CLOSE,
	FLOW_RETRANSMIT,
	FLOW_SEND,
	FLOW_RECV,
	FLOW_EVENT_TYPES
};

struct flow_event {
	__u64 time;
	struct flow_key key;
	__u64 tx_bytes, rx_bytes;
	__u64 duration; /* connect: SYN to established or failure; close: life of the connection */
	__u32 tid;	/* 0: not in the context of the process */
	__s32 error;	/* errno, positive */
	__u8 type;	/* enum flow_event_type */
	__u8 mapped;
	__u8 pad[6];
};
FLOWS_ASSERT(sizeof(struct flow_event) == 96);

/* Where something can be lost: the `hook` of kernel/loss.h. */
enum flows_hook {
	FLOWS_HOOK_FLOWS,   /* table of flows */
	FLOWS_HOOK_PROCS,   /* table of processes */
	FLOWS_HOOK_SOCKETS, /* a socket's state */
	FLOWS_HOOK_ACCEPTS, /* accepted connections */
	FLOWS_HOOK_PEERS,   /* other ends of calls under way */
	FLOWS_HOOK_EVENTS,  /* records of --events */
	FLOWS_HOOKS
};

struct flows_ports {
	__u16 first, last;
};

struct flows_prefix {
	__u64 addr[2], mask[2]; /* as in memory: network order */
};

/* Which flows are recorded; zero counts let everything pass. */
struct flows_want {
	struct flows_prefix prefixes[FLOWS_PREFIXES_MAX]; /* local or remote */
	struct flows_ports ports[FLOWS_PORTS_MAX];
	__u32 pids[FLOWS_PIDS_MAX];
	__u32 prefix_count, port_count, pid_count;
	__u32 uid;
	__u8 uid_set;
	__u8 skip[2];	    /* by enum flow_direction */
	__u8 skip_proto[2]; /* by enum flow_protocol */
	__u8 version;	    /* 4 or 6 only; 0: both */
	__u8 pad[2];
};
