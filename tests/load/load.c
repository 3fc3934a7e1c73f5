// SPDX-License-Identifier: GPL-2.0-or-later
/* Options, the list of plans, and the table of truth. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PLAYS_FOR_MAX = 900 /* seconds */, SOCKET_BUFFER = 1 << 20 };

struct shared *shared;
int shared_fd = -1;
const char *plan_name = "";

/* A share is in thousandths of all connections or datagrams of one IP version; the first plan of
 * its kind takes what is left over. Failing calls are counted on top. */
static const struct kind {
	const char *name;
	int proto;
	int variant;
	unsigned int share;
	bool mapped;
} kinds[] = {
	{ "tcp-plain", IPPROTO_TCP, TCP_PLAIN, 0 },
	{ "tcp-accept4", IPPROTO_TCP, TCP_ACCEPT4, 150 },
	{ "tcp-reset", IPPROTO_TCP, TCP_RESET, 100 },
	{ "tcp-nonblock", IPPROTO_TCP, TCP_NONBLOCK, 150 },
	{ "tcp-parallel", IPPROTO_TCP, TCP_PARALLEL, 150 },
	{ "tcp-fork", IPPROTO_TCP, TCP_FORK, 50 },
	{ "tcp-thread", IPPROTO_TCP, TCP_THREAD, 100 },
	{ "tcp-uring", IPPROTO_TCP, TCP_URING, 60 },
	{ "tcp-exec", IPPROTO_TCP, TCP_EXEC, 5 },
	{ "tcp-short", IPPROTO_TCP, TCP_SHORT, 20 },
	{ "tcp-mapped", IPPROTO_TCP, TCP_PLAIN, 20, true },
	{ "udp-connected", IPPROTO_UDP, UDP_CONNECTED, 0 },
	{ "udp-sendto", IPPROTO_UDP, UDP_SENDTO, 160 },
	{ "udp-sendmsg", IPPROTO_UDP, UDP_SENDMSG, 120 },
	{ "udp-sendmmsg", IPPROTO_UDP, UDP_SENDMMSG, 160 },
	{ "udp-peek", IPPROTO_UDP, UDP_PEEK, 60 },
	{ "udp-nonblock", IPPROTO_UDP, UDP_NONBLOCK, 60 },
	{ "udp-zero", IPPROTO_UDP, UDP_ZERO, 20 },
	{ "udp-gso", IPPROTO_UDP, UDP_GSO, 20 },
	{ "udp-query", IPPROTO_UDP, UDP_QUERY, 160 },
	{ "udp-shared", IPPROTO_UDP, UDP_SHARED, 40 },
	{ "udp-mapped", IPPROTO_UDP, UDP_SENDTO, 20, true },
	{ "errors", IPPROTO_IP, 0, 0 },
};

static struct {
	unsigned int tcp, udp; /* in all, half of it for each IP version */
	unsigned int count;    /* for each plan, in place of its share */
	uint16_t port;
	bool v4, v6;
	bool gate;
} options = { .tcp = 20000, .udp = 100000, .port = 20000, .v4 = true, .v6 = true };

noreturn void die(const char *what)
{
	fprintf(stderr, "load: %s: %s: %s\n", plan_name, what, strerror(errno));
	exit(1);
}

/* ---- the table ---- */

static void table_open(void)
{
	void *p;

	if (shared_fd < 0) {
		shared_fd = memfd_create("load-truth", 0);
		if (shared_fd < 0 || ftruncate(shared_fd, sizeof(struct shared)) < 0)
			die("memfd");
	}
	p = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, shared_fd, 0);
	if (p == MAP_FAILED)
		die("mmap");
	shared = p;
}

/* Returns the port; a v4-mapped address is written as IPv4. */
static uint16_t addr_text(const struct sockaddr_storage *addr, char text[static 48],
			  int *ret_version)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)addr;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)addr;

	*ret_version = 4;
	if (addr->ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, text, 48);
		return ntohs(v4->sin_port);
	}
	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], text, 48);
	} else {
		*ret_version = 6;
		inet_ntop(AF_INET6, &v6->sin6_addr, text, 48);
	}
	return ntohs(v6->sin6_port);
}

