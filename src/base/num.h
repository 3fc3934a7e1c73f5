/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers from text, checked: the whole text must be the number, nothing wraps, and the complaint
 * says what was expected. Returns 0, -EINVAL (no such number) or -ERANGE (outside min..max); `*ret`
 * is untouched on failure.
 */
#pragma once

#include "base/error.h"
#include "base/util.h"

/* Decimal, or 0x hexadecimal. */
int num_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct error *err);
int num_parse_signed(const char *text, int64_t min, int64_t max, int64_t *ret, struct error *err);
/* Sizes and counts: 10, 10k, 10M, 10G, 10T (powers of 1024 for k..T and Ki..Ti; "B" may
 * follow); 1.5M is allowed, half a byte is not. Bytes. */
int num_parse_size(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct error *err);
/* Times: 5 (seconds), 250ms, 10us, 7ns, 1.5s, 2m, 1h, 1d. Nanoseconds. */
int num_parse_duration(const char *text, uint64_t min, uint64_t max, uint64_t *ret,
		       struct error *err);
/* Rates: 1000/s, 60/m, 10/h, or a bare number per second. Per hour, so that each is exact. */
int num_parse_rate(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct error *err);
/* "80", "8000-8100". */
int num_parse_range(const char *text, uint64_t min, uint64_t max, uint64_t *ret_first,
		    uint64_t *ret_last, struct error *err);

/* "1.5M" for 1572864: at most four figures, powers of 1024, no unit below 1024. */
const char *num_format_size(uint64_t bytes, char buf[static 16]);
/* "250ms", "1.50s", "2m05s", "3h10m", "4d02h": nanoseconds for a person. */
const char *num_format_duration(uint64_t ns, char buf[static 16]);
