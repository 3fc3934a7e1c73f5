/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who the current task is: the process, its user, its cgroups. For tracing programs (BTF pointers). */
#pragma once

#include "bpf/vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* The cgroup of one v1 controller; 0 if the kernel has none such or the task sits in its root. */
static __always_inline u64 task_cgroup_v1(struct css_set *set, u64 subsys)
{
	struct cgroup_subsys_state *css = NULL;
	struct cgroup *cgroup;

	bpf_core_read(&css, sizeof(css), &set->subsys[0] + subsys);
	cgroup = BPF_CORE_READ(css, cgroup);
	if (!cgroup || !BPF_CORE_READ(cgroup, level))
		return 0;
	/* a controller that no v1 hierarchy has taken sits in the v2 one */
	if (cgroup == BPF_CORE_READ(set, dfl_cgrp) ||
	    BPF_CORE_READ(cgroup, root) == BPF_CORE_READ(set, dfl_cgrp, root))
		return 0;
	/* each hierarchy numbers its cgroups for itself: CGROUP_V1_ID of identity/ */
	return BPF_CORE_READ(cgroup, kn, id) | (u64)BPF_CORE_READ(cgroup, root, hierarchy_id) << 56;
}

#define TASK_CGROUP_V1(set, name)                                                        \
	(bpf_core_enum_value_exists(enum cgroup_subsys_id, name)                         \
		 ? task_cgroup_v1(set, bpf_core_enum_value(enum cgroup_subsys_id, name)) \
		 : 0)

/*
 * The ids of the task's cgroups: v2, and v1 of the first of memory, pids, devices, cpu in which it has one (on hybrid
 * hosts a container sits in v1 only, and v2 says nothing). 0: the root, or none.
 */
static __always_inline void task_cgroup_ids(struct task_struct *task, u64 *v2, u64 *v1)
{
	struct css_set *set = task->cgroups;
	struct cgroup *dfl;

	*v1 = 0;
	*v2 = 0;
	dfl = BPF_CORE_READ(set, dfl_cgrp);
	if (dfl && BPF_CORE_READ(dfl, level))
		*v2 = BPF_CORE_READ(dfl, kn, id);
	*v1 = TASK_CGROUP_V1(set, memory_cgrp_id);
	if (!*v1)
		*v1 = TASK_CGROUP_V1(set, pids_cgrp_id);
	if (!*v1)
		*v1 = TASK_CGROUP_V1(set, devices_cgrp_id);
	if (!*v1)
		*v1 = TASK_CGROUP_V1(set, cpu_cgrp_id);
}
