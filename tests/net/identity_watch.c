// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A test's eye on identity: prints "NAME ID RUNTIME named|nameless IMAGE NAMESPACE/POD" for each container, in the order
 * they came, once its name is known or will not be. "ready" comes first, "end LOST" last. Ends by
 * SIGTERM or SIGINT.
 */
#include <string.h>
#include <unistd.h>

#include "identity/identity.h"
#include "kernel/loop.h"

enum { TICK_NS = 200 * 1000000, PATIENCE_TICKS = 15 };

struct watch {
	struct identity *identity;
	size_t shown;
	unsigned int waited; /* ticks for the next one's name */
};

static void show(struct watch *watch, bool all)
{
	_free_ const struct container **list = NULL;
	size_t count = 0;

	if (identity_containers(watch->identity, &list, &count))
		return;
	for (; watch->shown < count; watch->shown++) {
		const struct container *container = list[watch->shown];

		if (!container->named && !all && watch->waited++ < PATIENCE_TICKS)
			break;
		watch->waited = 0;
		printf("%s %s %s %s %s %s/%s\n", container->name, container->id,
		       runtime_names[container->runtime], container->named ? "named" : "nameless",
		       container->image ? container->image : "-",
		       container->namespace ? container->namespace : "",
		       container->pod ? container->pod : "");
	}
	fflush(stdout);
}

static void on_tick(void *context)
{
	show(context, false);
}

int main(void)
{
	CLEANUP(loop_cleanup) struct loop *loop = NULL;
	CLEANUP(identity_cleanup) struct identity *identity = NULL;
	struct watch watch = {};
	struct loop_timer *timer;
	struct error err = {};

	if (loop_new(&loop, &err) || identity_open(loop, &identity, &err) ||
	    loop_timer_add(loop, TICK_NS, TICK_NS, on_tick, &watch, &timer)) {
		fprintf(stderr, "identity_watch: %s\n", err.message);
		return 1;
	}
	watch.identity = identity;
	puts("ready");
	fflush(stdout);
	loop_run(loop);
	show(&watch, true);
	printf("end %llu\n", (unsigned long long)identity_lost(identity));
	return 0;
}
