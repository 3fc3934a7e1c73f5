// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One tiny program for each thing that a kernel can do or not. Each is loaded alone. All it does is
 * count: that it ran is the proof. Programs of one probe (connect4, connect6) count in slots of
 * their own. What runs at the root cgroup lets everything pass.
 */
#include "bpf/vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "doctor/probes.h"

#define EACCES	   13
#define SIGUSR1	   10
#define PAGE_BYTES 4096

__u64 hits[PROBE_PROGRAMS_MAX];
const volatile __u64 write_address;

/*
 * As the verifier sees them; not the types of vmlinux.h, since one CO-RE field in this object would
 * make libbpf read the kernel's whole BTF for each probe.
 */
struct iter_sk_storage {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct sock *sk;
	void *value;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
};

static __always_inline int hit(u32 slot)
{
	__sync_fetch_and_add(&hits[slot], 1);
	return 0;
}

/* Tracing. The function is called by socket() from another file of the kernel: never inlined. */
SEC("kprobe/alloc_file_pseudo")
int probe_kprobe(void *ctx)
{
	return hit(0);
}

SEC("kretprobe/alloc_file_pseudo")
int probe_kretprobe(void *ctx)
{
	return hit(0);
}

SEC("kprobe.multi/alloc_file_pseudo")
int probe_kprobe_multi(void *ctx)
{
	return hit(0);
}

SEC("fentry/alloc_file_pseudo")
int probe_fentry(u64 *ctx)
{
	return hit(0);
}

SEC("fexit/alloc_file_pseudo")
int probe_fexit(u64 *ctx)
{
	return hit(0);
}

/* int security_socket_create(int family, int type, int protocol, int kern) */
SEC("fmod_ret/security_socket_create")
int probe_fmod_ret(u64 *ctx)
{
	if ((u32)ctx[2] != PROBE_MAGIC)
		return 0;
	hit(0);
	return -EACCES;
}

SEC("lsm/socket_create")
int probe_lsm(u64 *ctx)
{
	if ((u32)ctx[2] != PROBE_MAGIC)
		return 0;
	hit(0);
	return -EACCES;
}

SEC("lsm_cgroup/socket_bind")
int probe_lsm_cgroup(u64 *ctx)
{
	hit(0);
	return 1;
}

SEC("tp_btf/sys_enter")
int probe_tp_btf(u64 *ctx)
{
	return ctx[1] == PROBE_MAGIC ? hit(0) : 0;
}

SEC("raw_tp/sys_enter")
int probe_raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	return ctx->args[1] == PROBE_MAGIC ? hit(0) : 0;
}

SEC("tp/sock/inet_sock_set_state")
int probe_tracepoint(void *ctx)
{
	return hit(0);
}

SEC("tp/syscalls/sys_enter_getppid")
int probe_syscall_tracepoint(void *ctx)
{
	return hit(0);
}

SEC("iter/task")
int probe_iter_task(struct bpf_iter__task *ctx)
{
	return ctx->task ? hit(0) : 0;
}

SEC("iter/task_file")
int probe_iter_task_file(struct bpf_iter__task_file *ctx)
{
	return ctx->file ? hit(0) : 0;
}

SEC("iter/tcp")
int probe_iter_tcp(struct bpf_iter__tcp *ctx)
{
	return ctx->sk_common ? hit(0) : 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} socket_marks SEC(".maps");

SEC("iter/bpf_sk_storage_map")
int probe_iter_sk_storage(struct iter_sk_storage *ctx)
{
	return ctx->sk && ctx->value ? hit(0) : 0;
}

SEC("uprobe")
int probe_uprobe(void *ctx)
{
	return hit(0);
}

SEC("perf_event")
int probe_perf_event(void *ctx)
{
	return hit(0);
}

/* Cgroups */
#define CGROUP_PROBE(name, section, slot, type, verdict) \
	SEC(section)                                     \
	int probe_##name(type *ctx)                      \
	{                                                \
		hit(slot);                               \
		return verdict;                          \
	}

CGROUP_PROBE(connect4, "cgroup/connect4", 0, struct bpf_sock_addr, 1)
CGROUP_PROBE(connect6, "cgroup/connect6", 1, struct bpf_sock_addr, 1)
CGROUP_PROBE(sendmsg4, "cgroup/sendmsg4", 0, struct bpf_sock_addr, 1)
CGROUP_PROBE(sendmsg6, "cgroup/sendmsg6", 1, struct bpf_sock_addr, 1)
CGROUP_PROBE(recvmsg4, "cgroup/recvmsg4", 0, struct bpf_sock_addr, 1)
CGROUP_PROBE(recvmsg6, "cgroup/recvmsg6", 1, struct bpf_sock_addr, 1)
CGROUP_PROBE(bind4, "cgroup/bind4", 0, struct bpf_sock_addr, 1)
CGROUP_PROBE(bind6, "cgroup/bind6", 1, struct bpf_sock_addr, 1)
CGROUP_PROBE(post_bind4, "cgroup/post_bind4", 2, struct bpf_sock, 1)
CGROUP_PROBE(post_bind6, "cgroup/post_bind6", 3, struct bpf_sock, 1)
CGROUP_PROBE(getsockname4, "cgroup/getsockname4", 0, struct bpf_sock_addr, 1)
CGROUP_PROBE(getpeername4, "cgroup/getpeername4", 1, struct bpf_sock_addr, 1)
CGROUP_PROBE(sock_create, "cgroup/sock_create", 0, struct bpf_sock, 1)
CGROUP_PROBE(sock_release, "cgroup/sock_release", 1, struct bpf_sock, 1)
CGROUP_PROBE(skb_ingress, "cgroup_skb/ingress", 0, struct __sk_buff, 1)
CGROUP_PROBE(skb_egress, "cgroup_skb/egress", 1, struct __sk_buff, 1)
CGROUP_PROBE(device, "cgroup/dev", 0, struct bpf_cgroup_dev_ctx, 1)
CGROUP_PROBE(sysctl, "cgroup/sysctl", 0, struct bpf_sysctl, 1)
CGROUP_PROBE(sock_ops, "sockops", 0, struct bpf_sock_ops, 1)

