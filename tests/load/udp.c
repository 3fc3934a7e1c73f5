// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UDP: a sender and a receiver. A semaphore with CREDITS keeps at most that many datagrams under
 * way, so none is dropped and both truths are exact.
 */
#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { PAYLOAD = 64, SEGMENT = 48, BATCH = 16 };

static const char payload[PAYLOAD * GSO_SEGMENTS] = "payload";

static void credit_take(unsigned int n)
{
	while (n--) {
		while (sem_wait(&shared->credit) < 0) {
			if (errno != EINTR)
				die("sem_wait");
		}
	}
}

static void credit_give(unsigned int n)
{
	while (n--)
		sem_post(&shared->credit);
}

static size_t plan_payload(const struct plan *p, unsigned int i)
{
	return p->variant == UDP_ZERO ? 0 : PAYLOAD - i % 5;
}

static void local_addr(int fd, struct sockaddr_storage *ret)
{
	socklen_t len = sizeof(*ret);

	if (getsockname(fd, (struct sockaddr *)ret, &len) < 0)
		die("getsockname");
}

/* ---- the receiver ---- */

static struct row *in_row(int fd, const struct sockaddr_storage *peer)
{
	struct sockaddr_storage local;

	local_addr(fd, &local);
	return row_get(DIR_IN, IPPROTO_UDP, &local, peer);
}

static unsigned int receive_batch(int fd)
{
	struct sockaddr_storage peers[BATCH];
	struct mmsghdr messages[BATCH] = {};
	char bufs[BATCH][PAYLOAD * 2];
	struct iovec iov[BATCH];
	int got, i;

	for (i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ bufs[i], sizeof(bufs[i]) };
		messages[i].msg_hdr = (struct msghdr){ .msg_name = &peers[i],
						       .msg_namelen = sizeof(peers[i]),
						       .msg_iov = &iov[i],
						       .msg_iovlen = 1 };
	}
	got = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
	if (got < 0)
		die("recvmmsg");
	for (i = 0; i < got; i++)
		row_add(in_row(fd, &peers[i]), 1, 0, messages[i].msg_len);
	return (unsigned int)got;
}

static void answer(int fd, const char *buf, size_t len, struct sockaddr_storage *peer,
		   socklen_t peer_len)
{
	struct sockaddr_storage local;

	if (sendto(fd, buf, len, 0, (struct sockaddr *)peer, peer_len) != (ssize_t)len)
		die("sendto");
	local_addr(fd, &local);
	row_add(row_get(DIR_OUT, IPPROTO_UDP, &local, peer), 1, len, 0);
}

static unsigned int receive_one(const struct plan *p, int fd)
{
	struct sockaddr_storage peer;
	socklen_t peer_len = sizeof(peer);
	char buf[PAYLOAD * 2];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr message = {
		.msg_name = &peer, .msg_namelen = sizeof(peer), .msg_iov = &iov, .msg_iovlen = 1
	};
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	ssize_t got;

	if (p->variant == UDP_PEEK && recv(fd, buf, sizeof(buf), MSG_PEEK) < 0)
		die("recv MSG_PEEK");
	if (p->variant == UDP_SENDMSG)
		got = recvmsg(fd, &message, 0);
	else if (p->variant == UDP_CONNECTED &&
		 getpeername(fd, (struct sockaddr *)&peer, &peer_len) == 0)
		got = recv(fd, buf, sizeof(buf), 0);
	else
		got = recvfrom(fd, buf, sizeof(buf), p->variant == UDP_NONBLOCK ? MSG_DONTWAIT : 0,
			       (struct sockaddr *)&peer, &peer_len);
	if (got < 0 && errno == EAGAIN && p->variant == UDP_NONBLOCK) {
		if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
			die("poll");
		return 0;
	}
	if (got < 0)
		die("recvfrom");
	row_add(in_row(fd, &peer), 1, 0, (uint64_t)got);
	if (p->variant == UDP_CONNECTED && connect(fd, (struct sockaddr *)&peer, peer_len) < 0)
		die("connect");
	if (p->variant == UDP_QUERY)
		answer(fd, buf, (size_t)got, &peer, peer_len);
	return 1;
}

/* The eight sockets of UDP_SHARED, in the order in which they have something. */
static unsigned int receive_any(const struct plan *p)
{
	struct pollfd pfds[UDP_DESTINATIONS];
	unsigned int done = 0;
	int i;

	for (i = 0; i < UDP_DESTINATIONS; i++)
		pfds[i] = (struct pollfd){ .fd = p->fds[i], .events = POLLIN };
	if (poll(pfds, UDP_DESTINATIONS, -1) < 0 && errno != EINTR)
		die("poll");
	for (i = 0; i < UDP_DESTINATIONS; i++) {
		if (pfds[i].revents & POLLIN)
			done += receive_one(p, p->fds[i]);
	}
	return done;
}

pid_t udp_receiver(const struct plan *p)
{
	unsigned int expected = p->variant == UDP_QUERY ? p->count / 2 : p->count, got = 0, n;
	pid_t pid = child_start(p, "load-receiver");

	if (pid)
		return pid;
	while (got < expected) {
		if (p->variant == UDP_SHARED)
			n = receive_any(p);
		else if (p->variant == UDP_SENDMMSG)
			n = receive_batch(p->fds[0]);
		else
			n = receive_one(p, p->fds[0]);
		credit_give(n);
		got += n;
	}
	child_done();
}

