/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network namespaces of this host. What has to be done inside one is done in a forked child: a
 * process that changes its own namespace would not come back when something fails half way.
 */
#pragma once

#include <sys/types.h>

#include "base/addr.h"
#include "base/error.h"
#include "base/str.h"

struct netns {
	uint64_t inode; /* what the kernel calls it: net->ns.inum */
	pid_t pid;	/* a process in it; 0: none, it is only kept by name */
	char name[64];	/* its name in /run/netns, else "" */
};

/*
 * All namespaces that have a process or a name, the caller's own first. Processes that end while
 * this looks, and those it may not look into, are left out. The array is owned by the caller.
 */
int netns_list(struct netns **ret, size_t *ret_count, struct error *err);
/* -ESTALE if it is gone, or another one now answers to its pid or name. */
int netns_open(const struct netns *ns, int *ret_fd, struct error *err);
int netns_open_pid(pid_t pid, int *ret_fd, struct error *err);

/* What runs inside. What it adds to `result` is handed to the caller of netns_run. */
typedef int (*netns_function)(void *context, struct strbuf *result, struct error *err);
enum {
	NETNS_NEW = -1,	 /* a fresh namespace, which dies with the call */
	NETNS_SELF = -2, /* the caller's own: for what must not happen in this process */
};
/*
 * Runs fn in a child, in the namespace, and waits for its end; 0 or what fn returned. The child
 * dies with its parent. -ECHILD if it was killed.
 */
int netns_run(int ns_fd, netns_function fn, void *context, struct strbuf *result,
	      struct error *err);

/* The addresses configured in a namespace; the array is owned by the caller. */
int netns_addresses(int ns_fd, struct ip_addr **ret, size_t *ret_count, struct error *err);
