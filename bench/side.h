/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the bench programs share: two processes on one CPU in a network namespace of their own, so
 * that each run begins with an empty connection table; the figure is wall time for each operation,
 * printed as one JSON line.
 */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIDE_PAYLOAD = 64, SIDE_PORT = 7777, SIDE_TIMEOUT = 120 };

static inline void side_die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static inline uint64_t side_now(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) < 0)
		side_die("clock_gettime");
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static inline uint64_t side_ns(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * 1000000000 + (uint64_t)tv->tv_usec * 1000;
}

static inline void side_address(struct sockaddr_in *ret)
{
	*ret = (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(SIDE_PORT),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* Own network namespace with loopback up, one CPU, the highest priority that is not real-time. */
static inline void side_setup(int cpu)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	cpu_set_t set;
	int fd;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		side_die("sched_setaffinity");
	if (setpriority(PRIO_PROCESS, 0, -20) < 0)
		side_die("setpriority");
	if (unshare(CLONE_NEWNET) < 0)
		side_die("unshare");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &up) < 0)
		side_die("loopback");
	close(fd);
}

/* Plays one side against the other, `count` operations, and prints what one cost: wall time as the
 * client saw it, and CPU time of both. */
static inline int side_run(void (*server)(int fd, unsigned int count),
			   void (*client)(unsigned int count), int server_fd, unsigned int count)
{
	unsigned int warm = count / 20 + 1;
	struct rusage usage;
	uint64_t wall, cpu;
	int status;
	pid_t pid;

	alarm(SIDE_TIMEOUT);
	pid = fork();
	if (pid < 0)
		side_die("fork");
	if (!pid) {
		prctl(PR_SET_NAME, "bench-server");
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		server(server_fd, warm + count);
		_exit(0);
	}
	prctl(PR_SET_NAME, "bench-client");
	client(warm);
	wall = side_now(CLOCK_MONOTONIC);
	client(count);
	wall = side_now(CLOCK_MONOTONIC) - wall;
	cpu = side_now(CLOCK_PROCESS_CPUTIME_ID);
	if (wait4(pid, &status, 0, &usage) != pid || status)
		side_die("the server");
	cpu += side_ns(&usage.ru_utime) + side_ns(&usage.ru_stime);
	printf("{\"operations\":%u,\"all\":%u,\"wall_ns\":%.1f,\"cpu_ns\":%.1f,"
	       "\"client\":%d,\"server\":%d}\n",
	       count, warm + count, (double)wall / count, (double)cpu / (warm + count), getpid(),
	       pid);
	return fflush(stdout) ? 1 : 0;
}

/* usage: PROGRAM CPU COUNT */
static inline unsigned int side_arguments(int argc, char **argv)
{
	unsigned long count;

	if (argc != 3) {
		fprintf(stderr, "usage: %s CPU COUNT\n", argv[0]);
		exit(2);
	}
	count = strtoul(argv[2], NULL, 10);
	side_setup((int)strtol(argv[1], NULL, 10));
	return (unsigned int)count;
}
