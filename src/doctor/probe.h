/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A probe proves one capability by doing it: its programs are loaded, attached and made to run.
 * Each probe runs in a child process, with a network namespace of its own where it needs one, so
 * nothing of it outlives the child. Private to doctor.
 */
#pragma once

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "doctor/doctor_lib.h"
#include "doctor/probes.h"

struct bpf_program;
struct bpf_link;
struct probes_bpf;
struct trial;

enum probe_flags {
	PROBE_NET = 1 << 0,    /* in a fresh network namespace, loopback up */
	PROBE_VETH = 1 << 1,   /* and the pair PROBE_ONE, PROBE_TWO in it */
	PROBE_MOUNTS = 1 << 2, /* tracefs, securityfs and bpffs are there, mounted for itself */
	PROBE_REFUSED_IS_FINE = 1 << 3, /* flows has other hooks for what this one would do */
};

#define PROBE_ONE "skep1"
#define PROBE_TWO "skep2"

/* What a probe without programs found out. */
struct finding {
	enum doctor_state state;
	char detail[DOCTOR_DETAIL];
};

struct probe {
	const char *group, *name;
	const char *programs[PROBE_PROGRAMS_MAX + 1];
	const char *maps[3]; /* only those are made */
	/* NULL: bpf_program__attach; returns NULL with errno */
	struct bpf_link *(*attach)(struct trial *trial, struct bpf_program *program);
	/* Makes the programs run, and checks their effect. */
	int (*fire)(struct trial *trial, struct error *err);
	/* Instead of programs. An error is a `no`. */
	int (*find)(struct finding *ret, struct error *err);
	/* Adds to what was found, whatever that was. */
	void (*note)(struct finding *finding);
	unsigned int flags;
	const char *used_for;
	const char *remedy;
};

extern const struct probe probes[]; /* ends with name NULL */

struct trial {
	const struct probe *probe;
	struct probes_bpf *object;
	struct bpf_object *bpf; /* the same */
	VEC(struct bpf_link *) links;
	uint64_t written; /* where probe_write_user writes */
};

/* In a child; what was found goes to the parent. */
void probe_run(const struct probe *probe, struct finding *ret);
/* All programs of the trial have run, or do within two seconds. */
bool trial_wait(struct trial *trial);
bool trial_ran(const struct trial *trial, size_t slot);

/* attach.c */
struct bpf_link *attach_tracepoint(struct trial *trial, struct bpf_program *program);
struct bpf_link *attach_kprobe_multi(struct trial *trial, struct bpf_program *program);
struct bpf_link *attach_cgroup(struct trial *trial, struct bpf_program *program);
struct bpf_link *attach_netns(struct trial *trial, struct bpf_program *program);
struct bpf_link *attach_xdp(struct trial *trial, struct bpf_program *program);
struct bpf_link *attach_tcx(struct trial *trial, struct bpf_program *program);
struct bpf_link *attach_clsact(struct trial *trial, struct bpf_program *program);
struct bpf_link *attach_netkit(struct trial *trial, struct bpf_program *program);
struct bpf_link *attach_uprobe(struct trial *trial, struct bpf_program *program);
struct bpf_link *attach_perf(struct trial *trial, struct bpf_program *program);
struct bpf_link *attach_sk_storage_iter(struct trial *trial, struct bpf_program *program);
struct bpf_link *attach_nothing(struct trial *trial, struct bpf_program *program);

/* fire.c */
int fire_magic(struct trial *trial, struct error *err);
int fire_getppid(struct trial *trial, struct error *err);
int fire_socket(struct trial *trial, struct error *err);
int fire_denied(struct trial *trial, struct error *err);
int fire_iter(struct trial *trial, struct error *err);
int fire_uprobe(struct trial *trial, struct error *err);
int fire_spin(struct trial *trial, struct error *err);
int fire_run(struct trial *trial, struct error *err);
int fire_signal(struct trial *trial, struct error *err);
int fire_write(struct trial *trial, struct error *err);
int fire_device(struct trial *trial, struct error *err);
int fire_sysctl(struct trial *trial, struct error *err);
void uprobe_target(void);

/* fire_net.c */
int fire_listen(struct trial *trial, struct error *err);
int fire_bind(struct trial *trial, struct error *err);
int fire_connect(struct trial *trial, struct error *err);
int fire_names(struct trial *trial, struct error *err);
int fire_datagrams(struct trial *trial, struct error *err);
int fire_tcp(struct trial *trial, struct error *err);
int fire_refused(struct trial *trial, struct error *err);
int fire_sockopt(struct trial *trial, struct error *err);
int fire_sk_msg(struct trial *trial, struct error *err);
int fire_iter_tcp(struct trial *trial, struct error *err);
int fire_iter_sk_storage(struct trial *trial, struct error *err);
int fire_frame(struct trial *trial, struct error *err);
int fire_packet(struct trial *trial, struct error *err);

/* system.c */
void note_lsm(struct finding *finding);
int find_btf(struct finding *ret, struct error *err);
int find_jit(struct finding *ret, struct error *err);
int find_pins(struct finding *ret, struct error *err);
int find_cgroups(struct finding *ret, struct error *err);
int find_lockdown(struct finding *ret, struct error *err);
int find_unprivileged(struct finding *ret, struct error *err);
int find_netns(struct finding *ret, struct error *err);
int find_userns(struct finding *ret, struct error *err);
int find_overlayfs(struct finding *ret, struct error *err);
int find_fq(struct finding *ret, struct error *err);
int find_fq_codel(struct finding *ret, struct error *err);
int find_netem(struct finding *ret, struct error *err);
