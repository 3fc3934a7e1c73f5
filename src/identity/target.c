// SPDX-License-Identifier: GPL-2.0-or-later
/* TARGET: what a person names, looked up among what is there, and matched later by name. */
#include <ctype.h>
#include <errno.h>

#include "base/num.h"
#include "base/str.h"
#include "identity/internal.h"

enum { ID_PREFIX_LEAST = 4, ID_SHORT = 12 };

static const char *const kind_names[] = {
	[TARGET_ANY] = "",    [TARGET_CONTAINER] = "container", [TARGET_CAPSULE] = "capsule",
	[TARGET_POD] = "pod", [TARGET_UNIT] = "unit",		[TARGET_CGROUP] = "cgroup",
	[TARGET_PID] = "pid",
};

/* What was found for a bare name. */
struct candidates {
	struct strbuf text; /* "container:db, unit:db.service" */
	size_t count;
	enum target_kind kind;
	char name[256];
};

static bool is_container(const struct container *container)
{
	return container->runtime != RUNTIME_UNIT;
}

static bool id_begins(const struct container *container, const char *name, size_t least)
{
	size_t len = strlen(name);

	return len >= least && !strncmp(container->id, name, len);
}

static bool pod_is(const struct container *container, const char *name)
{
	const char *slash = strchr(name, '/');

	if (!container->pod)
		return container->pod_uid && str_eq(container->pod_uid, name);
	if (str_eq(container->pod, name) ||
	    (container->pod_uid && str_eq(container->pod_uid, name)))
		return true;
	/* "namespace/pod" */
	return slash && container->namespace && str_eq(container->pod, slash + 1) &&
	       strlen(container->namespace) == (size_t)(slash - name) &&
	       !strncmp(container->namespace, name, (size_t)(slash - name));
}

static bool unit_is(const struct container *container, const char *name)
{
	size_t len = strlen(name);

	return container->runtime == RUNTIME_UNIT && !strncmp(container->id, name, len) &&
	       (!container->id[len] || str_eq(container->id + len, ".service"));
}

/* Whether a path is this cgroup or below it. */
static bool path_within(const char *path, const char *cgroup)
{
	size_t len = strlen(cgroup);

	while (len && cgroup[len - 1] == '/')
		len--;
	return path && !strncmp(path, cgroup, len) && (!path[len] || path[len] == '/');
}

/* By name and by the id's beginning; a short beginning counts only while a target is looked up. */
static bool container_is(const struct container *container, const char *name, size_t least)
{
	return is_container(container) &&
	       (str_eq(container->name, name) || id_begins(container, name, least));
}

static bool matches(const struct container *container, enum target_kind kind, const char *name,
		    size_t least)
{
	switch (kind) {
	case TARGET_CONTAINER: return container_is(container, name, least);
	case TARGET_CAPSULE:
		return container->runtime == RUNTIME_SKEP && container_is(container, name, least);
	case TARGET_POD: return is_container(container) && pod_is(container, name);
	case TARGET_UNIT: return unit_is(container, name);
	default: return false;
	}
}

static bool cgroup_known(struct identity *identity, const char *path)
{
	for (struct cgroup_entry *cgroup = identity->cgroups; cgroup; cgroup = cgroup->hh.next) {
		if (!cgroup->ended && path_within(cgroup->path, path))
			return true;
	}
	return false;
}

/* "/sys/fs/cgroup/memory/docker/…" as people copy it: without the mount. The longest mount wins. */
static const char *without_mount(const struct identity *identity, const char *path)
{
	const char *rest = path;

	for (size_t i = 0; i < identity->hierarchy_count; i++) {
		const char *mount = identity->hierarchies[i].path;
		size_t len = strlen(mount);

		if (len && path_within(path, mount) && path[len] && path + len > rest)
			rest = path + len;
	}
	return rest;
}

static void candidate_add(struct candidates *found, enum target_kind kind, const char *name,
			  const char *shown)
{
	strbuf_addf(&found->text, "%s%s:", found->count ? ", " : "", kind_names[kind]);
	strbuf_add_escaped(&found->text, shown, strlen(shown));
	found->kind = kind;
	str_copy(found->name, sizeof(found->name), name);
	found->count++;
}

static void container_candidate(struct candidates *found, const struct container *container,
				const char *name, bool by_id)
{
	char shown[300];

	if (by_id || found->count) {
		/* A name alone would not tell them apart. */
		snprintf(shown, sizeof(shown), "%.*s (%s)", ID_SHORT, container->id,
			 container->name);
		candidate_add(found, TARGET_CONTAINER, by_id ? container->id : name, shown);
	} else {
		candidate_add(found, TARGET_CONTAINER, name, name);
	}
}

