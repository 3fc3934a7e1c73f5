// SPDX-License-Identifier: GPL-2.0-or-later
/* What is proved without programs of our own: mounts, namespaces, qdiscs, switches. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/magic.h>
#include <linux/pkt_sched.h>

#include "base/cleanup.h"
#include "doctor/probe.h"
#include "kernel/bpf_log.h"
#include "kernel/cgroup.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"
#include "kernel/pin.h"

static void found(struct finding *ret, enum doctor_state state, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

static void found(struct finding *ret, enum doctor_state state, const char *fmt, ...)
{
	va_list ap;

	ret->state = state;
	va_start(ap, fmt);
	vsnprintf(ret->detail, sizeof(ret->detail), fmt, ap);
	va_end(ap);
}

/* A switch: the first line of a file of /proc or /sys. */
static int read_line(const char *path, char buf[static 256])
{
	_free_ char *text = NULL;
	int r = file_read(AT_FDCWD, path, 4096, &text, NULL);

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	str_copy(buf, 256, text);
	return 0;
}

/* What the kernel was told at boot; that alone proves nothing. */
void note_lsm(struct finding *finding)
{
	char line[256];
	size_t len = strlen(finding->detail);

	if (read_line("/sys/kernel/security/lsm", line) < 0)
		return;
	snprintf(finding->detail + len, sizeof(finding->detail) - len,
		 "; /sys/kernel/security/lsm: %s", line);
}

int find_btf(struct finding *ret, struct error *err)
{
	const char *path = kernel_btf_path();
	struct btf *btf;

	bpf_log_clear();
	btf = path ? btf__parse(path, NULL) : btf__load_vmlinux_btf();
	if (!btf)
		return error_errno(err, -errno, "%s", path ? path : "/sys/kernel/btf/vmlinux");
	found(ret, DOCTOR_YES, "%s, %u types", path ? path : "/sys/kernel/btf/vmlinux",
	      btf__type_cnt(btf));
	btf__free(btf);
	return 0;
}

/* Loads `return 0` and asks whether it became machine code. */
int find_jit(struct finding *ret, struct error *err)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);
	_close_ int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "probe_jit", "GPL", insns,
				       ARRAY_SIZE(insns), NULL);

	if (fd < 0)
		return error_errno(err, -errno, "load");
	if (bpf_prog_get_info_by_fd(fd, &info, &len) < 0)
		return error_errno(err, -errno, "program info");
	if (info.jited_prog_len)
		found(ret, DOCTOR_YES, "%" PRIu32 " bytes of machine code for 2 instructions",
		      info.jited_prog_len);
	else
		found(ret, DOCTOR_NO, "programs are interpreted");
	return 0;
}

static int pin_and_take_back(struct error *err)
{
	CLEANUP(pin_dir_cleanup) struct pin_dir *dir = NULL;
	_close_ int map = -1, again = -1;
	char object[32];
	int r;

	snprintf(object, sizeof(object), "probe-%d", (int)getpid());
	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "probe_pin", 4, 8, 1, NULL);
	if (map < 0)
		return error_errno(err, -errno, "map");
	r = pin_dir_open("doctor", object, &dir, err);
	if (r < 0)
		return r;
	r = pin_add(dir, "map", "probe", map, err);
	if (r == 0)
		r = pin_get(dir, "map", "probe", &again, err);
	if (r == 0)
		r = pin_remove(dir, "map", "probe", err);
	return r < 0 ? r : pin_dir_remove(dir, err);
}

/*
 * In a bpffs of its own, in this child's mount namespace: a doctor that is killed leaves no pin, and
 * a host that has no bpffs yet still has none.
 */
int find_pins(struct finding *ret, struct error *err)
{
	struct statfs fs;
	bool host = false;
	int r;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_errno(err, -errno, "a mount namespace");
	host = !statfs(PIN_BPFFS, &fs) && (unsigned long)fs.f_type == BPF_FS_MAGIC;
	if (mount("tmpfs", PIN_BPFFS, "tmpfs", 0, NULL) < 0)
		return error_errno(err, -errno, PIN_BPFFS);
	r = pin_bpffs(NULL, err);
	if (r == 0)
		r = pin_and_take_back(err);
	if (r < 0)
		return r;
	found(ret, DOCTOR_YES, "mounted, pinned, taken back; " PIN_BPFFS " %s",
	      host ? "is mounted on this host" : "is not mounted on this host yet");
	return 0;
}

