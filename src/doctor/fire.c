// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes programs run, and checks what they were to do. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "doctor/probe.h"

static volatile sig_atomic_t signalled;

int fire_magic(struct trial *trial, struct error *err)
{
	(void)trial;
	(void)err;
	syscall(PROBE_MAGIC); /* there is none such; its tracepoint comes first */
	return 0;
}

int fire_getppid(struct trial *trial, struct error *err)
{
	(void)trial;
	(void)err;
	syscall(SYS_getppid);
	return 0;
}

int fire_socket(struct trial *trial, struct error *err)
{
	_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)trial;
	return fd < 0 ? error_errno(err, -errno, "socket") : 0;
}

/* The program refuses this protocol by EACCES; without it the kernel says EPROTONOSUPPORT. */
int fire_denied(struct trial *trial, struct error *err)
{
	_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, PROBE_MAGIC);

	(void)trial;
	if (fd >= 0 || errno != EACCES)
		return error_set(err, -EOPNOTSUPP, "loads and attaches, but does not refuse");
	return 0;
}

int fire_iter(struct trial *trial, struct error *err)
{
	_close_ int fd = bpf_iter_create(bpf_link__fd(trial->links.data[0]));
	char buf[256];
	ssize_t n;

	if (fd < 0)
		return error_errno(err, -errno, "iterator");
	do
		n = read(fd, buf, sizeof(buf));
	while (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)));
	return n < 0 ? error_errno(err, -errno, "iterator") : 0;
}

__attribute__((noinline)) void uprobe_target(void)
{
	__asm__ volatile("");
}

int fire_uprobe(struct trial *trial, struct error *err)
{
	(void)trial;
	(void)err;
	uprobe_target();
	return 0;
}

/* Uses its CPU until the sampler has seen it. */
int fire_spin(struct trial *trial, struct error *err)
{
	time_t end = time(NULL) + 3;

	(void)err;
	while (!trial_ran(trial, 0) && time(NULL) < end)
		;
	return 0;
}

int fire_run(struct trial *trial, struct error *err)
{
	char packet[64] = "";
	struct bpf_program *program =
		bpf_object__find_program_by_name(trial->bpf, trial->probe->programs[0]);
	bool plain = bpf_program__type(program) == BPF_PROG_TYPE_SYSCALL;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = plain ? NULL : packet,
		    .data_size_in = plain ? 0 : sizeof(packet));
	int r = bpf_prog_test_run_opts(bpf_program__fd(program), &opts);

	return r < 0 ? error_errno(err, r, "run") : 0;
}

static void on_signal(int number)
{
	(void)number;
	signalled = 1;
}

int fire_signal(struct trial *trial, struct error *err)
{
	const struct timespec step = { .tv_nsec = 1000000 };

	(void)trial;
	signal(SIGUSR1, on_signal);
	syscall(PROBE_MAGIC);
	for (int i = 0; i < 1000 && !signalled; i++)
		nanosleep(&step, NULL);
	return signalled ? 0 : error_set(err, -EOPNOTSUPP, "ran, but no signal came");
}

int fire_write(struct trial *trial, struct error *err)
{
	const volatile uint64_t *written = &trial->written;

	syscall(PROBE_MAGIC);
	return *written == PROBE_WRITTEN ? 0
					 : error_set(err, -EOPNOTSUPP, "ran, but wrote nothing");
}

static int open_and_read(const char *path, struct error *err)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char c;

	if (fd < 0 || read(fd, &c, 1) < 0)
		return error_errno(err, -errno, "%s", path);
	return 0;
}

int fire_device(struct trial *trial, struct error *err)
{
	(void)trial;
	return open_and_read("/dev/null", err);
}

int fire_sysctl(struct trial *trial, struct error *err)
{
	(void)trial;
	return open_and_read("/proc/sys/kernel/ostype", err);
}
