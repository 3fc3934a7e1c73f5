// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening, and the questions: who is behind these ids. */
#include "identity/identity.h"

#include <errno.h>
#include <time.h>

#include "base/log.h"
#include "identity/internal.h"
#include "kernel/loop.h"

/* identity.h: CGROUP_V1_ID */
enum { V1_HIERARCHY_SHIFT = 56 };

uint64_t identity_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

int identity_open(struct loop *loop, struct identity **ret, struct error *err)
{
	CLEANUP(identity_cleanup) struct identity *identity = calloc(1, sizeof(*identity));
	struct error why = {};
	int r;

	if (!identity)
		return error_set(err, -ENOMEM, "out of memory");
	identity->loop = loop;
	r = cgroups_open(identity, err);
	if (r)
		return r;
	/* First the events, then the scan: nothing falls between. */
	if (loop && follow_open(identity, &why))
		log_debug("containers are found by scanning: %s", why.message);
	cgroups_update(identity, true);
	*ret = TAKE_PTR(identity);
	return 0;
}

void identity_free(struct identity *identity)
{
	follow_close(identity);
	if (identity->timer)
		loop_timer_remove(identity->timer);
	cgroups_close(identity);
	entries_free(identity);
	process_free(identity);
	daemons_free(&identity->daemons);
	free(identity);
}

static struct cgroup_entry *lookup_v1(struct identity *identity, uint64_t v1)
{
	uint32_t hierarchy = (uint32_t)(v1 >> V1_HIERARCHY_SHIFT);
	struct cgroup_entry *cgroup;

	if (hierarchy)
		return cgroup_find(identity, hierarchy, v1 & ((1ull << V1_HIERARCHY_SHIFT) - 1));
	/* [0] is v2. The others stand in the order in which the kernel half asks them. */
	for (size_t i = 1; i < identity->hierarchy_count; i++) {
		cgroup = cgroup_find(identity, identity->hierarchies[i].id, v1);
		if (cgroup)
			return cgroup;
	}
	return NULL;
}

/* The cgroups of these ids; the ring is read and the mounts are scanned if one is not known. */
static void lookup(struct identity *identity, const struct cgroup_ids *ids,
		   struct cgroup_entry *ret[static 2])
{
	for (int pass = 0; pass < 2; pass++) {
		uint64_t now_ns = identity_now();
		bool missed = false;

		ret[0] = ids->v2 ? cgroup_find(identity, 0, ids->v2) : NULL;
		ret[1] = ids->v1 ? lookup_v1(identity, ids->v1) : NULL;
		for (int i = 0; i < 2; i++) {
			if (ret[i])
				ret[i]->used_ns = now_ns;
		}
		missed = (ids->v2 && !ret[0]) || (ids->v1 && !ret[1]);
		if (!missed || pass)
			return;
		cgroups_update(identity, true);
	}
}

/* The one that names a container, else a unit, else any. */
static struct cgroup_entry *best(struct cgroup_entry *const cgroups[static 2])
{
	struct cgroup_entry *found = NULL;
	int rank = -1;

	for (int i = 0; i < 2; i++) {
		const struct entry *entry = cgroups[i] ? cgroups[i]->entry : NULL;
		int here = !entry ? 0 : entry->container.runtime == RUNTIME_UNIT ? 1 : 2;

		if (cgroups[i] && here > rank) {
			found = cgroups[i];
			rank = here;
		}
	}
	return found;
}

const struct container *identity_container(struct identity *identity, const struct cgroup_ids *ids)
{
	struct cgroup_entry *cgroups[2], *cgroup;
	struct entry *entry;

	if (!ids->v2 && !ids->v1)
		return NULL;
	lookup(identity, ids, cgroups);
	cgroup = best(cgroups);
	entry = cgroup ? cgroup->entry : NULL;
	if (!entry)
		return NULL;
	entry->used_ns = cgroup->used_ns;
	if (entry->try_ns)
		entry_name(identity, entry, entry->used_ns);
	return &entry->container;
}

const char *identity_cgroup_path(struct identity *identity, const struct cgroup_ids *ids)
{
	struct cgroup_entry *cgroups[2], *cgroup;

	if (!ids->v2 && !ids->v1)
		return NULL;
	lookup(identity, ids, cgroups);
	cgroup = best(cgroups);
	return cgroup ? text_intern(identity, cgroup->path, NULL) : NULL;
}

int identity_containers(struct identity *identity, const struct container ***ret, size_t *ret_count)
{
	_free_ const struct container **list = NULL;
	uint64_t now_ns = identity_now();
	struct entry *entry;
	size_t count = 0;

	/* Without events only the folders tell. */
	cgroups_update(identity, !identity->bpf);
	list = calloc(HASH_COUNT(identity->entries) + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (entry = identity->entries; entry; entry = entry->hh.next) {
		if (entry->container.runtime == RUNTIME_UNIT)
			continue;
		entry->used_ns = now_ns;
		if (entry->try_ns)
			entry_name(identity, entry, now_ns);
		list[count++] = &entry->container;
	}
	*ret = TAKE_PTR(list);
	*ret_count = count;
	return 0;
}

void container_hold(const struct container *container)
{
	((struct entry *)container)->holds++;
}

void container_release(const struct container *container)
{
	((struct entry *)container)->holds--;
}
