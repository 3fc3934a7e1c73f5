// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads identity's kernel half and reads its ring. */
#include <errno.h>

#include <bpf/libbpf.h>

#include "identity.skel.h"
#include "identity/internal.h"
#include "kernel/bpf_log.h"
#include "kernel/ring.h"

CLEANUP_DEFINE(identity_bpf, struct identity_bpf, identity_bpf__destroy)

static void on_event(void *context, const void *data, size_t size)
{
	cgroup_event(context, data, size);
}

int follow_open(struct identity *identity, struct error *err)
{
	CLEANUP(identity_bpf_cleanup) struct identity_bpf *bpf = NULL;
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = kernel_btf_path());
	int r;

	bpf_log_clear();
	bpf = identity_bpf__open_opts(&opts);
	if (!bpf)
		return error_errno(err, -errno, "cgroup events: open: %s", bpf_log_reason());
	for (size_t i = 0; i < identity->hierarchy_count; i++)
		bpf->rodata->hierarchies[i] = identity->hierarchies[i].id;
	bpf->rodata->hierarchy_count = (__u32)identity->hierarchy_count;
	r = identity_bpf__load(bpf);
	if (r)
		return error_errno(err, r, "cgroup events: load: %s", bpf_log_reason());
	r = ring_open(identity->loop, bpf_map__fd(bpf->maps.events), 0, on_event, identity,
		      &identity->ring, err);
	if (r)
		return r;
	r = identity_bpf__attach(bpf);
	if (r) {
		ring_free(identity->ring);
		identity->ring = NULL;
		return error_errno(err, r, "cgroup events: attach: %s", bpf_log_reason());
	}
	identity->bpf = TAKE_PTR(bpf);
	return 0;
}

void follow_close(struct identity *identity)
{
	if (identity->ring)
		ring_free(identity->ring);
	identity->ring = NULL;
	identity_bpf_cleanup(&identity->bpf);
}

void follow_drain(struct identity *identity)
{
	if (identity->ring)
		ring_drain(identity->ring);
}

uint64_t identity_lost(const struct identity *identity)
{
	return identity->bpf ? __atomic_load_n(&identity->bpf->bss->lost, __ATOMIC_RELAXED) : 0;
}
