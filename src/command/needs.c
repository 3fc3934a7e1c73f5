// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must be there before a command runs. Rights are asked for by loading two programs of two
 * instructions each: capabilities that are on paper only (in a user namespace, under a seccomp
 * filter, under lockdown) show themselves in no other way.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "command/pages.h"
#include "kernel/bpf_log.h"

/* 0 if the kernel takes a program of this type from us, else a negative errno. */
static int try_load(enum bpf_prog_type type)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	_close_ int fd = bpf_prog_load(type, "skep_try", "GPL", code, ARRAY_SIZE(code), NULL);

	return fd < 0 ? -errno : 0;
}

static enum exit_code need_root(struct error *err)
{
	/* the first asks for CAP_BPF and CAP_PERFMON, the second for CAP_BPF and CAP_NET_ADMIN */
	int r = try_load(BPF_PROG_TYPE_TRACEPOINT);

	if (!r)
		r = try_load(BPF_PROG_TYPE_XDP);
	if (!r)
		return EXIT_DONE;
	if (r != -EPERM && r != -EACCES) {
		error_errno(err, r, "this kernel takes no BPF program");
		return EXIT_KERNEL;
	}
	if (geteuid())
		error_set(err, r, "needs root (CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN): try sudo");
	else
		error_set(err, r,
			  "needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, which this root has not "
			  "(in a container?)");
	return EXIT_FAILED;
}

static enum exit_code need_btf(struct error *err)
{
	const char *other = kernel_btf_path();
	const char *path = other ? other : "/sys/kernel/btf/vmlinux";
	int r;

	if (!access(path, R_OK))
		return EXIT_DONE;
	r = -errno;
	if (r == -ENOENT)
		error_set(err, r,
			  "no kernel type information (BTF) at %s: use a kernel with "
			  "CONFIG_DEBUG_INFO_BTF=y, or set SKEP_BTF to a BTF file of this kernel",
			  path);
	else
		error_errno(err, r, "%s", path);
	return EXIT_KERNEL;
}

enum exit_code command_needs(unsigned int needs, struct error *err)
{
	enum exit_code code = EXIT_DONE;

	if (needs & NEED_ROOT)
		code = need_root(err);
	if (!code && (needs & NEED_BTF))
		code = need_btf(err);
	return code;
}
