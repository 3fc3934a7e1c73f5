// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/num.h"
#include "base/str.h"

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

struct ip_addr ip_addr_from_v4(const void *bytes4)
{
	struct ip_addr a = { .version = 4 };

	memcpy(a.bytes, mapped, sizeof(mapped));
	memcpy(a.bytes + 12, bytes4, 4);
	return a;
}

struct ip_addr ip_addr_from_v6(const void *bytes16)
{
	struct ip_addr a = {};

	memcpy(a.bytes, bytes16, 16);
	a.version = memcmp(a.bytes, mapped, sizeof(mapped)) ? 6 : 4;
	return a;
}

int ip_addr_parse(const char *text, struct ip_addr *ret, struct error *err)
{
	uint8_t raw[16];

	if (inet_pton(AF_INET, text, raw) == 1)
		*ret = ip_addr_from_v4(raw);
	else if (inet_pton(AF_INET6, text, raw) == 1)
		*ret = ip_addr_from_v6(raw);
	else
		return error_set(err, -EINVAL, "%s: not an IP address", text);
	return 0;
}

/* The address with all bits behind the prefix cleared. */
static void clear_host_bits(uint8_t bytes[16], unsigned int bits)
{
	for (unsigned int i = 0; i < 16; i++) {
		unsigned int keep = bits > i * 8 ? bits - i * 8 : 0;

		if (keep < 8)
			bytes[i] &= (uint8_t)(0xff00 >> keep);
	}
}

int ip_prefix_parse(const char *text, struct ip_prefix *ret, struct error *err)
{
	const char *slash = strchr(text, '/');
	char addr[IP_ADDR_TEXT];
	struct ip_prefix p = {};
	struct ip_addr whole;
	uint64_t bits;
	int r;

	if (!slash)
		slash = text + strlen(text);
	if ((size_t)(slash - text) >= sizeof(addr))
		return error_set(err, -EINVAL, "%s: not an IP address or prefix", text);
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = '\0';
	r = ip_addr_parse(addr, &p.addr, NULL);
	if (r)
		return error_set(err, r, "%s: not an IP address or prefix", text);
	/* written with colons, counted on 128 bits, even if it is a mapped address */
	bits = strchr(addr, ':') ? 128 : 32;
	if (*slash) {
		r = num_parse(slash + 1, 0, bits, &bits, err);
		if (r) {
			error_wrap(err, "%s", text);
			return r;
		}
	}
	p.bits = (uint8_t)(strchr(addr, ':') ? bits : bits + 96);
	whole = p.addr;
	clear_host_bits(p.addr.bytes, p.bits);
	if (memcmp(whole.bytes, p.addr.bytes, 16))
		return error_set(err, -EINVAL, "%s: bits are set behind the prefix", text);
	*ret = p;
	return 0;
}

bool ip_prefix_has(const struct ip_prefix *prefix, const struct ip_addr *addr)
{
	uint8_t bytes[16];

	/* ::/0 is all of IPv6, and not IPv4 as well */
	if (!addr->version || prefix->addr.version != addr->version)
		return false;
	memcpy(bytes, addr->bytes, sizeof(bytes));
	clear_host_bits(bytes, prefix->bits);
	return !memcmp(bytes, prefix->addr.bytes, sizeof(bytes));
}

const char *ip_addr_format(const struct ip_addr *addr, char buf[static IP_ADDR_TEXT])
{
	if (addr->version == 4)
		inet_ntop(AF_INET, addr->bytes + 12, buf, IP_ADDR_TEXT);
	else if (addr->version == 6)
		inet_ntop(AF_INET6, addr->bytes, buf, IP_ADDR_TEXT);
	else
		str_copy(buf, IP_ADDR_TEXT, "*");
	return buf;
}

bool ip_addr_is_any(const struct ip_addr *addr)
{
	static const uint8_t zero[16];

	return !memcmp(addr->bytes, zero, 16) ||
	       (addr->version == 4 && !memcmp(addr->bytes + 12, zero, 4));
}

bool ip_addr_is_loopback(const struct ip_addr *addr)
{
	static const uint8_t one[16] = { [15] = 1 };

	return addr->version == 4 ? addr->bytes[12] == 127 : !memcmp(addr->bytes, one, 16);
}

int ip_addr_compare(const struct ip_addr *a, const struct ip_addr *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}
