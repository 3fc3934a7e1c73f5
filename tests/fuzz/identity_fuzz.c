// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a record of the kernel half, then the rest of them as a TARGET. */
#include "base/str.h"
#include "identity/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RUNS_EACH = 5000 }; /* live cgroups are never dropped, so begin anew at times */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct identity *identity;
	static unsigned int runs;
	struct target target = { .pid = -1 };
	struct error err = {};
	size_t event_size;
	struct cgroup_event event = {};
	struct cgroup_ids ids = {};
	_free_ char *text = NULL;

	if (!identity && identity_open(NULL, &identity, &err))
		abort();
	if (!size)
		return 0;
	event_size = MIN(data[0], size - 1);
	memcpy(&event, data + 1, event_size);
	cgroup_event(identity, &event, event_size);
	ids = (struct cgroup_ids){ .v2 = event.id, .v1 = event.id };
	identity_container(identity, &ids);
	identity_cgroup_path(identity, &ids);
	text = strndup((const char *)data + 1 + event_size, size - 1 - event_size);
	if (text && !target_parse(identity, text, &target, &err)) {
		if (target.kind == TARGET_ANY || !target.name[0])
			abort();
		target_has(identity, &target, &ids, 1);
	} else if (text && !err.message[0]) {
		abort();
	}
	if (++runs % RUNS_EACH == 0) {
		identity_free(identity);
		identity = NULL;
	}
	return 0;
}
