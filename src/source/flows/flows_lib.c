// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/flows/flows_lib.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/hash.h"
#include "base/str.h"
#include "base/vec.h"
#include "flows.skel.h"
#include "identity/identity.h"
#include "kernel/bpf_log.h"
#include "kernel/cgroup.h"
#include "kernel/loss.h"
#include "kernel/map.h"

enum {
	/* Flows of ended processes that are kept; beyond, the oldest are forgotten, and counted. */
	ENDED_MAX = 65536,
};

#define SECOND 1000000000ULL
/* What a process left open ends in the kernel after it: an ended one's flows are taken when none is open any more. */
#define ENDED_GRACE    (SECOND / 5)
#define ENDED_PATIENCE (180 * SECOND) /* for connects without an answer */

struct tracked {
	struct flows_process public;
	bool unknown;  /* the kernel had no room for it */
	uint32_t live; /* flows in the kernel's table, as of the last update */
	uint32_t kept; /* flows in `ended` */
	UT_hash_handle hh;
};

struct flows {
	struct flows_settings settings;
	struct identity *identity; /* not owned */
	struct flows_bpf *skel;
	struct flows_bpf *opened; /* the last one opened: of a trial, then `skel` */
	struct hook_choice choices[FLOWS_JOBS];
	struct hook_links *links;
	int cgroup_fd;
	struct tracked *processes; /* hash by public.key */
	VEC(struct flows_entry) entries;
	VEC(struct flows_entry) ended; /* a ring once it has ENDED_MAX */
	size_t ended_next;
	uint64_t forgotten;
	uint64_t now; /* of the last update */
};

static const char *const hook_names[FLOWS_HOOKS] = {
	[FLOWS_HOOK_FLOWS] = "flows",	  [FLOWS_HOOK_PROCS] = "processes",
	[FLOWS_HOOK_SOCKETS] = "sockets", [FLOWS_HOOK_ACCEPTS] = "accepts",
	[FLOWS_HOOK_PEERS] = "peers",	  [FLOWS_HOOK_EVENTS] = "events",
};

/*
 * Where a tracepoint misses something that a function hook sees, the function hook stands first: inet_csk_accept sees
 * io_uring's accepts and slows down no other system call.
 */
static const struct hook_job jobs[FLOWS_JOBS] = {
	{
		.name = "tcp",
		.what = "TCP connections",
		.alternatives =
			(const struct hook_alternative[]){
				{ .name = "tracepoints",
				  .programs = { "inet_sock_set_state", "sched_process_exec",
						"sched_process_exit", "tcp_walk" } },
				{} },
	},
	{
		.name = "udp",
		.what = "UDP sends and receives",
		.alternatives =
			(const struct hook_alternative[]){
				{ .name = "tracepoints and cgroup hooks",
				  .programs = { "sock_send_length", "sock_recv_length",
						"udp4_sendmsg", "udp6_sendmsg", "udp4_recvmsg",
						"udp6_recvmsg", "udp_walk", "udp_release" } },
				{ .name = "fexit",
				  .programs = { "udp_sendmsg_exit", "udpv6_sendmsg_exit",
						"udp_recvmsg_exit", "udpv6_recvmsg_exit" } },
				{ .name = "kprobes",
				  .programs = { "udp_sendmsg_entry", "udp_sendmsg_return",
						"udpv6_sendmsg_entry", "udpv6_sendmsg_return",
						"udp_recvmsg_entry", "udp_recvmsg_return",
						"udpv6_recvmsg_entry", "udpv6_recvmsg_return" },
				  .misses = "receives beyond some ten that wait at once" },
				{} },
	},
	{
		.name = "accept",
		.what = "TCP accepts",
		.alternatives =
			(const struct hook_alternative[]){
				{ .name = "fexit", .programs = { "inet_csk_accept_exit" } },
				{ .name = "kprobe", .programs = { "inet_csk_accept_return" } },
				{ .name = "syscall tracepoints",
				  .programs = { "sys_exit_accept", "sys_exit_accept4" },
				  .misses =
					  "an io_uring accept is seen at its first read or write" },
				{} },
	},
	{
		.name = "connect",
		.what = "connects that fail before a packet leaves",
		.alternatives =
			(const struct hook_alternative[]){
				{ .name = "cgroup hooks and a syscall tracepoint",
				  .programs = { "tcp4_connect", "tcp6_connect",
						"sys_exit_connect" },
				  .misses = "those of io_uring" },
				{} },
		.optional = true,
	},
	{
		.name = "retransmits",
		.what = "retransmit events",
		.alternatives =
			(const struct hook_alternative[]){
				{ .name = "tracepoint", .programs = { "tcp_retransmit" } }, {} },
		.optional = true,
	},
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* ---- loading ---- */

static struct bpf_object *skel_open(void *context, void **ret_owner, struct error *err)
{
	struct flows *f = context;
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = kernel_btf_path());
	struct flows_bpf *skel = flows_bpf__open_opts(&opts);
	int r = -errno;

	if (!skel) {
		error_errno(err, r, "the BPF object does not open");
		return NULL;
	}
	memcpy((void *)&skel->rodata->want, &f->settings.want, sizeof(skel->rodata->want));
	skel->rodata->want_events = f->settings.events;
	if (f->settings.max_flows)
		bpf_map__set_max_entries(skel->maps.flows, f->settings.max_flows);
	if (!f->settings.events)
		bpf_map__set_max_entries(skel->maps.events, (uint32_t)sysconf(_SC_PAGESIZE));
	f->opened = skel;
	*ret_owner = skel;
	return skel->obj;
}

