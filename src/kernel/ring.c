// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/ring.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

#include "kernel/bpf_log.h"
#include "kernel/loop.h"

struct ring {
	struct ring_buffer *rb;
	struct loop_fd *fd;
	struct loop_timer *timer;
	ring_record fn;
	void *context;
	uint64_t budget; /* bytes that may still be read in this drain */
	int count;
};

/*
 * A drain reads what was there when it began: under a flood the producer would keep it busy for
 * ever, and timers would starve. libbpf goes on past a record whose callback fails, so stopping
 * loses none.
 */
static int on_record(void *context, void *data, size_t size)
{
	struct ring *ring = context;
	uint64_t used = (size + BPF_RINGBUF_HDR_SZ + 7) & ~7ull;

	ring->fn(ring->context, data, size);
	ring->count++;
	ring->budget -= MIN(used, ring->budget);
	return ring->budget ? 0 : -ECANCELED;
}

int ring_drain(struct ring *ring)
{
	ring->count = 0;
	ring->budget = ring_waiting(ring);
	if (ring->budget)
		ring_buffer__consume(ring->rb);
	return ring->count;
}

static void on_ready(void *context)
{
	ring_drain(context);
}

uint64_t ring_waiting(const struct ring *ring)
{
	return ring__avail_data_size(ring_buffer__ring(ring->rb, 0));
}

int ring_open(struct loop *loop, int map_fd, uint64_t flush_ns, ring_record fn, void *context,
	      struct ring **ret, struct error *err)
{
	CLEANUP(ring_cleanup) struct ring *ring = calloc(1, sizeof(*ring));
	int r;

	if (!ring)
		return error_errno(err, -ENOMEM, "ring buffer");
	bpf_log_clear();
	ring->fn = fn;
	ring->context = context;
	ring->rb = ring_buffer__new(map_fd, on_record, ring, NULL);
	if (!ring->rb)
		return error_errno(err, -errno, "ring buffer");
	r = loop_fd_add(loop, ring_buffer__epoll_fd(ring->rb), on_ready, ring, &ring->fd);
	if (r == 0 && flush_ns)
		r = loop_timer_add(loop, flush_ns, flush_ns, on_ready, ring, &ring->timer);
	if (r < 0)
		return error_errno(err, r, "ring buffer");
	*ret = TAKE_PTR(ring);
	return 0;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	loop_fd_remove(ring->fd);
	loop_timer_remove(ring->timer);
	ring_buffer__free(ring->rb);
	free(ring);
}
