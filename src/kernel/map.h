/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads whole hash maps in batches: some hundred entries a system call instead of half a one. */
#pragma once

#include "base/error.h"

/* Stops at a non-zero return and gives it back. Entries may be deleted meanwhile, also by the function. */
typedef int (*map_entry)(void *context, const void *key, const void *value);

/* For hash maps (not per CPU). An entry that moves within the table while it is read may come twice or be missed once. */
int map_read(int fd, map_entry fn, void *context, struct error *err);
