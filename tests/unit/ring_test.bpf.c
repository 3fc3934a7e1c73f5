// SPDX-License-Identifier: GPL-2.0-or-later
/* A producer on demand: records of a running number, as many as the caller asks for. */
#include "bpf/ring.h"

struct produce {
	u32 first, count;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

static long produce_one(u32 i, struct produce *ctx)
{
	u64 *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

	if (!record) {
		loss_count_at(3, LOSS_RING_FULL);
		return 0;
	}
	*record = ctx->first + i;
	bpf_ringbuf_submit(record, ring_flags(&events));
	return 0;
}

SEC("syscall")
int produce(struct produce *ctx)
{
	struct produce copy = *ctx;

	bpf_loop(copy.count, produce_one, &copy, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
