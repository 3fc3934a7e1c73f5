/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing array of any type: struct { T *data; size_t len, size; }. vec_push returns false when
 * out of memory.
 *
 *	VEC(struct route) routes = {};
 *	if (!vec_push(&routes, r))
 *		return -ENOMEM;
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

/* The memory, moved when it had to grow to `need` items; NULL, and nothing changed, without
 * memory. */
void *vec_grow(void *data, size_t *size, size_t need, size_t item);

#define vec_push(v, ...)                                                                 \
	({                                                                               \
		__typeof__(v) vec_v_ = (v);                                              \
		void *vec_data_ = vec_grow(vec_v_->data, &vec_v_->size, vec_v_->len + 1, \
					   sizeof(*vec_v_->data));                       \
		if (vec_data_) {                                                         \
			vec_v_->data = vec_data_;                                        \
			vec_v_->data[vec_v_->len++] = (__VA_ARGS__);                     \
		}                                                                        \
		vec_data_ != NULL;                                                       \
	})

#define vec_free(v)                       \
	do {                              \
		free((v)->data);          \
		(v)->data = NULL;         \
		(v)->len = (v)->size = 0; \
	} while (0)
