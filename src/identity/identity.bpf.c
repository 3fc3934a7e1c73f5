// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tells of each cgroup that is made or removed, before a process can be in it. These events are
 * rare, so each wakes the reader at once.
 */
#include "bpf/vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "identity/events.h"

char LICENSE[] SEC("license") = "GPL";

/* The hierarchies that user space looks up ids in; no one wants the other v1 ones' copies. */
const volatile __u32 hierarchies[CGROUP_HIERARCHIES_MAX];
const volatile __u32 hierarchy_count;

/* Events that found the ring full. */
__u64 lost;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

/* A whole event is too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cgroup_event);
} scratch SEC(".maps");

static __always_inline bool wanted(__u32 hierarchy)
{
	for (int i = 0; i < CGROUP_HIERARCHIES_MAX; i++) {
		if (i < hierarchy_count && hierarchies[i] == hierarchy)
			return true;
	}
	return false;
}

static __always_inline int tell(struct cgroup *cgroup, const char *path, __u16 kind)
{
	__u32 hierarchy = cgroup->root->hierarchy_id;
	struct cgroup_event *event;
	__u32 zero = 0;
	long len;

	if (!wanted(hierarchy))
		return 0;
	event = bpf_map_lookup_elem(&scratch, &zero);
	if (!event)
		return 0;
	event->id = cgroup->kn->id;
	event->hierarchy = hierarchy;
	event->kind = kind;
	len = bpf_probe_read_kernel_str(event->path, sizeof(event->path), path);
	if (len < 0 || len > CGROUP_EVENT_PATH)
		len = 0;
	event->path_len = len;
	if (bpf_ringbuf_output(&events, event, __builtin_offsetof(struct cgroup_event, path) + len,
			       BPF_RB_FORCE_WAKEUP))
		__sync_fetch_and_add(&lost, 1);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(identity_mkdir, struct cgroup *cgroup, const char *path)
{
	return tell(cgroup, path, CGROUP_EVENT_MKDIR);
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(identity_rmdir, struct cgroup *cgroup, const char *path)
{
	return tell(cgroup, path, CGROUP_EVENT_RMDIR);
}
