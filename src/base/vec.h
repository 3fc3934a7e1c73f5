/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing array of any type: struct { T *data; size_t len, size; }. vec_push returns false when
 * out of memory. VEC(struct route) routes = {}; if (!vec_push(&routes, r)) return -ENOMEM;
 *	vec_free(&routes);
 */
#pragma once

#include <stdlib.h>

#include "base/util.h"

#define VEC(T)                    \
	struct {                  \
		T *data;          \
		size_t len, size; \
	}

bool vec_grow(void **data, size_t *size, size_t need, size_t item);

#define vec_push(v, item)                                                            \
	(vec_grow((void **)&(v)->data, &(v)->size, (v)->len + 1, sizeof(*(v)->data)) \
		 ? ((v)->data[(v)->len++] = (item), true)                            \
		 : false)

#define vec_free(v)                       \
	do {                              \
		free((v)->data);          \
		(v)->data = NULL;         \
		(v)->len = (v)->size = 0; \
	} while (0)
