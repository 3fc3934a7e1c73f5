// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include <uv.h>

enum { SIGNALS = 4 };

struct loop {
	uv_loop_t uv;
	uv_signal_t signals[SIGNALS];
	size_t signals_count;
	loop_callback winch;
	void *winch_context;
	int signal, code;
	bool stopped;
};

/* libuv calls back before it lets go of a handle's memory, so each handle is an allocation. */
struct loop_timer {
	uv_timer_t uv;
	loop_callback fn;
	void *context;
};

struct loop_fd {
	uv_poll_t uv;
	loop_callback fn;
	void *context;
};

static void on_signal(uv_signal_t *handle, int number)
{
	struct loop *loop = handle->data;

	if (number == SIGWINCH) {
		if (loop->winch)
			loop->winch(loop->winch_context);
		return;
	}
	loop->signal = number;
	loop_stop(loop, 0);
}

static int signal_add(struct loop *loop, int number)
{
	uv_signal_t *handle = &loop->signals[loop->signals_count];
	int r = uv_signal_init(&loop->uv, handle);

	if (r < 0)
		return r;
	handle->data = loop;
	loop->signals_count++;
	return uv_signal_start(handle, on_signal, number);
}

/* nohup asks for SIGHUP to be ignored, and gets that. */
static bool is_ignored(int number)
{
	struct sigaction old;

	return !sigaction(number, NULL, &old) && old.sa_handler == SIG_IGN;
}

int loop_new(struct loop **ret, struct error *err)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int r;

	if (!loop)
		return error_errno(err, -ENOMEM, "event loop");
	r = uv_loop_init(&loop->uv);
	if (r < 0) {
		free(loop);
		return error_errno(err, r, "event loop");
	}
	signal(SIGPIPE, SIG_IGN);
	r = signal_add(loop, SIGINT);
	if (r == 0)
		r = signal_add(loop, SIGTERM);
	if (r == 0 && !is_ignored(SIGHUP))
		r = signal_add(loop, SIGHUP);
	if (r < 0) {
		loop_free(loop);
		return error_errno(err, r, "event loop: signals");
	}
	*ret = loop;
	return 0;
}

static bool is_inside(const struct loop *loop, const void *handle)
{
	return (const char *)handle >= (const char *)loop &&
	       (const char *)handle < (const char *)(loop + 1);
}

static void handle_free(uv_handle_t *handle)
{
	free(handle);
}

static void close_one(uv_handle_t *handle, void *arg)
{
	if (!uv_is_closing(handle))
		uv_close(handle, is_inside(arg, handle) ? NULL : handle_free);
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	uv_walk(&loop->uv, close_one, loop);
	/* Only closing callbacks are left; a stop that came before makes a run end early. */
	while (uv_loop_close(&loop->uv) == UV_EBUSY)
		uv_run(&loop->uv, UV_RUN_DEFAULT);
	free(loop);
}

int loop_run(struct loop *loop)
{
	while (!loop->stopped)
		uv_run(&loop->uv, UV_RUN_DEFAULT);
	loop->stopped = false;
	return loop->code;
}

void loop_stop(struct loop *loop, int code)
{
	loop->code = code;
	loop->stopped = true;
	uv_stop(&loop->uv);
}

void loop_poll(struct loop *loop)
{
	uv_run(&loop->uv, UV_RUN_NOWAIT);
}

int loop_signal(const struct loop *loop)
{
	return loop->signal;
}

int loop_winch(struct loop *loop, loop_callback fn, void *context)
{
	bool first = !loop->winch;

	loop->winch = fn;
	loop->winch_context = context;
	return first ? signal_add(loop, SIGWINCH) : 0;
}

/* In whole milliseconds, upwards, so that nothing comes early; 0 stays 0. */
static uint64_t ms_of(uint64_t ns)
{
	return ns / 1000000 + (ns % 1000000 != 0);
}

static void on_timer(uv_timer_t *handle)
{
	struct loop_timer *timer = handle->data;

	timer->fn(timer->context);
}

int loop_timer_add(struct loop *loop, uint64_t first_ns, uint64_t repeat_ns, loop_callback fn,
		   void *context, struct loop_timer **ret)
{
	struct loop_timer *timer = calloc(1, sizeof(*timer));
	int r;

	if (!timer)
		return -ENOMEM;
	r = uv_timer_init(&loop->uv, &timer->uv);
	if (r < 0) {
		free(timer);
		return r;
	}
	timer->fn = fn;
	timer->context = context;
	timer->uv.data = timer;
	/* libuv counts from its cached time, which is old after long work. */
	uv_update_time(&loop->uv);
	r = uv_timer_start(&timer->uv, on_timer, MAX(ms_of(first_ns), 1u), ms_of(repeat_ns));
	if (r < 0) {
		uv_close((uv_handle_t *)&timer->uv, handle_free);
		return r;
	}
	*ret = timer;
	return 0;
}

void loop_timer_remove(struct loop_timer *timer)
{
	if (timer)
		uv_close((uv_handle_t *)&timer->uv, handle_free);
}

/* A broken descriptor is reported, too: whoever reads it sees the error. */
static void on_readable(uv_poll_t *handle, int status, int events)
{
	struct loop_fd *fd = handle->data;

	(void)status;
	(void)events;
	fd->fn(fd->context);
}

int loop_fd_add(struct loop *loop, int fd, loop_callback fn, void *context, struct loop_fd **ret)
{
	struct loop_fd *poll = calloc(1, sizeof(*poll));
	int r;

	if (!poll)
		return -ENOMEM;
	r = uv_poll_init(&loop->uv, &poll->uv, fd);
	if (r < 0) {
		free(poll);
		return r;
	}
	poll->fn = fn;
	poll->context = context;
	poll->uv.data = poll;
	r = uv_poll_start(&poll->uv, UV_READABLE, on_readable);
	if (r < 0) {
		uv_close((uv_handle_t *)&poll->uv, handle_free);
		return r;
	}
	*ret = poll;
	return 0;
}

void loop_fd_remove(struct loop_fd *fd)
{
	if (fd)
		uv_close((uv_handle_t *)&fd->uv, handle_free);
}
