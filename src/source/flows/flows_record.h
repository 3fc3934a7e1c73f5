/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `skep flows` puts out: a flow, a call (--events), a pair of containers (--matrix), and their schemas. */
#pragma once

#include "record/schema.h"
#include "source/flows/flows_lib.h"

enum { FLOW_SCAN_TEXT = 64 };

/* The process of a flow or a call. Strings belong to the identity object or to flows_lib; NULL: unknown, or none. */
struct flow_owner {
	char comm[FLOWS_COMM];
	const char *user, *exe, *cmdline, *parent;
	const char *container, *container_id, *runtime, *image, *pod, *k8s_namespace, *labels,
		*outer;
	const char *cgroup;
	uint32_t pid, ppid, uid, gid, netns;
};

struct flow_ends {
	struct ip_addr local_addr, remote_addr;
	uint16_t local_port, remote_port;
	uint8_t direction, proto, ip_version;
	bool mapped; /* IPv4 over an IPv6 socket */
};

struct flow_record {
	struct flow_owner owner;
	struct flow_ends ends;
	uint64_t count, bytes, tx_bytes, rx_bytes;
	uint64_t mtbs_ns, max_gap_ns, latency_ns;
	uint64_t first_time, last_time, last_error_time;
	uint64_t errors, pending, open, retransmits;
	const char *error;
	char scan[FLOW_SCAN_TEXT];
};

struct flow_event_record {
	struct flow_owner owner;
	struct flow_ends ends;
	uint64_t time, tx_bytes, rx_bytes, bytes, duration_ns;
	const char *error;
	uint32_t tid;
	uint8_t event;
};

extern const struct schema flow_schema, flow_event_schema;

/* `wall_offset`: what to add to CLOCK_MONOTONIC for the time of day. */
void flow_record_fill(const struct flows_entry *entry, uint64_t wall_offset,
		      struct flow_record *ret);
void flow_event_fill(const struct flow_event *event, const struct flows_process *process,
		     uint64_t wall_offset, struct flow_event_record *ret);

/* The address in a key: version 0 when all of it is zero. */
struct ip_addr flow_addr(const __u8 bytes[16]);
