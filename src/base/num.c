// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/num.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/str.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static int digits(const char **text, unsigned int base, uint64_t *ret)
{
	const char *start = *text;
	uint64_t value = 0;

	for (;; (*text)++) {
		char c = **text;
		unsigned int digit;

		if (c >= '0' && c <= '9')
			digit = (unsigned int)(c - '0');
		else if (base == 16 && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = (unsigned int)((c | 0x20) - 'a') + 10;
		else
			break;
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return -ERANGE;
	}
	if (*text == start)
		return -EINVAL;
	*ret = value;
	return 0;
}

static int out_of_range(const char *text, uint64_t min, uint64_t max, struct error *err)
{
	if (max == UINT64_MAX && !min)
		return error_set(err, -ERANGE, "%s: too large", text);
	if (max == UINT64_MAX)
		return error_set(err, -ERANGE, "%s: not %" PRIu64 " or more", text, min);
	return error_set(err, -ERANGE, "%s: not between %" PRIu64 " and %" PRIu64, text, min, max);
}

int num_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct error *err)
{
	const char *p = text;
	unsigned int base = 10;
	uint64_t value = 0;
	int r;

	if (p[0] == '0' && (p[1] | 0x20) == 'x') {
		base = 16;
		p += 2;
	}
	r = digits(&p, base, &value);
	if (r == -EINVAL || (!r && *p))
		return error_set(err, -EINVAL, "%s: not a number", text);
	if (r || value < min || value > max)
		return out_of_range(text, min, max, err);
	*ret = value;
	return 0;
}

int num_parse_signed(const char *text, int64_t min, int64_t max, int64_t *ret, struct error *err)
{
	bool negative = *text == '-';
	const char *p = text + negative;
	uint64_t value = 0;
	int64_t v;
	int r;

	r = digits(&p, 10, &value);
	if (r == -EINVAL || (!r && *p))
		return error_set(err, -EINVAL, "%s: not a number", text);
	/* INT64_MIN has one more than INT64_MAX */
	if (r || value > (uint64_t)INT64_MAX + negative)
		goto range;
	v = (int64_t)(negative ? 0 - value : value);
	if (v < min || v > max)
		goto range;
	*ret = v;
	return 0;
range:
	return error_set(err, -ERANGE, "%s: not between %" PRId64 " and %" PRId64, text, min, max);
}

/* A kind of quantity: its units, the smallest first, ends in {}. */
struct scale {
	const char *what;
	const struct unit *units;
};

/* "10M", not "10485760": in the largest unit that divides it. */
static const char *format_exact(uint64_t value, const struct unit *units, char buf[static 32])
{
	/* the first is the smallest, which divides everything */
	const struct unit *best = units;

	for (const struct unit *u = units; u->name; u++) {
		if (value % u->factor == 0 && u->factor > best->factor)
			best = u;
	}
	snprintf(buf, 32, "%" PRIu64 "%s", value / best->factor, value ? best->name : "");
	return buf;
}

static int out_of_scale(const char *text, const struct unit *units, uint64_t min, uint64_t max,
			struct error *err)
{
	char low[32], high[32];

	if (max == UINT64_MAX && !min)
		return error_set(err, -ERANGE, "%s: too large", text);
	format_exact(min, units, low);
	if (max == UINT64_MAX)
		return error_set(err, -ERANGE, "%s: not %s or more", text, low);
	return error_set(err, -ERANGE, "%s: not between %s and %s", text, low,
			 format_exact(max, units, high));
}

/* The digits behind the point, as part / scale; at most nine. */
static int fraction(const char **text, uint64_t *ret_part, uint64_t *ret_scale)
{
	const char *start = *text, *p = start;
	uint64_t part = 0, scale = 1;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (p - start >= 9)
			return -EINVAL;
		part = part * 10 + (uint64_t)(*p - '0');
		scale *= 10;
	}
	if (p == start)
		return -EINVAL;
	*text = p;
	*ret_part = part;
	*ret_scale = scale;
	return 0;
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
	for (; units->name; units++) {
		if (str_eq(units->name, name))
			return units;
	}
	return NULL;
}

/* A number with an optional fraction, times the unit that follows; integer arithmetic only. */
static int scaled(const char *text, const struct scale *scale, uint64_t min, uint64_t max,
		  uint64_t *ret, struct error *err)
{
	uint64_t whole = 0, part = 0, tens = 1, value;
	const struct unit *u;
	const char *p = text;
	int r;

	r = digits(&p, 10, &whole);
	if (r == -ERANGE)
		return out_of_scale(text, scale->units, min, max, err);
	if (!r && *p == '.') {
		p++;
		r = fraction(&p, &part, &tens);
	}
	u = r ? NULL : find_unit(scale->units, p);
	/* half a byte is a slip of the pen */
	if (!u || (tens > 1 && u->factor == 1))
		return error_set(err, -EINVAL, "%s: not a %s", text, scale->what);
	if (__builtin_mul_overflow(whole, u->factor, &value) ||
	    __builtin_add_overflow(value, (uint64_t)((unsigned __int128)part * u->factor / tens),
				   &value) ||
	    value < min || value > max)
		return out_of_scale(text, scale->units, min, max, err);
	*ret = value;
	return 0;
}

