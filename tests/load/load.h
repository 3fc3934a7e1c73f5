/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The load generator with known truth: processes that connect, accept, send and receive in every
 * way that a flow probe has to see, and a table in shared memory into which each writes what its own
 * calls returned. The table is printed at the end as JSON lines, one per flow, keyed as skep's
 * flows are: {process, direction, protocol, IP version, addresses, port}. It knows nothing of skep.
 */
#pragma once

#include <netinet/in.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <sys/socket.h>
#include <sys/types.h>

enum direction { DIR_OUT, DIR_IN };

struct row {
	uint32_t pid; /* process; 0: not written yet */
	enum direction direction;
	int proto;	 /* IPPROTO_TCP, IPPROTO_UDP */
	uint32_t port;	 /* remote for outbound, local for inbound */
	char plan[24];	 /* which plan the process played in */
	char local[48];	 /* "": the socket does not know it */
	char remote[48]; /* an IPv4 address also for a v4-mapped one */
	int ip_version;
	uint64_t count, tx, rx, errors;
	int error; /* last errno */
};

enum { ROWS_MAX = 8192, CREDITS = 64 };

/* In a memfd, so that it survives an exec. */
struct shared {
	sem_t credit; /* datagrams that may still be under way: nothing is dropped at a full buffer */
	uint32_t used;
	struct row rows[ROWS_MAX];
};

extern struct shared *shared;
extern int shared_fd;
extern const char *plan_name; /* of this process */

struct plan {
	const char *name;
	pid_t (*start[2])(
		const struct plan *p); /* the two sides; each forks and returns the child */
	unsigned int count;	       /* connections, or datagrams that are sent */
	int family;		       /* AF_INET, AF_INET6 */
	uint16_t port;
	bool mapped; /* v4-mapped addresses on AF_INET6 sockets */
	int variant; /* enum tcp_variant, enum udp_variant */
	int fds[8];  /* listening or receiving sockets, made before both sides start; -1: none */
	const int *gate; /* a pipe; both sides begin when it ends */
};

enum tcp_variant {
	TCP_PLAIN,    /* accept; the client closes first */
	TCP_ACCEPT4,  /* accept4, the server closes first */
	TCP_RESET,    /* the client aborts with a RST */
	TCP_NONBLOCK, /* EINPROGRESS, poll, SO_ERROR; non-blocking accept */
	TCP_PARALLEL, /* four clients at once */
	TCP_FORK,     /* a child of the acceptor talks */
	TCP_THREAD,   /* a thread that is not the first accepts and talks */
	TCP_URING,    /* connect, accept, send, receive by io_uring */
	TCP_EXEC,     /* the client becomes another program after connect */
	TCP_SHORT,    /* a client process for each connection */
};

enum udp_variant {
	UDP_CONNECTED, /* send, recv on connected sockets */
	UDP_SENDTO,    /* sendto, recvfrom */
	UDP_SENDMSG,   /* sendmsg, recvmsg */
	UDP_SENDMMSG,  /* sendmmsg, recvmmsg */
	UDP_PEEK,      /* MSG_PEEK before each receive */
	UDP_NONBLOCK,  /* receives until EAGAIN */
	UDP_ZERO,      /* datagrams without payload */
	UDP_GSO,       /* one send makes ten datagrams (UDP_SEGMENT) */
	UDP_QUERY,     /* each datagram is answered to where it came from */
	UDP_SHARED,    /* eight threads, one unconnected socket, a destination each */
};

enum { UDP_DESTINATIONS = 8, GSO_SEGMENTS = 10 };

/* load.c */
noreturn void die(const char *what);
pid_t child_start(const struct plan *p, const char *comm);
noreturn void child_done(void);
/* The address of this plan's servers, with its port plus `offset`. */
socklen_t plan_addr(const struct plan *p, unsigned int offset, struct sockaddr_storage *ret);
/* A socket bound to the above. */
int plan_bind(const struct plan *p, int type, unsigned int offset);
/* This process's row; `local` may be NULL. It stays where it is. */
struct row *row_get(enum direction direction, int proto, const struct sockaddr_storage *local,
		    const struct sockaddr_storage *remote);
void row_add(struct row *row, uint64_t count, uint64_t tx, uint64_t rx);
void row_error(struct row *row, int error);

/* tcp.c */
pid_t tcp_server(const struct plan *p);
pid_t tcp_client(const struct plan *p);
/* What a client does with a connection that is up; also run behind an exec, as `load --talk`. */
void tcp_talk(int fd, struct row *row, int variant);

/* udp.c */
pid_t udp_receiver(const struct plan *p);
pid_t udp_sender(const struct plan *p);

/* errors.c */
pid_t failing_calls(const struct plan *p);

/* uring.c: one operation at a time; returns as the system call would, or -errno */
bool uring_usable(void);
int uring_accept(int fd, struct sockaddr *addr, socklen_t *len);
int uring_connect(int fd, const struct sockaddr *addr, socklen_t len);
int uring_send(int fd, const void *buf, unsigned int len);
int uring_recv(int fd, void *buf, unsigned int len);
