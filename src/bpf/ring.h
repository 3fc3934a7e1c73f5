/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For kernel halves: how records go to user space, and how what could not go is counted. Waking the
 * reader for each record costs more than the record, so it is woken when RING_FLUSH_BYTES wait, and
 * drains the rest by its own timer (kernel/ring.h).
 */
#pragma once

#include "bpf/vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "kernel/loss_reason.h"

#define RING_FLUSH_BYTES (64 * 1024)
#define RING_WAKE_BYTES	 512 /* a record, or more */

/*
 * Flags for bpf_ringbuf_submit. FORCE and not 0: with 0 the kernel wakes only a reader that had
 * caught up, and one that stopped at a record still being written would sleep on.
 */
static __always_inline u64 ring_flags(void *ringbuf)
{
	u64 waiting = bpf_ringbuf_query(ringbuf, BPF_RB_AVAIL_DATA);

	/* once for each RING_FLUSH_BYTES: a reader that is behind gains nothing from being woken by every record */
	return waiting >= RING_FLUSH_BYTES && waiting % RING_FLUSH_BYTES < RING_WAKE_BYTES
		       ? BPF_RB_FORCE_WAKEUP
		       : BPF_RB_NO_WAKEUP;
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LOSS_HOOKS *LOSS_REASONS);
	__type(key, u32);
	__type(value, u64);
} losses SEC(".maps");

static __always_inline void loss_add(u32 hook, enum loss_reason reason, u64 lost)
{
	u32 key = hook * LOSS_REASONS + reason;
	u64 *count = bpf_map_lookup_elem(&losses, &key);

	/* Not a plain ++: a program on this CPU can be interrupted by another one. */
	if (count)
		__sync_fetch_and_add(count, lost);
}

static __always_inline void loss_count_at(u32 hook, enum loss_reason reason)
{
	loss_add(hook, reason, 1);
}

static __always_inline void loss_count(enum loss_reason reason)
{
	loss_count_at(0, reason);
}