int find_cgroups(struct finding *ret, struct error *err)
{
	_free_ struct cgroup_mounts *mounts = calloc(1, sizeof(*mounts));
	const struct cgroup_v1 *memory;
	_close_ int fd = -1;
	int r;

	if (!mounts)
		return error_errno(err, -ENOMEM, "cgroups");
	r = cgroup_mounts(mounts, err);
	if (r < 0)
		return r;
	r = cgroup_root_open(&fd, err);
	if (r < 0)
		return r;
	memory = cgroup_v1_find(mounts, "memory");
	found(ret, *mounts->v2 ? DOCTOR_YES : DOCTOR_PARTLY, "%s: v2 %s%s%s%s",
	      cgroup_mode_names[mounts->mode], *mounts->v2 ? "at " : "mounted nowhere", mounts->v2,
	      memory ? ", v1 memory " : "",
	      !memory	      ? ""
	      : *memory->path ? memory->path
			      : "mounted nowhere");
	return 0;
}

int find_lockdown(struct finding *ret, struct error *err)
{
	char line[256];
	int r = read_line("/sys/kernel/security/lockdown", line);

	(void)err;
	if (r < 0)
		found(ret, DOCTOR_YES, "this kernel has no lockdown");
	else if (strstr(line, "[confidentiality]"))
		found(ret, DOCTOR_NO, "confidentiality (%s)", line);
	else if (strstr(line, "[integrity]"))
		found(ret, DOCTOR_PARTLY, "integrity (%s)", line);
	else
		found(ret, DOCTOR_YES, "none (%s)", line);
	return 0;
}

int find_unprivileged(struct finding *ret, struct error *err)
{
	const char *path = "/proc/sys/kernel/unprivileged_bpf_disabled";
	char line[256];
	int r = read_line(path, line);

	if (r < 0)
		return error_errno(err, r, "%s", path);
	found(ret, str_eq(line, "0") ? DOCTOR_NO : DOCTOR_YES,
	      "kernel.unprivileged_bpf_disabled = %s", line);
	return 0;
}

int find_netns(struct finding *ret, struct error *err)
{
	_free_ struct netns *list = NULL;
	_free_ struct ip_addr *addresses = NULL;
	_close_ int fd = -1;
	size_t count, addresses_count;
	int r = netns_list(&list, &count, err);

	if (r == 0)
		r = netns_open(&list[0], &fd, err);
	if (r == 0)
		r = netns_addresses(fd, &addresses, &addresses_count, err);
	if (r < 0)
		return r;
	/* This probe has one for itself, too. */
	found(ret, DOCTOR_YES, "made, entered; %zu on this host", count - 1);
	return 0;
}

int find_userns(struct finding *ret, struct error *err)
{
	if (unshare(CLONE_NEWUSER) < 0)
		return error_errno(err, -errno, "unshare");
	found(ret, DOCTOR_YES, "made");
	return 0;
}

int find_overlayfs(struct finding *ret, struct error *err)
{
	_close_ int fd = -1;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0 || mkdir("/tmp/lower", 0755) < 0 ||
	    mkdir("/tmp/upper", 0755) < 0 || mkdir("/tmp/work", 0755) < 0 ||
	    mkdir("/tmp/merged", 0755) < 0)
		return error_errno(err, -errno, "preparing");
	if (mount("overlay", "/tmp/merged", "overlay", 0,
		  "lowerdir=/tmp/lower,upperdir=/tmp/upper,workdir=/tmp/work") < 0)
		return error_errno(err, -errno, "mount");
	fd = open("/tmp/merged/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || access("/tmp/upper/file", F_OK) < 0)
		return error_errno(err, -errno, "writing into it");
	found(ret, DOCTOR_YES, "mounted, written to");
	return 0;
}

static int find_qdisc(const char *kind, const void *options, size_t len, struct finding *ret,
		      struct error *err)
{
	int r = netlink_qdisc_add(PROBE_ONE, kind, options, len, err);

	if (r < 0)
		return r;
	found(ret, DOCTOR_YES, "added to a veth");
	return 0;
}

int find_fq(struct finding *ret, struct error *err)
{
	return find_qdisc("fq", NULL, 0, ret, err);
}

int find_fq_codel(struct finding *ret, struct error *err)
{
	return find_qdisc("fq_codel", NULL, 0, ret, err);
}

int find_netem(struct finding *ret, struct error *err)
{
	const struct tc_netem_qopt options = { .limit = 1000 };

	return find_qdisc("netem", &options, sizeof(options), ret, err);
}
