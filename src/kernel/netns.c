// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "base/vec.h"
#include "kernel/netlink.h"

#define NETNS_DIR "/run/netns"

enum { RESULT_MAX = 64 << 20 };

typedef VEC(struct netns) netns_vec;

static int list_add(netns_vec *list, uint64_t inode, pid_t pid, const char *name)
{
	struct netns *found = NULL;

	for (size_t i = 0; i < list->len && !found; i++)
		if (list->data[i].inode == inode)
			found = &list->data[i];
	if (!found) {
		if (!vec_push(list, ((struct netns){ .inode = inode })))
			return -ENOMEM;
		found = &list->data[list->len - 1];
	}
	if (!found->pid)
		found->pid = pid;
	if (!*found->name && name)
		str_copy(found->name, sizeof(found->name), name);
	return 0;
}

static int add_processes(netns_vec *list)
{
	_dir_ DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (!proc)
		return -errno;
	while ((entry = readdir(proc))) {
		char path[64];
		struct stat st;
		uint64_t pid;

		if (num_parse(entry->d_name, 1, INT32_MAX, &pid, NULL) < 0)
			continue;
		snprintf(path, sizeof(path), "%d/ns/net", (int)pid);
		if (fstatat(dirfd(proc), path, &st, 0) < 0)
			continue;
		if (list_add(list, st.st_ino, (pid_t)pid, NULL) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int add_names(netns_vec *list)
{
	_dir_ DIR *names = opendir(NETNS_DIR);
	struct dirent *entry;
	struct stat own, st;

	if (!names)
		return errno == ENOENT ? 0 : -errno;
	if (stat("/proc/self/ns/net", &own) < 0)
		return -errno;
	while ((entry = readdir(names))) {
		/* A file that is no namespace (its mount is gone) lies on another file system. */
		if (entry->d_name[0] == '.' || fstatat(dirfd(names), entry->d_name, &st, 0) < 0 ||
		    st.st_dev != own.st_dev)
			continue;
		if (list_add(list, st.st_ino, 0, entry->d_name) < 0)
			return -ENOMEM;
	}
	return 0;
}

int netns_list(struct netns **ret, size_t *ret_count, struct error *err)
{
	netns_vec list = {};
	struct stat own;
	int r = stat("/proc/self/ns/net", &own) < 0 ? -errno : 0;

	if (r == 0)
		r = list_add(&list, own.st_ino, getpid(), NULL);
	if (r == 0)
		r = add_processes(&list);
	if (r == 0)
		r = add_names(&list);
	if (r < 0) {
		vec_free(&list);
		return error_errno(err, r, "listing network namespaces");
	}
	*ret = list.data;
	*ret_count = list.len;
	return 0;
}

static int open_path(const char *path, uint64_t inode, int *ret_fd, struct error *err)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return error_errno(err, -errno, "%s", path);
	if (fstat(fd, &st) < 0)
		return error_errno(err, -errno, "%s", path);
	if (inode && st.st_ino != inode)
		return error_errno(err, -ESTALE, "%s", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int netns_open(const struct netns *ns, int *ret_fd, struct error *err)
{
	char path[96];
	int r = -ESTALE;

	if (ns->pid) {
		snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)ns->pid);
		r = open_path(path, ns->inode, ret_fd, err);
	}
	if (r < 0 && *ns->name) {
		snprintf(path, sizeof(path), NETNS_DIR "/%s", ns->name);
		r = open_path(path, ns->inode, ret_fd, err);
	}
	if (r == -ENOENT)
		return error_errno(err, -ESTALE, "network namespace %llu",
				   (unsigned long long)ns->inode);
	return r;
}

int netns_open_pid(pid_t pid, int *ret_fd, struct error *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	return open_path(path, 0, ret_fd, err);
}

static int enter(int ns_fd, struct error *err)
{
	if (ns_fd == NETNS_NEW && unshare(CLONE_NEWNET) < 0)
		return error_errno(err, -errno, "a new network namespace");
	if (ns_fd >= 0 && setns(ns_fd, CLONE_NEWNET) < 0)
		return error_errno(err, -errno, "entering the network namespace");
	return 0;
}

static bool write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* The error goes first, in its fixed size; then the result. */
static _Noreturn void child(pid_t parent, int ns_fd, netns_function fn, void *context, int out)
{
	_strbuf_ struct strbuf result = {};
	struct error err = {};
	bool ok;
	int r;

	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	r = enter(ns_fd, &err);
	if (r == 0)
		r = fn(context, &result, &err);
	if (r == 0 && result.failed)
		r = error_errno(&err, -ENOMEM, "result");
	if (r < 0 && !err.code)
		error_errno(&err, r, "failed");
	ok = write_all(out, &err, sizeof(err)) &&
	     write_all(out, strbuf_str(&result), r < 0 ? 0 : result.len);
	_exit(ok ? 0 : 1);
}

static int read_all(int fd, struct strbuf *result)
{
	char chunk[4096];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		if (result->len + (size_t)n > RESULT_MAX)
			return -EFBIG;
		strbuf_add(result, chunk, (size_t)n);
	}
}

int netns_run(int ns_fd, netns_function fn, void *context, struct strbuf *result, struct error *err)
{
	_close_ int in = -1, out = -1;
	_strbuf_ struct strbuf all = {};
	struct error told = {};
	pid_t parent = getpid(), pid;
	int fds[2], status, r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, -errno, "network namespace");
	in = fds[0];
	out = fds[1];
	pid = fork();
	if (pid < 0)
		return error_errno(err, -errno, "network namespace");
	if (pid == 0)
		child(parent, ns_fd, fn, context, out);
	close(TAKE_FD(out));
	r = read_all(in, &all);
	if (r < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return error_errno(err, r, "network namespace");
	if (all.failed)
		return error_errno(err, -ENOMEM, "network namespace");
	if (all.len < sizeof(told))
		return error_errno(err, -ECHILD, "network namespace");
	memcpy(&told, all.data, sizeof(told));
	if (told.code)
		return error_set(err, told.code, "%s", told.message);
	if (result)
		strbuf_add(result, all.data + sizeof(told), all.len - sizeof(told));
	return 0;
}

static int addresses_inside(void *context, struct strbuf *result, struct error *err)
{
	_free_ struct netlink_address *list = NULL;
	size_t count;
	int r = netlink_addresses(&list, &count, err);

	(void)context;
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		strbuf_add(result, (const char *)&list[i].addr, sizeof(list[i].addr));
	return 0;
}

int netns_addresses(int ns_fd, struct ip_addr **ret, size_t *ret_count, struct error *err)
{
	_strbuf_ struct strbuf bytes = {};
	struct ip_addr *list;
	int r = netns_run(ns_fd, addresses_inside, NULL, &bytes, err);

	if (r < 0)
		return r;
	list = malloc(MAX(bytes.len, 1u));
	if (!list || bytes.failed) {
		free(list);
		return error_errno(err, -ENOMEM, "addresses");
	}
	memcpy(list, strbuf_str(&bytes), bytes.len);
	*ret = list;
	*ret_count = bytes.len / sizeof(*list);
	return 0;
}
