/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few macros that every file wants. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ARRAY_SIZE(a)	     (sizeof(a) / sizeof((a)[0]))
#define PRINTF_LIKE(fmt, va) __attribute__((format(printf, fmt, va)))
#define MIN(a, b)	     ((a) < (b) ? (a) : (b))
#define MAX(a, b)	     ((a) > (b) ? (a) : (b))

static inline bool str_eq(const char *a, const char *b)
{
	return !strcmp(a, b);
}

static inline bool str_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}
