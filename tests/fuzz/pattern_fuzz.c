// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a cgroup path: what is found must be whole and printable. */
#include "identity/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cgroup_match match = {};
	_free_ char *path = malloc(size + 1);

	if (!path)
		return 0;
	memcpy(path, data, size);
	path[size] = '\0';
	if (!cgroup_path_match(path, &match))
		return 0;
	if (match.runtime <= RUNTIME_NONE || match.runtime >= RUNTIME_COUNT || !match.id[0])
		abort();
	for (const char *c = match.id; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			abort();
	}
	return 0;
}
