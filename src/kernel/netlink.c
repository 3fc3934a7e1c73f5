// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/netlink.h"

#include <errno.h>

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/socket.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/vec.h"

CLEANUP_DEFINE(nl_sock, struct nl_sock, nl_socket_free)
CLEANUP_DEFINE(nl_cache, struct nl_cache, nl_cache_free)
CLEANUP_DEFINE(rtnl_link, struct rtnl_link, rtnl_link_put)

/* libnl has errors of its own; the ones that matter have an errno. */
static int nl_to_errno(int code)
{
	switch (-code) {
	case NLE_NOMEM: return -ENOMEM;
	case NLE_NOACCESS:
	case NLE_PERM: return -EPERM;
	case NLE_NODEV:
	case NLE_OBJ_NOTFOUND: return -ENOENT;
	case NLE_EXIST: return -EEXIST;
	case NLE_OPNOTSUPP:
	case NLE_PROTO_MISMATCH: return -EOPNOTSUPP;
	case NLE_INVAL:
	case NLE_RANGE: return -EINVAL;
	case NLE_BUSY: return -EBUSY;
	default: return -EIO;
	}
}

static int nl_fail(struct error *err, int code, const char *what)
{
	return error_set(err, nl_to_errno(code), "%s: %s", what, nl_geterror(code));
}

static int route_socket(struct nl_sock **ret, struct error *err)
{
	struct nl_sock *sock = nl_socket_alloc();
	int r;

	if (!sock)
		return error_errno(err, -ENOMEM, "netlink");
	r = nl_connect(sock, NETLINK_ROUTE);
	if (r < 0) {
		nl_socket_free(sock);
		return nl_fail(err, r, "netlink");
	}
	*ret = sock;
	return 0;
}

static bool address_of(struct rtnl_addr *object, struct netlink_address *ret)
{
	struct nl_addr *local = rtnl_addr_get_local(object);
	const void *bytes = local ? nl_addr_get_binary_addr(local) : NULL;

	if (!bytes)
		return false;
	if (nl_addr_get_family(local) == AF_INET && nl_addr_get_len(local) == 4)
		ret->addr = ip_addr_from_v4(bytes);
	else if (nl_addr_get_family(local) == AF_INET6 && nl_addr_get_len(local) == 16)
		ret->addr = ip_addr_from_v6(bytes);
	else
		return false;
	ret->bits = (uint8_t)nl_addr_get_prefixlen(local);
	ret->ifindex = rtnl_addr_get_ifindex(object);
	return true;
}

int netlink_addresses(struct netlink_address **ret, size_t *ret_count, struct error *err)
{
	CLEANUP(nl_sock_cleanup) struct nl_sock *sock = NULL;
	CLEANUP(nl_cache_cleanup) struct nl_cache *links = NULL, *addresses = NULL;
	VEC(struct netlink_address) list = {};
	int r = route_socket(&sock, err);

	if (r < 0)
		return r;
	r = rtnl_link_alloc_cache(sock, AF_UNSPEC, &links);
	if (r == 0)
		r = rtnl_addr_alloc_cache(sock, &addresses);
	if (r < 0)
		return nl_fail(err, r, "listing addresses");
	for (struct nl_object *o = nl_cache_get_first(addresses); o; o = nl_cache_get_next(o)) {
		struct netlink_address address = {};

		if (!address_of((struct rtnl_addr *)o, &address))
			continue;
		rtnl_link_i2name(links, address.ifindex, address.interface,
				 sizeof(address.interface));
		if (!vec_push(&list, address)) {
			vec_free(&list);
			return error_errno(err, -ENOMEM, "listing addresses");
		}
	}
	*ret = list.data;
	*ret_count = list.len;
	return 0;
}

static int link_up(struct nl_sock *sock, const char *name)
{
	CLEANUP(rtnl_link_cleanup) struct rtnl_link *old = NULL, *change = rtnl_link_alloc();
	int r;

	if (!change)
		return -NLE_NOMEM;
	r = rtnl_link_get_kernel(sock, 0, name, &old);
	if (r < 0)
		return r;
	rtnl_link_set_flags(change, IFF_UP);
	return rtnl_link_change(sock, old, change, 0);
}

int netlink_link_up(const char *name, struct error *err)
{
	CLEANUP(nl_sock_cleanup) struct nl_sock *sock = NULL;
	int r = route_socket(&sock, err);

	if (r < 0)
		return r;
	r = link_up(sock, name);
	return r < 0 ? nl_fail(err, r, name) : 0;
}

static int link_new(struct nl_sock *sock, const char *kind, const char *name, const char *peer)
{
	CLEANUP(rtnl_link_cleanup)
	struct rtnl_link *link = peer ? rtnl_link_veth_alloc() : rtnl_link_alloc();
	struct rtnl_link *other;
	int r;

	if (!link)
		return -NLE_NOMEM;
	r = peer ? 0 : rtnl_link_set_type(link, kind);
	if (r < 0)
		return r;
	rtnl_link_set_name(link, name);
	if (peer) {
		other = rtnl_link_veth_get_peer(link);
		rtnl_link_set_name(other, peer);
		rtnl_link_put(other);
	}
	return rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL);
}

int netlink_link_add(const char *kind, const char *name, const char *peer, struct error *err)
{
	CLEANUP(nl_sock_cleanup) struct nl_sock *sock = NULL;
	int r = route_socket(&sock, err);

	if (r < 0)
		return r;
	r = link_new(sock, kind, name, peer);
	if (r == 0)
		r = link_up(sock, name);
	if (r == 0 && peer)
		r = link_up(sock, peer);
	return r < 0 ? nl_fail(err, r, kind) : 0;
}

/* By hand: libnl's own writers insist on options that the kernel has defaults for. */
static int qdisc_message(struct nl_msg **ret, int index, const char *kind, const void *options,
			 size_t options_len)
{
	struct tcmsg head = { .tcm_family = AF_UNSPEC,
			      .tcm_ifindex = index,
			      .tcm_parent = TC_H_ROOT };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE);
	int r = msg ? nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO) : -NLE_NOMEM;

	if (r == 0)
		r = nla_put_string(msg, TCA_KIND, kind);
	if (r == 0 && options)
		r = nla_put(msg, TCA_OPTIONS, (int)options_len, options);
	if (r < 0) {
		nlmsg_free(msg);
		return r;
	}
	*ret = msg;
	return 0;
}

int netlink_qdisc_add(const char *interface, const char *kind, const void *options,
		      size_t options_len, struct error *err)
{
	CLEANUP(nl_sock_cleanup) struct nl_sock *sock = NULL;
	int r, index = (int)if_nametoindex(interface);
	struct nl_msg *msg;

	if (!index)
		return error_errno(err, -errno, "%s", interface);
	r = route_socket(&sock, err);
	if (r < 0)
		return r;
	r = qdisc_message(&msg, index, kind, options, options_len);
	if (r == 0)
		r = nl_send_sync(sock, msg); /* frees it */
	return r < 0 ? nl_fail(err, r, kind) : 0;
}
