/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both halves of doctor's probes share. */
#pragma once

enum {
	/* A system call number and a protocol that nobody else uses: programs that act (deny, signal,
	 * write) act on nothing but the call that doctor makes to fire them. */
	PROBE_MAGIC = 0x5ce9,
	PROBE_PROGRAMS_MAX = 4,
};

#define PROBE_WRITTEN 0x5ce95ce95ce95ce9ull
