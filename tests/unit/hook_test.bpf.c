// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs that the verifier refuses, that load but find nothing to attach to, and that work. */
#include "bpf/vmlinux.h"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u64);
} table SEC(".maps");

SEC("raw_tp/sys_enter")
int refused(void *ctx)
{
	u32 key = 0;
	u64 *count = bpf_map_lookup_elem(&table, &key);

	return *count; /* may be NULL */
}

SEC("tp/skep/no_such_event")
int homeless(void *ctx)
{
	return 0;
}

static __always_inline int count(void)
{
	u32 key = 0;
	u64 *value = bpf_map_lookup_elem(&counts, &key);

	if (value)
		__sync_fetch_and_add(value, 1);
	return 0;
}

SEC("raw_tp/sys_enter")
int works(void *ctx)
{
	return count();
}

SEC("raw_tp/sys_enter")
int works_too(void *ctx)
{
	return count();
}

SEC("raw_tp/sys_exit")
int jobless(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
