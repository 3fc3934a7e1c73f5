/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds processes that look like scanners: many ports of one host, or one port of many hosts, within a window. */
#pragma once

#include "source/flows/flows_record.h"

struct flows_scan {
	uint64_t window_ns;
	uint64_t threshold; /* distinct ports or hosts from which on it is a scan */
};

/*
 * For each of `count` entries, writes to `marks` why its process looks like a scanner, or "". Outbound flows only;
 * failed and unanswered connects count as well. `now`: CLOCK_MONOTONIC.
 */
int flows_scan(const struct flows_scan *scan, const struct flows_entry *entries, size_t count,
	       uint64_t now, char (*marks)[FLOW_SCAN_TEXT], struct error *err);
