// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a probe's program goes, if libbpf cannot tell by its section. NULL comes with errno. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <linux/perf_event.h>

#include "base/cleanup.h"
#include "doctor/probe.h"
#include "kernel/cgroup.h"
#include "kernel/netlink.h"
#include "kernel/tracepoint.h"

struct bpf_link *attach_tracepoint(struct trial *trial, struct bpf_program *program)
{
	(void)trial;
	return tracepoint_attach(program);
}

/* By name: a pattern would make libbpf look in tracefs, which need not be mounted. */
struct bpf_link *attach_kprobe_multi(struct trial *trial, struct bpf_program *program)
{
	const char *names[] = { "alloc_file_pseudo" };
	LIBBPF_OPTS(bpf_kprobe_multi_opts, opts, .syms = names, .cnt = ARRAY_SIZE(names));

	(void)trial;
	return bpf_program__attach_kprobe_multi_opts(program, NULL, &opts);
}

struct bpf_link *attach_cgroup(struct trial *trial, struct bpf_program *program)
{
	_close_ int fd = -1;
	struct error err = {};
	struct bpf_link *link;

	(void)trial;
	if (cgroup_root_open(&fd, &err) < 0) {
		errno = -err.code;
		return NULL;
	}
	link = bpf_program__attach_cgroup(program, fd);
	return link;
}

struct bpf_link *attach_netns(struct trial *trial, struct bpf_program *program)
{
	_close_ int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	(void)trial;
	return fd < 0 ? NULL : bpf_program__attach_netns(program, fd);
}

/* Native, or not at all: generic mode works on any kernel and is slow. */
struct bpf_link *attach_xdp(struct trial *trial, struct bpf_program *program)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	int index = (int)if_nametoindex(PROBE_ONE), fd;

	(void)trial;
	fd = bpf_link_create(bpf_program__fd(program), index, BPF_XDP, &opts);
	if (fd < 0)
		return NULL;
	/* The link lives as long as this child does; there is no libbpf object for such a one. */
	errno = 0;
	return NULL;
}

struct bpf_link *attach_tcx(struct trial *trial, struct bpf_program *program)
{
	(void)trial;
	return bpf_program__attach_tcx(program, (int)if_nametoindex(PROBE_ONE), NULL);
}

struct bpf_link *attach_clsact(struct trial *trial, struct bpf_program *program)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex(PROBE_ONE),
		    .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(program));
	int r = bpf_tc_hook_create(&hook);

	(void)trial;
	if (r == 0)
		r = bpf_tc_attach(&hook, &opts);
	errno = -r;
	return NULL;
}

/* The kernel names the other end of a netkit pair, and it has to be up, too. */
static int links_up(struct error *err)
{
	struct if_nameindex *list = if_nameindex();
	int r = 0;

	if (!list)
		return -errno;
	for (size_t i = 0; r == 0 && list[i].if_index; i++)
		r = netlink_link_up(list[i].if_name, err);
	if_freenameindex(list);
	return r;
}

struct bpf_link *attach_netkit(struct trial *trial, struct bpf_program *program)
{
	struct error err = {};
	int r = netlink_link_add("netkit", PROBE_ONE, NULL, &err);

	(void)trial;
	if (r == 0)
		r = links_up(&err);
	if (r < 0) {
		errno = -r;
		return NULL;
	}
	return bpf_program__attach_netkit(program, (int)if_nametoindex(PROBE_ONE), NULL);
}

/* The file offset of a function of this program: it works on a stripped one, too. */
static bool offset_of(const void *function, char path[static 256], size_t *ret)
{
	_file_ FILE *maps = fopen("/proc/self/maps", "re");
	uintptr_t address = (uintptr_t)function;
	char line[512];

	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long start, end, offset;

		if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %255s", &start, &end, &offset, path) != 4)
			continue;
		if (address >= start && address < end) {
			*ret = address - start + offset;
			return true;
		}
	}
	errno = ENOENT;
	return false;
}

struct bpf_link *attach_uprobe(struct trial *trial, struct bpf_program *program)
{
	char path[256] = "";
	size_t offset;

	(void)trial;
	if (!offset_of((const void *)(uintptr_t)uprobe_target, path, &offset))
		return NULL;
	return bpf_program__attach_uprobe(program, false, 0, "/proc/self/exe", offset);
}

struct bpf_link *attach_perf(struct trial *trial, struct bpf_program *program)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = 1000,
	};
	struct bpf_link *link;
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	(void)trial;
	if (fd < 0)
		return NULL;
	link = bpf_program__attach_perf_event(program, fd); /* owns fd */
	if (!link)
		close(fd);
	return link;
}

struct bpf_link *attach_sk_storage_iter(struct trial *trial, struct bpf_program *program)
{
	union bpf_iter_link_info info = {};
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info, .link_info_len = sizeof(info));

	info.map.map_fd = (__u32)bpf_object__find_map_fd_by_name(trial->bpf, "socket_marks");
	return bpf_program__attach_iter(program, &opts);
}

/* It is run by hand, or attached when there is something to attach to. */
struct bpf_link *attach_nothing(struct trial *trial, struct bpf_program *program)
{
	(void)trial;
	(void)program;
	errno = 0;
	return NULL;
}
