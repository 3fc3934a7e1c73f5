/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links and addresses of the network namespace that the caller is in, by libnl. For another
 * namespace, run these inside it (kernel/netns.h).
 */
#pragma once

#include <net/if.h>

#include "base/addr.h"
#include "base/error.h"

struct netlink_address {
	struct ip_addr addr;
	uint8_t bits; /* prefix as configured: 0..32 or 0..128 */
	int ifindex;
	char interface[IFNAMSIZ];
};

/* All addresses, as the kernel lists them (by interface). The array is owned by the caller. */
int netlink_addresses(struct netlink_address **ret, size_t *ret_count, struct error *err);

/* Makes a device of this kind and sets it up; with `peer` a pair of veth. */
int netlink_link_add(const char *kind, const char *name, const char *peer, struct error *err);
int netlink_link_up(const char *name, struct error *err);
/* Puts a queueing discipline at the root of an interface. `options` is the kind's struct of
 * linux/pkt_sched.h, or NULL for the kernel's defaults. */
int netlink_qdisc_add(const char *interface, const char *kind, const void *options,
		      size_t options_len, struct error *err);