static void skel_close(void *owner)
{
	flows_bpf__destroy(owner);
}

static struct bpf_link *iterator_attach(struct flows *f, struct bpf_program *program)
{
	bool udp = program == f->opened->progs.udp_walk;
	struct bpf_map *map = udp ? f->opened->maps.udp_socks : f->opened->maps.tcp_conns;
	union bpf_iter_link_info info = { .map.map_fd = (uint32_t)bpf_map__fd(map) };
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info, .link_info_len = sizeof(info));

	return bpf_program__attach_iter(program, &opts);
}

static struct bpf_link *program_attach(void *context, struct bpf_program *program)
{
	struct flows *f = context;

	if (bpf_program__type(program) == BPF_PROG_TYPE_CGROUP_SOCK_ADDR ||
	    bpf_program__type(program) == BPF_PROG_TYPE_CGROUP_SOCK)
		return bpf_program__attach_cgroup(program, f->cgroup_fd);
	if (bpf_program__expected_attach_type(program) == BPF_TRACE_ITER)
		return iterator_attach(f, program);
	errno = 0;
	return NULL;
}

static int choose(struct flows *f, const struct hook_opener *opener, struct error *err)
{
	int r;

	if (f->cgroup_fd < 0) {
		r = cgroup_root_open(&f->cgroup_fd, err);
		if (r)
			return r;
	}
	return hook_choose(opener, jobs, FLOWS_JOBS, f->choices, err);
}

static int load(struct flows *f, struct error *err)
{
	const struct hook_opener opener = { skel_open, skel_close, program_attach, f };
	void *owner = NULL;
	int r = choose(f, &opener, err);

	if (r)
		return r;
	if (!skel_open(f, &owner, err))
		return err ? err->code : -EINVAL;
	f->skel = owner;
	r = hook_apply(f->skel->obj, f->choices, FLOWS_JOBS, err);
	if (r)
		return r;
	if (!f->settings.events)
		bpf_program__set_autoload(f->skel->progs.tcp_retransmit, false);
	bpf_log_clear();
	r = flows_bpf__load(f->skel);
	if (r)
		return error_set(err, r, "the kernel refuses the BPF programs: %s",
				 bpf_log_reason());
	return hook_attach(&opener, f->skel->obj, f->choices, FLOWS_JOBS, &f->links, err);
}

int flows_open(const struct flows_settings *settings, struct identity *identity, struct flows **ret,
	       struct error *err)
{
	CLEANUP(flows_cleanup) struct flows *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return error_errno(err, -ENOMEM, "flows");
	f->cgroup_fd = -1;
	f->settings = *settings;
	f->identity = identity;
	r = load(f, err);
	if (r)
		return r;
	*ret = TAKE_PTR(f);
	return 0;
}

int flows_hooks(struct hook_choice ret[static FLOWS_JOBS], struct error *err)
{
	struct flows f = { .cgroup_fd = -1, .settings.events = true };
	const struct hook_opener opener = { skel_open, skel_close, program_attach, &f };
	int r = choose(&f, &opener, err);

	memcpy(ret, f.choices, sizeof(f.choices));
	fd_cleanup(&f.cgroup_fd);
	return r;
}

/* ---- processes ---- */

