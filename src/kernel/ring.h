/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads BPF ring buffers in batches. The kernel half submits with BPF_RB_NO_WAKEUP until
 * RING_FLUSH_BYTES are waiting (bpf/ring.h), so waking is rare; a timer drains the rest every
 * `flush_ns` (50-100 ms). Free a ring before its loop. A ring whose producer wakes at once needs no timer: flush_ns = 0.
 */
#pragma once

#include "base/cleanup.h"
#include "base/error.h"

struct loop;
struct ring;

/* `data` is valid during the call only; its length is what the kernel half reserved: check it
 * against the type. */
typedef void (*ring_record)(void *context, const void *data, size_t size);

int ring_open(struct loop *loop, int map_fd, uint64_t flush_ns, ring_record fn, void *context,
	      struct ring **ret, struct error *err);
void ring_free(struct ring *ring);
CLEANUP_DEFINE(ring, struct ring, ring_free)
/* Reads all that was there at the call, no more; the number of records. */
int ring_drain(struct ring *ring);
/* Bytes that wait to be read, headers included. */
uint64_t ring_waiting(const struct ring *ring);