static bool row_is(const struct row *a, const struct row *b)
{
	return a->pid == b->pid && a->direction == b->direction && a->proto == b->proto &&
	       a->port == b->port && a->ip_version == b->ip_version &&
	       !strcmp(a->remote, b->remote) && !strcmp(a->local, b->local);
}

struct row *row_get(enum direction direction, int proto, const struct sockaddr_storage *local,
		    const struct sockaddr_storage *remote)
{
	static pthread_mutex_t lock =
		PTHREAD_MUTEX_INITIALIZER; /* against threads of this process */
	struct row key = { .pid = (uint32_t)getpid(), .direction = direction, .proto = proto };
	uint32_t i, port;
	struct row *row;
	int version;

	if (local) {
		port = addr_text(local, key.local, &version);
		if (direction == DIR_IN)
			key.port = port;
		if (!strcmp(key.local, "0.0.0.0") || !strcmp(key.local, "::"))
			key.local[0] = '\0';
	}
	port = addr_text(remote, key.remote, &key.ip_version);
	if (direction == DIR_OUT)
		key.port = port;
	snprintf(key.plan, sizeof(key.plan), "%s", plan_name);

	pthread_mutex_lock(&lock);
	for (i = __atomic_load_n(&shared->used, __ATOMIC_ACQUIRE); i > 0; i--) {
		row = &shared->rows[i - 1];
		if (row_is(row, &key))
			goto found;
	}
	i = __atomic_fetch_add(&shared->used, 1, __ATOMIC_ACQ_REL);
	if (i >= ROWS_MAX) {
		errno = ENOSPC;
		die("table of truth");
	}
	row = &shared->rows[i];
	*row = key;
found:
	pthread_mutex_unlock(&lock);
	return row;
}

void row_add(struct row *row, uint64_t count, uint64_t tx, uint64_t rx)
{
	__atomic_fetch_add(&row->count, count, __ATOMIC_RELAXED);
	__atomic_fetch_add(&row->tx, tx, __ATOMIC_RELAXED);
	__atomic_fetch_add(&row->rx, rx, __ATOMIC_RELAXED);
}

void row_error(struct row *row, int error)
{
	__atomic_fetch_add(&row->errors, 1, __ATOMIC_RELAXED);
	row->error = error;
}

static void table_print(double seconds)
{
	uint64_t connections = 0, datagrams = 0;
	const struct row *row;
	uint32_t i;

	for (i = 0; i < shared->used; i++) {
		row = &shared->rows[i];
		printf("{\"type\":\"flow\",\"plan\":\"%s\",\"pid\":%u,\"direction\":\"%s\","
		       "\"proto\":\"%s\",\"ip_version\":%d,",
		       row->plan, row->pid, row->direction == DIR_OUT ? "out" : "in",
		       row->proto == IPPROTO_TCP ? "tcp" : "udp", row->ip_version);
		if (row->local[0])
			printf("\"local_addr\":\"%s\",", row->local);
		printf("\"remote_addr\":\"%s\",\"%s\":%u,\"count\":%ju,\"bytes\":%ju,"
		       "\"tx_bytes\":%ju,\"rx_bytes\":%ju,\"errors\":%ju",
		       row->remote, row->direction == DIR_OUT ? "remote_port" : "local_port",
		       row->port, (uintmax_t)row->count, (uintmax_t)(row->tx + row->rx),
		       (uintmax_t)row->tx, (uintmax_t)row->rx, (uintmax_t)row->errors);
		if (row->error)
			printf(",\"error\":\"%s\"", strerrorname_np(row->error));
		printf("}\n");
		if (row->direction != DIR_OUT && row->proto == IPPROTO_TCP)
			connections += row->count;
		if (row->direction != DIR_OUT && row->proto == IPPROTO_UDP)
			datagrams += row->count;
	}
	printf("{\"type\":\"summary\",\"rows\":%u,\"connections\":%ju,\"datagrams\":%ju,"
	       "\"seconds\":%.3f}\n",
	       shared->used, (uintmax_t)connections, (uintmax_t)datagrams, seconds);
}

/* ---- plans ---- */

