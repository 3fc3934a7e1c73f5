/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nothing is lost in silence: reads what the kernel half counted with loss_count (bpf/ring.h). */
#pragma once

#include "base/error.h"
#include "kernel/loss_reason.h"

extern const char *const loss_reason_names[LOSS_REASONS]; /* "ring full", ... */

struct loss {
	unsigned int hook;
	const char *reason;
	uint64_t count;
};

enum { LOSSES_MAX = LOSS_HOOKS * LOSS_REASONS };
/* The losses that are not zero, summed over all CPUs, by hook, then reason; their number in
 * *ret_count. `map_fd` is the object's `losses` map. */
int losses_read(int map_fd, struct loss ret[static LOSSES_MAX], size_t *ret_count,
		struct error *err);
