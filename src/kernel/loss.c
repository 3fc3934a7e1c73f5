// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/loss.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"

const char *const loss_reason_names[LOSS_REASONS] = {
	[LOSS_RING_FULL] = "ring full",
	[LOSS_TABLE_FULL] = "table full",
	[LOSS_BUSY] = "busy",
	[LOSS_READ] = "unreadable",
};

int losses_read(int map_fd, struct loss ret[static LOSSES_MAX], size_t *ret_count,
		struct error *err)
{
	int cpus = libbpf_num_possible_cpus();
	_free_ uint64_t *values = NULL;
	size_t n = 0;

	if (cpus < 0)
		return error_errno(err, cpus, "number of CPUs");
	values = calloc((size_t)cpus, sizeof(*values));
	if (!values)
		return error_errno(err, -ENOMEM, "loss counters");
	for (uint32_t key = 0; key < LOSSES_MAX; key++) {
		uint64_t sum = 0;

		if (bpf_map_lookup_elem(map_fd, &key, values) < 0)
			return error_errno(err, -errno, "loss counters");
		for (int cpu = 0; cpu < cpus; cpu++)
			sum += values[cpu];
		if (sum)
			ret[n++] = (struct loss){ key / LOSS_REASONS,
						  loss_reason_names[key % LOSS_REASONS], sum };
	}
	*ret_count = n;
	return 0;
}
