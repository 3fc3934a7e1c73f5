/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop of a command: libuv, one thread. Its thread pool is never used. SIGINT, SIGTERM,
 * SIGHUP end the loop in good order; SIGPIPE is ignored (writers see -EPIPE).
 * Timers and descriptors belong to the loop: remove them before it is freed, or not at all.
 */
#pragma once

#include "base/cleanup.h"
#include "base/error.h"

struct loop;
struct loop_timer;
struct loop_fd;

int loop_new(struct loop **ret, struct error *err);
void loop_free(struct loop *loop); /* closes all that was added */
CLEANUP_DEFINE(loop, struct loop, loop_free)

/* Runs until loop_stop or a signal; returns the code given to loop_stop, 0 after a signal. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int code);
/* Runs what is ready now, without waiting. */
void loop_poll(struct loop *loop);
/* The signal that ended it, or 0. */
int loop_signal(const struct loop *loop);

typedef void (*loop_callback)(void *context);
/* first_ns from now, then every repeat_ns (0: once). Times below 1 ms count as 1 ms. */
int loop_timer_add(struct loop *loop, uint64_t first_ns, uint64_t repeat_ns, loop_callback fn,
		   void *context, struct loop_timer **ret);
void loop_timer_remove(struct loop_timer *timer);
/* Calls back when the descriptor (not owned) is readable. */
int loop_fd_add(struct loop *loop, int fd, loop_callback fn, void *context, struct loop_fd **ret);
void loop_fd_remove(struct loop_fd *fd);
/* Calls back when the terminal has changed its size; -errno. A second call replaces the first. */
int loop_winch(struct loop *loop, loop_callback fn, void *context);
