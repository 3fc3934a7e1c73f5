/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libbpf's own messages: shown from --verbose on only (its warnings are our debug), since most of
 * them come from trials that are meant to fail. The last reason is kept, because libbpf's return
 * value alone ("Operation not permitted") does not say which program or field was meant.
 */
#pragma once

#include "base/util.h"

struct bpf_object_open_opts;

/* Takes over libbpf's messages; called by each function below and cheap, so that no user forgets. */
void bpf_log_init(void);
/* Forgets the reason that was kept. */
void bpf_log_clear(void);
/*
 * What libbpf (or the verifier, in its last line) complained about since bpf_log_clear, one line;
 * "" when there was nothing. Valid until the next call into libbpf.
 */
const char *bpf_log_reason(void);

/* BTF of the running kernel from another place ($SKEP_BTF), for kernels that have none; NULL: from
 * the kernel itself. For bpf_object_open_opts.btf_custom_path. */
const char *kernel_btf_path(void);