int num_parse_size(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct error *err)
{
	static const struct unit units[] = { { "", 1 },
					     { "B", 1 },
					     { "k", 1ULL << 10 },
					     { "K", 1ULL << 10 },
					     { "kB", 1ULL << 10 },
					     { "KB", 1ULL << 10 },
					     { "Ki", 1ULL << 10 },
					     { "KiB", 1ULL << 10 },
					     { "M", 1ULL << 20 },
					     { "MB", 1ULL << 20 },
					     { "Mi", 1ULL << 20 },
					     { "MiB", 1ULL << 20 },
					     { "G", 1ULL << 30 },
					     { "GB", 1ULL << 30 },
					     { "Gi", 1ULL << 30 },
					     { "GiB", 1ULL << 30 },
					     { "T", 1ULL << 40 },
					     { "TB", 1ULL << 40 },
					     { "Ti", 1ULL << 40 },
					     { "TiB", 1ULL << 40 },
					     {} };
	static const struct scale size = { "size (such as 10M)", units };

	return scaled(text, &size, min, max, ret, err);
}

int num_parse_duration(const char *text, uint64_t min, uint64_t max, uint64_t *ret,
		       struct error *err)
{
	static const struct unit units[] = { { "ns", 1 },
					     { "us", 1000 },
					     { "ms", 1000000 },
					     { "s", 1000000000 },
					     { "", 1000000000 },
					     { "m", 60ULL * 1000000000 },
					     { "min", 60ULL * 1000000000 },
					     { "h", 3600ULL * 1000000000 },
					     { "d", 86400ULL * 1000000000 },
					     {} };
	static const struct scale duration = { "time (such as 250ms)", units };

	return scaled(text, &duration, min, max, ret, err);
}

int num_parse_rate(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct error *err)
{
	const char *slash = strchr(text, '/');
	uint64_t value = 0, per_hour = 3600;
	char number[32];

	if (!slash)
		slash = text + strlen(text);
	if ((size_t)(slash - text) >= sizeof(number))
		goto invalid;
	memcpy(number, text, (size_t)(slash - text));
	number[slash - text] = '\0';
	if (num_parse(number, 0, UINT64_MAX / 3600, &value, NULL))
		goto invalid;
	if (*slash) {
		if (str_eq(slash, "/m") || str_eq(slash, "/min"))
			per_hour = 60;
		else if (str_eq(slash, "/h"))
			per_hour = 1;
		else if (!str_eq(slash, "/s"))
			goto invalid;
	}
	value *= per_hour;
	if (value < min || value > max)
		return error_set(err, -ERANGE, "%s: outside the allowed range", text);
	*ret = value;
	return 0;
invalid:
	return error_set(err, -EINVAL, "%s: not a rate (such as 1000/s)", text);
}

int num_parse_range(const char *text, uint64_t min, uint64_t max, uint64_t *ret_first,
		    uint64_t *ret_last, struct error *err)
{
	const char *dash = strchr(text, '-');
	uint64_t first = 0, last = 0;
	char number[32];
	int r;

	if (!dash) {
		r = num_parse(text, min, max, &first, err);
		if (r)
			return r;
		last = first;
	} else {
		if (dash == text || (size_t)(dash - text) >= sizeof(number))
			return error_set(err, -EINVAL, "%s: not a range (such as 8000-8100)", text);
		memcpy(number, text, (size_t)(dash - text));
		number[dash - text] = '\0';
		r = num_parse(number, min, max, &first, err);
		if (!r)
			r = num_parse(dash + 1, min, max, &last, err);
		if (r)
			return r;
		if (first > last)
			return error_set(err, -EINVAL, "%s: the range ends before it begins", text);
	}
	*ret_first = first;
	*ret_last = last;
	return 0;
}

const char *num_format_size(uint64_t bytes, char buf[static 16])
{
	static const char units[] = "kMGTPE";
	double value = (double)bytes;
	int unit = -1;

	/* what would be shown as 1024 goes to the next unit */
	while (value >= 1023.5 && unit < 5) {
		value /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(buf, 16, "%" PRIu64, bytes);
	else
		snprintf(buf, 16, value < 99.95 ? "%.1f%c" : "%.0f%c", value, units[unit]);
	return buf;
}

/* Cut, never rounded up to what the next unit should have shown. */
static void format_part(uint64_t value, uint64_t unit, const char *name, char buf[static 16])
{
	if (value < 100 * unit)
		snprintf(buf, 16, "%u.%u%s", (unsigned int)(value / unit),
			 (unsigned int)(value * 10 / unit % 10), name);
	else
		snprintf(buf, 16, "%u%s", (unsigned int)(value / unit), name);
}

const char *num_format_duration(uint64_t ns, char buf[static 16])
{
	uint64_t s = ns / 1000000000;

	if (ns < 1000)
		snprintf(buf, 16, "%uns", (unsigned int)ns);
	else if (ns < 1000000)
		format_part(ns, 1000, "us", buf);
	else if (ns < 1000000000)
		format_part(ns, 1000000, "ms", buf);
	else if (s < 60)
		snprintf(buf, 16, "%u.%02us", (unsigned int)s, (unsigned int)(ns / 10000000 % 100));
	else if (s < 3600)
		snprintf(buf, 16, "%um%02us", (unsigned int)s / 60, (unsigned int)s % 60);
	else if (s < 86400)
		snprintf(buf, 16, "%uh%02um", (unsigned int)s / 3600, (unsigned int)s / 60 % 60);
	else
		snprintf(buf, 16, "%" PRIu64 "d%02uh", s / 86400, (unsigned int)(s / 3600 % 24));
	return buf;
}
