// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs one probe in its child: prepares the place, loads, attaches, fires, looks. */
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <time.h>

#include <bpf/libbpf.h>
#include <linux/magic.h>

#include "doctor/probe.h"
#include "kernel/bpf_log.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"
#include "kernel/pin.h"
#include "probes.skel.h"

enum { WAIT_MS = 2000 };

bool trial_ran(const struct trial *trial, size_t slot)
{
	const volatile __u64 *hits = trial->object->bss->hits;

	return hits[slot] > 0;
}

static size_t programs_count(const struct probe *probe)
{
	size_t n = 0;

	while (n < PROBE_PROGRAMS_MAX && probe->programs[n])
		n++;
	return n;
}

bool trial_wait(struct trial *trial)
{
	const struct timespec step = { .tv_nsec = 1000000 };
	size_t count = programs_count(trial->probe), ran;

	for (int waited = 0; waited < WAIT_MS; waited++) {
		ran = 0;
		for (size_t i = 0; i < count; i++)
			ran += trial_ran(trial, i);
		if (ran == count)
			return true;
		nanosleep(&step, NULL);
	}
	return false;
}

static bool in_list(const char *const *list, size_t max, const char *name)
{
	for (size_t i = 0; i < max && list[i]; i++)
		if (str_eq(list[i], name))
			return true;
	return false;
}

/* The reason without the names of our own programs, which say nothing to a reader. */
static int refused(struct error *err, int code, const char *what)
{
	static const char plain[] = "BPF program load failed: ";
	const char *reason = bpf_log_reason(), *end;

	if (!*reason)
		return error_errno(err, code, "%s", what);
	end = str_starts(reason, "prog '") ? strstr(reason, "': ") : NULL;
	reason = end ? end + 3 : reason;
	if (str_starts(reason, plain))
		reason += strlen(plain);
	return error_set(err, code, "%s: %s", what, reason);
}

/* Only what this probe is about: another thing that the kernel lacks must not make it fail. */
static int trial_load(struct trial *trial, struct error *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = kernel_btf_path());
	const struct probe *probe = trial->probe;
	struct bpf_program *program;
	struct bpf_map *map;
	int r;

	bpf_log_clear();
	trial->object = probes_bpf__open_opts(&opts);
	if (!trial->object)
		return error_errno(err, -errno, "open");
	trial->bpf = trial->object->obj;
	trial->object->rodata->write_address = (uint64_t)(uintptr_t)&trial->written;
	bpf_object__for_each_program (program, trial->bpf)
		bpf_program__set_autoload(program, in_list(probe->programs, PROBE_PROGRAMS_MAX,
							   bpf_program__name(program)));
	bpf_object__for_each_map (map, trial->bpf)
		if (!bpf_map__is_internal(map))
			bpf_map__set_autocreate(map, in_list(probe->maps, ARRAY_SIZE(probe->maps),
							     bpf_map__name(map)));
	r = probes_bpf__load(trial->object);
	return r < 0 ? refused(err, r, "load") : 0;
}

static int trial_attach(struct trial *trial, struct error *err)
{
	const struct probe *probe = trial->probe;

	for (size_t i = 0; i < programs_count(probe); i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(trial->bpf, probe->programs[i]);
		struct bpf_link *link;

		if (!program)
			return error_set(err, -ENOENT, "no program %s", probe->programs[i]);
		bpf_log_clear();
		errno = 0;
		link = probe->attach ? probe->attach(trial, program) : bpf_program__attach(program);
		if (!link && errno)
			return refused(err, -errno, "attach");
		if (link && !vec_push(&trial->links, link))
			return error_errno(err, -ENOMEM, "attach");
	}
	return 0;
}

/* Which of several programs did not run. */
static void trial_judge(struct trial *trial, struct finding *ret)
{
	size_t count = programs_count(trial->probe), ran = 0;
	_strbuf_ struct strbuf silent = {};

	for (size_t i = 0; i < count; i++) {
		if (trial_ran(trial, i))
			ran++;
		else
			strbuf_addf(&silent, "%s%s", silent.len ? ", " : "",
				    trial->probe->programs[i] + strlen("probe_"));
	}
	ret->state = ran == count ? DOCTOR_YES : ran ? DOCTOR_PARTLY : DOCTOR_NO;
	if (ran == count)
		str_copy(ret->detail, sizeof(ret->detail), "loaded, attached, ran");
	else
		snprintf(ret->detail, sizeof(ret->detail), "loads and attaches, but never ran: %s",
			 strbuf_str(&silent));
}

static int trial_run(const struct probe *probe, struct finding *ret, struct error *err)
{
	struct trial trial = { .probe = probe };
	int r = trial_load(&trial, err);

	if (r == 0)
		r = trial_attach(&trial, err);
	if (r == 0)
		r = probe->fire(&trial, err);
	if (r == 0) {
		trial_wait(&trial);
		trial_judge(&trial, ret);
	}
	while (trial.links.len)
		bpf_link__destroy(trial.links.data[--trial.links.len]);
	vec_free(&trial.links);
	if (trial.object)
		probes_bpf__destroy(trial.object);
	return r;
}

static int mount_if_absent(const char *type, const char *path, unsigned long magic)
{
	struct statfs fs;

	if (!statfs(path, &fs) && (unsigned long)fs.f_type == magic)
		return 0;
	return mount(type, path, type, MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/* A kernel without one of these shows in the probe itself. */
static int prepare_mounts(struct error *err)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_errno(err, -errno, "a mount namespace");
	mount_if_absent("tracefs", "/sys/kernel/tracing", TRACEFS_MAGIC);
	mount_if_absent("securityfs", "/sys/kernel/security", SECURITYFS_MAGIC);
	mount_if_absent("bpf", PIN_BPFFS, BPF_FS_MAGIC);
	return 0;
}

static int run_inside(void *context, struct strbuf *result, struct error *err)
{
	const struct probe *probe = context;
	struct finding found = { .state = DOCTOR_YES };
	int r = 0;

	if (probe->flags & PROBE_MOUNTS)
		r = prepare_mounts(err);
	if (r == 0 && probe->flags & PROBE_NET)
		r = netlink_link_up("lo", err);
	if (r == 0 && probe->flags & PROBE_VETH)
		r = netlink_link_add("veth", PROBE_ONE, PROBE_TWO, err);
	if (r < 0)
		return r;
	r = probe->find ? probe->find(&found, err) : trial_run(probe, &found, err);
	/* The finding is the answer also when it is a no. */
	if (r < 0) {
		found.state = DOCTOR_NO;
		str_copy(found.detail, sizeof(found.detail), err->message);
		*err = (struct error){};
	}
	if (probe->note)
		probe->note(&found);
	strbuf_add(result, (const char *)&found, sizeof(found));
	return 0;
}

void probe_run(const struct probe *probe, struct finding *ret)
{
	_strbuf_ struct strbuf result = {};
	struct error err = {};
	int r = netns_run(probe->flags & PROBE_NET ? NETNS_NEW : NETNS_SELF, run_inside,
			  (void *)probe, &result, &err);

	*ret = (struct finding){ .state = DOCTOR_NO };
	if (r < 0)
		str_copy(ret->detail, sizeof(ret->detail), err.message);
	else if (result.len == sizeof(*ret))
		memcpy(ret, result.data, sizeof(*ret));
}
