/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is behind a cgroup, a process, a user: container, pod, unit, names. One library for all
 * sources and policies. Keyed by (hierarchy, cgroup id), never by pid. Single-threaded; all strings
 * returned are owned by the object and stay valid until identity_free (they are interned), so
 * records may point to them.
 */
#pragma once

#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"

enum runtime {
	RUNTIME_NONE, /* a plain process */
	RUNTIME_DOCKER,
	RUNTIME_PODMAN,
	RUNTIME_CONTAINERD,
	RUNTIME_CRIO,
	RUNTIME_LXC,
	RUNTIME_NSPAWN,
	RUNTIME_GARDEN,
	RUNTIME_SKEP, /* our own capsules: /skep/<name>-<id8> */
	RUNTIME_UNIT, /* a systemd unit, no container */
	RUNTIME_COUNT
};
extern const char *const runtime_names[RUNTIME_COUNT]; /* "", "docker", ... "unit" */

/* What a path tells by itself (pattern.c): no files are read. */
struct cgroup_match {
	enum runtime runtime;
	char id[256];	  /* container id (64 hex mostly), machine or unit name, "<name>-<id8>" of a
				capsule */
	char pod_uid[40]; /* Kubernetes pod uid with dashes; "" when none */
	char outer_id[256]; /* the id of the container this one runs in (docker in docker, kind); ""
			      when none */
};
/* From a cgroup path ("/kubepods.slice/…/cri-containerd-<id>.scope"); false: nothing known in it.
 */
bool cgroup_path_match(const char *path, struct cgroup_match *ret);

struct container {
	enum runtime runtime;
	const char *id;	   /* whole id */
	const char *name;  /* the runtime's name; else the first 12 figures of the id; never NULL */
	const char *image; /* NULL: unknown */
	const char *pod;   /* Kubernetes */
	const char *namespace; /* Kubernetes */
	const char *pod_uid;
	const char *labels; /* "k=v,k2=v2", sorted, NULL: none */
	const char *cgroup; /* path */
	const char *outer;  /* name of the container around it, or NULL */
	bool ended;	    /* its cgroup is gone */
	bool named;	    /* the runtime's state told the name (not just the id) */
};

struct identity;
struct loop;

/*
 * Scans the cgroups that are there and, if `loop` is given, follows new ones by tracepoint
 * (tp_btf/cgroup_mkdir, cgroup_rmdir): a container's names are read at the first sign, before a
 * process is in it. Without rights to follow, it rescans on a miss.
 */
int identity_open(struct loop *loop, struct identity **ret, struct error *err);
void identity_free(struct identity *identity);
CLEANUP_DEFINE(identity, struct identity, identity_free)

/* The two ids that the kernel half records for a task (bpf/task.h): v2, and v1 of
 * memory/pids/devices/cpu. 0: none. */
struct cgroup_ids {
	uint64_t v2;
	uint64_t v1;
};
/* The container (or unit) of these ids; NULL: a plain process. Whichever id names a container wins
 * over a unit. */
const struct container *identity_container(struct identity *identity, const struct cgroup_ids *ids);
/* The cgroup's path, v1 if that one names the container; NULL: unknown. */
const char *identity_cgroup_path(struct identity *identity, const struct cgroup_ids *ids);
/* All containers that are known; *ret_count of them; the array is owned by the caller (free). */
int identity_containers(struct identity *identity, const struct container ***ret,
			size_t *ret_count);
/* Events lost by the ring, so that the caller can say so. */
uint64_t identity_lost(const struct identity *identity);

/* User name by uid (host's passwd, cached); the number as text if it has none. */
const char *identity_user(struct identity *identity, uid_t uid);

/* What /proc tells of a live process. -ESRCH if it is gone (or its start time differs). Strings are
 * interned. */
struct process {
	pid_t pid, ppid;
	uint64_t start_ns; /* since boot, as the kernel's start_boottime rounded to clock ticks */
	const char *comm, *exe, *cmdline;
	uid_t uid;
	gid_t gid;
};
int identity_process(struct identity *identity, pid_t pid, struct process *ret);

/* TARGET on the command line: [kind:]name; kinds container, capsule, pod, unit, cgroup, pid. */
enum target_kind {
	TARGET_ANY,
	TARGET_CONTAINER,
	TARGET_CAPSULE,
	TARGET_POD,
	TARGET_UNIT,
	TARGET_CGROUP,
	TARGET_PID
};
struct target {
	enum target_kind kind;
	char name[256]; /* as given, without the kind */
	pid_t pid;	/* TARGET_PID */
	bool bound;	/* something with this name is there now */
};
/*
 * Parses and resolves. A bare name is looked up (container name, id prefix of 4+, pod, unit, cgroup
 * path, then pid); an ambiguous one is -ENOTUNIQ with the candidates in the message. A name with a
 * kind that is not there yet is not an error: bound = false. A bare name that is nowhere is
 * -ENOENT.
 */
int target_parse(struct identity *identity, const char *text, struct target *ret,
		 struct error *err);
/* Whether a process with these ids (and pid) belongs to the target; so late binding comes by
 * itself. */
bool target_has(struct identity *identity, const struct target *target,
		const struct cgroup_ids *ids, pid_t pid);