socklen_t plan_addr(const struct plan *p, unsigned int offset, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in v4 = { .sin_family = AF_INET };

	*ret = (struct sockaddr_storage){};
	if (p->family == AF_INET) {
		v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		v4.sin_port = htons((uint16_t)(p->port + offset));
		memcpy(ret, &v4, sizeof(v4));
		return sizeof(v4);
	}
	if (p->mapped)
		inet_pton(AF_INET6, "::ffff:127.0.0.1", &v6.sin6_addr);
	v6.sin6_port = htons((uint16_t)(p->port + offset));
	memcpy(ret, &v6, sizeof(v6));
	return sizeof(v6);
}

int plan_bind(const struct plan *p, int type, unsigned int offset)
{
	int fd = socket(p->family, type, 0), one = 1, size = SOCKET_BUFFER;
	struct sockaddr_storage addr;
	socklen_t len = plan_addr(p, offset, &addr);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0 ||
	    bind(fd, (struct sockaddr *)&addr, len) < 0)
		die("bind");
	return fd;
}

pid_t child_start(const struct plan *p, const char *comm)
{
	pid_t pid;
	char c;

	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	prctl(PR_SET_NAME, comm);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(PLAYS_FOR_MAX);
	close(p->gate[1]); /* else its end would never come */
	while (read(p->gate[0], &c, 1) < 0 && errno == EINTR)
		;
	close(p->gate[0]);
	return 0;
}

noreturn void child_done(void)
{
	_exit(0);
}

static void plan_listen(struct plan *p, int proto)
{
	unsigned int n = proto == IPPROTO_UDP && p->variant == UDP_SHARED ? UDP_DESTINATIONS : 1, i;
	int flags = proto == IPPROTO_TCP && p->variant == TCP_NONBLOCK ? SOCK_NONBLOCK : 0;

	for (i = 0; i < n; i++) {
		p->fds[i] =
			plan_bind(p, (proto == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM) | flags, i);
		if (proto == IPPROTO_TCP && listen(p->fds[i], 128) < 0)
			die("listen");
	}
}

static void gate_wait(const pid_t pids[2])
{
	char line[8];

	fprintf(stderr, "load: %d %d\n", pids[0], pids[1]);
	if (!fgets(line, sizeof(line), stdin))
		fprintf(stderr, "load: the gate opens: standard input ended\n");
}

static void plan_play(struct plan *p, const struct kind *kind)
{
	int gate[2], status;
	pid_t pids[2] = {};
	unsigned int i;

	plan_name = p->name;
	memset(p->fds, -1, sizeof(p->fds));
	if (kind->proto)
		plan_listen(p, kind->proto);
	if (sem_init(&shared->credit, 1, CREDITS) < 0 || pipe2(gate, O_CLOEXEC) < 0)
		die("pipe");
	p->gate = gate;
	for (i = 0; i < 2 && p->start[i]; i++)
		pids[i] = p->start[i](p);
	if (options.gate)
		gate_wait(pids);
	close(gate[1]);
	close(gate[0]);
	for (i = 0; i < sizeof(p->fds) / sizeof(p->fds[0]); i++)
		if (p->fds[i] >= 0)
			close(p->fds[i]);
	for (i = 0; i < 2 && pids[i]; i++) {
		if (waitpid(pids[i], &status, 0) != pids[i] || status) {
			fprintf(stderr, "load: %s: a process failed (wait status %d)\n", p->name,
				status);
			exit(1);
		}
	}
}

static unsigned int plan_count(const struct kind *kind, bool v6)
{
	unsigned int all = (kind->proto == IPPROTO_TCP ? options.tcp : options.udp) / 2;
	unsigned int count, i;

	if (options.count)
		return options.count;
	if (!kind->proto)
		return 20;
	if (kind->share)
		return all * kind->share / 1000;
	count = all;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].proto == kind->proto && !(v6 && kinds[i].mapped))
			count -= all * kinds[i].share / 1000;
	}
	return count;
}

