// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cgroups of this host by (hierarchy, id). On 64-bit kernels a cgroup's id is the inode number
 * of its folder, so a scan of the mounts finds the same ids as the kernel half reports.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/str.h"
#include "identity/internal.h"

enum {
	DEPTH_MAX = 64,
	SCAN_LEAST_NS = 100 * 1000000,
	PRUNE_EVERY_NS = 1000000000,
};

struct cgroup_entry *cgroup_find(struct identity *identity, uint32_t hierarchy, uint64_t id)
{
	struct cgroup_key key = { .id = id, .hierarchy = hierarchy };
	struct cgroup_entry *cgroup;

	/* Both members are set and nothing lies between. */
	// NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult)
	HASH_FIND(hh, identity->cgroups, &key, sizeof(key), cgroup);
	return cgroup;
}

void cgroup_end(struct identity *identity, struct cgroup_entry *cgroup)
{
	(void)identity;
	if (cgroup->ended)
		return;
	cgroup->ended = true;
	cgroup->ended_ns = identity_now();
	if (cgroup->entry)
		entry_end(cgroup->entry, cgroup->ended_ns);
}

static void cgroup_drop(struct identity *identity, struct cgroup_entry *cgroup)
{
	cgroup_end(identity, cgroup);
	if (cgroup->entry)
		cgroup->entry->cgroups--;
	HASH_DEL(identity->cgroups, cgroup);
	free(cgroup->path);
	free(cgroup);
}

int cgroup_add(struct identity *identity, uint32_t hierarchy, uint64_t id, const char *path)
{
	struct cgroup_entry *cgroup = cgroup_find(identity, hierarchy, id);

	if (cgroup && !cgroup->ended && str_eq(cgroup->path, path)) {
		cgroup->scan = identity->scan;
		return 0;
	}
	if (cgroup)
		/* The number was given again. */
		cgroup_drop(identity, cgroup);
	cgroup = calloc(1, sizeof(*cgroup));
	if (cgroup)
		cgroup->path = strdup(path);
	if (!cgroup || !cgroup->path) {
		free(cgroup);
		return -ENOMEM;
	}
	cgroup->key = (struct cgroup_key){ .id = id, .hierarchy = hierarchy };
	cgroup->scan = identity->scan;
	HASH_ADD(hh, identity->cgroups, key, sizeof(cgroup->key), cgroup);
	cgroup->entry = entry_of_path(identity, path);
	if (cgroup->entry)
		entry_begin(identity, cgroup->entry);
	return 0;
}

static void cgroups_prune(struct identity *identity)
{
	unsigned int count = HASH_COUNT(identity->cgroups);
	uint64_t now_ns = identity_now();
	struct cgroup_entry *cgroup, *next;

	if (count <= CGROUPS_MAX || now_ns < identity->prune_next_ns)
		return;
	identity->prune_next_ns = now_ns + PRUNE_EVERY_NS;
	/* In the order they came: the oldest first. */
	HASH_ITER (hh, identity->cgroups, cgroup, next) {
		if (count <= CGROUPS_MAX / 2)
			break;
		if (!cgroup->ended || now_ns - cgroup->ended_ns < KEEP_ENDED_NS ||
		    now_ns - cgroup->used_ns < KEEP_USED_NS)
			continue;
		cgroup_drop(identity, cgroup);
		count--;
	}
	entries_prune(identity, now_ns);
}

/* `path` is the folder's path in its hierarchy; "" for the root. */
static void scan_folder(struct identity *identity, uint32_t hierarchy, int fd, struct strbuf *path,
			unsigned int depth)
{
	_dir_ DIR *dir = fdopendir(fd);
	struct dirent *entry;
	size_t len = path->len;

	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		struct stat st;
		int child;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		child = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (child < 0)
			continue; /* gone meanwhile */
		strbuf_addf(path, "/%s", entry->d_name);
		if (!path->failed && !fstat(child, &st))
			cgroup_add(identity, hierarchy, st.st_ino, strbuf_str(path));
		if (depth < DEPTH_MAX)
			scan_folder(identity, hierarchy, child, path, depth + 1);
		else
			close(child);
		if (path->failed)
			return;
		path->len = len;
		path->data[len] = '\0';
	}
}

