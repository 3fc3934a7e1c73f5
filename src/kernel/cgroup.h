/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the cgroup hierarchies of this host are, found by looking at the mounts, never by asking
 * the version. Three layouts exist: unified (v2 only), hybrid (v1 controllers, and a v2 tree
 * without any), v1 only.
 */
#pragma once

#include "base/error.h"

enum cgroup_mode { CGROUP_NONE, CGROUP_UNIFIED, CGROUP_HYBRID, CGROUP_V1, CGROUP_MODE_COUNT };
extern const char *const cgroup_mode_names[CGROUP_MODE_COUNT]; /* "none", "unified", ... */

enum { CGROUP_V1_MAX = 20, CGROUP_PATH_MAX = 512 };

struct cgroup_v1 {
	int id;			    /* hierarchy id, as cgroup->root->hierarchy_id; never 0 */
	char controllers[96];	    /* "cpu,cpuacct", "memory", "name=systemd" */
	char path[CGROUP_PATH_MAX]; /* where it is mounted here; "": not mounted */
	bool whole;		    /* from its root, not a part of it only */
};

struct cgroup_mounts {
	enum cgroup_mode mode;
	char v2[CGROUP_PATH_MAX]; /* where cgroup2 is mounted here; "": nowhere */
	bool v2_whole;
	struct cgroup_v1 v1[CGROUP_V1_MAX];
	size_t v1_count;
};

/* Of this process's mount namespace. */
int cgroup_mounts(struct cgroup_mounts *ret, struct error *err);
/* The same from the texts of /proc/self/mountinfo and /proc/self/cgroup. */
int cgroup_mounts_parse(const char *mountinfo, const char *cgroup, struct cgroup_mounts *ret,
			struct error *err);
/* The v1 hierarchy of a controller ("memory", "name=systemd"); NULL: it is not on v1. */
const struct cgroup_v1 *cgroup_v1_find(const struct cgroup_mounts *mounts, const char *controller);

/*
 * A descriptor of the root of the v2 tree, to attach programs to. If it is not mounted whole
 * here, it is mounted for this descriptor alone; the host's mount table does not change.
 */
int cgroup_root_open(int *ret_fd, struct error *err);