/* ---- the sender ---- */

struct sender {
	const struct plan *plan;
	int fd;
	struct sockaddr_storage to;
	socklen_t to_len;
	struct row *row;
	unsigned int count;
};

static void send_batch(struct sender *s, unsigned int from, unsigned int n)
{
	struct mmsghdr messages[BATCH] = {};
	struct iovec iov[BATCH];
	unsigned int i;

	for (i = 0; i < n; i++) {
		iov[i] = (struct iovec){ (void *)payload, plan_payload(s->plan, from + i) };
		messages[i].msg_hdr = (struct msghdr){ .msg_name = &s->to,
						       .msg_namelen = s->to_len,
						       .msg_iov = &iov[i],
						       .msg_iovlen = 1 };
	}
	if (sendmmsg(s->fd, messages, n, 0) != (int)n)
		die("sendmmsg");
	for (i = 0; i < n; i++)
		row_add(s->row, 1, messages[i].msg_len, 0);
}

static void send_segments(struct sender *s, unsigned int n)
{
	ssize_t len = SEGMENT * (ssize_t)n;

	if (sendto(s->fd, payload, (size_t)len, 0, (struct sockaddr *)&s->to, s->to_len) != len)
		die("sendto UDP_SEGMENT");
	row_add(s->row, 1, (uint64_t)len, 0);
}

static void send_one(struct sender *s, unsigned int i)
{
	size_t len = plan_payload(s->plan, i);
	struct iovec iov = { (void *)payload, len };
	struct msghdr message = {
		.msg_name = &s->to, .msg_namelen = s->to_len, .msg_iov = &iov, .msg_iovlen = 1
	};
	struct sockaddr_storage local;
	char buf[PAYLOAD * 2];
	ssize_t got;

	if (s->plan->variant == UDP_CONNECTED)
		got = send(s->fd, payload, len, 0);
	else if (s->plan->variant == UDP_SENDMSG)
		got = sendmsg(s->fd, &message, 0);
	else
		got = sendto(s->fd, payload, len, 0, (struct sockaddr *)&s->to, s->to_len);
	if (got != (ssize_t)len)
		die("sending a datagram");
	row_add(s->row, 1, len, 0);
	if (s->plan->variant != UDP_QUERY)
		return;
	got = recv(s->fd, buf, sizeof(buf), 0);
	if (got != (ssize_t)len)
		die("reading an answer");
	local_addr(s->fd, &local);
	row_add(row_get(DIR_IN, IPPROTO_UDP, &local, &s->to), 1, 0, len);
}

static void *send_all(void *arg)
{
	struct sender *s = arg;
	unsigned int step = 1, done, n;

	if (s->plan->variant == UDP_SENDMMSG)
		step = BATCH;
	if (s->plan->variant == UDP_GSO)
		step = GSO_SEGMENTS;
	for (done = 0; done < s->count; done += n) {
		n = s->count - done < step ? s->count - done : step;
		credit_take(n);
		if (s->plan->variant == UDP_SENDMMSG)
			send_batch(s, done, n);
		else if (s->plan->variant == UDP_GSO)
			send_segments(s, n);
		else
			send_one(s, done);
	}
	return NULL;
}

static void sender_prepare(struct sender *s, const struct plan *p, int fd, unsigned int destination)
{
	int segment = SEGMENT;
	struct sockaddr_storage local;

	*s = (struct sender){ .plan = p, .fd = fd };
	s->to_len = plan_addr(p, destination, &s->to);
	/* a query's answer and this row's local address need an address of our own */
	if ((p->variant == UDP_CONNECTED || p->variant == UDP_QUERY) &&
	    connect(fd, (struct sockaddr *)&s->to, s->to_len) < 0)
		die("connect");
	if (p->variant == UDP_GSO &&
	    setsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)) < 0)
		die("UDP_SEGMENT");
	local_addr(fd, &local);
	s->row = row_get(DIR_OUT, IPPROTO_UDP, &local, &s->to);
	s->count = p->variant == UDP_QUERY ? p->count / 2 : p->count;
}

static void send_shared(const struct plan *p, int fd)
{
	struct sender senders[UDP_DESTINATIONS];
	pthread_t threads[UDP_DESTINATIONS];
	unsigned int i;

	for (i = 0; i < UDP_DESTINATIONS; i++) {
		sender_prepare(&senders[i], p, fd, i);
		senders[i].count = p->count / UDP_DESTINATIONS;
	}
	for (i = 0; i < UDP_DESTINATIONS; i++) {
		if (pthread_create(&threads[i], NULL, send_all, &senders[i]))
			die("pthread_create");
	}
	for (i = 0; i < UDP_DESTINATIONS; i++) {
		if (pthread_join(threads[i], NULL))
			die("pthread_join");
	}
}

pid_t udp_sender(const struct plan *p)
{
	pid_t pid = child_start(p, "load-sender");
	struct sender sender;
	int fd;

	if (pid)
		return pid;
	fd = socket(p->family, SOCK_DGRAM, 0);
	if (fd < 0)
		die("socket");
	if (p->variant == UDP_SHARED) {
		send_shared(p, fd);
	} else {
		sender_prepare(&sender, p, fd, 0);
		send_all(&sender);
	}
	child_done();
}
