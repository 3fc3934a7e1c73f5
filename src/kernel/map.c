// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/map.h"

#include <errno.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"

enum { BATCH = 1024 };

static int read_all(int fd, const struct bpf_map_info *info, uint32_t batch, map_entry fn,
		    void *context)
{
	_free_ char *keys = calloc(batch, info->key_size),
		    *values = calloc(batch, info->value_size);
	uint32_t in = 0, out = 0;
	bool first = true, last = false;

	if (!keys || !values)
		return -ENOMEM;
	while (!last) {
		LIBBPF_OPTS(bpf_map_batch_opts, opts);
		uint32_t count = batch;

		if (bpf_map_lookup_batch(fd, first ? NULL : &in, &out, keys, values, &count,
					 &opts) < 0) {
			if (errno != ENOENT)
				return -errno;
			last = true;
		}
		first = false;
		in = out;
		for (uint32_t i = 0; i < count; i++) {
			int r = fn(context, keys + (size_t)i * info->key_size,
				   values + (size_t)i * info->value_size);

			if (r)
				return r;
		}
	}
	return 0;
}

int map_read(int fd, map_entry fn, void *context, struct error *err)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);
	int r;

	if (bpf_map_get_info_by_fd(fd, &info, &size) < 0)
		return error_errno(err, -errno, "map");
	r = read_all(fd, &info, BATCH, fn, context);
	if (r < 0)
		return error_errno(err, r, "reading map %s", info.name);
	return r;
}
