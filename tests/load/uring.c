// SPDX-License-Identifier: GPL-2.0-or-later
/* io_uring by its bare system calls, one operation at a time. */
#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "load.h"

static struct {
	pid_t owner; /* a ring is not shared with forked children */
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array;
	unsigned int *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
} ring = { .fd = -1 };

static bool ring_open(void)
{
	struct io_uring_params params = {};
	size_t sq_size, cq_size;
	char *sq, *cq;

	if (ring.owner == getpid())
		return ring.fd >= 0;
	ring.owner = getpid();
	ring.fd = (int)syscall(SYS_io_uring_setup, 8, &params);
	if (ring.fd < 0)
		return false;
	sq_size = params.sq_off.array + params.sq_entries * sizeof(unsigned int);
	cq_size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	sq = mmap(NULL, sq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQ_RING);
	cq = mmap(NULL, cq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_CQ_RING);
	ring.sqes = mmap(NULL, params.sq_entries * sizeof(*ring.sqes), PROT_READ | PROT_WRITE,
			 MAP_SHARED, ring.fd, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || ring.sqes == MAP_FAILED)
		die("mmap of io_uring");
	ring.sq_tail = (unsigned int *)(sq + params.sq_off.tail);
	ring.sq_mask = (unsigned int *)(sq + params.sq_off.ring_mask);
	ring.sq_array = (unsigned int *)(sq + params.sq_off.array);
	ring.cq_head = (unsigned int *)(cq + params.cq_off.head);
	ring.cq_tail = (unsigned int *)(cq + params.cq_off.tail);
	ring.cq_mask = (unsigned int *)(cq + params.cq_off.ring_mask);
	ring.cqes = (struct io_uring_cqe *)(cq + params.cq_off.cqes);
	return true;
}

static int ring_do(const struct io_uring_sqe *sqe)
{
	unsigned int tail, head;
	int result;

	if (!ring_open())
		return -ENOSYS;
	tail = *ring.sq_tail;
	ring.sqes[tail & *ring.sq_mask] = *sqe;
	ring.sq_array[tail & *ring.sq_mask] = tail & *ring.sq_mask;
	__atomic_store_n(ring.sq_tail, tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		die("io_uring_enter");
	head = *ring.cq_head;
	while (head == __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE)) {
		if (syscall(SYS_io_uring_enter, ring.fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0) <
			    0 &&
		    errno != EINTR)
			die("io_uring_enter");
	}
	result = ring.cqes[head & *ring.cq_mask].res;
	__atomic_store_n(ring.cq_head, head + 1, __ATOMIC_RELEASE);
	return result;
}

bool uring_usable(void)
{
	return ring_do(&(struct io_uring_sqe){ .opcode = IORING_OP_NOP }) == 0;
}

int uring_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	return ring_do(&(struct io_uring_sqe){ .opcode = IORING_OP_ACCEPT,
					       .fd = fd,
					       .addr = (uintptr_t)addr,
					       .addr2 = (uintptr_t)len });
}

int uring_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	return ring_do(&(struct io_uring_sqe){
		.opcode = IORING_OP_CONNECT, .fd = fd, .addr = (uintptr_t)addr, .off = len });
}

int uring_send(int fd, const void *buf, unsigned int len)
{
	return ring_do(&(struct io_uring_sqe){
		.opcode = IORING_OP_SEND, .fd = fd, .addr = (uintptr_t)buf, .len = len });
}

int uring_recv(int fd, void *buf, unsigned int len)
{
	return ring_do(&(struct io_uring_sqe){
		.opcode = IORING_OP_RECV, .fd = fd, .addr = (uintptr_t)buf, .len = len });
}