static void scan(struct identity *identity)
{
	struct cgroup_entry *cgroup, *next;
	bool seen[CGROUP_HIERARCHIES_MAX] = {};

	identity->scan++;
	for (size_t i = 0; i < identity->hierarchy_count; i++) {
		const struct hierarchy *hierarchy = &identity->hierarchies[i];
		_strbuf_ struct strbuf path = {};
		int fd = -1;

		if (*hierarchy->path)
			fd = open(hierarchy->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		seen[i] = true;
		scan_folder(identity, hierarchy->id, fd, &path, 0);
	}
	/* What the scan did not meet is gone, and its event was lost. */
	HASH_ITER (hh, identity->cgroups, cgroup, next) {
		for (size_t i = 0; i < identity->hierarchy_count; i++) {
			if (seen[i] && identity->hierarchies[i].id == cgroup->key.hierarchy &&
			    cgroup->scan != identity->scan)
				cgroup_end(identity, cgroup);
		}
	}
	cgroups_prune(identity);
}

static void scan_if_due(struct identity *identity, bool missed)
{
	uint64_t lost = identity_lost(identity), begun_ns = identity_now(), end_ns;

	if ((!missed && lost == identity->lost_seen) || begun_ns < identity->scan_next_ns)
		return;
	identity->lost_seen = lost;
	scan(identity);
	end_ns = identity_now();
	/* At most a twentieth of the time goes into scanning, whoever makes us miss. */
	identity->scan_next_ns = end_ns + MAX((end_ns - begun_ns) * 20, (uint64_t)SCAN_LEAST_NS);
}

void cgroups_update(struct identity *identity, bool missed)
{
	follow_drain(identity);
	scan_if_due(identity, missed);
}

void cgroup_event(struct identity *identity, const void *data, size_t size)
{
	const struct cgroup_event *event = data;
	struct cgroup_entry *cgroup;

	if (size < offsetof(struct cgroup_event, path))
		return;
	if (event->kind == CGROUP_EVENT_RMDIR) {
		cgroup = cgroup_find(identity, event->hierarchy, event->id);
		if (cgroup)
			cgroup_end(identity, cgroup);
		return;
	}
	size -= offsetof(struct cgroup_event, path);
	if (event->kind != CGROUP_EVENT_MKDIR)
		return;
	if (!event->path_len || event->path_len >= CGROUP_EVENT_PATH || event->path_len > size ||
	    event->path[event->path_len - 1] || event->path[0] != '/') {
		/* Longer than the kernel tells: its folder has the whole path. */
		scan_if_due(identity, true);
		return;
	}
	cgroup_add(identity, event->hierarchy, event->id, event->path);
	cgroups_prune(identity);
	scan_if_due(identity, false);
}

static void hierarchy_add(struct identity *identity, uint32_t id, const char *path)
{
	struct hierarchy *hierarchy = &identity->hierarchies[identity->hierarchy_count];

	for (size_t i = 0; i < identity->hierarchy_count; i++) {
		if (identity->hierarchies[i].id == id)
			return;
	}
	if (identity->hierarchy_count == CGROUP_HIERARCHIES_MAX)
		return;
	hierarchy->id = id;
	if (*path && snprintf(hierarchy->path, sizeof(hierarchy->path), "%s%s", identity_root(),
			      path) >= (int)sizeof(hierarchy->path))
		hierarchy->path[0] = '\0';
	identity->hierarchy_count++;
}

static int mounts_read(struct cgroup_mounts *ret, struct error *err)
{
	_free_ char *mountinfo_path = str_printf("%s/proc/self/mountinfo", identity_root());
	_free_ char *cgroup_path = str_printf("%s/proc/self/cgroup", identity_root());
	_free_ char *mountinfo = NULL, *cgroup = NULL;
	int r;

	if (!*identity_root())
		return cgroup_mounts(ret, err);
	if (!mountinfo_path || !cgroup_path)
		return error_set(err, -ENOMEM, "out of memory");
	r = file_read(AT_FDCWD, mountinfo_path, 1 << 20, &mountinfo, NULL);
	if (!r)
		r = file_read(AT_FDCWD, cgroup_path, 1 << 20, &cgroup, NULL);
	if (r)
		return error_errno(err, r, "%s", mountinfo_path);
	return cgroup_mounts_parse(mountinfo, cgroup, ret, err);
}

int cgroups_open(struct identity *identity, struct error *err)
{
	/* The order in which bpf/task.h looks for a v1 id. */
	static const char *const controllers[] = { "memory", "pids", "devices", "cpu" };
	_free_ struct cgroup_mounts *mounts = calloc(1, sizeof(*mounts));
	int r;

	if (!mounts)
		return error_set(err, -ENOMEM, "out of memory");
	r = mounts_read(mounts, err);
	if (r)
		return r;
	hierarchy_add(identity, 0, mounts->v2);
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		const struct cgroup_v1 *v1 = cgroup_v1_find(mounts, controllers[i]);

		if (v1)
			hierarchy_add(identity, (uint32_t)v1->id, v1->path);
	}
	return 0;
}

void cgroups_close(struct identity *identity)
{
	struct cgroup_entry *cgroup, *next;

	HASH_ITER (hh, identity->cgroups, cgroup, next)
		cgroup_drop(identity, cgroup);
}
