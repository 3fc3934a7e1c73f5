// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the running dockerd and containerd keep their files, from their command lines. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/str.h"
#include "identity/state.h"

enum { LOOK_EVERY_NS = 1000000000, CMDLINE_MAX = 64 << 10 };

static void roots_clear(struct daemon_root *roots, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		free(roots[i].path);
	*count = 0;
}

void daemons_free(struct daemons *daemons)
{
	roots_clear(daemons->docker, &daemons->docker_count);
	roots_clear(daemons->containerd, &daemons->containerd_count);
}

static void root_add(struct daemon_root *roots, size_t *count, const char *path, uid_t uid)
{
	if (*path != '/' || *count == DAEMON_ROOTS_MAX)
		return;
	for (size_t i = 0; i < *count; i++) {
		if (str_eq(roots[i].path, path) && roots[i].uid == uid)
			return;
	}
	roots[*count].path = strdup(path);
	roots[*count].uid = uid;
	if (roots[*count].path)
		(*count)++;
}

/* The value of an option in a command line of words that each end in NUL: "--x=V", "--x V". */
static const char *option_value(const char *text, size_t len, const char *option)
{
	size_t option_len = strlen(option);
	const char *end = text + len;

	for (const char *word = text; word < end; word += strlen(word) + 1) {
		const char *next = word + strlen(word) + 1;

		if (strncmp(word, option, option_len) != 0)
			continue;
		if (word[option_len] == '=')
			return word + option_len + 1;
		if (!word[option_len] && next < end)
			return next;
	}
	return NULL;
}

static void daemon_look(struct daemons *daemons, int proc, const char *pid)
{
	_free_ char *comm_path = str_printf("%s/comm", pid);
	_free_ char *cmdline_path = str_printf("%s/cmdline", pid);
	_free_ char *comm = NULL, *cmdline = NULL;
	static const char *const docker_options[] = { "--data-root", "-g", "--graph" };
	const char *value;
	struct stat st;
	size_t len = 0;
	bool docker;

	if (!comm_path || !cmdline_path || file_read(proc, comm_path, 64, &comm, NULL))
		return;
	docker = str_eq(comm, "dockerd\n");
	if ((!docker && !str_eq(comm, "containerd\n")) || fstatat(proc, pid, &st, 0) ||
	    file_read(proc, cmdline_path, CMDLINE_MAX, &cmdline, &len))
		return;
	for (size_t i = 0; docker && i < ARRAY_SIZE(docker_options); i++) {
		value = option_value(cmdline, len, docker_options[i]);
		if (value)
			root_add(daemons->docker, &daemons->docker_count, value, st.st_uid);
	}
	value = docker ? NULL : option_value(cmdline, len, "--state");
	if (value)
		root_add(daemons->containerd, &daemons->containerd_count, value, st.st_uid);
}

bool daemons_refresh(struct daemons *daemons, uint64_t now_ns)
{
	_free_ char *path = NULL;
	_dir_ DIR *dir = NULL;
	struct dirent *entry;
	int proc;

	if (now_ns < daemons->next_ns)
		return false;
	daemons->next_ns = now_ns + LOOK_EVERY_NS;
	path = str_printf("%s/proc", identity_root());
	dir = path ? opendir(path) : NULL;
	proc = dir ? dirfd(dir) : -1;
	if (proc < 0)
		return false;
	daemons_free(daemons);
	while ((entry = readdir(dir))) {
		if (isdigit((unsigned char)entry->d_name[0]))
			daemon_look(daemons, proc, entry->d_name);
	}
	return true;
}
