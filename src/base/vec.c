// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/vec.h"

void *vec_grow(void *data, size_t *size, size_t need, size_t item)
{
	size_t now = *size ? *size : 8, bytes;
	void *more;

	if (need <= *size)
		return data;
	while (now < need) {
		if (__builtin_mul_overflow(now, 2, &now))
			return NULL;
	}
	if (__builtin_mul_overflow(now, item, &bytes))
		return NULL;
	more = realloc(data, bytes);
	if (more)
		*size = now;
	return more;
}
