/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why something was not recorded. Shared by kernel halves (bpf/ring.h) and readers (kernel/loss.h). */
#pragma once

enum loss_reason {
	LOSS_RING_FULL,	 /* no room in the ring buffer */
	LOSS_TABLE_FULL, /* no room in a map */
	LOSS_BUSY, /* a map update or storage was refused because of recursion or contention */
	LOSS_READ, /* memory could not be read */
	LOSS_REASONS
};

/* Losses are counted per hook, too; a tool with one hook leaves it 0. */
enum { LOSS_HOOKS = 16 };
