/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uthash, with a hash function of a few lines: gcc's analyzer gives up on its default one, unrolled into each use. */
#pragma once

#define HASH_FUNCTION HASH_FNV
#include <uthash.h>
