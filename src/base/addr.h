/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An IP address of either version. `bytes` is in network byte order; an IPv4 address stands as
 * v4-mapped (::ffff:a.b.c.d), so that addresses and prefixes of both versions compare in one way;
 * `version` says how to show it.
 */
#pragma once

#include "base/error.h"
#include "base/util.h"

struct ip_addr {
	uint8_t bytes[16];
	uint8_t version; /* 4, 6, or 0: unknown */
};

struct ip_prefix {
	struct ip_addr addr; /* bits behind the prefix are 0 */
	uint8_t bits;	     /* 0..128, counted on the 16 bytes: an IPv4 /24 is 120 */
};

enum { IP_ADDR_TEXT = 46 }; /* room for the longest text and its end (INET6_ADDRSTRLEN) */

/* From 4 or 16 bytes in network order; a v4-mapped IPv6 address becomes version 4. */
struct ip_addr ip_addr_from_v4(const void *bytes4);
struct ip_addr ip_addr_from_v6(const void *bytes16);
int ip_addr_parse(const char *text, struct ip_addr *ret, struct error *err);
/* "10.0.0.0/8", "fd00::/8", or one address. Bits set behind the prefix are refused. */
int ip_prefix_parse(const char *text, struct ip_prefix *ret, struct error *err);
/* A prefix holds addresses of its own version only: ::/0 is no IPv4 address. */
bool ip_prefix_has(const struct ip_prefix *prefix, const struct ip_addr *addr);
/* "10.0.0.1", "fd00::1" (RFC 5952), "*" for an unknown one. */
const char *ip_addr_format(const struct ip_addr *addr, char buf[static IP_ADDR_TEXT]);
bool ip_addr_is_any(const struct ip_addr *addr);
bool ip_addr_is_loopback(const struct ip_addr *addr);
int ip_addr_compare(const struct ip_addr *a, const struct ip_addr *b);
