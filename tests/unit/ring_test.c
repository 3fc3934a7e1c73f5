// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>

#include "base/util.h"
#include "kernel/loop.h"
#include "kernel/loss.h"
#include "kernel/ring.h"
#include "ring_test.skel.h"

enum { RECORD_BYTES = 16, RING_BYTES = 256 * 1024 };

struct produce {
	uint32_t first, count;
};

static struct state {
	struct ring_test_bpf *object;
	struct loop *loop;
	struct ring *ring;
	struct loop_timer *timer;
	uint64_t next;
	int refill;
	bool wrong;
} state;

static void produce(uint32_t first, uint32_t count)
{
	struct produce ctx = { first, count };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &ctx, .ctx_size_in = sizeof(ctx));

	assert_int_equal(
		bpf_prog_test_run_opts(bpf_program__fd(state.object->progs.produce), &opts), 0);
}

/* Numbers must come in order, none left out. A flood is played by refilling from the callback. */
static void on_record(void *context, const void *data, size_t size)
{
	uint64_t number;

	(void)context;
	state.wrong = state.wrong || size != sizeof(number);
	memcpy(&number, data, sizeof(number));
	state.wrong = state.wrong || number != state.next;
	state.next++;
	if (state.refill) {
		state.refill--;
		produce((uint32_t)number + 1000, 1);
	}
}

static void stop(void *context)
{
	(void)context;
	loop_stop(state.loop, 0);
}

static void stop_when_read(void *context)
{
	(void)context;
	if (state.next)
		loop_stop(state.loop, 1);
}

static int setup(void **arg)
{
	(void)arg;
	state = (struct state){};
	state.object = ring_test_bpf__open_and_load();
	return state.object ? loop_new(&state.loop, NULL) : -1;
}

static int teardown(void **arg)
{
	(void)arg;
	ring_free(state.ring);
	loop_free(state.loop);
	ring_test_bpf__destroy(state.object);
	return 0;
}

static void open_ring(uint64_t flush_ns)
{
	struct error err = {};

	assert_int_equal(ring_open(state.loop, bpf_map__fd(state.object->maps.events), flush_ns,
				   on_record, NULL, &state.ring, &err),
			 0);
}

static void drain_in_order(void **arg)
{
	(void)arg;
	open_ring(0);
	assert_int_equal(ring_drain(state.ring), 0);
	produce(0, 1000);
	assert_int_equal(ring_waiting(state.ring), 1000 * RECORD_BYTES);
	assert_int_equal(ring_drain(state.ring), 1000);
	assert_int_equal(ring_waiting(state.ring), 0);
	assert_false(state.wrong);
}

static void a_flood_does_not_hold_the_loop(void **arg)
{
	(void)arg;
	open_ring(0);
	produce(0, 1000);
	state.refill = 500;
	assert_int_equal(ring_drain(state.ring), 1000);
	assert_int_equal(ring_drain(state.ring), 500);
	assert_false(state.wrong);
}

/* Few records do not wake: without a flush timer they stay. */
static void few_wait_for_the_timer(void **arg)
{
	(void)arg;
	open_ring(0);
	produce(0, 100);
	loop_timer_add(state.loop, 50000000, 0, stop, NULL, &state.timer);
	loop_run(state.loop);
	assert_int_equal(state.next, 0);
	ring_free(state.ring);
	state.ring = NULL;
	open_ring(5000000);
	loop_timer_add(state.loop, 1000000, 1000000, stop_when_read, NULL, &state.timer);
	assert_int_equal(loop_run(state.loop), 1);
	assert_int_equal(state.next, 100);
	assert_false(state.wrong);
}

static void many_wake(void **arg)
{
	(void)arg;
	open_ring(0);
	produce(0, 5000); /* 80 KB: above RING_FLUSH_BYTES */
	loop_timer_add(state.loop, 1000000, 1000000, stop_when_read, NULL, &state.timer);
	assert_int_equal(loop_run(state.loop), 1);
	assert_int_equal(state.next, 5000);
	assert_false(state.wrong);
}

static void losses_are_counted(void **arg)
{
	struct loss losses[LOSSES_MAX];
	size_t count = 9;
	int fd = bpf_map__fd(state.object->maps.losses);

	(void)arg;
	open_ring(0);
	assert_int_equal(losses_read(fd, losses, &count, NULL), 0);
	assert_int_equal(count, 0);
	produce(0, RING_BYTES / RECORD_BYTES + 1000);
	assert_int_equal(losses_read(fd, losses, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(losses[0].hook, 3);
	assert_string_equal(losses[0].reason, "ring full");
	/* A ring is full one record before its end, so that positions differ. */
	assert_in_range(losses[0].count, 1000, 1001);
	ring_drain(state.ring);
	assert_int_equal(state.next + losses[0].count, RING_BYTES / RECORD_BYTES + 1000);
	assert_false(state.wrong);
}

static void not_a_ring(void **arg)
{
	struct error err = {};

	(void)arg;
	assert_true(ring_open(state.loop, bpf_map__fd(state.object->maps.losses), 0, on_record,
			      NULL, &state.ring, &err) < 0);
	assert_null(state.ring);
	assert_non_null(strstr(err.message, "ring buffer"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(drain_in_order),	   T(a_flood_does_not_hold_the_loop),
		T(few_wait_for_the_timer), T(many_wake),
		T(losses_are_counted),	   T(not_a_ring),
	};

	if (geteuid()) {
		printf("1..0 # SKIP missing root\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
