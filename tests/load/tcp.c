// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TCP: a client sends REQUEST bytes on each connection and reads REPLY bytes back. The bytes of a
 * connection belong to the process that connected or accepted it, whoever moves them.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"

enum { REQUEST = 164, REPLY = 700, CLIENTS = 4 };

static ssize_t do_send(int fd, const char *buf, size_t len, int variant)
{
	int got;

	if (variant != TCP_URING)
		return send(fd, buf, len, MSG_NOSIGNAL);
	got = uring_send(fd, buf, (unsigned int)len);
	errno = got < 0 ? -got : 0;
	return got < 0 ? -1 : got;
}

static ssize_t do_recv(int fd, char *buf, size_t len, int variant)
{
	int got;

	if (variant != TCP_URING)
		return recv(fd, buf, len, 0);
	got = uring_recv(fd, buf, (unsigned int)len);
	errno = got < 0 ? -got : 0;
	return got < 0 ? -1 : got;
}

static void wait_for(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
		die("poll");
}

static void send_all(int fd, size_t len, struct row *row, int variant)
{
	char buf[REPLY] = "payload";
	ssize_t got;

	while (len) {
		got = do_send(fd, buf, len, variant);
		if (got < 0 && errno == EAGAIN) {
			wait_for(fd, POLLOUT);
			continue;
		}
		if (got < 0)
			die("send");
		row_add(row, 0, (uint64_t)got, 0);
		len -= (size_t)got;
	}
}

/* Reads `len` bytes; with len 0 until the end of the connection. */
static void recv_all(int fd, size_t len, struct row *row, int variant)
{
	bool to_end = !len;
	char buf[REPLY];
	ssize_t got;

	while (to_end || len) {
		got = do_recv(fd, buf, to_end ? sizeof(buf) : len, variant);
		if (got < 0 && errno == EAGAIN) {
			wait_for(fd, POLLIN);
			continue;
		}
		if (to_end && (got == 0 || (got < 0 && errno == ECONNRESET)))
			return;
		if (got <= 0)
			die("recv");
		row_add(row, 0, 0, (uint64_t)got);
		len -= to_end ? 0 : (size_t)got;
	}
}

void tcp_talk(int fd, struct row *row, int variant)
{
	struct linger abort = { .l_onoff = 1 };

	send_all(fd, REQUEST, row, variant);
	recv_all(fd, REPLY, row, variant);
	if (variant == TCP_ACCEPT4)
		recv_all(fd, 0, row, variant);
	if (variant == TCP_RESET &&
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort)) < 0)
		die("SO_LINGER");
	close(fd);
}

static void serve_connection(int fd, struct row *row, int variant)
{
	recv_all(fd, REQUEST, row, variant);
	send_all(fd, REPLY, row, variant);
	if (variant == TCP_ACCEPT4)
		shutdown(fd, SHUT_WR);
	recv_all(fd, 0, row, variant);
	close(fd);
}

static int do_accept(const struct plan *p, struct sockaddr_storage *peer)
{
	int flags = p->variant == TCP_NONBLOCK ? SOCK_NONBLOCK : 0, fd;
	socklen_t len = sizeof(*peer);

	for (;;) {
		if (p->variant == TCP_URING)
			fd = uring_accept(p->fds[0], (struct sockaddr *)peer, &len);
		else if (p->variant == TCP_ACCEPT4 || flags)
			fd = accept4(p->fds[0], (struct sockaddr *)peer, &len,
				     flags | SOCK_CLOEXEC);
		else
			fd = accept(p->fds[0], (struct sockaddr *)peer, &len);
		if (fd >= 0)
			return fd;
		if (errno != EAGAIN || p->variant != TCP_NONBLOCK)
			die("accept");
		wait_for(p->fds[0], POLLIN);
	}
}