static void find_bare(struct identity *identity, const char *name, struct candidates *found)
{
	struct process process;
	bool pod = false, exact;
	struct entry *entry;
	uint64_t pid;

	for (entry = identity->entries; entry; entry = entry->hh.next) {
		if (!entry->container.ended && is_container(&entry->container) &&
		    str_eq(entry->container.name, name))
			container_candidate(found, &entry->container, name, false);
	}
	exact = found->count > 0;
	for (entry = identity->entries; entry; entry = entry->hh.next) {
		if (entry->container.ended)
			continue;
		if (!exact && is_container(&entry->container) &&
		    id_begins(&entry->container, name, ID_PREFIX_LEAST))
			container_candidate(found, &entry->container, name, true);
		/* All containers of a pod are one target. */
		if (!pod && is_container(&entry->container) && pod_is(&entry->container, name)) {
			candidate_add(found, TARGET_POD, name, name);
			pod = true;
		}
		if (unit_is(&entry->container, name))
			candidate_add(found, TARGET_UNIT, name, entry->container.id);
	}
	if (*name == '/' && cgroup_known(identity, name))
		candidate_add(found, TARGET_CGROUP, name, name);
	if (!found->count && isdigit((unsigned char)*name) &&
	    !num_parse(name, 1, INT32_MAX, &pid, NULL) &&
	    !identity_process(identity, (pid_t)pid, &process))
		candidate_add(found, TARGET_PID, name, name);
}

static int parse_bare(struct identity *identity, const char *name, struct target *ret,
		      struct error *err)
{
	struct target target = { .bound = true };
	struct candidates found = {};
	uint64_t pid = 0;
	int r = 0;

	find_bare(identity, name, &found);
	if (found.text.failed)
		r = error_set(err, -ENOMEM, "out of memory");
	else if (!found.count)
		r = error_set(err, -ENOENT, "%s: no such container, pod, unit, cgroup or process",
			      name);
	else if (found.count > 1)
		r = error_set(err, -ENOTUNIQ, "%s is ambiguous: %s", name, strbuf_str(&found.text));
	strbuf_free(&found.text);
	if (r)
		return r;
	target.kind = found.kind;
	str_copy(target.name, sizeof(target.name), found.name);
	if (target.kind == TARGET_PID && !num_parse(name, 1, INT32_MAX, &pid, NULL))
		target.pid = (pid_t)pid;
	*ret = target;
	return 0;
}

static int parse_kind(struct identity *identity, enum target_kind kind, const char *name,
		      struct target *ret, struct error *err)
{
	struct target target = { .kind = kind };
	struct process process;
	struct entry *entry;
	uint64_t pid;
	int r;

	if (kind == TARGET_CGROUP && *name != '/')
		return error_set(err, -EINVAL, "cgroup:%s: not a path from the root (/…)", name);
	str_copy(target.name, sizeof(target.name), name);
	if (kind == TARGET_PID) {
		r = num_parse(name, 1, INT32_MAX, &pid, err);
		if (r)
			return error_wrap(err, "pid");
		target.pid = (pid_t)pid;
		target.bound = !identity_process(identity, target.pid, &process);
	} else if (kind == TARGET_CGROUP) {
		target.bound = cgroup_known(identity, name);
	}
	for (entry = identity->entries; entry && !target.bound; entry = entry->hh.next) {
		if (entry->container.ended ||
		    !matches(&entry->container, kind, name, ID_PREFIX_LEAST))
			continue;
		target.bound = true;
		if (!matches(&entry->container, kind, name, ID_SHORT))
			/* By a few figures of its id: from now on that one is meant. */
			str_copy(target.name, sizeof(target.name), entry->container.id);
	}
	*ret = target;
	return 0;
}

int target_parse(struct identity *identity, const char *text, struct target *ret, struct error *err)
{
	const char *colon = strchr(text, ':'), *name = text;
	enum target_kind kind = TARGET_ANY;

	for (size_t i = TARGET_CONTAINER; colon && i < ARRAY_SIZE(kind_names); i++) {
		if (strlen(kind_names[i]) == (size_t)(colon - text) &&
		    str_starts(text, kind_names[i])) {
			kind = (enum target_kind)i;
			name = colon + 1;
		}
	}
	cgroups_update(identity, !identity->bpf);
	if (kind == TARGET_ANY || kind == TARGET_CGROUP)
		name = without_mount(identity, name);
	if (!*name)
		return error_set(err, -EINVAL, "%s: no name given", *text ? text : "target");
	if (strlen(name) >= sizeof(ret->name))
		return error_set(err, -ENAMETOOLONG, "target: longer than %zu bytes",
				 sizeof(ret->name) - 1);
	if (kind == TARGET_ANY)
		return parse_bare(identity, name, ret, err);
	return parse_kind(identity, kind, name, ret, err);
}

bool target_has(struct identity *identity, const struct target *target,
		const struct cgroup_ids *ids, pid_t pid)
{
	const struct container *container;

	if (target->kind == TARGET_PID)
		return pid == target->pid;
	if (target->kind == TARGET_CGROUP) {
		const struct cgroup_ids v2 = { .v2 = ids->v2 }, v1 = { .v1 = ids->v1 };

		return path_within(identity_cgroup_path(identity, &v2), target->name) ||
		       path_within(identity_cgroup_path(identity, &v1), target->name);
	}
	container = identity_container(identity, ids);
	return container && matches(container, target->kind, target->name, ID_SHORT);
}
