/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is behind a cgroup, a process, a user: container, pod, unit, names. One library for all
 * sources and policies. Keyed by (hierarchy, cgroup id), never by pid. Single-threaded.
 *
 * Ownership: all that is returned belongs to the object. Users' names, a cgroup's path and a
 * process's strings stay until identity_free. A container and its strings stay while its cgroup is
 * there, 30 s after its end, and 10 minutes after it was last returned; even then nothing is
 * dropped before 50,000 cgroups are known. Who keeps a pointer for longer holds the container.
 * Strings come from outside: any byte but NUL may be in them.
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
 * process is in it. Without rights to follow, it rescans on a miss. To be freed before the loop.
 */
int identity_open(struct loop *loop, struct identity **ret, struct error *err);
void identity_free(struct identity *identity);
CLEANUP_DEFINE(identity, struct identity, identity_free)

/*
 * The two ids that the kernel half records for a task (bpf/task.h): v2, and v1 of
 * memory/pids/devices/cpu. 0: none. Each v1 hierarchy numbers its cgroups for itself; a v1 id made
 * by CGROUP_V1_ID says which one it is of. One without is looked up in the order of above.
 */
struct cgroup_ids {
	uint64_t v2;
	uint64_t v1;
};
#define CGROUP_V1_ID(hierarchy, id) ((uint64_t)(hierarchy) << 56 | (id))

/* The container (or unit) of these ids; NULL: a plain process. Whichever id names a container wins
 * over a unit. */
const struct container *identity_container(struct identity *identity, const struct cgroup_ids *ids);
/* The cgroup's path, v1 if that one names the container; NULL: unknown. */
const char *identity_cgroup_path(struct identity *identity, const struct cgroup_ids *ids);
/* All containers (no units) that are known, in the order they came, ended ones too; *ret_count of
 * them; the array is owned by the caller (free). */
int identity_containers(struct identity *identity, const struct container ***ret,
			size_t *ret_count);
/* Keeps a container for as long as something refers to it, beyond the bounds above. Each hold has
 * its release. */
void container_hold(const struct container *container);
void container_release(const struct container *container);
/* Events lost by the ring, so that the caller can say so. */
uint64_t identity_lost(const struct identity *identity);

/* User name by uid (host's passwd, cached); the number as text if it has none. */
const char *identity_user(struct identity *identity, uid_t uid);

/*
 * What /proc tells of a live process; -ESRCH if it is gone. A pid may have been given again: the
 * caller compares start_ns with what the kernel said. Strings are interned; once 32 MiB of
 * different ones are kept, new ones are not told (comm "", the others NULL).
 */
struct process {
	pid_t pid, ppid;
	uint64_t start_ns; /* since boot: the kernel's start_boottime cut to clock ticks (10 ms) */
	const char *comm;
	const char *exe;     /* NULL: a kernel thread, or no right to see it */
	const char *cmdline; /* words with spaces between, at most 4096 bytes; NULL: none */
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
	char name[256]; /* as given, without the kind; a few figures of an id: that whole id */
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
