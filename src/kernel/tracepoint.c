// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/tracepoint.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "base/str.h"

/* The root of a tracefs, mounted or not; -1 with errno. */
static int tracefs_open(void)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	_close_ int fs = -1, mount = -1;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		_close_ int fd = open(places[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0 && !faccessat(fd, "events", R_OK, 0))
			return TAKE_FD(fd);
	}
	fs = fsopen("tracefs", FSOPEN_CLOEXEC);
	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	mount = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	return mount < 0 ? -1 : TAKE_FD(mount);
}

/* "tracepoint/syscalls/sys_exit_accept" -> its number. */
static int event_id(const char *section, uint64_t *ret)
{
	const char *event = strchr(section, '/');
	_close_ int tracefs = -1;
	_free_ char *path = NULL, *text = NULL;
	int r;

	if (!event)
		return -EINVAL;
	tracefs = tracefs_open();
	if (tracefs < 0)
		return -errno;
	path = str_printf("events%s/id", event);
	if (!path)
		return -ENOMEM;
	r = file_read(tracefs, path, 64, &text, NULL);
	if (r)
		return r;
	text[strcspn(text, "\n")] = '\0';
	return num_parse(text, 0, UINT32_MAX, ret, NULL);
}

struct bpf_link *tracepoint_attach(struct bpf_program *program)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT,
					.size = sizeof(attr),
					.sample_period = 1 };
	_close_ int fd = -1;
	struct bpf_link *link;
	uint64_t id = 0;
	int r = event_id(bpf_program__section_name(program), &id);

	if (r) {
		errno = -r;
		return NULL;
	}
	attr.config = id;
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return NULL;
	link = bpf_program__attach_perf_event(program, fd);
	if (link)
		TAKE_FD(fd); /* the link closes it */
	return link;
}
