/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attaches a program of SEC("tracepoint/CATEGORY/NAME"). libbpf looks the event's number up in a mounted tracefs; many
 * hosts have none mounted, so here it is looked up in one mounted for the purpose alone: the host's mounts stay.
 */
#pragma once

struct bpf_link;
struct bpf_program;

/* NULL with errno. ENOENT: the kernel has no such tracepoint. */
struct bpf_link *tracepoint_attach(struct bpf_program *program);
