// SPDX-License-Identifier: GPL-2.0-or-later
/* The same with sockets and packets: on loopback and veth of the probe's own network namespace. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "doctor/probe.h"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t loopback(int family, uint16_t port, union address *ret)
{
	*ret = (union address){};
	if (family == AF_INET) {
		ret->v4 = (struct sockaddr_in){ .sin_family = AF_INET,
						.sin_port = htons(port),
						.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		return sizeof(ret->v4);
	}
	ret->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
					 .sin6_port = htons(port),
					 .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	return sizeof(ret->v6);
}

/* With a time limit for reading, so that nothing hangs; bound to a free port of loopback. */
static int open_bound(int family, int type, union address *ret, socklen_t *ret_len,
		      struct error *err)
{
	const struct timeval limit = { .tv_sec = 2 };
	_close_ int fd = socket(family, type | SOCK_CLOEXEC, 0);

	*ret_len = loopback(family, 0, ret);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    bind(fd, &ret->any, *ret_len) < 0 || getsockname(fd, &ret->any, ret_len) < 0)
		return error_errno(err, -errno, "socket");
	return TAKE_FD(fd);
}

/* IPv6 may be switched off; the program for it then has not run, and the finding says so. */
static bool no_ipv6(int family, const struct error *err)
{
	return family == AF_INET6 && (err->code == -EAFNOSUPPORT || err->code == -EADDRNOTAVAIL);
}

static int for_both(int (*one)(int family, struct error *err), struct error *err)
{
	int r = one(AF_INET, err);

	if (r < 0)
		return r;
	r = one(AF_INET6, err);
	return r < 0 && no_ipv6(AF_INET6, err) ? (*err = (struct error){}, 0) : r;
}

int fire_listen(struct trial *trial, struct error *err)
{
	union address address;
	socklen_t len;
	_close_ int fd = open_bound(AF_INET, SOCK_STREAM, &address, &len, err);

	(void)trial;
	if (fd < 0)
		return fd;
	return listen(fd, 1) < 0 ? error_errno(err, -errno, "listen") : 0;
}

static int bind_one(int family, struct error *err)
{
	union address address;
	socklen_t len;
	_close_ int fd = open_bound(family, SOCK_DGRAM, &address, &len, err);

	return fd < 0 ? fd : 0;
}

int fire_bind(struct trial *trial, struct error *err)
{
	(void)trial;
	return for_both(bind_one, err);
}

static int connect_one(int family, struct error *err)
{
	union address address;
	socklen_t len = loopback(family, 9, &address);
	_close_ int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, &address.any, len) < 0)
		return error_errno(err, -errno, "connect");
	return 0;
}

int fire_connect(struct trial *trial, struct error *err)
{
	(void)trial;
	return for_both(connect_one, err);
}

int fire_names(struct trial *trial, struct error *err)
{
	union address address;
	socklen_t len;
	_close_ int fd = open_bound(AF_INET, SOCK_DGRAM, &address, &len, err);

	(void)trial;
	if (fd < 0)
		return fd;
	if (connect(fd, &address.any, len) < 0 || getpeername(fd, &address.any, &len) < 0)
		return error_errno(err, -errno, "connect");
	return 0;
}

static int datagram_one(int family, struct error *err)
{
	union address address, from;
	socklen_t len, from_len = sizeof(from);
	_close_ int fd = open_bound(family, SOCK_DGRAM, &address, &len, err);
	char c = 'x';

	if (fd < 0)
		return fd;
	if (sendto(fd, &c, 1, 0, &address.any, len) < 0 ||
	    recvfrom(fd, &c, 1, 0, &from.any, &from_len) < 0)
		return error_errno(err, -errno, "datagram");
	return 0;
}

int fire_datagrams(struct trial *trial, struct error *err)
{
	(void)trial;
	return for_both(datagram_one, err);
}

struct pair {
	int listener, client, server;
};

static void pair_close(struct pair *pair)
{
	fd_cleanup(&pair->client);
	fd_cleanup(&pair->server);
	fd_cleanup(&pair->listener);
}