/* What /proc tells; only if it is still the same process: boot time is compared to within a clock tick. */
static void process_ask(struct flows *f, struct tracked *p)
{
	const uint64_t tick = SECOND / (uint64_t)sysconf(_SC_CLK_TCK);
	struct process info, parent;

	p->public.user = identity_user(f->identity, p->public.value.uid);
	if (!identity_process(f->identity, (pid_t)p->public.key.pid, &info) &&
	    info.start_ns / tick == p->public.key.start / tick) {
		p->public.exe = info.exe;
		p->public.cmdline = info.cmdline;
	}
	if (!p->public.exe && p->public.value.exe[0])
		p->public.exe = p->public.value.exe;
	if (!identity_process(f->identity, (pid_t)p->public.value.ppid, &parent))
		p->public.parent = parent.comm;
}

/* The container is held for as long as the process is kept. */
static void process_set_container(struct tracked *p, const struct container *c)
{
	if (c)
		container_hold(c);
	if (p->public.container)
		container_release(p->public.container);
	p->public.container = c;
}

static void process_identify(struct flows *f, struct tracked *p)
{
	const struct cgroup_ids ids = { p->public.value.cgroup_v2, p->public.value.cgroup_v1 };
	const struct container *c = identity_container(f->identity, &ids);

	if (c)
		process_set_container(p, c);
	if (!p->public.cgroup)
		p->public.cgroup = identity_cgroup_path(f->identity, &ids);
}

static void process_drop(struct flows *f, struct tracked *p)
{
	HASH_DEL(f->processes, p);
	process_set_container(p, NULL);
	free(p);
}

/* Takes over what the kernel says of a process; NULL: no memory. */
static struct tracked *process_note(struct flows *f, const struct proc_key *key,
				    const struct proc_value *value)
{
	struct tracked *p = NULL;
	bool changed;

	HASH_FIND(hh, f->processes, key, sizeof(*key), p);
	if (!p) {
		p = calloc(1, sizeof(*p));
		if (!p)
			return NULL;
		p->public.key = *key;
		HASH_ADD(hh, f->processes, public.key, sizeof(*key), p);
		changed = true;
	} else {
		changed = memcmp(&p->public.value, value, offsetof(struct proc_value, ended)) ||
			  memcmp(p->public.value.comm, value->comm,
				 sizeof(value->comm) + sizeof(value->exe)) ||
			  p->public.value.uid != value->uid;
	}
	p->public.value = *value;
	if (changed) {
		p->public.exe = p->public.cgroup = NULL;
		process_set_container(p, NULL);
		process_ask(f, p);
	}
	if (changed || !p->public.container || !p->public.container->named)
		process_identify(f, p);
	return p;
}

static struct tracked *process_of(struct flows *f, const struct flow_key *key)
{
	struct proc_key pk = { .start = key->start, .pid = key->pid };
	struct proc_value value = {};
	struct tracked *p = NULL;
	bool unknown;

	HASH_FIND(hh, f->processes, &pk, sizeof(pk), p);
	if (p)
		return p;
	/* if the kernel's table was full, the flow is still worth showing */
	unknown = bpf_map_lookup_elem(bpf_map__fd(f->skel->maps.procs), &pk, &value) < 0;
	if (unknown)
		value.comm[0] = '?';
	p = process_note(f, &pk, &value);
	if (p)
		p->unknown = unknown;
	return p;
}

const struct flows_process *flows_process(struct flows *f, const struct flow_key *key)
{
	struct tracked *p = process_of(f, key);

	return p ? &p->public : NULL;
}

static int process_entry(void *context, const void *key, const void *value)
{
	return process_note(context, key, value) ? 0 : -ENOMEM;
}

int flows_processes(struct flows *f, struct error *err)
{
	return map_read(bpf_map__fd(f->skel->maps.procs), process_entry, f, err);
}

void flows_free(struct flows *f)
{
	struct tracked *p, *next;

	if (!f)
		return;
	hook_links_free(f->links);
	flows_bpf__destroy(f->skel);
	fd_cleanup(&f->cgroup_fd);
	HASH_ITER (hh, f->processes, p, next) {
		process_drop(f, p);
	}
	vec_free(&f->entries);
	vec_free(&f->ended);
	free(f);
}

/* ---- flows ---- */

/* Runs an iterator, which brings what sockets have added up into the flows. */
static void walk(struct flows *f, const char *program)
{
	struct bpf_link *link = hook_links_find(f->links, program);
	_close_ int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	char byte;

	if (fd < 0)
		return;
	while (read(fd, &byte, 1) > 0)
		;
}

static bool is_over(const struct flow_value *value, const struct tracked *p, uint64_t now)
{
	uint64_t ended = p->public.value.ended;

	if (!ended || now < ended + ENDED_GRACE)
		return false;
	/* a connection may live on in a process that inherited it; a connect that has no answer yet gets one later */
	return !value->open &&
	       (value->count + value->errors >= value->attempts || now > ended + ENDED_PATIENCE);
}

