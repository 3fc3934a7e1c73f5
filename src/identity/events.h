/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What identity's kernel half tells: a cgroup was made or removed. */
#pragma once

#ifndef __bpf__
#include <assert.h>
#include <linux/types.h>
#endif

enum {
	CGROUP_EVENT_PATH = 1024, /* TRACE_CGROUP_PATH_LEN: the kernel's own bound, end included */
	CGROUP_HIERARCHIES_MAX = 5, /* v2, and v1 of memory, pids, devices, cpu */
};

enum cgroup_event_kind {
	CGROUP_EVENT_MKDIR = 1,
	CGROUP_EVENT_RMDIR = 2,
};

struct cgroup_event {
	__u64 id;
	__u32 hierarchy; /* 0: v2 */
	__u16 kind;	 /* enum cgroup_event_kind */
	__u16 path_len;	 /* its end included; CGROUP_EVENT_PATH: it may be cut. 0: unreadable */
	char path[CGROUP_EVENT_PATH];
};
#ifndef __bpf__
static_assert(sizeof(struct cgroup_event) == 16 + CGROUP_EVENT_PATH, "both halves agree");
#endif