static void serve(const struct plan *p)
{
	struct sockaddr_storage peer, local;
	socklen_t len = sizeof(local);
	struct row *row;
	unsigned int i;
	pid_t child;
	int fd;

	for (i = 0; i < p->count; i++) {
		fd = do_accept(p, &peer);
		len = sizeof(local);
		if (getsockname(fd, (struct sockaddr *)&local, &len) < 0)
			die("getsockname");
		row = row_get(DIR_IN, IPPROTO_TCP, &local, &peer);
		row_add(row, 1, 0, 0);
		if (p->variant != TCP_FORK) {
			serve_connection(fd, row, p->variant);
			continue;
		}
		child = fork();
		if (child < 0)
			die("fork");
		if (!child) {
			serve_connection(fd, row, p->variant);
			_exit(0);
		}
		close(fd);
		if (waitpid(child, NULL, 0) != child)
			die("waitpid");
	}
}

static void *serve_thread(void *arg)
{
	prctl(PR_SET_NAME, "acceptor");
	serve(arg);
	return NULL;
}

pid_t tcp_server(const struct plan *p)
{
	pid_t pid = child_start(p, "load-server");
	pthread_t thread;

	if (pid)
		return pid;
	if (p->variant == TCP_THREAD) {
		if (pthread_create(&thread, NULL, serve_thread, (void *)p) ||
		    pthread_join(thread, NULL))
			die("thread");
	} else {
		serve(p);
	}
	child_done();
}

static void do_connect(const struct plan *p, int fd, const struct sockaddr_storage *addr,
		       socklen_t len)
{
	const struct sockaddr *sa = (const struct sockaddr *)addr;
	socklen_t error_len = sizeof(int);
	int error = 0;

	if (p->variant == TCP_URING) {
		error = -uring_connect(fd, sa, len);
	} else if (connect(fd, sa, len) < 0) {
		error = errno;
		if (error == EINPROGRESS && p->variant == TCP_NONBLOCK) {
			wait_for(fd, POLLOUT);
			if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0)
				error = errno;
		}
	}
	errno = error;
	if (error)
		die("connect");
}

static void become_another(int fd, struct row *row)
{
	char fd_text[24], row_text[24], table_text[24];

	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	snprintf(row_text, sizeof(row_text), "%td", row - shared->rows);
	snprintf(table_text, sizeof(table_text), "%d", shared_fd);
	execl("/proc/self/exe", "load-talker", "--talk", fd_text, row_text, table_text, NULL);
	die("exec");
}

static void connect_once(const struct plan *p)
{
	int flags = p->variant == TCP_NONBLOCK ? SOCK_NONBLOCK : 0, fd;
	struct sockaddr_storage addr, local;
	socklen_t len = plan_addr(p, 0, &addr), local_len = sizeof(local);
	struct row *row;

	fd = socket(p->family, SOCK_STREAM | flags, 0);
	if (fd < 0)
		die("socket");
	do_connect(p, fd, &addr, len);
	if (getsockname(fd, (struct sockaddr *)&local, &local_len) < 0)
		die("getsockname");
	row = row_get(DIR_OUT, IPPROTO_TCP, &local, &addr);
	row_add(row, 1, 0, 0);
	if (p->variant == TCP_EXEC)
		become_another(fd, row);
	tcp_talk(fd, row, p->variant);
}

static void connect_in_child(const struct plan *p)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		die("fork");
	if (!child) {
		connect_once(p);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status)
		die("a short-lived client");
}

/* Several clients share the connections; the first gets what is left over. */
static void connect_parallel(const struct plan *p)
{
	unsigned int share = p->count / CLIENTS, mine, i, k;
	int status;

	for (i = 0; i < CLIENTS; i++) {
		mine = i ? share : p->count - share * (CLIENTS - 1);
		switch (fork()) {
		case -1: die("fork");
		case 0:
			for (k = 0; k < mine; k++)
				connect_once(p);
			_exit(0);
		default: break;
		}
	}
	for (i = 0; i < CLIENTS; i++) {
		if (wait(&status) < 0 || status)
			die("a parallel client");
	}
}

pid_t tcp_client(const struct plan *p)
{
	pid_t pid = child_start(p, "load-client");
	unsigned int i;

	if (pid)
		return pid;
	if (p->variant == TCP_PARALLEL)
		connect_parallel(p);
	else
		for (i = 0; i < p->count; i++) {
			if (p->variant == TCP_SHORT || p->variant == TCP_EXEC)
				connect_in_child(p);
			else
				connect_once(p);
		}
	child_done();
}
