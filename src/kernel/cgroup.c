// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mountinfo tells where the trees are, /proc/self/cgroup which v1 hierarchies exist and their ids
 * (it also lists named ones, which /proc/cgroups does not).
 */
#include "kernel/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "base/str.h"

const char *const cgroup_mode_names[CGROUP_MODE_COUNT] = {
	[CGROUP_NONE] = "none",
	[CGROUP_UNIFIED] = "unified",
	[CGROUP_HYBRID] = "hybrid",
	[CGROUP_V1] = "v1",
};

enum { PROC_FILE_MAX = 4 << 20, MOUNT_WORDS = 6 };

/* One word of a list: is `word` among the comma-separated words of `list`? */
static bool list_has(const char *list, const char *word, size_t len)
{
	for (;;) {
		const char *end = strchrnul(list, ',');

		if ((size_t)(end - list) == len && !memcmp(list, word, len))
			return true;
		if (!*end)
			return false;
		list = end + 1;
	}
}

/* mountinfo writes space, tab, newline and backslash as \ooo. */
static bool unescape(const char *text, size_t len, char *dst, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '\\' && i + 3 < len && text[i + 1] >= '0' && text[i + 1] <= '3') {
			c = (char)((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 |
				   (text[i + 3] - '0'));
			i += 3;
		}
		if (n + 1 >= size)
			return false;
		dst[n++] = c;
	}
	dst[n] = '\0';
	return true;
}

/* "5:memory:/path": hierarchy 0 is v2, and left out. */
static void hierarchy_parse(char *line, struct cgroup_mounts *mounts)
{
	struct cgroup_v1 *v1 = &mounts->v1[mounts->v1_count];
	char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
	uint64_t id;

	if (!path || mounts->v1_count == CGROUP_V1_MAX)
		return;
	*names++ = '\0';
	*path = '\0';
	if (num_parse(line, 1, INT32_MAX, &id, NULL) < 0 || !*names)
		return;
	if (!str_copy(v1->controllers, sizeof(v1->controllers), names))
		return;
	v1->id = (int)id;
	v1->path[0] = '\0';
	mounts->v1_count++;
}

static struct cgroup_v1 *v1_by_options(struct cgroup_mounts *mounts, const char *options)
{
	for (size_t i = 0; i < mounts->v1_count; i++) {
		const char *first = mounts->v1[i].controllers;
		size_t len = strcspn(first, ",");

		/* All controllers of a hierarchy are in the options of its mount; one is enough. */
		if (list_has(options, first, len))
			return &mounts->v1[i];
	}
	return NULL;
}

/*
 * "36 25 0:31 ROOT POINT OPTIONS tags... - TYPE SOURCE SUPEROPTIONS". A mount of the whole tree
 * wins over a mount of a part of it (a container's bind mount); among equals the first.
 */
static void mount_parse(char *line, struct cgroup_mounts *mounts)
{
	char *words[MOUNT_WORDS], *tail[3] = {}, *rest = strstr(line, " - "), *save = NULL, *path;
	size_t n = 0;
	bool *whole;

	if (!rest)
		return;
	*rest = '\0';
	for (char *w = strtok_r(line, " ", &save); w && n < MOUNT_WORDS;
	     w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	if (n < MOUNT_WORDS)
		return;
	n = 0;
	for (char *w = strtok_r(rest + 3, " ", &save); w && n < 3; w = strtok_r(NULL, " ", &save))
		tail[n++] = w;
	if (n < 2)
		return;
	if (str_eq(tail[0], "cgroup2")) {
		path = mounts->v2;
		whole = &mounts->v2_whole;
	} else {
		struct cgroup_v1 *v1 =
			str_eq(tail[0], "cgroup") ? v1_by_options(mounts, tail[n - 1]) : NULL;

		if (!v1)
			return;
		path = v1->path;
		whole = &v1->whole;
	}
	if (*path && (*whole || !str_eq(words[3], "/")))
		return;
	*whole = str_eq(words[3], "/");
	if (!unescape(words[4], strlen(words[4]), path, CGROUP_PATH_MAX))
		path[0] = '\0';
}

static enum cgroup_mode mode_of(const struct cgroup_mounts *mounts)
{
	bool v1 = false;

	for (size_t i = 0; i < mounts->v1_count; i++)
		/* A named hierarchy has no controller: it alone does not make a host hybrid. */
		if (!str_starts(mounts->v1[i].controllers, "name="))
			v1 = true;
	if (*mounts->v2)
		return v1 ? CGROUP_HYBRID : CGROUP_UNIFIED;
	return v1 ? CGROUP_V1 : CGROUP_NONE;
}

int cgroup_mounts_parse(const char *mountinfo, const char *cgroup, struct cgroup_mounts *ret,
			struct error *err)
{
	_free_ struct cgroup_mounts *mounts = calloc(1, sizeof(*mounts));
	_free_ char *lines = strdup(mountinfo), *groups = strdup(cgroup);
	char *save = NULL;

	if (!mounts || !lines || !groups)
		return error_errno(err, -ENOMEM, "cgroup mounts");
	for (char *l = strtok_r(groups, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		hierarchy_parse(l, mounts);
	for (char *l = strtok_r(lines, "\n", &save); l;) {
		/* mount_parse cuts the line into words: take the next one before. */
		char *next = strtok_r(NULL, "\n", &save);

		mount_parse(l, mounts);
		l = next;
	}
	mounts->mode = mode_of(mounts);
	*ret = *mounts;
	return 0;
}

int cgroup_mounts(struct cgroup_mounts *ret, struct error *err)
{
	_free_ char *mountinfo = NULL, *cgroup = NULL;
	int r;

	r = file_read(AT_FDCWD, "/proc/self/mountinfo", PROC_FILE_MAX, &mountinfo, NULL);
	if (r < 0)
		return error_errno(err, r, "/proc/self/mountinfo");
	r = file_read(AT_FDCWD, "/proc/self/cgroup", PROC_FILE_MAX, &cgroup, NULL);
	if (r < 0)
		return error_errno(err, r, "/proc/self/cgroup");
	return cgroup_mounts_parse(mountinfo, cgroup, ret, err);
}

const struct cgroup_v1 *cgroup_v1_find(const struct cgroup_mounts *mounts, const char *controller)
{
	for (size_t i = 0; i < mounts->v1_count; i++)
		if (list_has(mounts->v1[i].controllers, controller, strlen(controller)))
			return &mounts->v1[i];
	return NULL;
}

/* A mount that no path leads to; it goes with its descriptor. */
static int mount_private(int *ret_fd, struct error *err)
{
	_close_ int fs = -1, fd = -1;
	int root;

	fs = fsopen("cgroup2", FSOPEN_CLOEXEC);
	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return error_errno(err, -errno, "mounting cgroup2");
	fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(err, -errno, "mounting cgroup2");
	/* What fsmount gives is O_PATH, and attaching wants an open directory. */
	root = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_errno(err, -errno, "opening cgroup2");
	*ret_fd = root;
	return 0;
}

int cgroup_root_open(int *ret_fd, struct error *err)
{
	_free_ struct cgroup_mounts *mounts = calloc(1, sizeof(*mounts));
	int r, fd;

	if (!mounts)
		return error_errno(err, -ENOMEM, "cgroup mounts");
	r = cgroup_mounts(mounts, err);
	if (r < 0)
		return r;
	if (!*mounts->v2 || !mounts->v2_whole)
		return mount_private(ret_fd, err);
	fd = open(mounts->v2, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, -errno, "%s", mounts->v2);
	*ret_fd = fd;
	return 0;
}
