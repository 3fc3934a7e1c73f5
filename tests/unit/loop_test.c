// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernel/loop.h"

struct state {
	struct loop *loop;
	struct loop_timer *timer;
	struct loop_fd *fd;
	int count, read_fd;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int setup(void **ret)
{
	static struct state state;

	state = (struct state){ .read_fd = -1 };
	*ret = &state;
	return loop_new(&state.loop, NULL);
}

static int teardown(void **arg)
{
	struct state *state = *arg;

	loop_free(state->loop);
	return 0;
}

static void stop_with_3(void *context)
{
	struct state *state = context;

	loop_stop(state->loop, 3);
}

static void count_to_3(void *context)
{
	struct state *state = context;

	if (++state->count == 3) {
		loop_timer_remove(state->timer);
		loop_stop(state->loop, 0);
	}
}

static void timer_once(void **arg)
{
	struct state *state = *arg;
	uint64_t start = now_ns();

	assert_int_equal(
		loop_timer_add(state->loop, 20000000, 0, stop_with_3, state, &state->timer), 0);
	assert_int_equal(loop_run(state->loop), 3);
	assert_true(now_ns() - start >= 19000000);
	assert_int_equal(loop_signal(state->loop), 0);
}

static void timer_repeats_and_is_removed_by_its_callback(void **arg)
{
	struct state *state = *arg;

	assert_int_equal(loop_timer_add(state->loop, 1, 1000000, count_to_3, state, &state->timer),
			 0);
	assert_int_equal(loop_run(state->loop), 0);
	assert_int_equal(state->count, 3);
	for (uint64_t end = now_ns() + 5000000; now_ns() < end;)
		loop_poll(state->loop);
	assert_int_equal(state->count, 3);
}

static void timer_counts_from_now_after_long_work(void **arg)
{
	struct state *state = *arg;
	uint64_t start;

	for (uint64_t end = now_ns() + 30000000; now_ns() < end;)
		;
	start = now_ns();
	assert_int_equal(
		loop_timer_add(state->loop, 20000000, 0, stop_with_3, state, &state->timer), 0);
	loop_run(state->loop);
	assert_true(now_ns() - start >= 19000000);
}

static void read_one(void *context)
{
	struct state *state = context;
	char c;

	state->count++;
	if (read(state->read_fd, &c, 1) == 0) {
		loop_fd_remove(state->fd);
		loop_stop(state->loop, 7);
	}
}

static void descriptor_until_its_end(void **arg)
{
	struct state *state = *arg;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	state->read_fd = fds[0];
	assert_int_equal(write(fds[1], "ab", 2), 2);
	close(fds[1]);
	assert_int_equal(loop_fd_add(state->loop, fds[0], read_one, state, &state->fd), 0);
	assert_int_equal(loop_run(state->loop), 7);
	assert_int_equal(state->count, 3); /* a, b, end */
	close(fds[0]);
}

static void descriptor_that_cannot_be_waited_for(void **arg)
{
	struct state *state = *arg;

	assert_int_equal(loop_fd_add(state->loop, -1, read_one, state, &state->fd), -EBADF);
}

static void signals_end_it(void **arg)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct state *state = *arg;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		kill(getpid(), numbers[i]);
		assert_int_equal(loop_run(state->loop), 0);
		assert_int_equal(loop_signal(state->loop), numbers[i]);
	}
}

static void winch_calls_back_and_goes_on(void **arg)
{
	struct state *state = *arg;

	assert_int_equal(loop_winch(state->loop, stop_with_3, state), 0);
	kill(getpid(), SIGWINCH);
	assert_int_equal(loop_run(state->loop), 3);
	assert_int_equal(loop_signal(state->loop), 0);
}

static void a_cut_pipe_is_an_error_not_a_signal(void **arg)
{
	int fds[2];

	(void)arg;
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(write(fds[1], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	close(fds[1]);
}

static void stop_before_run(void **arg)
{
	struct state *state = *arg;

	loop_stop(state->loop, 5);
	assert_int_equal(loop_run(state->loop), 5);
}

static void freed_with_all_that_is_in_it(void **arg)
{
	struct state *state = *arg;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	loop_fd_add(state->loop, fds[0], read_one, state, &state->fd);
	loop_timer_add(state->loop, 1, 1, count_to_3, state, &state->timer);
	loop_free(state->loop); /* ASan says what is left */
	assert_int_equal(loop_new(&state->loop, NULL), 0);
	close(fds[0]);
	close(fds[1]);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(timer_once),
		T(timer_repeats_and_is_removed_by_its_callback),
		T(timer_counts_from_now_after_long_work),
		T(descriptor_until_its_end),
		T(descriptor_that_cannot_be_waited_for),
		T(signals_end_it),
		T(winch_calls_back_and_goes_on),
		T(a_cut_pipe_is_an_error_not_a_signal),
		T(stop_before_run),
		T(freed_with_all_that_is_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
