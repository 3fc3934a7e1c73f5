// SPDX-License-Identifier: GPL-2.0-or-later
/* Users by number, and what /proc tells of a process. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "base/str.h"
#include "identity/internal.h"

enum { PASSWD_MAX = 1 << 20, CMDLINE_MAX = 4096, EXE_MAX = 4096, STAT_FIELDS = 20 };

const char *text_intern(struct identity *identity, const char *s, const char *full)
{
	size_t len = strlen(s);
	struct text *text;

	HASH_FIND(hh, identity->texts, s, len, text);
	if (text)
		return text->text;
	if (identity->text_bytes + len > TEXTS_BYTES_MAX)
		return full;
	text = malloc(sizeof(*text) + len + 1);
	if (!text)
		return full;
	memcpy(text->text, s, len + 1);
	HASH_ADD_KEYPTR(hh, identity->texts, text->text, len, text);
	identity->text_bytes += sizeof(*text) + len + 1;
	return text->text;
}

void process_free(struct identity *identity)
{
	struct text *text, *next_text;
	struct user *user, *next_user;

	HASH_ITER (hh, identity->texts, text, next_text) {
		HASH_DEL(identity->texts, text);
		free(text);
	}
	HASH_ITER (hh, identity->users, user, next_user) {
		HASH_DEL(identity->users, user);
		free(user->name);
		free(user);
	}
}

static char *user_name(uid_t uid)
{
	struct passwd entry, *found = NULL;
	size_t size = 4096;
	int r;

	do {
		_free_ char *buf = malloc(size);

		if (!buf)
			return NULL;
		r = getpwuid_r(uid, &entry, buf, size, &found);
		if (!r && found)
			return strdup(found->pw_name);
		size *= 2;
	} while (r == ERANGE && size <= PASSWD_MAX);
	return str_printf("%u", uid);
}

const char *identity_user(struct identity *identity, uid_t uid)
{
	struct user *user;

	HASH_FIND(hh, identity->users, &uid, sizeof(uid), user);
	if (user)
		return user->name;
	user = calloc(1, sizeof(*user));
	if (user)
		user->name = user_name(uid);
	if (!user || !user->name) {
		free(user);
		return "?";
	}
	user->uid = uid;
	HASH_ADD(hh, identity->users, uid, sizeof(uid), user);
	return user->name;
}

struct stat_text {
	char comm[64];
	uint64_t ppid, start_ticks;
};

/* "PID (COMM) S PPID …": the name may itself have brackets and spaces, so its end is the last one. */
static int stat_read(int dir, struct stat_text *ret)
{
	_free_ char *text = NULL;
	char *open, *close, *field[STAT_FIELDS] = {}, *save = NULL;
	int r = file_read(dir, "stat", 8192, &text, NULL);

	if (r)
		return r == -ENOMEM ? r : -ESRCH;
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || close < open)
		return -ESRCH;
	*close = '\0';
	str_copy(ret->comm, sizeof(ret->comm), open + 1);
	for (size_t i = 0; i < STAT_FIELDS; i++) {
		field[i] = strtok_r(i ? NULL : close + 1, " \n", &save);
		if (!field[i])
			return -ESRCH;
	}
	/* Fields 4 (ppid) and 22 (starttime) of proc(5); the first here is field 3. */
	if (num_parse(field[1], 0, INT32_MAX, &ret->ppid, NULL) ||
	    num_parse(field[19], 0, UINT64_MAX, &ret->start_ticks, NULL))
		return -ESRCH;
	return 0;
}

/* The real ids stand in `status`; the folder's owner is the effective one, and root's if the
 * process may not be dumped. */
static int ids_read(int dir, uid_t *ret_uid, gid_t *ret_gid)
{
	_free_ char *text = NULL;
	unsigned int uid, gid;
	const char *line;

	if (file_read(dir, "status", 65536, &text, NULL))
		return -ESRCH;
	line = strstr(text, "\nUid:");
	if (!line || sscanf(line, "\nUid: %u", &uid) != 1)
		return -ESRCH;
	line = strstr(line, "\nGid:");
	if (!line || sscanf(line, "\nGid: %u", &gid) != 1)
		return -ESRCH;
	*ret_uid = uid;
	*ret_gid = gid;
	return 0;
}

static const char *cmdline_read(struct identity *identity, int dir)
{
	_close_ int fd = openat(dir, "cmdline", O_RDONLY | O_CLOEXEC);
	char text[CMDLINE_MAX + 1];
	ssize_t len = fd < 0 ? -1 : read(fd, text, CMDLINE_MAX);

	if (len <= 0)
		return NULL;
	for (ssize_t i = 0; i < len; i++)
		text[i] = text[i] ? text[i] : ' ';
	while (len > 0 && text[len - 1] == ' ')
		len--;
	text[len] = '\0';
	return len ? text_intern(identity, text, NULL) : NULL;
}

static const char *exe_read(struct identity *identity, int dir)
{
	char path[EXE_MAX + 1];
	ssize_t len = readlinkat(dir, "exe", path, EXE_MAX);

	if (len <= 0)
		return NULL;
	path[len] = '\0';
	return text_intern(identity, path, NULL);
}

int identity_process(struct identity *identity, pid_t pid, struct process *ret)
{
	struct stat_text first = {}, last = {};
	struct process process = { .pid = pid };
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);
	_close_ int dir = -1;
	char path[32];
	int r;

	if (pid <= 0)
		return -ESRCH;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	r = stat_read(dir, &first);
	if (!r)
		r = ids_read(dir, &process.uid, &process.gid);
	if (r)
		return r;
	process.exe = exe_read(identity, dir);
	process.cmdline = cmdline_read(identity, dir);
	/* The folder belongs to one process: when that has gone, its files say so. */
	r = stat_read(dir, &last);
	if (r)
		return r;
	process.comm = text_intern(identity, last.comm, "");
	process.ppid = (pid_t)last.ppid;
	process.start_ns = last.start_ticks * (1000000000 / hz);
	*ret = process;
	return 0;
}