static void kind_play(const struct kind *kind, int family)
{
	static unsigned int played;
	struct plan p = { .name = kind->name,
			  .family = kind->mapped ? AF_INET6 : family,
			  .mapped = kind->mapped,
			  .variant = kind->variant,
			  .count = plan_count(kind, family == AF_INET6),
			  .port = (uint16_t)(options.port + 10 * played++) };

	if (kind->mapped && family == AF_INET6)
		return;
	if (kind->proto == IPPROTO_TCP) {
		if (kind->variant == TCP_URING && !uring_usable()) {
			printf("{\"type\":\"skipped\",\"plan\":\"%s\",\"missing\":\"io_uring\"}\n",
			       kind->name);
			p.variant = TCP_PLAIN;
		}
		p.start[0] = tcp_server;
		p.start[1] = tcp_client;
	} else if (kind->proto == IPPROTO_UDP) {
		p.count -= p.count % UDP_DESTINATIONS && kind->variant == UDP_SHARED
				   ? p.count % UDP_DESTINATIONS
				   : 0;
		p.start[0] = udp_receiver;
		p.start[1] = udp_sender;
	} else {
		p.start[0] = failing_calls;
	}
	fflush(stdout);
	plan_play(&p, kind);
}

static bool plays(const struct kind *kind, const char *what)
{
	if (!strcmp(what, "truth"))
		return kind->proto != 0;
	return !strcmp(what, kind->name) || (!strcmp(what, "tcp") && kind->proto == IPPROTO_TCP) ||
	       (!strcmp(what, "udp") && kind->proto == IPPROTO_UDP);
}

static bool play(const char *what)
{
	bool known = false;
	unsigned int i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!plays(&kinds[i], what))
			continue;
		known = true;
		if (options.v4)
			kind_play(&kinds[i], AF_INET);
		if (options.v6)
			kind_play(&kinds[i], AF_INET6);
	}
	return known;
}

/* Behind the exec of TCP_EXEC: goes on with the connection and the table that it was given. */
static int talk(char **argv)
{
	int fd = (int)strtol(argv[0], NULL, 10);
	size_t row = strtoul(argv[1], NULL, 10);

	prctl(PR_SET_NAME, "load-talker");
	shared_fd = (int)strtol(argv[2], NULL, 10);
	table_open();
	tcp_talk(fd, &shared->rows[row], TCP_PLAIN);
	return 0;
}

static const char usage[] =
	"usage: load [-4] [-6] [--tcp N] [--udp N] [--count N] [--port P] [--gate] WHAT...\n"
	"WHAT: truth (tcp and udp), tcp, udp, errors, or a plan:\n ";

static int usage_print(FILE *to, int code)
{
	unsigned int i;

	fputs(usage, to);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		fprintf(to, " %s", kinds[i].name);
	fputs("\n-4, -6: only this IP version\n"
	      "--tcp, --udp: connections (20000) and datagrams (100000) in all\n"
	      "--count: connections or datagrams of each plan, in place of its share\n"
	      "--gate: says the two processes of each plan, then waits for a line\n",
	      to);
	return code;
}

int main(int argc, char **argv)
{
	static const struct option longopts[] = { { "tcp", required_argument, NULL, 't' },
						  { "udp", required_argument, NULL, 'u' },
						  { "count", required_argument, NULL, 'c' },
						  { "port", required_argument, NULL, 'p' },
						  { "gate", no_argument, NULL, 'g' },
						  { "help", no_argument, NULL, 'h' },
						  {} };
	struct timespec start, end;
	int option;

	if (argc == 5 && !strcmp(argv[1], "--talk"))
		return talk(argv + 2);
	while ((option = getopt_long(argc, argv, "46h", longopts, NULL)) != -1) {
		unsigned long number = optarg ? strtoul(optarg, NULL, 10) : 0;

		switch (option) {
		case '4': options.v6 = false; break;
		case '6': options.v4 = false; break;
		case 't': options.tcp = (unsigned int)number; break;
		case 'u': options.udp = (unsigned int)number; break;
		case 'c': options.count = (unsigned int)number; break;
		case 'p': options.port = (uint16_t)number; break;
		case 'g': options.gate = true; break;
		case 'h': return usage_print(stdout, 0);
		default: return usage_print(stderr, 2);
		}
	}
	if (optind == argc)
		return usage_print(stderr, 2);
	table_open();
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (; optind < argc; optind++) {
		if (!play(argv[optind]))
			return usage_print(stderr, 2);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	table_print((double)(end.tv_sec - start.tv_sec) +
		    (double)(end.tv_nsec - start.tv_nsec) / 1e9);
	return fflush(stdout) || ferror(stdout);
}