static void keep_ended(struct flows *f, const struct flows_entry *entry, struct tracked *p)
{
	struct flows_entry *oldest;

	if (f->ended.len < ENDED_MAX) {
		if (vec_push(&f->ended, *entry))
			p->kept++;
		else
			f->forgotten++;
		return;
	}
	oldest = &f->ended.data[f->ended_next];
	process_of(f, &oldest->key)->kept--; /* kept: so it is there */
	*oldest = *entry;
	p->kept++;
	f->ended_next = (f->ended_next + 1) % ENDED_MAX;
	f->forgotten++;
}

static int flow_entry(void *context, const void *key, const void *value)
{
	struct flows_entry entry = {};
	struct flows *f = context;
	struct tracked *p;

	memcpy(&entry.key, key, sizeof(entry.key));
	memcpy(&entry.value, value, sizeof(entry.value));
	p = process_of(f, &entry.key);
	if (!p)
		return -ENOMEM;
	entry.process = &p->public;
	if (is_over(&entry.value, p, f->now)) {
		if (!bpf_map_lookup_and_delete_elem(bpf_map__fd(f->skel->maps.flows), &entry.key,
						    &entry.value))
			keep_ended(f, &entry, p);
		return 0;
	}
	p->live++;
	return vec_push(&f->entries, entry) ? 0 : -ENOMEM;
}

/* Takes processes that ended and have no flow left out of the kernel's table, and out of ours when none is kept. */
static void sweep_processes(struct flows *f)
{
	struct tracked *p, *next;

	HASH_ITER (hh, f->processes, p, next) {
		uint64_t ended = p->public.value.ended;

		if (p->unknown && !ended && kill((pid_t)p->public.key.pid, 0) < 0 && errno == ESRCH)
			p->public.value.ended = f->now;
		if (!ended || f->now < ended + ENDED_GRACE || p->live)
			continue;
		bpf_map_delete_elem(bpf_map__fd(f->skel->maps.procs), &p->public.key);
		if (p->kept)
			continue;
		process_drop(f, p);
	}
}

/* Busiest first; then in an order that stays, so that a live table does not jump. */
static int by_count(const void *pa, const void *pb)
{
	const struct flows_entry *a = pa, *b = pb;
	uint64_t na = a->value.count + a->value.errors, nb = b->value.count + b->value.errors;

	if (na != nb)
		return na > nb ? -1 : 1;
	return memcmp(&a->key, &b->key, sizeof(a->key));
}

int flows_update(struct flows *f, struct error *err)
{
	struct tracked *p, *next;
	int r;

	f->now = now_ns();
	walk(f, "tcp_walk");
	walk(f, "udp_walk");
	r = flows_processes(f, err);
	if (r)
		return r;
	HASH_ITER (hh, f->processes, p, next)
		p->live = 0;
	f->entries.len = 0;
	r = map_read(bpf_map__fd(f->skel->maps.flows), flow_entry, f, err);
	if (r)
		return r;
	for (size_t i = 0; i < f->ended.len; i++) {
		if (!vec_push(&f->entries, f->ended.data[i]))
			return error_errno(err, -ENOMEM, "flows");
	}
	if (f->entries.len)
		qsort(f->entries.data, f->entries.len, sizeof(*f->entries.data), by_count);
	sweep_processes(f);
	return 0;
}

const struct flows_entry *flows_entries(const struct flows *f, size_t *ret_count)
{
	*ret_count = f->entries.len;
	return f->entries.data;
}

int flows_events_fd(const struct flows *f)
{
	return bpf_map__fd(f->skel->maps.events);
}

size_t flows_losses(struct flows *f, struct flows_lost *ret, size_t max)
{
	struct loss losses[LOSSES_MAX];
	size_t count = 0, n = 0;

	if (losses_read(bpf_map__fd(f->skel->maps.losses), losses, &count, NULL))
		count = 0;
	for (size_t i = 0; i < count && n < max; i++) {
		snprintf(ret[n].reason, sizeof(ret[n].reason), "%s: %s",
			 losses[i].hook < FLOWS_HOOKS ? hook_names[losses[i].hook] : "?",
			 losses[i].reason);
		ret[n++].count = losses[i].count;
	}
	if (f->forgotten && n < max) {
		str_copy(ret[n].reason, sizeof(ret[n].reason), "ended flows: forgotten");
		ret[n++].count = f->forgotten;
	}
	if (identity_lost(f->identity) && n < max) {
		str_copy(ret[n].reason, sizeof(ret[n].reason), "cgroups: ring full");
		ret[n++].count = identity_lost(f->identity);
	}
	return n;
}
