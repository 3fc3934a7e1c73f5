/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows: who talks to whom, summed by process, direction, protocol, addresses and port. The summing is done in the
 * kernel; this library loads that half, reads its tables, and keeps the flows of ended processes after it has taken
 * them out of the kernel, so that the kernel's memory is bounded.
 */
#pragma once

#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/hook.h"
#include "source/flows/flows.h"

struct container;
struct flows;
struct identity;

enum { FLOWS_JOBS = 5 };

struct flows_settings {
	struct flows_want want;
	bool events;	    /* record each call in a ring, too */
	uint32_t max_flows; /* in the kernel at a time */
};

/* A process that has flows. Strings belong to the identity object. */
struct flows_process {
	struct proc_key key;
	struct proc_value value;
	const char *user;
	const char *
		exe; /* path; the bare file name if the process ended before it could be asked; NULL: unknown */
	const char *cmdline;
	const char *parent; /* comm */
	const char *cgroup;
	const struct container *container; /* NULL: none */
};

struct flows_entry {
	struct flow_key key;
	struct flow_value value;
	const struct flows_process *process; /* never NULL */
};

/*
 * Loads and attaches; everything is let go when the object is freed or the program dies. `identity` must outlive it.
 * -EOPNOTSUPP: this kernel lacks what a job needs (the message says what).
 */
int flows_open(const struct flows_settings *settings, struct identity *identity, struct flows **ret,
	       struct error *err);
void flows_free(struct flows *flows);
CLEANUP_DEFINE(flows, struct flows, flows_free)

/* Which hooks flows uses here, by trying; `ret` as from hook_choose. For `skep doctor`. */
int flows_hooks(struct hook_choice ret[static FLOWS_JOBS], struct error *err);

/* Notes new processes and reads about them what only a living process tells. To be called several times a second. */
int flows_processes(struct flows *flows, struct error *err);
/* Reads all flows and takes out those of ended processes. Entries before it are no longer valid. */
int flows_update(struct flows *flows, struct error *err);
/* As of the last update, busiest first; valid until the next one. */
const struct flows_entry *flows_entries(const struct flows *flows, size_t *ret_count);
/* The process of an event. Valid until the next update; NULL: the kernel had no room for it. */
const struct flows_process *flows_process(struct flows *flows, const struct flow_key *key);
/* The ring of struct flow_event (settings.events). */
int flows_events_fd(const struct flows *flows);

/* Losses so far: fills names ("flows: table full") and counts, at most `max`; returns how many. */
struct flows_lost {
	char reason[48];
	uint64_t count;
};
size_t flows_losses(struct flows *flows, struct flows_lost *ret, size_t max);
