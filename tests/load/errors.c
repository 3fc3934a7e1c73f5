// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls that fail, each for one reason: nobody listens, no route, no answer, an ICMP error on a
 * connected UDP socket. It wants a network namespace with nothing but loopback.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

static int connect_error(int fd, const struct sockaddr_storage *addr, socklen_t len)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	socklen_t error_len = sizeof(int);
	int error;

	if (connect(fd, (const struct sockaddr *)addr, len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (poll(&pfd, 1, -1) < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0)
		die("poll");
	return error;
}

/* One connect; what came of it goes into the row. Returns the socket. */
static int try_connect(const struct plan *p, const struct sockaddr_storage *addr, socklen_t len,
		       int flags)
{
	int fd = socket(p->family, SOCK_STREAM | flags, 0), error, tries = 1;
	struct row *row;

	if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &tries, sizeof(tries)) < 0)
		die("socket");
	row = row_get(DIR_OUT, IPPROTO_TCP, NULL, addr);
	error = connect_error(fd, addr, len);
	if (error)
		row_error(row, error);
	else
		row_add(row, 1, 0, 0);
	return fd;
}

static void connect_unreachable(const struct plan *p)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct sockaddr_storage addr = {};

	inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &v6.sin6_addr);
	if (p->family == AF_INET6)
		memcpy(&addr, &v6, sizeof(v6));
	else
		memcpy(&addr, &v4, sizeof(v4));
	close(try_connect(p, &addr, p->family == AF_INET6 ? sizeof(v6) : sizeof(v4), 0));
}

/* A listener whose queue is full drops a SYN; the queue of length 0 holds one connection. */
static void connect_timeout(const struct plan *p)
{
	int listener = plan_bind(p, SOCK_STREAM, 1);
	struct sockaddr_storage addr;
	socklen_t len = plan_addr(p, 1, &addr);
	int first;

	if (listen(listener, 0) < 0)
		die("listen");
	first = try_connect(p, &addr, len, 0);
	close(try_connect(p, &addr, len, SOCK_NONBLOCK));
	close(first);
	close(listener);
}

/* Nobody receives: each ICMP error is reported by the send behind the one that caused it. */
static void send_refused(const struct plan *p)
{
	struct sockaddr_storage addr, local;
	socklen_t len = plan_addr(p, 2, &addr), local_len = sizeof(local);
	int fd = socket(p->family, SOCK_DGRAM, 0);
	struct row *row;
	unsigned int i;

	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&local, &local_len) < 0)
		die("connect");
	row = row_get(DIR_OUT, IPPROTO_UDP, &local, &addr);
	for (i = 0; i < p->count; i++) {
		if (send(fd, "0123456789", 10, 0) == 10)
			row_add(row, 1, 10, 0);
		else
			row_error(row, errno);
	}
	close(fd);
}

pid_t failing_calls(const struct plan *p)
{
	pid_t pid = child_start(p, "load-failing");
	struct sockaddr_storage addr;
	socklen_t len;
	unsigned int i;

	if (pid)
		return pid;
	len = plan_addr(p, 0, &addr);
	for (i = 0; i < p->count; i++) {
		close(try_connect(p, &addr, len, i % 2 ? SOCK_NONBLOCK : 0));
		connect_unreachable(p);
	}
	send_refused(p);
	connect_timeout(p);
	child_done();
}
