// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/magic.h>

#include "base/num.h"
#include "base/str.h"

#define LOCK_DIR  "/run/skep"
#define LOCK_FILE LOCK_DIR "/lock"

enum { LOCK_WAIT_MS = 5000, LOCK_STEP_MS = 20, NAME_LEN = 64, PATH_LEN = 320 };

struct pin_dir {
	char kind[NAME_LEN], object[NAME_LEN];
};

static bool is_bpffs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

int pin_bpffs(bool *ret_mounted, struct error *err)
{
	bool mounted = false;

	if (!is_bpffs(PIN_BPFFS)) {
		if (mount("bpf", PIN_BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME,
			  "mode=0700") < 0)
			return error_errno(err, -errno, "mounting bpffs at " PIN_BPFFS);
		mounted = true;
	}
	if (ret_mounted)
		*ret_mounted = mounted;
	return 0;
}

static int lock_busy(int fd, struct error *err)
{
	char text[64] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return error_set(err, -EBUSY, LOCK_FILE ": held by another process");
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return error_set(err, -EBUSY, LOCK_FILE ": held by %s", text);
}

/* Who holds it is written inside, for whoever waits in vain. */
static void lock_sign(int fd)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "process %d (%s)\n", (int)getpid(),
			 program_invocation_short_name);

	/* Only for a message: a failure costs nothing else. */
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, MIN((size_t)n, sizeof(text) - 1), 0) < 0)
		return;
}

int pin_lock(int *ret_fd, struct error *err)
{
	const struct timespec step = { .tv_nsec = LOCK_STEP_MS * 1000000 };
	_close_ int fd = -1;

	if (mkdir(LOCK_DIR, 0755) < 0 && errno != EEXIST)
		return error_errno(err, -errno, LOCK_DIR);
	fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_errno(err, -errno, LOCK_FILE);
	for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += LOCK_STEP_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_errno(err, -errno, LOCK_FILE);
		if (waited >= LOCK_WAIT_MS)
			return lock_busy(fd, err);
		nanosleep(&step, NULL);
	}
	lock_sign(fd);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static bool is_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789-_.");

	return len && len < NAME_LEN && !name[len] && name[0] != '.';
}

static int make_dir(const char *path, struct error *err)
{
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_errno(err, -errno, "%s", path);
	if (lstat(path, &st) < 0)
		return error_errno(err, -errno, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return error_errno(err, -ENOTDIR, "%s", path);
	if (!is_bpffs(path))
		return error_set(err, -EXDEV, "%s: not on a bpffs", path);
	return 0;
}

static void dir_path(const struct pin_dir *dir, char path[static PATH_LEN])
{
	snprintf(path, PATH_LEN, PIN_ROOT "/%s/%s", dir->kind, dir->object);
}

int pin_dir_open(const char *kind, const char *object, struct pin_dir **ret, struct error *err)
{
	_free_ struct pin_dir *dir = NULL;
	char path[PATH_LEN];
	int r;

	if (!is_name(kind) || !is_name(object))
		return error_set(err, -EINVAL, "'%s/%s': no name for a pin", kind, object);
	dir = calloc(1, sizeof(*dir));
	if (!dir)
		return error_errno(err, -ENOMEM, "pins");
	str_copy(dir->kind, sizeof(dir->kind), kind);
	str_copy(dir->object, sizeof(dir->object), object);
	r = make_dir(PIN_ROOT, err);
	if (r == 0) {
		snprintf(path, sizeof(path), PIN_ROOT "/%s", kind);
		r = make_dir(path, err);
	}
	if (r == 0) {
		dir_path(dir, path);
		r = make_dir(path, err);
	}
	if (r < 0)
		return r;
	*ret = TAKE_PTR(dir);
	return 0;
}

void pin_dir_close(struct pin_dir *dir)
{
	free(dir);
}

static int pin_path(const struct pin_dir *dir, const char *type, const char *name,
		    char path[static PATH_LEN], struct error *err)
{
	size_t len;

	if (!is_name(type) || !is_name(name))
		return error_set(err, -EINVAL, "'%s_%s': no name for a pin", type, name);
	dir_path(dir, path);
	len = strlen(path);
	snprintf(path + len, PATH_LEN - len, "/%s_%s", type, name);
	return 0;
}

int pin_add(struct pin_dir *dir, const char *type, const char *name, int fd, struct error *err)
{
	char path[PATH_LEN];
	int r = pin_path(dir, type, name, path, err);

	if (r < 0)
		return r;
	return bpf_obj_pin(fd, path) < 0 ? error_errno(err, -errno, "%s", path) : 0;
}

int pin_get(struct pin_dir *dir, const char *type, const char *name, int *ret_fd, struct error *err)
{
	char path[PATH_LEN];
	int fd, r = pin_path(dir, type, name, path, err);

	if (r < 0)
		return r;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return error_errno(err, -errno, "%s", path);
	*ret_fd = fd;
	return 0;
}

int pin_remove(struct pin_dir *dir, const char *type, const char *name, struct error *err)
{
	char path[PATH_LEN];
	int r = pin_path(dir, type, name, path, err);

	if (r < 0)
		return r;
	if (unlink(path) < 0 && errno != ENOENT)
		return error_errno(err, -errno, "%s", path);
	return 0;
}

int pin_dir_remove(struct pin_dir *dir, struct error *err)
{
	char path[PATH_LEN];

	dir_path(dir, path);
	while (!str_eq(path, PIN_BPFFS)) {
		if (rmdir(path) < 0 && errno != ENOENT)
			return errno == ENOTEMPTY ? 0 : error_errno(err, -errno, "%s", path);
		*strrchr(path, '/') = '\0';
	}
	return 0;
}
