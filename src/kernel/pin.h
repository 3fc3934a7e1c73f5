/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pins: /sys/fs/bpf/skep/<kind>/<object>/{link,map,prog}_<name>, folders 0700; and the one lock for
 * whoever changes them. Readers take no lock.
 */
#pragma once

#include "base/cleanup.h"
#include "base/error.h"

#define PIN_BPFFS "/sys/fs/bpf"
#define PIN_ROOT  PIN_BPFFS "/skep"

/*
 * Makes sure that a bpffs is at PIN_BPFFS: mounts one (mode 0700) if there is none, which stays.
 * *ret_mounted (may be NULL) says whether it did.
 */
int pin_bpffs(bool *ret_mounted, struct error *err);

/* Takes /run/skep/lock; waits at most 5 s, then -EBUSY with who holds it. Closing the descriptor
 * lets go; so does the end of the process. */
int pin_lock(int *ret_fd, struct error *err);

struct pin_dir; /* an object's folder, open */
/*
 * Opens (and makes) the folder of an object. Names are words of letters, figures, `-`, `_` and `.`,
 * no dot in front: -EINVAL. A folder on the way that is not on bpffs is -EXDEV.
 */
int pin_dir_open(const char *kind, const char *object, struct pin_dir **ret, struct error *err);
void pin_dir_close(struct pin_dir *dir); /* leaves the pins */
CLEANUP_DEFINE(pin_dir, struct pin_dir, pin_dir_close)
/* Pins a map, program or link as <type>_<name>; -EEXIST if it is there. */
int pin_add(struct pin_dir *dir, const char *type, const char *name, int fd, struct error *err);
/* Opens what is pinned: a descriptor of the map, program or link. */
int pin_get(struct pin_dir *dir, const char *type, const char *name, int *ret_fd,
	    struct error *err);
/* Takes one pin back; -ENOENT is no error. */
int pin_remove(struct pin_dir *dir, const char *type, const char *name, struct error *err);
/* Removes the folder and those above it up to PIN_ROOT, as far as they are empty. */
int pin_dir_remove(struct pin_dir *dir, struct error *err);