static int pair_open(struct pair *ret, struct error *err)
{
	union address address;
	socklen_t len;

	*ret = (struct pair){ -1, -1, -1 };
	ret->listener = open_bound(AF_INET, SOCK_STREAM, &address, &len, err);
	if (ret->listener < 0)
		return ret->listener;
	ret->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listen(ret->listener, 1) < 0 || ret->client < 0 ||
	    connect(ret->client, &address.any, len) < 0)
		return error_errno(err, -errno, "connection");
	ret->server = accept4(ret->listener, NULL, NULL, SOCK_CLOEXEC);
	return ret->server < 0 ? error_errno(err, -errno, "accept") : 0;
}

int fire_tcp(struct trial *trial, struct error *err)
{
	CLEANUP(pair_close) struct pair pair = { -1, -1, -1 };

	(void)trial;
	return pair_open(&pair, err);
}

/* A port without a listener: the lookup comes before the refusal. */
int fire_refused(struct trial *trial, struct error *err)
{
	union address address;
	socklen_t len = loopback(AF_INET, 9, &address);
	_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)trial;
	if (fd < 0 || (connect(fd, &address.any, len) < 0 && errno != ECONNREFUSED))
		return error_errno(err, -errno, "connect");
	return 0;
}

int fire_sockopt(struct trial *trial, struct error *err)
{
	_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int value = 1;
	socklen_t len = sizeof(value);

	(void)trial;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, sizeof(value)) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, &len) < 0)
		return error_errno(err, -errno, "socket option");
	return 0;
}

int fire_sk_msg(struct trial *trial, struct error *err)
{
	CLEANUP(pair_close) struct pair pair = { -1, -1, -1 };
	int map = bpf_object__find_map_fd_by_name(trial->bpf, "sockets");
	struct bpf_program *program =
		bpf_object__find_program_by_name(trial->bpf, trial->probe->programs[0]);
	uint64_t value;
	uint32_t key = 1;
	int r = pair_open(&pair, err);

	if (r < 0)
		return r;
	r = bpf_prog_attach(bpf_program__fd(program), map, BPF_SK_MSG_VERDICT, 0);
	if (r < 0)
		return error_errno(err, r, "attach");
	value = (uint64_t)pair.client;
	r = bpf_map_update_elem(map, &key, &value, BPF_ANY);
	if (r < 0)
		return error_errno(err, r, "socket into a sockhash");
	if (send(pair.client, "x", 1, MSG_NOSIGNAL) < 0)
		return error_errno(err, -errno, "send");
	return 0;
}

int fire_iter_tcp(struct trial *trial, struct error *err)
{
	CLEANUP(pair_close) struct pair pair = { -1, -1, -1 };
	int r = pair_open(&pair, err);

	return r < 0 ? r : fire_iter(trial, err);
}

int fire_iter_sk_storage(struct trial *trial, struct error *err)
{
	_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int map = bpf_object__find_map_fd_by_name(trial->bpf, "socket_marks"), r;
	uint64_t value = 1;

	if (fd < 0)
		return error_errno(err, -errno, "socket");
	r = bpf_map_update_elem(map, &fd, &value, BPF_ANY);
	return r < 0 ? error_errno(err, r, "socket storage") : fire_iter(trial, err);
}

static int send_raw(const char *interface, uint16_t protocol, const void *frame, size_t len,
		    struct error *err)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(protocol),
				  .sll_ifindex = (int)if_nametoindex(interface),
				  .sll_halen = ETH_ALEN };
	_close_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || sendto(fd, frame, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		return error_errno(err, -errno, "sending a frame");
	return 0;
}

/* Broadcast, of a type for experiments: no stack answers. It arrives at the other end. */
int fire_frame(struct trial *trial, struct error *err)
{
	unsigned char frame[ETH_ZLEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,
					  0,	0,    0,    0,	  1,	0x88, 0xb5 };

	(void)trial;
	return send_raw(PROBE_TWO, 0x88b5, frame, sizeof(frame), err);
}

/* netkit has no Ethernet header: a bare IPv4 header goes out of the primary device. */
int fire_packet(struct trial *trial, struct error *err)
{
	unsigned char packet[20] = { 0x45, 0, 0,   20, 0, 0, 0,	  0, 64, 253,
				     0,	   0, 127, 0,  0, 1, 127, 0, 0,	 1 };

	(void)trial;
	return send_raw(PROBE_ONE, ETH_P_IP, packet, sizeof(packet), err);
}