/* An option longer than a page is refused unless the program says that it is not its business. */
SEC("cgroup/getsockopt")
int probe_getsockopt(struct bpf_sockopt *ctx)
{
	if (ctx->optlen > PAGE_BYTES)
		ctx->optlen = 0;
	hit(0);
	return 1;
}

SEC("cgroup/setsockopt")
int probe_setsockopt(struct bpf_sockopt *ctx)
{
	if (ctx->optlen > PAGE_BYTES)
		ctx->optlen = 0;
	hit(1);
	return 1;
}

/* Sockets */
struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u64);
} sockets SEC(".maps");

SEC("sk_msg")
int probe_sk_msg(struct sk_msg_md *ctx)
{
	hit(0);
	return SK_PASS;
}

SEC("sk_lookup")
int probe_sk_lookup(struct bpf_sk_lookup *ctx)
{
	hit(0);
	return SK_PASS;
}

/* Packets */
SEC("xdp.frags")
int probe_xdp(struct xdp_md *ctx)
{
	hit(0);
	return XDP_PASS;
}

SEC("tc")
int probe_tc(struct __sk_buff *ctx)
{
	hit(0);
	return -1; /* go on: TC_ACT_UNSPEC, TCX_NEXT */
}

SEC("tcx/ingress")
int probe_tcx(struct __sk_buff *ctx)
{
	hit(0);
	return -1;
}

SEC("netkit/primary")
int probe_netkit(struct __sk_buff *ctx)
{
	hit(0);
	return -1;
}

/* Helpers and maps */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

SEC("syscall")
int probe_ring(void *ctx)
{
	u64 value = PROBE_WRITTEN;

	return bpf_ringbuf_output(&ring, &value, sizeof(value), 0) ? 0 : hit(0);
}

static long loop_step(u32 i, void *ctx)
{
	hit(0);
	return 0;
}

SEC("syscall")
int probe_loop(void *ctx)
{
	bpf_loop(3, loop_step, NULL, 0);
	return 0;
}

struct timer {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct timer);
} timers SEC(".maps");

static int timer_fired(void *map, u32 *key, struct timer *timer)
{
	return hit(0);
}

SEC("tc")
int probe_timer(struct __sk_buff *ctx)
{
	u32 key = 0;
	struct timer *timer = bpf_map_lookup_elem(&timers, &key);

	if (!timer || bpf_timer_init(&timer->timer, &timers, 1 /* CLOCK_MONOTONIC */))
		return 0;
	bpf_timer_set_callback(&timer->timer, timer_fired);
	bpf_timer_start(&timer->timer, 1000000, 0);
	return 0;
}

/* inet_sock_set_state(const struct sock *sk, int oldstate, int newstate) */
SEC("tp_btf/inet_sock_set_state")
int probe_sk_storage(u64 *ctx)
{
	struct sock *sk = (struct sock *)ctx[0];
	u64 *mark = bpf_sk_storage_get(&socket_marks, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);

	return mark ? hit(0) : 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} task_marks SEC(".maps");

SEC("tp_btf/sys_enter")
int probe_task_storage(u64 *ctx)
{
	u64 *mark;

	if (ctx[1] != PROBE_MAGIC)
		return 0;
	mark = bpf_task_storage_get(&task_marks, bpf_get_current_task_btf(), NULL,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
	return mark ? hit(0) : 0;
}

SEC("tp_btf/sys_enter")
int probe_send_signal(u64 *ctx)
{
	return ctx[1] == PROBE_MAGIC && !bpf_send_signal(SIGUSR1) ? hit(0) : 0;
}

SEC("raw_tp/sys_enter")
int probe_read_kernel(struct bpf_raw_tracepoint_args *ctx)
{
	u64 value;

	if (ctx->args[1] != PROBE_MAGIC)
		return 0;
	return bpf_probe_read_kernel(&value, sizeof(value), (void *)bpf_get_current_task())
		       ? 0
		       : hit(0);
}

SEC("raw_tp/sys_enter")
int probe_write_user(struct bpf_raw_tracepoint_args *ctx)
{
	u64 value = PROBE_WRITTEN;

	if (ctx->args[1] != PROBE_MAGIC)
		return 0;
	return bpf_probe_write_user((void *)write_address, &value, sizeof(value)) ? 0 : hit(0);
}

char LICENSE[] SEC("license") = "GPL";
